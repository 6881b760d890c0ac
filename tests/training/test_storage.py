"""The whole pipeline with its files on S3 is the one of a folder, byte for byte, whatever is killed on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from moto import settings as moto_settings

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.stages.s3_server import BUCKET, SECRET, S3Server  # noqa: E402

from voxel.blender import Blender  # noqa: E402
from voxel.stages import DataDir, keep_in  # noqa: E402
from voxel.training.data_collection.blend_parser import BlendFileParser  # noqa: E402
from voxel.training.data_collection.blender_scraper import BlenderFileScraper  # noqa: E402

MIT = (Path(ROOT) / "LICENSE").read_bytes()
SCENES = {
    "crate": "bpy.ops.mesh.primitive_cube_add(size=2)\n"
    "bpy.context.object.modifiers.new('Bevel', 'BEVEL').width = 0.15\n",
    "view": "bpy.ops.object.camera_add(location=(0, -8, 3), rotation=(1.2, 0, 0))\n"
    "bpy.context.object.data.lens = 85\nbpy.context.scene.camera = bpy.context.object\n",
}
SCRIPT = "import bpy\n\nbpy.ops.mesh.primitive_torus_add(major_radius=2)\nbpy.context.object.name = 'Ring'\n"
BULK = ("scraped/blobs", "parsed", "datasets", "fine_tuning")
FOLDER = "blends/"
URL = f"s3://{BUCKET}/blends"
KILLS = (
    ("PUT", "scraped/blobs", "arriving"),
    ("GET", "scraped/blobs", "done"),
    ("PUT", "parsed", "arriving"),
    ("PUT", "datasets/units", "arriving"),
    ("PUT", "datasets/units", "done"),
    ("PUT", "datasets/train.jsonl", "arriving"),
    ("PUT", "fine_tuning/claude", "arrived"),
)


class Local(NamedTuple):
    """A folder of files, and what the pipeline makes of it in a folder."""

    folder: Path
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    running = S3Server()
    yield running
    running.close()


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    server.empty()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


def started(folder: Path, data: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "voxel", "run", str(folder), "--data-dir", str(data), "--blender", "4.5"]
    return subprocess.Popen(
        [*command, "--workers", "1", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=folder,
    )


def finished(folder: Path, data: Path, *words: str) -> list[dict[str, int]]:
    """Runs the pipeline to its end and returns the reports of its phases."""
    process = started(folder, data, "--json", "--quiet", *words)
    out, said = process.communicate(timeout=500)
    assert (process.returncode, said) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def bulk(data: Path) -> dict[str, bytes]:
    paths = [path for folder in BULK for path in (data / folder).rglob("*") if path.is_file()]
    return {path.relative_to(data).as_posix(): path.read_bytes() for path in paths}


def stored(server: S3Server) -> dict[str, bytes]:
    return {name: data for name, data in server.objects(FOLDER).items() if name != "voxel.json"}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Local:
    top = tmp_path_factory.mktemp("storage")
    folder = top / "folder"
    folder.mkdir()
    (folder / "LICENSE").write_bytes(MIT)
    (folder / "ring.py").write_text(SCRIPT)
    with Blender() as blender:
        for name, code in SCENES.items():
            (folder / f"{name}.blend").write_bytes(blender.make("import bpy\n" + code))
    finished(folder, top / "data")
    return Local(folder, bulk(top / "data"))


def test_killed_at_every_kind_of_write_and_read_it_leaves_what_a_folder_would_hold(
    local: Local, bucket: S3Server, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for kind, within, point in KILLS:
        victims: list[subprocess.Popen[str]] = []
        ready = threading.Event()

        def kill(victims: list[subprocess.Popen[str]] = victims, ready: threading.Event = ready) -> None:
            ready.wait()
            os.killpg(victims[0].pid, signal.SIGKILL)
            victims[0].wait()

        bucket.when(kind, within, point, kill)
        victims.append(started(local.folder, data, "--storage", URL))
        ready.set()
        victims[0].communicate(timeout=500)
        assert victims[0].returncode == -signal.SIGKILL, f"{kind} {within} {point} was not needed"
        partial = [name for name, held in stored(bucket).items() if local.files.get(name) != held]
        assert (partial, bucket.uploads()) == ([], []), f"after {kind} {within} {point}"
    reports = finished(local.folder, data)
    assert [report["failed"] for report in reports] == [0, 0, 0, 0]
    assert stored(bucket) == local.files
    assert bucket.uploads() == []
    assert {name.split("/")[0] for name in bulk(data)} == {"datasets", "fine_tuning"}
    assert not (data / "datasets" / "units").exists()

    bucket.requests.clear()
    again = finished(local.folder, data)
    assert [report["reused"] for report in again[:3]] == [3, 2, 3]
    assert {one.kind for one in bucket.requests} == {"LIST", "HEAD", "GET uploads"}

    lost = [next(name for name in local.files if name.startswith(f"{folder}/")) for folder in (*BULK, "datasets/units")]
    for name in lost:
        bucket.remove(FOLDER + name)
    finished(local.folder, data)
    assert stored(bucket) == local.files

    for words in (["dataset", "stats"], ["dataset", "show"], ["status"], ["dataset", "verify", "--blender", "4.5"]):
        done = subprocess.run(
            [sys.executable, "-m", "voxel", *words, "--data-dir", str(data)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    for secret in bucket.environment()["AWS_ACCESS_KEY_ID"], SECRET:
        assert secret.encode() not in kept


def test_another_place_on_this_machine_holds_the_same(local: Local, tmp_path: Path) -> None:
    finished(local.folder, tmp_path / "data", "--storage", f"file://{tmp_path}/there")
    assert bulk(tmp_path / "there") == local.files
    assert {name.split("/")[0] for name in bulk(tmp_path / "data")} == {"datasets", "fine_tuning"}


def test_the_variable_is_for_new_data_directories(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    words = [sys.executable, "-m", "voxel", "scrape", str(local.folder), "--quiet", "--data-dir"]
    subprocess.run([*words, str(old)], check=True, capture_output=True)
    monkeypatch.setenv("VOXEL_STORAGE", f"{tmp_path}/there")
    for data in (old, new):
        subprocess.run([*words, str(data)], check=True, capture_output=True)
    monkeypatch.setenv("VOXEL_STORAGE", f"{tmp_path}/elsewhere")
    subprocess.run([*words, str(new)], check=True, capture_output=True)
    blobs = {name for name in local.files if name.startswith("scraped")}
    assert set(bulk(tmp_path / "there")) == set(bulk(old)) == blobs
    assert bulk(new) == {}
    assert not (old / "storage.json").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_trouble_is_one_line_and_nothing_is_lost(
    local: Local, bucket: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str) -> str:
        process = started(local.folder, tmp_path / "data", "--quiet", *words)
        _, error = process.communicate(timeout=300)
        assert process.returncode == 2, error
        assert SECRET not in error
        assert error.count("\n") == 1, error
        return error

    assert "s3://nowhere does not exist; make that bucket" in said("--storage", "s3://nowhere/x")
    with monkeypatch.context() as changed:
        changed.setattr(moto_settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0.0)
        assert "refuses these credentials (InvalidAccessKeyId); set AWS_ACCESS_KEY_ID" in said("--storage", URL)
    with monkeypatch.context() as changed:
        changed.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert "cannot be reached; look at AWS_ENDPOINT_URL" in said("--storage", URL)
    keep_in(DataDir(tmp_path / "data"), URL)
    with monkeypatch.context() as changed:
        changed.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert "cannot be reached" in said()
    assert BlenderFileScraper(tmp_path / "data", source="folder", paths=[local.folder]).run(workers=1).done == 3


def linked(folder: Path) -> None:
    """A .blend file that shows an object of a library beside it."""
    (folder / "LICENSE").write_bytes(MIT)
    library, board = folder / "ape.blend", folder / "board.blend"
    with Blender() as blender:
        library.write_bytes(blender.make("import bpy\nbpy.ops.mesh.primitive_monkey_add()\n"))
    made = f"""
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.save_as_mainfile(filepath={str(board)!r})
with bpy.data.libraries.load({str(library)!r}, link=True, relative=True) as (_, wanted):
    wanted.objects = ["Suzanne"]
