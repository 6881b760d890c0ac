"""GitHub and the hosted providers as a reader finds them: `python -m tests.docs.services HOME`.

Runs the servers that other tests have, all on this machine. Prints one line of JSON, {service: {variable: value}}, and
serves until its standard input ends. HOME is the reader's home folder: what repositories hold is taken from there.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from moto.backends import get_backend
from tests.moto_proxy import ACCOUNT
from tests.providers.openai_server import KEY, OpenAIServer
from tests.providers.test_hub import TOKEN, Hub, _Handler
from tests.providers.tiny_model import make_tiny_model
from tests.sources.github_server import GitHubServer, Repo, git_sha
from tests.sources.test_git import Forge
from tests.stages.s3_server import S3Server

from voxel.sources.remote import starter_repositories

NAMED = "KhronosGroup/glTF-Blender-IO"
"""The repository that the guide about sources asks for by its name."""
COMMIT = "b" * 40
SMALL = "HuggingFaceTB/SmolLM2-135M-Instruct"
HUB = "https://github.com/"
BROKEN = """```python
import bpy
bpy.ops.mesh.primitive_cylinder_add(radius=0.04, depth=0.1)
bpy.context.object.data.use_auto_smooth = True
```"""
"""What the model says at first: as Blender was until 4.0."""
MENDED = BROKEN.replace("bpy.context.object.data.use_auto_smooth = True", "bpy.ops.object.shade_smooth()")


class Finding(GitHubServer):
    """Finds all its repositories by every topic and every word."""

    def _search(self, query: dict[str, str]) -> tuple[int, Any]:
        (created,) = re.findall(r"created:\S+", query["q"])
        return super()._search({**query, "q": created})


def github(home: Path) -> dict[str, str]:
    """The named repository and two more by API; by git also all that the package's list names, which git finds here."""
    files = {name: (home / "my-blends" / name).read_bytes() for name in ("LICENSE", "crate.blend")}
    names = (NAMED, "ann/chairs", "bob/nodes")
    server = Finding([Repo(name, 1 + n, 1_400_000_000 + n, files, spdx="MIT") for n, name in enumerate(names)])
    server.__enter__()
    forge = Forge(server, home.parent / "forge")
    forge.commit(NAMED, dict(files))
    server.git_root = forge.folder / "git"
    for starter in starter_repositories():
        place = server.git_root / "hub.git" / starter.url.removeprefix(HUB)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(server.git_root / f"{NAMED}.git")
    instead = {"GIT_CONFIG_KEY_0": f"url.{server.url}/hub.git/.insteadOf", "GIT_CONFIG_VALUE_0": HUB}
    return {**server.environment(), **instead, "GIT_CONFIG_COUNT": "1"}


class Models(Hub):
    """The hub, with a model of two layers in place of the small one; without torch it has no model."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        if find_spec("torch") is not None:
            make_tiny_model(folder)
        self.weights = {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}
        self.RequestHandlerClass = _Models


class _Models(_Handler):
    """Answers about the model, and with files of it; about the rest as its base does."""

    server: Models

    def do_GET(self) -> None:  # noqa: N802
        files = self.server.weights
        if not files or SMALL not in self.path:
            super().do_GET()
        elif self.path.startswith(f"/api/models/{SMALL}/tree/"):
            told = [{"type": "file", "path": n, "size": len(c), "oid": git_sha(c)} for n, c in files.items()]
            self._answer(200, told)
        elif self.path.startswith(f"/api/models/{SMALL}"):
            siblings = [{"rfilename": name} for name in files]
            self._answer(200, {"id": SMALL, "modelId": SMALL, "sha": COMMIT, "siblings": siblings, "private": False})
        else:
            self._file(files[self.path.rpartition("/")[2]])

    def _file(self, content: bytes) -> None:
        self.send_response(200)
        told = {"ETag": f'"{git_sha(content)}"', "X-Repo-Commit": COMMIT, "Content-Length": str(len(content))}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET  # noqa: N815


class OpenAI(OpenAIServer):
    """Fine-tuning, where every job succeeds soon after it was asked for, and chat."""

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        if not handler.path.endswith("/chat/completions"):
            super()._serve(handler)
            return
        asked = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        text = MENDED if "mended" in json.dumps(asked["messages"][-1]) else BROKEN
        told: dict[str, Any] = {"id": "chatcmpl-1", "created": 1, "model": asked["model"]}
        if asked.get("stream"):
            pieces: list[dict[str, Any]] = [
                {"delta": {"role": "assistant", "content": text}},
                {"delta": {}, "finish_reason": "stop"},
            ]
            told["object"] = "chat.completion.chunk"
            lines = [json.dumps({**told, "choices": [{"index": 0, **piece}]}) for piece in pieces]
            content = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()
        else:
            message = {"role": "assistant", "content": text}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            choices = [{"index": 0, "finish_reason": "stop", "message": message}]
            content = json.dumps({**told, "object": "chat.completion", "choices": choices, "usage": usage}).encode()
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream" if asked.get("stream") else "application/json")
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()

    def finish_jobs(self) -> None:
        while True:
            for name, job in list(self.jobs.items()):
                if job["status"] not in ("succeeded", "failed", "cancelled"):
                    model = f"ft:{job['model']}:org-test::{name[-4:]}"
                    self.set_state(name, "succeeded", fine_tuned_model=model, finished_at=int(time.time()))
            time.sleep(0.2)


def main() -> None:
    """Serves."""
    home = Path(sys.argv[1])
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # moto's server tells of every request
    hub = Models(home.parent / "hub")
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    openai, s3 = OpenAI(), S3Server()
    threading.Thread(target=openai.finish_jobs, daemon=True).start()
    get_backend("s3")[ACCOUNT]["aws"].create_bucket("bucket", "us-east-1")
    told = {
        "github": github(home),
        "hub": {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"},
        "openai": {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": openai.url},
        # with the keys that the reader has set
        "s3": {name: value for name, value in s3.environment().items() if "_KEY" not in name},
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
