"""Servers and training files that tests of providers share."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.providers.openai_server import KEY, OpenAIServer, write_openai  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "local: trains a model here; deselected where torch is not installed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if all(importlib.util.find_spec(name) for name in ("torch", "transformers", "trl", "peft")):
        return
    gone = [item for item in items if item.get_closest_marker("local")]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]
        config.stash[_GONE] = len(gone)


_GONE = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(_GONE, 0):
        terminalreporter.write_line(
            f"{count} tests that train a model were left out: torch, transformers, trl or peft is missing "
            "(pip install 'voxel-training[local]')"
        )


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    held = OpenAIServer()
    yield held
    held.close()


@pytest.fixture
def openai_env(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> OpenAIServer:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    return server


@pytest.fixture
def training(tmp_path: Path) -> Path:
    return write_openai(tmp_path / "train_openai.jsonl")


@pytest.fixture
def validation(tmp_path: Path) -> Path:
    return write_openai(tmp_path / "val_openai.jsonl", 3, "cone")
