"""Real stub models and a real gateway, each a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from voxel.records.deployment import Backend
from voxel.training.deployment.model_deployer import ModelDeployer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def stub() -> Iterator[str]:
    """Where models answer that do what their names say, see `bench/gateway_stub.py`."""
    words = [sys.executable, str(ROOT / "bench" / "gateway_stub.py"), "--pause", "0.01"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.terminate()


class Served:
    """A gateway in front of stub models, and the deployer that it follows."""

    def __init__(self, folder: Path, stub: str, *words: str) -> None:
        self.folder = folder
        self.deployer = ModelDeployer(folder, env_file=folder / ".env")
        self.stub = stub
        command = [sys.executable, "-m", "voxel", "deploy", "serve", "--port", "0", "--data-dir", str(folder), *words]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        if "nothing serves" in line:
            line = self.process.stderr.readline()
        self.url = line.split(" at ")[1].split("/v1")[0]
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def deploy(self, name: str) -> None:
        """Makes the stub model of this name serve the role builder."""
        self.deployer.deploy_model(name, "stub", "builder", {}, force=True, backend=self.at(name))

    def canary(self, name: str, share: float) -> None:
        """Gives it a share of the conversations."""
        self.deployer.start_canary(name, "stub", "builder", {}, share=share, force=True, backend=self.at(name))

    def at(self, name: str) -> Backend:
        """The stub model of this name."""
        return Backend(base_url=self.stub, model=name)

    def ask(self, text: str = "a cube", **more: object) -> httpx.Response:
        """One question to the role builder."""
        body = {"model": "builder", "messages": [{"role": "user", "content": text}], **more}
        return self.client.post("/v1/chat/completions", json=body)

    def said_by(self, conversation: str) -> str:
        """The model that answers a conversation."""
        return str(self.ask(user=conversation).json()["choices"][0]["message"]["content"]).split()[0]

    def close(self) -> None:
        """Ends the gateway."""
        self.client.close()
        self.process.terminate()
        self.process.wait(60)
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, stub: str) -> Iterator[Served]:
    """One for all tests: starting it is what takes time."""
    running = Served(tmp_path_factory.mktemp("gateway"), stub)
    yield running
    running.close()


@pytest.fixture
def served(gateway: Served) -> Served:
    """The gateway with nothing deployed."""
    shutil.rmtree(gateway.folder / "deployment", ignore_errors=True)
    return gateway


@pytest.fixture
def judging(tmp_path: Path, stub: str) -> Iterator[Served]:
    """A gateway of its own that judges every answer."""
    running = Served(tmp_path, stub, "--judge", "1")
    yield running
    running.close()
