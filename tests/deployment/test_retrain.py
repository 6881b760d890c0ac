"""A round of retraining: what is new goes to a new dataset, a new model and a trial; what failed before never to test.

Training itself is stood in for: the model is a file of answers, which is then measured in real Blender like any other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from voxel.cli import retrain
from voxel.cli.main import main
from voxel.cli.mended import take_in
from voxel.errors import TryLater
from voxel.records.deployment import Failure
from voxel.stages import DataDir
from voxel.training.deployment.failures import Failures
from voxel.training.deployment.model_deployer import ModelDeployer

SCRIPT = "import bpy\nbpy.ops.mesh.primitive_{kind}_add({size}={length}, location=({at}, {at}, 1))\n"
KINDS = (("cube", "size"), ("uv_sphere", "radius"), ("cone", "depth"))
INJECTED = 6


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """Three repositories of scripts, so that each split gets one."""
    folders = []
    for at, (kind, size) in enumerate(KINDS):
        folder = tmp_path / kind
        folder.mkdir()
        (folder / "LICENSE").write_text("MIT License\n\nPermission is hereby granted, free of charge, to any person\n")
        (folder / "one.py").write_text(SCRIPT.format(kind=kind, size=size, length=at + 2, at=at + 3))
        folders.append(str(folder))
    return folders


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A data directory with mended failures in it, and a model that serves."""
    made = DataDir(tmp_path / "data").create()
    for number in range(INJECTED):
        code = SCRIPT.format(kind="torus", size="major_radius", length=number + 1.5, at=number * 2)
        failure = Failure(
            id=f"{number:016x}", at="2026-01-01T00:00:00+00:00", role="builder", version=1, model="old", messages=(),
            answer="", error="NameError", state="mended", how="person", code=code,
        )  # fmt: skip
        Failures(made).put(failure)
    (tmp_path / "old.jsonl").write_text("")
    deployer = ModelDeployer(made.root, env_file=tmp_path / ".env")
    deployer.deploy_model(str(tmp_path / "old.jsonl"), "answers", "builder", {}, force=True)
    return made


def answering(data: DataDir) -> Any:
    """In place of training: a model that answers every test example as it should be answered."""

    def train(_: Any, role: str) -> SimpleNamespace:
        path, old = data.root / "new.jsonl", data.root.parent / "old.jsonl"
        lines = [json.loads(line) for line in (data.datasets / "test.jsonl").read_text().splitlines()]
        path.write_text("".join(json.dumps({"id": one["id"], "answer": one["completion"]}) + "\n" for one in lines))
        old.write_text("".join(json.dumps({"id": one["id"], "answer": "No idea."}) + "\n" for one in lines))
        return SimpleNamespace(job_id=f"{role}-1", fine_tuned_model=str(path), state="succeeded", error="")

    return train


def test_a_round_goes_on_after_a_crash_and_says_what_the_failures_changed(
    data: DataDir,
    sources: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["retrain", *sources, "--provider", "answers", "--role", "builder", "--data-dir", str(data.root)]
    words += ["--blender", "4.5", "--workers", "1", "--quiet", "--json"]

    def dies(*_: Any) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr("voxel.training.pipeline.format_all", dies)
        with pytest.raises(RuntimeError, match="killed here"):
            main(words)
    (kept,) = (data.deployment / "retraining").glob("*.json")
    assert json.loads(kept.read_text())["step"] == "build"
    assert (data.datasets / "train.jsonl").stat().st_size > 0
    monkeypatch.setattr(retrain._Trainer, "train", dies)
    with pytest.raises(RuntimeError, match="killed here"):
        main(words)
    assert json.loads(kept.read_text())["step"] == "train"

    def is_down(_: Any, __: str) -> None:
        raise TryLater("the service is down")

    monkeypatch.setattr(retrain._Trainer, "train", is_down)
    assert main(words) == 1
    assert "the service is down" in capsys.readouterr().err
    left = json.loads(kept.read_text())
    assert (left["step"], left["roles"]["builder"]["ended"]) == ("train", "")
    monkeypatch.setattr(retrain._Trainer, "train", answering(data))
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["number"], told["step"], told["new_files"], told["new_failures"]) == (1, "ended", 3, INJECTED)
    assert told["failures_in_test"] == 0
    builder = told["roles"]["builder"]
    assert builder["from_failures"] == builder["new_from_failures"] > 0
    train = [json.loads(line) for line in (data.datasets / "train.jsonl").read_text().splitlines()]
    assert builder["examples"] == len([one for one in train if one["role"] == "builder"])
    assert builder["after"] > builder["before"]
    assert "at least 30 are needed" in builder["ended"]
    for split in ("val", "test"):
        assert '"source":"failures"' not in (data.datasets / f"{split}.jsonl").read_text()
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "nothing is new since the last round; nothing was done" in err
    assert len(list((data.deployment / "retraining").glob("*.json"))) == 1


def test_what_somebody_built_between_two_rounds_is_still_new_to_the_models(
    data: DataDir,
    sources: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(retrain._Trainer, "train", answering(data))
    words = ["--data-dir", str(data.root), "--blender", "4.5", "--workers", "1", "--quiet"]
    asked = ["retrain", *sources, "--provider", "answers", "--role", "builder", *words, "--json"]
    assert main(asked) == 0
    torus = next(iter(Failures(data).all()))
    code = "import bpy\nbpy.ops.mesh.primitive_ico_sphere_add(radius=4, subdivisions=3, location=(1, 2, 3))\n"
    broken = msgspec.structs.replace(torus, id="f" * 16, code=code, how="person")
    Failures(data).put(broken)
    assert main(["failures", "mend", "--data-dir", str(data.root)]) == 0
    take_in(data)
    assert main(["build", *words]) == 0
    capsys.readouterr()
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["number"], told["new_files"], told["new_failures"]) == (2, 0, 1)
    assert (told["roles"]["builder"]["examples"], told["roles"]["builder"]["new_from_failures"]) == (1, 1)
    assert told["roles"]["builder"]["ended"] != "no new examples"


_HOLD = """
import sys, time
from voxel.cli.retrain import _alone
from voxel.stages import DataDir
with _alone(DataDir(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_it_never_overlaps_itself(data: DataDir, capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(data.root)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert main(["retrain", "--data-dir", str(data.root), "--quiet"]) == 2
        assert "another voxel retrain works in" in capsys.readouterr().err
        other.kill()
