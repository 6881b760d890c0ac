"""A data directory with two held-out examples, and a model behind OpenAI's API."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

ROOT = str(Path(__file__).parents[3])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.training.evaluation.chat_server import ChatServer  # noqa: E402
from tests.training.evaluation.questions import CUBE, examples  # noqa: E402


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    datasets = tmp_path / "data" / "datasets"
    datasets.mkdir(parents=True)
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in examples())
    (datasets / "test.jsonl").write_bytes(lines)
    return tmp_path / "data"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ChatServer]:
    """Answers every prompt about the cube rightly and every other one not at all, until told otherwise."""
    server = ChatServer(
        lambda messages: (
            f"Here you are:\n```python\n{CUBE}```" if "Box" in messages[-1]["content"] else "I cannot do that."
        )
    )
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("INSPECT_EVAL")]:
        monkeypatch.delenv(name)
    yield server
    server.close()
    gc.collect()  # streams that inspect-ai left open are closed here, where their warnings are expected
