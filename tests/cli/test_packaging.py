"""What an extra brings is enough for what it is for, though here everything is installed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

from voxel.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
NEEDING: dict[str, tuple[str, ...]] = {
    "": (*(command.module for command in COMMANDS), "voxel.models", "voxel.training.pipeline"),
    "serve": ("voxel.training.deployment.gateway", "voxel.training.deployment.listening", "voxel.ui"),
}
"""By extra, what has to be importable with it alone."""
ONLY = """
import importlib, importlib.abc, sys
allowed = set(sys.argv[1].split())
class Gate(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if top not in sys.stdlib_module_names and top not in allowed:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Gate())
for module in sys.argv[2:]:
    importlib.import_module(module)
"""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought_by(lines: list[str]) -> set[str]:
    """The distributions that these requirements bring, with what those need in turn; extras of those are left aside."""
    found: set[str] = set()
    waiting = [re.split(r"[\[<>=!~;( ]", line)[0] for line in lines]
    while waiting:
        name = normal(waiting.pop())
        if name not in found:
            found.add(name)
            try:
                more = requires(name) or []
            except PackageNotFoundError:
                continue  # of another system
            waiting += [re.split(r"[\[<>=!~;( ]", line)[0] for line in more if "extra ==" not in line]
    return found


@pytest.mark.parametrize("extra", NEEDING)
def test_what_an_extra_brings_is_enough(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    more = project["optional-dependencies"][extra] if extra else []
    there = brought_by([*project["dependencies"], *more])
    modules = {name for name, owners in packages_distributions().items() if {normal(one) for one in owners} & there}
    words = [sys.executable, "-c", ONLY, " ".join(modules | {"voxel"}), *NEEDING[extra]]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
