"""What all tests share: the corpus of real .blend files where a checkout has one beside it, and what takes root."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"


def pytest_configure(config: pytest.Config) -> None:
    # a shell that starts the tests in the background lets them ignore Ctrl-C, and whatever they start as well
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "corpus: needs the folder ../shared/corpus; deselected where there is none")
    config.addinivalue_line("markers", "root: mounts file systems or changes the user; deselected for other users")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = {"corpus": not CORPUS.is_dir(), "root": os.geteuid() != 0}
    kept = [item for item in items if not any(absent.get(mark.name) for mark in item.iter_markers())]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real .blend files, with `manifest.jsonl`."""
    return CORPUS
