"""`voxel deploy list` as a person and a script meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voxel.cli.main import main
from voxel.training.deployment.model_deployer import ModelDeployer
from voxel.training.deployment.model_deployer import main as module

ROLES = ("concept", "builder", "texture", "render", "animation")


def test_each_role_has_a_line_also_when_nothing_serves_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["deploy", "list", "--data-dir", str(tmp_path)]
    assert main(words) == 0
    assert capsys.readouterr().out == "".join(f"{role:10} nothing\n" for role in ROLES)
    assert main([*words, "--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"role": role, "champion": None, "version": None, "challenger": None, "share": None, "previous": None}
        for role in ROLES
    ]
    ModelDeployer(tmp_path, env_file=tmp_path / ".env").deploy_model("m1", "local", "builder", {}, force=True)
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "concept    nothing",
        "builder    m1 (version 1, local, forced)",
    ]


def test_a_file_in_place_of_the_data_directory_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f"
    file.touch()
    line = (
        f"cannot read {file}/deployment/deployed_models.json: a file stands where a folder should be; "
        "take another --data-dir\n"
    )
    assert main(["deploy", "list", "--data-dir", str(file)]) == 2
    assert capsys.readouterr() == ("", f"voxel: {line}")
    assert module(["--data-dir", str(file)]) == 2
    assert capsys.readouterr() == ("", f"error: {line}")


def test_a_challenger_is_listed_with_its_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    deployer = ModelDeployer(tmp_path, env_file=tmp_path / ".env")
    deployer.deploy_model("m1", "openai", "builder", {}, force=True)
    deployer.start_canary("m2", "openai", "builder", {}, share=0.25, force=True)
    words = ["--data-dir", str(tmp_path), "--json"]
    assert main(["deploy", "list", *words]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[1]) == {
        "role": "builder", "champion": "m1", "version": 1, "challenger": "m2", "share": 0.25, "previous": None,
    }  # fmt: skip
    assert main(["deploy", "rollback", "--role", "builder", *words]) == 0
    assert json.loads(capsys.readouterr().out)["challenger"] is None
    assert main(["deploy", "canary", "m3", "--role", "builder", *words]) == 2
    assert "m3 was not evaluated as builder" in capsys.readouterr().err
