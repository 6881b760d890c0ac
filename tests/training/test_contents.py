"""What the build phase knows of its inputs without reading them."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.stages.s3_server import BUCKET, S3Server  # noqa: E402

from voxel.records.files import FileRecord  # noqa: E402
from voxel.stages import DataDir, Done, Ledger, Unit, blob_name, keep_in, scene_name  # noqa: E402
from voxel.training.dataset_builder.contents import contents  # noqa: E402


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    running = S3Server()
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    yield running
    running.close()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def record(sha256: str, kind: str = "blend") -> FileRecord:
    return FileRecord(
        repo="o/a", commit="", path=sha256[:4], url="", blob_sha="", sha256=sha256, size=1, kind=kind,  # type: ignore[arg-type]
        license="MIT", attribution="", state="held", reason="", fetched_at="", source="folder",
    )  # fmt: skip


def tell(data: DataDir, scenes: dict[str, bytes], silent: str = "") -> None:
    """Settles that these were parsed; of the `silent` one nothing is told, as by older versions."""
    with Ledger(data.checkpoints / "ledger.sqlite") as ledger:
        ledger.begin_stage("parse", 1, {}, "voxel parse")
        for unit, _ in list(ledger.plan("parse", [Unit(key=name, input=name) for name in scenes])):
            told = {"sha256": unit.key, "scene": digest(scenes[unit.key])} if unit.key != silent else {}
            ledger.settle("parse", unit.key, Done({"bytes": len(scenes[unit.key])}, told), 0.0)


def test_in_a_folder_scenes_are_read_that_were_written_since_they_were_told(tmp_path: Path) -> None:
    data = DataDir(tmp_path).create()
    names = [digest(b"blend %d" % number) for number in range(6)]
    scenes = {name: b"scene of " + name.encode() for name in names[:5]}
    for name, scene in scenes.items():
        data.storage.write(scene_name(name), scene)
    tell(data, scenes, silent=names[4])
    read = list[str]()
    sys.addaudithook(lambda event, told: read.append(Path(str(told[0])).stem) if event == "open" else None)
    with contents(data) as of:
        assert [of(record(name)) for name in names] == [digest(scenes[name]) for name in names[:5]] + [None]
    assert [name for name in read if name in names] == [names[4]]
    later = (time.time(), time.time())  # what a file is given by itself is that of the last tick
    data.scene(names[0]).write_bytes(scenes[names[0]].upper())  # of the same size
    os.utime(data.scene(names[0]), later)
    data.scene(names[1]).write_bytes(b"shorter")
    os.utime(data.scene(names[1]), (1, 1))
    os.utime(data.scene(names[2]), later)
    data.scene(names[3]).unlink()
    read.clear()
    with contents(data) as of:
        found = [of(record(name)) for name in names[:4]]
    assert found == [digest(scenes[names[0]].upper()), digest(b"shorter"), digest(scenes[names[2]]), None]
    assert [name for name in read if name in names] == names[:3]
    data.scene(names[3]).mkdir()
    with contents(data) as of:
        assert of(record(names[3])) is None


def test_told_scenes_are_not_read_and_changed_ones_are(server: S3Server, tmp_path: Path) -> None:
    data = DataDir(tmp_path).create()
    keep_in(data, f"s3://{BUCKET}/x")
    names = [digest(b"blend %d" % number) for number in range(6)]
    scenes = {name: b"scene of " + name.encode() for name in names}
    # the fifth was parsed by a Voxel that did not tell; the sixth is not parsed
    tell(data, {name: scenes[name] for name in names[:5]}, silent=names[4])
    for name in names[:5]:
        data.storage.write(scene_name(name), scenes[name])
    data.storage.delete(scene_name(names[1]))
    data.storage.write(scene_name(names[3]), b"something else")
    script = digest(b"import bpy")
    data.storage.write(blob_name(script), b"import bpy")
    server.requests.clear()
    with contents(data) as of:
        found = [of(record(name)) for name in names]
        assert of(record(script, "script")) == script
        assert of(record(digest(b"gone"), "script")) is None
    wanted = [digest(scenes[name]) for name in names]
    assert found == [wanted[0], None, wanted[2], digest(b"something else"), wanted[4], None]
    assert [one.key.rpartition("/")[2] for one in server.requests if one.kind == "GET"] == [
        f"{names[3]}.json", f"{names[4]}.json",
    ]  # fmt: skip
    assert {one.kind for one in server.requests} == {"GET", "LIST"}
    with contents(data) as of:
        assert of(record(names[0])) == wanted[0]  # and the rest of what was told is let go without a word
