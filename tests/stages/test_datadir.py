from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxel.errors import DataDirBusy, SetupError
from voxel.stages import DataDir, holder, write_atomic


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB; only root may mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_write_atomic_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    write_atomic(path, b"one")
    write_atomic(path, b"two" * 100_000)
    assert path.read_bytes() == b"two" * 100_000
    assert [entry.name for entry in path.parent.iterdir()] == ["b.json"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_concurrent_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "shared"
    contents = [bytes([digit]) * 50_000 for digit in b"abcd"]

    def write(content: bytes) -> None:
        for _ in range(50):
            write_atomic(path, content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            seen.add(path.read_bytes())
    for thread in threads:
        thread.join()
    assert seen <= set(contents)
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


_KILLED_WRITER = """
import sys
from pathlib import Path
from voxel.stages import write_atomic
print("go", flush=True)
while True:
    for word in (b"old", b"new"):
        write_atomic(Path(sys.argv[1]), word * 100_000)
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for pause in (0.0, 0.003, 0.005, 0.008, 0.013):
        process = subprocess.Popen([sys.executable, "-c", _KILLED_WRITER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while not path.exists():
            time.sleep(0.001)
        time.sleep(pause)
        process.kill()
        process.wait()
        process.stdout.close()
        assert path.read_bytes() in (b"old" * 100_000, b"new" * 100_000)
    write_atomic(path, b"end")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.root
def test_a_full_disk_is_a_setup_error_and_keeps_the_old_file(tiny_disk: Path) -> None:
    path = tiny_disk / "file"
    write_atomic(path, b"old")
    with pytest.raises(SetupError, match=r"no space left on the disk of .*/file; free some"):
        write_atomic(path, b"x" * 1_000_000)
    assert path.read_bytes() == b"old"
    assert list(tiny_disk.iterdir()) == [path]


@pytest.mark.root
def test_a_read_only_folder_is_a_setup_error(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)], check=True)
    try:
        with pytest.raises(SetupError, match="Read-only file system; make it writable or take another --data-dir"):
            write_atomic(tmp_path / "file", b"x")
        with pytest.raises(SetupError, match="Read-only file system"):
            DataDir(tmp_path / "training_data").create()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_file_in_the_place_of_the_data_directory_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "training_data").write_text("I am a file")
    with pytest.raises(SetupError, match="a file stands where a folder should be"):
        DataDir(tmp_path / "training_data").create()


def test_making_a_datadir_touches_nothing_and_create_makes_the_layout(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "training_data")
    assert not data.root.exists()
    data.create()
    assert sorted(entry.name for entry in data.root.iterdir()) == [
        "checkpoints",
        "datasets",
        "deployment",
        "evaluation",
        "fine_tuning",
        "models",
        "parsed",
        "reports",
        "scraped",
        "training_jobs",
    ]
    assert data.blob("ab12") == data.root / "scraped" / "blobs" / "ab" / "ab12"
    assert data.scene("ab12") == data.root / "parsed" / "ab" / "ab12.json"


_HOLDER = """
import sys, time
from voxel.stages import DataDir
with DataDir(sys.argv[1]).hold():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_told_who_holds_the_directory_and_a_kill_frees_it(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(DataDirBusy, match=rf"is in use by process {process.pid} \(.*python.* -c "), data.hold():
            raise AssertionError
        assert (holder(data) or "").startswith(f"process {process.pid} (")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert holder(data) is None
    with data.hold():
        assert (data.checkpoints / "lock").read_text().startswith(f"process {os.getpid()} (")


def test_one_process_may_hold_it_again(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with data.hold(), DataDir(tmp_path / "." / "").hold():
        assert holder(data) is not None
    assert holder(data) is None


def test_a_command_names_any_but_the_usual_directory_as_a_shell_reads_it() -> None:
    assert DataDir().option == DataDir("./training_data").option == ""
    assert DataDir("my data").option == " --data-dir 'my data'"