bpy.context.scene.collection.objects.link(bpy.data.objects["Suzanne"])
bpy.ops.wm.save_as_mainfile(filepath={str(board)!r})
"""
    subprocess.run([sys.executable, "-c", made], check=True, capture_output=True)


def test_what_lies_beside_a_file_is_brought_too(bucket: S3Server, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    linked(folder)
    scenes = []
    for name, url in (("here", ""), ("there", URL)):
        data = DataDir(tmp_path / name).create()
        if url:
            keep_in(data, url)
        assert BlenderFileScraper(data.root, source="folder", paths=[folder]).run(workers=1).done == 2
        records = [msgspec.json.decode(line) for line in (data.scraped / "files.jsonl").read_bytes().splitlines()]
        library, board = sorted(records, key=lambda record: str(record["path"]))
        graph = data.scraped / "links" / f"{board['repo'].replace('/', '__')}.json"
        graph.parent.mkdir()
        graph.write_bytes(msgspec.json.encode({board["path"]: {library["path"]: library["sha256"]}}))
        assert BlendFileParser(data.root).run(workers=1).done == 2
        scenes.append(data.storage.read(f"parsed/{board['sha256'][:2]}/{board['sha256']}.json"))
    assert scenes[0] == scenes[1]
    # "library data that is not there" without it
    assert {"path": 'objects["Suzanne"]', "reason": "library data"} in msgspec.json.decode(scenes[0])["opaque"]


@pytest.mark.corpus
def test_real_files_are_parsed_as_from_a_folder(corpus: Path, bucket: S3Server, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    (chosen / "LICENSE").write_bytes(MIT)
    for number, path in enumerate(sorted(corpus.rglob("*.blend"), key=lambda one: one.stat().st_size)[::12][:8]):
        shutil.copy(path, chosen / f"{number}.blend")
    found = []
    for name, url in (("here", ""), ("there", URL)):
        data = DataDir(tmp_path / name).create()
        if url:
            keep_in(data, url)
        BlenderFileScraper(data.root, source="folder", paths=[chosen]).run(workers=2)
        report = BlendFileParser(data.root).run(workers=2)
        found.append((report.done, report.dropped, bulk(data.root)))
    assert found[0][:2] == found[1][:2]
    assert found[0][2] == stored(bucket)
    assert found[1][2] == {}
