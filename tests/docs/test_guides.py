"""Every command and Python line of README and guides, run in the order in which a reader meets them.

They run in a fresh copy of the checkout, without a network where the user may take it away, with a home folder of its
own, which holds `~/my-blends` with one file that Blender made. What is not run as written stands in NOT_RUN with its
reason; words in capitals are filled in from FILLED.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from voxel.blender import Blender
from voxel.cli.commands import COMMANDS
from voxel.cli.main import program

ROOT = Path(__file__).parents[2]
GUIDES = (
    "README.md", "docs/ML_TRAINING_READY.md", "docs/ML_TRAINING_COMPLETE.md", "docs/TRAINING_HANDOFF.md",
    "docs/architecture.md", "CONTRIBUTING.md",
)  # fmt: skip
NOT_RUN = {
    "./quick_start_training.sh": "makes the environment that these tests run in",
    "./run_tests.sh": "runs these tests",
    "voxel run": "the samples take minutes; with --source folder the same command runs here",
    "voxel ui": "serves until it is stopped; tests/ui runs it",
    "voxel jobs submit --provider local --role builder": "trains a model; tests/providers/test_local.py does",
    "voxel jobs monitor": "follows jobs, of which there are none here",
    "voxel deploy gate MODEL --role builder": "the gate refuses a model that was measured on too few examples",
    "voxel evaluate MODEL --role builder": "one file may hold no test example; tests/training/evaluation runs it",
    "voxel doctor": "tries every attack on the box; tests/blender/test_box.py does, tests/cli/test_doctor.py the rest",
}
FILLED = {"FILE.blend": "$HOME/my-blends/crate.blend", "SCRIPT.py": "docs/example.py"}
UNPLUGGED = ["unshare", "-n"] if os.geteuid() == 0 and shutil.which("unshare") else []
CRATE = """import bpy
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.5))
crate = bpy.context.object
crate.name = "Crate"
crate.modifiers.new("Bevel", "BEVEL").width = 0.04
material = bpy.data.materials.new("Pine")
material.use_nodes = True
material.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.62
crate.data.materials.append(material)
"""


class Fence(NamedTuple):
    """A block of code in a guide."""

    guide: str
    line: int
    language: str
    text: str


def fences(guide: str) -> Iterator[Fence]:
    text = (ROOT / guide).read_text("utf-8")
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Fence(guide, text[: found.start()].count("\n") + 1, found[1], found[2])


def commands(text: str) -> Iterator[str]:
    for line in text.splitlines():
        command = re.split(r"\s+#|\s{3,}", line.strip())[0]
        if command.startswith(("voxel ", "python3 ", "./", ". ")):
            yield command


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of the checkout, and a home beside it."""
    top = tmp_path_factory.mktemp("newcomer")
    kept = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "docs", "scripts"):
        shutil.copytree(ROOT / name, top / "clone" / name, ignore=kept)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, top / "clone")
    (top / "clone" / ".venv").symlink_to(Path(sys.prefix))
    files = top / "home" / "my-blends"
    files.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", files)
    with Blender() as blender:
        (files / "crate.blend").write_bytes(blender.make(CRATE))
    return top / "clone"


def ran(clone: Path, *words: str) -> str:
    environment = {
        "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
        "HOME": str(clone.parent / "home"),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        "PYTHONPATH": f"{clone / 'src'}",
    }
    done = subprocess.run(
        [*UNPLUGGED, *words], cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=500,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.parametrize("guide", GUIDES)
def test_every_line_works_as_written(clone: Path, guide: str) -> None:
    python = ""
    for fence in fences(guide):
        if fence.language == "python" and "import bpy\n" in fence.text.splitlines(keepends=True):
            # code for Blender
            (clone / "block.py").write_text(python_of(fence, before=(clone / "block.py")))
            ran(clone, "voxel", "check", "block.py")
        elif fence.language == "python":
            python += fence.text
        for command in commands(fence.text) if not fence.language else ():
            if command in NOT_RUN:
                continue
            for word, meant in FILLED.items():
                command = command.replace(word, meant)
            ran(clone, "bash", "-c", command)
    if python:
        ran(clone, "python3", "-W", "error", "-c", python)


def python_of(fence: Fence, before: Path) -> str:
    """The code of one block, after that of the block before it, which sets up what it takes as given."""
    return (before.read_text() if before.exists() else "") + fence.text


def test_the_readme_shows_the_example_that_is_in_the_folder() -> None:
    shown = [fence.text for fence in fences("README.md") if fence.text.startswith("import bpy\n")]
    assert len(shown) == 2
    whole = shown[0] + "\n" + shown[1].replace("import bpy\n\n", "", 1)
    assert (ROOT / "docs" / "example.py").read_text().rstrip() == whole.rstrip()


def test_the_picture_is_what_the_example_makes(tmp_path: Path) -> None:
    with Blender("4.5") as blender:
        made = blender.render((ROOT / "docs" / "example.py").read_text(), size=(480, 360), samples=24)
    kept = (ROOT / "docs" / "example.png").read_bytes()
    assert made.verdict == "passed"
    assert abs(len(made.png) - len(kept)) < len(kept) // 20


@pytest.mark.parametrize("command", sorted(NOT_RUN))
def test_what_is_not_run_is_still_written_somewhere(command: str) -> None:
    written = {one for guide in GUIDES for fence in fences(guide) for one in commands(fence.text)}
    assert command in written


def test_every_command_in_every_guide_exists() -> None:
    top = typer.main.get_command(program(*(command.name for command in COMMANDS)))
    guides = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
    written = [
        (path.name, command)
        for path in guides
        for fence in fences(str(path.relative_to(ROOT)))
        if not fence.language
        for command in commands(fence.text)
        if command.startswith("voxel ")
    ]
    assert len(written) > 80
    assert [(name, command) for name, command in written if misspelt(top, command)] == []


def misspelt(top: object, command: str) -> str:
    """The first word of a command line that the program does not know; empty when it knows all."""
    words = shlex.split(command.split(" | ")[0])[1:]
    level: object = top
    while words and hasattr(level, "commands") and not words[0].startswith("-"):
        level = level.commands.get(words[0])
        if level is None:
            return words[0]
        words = words[1:]
    known = {option for param in getattr(level, "params", ()) for option in param.opts} | {"--help", "-o"}
    return next((word for word in words if word.startswith("--") and word.partition("=")[0] not in known), "")
