"""`inspect eval voxel/ROLE` against a model behind OpenAI's API."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from inspect_ai.log import read_eval_log
from tests.training.evaluation.chat_server import ChatServer
from tests.training.evaluation.questions import examples


def test_the_inspect_program_gives_the_same_scores(data_dir: Path, model: ChatServer, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("inspect")
    words = ["eval", "voxel/all", "--model", "openai/tuned", "-M", "responses_api=false", "-T", f"data_dir={data_dir}"]
    done = subprocess.run(
        [program, *words, "--log-dir", tmp_path / "logs", "--log-format", "json", "--display", "plain"],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-test"},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "logs").glob("*.json")
    log = read_eval_log(str(path))
    assert log.status == "success"
    assert log.samples is not None
    found = {}
    for sample in log.samples:
        assert sample.scores is not None
        (score,) = sample.scores.values()
        assert isinstance(score.value, dict)
        found[sample.id] = (score.value["overall"], score.value["solved"])
    cube, light = (each.id for each in examples())
    assert found == {cube: (1.0, 1.0), light: (0.0, 0.0)}
    assert len(model.asked) == 2
