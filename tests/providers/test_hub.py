"""Pushing a dataset, against a server that speaks what the hub's own client asks."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from voxel.cli.main import main
from voxel.errors import SetupError, TryLater, UsageError
from voxel.providers.hub import push_dataset

pytest.importorskip("huggingface_hub", reason="needs the extra [hub]")
TOKEN = "hf_" + "Ab1" * 11


class Hub(ThreadingHTTPServer):
    """Knows datasets as {path: content}."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.refusal = 0
        self.endpoint = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.refusal or self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(self.server.refusal or 401, {"error": f"no, {self.headers.get('Authorization')}"})
        elif self.path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}"
            status = 409 if repo in self.server.files else 200
            self.server.files.setdefault(repo, {})
            self.server.private[repo] = asked.get("visibility") == "private" or bool(asked.get("private"))
            self._answer(status, {"url": f"{self.server.endpoint}/datasets/{repo}"})
        elif "/preupload/" in self.path:
            names = [one["path"] for one in json.loads(body)["files"]]
            files = [{"path": name, "uploadMode": "regular", "shouldIgnore": False, "oid": None} for name in names]
            self._answer(200, {"files": files})
        elif "/commit/" in self.path:
            repo = "/".join(self.path.split("/")[3:5])
            for line in body.splitlines():
                part = json.loads(line)
                if part["key"] == "file":
                    self.server.files[repo][part["value"]["path"]] = base64.b64decode(part["value"]["content"])
            where = f"{self.server.endpoint}/datasets/{repo}/commit/{'a' * 40}"
            self._answer(200, {"commitUrl": where, "commitOid": "a" * 40, "pullRequestUrl": None})
        else:
            self._answer(200, {"errors": [], "warnings": []})  # validate-yaml

    def _answer(self, status: int, reply: Any) -> None:
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "datasets"
    for name in ("README.md", "train.jsonl", "dropped.jsonl", "splits.json", "parquet/train.parquet", "units/a.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    return tmp_path / "data"


def test_what_others_need_goes_there_and_nothing_else(hub: Hub, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "push", "ann/cubes", "--data-dir", str(data), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"repo": "ann/cubes", "url": f"{hub.endpoint}/datasets/ann/cubes"}
    names = ["README.md", "parquet/train.parquet", "train.jsonl"]
    assert hub.files == {"ann/cubes": {name: f"content of {name}".encode() for name in names}}
    assert hub.private == {"ann/cubes": False}
    assert TOKEN not in said.out + said.err


def test_a_second_push_goes_to_the_same_dataset(hub: Hub, data: Path) -> None:
    folder = data / "datasets"
    push_dataset(folder, "ann/cubes", private=True)
    assert hub.private == {"ann/cubes": True}
    (folder / "train.jsonl").write_text("more")
    push_dataset(folder, "ann/cubes")
    assert hub.files["ann/cubes"]["train.jsonl"] == b"more"


@pytest.mark.parametrize(
    ("status", "error"), [(401, SetupError), (403, SetupError), (503, TryLater), (400, SetupError)]
)
def test_a_refusal_is_told_without_the_key(
    hub: Hub, data: Path, status: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.refusal = status
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client waits between its tries
    with pytest.raises(error) as raised:
        push_dataset(data / "datasets", "ann/cubes")
    assert TOKEN not in str(raised.value)


def test_names_that_cannot_be_and_servers_that_are_not_there(
    hub: Hub, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="OWNER/NAME"):
        push_dataset(data / "datasets", "a/b/c d")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(TryLater, match="cannot be reached"):
        push_dataset(data / "datasets", "ann/cubes")


def test_without_a_dataset_the_command_that_makes_one_is_named(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "push", "ann/cubes", "--data-dir", str(tmp_path / "none")]) == 2
    assert "voxel build" in capsys.readouterr().err
