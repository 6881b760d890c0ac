"""A storage behind fsspec: S3 and what speaks like it, and other stores by their URL.

One thing costs one request to read or to write, and a folder a request for every thousand things in it. Things are
written whole: an object store shows an object when all of it has come; elsewhere the bytes wait under `partial/` and
are moved. Credentials are the client's own business (the usual AWS variables, AWS_ENDPOINT_URL): they are neither
read nor shown here.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

from voxel.errors import MissingExtra, SetupError, UsageError
from voxel.stages.far_errors import plainly
from voxel.stages.storage import Look, Stat, Storage

AT_ONCE = 32
"""Things that `read_all` asks for together."""
NEAR_BYTES, NEAR_FILES = 512 << 20, 256
"""How much of what was read as files is kept on this machine, for the textures that many .blend files share."""
PART = 50 << 20
"""Files of twice this size go in parts."""
_S3 = ("s3", "s3a")
_OBJECTS = (*_S3, "gs", "gcs", "az", "abfs", "abfss")
"""Stores that show a thing when all of it has come."""
_ONE_PUT = 3 << 30
_PATIENCE = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 4, "mode": "standard"}}
_NAMELESS = Path("/proc/self/fd")
_HEX = "0123456789abcdef"


class ObjectStorage(Storage):
    """What lies below `url`. Making an instance asks nothing; UsageError for a URL that cannot be a storage,
    MissingExtra or SetupError where its client is not installed.
    """

    far = True

    def __init__(self, url: str) -> None:
        self.url = url
        self._scheme = url.partition("://")[0]
        self._near = _Near()
        _ = self._there

    def __reduce__(self) -> tuple[type[ObjectStorage], tuple[str]]:
        return type(self), (self.url,)

    def __str__(self) -> str:
        return self.url

    @cached_property
    def _there(self) -> tuple[Any, str]:
        """The file system, and the path of this storage in it."""
        try:
            from fsspec import AbstractFileSystem
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise MissingExtra(f"a storage at {self._scheme}://", "storage") from error
        s3: dict[str, Any] = {"max_concurrency": 1, "config_kwargs": _PATIENCE} if self._scheme in _S3 else {}
        try:
            fs, path = url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True, **s3)
        except ImportError as error:
            if self._scheme in _S3:
                raise MissingExtra(f"a storage at {self._scheme}://", "storage") from error
            raise SetupError(f"a storage at {self._scheme}:// needs another part: {error}") from error
        except ValueError as error:
            raise UsageError(f"--storage {self.url}: {error}") from error
        if self._scheme not in _OBJECTS and type(fs).mv is AbstractFileSystem.mv:
            raise UsageError(f"{self._scheme}:// cannot be a storage: nothing is written there whole or not at all")
        if not path.strip("/"):
            raise UsageError(f"--storage {self.url}: name a bucket, and a folder in it")
        return fs, path.rstrip("/")

    @property
    def _fs(self) -> Any:
        return self._there[0]

    def _path(self, name: str) -> str:
        return f"{self._there[1]}/{name}"

    def read(self, name: str) -> bytes:
        with plainly(self.url, name):
            data: bytes = self._fs.cat_file(self._path(name))
        return data

    def read_all(self, names: Iterable[str]) -> Iterator[bytes]:
        left = iter(names)
        while some := list(islice(left, AT_ONCE)):
            with plainly(self.url):
                found: dict[str, Any] = self._fs.cat([self._path(name) for name in some], on_error="return")
            for name in some:
                with plainly(self.url, name):
                    data = found.pop(self._path(name))
                    if isinstance(data, Exception):
                        raise data
                yield data

    def write(self, name: str, data: bytes) -> None:
        with plainly(self.url), self._arriving(name) as path:
            if self._scheme in _S3:
                self._fs.pipe_file(path, data, chunksize=_ONE_PUT)
            else:
                self._fs.pipe_file(path, data)

    def put(self, name: str, path: Path) -> None:
        with plainly(self.url), self._arriving(name) as there:
            if self._scheme in _S3:
                self._fs.put_file(str(path), there, chunksize=PART, max_concurrency=4)
            else:
                self._fs.put_file(str(path), there)

    @contextmanager
    def _arriving(self, name: str) -> Iterator[str]:
        """Where to write, so that it is called `name` when all of it is there."""
        path = self._path(name)
        if self._scheme in _OBJECTS:
            yield path
            return
        waiting = self._path(f"partial/{token_hex(8)}")
        self._fs.makedirs(self._path("partial"), exist_ok=True)
        yield waiting
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._fs.mv(waiting, path)

    def size(self, name: str) -> int | None:
        try:
            with plainly(self.url):
                if self._scheme not in _S3:
                    return int(self._fs.info(self._path(name))["size"])
                # `info` would look for a folder of that name, too, with a request that costs ten times as much
                bucket, _, key = self._path(name).partition("/")
                return int(self._fs.call_s3("head_object", Bucket=bucket, Key=key)["ContentLength"])
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        try:
            with plainly(self.url):
                self._fs.rm_file(self._path(name))
        except FileNotFoundError:
            return

    def look(self, folder: str) -> Look:
        return _FarLook(self, folder)

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """The names and sizes of all things below a folder that is spread by hex digits, a sixteenth at a time."""
        top = len(self._there[1]) + 1
        # the driver's memory must not grow with the number of files, and a listing holds a thousand bytes for each
        for asked in [{"prefix": digit} for digit in _HEX] if self._scheme in _OBJECTS else [{}]:
            with plainly(self.url):
                found: dict[str, Any] = self._fs.find(self._path(folder), detail=True, **asked)
            for path, told in found.items():
                yield path[top:], int(told["size"] or 0)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        with self._near.using(name, self._fetched) as path:
            yield path

    def _fetched(self, name: str, path: Path) -> None:
        with plainly(self.url, name):
            self._fs.get_file(self._path(name), str(path))

    def clean(self) -> None:
        with plainly(self.url):
            if self._scheme in _S3:
                bucket, _, folder = self._there[1].partition("/")
                asked = {"Bucket": bucket, "Prefix": f"{folder}/" if folder else ""}
                while uploads := self._fs.call_s3("list_multipart_uploads", **asked).get("Uploads"):
                    for each in uploads:
                        self._fs.call_s3(
                            "abort_multipart_upload", Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"]
                        )
            elif self._scheme not in _OBJECTS and self._fs.exists(self._path("partial")):
                self._fs.rm(self._path("partial"), recursive=True)


class _FarLook(Look):
    """A list of what was there at the first question, in a table on disk: a million names need not be in memory."""

    def __init__(self, storage: ObjectStorage, folder: str) -> None:
        self._storage, self._folder = storage, folder

    def __reduce__(self) -> tuple[type[_FarLook], tuple[ObjectStorage, str]]:
        return type(self), (self._storage, self._folder)

    @cached_property
    def _seen(self) -> sqlite3.Connection:
        table = sqlite3.connect("", check_same_thread=False)  # closed in whichever thread lets go of it
        weakref.finalize(self, table.close)
        table.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID")
        table.executemany("INSERT INTO seen VALUES (?, ?)", self._storage.listed(self._folder))
        return table

    def at(self, name: str) -> Stat | None:
        found = self._seen.execute("SELECT size FROM seen WHERE name = ?", (name,)).fetchone()
        return Stat(found[0], None) if found else None


class _Near:
    """Copies on this machine, in files without names, which go with this process; the least used go first."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._files: OrderedDict[str, tuple[IO[bytes], Path, int]] = OrderedDict()
        self._used: dict[str, int] = {}
        weakref.finalize(self, _close, self._files)

    @contextmanager
    def using(self, name: str, fetch: Callable[[str, Path], None]) -> Iterator[Path]:
        """The copy of `name`, made by `fetch(name, path)` where there is none; it stays while it is used."""
        with self._alone:
            if name not in self._files:
                self._files[name] = self._made(name, fetch)
            self._files.move_to_end(name)
            self._used[name] = self._used.get(name, 0) + 1
            self._forget()
            path = self._files[name][1]
        try:
            yield path
        finally:
            with self._alone:
                self._used[name] -= 1
                if not self._used[name]:
                    del self._used[name]

    def _made(self, name: str, fetch: Callable[[str, Path], None]) -> tuple[IO[bytes], Path, int]:
        file = tempfile.TemporaryFile() if _NAMELESS.is_dir() else tempfile.NamedTemporaryFile()  # noqa: SIM115
        path = _NAMELESS / str(file.fileno()) if _NAMELESS.is_dir() else Path(file.name)
        try:
            fetch(name, path)
        except BaseException:
            file.close()
            raise
        return file, path, os.fstat(file.fileno()).st_size

    def _forget(self) -> None:
        held = sum(size for _, _, size in self._files.values())
        for name in [one for one in self._files if one not in self._used]:
            if held <= NEAR_BYTES and len(self._files) <= NEAR_FILES:
                return
            file, _, size = self._files.pop(name)
            file.close()
            held -= size


def _close(files: OrderedDict[str, tuple[IO[bytes], Path, int]]) -> None:
    for file, _, _ in files.values():
        file.close()
