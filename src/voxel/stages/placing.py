"""Which storage a data directory has: itself, or the place that its `storage.json` names.

    {"url": "s3://bucket/folder", "owner": "<32 hex digits>"}

Only one data directory may keep its things in a place: finished files of two would take turns there. So the place
holds the owner's number too, under the name `voxel.json`.
"""

from __future__ import annotations

import re
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from voxel.errors import SetupError, UsageError
from voxel.stages.storage import LocalStorage, Storage
from voxel.stages.writing import write_atomic

if TYPE_CHECKING:
    from voxel.stages.datadir import DataDir

OWNER = "voxel.json"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """`storage.json`"""

    url: str
    owner: str


class _Owner(msgspec.Struct, frozen=True, kw_only=True):
    """`voxel.json`, in the storage."""

    owner: str


def storage_of(root: Path) -> Storage:
    """The storage of the data directory `root`. SetupError when its `storage.json` is broken."""
    place = _place(root)
    return LocalStorage(root) if place is None else _opened(place.url)


def keep_in(data: DataDir, url: str) -> None:
    """From now on, the bulk bytes of this data directory lie at `url`: an fsspec URL, or a folder of this machine.

    Only a data directory that holds nothing yet can be told so; the same place again changes nothing. UsageError for
    another place than before, for one that belongs to another data directory, and for what cannot be a storage;
    MissingExtra, SetupError and TryLater where it cannot be used.
    """
    url = _whole(url)
    storage, place = _opened(url), _place(data.root)
    if place is not None and place.url != url:
        raise UsageError(f"{data.root} keeps its files in {place.url}; for {url} take another --data-dir")
    if place is None and (data.checkpoints / "ledger.sqlite").exists():
        raise UsageError(f"{data.root} has files of its own already; for {url} take another --data-dir")
    with data.hold():
        place = place or _Place(url=url, owner=token_hex(16))
        owner = _owner(storage)
        if owner not in (None, place.owner):
            raise UsageError(
                f"{url} belongs to another data directory; take another place, or delete {url}/{OWNER} when that one "
                "is gone"
            )
        write_atomic(data.root / "storage.json", msgspec.json.encode(place) + b"\n")
        if owner is None:
            storage.write(OWNER, msgspec.json.encode(_Owner(owner=place.owner)) + b"\n")
    data.__dict__.pop("storage", None)


def has_place(root: Path) -> bool:
    """Whether it is settled where things lie: a storage was named, or a run has begun without one."""
    return (root / "storage.json").exists() or (root / "checkpoints" / "ledger.sqlite").exists()


def _place(root: Path) -> _Place | None:
    path = root / "storage.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Place)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise SetupError(f'{path} does not say where the files lie ({error}); it holds {{"url", "owner"}}') from error


def _owner(storage: Storage) -> str | None:
    try:
        return msgspec.json.decode(storage.read(OWNER), type=_Owner).owner
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        return ""


def _whole(url: str) -> str:
    """As it is kept: without a slash at the end; a folder by its absolute path."""
    if not _SCHEME.match(url):
        if not url.strip() or re.match(r"[a-z0-9]+:", url):
            raise UsageError(f"--storage {url!r}: it needs a URL, such as s3://bucket/folder, or a folder")
        return Path(url).expanduser().absolute().as_uri()
    if urlsplit(url).username is not None or urlsplit(url).query:
        raise UsageError("keys do not belong into --storage: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead")
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rstrip('/')}"


def _opened(url: str) -> Storage:
    if url.startswith("file://"):
        return LocalStorage(Path(unquote(urlsplit(url).path)))
    from voxel.stages.object_storage import ObjectStorage

    return ObjectStorage(url)
