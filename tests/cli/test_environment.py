"""When scripts/environment.sh asks pip, which looks into the network, and when it need not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMANDS = {
    "nothing": ("", False),
    "what is there": ("Requires-Dist: pytest>=8; extra == 'serve'", False),
    "what another system needs": ("Requires-Dist: none-such; extra == 'serve' and sys_platform == 'win32'", False),
    "more in another extra": ("Requires-Dist: none-such; extra == 'local'", False),
    "what is not there": ("Requires-Dist: none-such; extra == 'serve'", True),
    "a newer version": ("Requires-Dist: pytest>=999; extra == 'serve'", True),
    "without the extra": ("Requires-Dist: none-such", True),
    "by way of another extra": (
        "Requires-Dist: voxel-training[ray]; extra == 'serve'\nRequires-Dist: none-such; extra == 'ray'", True
    ),
}  # fmt: skip
"""What the installed project says that the extra [serve] asks for, and whether that needs pip."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone in which [dev] was installed; its pip only notes that it was asked."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *"pip install"*) echo "$*" >asked;; *) exec {sys.executable} "$@";; esac\n'
    )
    python.chmod(0o755)
    install(tmp_path, "dev")
    assert "-e .[dev]" in (tmp_path / "asked").read_text()
    (tmp_path / "asked").unlink()
    return tmp_path


def install(folder: Path, extras: str) -> None:
    words = ["bash", "-euc", f". scripts/environment.sh; install_project {extras}"]
    subprocess.run(words, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder / "told")}, check=True, timeout=60)


@pytest.mark.parametrize("demand", DEMANDS)
def test_pip_is_asked_only_for_what_is_not_there(folder: Path, demand: str) -> None:
    told, asks = DEMANDS[demand]
    held = folder / "told" / "voxel_training-0.1.0.dist-info"
    held.mkdir(parents=True)
    (held / "METADATA").write_text(f"Metadata-Version: 2.4\nName: voxel-training\nVersion: 0.1.0\n{told}\n")
    install(folder, "dev,serve")
    assert (folder / "asked").exists() == asks
    assert (folder / ".venv" / "installed").read_text().splitlines()[1:] == ["dev", "serve"]


def test_another_state_of_the_project_is_installed(folder: Path) -> None:
    with (folder / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    install(folder, "dev")
    assert (folder / "asked").exists()
