"""Git LFS: pointers as they are written, refusals as servers word them, and a real LFS server (giftless).

giftless needs other versions of what else is installed here, so it has an environment of its own; the test that uses it
is deselected where there is none:

    python -m venv ~/.cache/voxel/giftless && ~/.cache/voxel/giftless/bin/pip install giftless
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sources.github_server import GitHubServer, Repo, pointer

from voxel.sources.lfs import LfsPointer, lfs_pointer
from voxel.training.data_collection.blender_scraper import BlenderFileScraper

GIFTLESS = Path.home() / ".cache" / "voxel" / "giftless" / "bin" / "flask"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (pointer(b"x" * 7), 7),
        (pointer(b"x" * 7).rstrip(b"\n"), 7),
        (pointer(b"x").replace(b"oid ", b"ext-0-foo sha256:" + b"0" * 64 + b"\noid "), 1),
    ],
)
def test_a_pointer_tells_id_and_size(data: bytes, size: int) -> None:
    assert lfs_pointer(data) == LfsPointer(hashlib.sha256(b"x" * size).hexdigest(), size)


@pytest.mark.parametrize(
    "data",
    [b"", b"BLENDER-v300", pointer(b"x") + b"more", pointer(b"x").replace(b"size", b"SIZE"), pointer(b"x") * 20],
)
def test_other_bytes_are_no_pointer(data: bytes) -> None:
    assert lfs_pointer(data) is None


@pytest.fixture
def giftless(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address and storage folder of a running giftless."""
    storage = tmp_path / "lfs"
    config = {
        "AUTH_PROVIDERS": ["giftless.auth.allow_anon:read_only"],
        "TRANSFER_ADAPTERS": {
            "basic": {
                "factory": "giftless.transfer.basic_streaming:factory",
                "options": {
                    "storage_class": "giftless.storage.local_storage:LocalStorage",
                    "storage_options": {"path": str(storage)},
                },
            }
        },
    }
    (tmp_path / "giftless.yaml").write_text(json.dumps(config))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GIFTLESS_CONFIG_FILE": str(tmp_path / "giftless.yaml")}
    command = [str(GIFTLESS), "--app", "giftless.wsgi_entrypoint:app", "run", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as knock:
                if not knock.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", storage
    finally:
        process.terminate()
        process.wait()


@pytest.mark.giftless
def test_objects_come_from_a_real_lfs_server(
    giftless: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hastened: float
) -> None:
    address, storage = giftless
    data = b"BLENDER-v300 large" * 50_000
    oid = hashlib.sha256(data).hexdigest()
    place = storage / "ann" / "big" / oid
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    files = {"LICENSE": LICENSE, "big.blend": pointer(data), "lost.blend": pointer(b"never stored")}
    with GitHubServer([Repo("ann/big", 1, 1_500_000_000, files)], speed=hastened) as server:
        for name, value in {**server.environment(), "GITHUB_SERVER_URL": address}.items():
            monkeypatch.setenv(name, value)
        BlenderFileScraper(tmp_path / "data", source="github", repos=["ann/big"]).run()
        assert server.count("batch", "object") == 0
    told = {
        line["path"]: (line["state"], line["reason"], line["sha256"])
        for line in map(json.loads, (tmp_path / "data" / "scraped" / "files.jsonl").read_text().splitlines())
    }
    assert told == {
        "big.blend": ("held", "", oid),
        "lost.blend": ("failed", "missing from LFS: the server does not have the object", ""),
    }
    assert (tmp_path / "data" / "scraped" / "blobs" / oid[:2] / oid).read_bytes() == data


LICENSE = (
    b"Permission is hereby granted, free of charge, to any person obtaining a copy. "
    b"The above copyright notice shall be included in all copies."
)
