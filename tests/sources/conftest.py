"""What the tests of the network sources share: hastened waits, GitHub's OpenAPI description where npm can bring it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from voxel.sources import clock

# tests import the server as `tests.sources.github_server`, from whichever folder pytest was started
sys.path.insert(0, str(Path(__file__).parents[2]))

SPEED = 100.0
CACHE = Path.home() / ".cache" / "voxel" / "openapi"
GIFTLESS = Path.home() / ".cache" / "voxel" / "giftless" / "bin" / "flask"
PACKAGE = "@octokit/openapi@23.0.2"
DESCRIPTION = "package/generated/api.github.com.deref.json"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "openapi: needs npm or a kept copy of @octokit/openapi; deselected without")
    config.addinivalue_line("markers", "giftless: needs a giftless of its own, see test_lfs.py; deselected without")
    config.addinivalue_line("markers", "git: needs git with http-backend; deselected without")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    backend = shutil.which("git") and (
        Path(subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip())
        / "git-http-backend"
    )
    absent = {
        "openapi": not (CACHE / "api2.json").exists() and shutil.which("npm") is None,
        "giftless": not GIFTLESS.exists(),
        "git": not (backend and backend.exists()),
    }
    left_out = [item for item in items if any(absent.get(mark.name) for mark in item.iter_markers())]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def hastened() -> Iterator[float]:
    """Waits of the sources are a hundred times shorter; servers take the same factor."""
    clock.hasten(SPEED)
    yield SPEED
    clock.hasten(1)


Check = Callable[[str, int, str, bytes], bool]


@pytest.fixture(scope="session")
def described() -> Check:
    """Raises when an answer to GET on a path is not what GitHub's own description allows.

    False where the description says nothing of that status; such a refusal must still look like GitHub's others.
    """
    kept = CACHE / "api2.json"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=CACHE, check=True, capture_output=True, timeout=120)
        (archive,) = CACHE.glob("*.tgz")
        with tarfile.open(archive) as package:
            whole = package.extractfile(DESCRIPTION)
            assert whole is not None
            paths = json.load(whole)["paths"]
        wanted = {path: told["get"] for path, told in paths.items() if path in PATHS}
        kept.write_text(json.dumps(wanted))
        archive.unlink()
    operations = json.loads(kept.read_text())
    validators: dict[tuple[str, int, str], Any] = {}

    def check(path: str, status: int, media: str, body: bytes) -> bool:
        response = operations[path]["responses"].get(str(status))
        assert response is not None or status >= 300, f"{path} never answers {status}"
        content = (response or {}).get("content", {})
        if status == 304 or (response is not None and not content):
            assert body == b"", f"{status} has no body"
        elif media == "application/json":
            if (path, status, media) not in validators:
                schema = content[media]["schema"] if content else ERROR
                validators[path, status, media] = jsonschema.Draft202012Validator(nullable(schema))
            validators[path, status, media].validate(json.loads(body))
        else:
            assert (content and content[media]["schema"] == {"type": "string"}) or status >= 500
        return response is not None

    return check


_REPO = "/repos/{owner}/{repo}"
PATHS = ("/search/repositories", _REPO, f"{_REPO}/git/trees/{{tree_sha}}", f"{_REPO}/commits/{{ref}}")
ERROR = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}


def nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable`, JSON Schema does not."""
    if isinstance(schema, list):
        return [nullable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [{"type": "null"}, plain]} if schema.get("nullable") is True else plain


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hastened: float) -> Any:
    """Makes a server with the given repositories."""
    from tests.sources.github_server import GitHubServer, Repo
    from tests.sources.worlds import TOKEN, World

    servers: list[GitHubServer] = []

    def make(repos: list[Repo], *tokens: str, **options: Any) -> World:
        server = GitHubServer(repos, speed=hastened, **options)
        server.__enter__()
        servers.append(server)
        for name, value in server.environment(*(tokens or (TOKEN,))).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return World(server, tmp_path / "data")

    yield make
    for server in servers:
        server.__exit__()
