"""What a newcomer has: a fresh clone, and a home folder with some .blend files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import ROOT

from voxel.blender import Blender
from voxel.blender.runtimes import runtimes_folder

SAMPLES = ("spiral_staircase",)
"""The sample scenes that are left in the clone: all 80 would take minutes."""
_MATERIAL = """
material = bpy.data.materials.new(thing.name + " Paint")
material.use_nodes = True
principled = material.node_tree.nodes["Principled BSDF"]
principled.inputs["Roughness"].default_value = {0}
principled.inputs["Metallic"].default_value = {1}
thing.data.materials.append(material)
"""
THINGS = {
    "crate": """import bpy
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.5))
thing = bpy.context.object
thing.name = "Crate"
thing.modifiers.new("Bevel", "BEVEL").width = 0.04
bpy.data.texts.new("note").write("made for the guides")
"""
    + _MATERIAL.format(0.62, 0),
    "stool": """import bpy
bpy.ops.mesh.primitive_cylinder_add(radius=0.21, depth=0.05, location=(0.3, 0, 0.47))
thing = bpy.context.object
thing.name = "Seat"
thing.modifiers.new("Shell", "SOLIDIFY").thickness = 0.02
"""
    + _MATERIAL.format(0.35, 0.8),
    "barrel": """import bpy
bpy.ops.mesh.primitive_uv_sphere_add(segments=24, ring_count=12, radius=0.4, location=(-1, 2, 0.6))
thing = bpy.context.object
thing.name = "Body"
thing.scale = (1, 1, 1.5)
thing.modifiers.new("Row", "ARRAY").count = 3
"""
    + _MATERIAL.format(0.9, 0.1),
}
"""What lies in `my-blends`, as Blender makes it: different enough that none is left out as nearly another one."""


def clone_for_a_newcomer(top: Path) -> Path:
    """A clone of this checkout, with its uncommitted changes, below `top`; beside it a home with `my-blends`.

    Its environment is its own, but finds the packages of this one, and the Blenders that were added here, so that
    nothing has to be fetched.
    """
    clone = top / "clone"
    _git("clone", "-q", f"file://{ROOT}", str(clone))
    if changes := _git("-C", str(ROOT), "diff", "HEAD", "--binary"):
        _git("-C", str(clone), "apply", "-", stdin=changes)
    fewer = clone / "src" / "voxel" / "sources" / "samples.json"
    catalogue = json.loads(fewer.read_text())
    catalogue["samples"] = [sample for sample in catalogue["samples"] if sample["name"] in SAMPLES]
    fewer.write_text(json.dumps(catalogue))
    _environment(clone / ".venv")
    cache = top / "home" / ".cache" / "voxel"
    cache.mkdir(parents=True)
    if runtimes_folder().is_dir():
        (cache / "runtimes").symlink_to(runtimes_folder())
    _make_files(top / "home" / "my-blends", clone)
    return clone


def _git(*words: str, stdin: str = "") -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True, input=stdin).stdout


def _environment(folder: Path) -> None:
    """An environment that pip may change, in which the packages of this one count as installed."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    (own,) = (folder / "lib").glob("python*/site-packages")
    (own / "there.pth").write_text("".join(f"{path}\n" for path in sys.path if path.endswith("site-packages")))
    # the one that Python brings may be older than what the project is built with
    for old in [*own.glob("setuptools*"), *own.glob("pkg_resources"), *own.glob("_distutils_hack")]:
        shutil.rmtree(old)
    (own / "distutils-precedence.pth").unlink(missing_ok=True)
    ray = Path(sys.prefix) / "bin" / "ray"
    if ray.exists():
        # what pip would have put there, had it fetched ray
        _, _, rest = ray.read_text().partition("\n")
        (folder / "bin" / "ray").write_text(f"#!{folder / 'bin' / 'python'}\n{rest}")
        (folder / "bin" / "ray").chmod(0o755)


def _make_files(folder: Path, clone: Path) -> None:
    """The files that the guides speak of: three repositories in `folder`, and some in the clone."""
    with Blender() as blender:
        for at, (name, code) in enumerate(THINGS.items()):
            # the first lies at the top, as in the guides; the others are repositories of their own
            own = folder / ("" if at == 0 else name)
            own.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "LICENSE", own)
            (own / f"{name}.blend").write_bytes(blender.make(code))
            if at:
                _git("init", "-q", str(own))
    (clone / "models").mkdir()
    for name in ("robot.blend", "huge.blend", "models/robot.blend"):
        shutil.copy(folder / "crate.blend", clone / name)
    (clone / "mine.txt").write_text("KhronosGroup/glTF-Blender-IO  # by name\n")
    shutil.copy(clone / "docs" / "example.py", clone / "right.py")
