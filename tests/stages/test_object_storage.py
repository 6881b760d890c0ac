"""A storage on S3: moto's server over HTTP, real kills."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto import settings as moto_settings
from tests.stages.s3_server import BUCKET, SECRET, S3Server

from voxel.errors import SetupError, TryLater, UsageError
from voxel.stages import BLOBS, DataDir, LocalStorage, Storage, blob_name, keep_in, publish, scene_name
from voxel.stages.object_storage import NEAR_FILES, ObjectStorage

URL = f"s3://{BUCKET}/team/blends"
SHA = "ab" + "0" * 62
PARTS = 120 << 20
"""Bytes that go in parts."""


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    server = S3Server()
    yield server
    server.close()


@pytest.fixture
def server(running: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    running.empty()
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    return running


def opened(kind: str, tmp_path: Path) -> Storage:
    match kind:
        case "s3":
            return ObjectStorage(URL)
        case "fsspec":  # a file system that is not an object store, behind the same door
            return ObjectStorage(f"local://{tmp_path}/there")
        case _:
            return LocalStorage(tmp_path / "there")


@pytest.mark.parametrize("kind", ["s3", "fsspec", "folder"])
def test_what_is_written_is_read_and_listed(server: S3Server, tmp_path: Path, kind: str) -> None:
    storage = opened(kind, tmp_path)
    names = [blob_name(f"{digit}{digit}" + "0" * 62) for digit in "0123456789abcdef"]
    assert names[0] not in storage.look(BLOBS)
    for number, name in enumerate(names):
        storage.write(name, b"x" * number)
    storage.write(scene_name(SHA), b"a scene")
    storage.write(names[3], b"other")
    (tmp_path / "file").write_bytes(b"from a file")
    storage.put("datasets/train.jsonl", tmp_path / "file")
    again: Storage = pickle.loads(pickle.dumps(storage))
    assert again.read(names[3]) == b"other"
    assert list(again.read_all(reversed(names)))[-1] == b""
    assert (again.size(names[9]), again.size("datasets/train.jsonl"), again.size("datasets/gone")) == (9, 11, None)
    look = pickle.loads(pickle.dumps(storage.look(BLOBS)))
    assert [look.size(name) for name in names] == [0, 1, 2, 5, *range(4, 16)]
    assert scene_name(SHA) in storage.look("parsed")
    assert blob_name(SHA) not in look
    with again.local(names[5]) as path, again.local("datasets/train.jsonl") as other:
        assert (path.read_bytes(), other.read_bytes()) == (b"xxxxx", b"from a file")
    storage.delete(names[5])
    storage.delete(names[5])
    assert again.size(names[5]) is None


@pytest.mark.parametrize("kind", ["s3", "fsspec", "folder"])
def test_what_is_not_there_is_named(server: S3Server, tmp_path: Path, kind: str) -> None:
    storage = opened(kind, tmp_path)
    storage.write(blob_name(SHA), b"here")
    with pytest.raises(FileNotFoundError, match="parsed/ab"):
        storage.read(scene_name(SHA))
    with pytest.raises(FileNotFoundError, match="parsed/ab"):
        list(storage.read_all([blob_name(SHA), scene_name(SHA)]))
    with pytest.raises(FileNotFoundError, match="parsed/ab"), storage.local(scene_name(SHA)):
        pass


def test_one_thing_is_one_request_and_a_folder_sixteen(server: S3Server) -> None:
    storage = ObjectStorage(URL)
    storage.write(blob_name(SHA), b"here")
    storage.read(blob_name(SHA))
    storage.size(scene_name(SHA))
    with storage.local(blob_name(SHA)), storage.local(blob_name(SHA)):
        pass
    assert [one.kind for one in server.requests] == ["PUT", "GET", "HEAD", "GET"]
    server.requests.clear()
    look = storage.look(BLOBS)
    assert all(blob_name(SHA) in look for _ in range(100))
    assert [one.kind for one in server.requests] == ["LIST"] * 16


def test_copies_on_this_machine_are_few_have_no_names_and_stay_while_they_are_used(server: S3Server) -> None:
    storage = ObjectStorage(URL)
    names = [blob_name(f"{number:064x}") for number in range(NEAR_FILES + 20)]
    for name in names:
        storage.write(name, name.encode())
    before = len(list(Path("/proc/self/fd").iterdir()))
    with storage.local(names[0]) as first:
        for name in names[1:]:
            with storage.local(name) as path:
                assert path.read_bytes() == name.encode()
        assert first.read_bytes() == names[0].encode()
        assert "(deleted)" in str(first.readlink())
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= NEAR_FILES + 5


# -- kills ------------------------------------------------------------------------------------------------------------

WRITE = "import sys; from voxel.stages.object_storage import ObjectStorage as S; S(sys.argv[1])."


def started(code: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITE + code, *words], stderr=subprocess.DEVNULL)


def killer(victims: list[subprocess.Popen[bytes]]) -> None:
    while not victims:
        pass
    victims[0].send_signal(signal.SIGKILL)
    victims[0].wait()


@pytest.mark.parametrize("point", ["arriving", "arrived", "done"])
def test_a_kill_in_a_write_leaves_all_of_it_or_what_was_there(server: S3Server, point: str) -> None:
    name = blob_name(SHA)
    key = f"team/blends/{name}"
    ObjectStorage(URL).write(name, b"old")
    victims: list[subprocess.Popen[bytes]] = []
    server.when("PUT", name, point, lambda: killer(victims))
    victims.append(started("write(sys.argv[2], b'new' * 10_000_000)", URL, name))
    assert victims[0].wait(60) == -signal.SIGKILL
    if point == "arriving":
        assert server.objects()[key] == b"old"
    else:
        assert server.objects()[key] in (b"old", b"new" * 10_000_000)
    assert list(server.objects()) == [key]
    assert server.uploads() == []


def test_a_kill_between_parts_leaves_no_object_and_the_next_publishing_takes_the_parts_away(
    server: S3Server, tmp_path: Path
) -> None:
    data = DataDir(tmp_path / "data").create()
    keep_in(data, URL)
    large = data.datasets / "train.jsonl"
    large.write_bytes(os.urandom(1 << 20) * (PARTS >> 20))
    victims: list[subprocess.Popen[bytes]] = []
    server.when("PART", "train.jsonl", "done", lambda: killer(victims))
    code = f"__class__; from voxel.stages import *; publish(DataDir({str(data.root)!r}), 'datasets')"
    victims.append(started(code, URL))
    assert victims[0].wait(60) == -signal.SIGKILL
    assert list(server.objects("team/blends/")) == ["voxel.json"]
    assert server.uploads() == ["team/blends/datasets/train.jsonl"]
    assert publish(data, "datasets") == 1
    assert server.uploads() == []
    assert server.objects("team/blends/")["datasets/train.jsonl"] == large.read_bytes()


def test_uploads_of_others_in_the_bucket_are_left_alone(server: S3Server) -> None:
    storage = ObjectStorage(URL)
    for folder in ("team/blends/", "team/blends2/"):
        storage._fs.call_s3("create_multipart_upload", Bucket=BUCKET, Key=f"{folder}x")
    storage.clean()
    assert server.uploads() == ["team/blends2/x"]


def test_where_writing_is_not_at_once_things_wait_aside_and_what_a_kill_left_goes(tmp_path: Path) -> None:
    url = f"local://{tmp_path}/there"
    process = started("write('parsed/ab/x.json', b'x' * 2_000_000_000)", url)
    waiting = tmp_path / "there" / "partial"
    while not (waiting.is_dir() and any(path.stat().st_size > 1 << 20 for path in waiting.iterdir())):
        assert process.poll() is None
    process.kill()
    process.wait()
    assert [path.parent.name for path in (tmp_path / "there").rglob("*") if path.is_file()] == ["partial"]
    ObjectStorage(url).clean()
    assert [path for path in (tmp_path / "there").rglob("*") if path.is_file()] == []


# -- trouble ----------------------------------------------------------------------------------------------------------


def says(error: Exception, *words: str) -> None:
    assert "\n" not in str(error)
    assert SECRET not in str(error)
    assert "AKIA" not in str(error)
    for word in words:
        assert word in str(error)


def test_each_trouble_is_one_line_that_mends(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError) as missing:
        ObjectStorage("s3://nowhere/x").write("parsed/x", b"")
    says(missing.value, "s3://nowhere does not exist", "--storage")
    monkeypatch.setattr(moto_settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0.0)
    asks: list[Callable[[Storage], object]] = [
        lambda one: one.read("parsed/x"),
        lambda one: one.write("parsed/x", b""),
        lambda one: one.size("x"),
        lambda one: "x" in one.look(BLOBS),
    ]
    for ask in asks:
        with pytest.raises(SetupError) as refused:
            ask(ObjectStorage(URL))
        says(refused.value, f"s3://{BUCKET} refuses these credentials", "AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(SetupError) as silent:
        ObjectStorage(URL).read("parsed/x")
    says(silent.value, "cannot be reached", "AWS_ENDPOINT_URL", "goes on from here")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with pytest.raises(SetupError) as nobody:
        ObjectStorage(URL).read("parsed/x")
    says(nobody.value, "no credentials", "AWS_PROFILE")


def test_what_may_pass_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "there" / "parsed").mkdir(parents=True)
    with pytest.raises(TryLater, match="IsADirectoryError"):
        ObjectStorage(f"local://{tmp_path}/there").read("parsed")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://x/y", "whole or not at all"),
        ("nix://x/y", "Protocol not known"),
        ("s3://", "name a bucket"),
        ("s3://AKIA:secret@bucket/x", "keys do not belong"),
        ("s3:/bucket/x", "needs a URL"),
        ("", "needs a URL"),
    ],
)
def test_what_cannot_be_a_storage_is_refused(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        keep_in(DataDir(tmp_path), url)
    assert not (tmp_path / "storage.json").exists()


def test_a_place_belongs_to_one_data_directory_for_good(server: S3Server, tmp_path: Path) -> None:
    first = DataDir(tmp_path / "first")
    keep_in(first, URL + "/")
    keep_in(first, URL)
    assert str(DataDir(tmp_path / "first").storage) == URL
    with pytest.raises(UsageError, match="another data directory"):
        keep_in(DataDir(tmp_path / "second"), URL)
    with pytest.raises(UsageError, match="keeps its files in s3://"):
        keep_in(first, f"s3://{BUCKET}/other")
    used = DataDir(tmp_path / "used").create()
    (used.checkpoints / "ledger.sqlite").touch()
    with pytest.raises(UsageError, match="files of its own"):
        keep_in(used, f"s3://{BUCKET}/other")
    assert list(server.objects()) == ["team/blends/voxel.json"]
    (tmp_path / "first" / "storage.json").write_text("{}")
    with pytest.raises(SetupError, match=r"storage\.json"):
        _ = DataDir(tmp_path / "first").storage


def test_published_is_what_is_there_now(server: S3Server, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data").create()
    keep_in(data, URL)
    for name in ("train.jsonl", "parquet/train.parquet", "units/ab/abc.jsonl", ".train.jsonl.tmp"):
        (data.datasets / name).parent.mkdir(parents=True, exist_ok=True)
        (data.datasets / name).write_text(name)
    assert publish(data, "datasets") == 2
    assert publish(data, "datasets") == 0
    server.remove("team/blends/datasets/train.jsonl")
    (data.datasets / "parquet" / "train.parquet").unlink()
    assert publish(data, "datasets") == 1
    assert server.objects("team/blends/datasets/") == {"train.jsonl": b"train.jsonl"}
    here = DataDir(tmp_path / "here").create()
    (here.datasets / "train.jsonl").write_text("")
    assert publish(here, "datasets") == 0
    assert not (here.checkpoints / "published.json").exists()
