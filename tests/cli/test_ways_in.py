"""The documented ways in, from the repository root, with the environment's Python and with a bare one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voxel.cli.installation import COMPONENTS

ROOT = Path(__file__).parents[2]


def run(*words: str, cwd: Path = ROOT, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that has no .venv."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "verify_ml_training.py", folder)
    return folder


@pytest.mark.parametrize(("module", "name"), COMPONENTS)
def test_each_class_imports_by_its_documented_path_and_is_the_one_class(module: str, name: str) -> None:
    code = (
        f"from src.voxel.training.{module} import {name} as a\n"
        f"from voxel.training.{module} import {name} as b\n"
        "assert a is b\n"
        f"import src.voxel.training.{module} as m\n"
        "print(m.__spec__.name, m.__name__)\n"
    )
    done = run(sys.executable, "-W", "error", "-c", code)
    assert done.stdout == f"voxel.training.{module} voxel.training.{module}\n", done.stderr


@pytest.mark.parametrize("module", [module for module, _ in COMPONENTS])
def test_each_module_runs_by_its_documented_path(module: str) -> None:
    done = run(sys.executable, "-W", "error", "-m", f"src.voxel.training.{module}", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


def test_a_module_of_that_name_that_does_not_exist_is_an_import_error() -> None:
    done = run(sys.executable, "-c", "import src.voxel.nothing")
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'src.voxel.nothing'"


def test_a_bare_python_hands_over_to_the_environment(bare: str) -> None:
    if not (ROOT / ".venv").exists():
        pytest.fail("these tests run in the checkout's own .venv, as run_tests.sh makes it")
    module = "src.voxel.training.data_collection.blend_parser"
    done = run(bare, "-m", module, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")
    done = run(bare, "-c", "import sys, src.voxel.stages; print(sys.prefix)")
    assert done.stdout == f"{(ROOT / '.venv').resolve()}\n"
    done = run(bare, "-", stdin="import src\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: Voxel's dependencies are not installed for this Python"
    )


def test_a_bare_python_without_an_environment_says_what_to_run(bare: str, checkout: Path) -> None:
    done = run(bare, "-m", "src.voxel.training.data_collection.blend_parser", cwd=checkout)
    assert done.returncode == 2
    assert done.stderr == "Voxel's dependencies are not installed for this Python; run ./quick_start_training.sh\n"


def test_verify_runs_with_a_bare_python(bare: str, checkout: Path) -> None:
    done = run(bare, "verify_ml_training.py", cwd=checkout)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "MISSING  component BlenderFileScraper: No module named 'msgspec': "
        "./quick_start_training.sh installs what is missing"
    )
    assert lines[18] == "2 of 18 checks hold"
    assert not (checkout / "training_data").exists()
    assert run(bare, "verify_ml_training.py").stdout.startswith("ok       component BlenderFileScraper")
