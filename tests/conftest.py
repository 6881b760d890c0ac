"""What all tests share: a browser, real .blend files where a checkout has a corpus beside it, and what takes root."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window; what it is asked of is skipped where it or playwright is missing."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
