"""The box holds, and each of its protections is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import syscalls

from voxel.blender import Blender, Runtime
from voxel.blender.attacks import ATTACKS, PROTECTIONS
from voxel.blender.runtimes import default
from voxel.blender.selfcheck import self_check
from voxel.errors import SetupError

NEEDS_ROOT = {"user", "capabilities"}


def test_every_attack_is_held(series: Runtime) -> None:
    assert [held for held in self_check(series) if not held.ok] == []


def test_every_protection_has_an_attack() -> None:
    assert {attack.protection for attack in ATTACKS} == set(PROTECTIONS)


@pytest.mark.parametrize("protection", sorted(PROTECTIONS))
def test_without_one_protection_the_check_notices(protection: str) -> None:
    if protection in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("an ordinary user cannot give up what only root has")
    attacks = [attack for attack in ATTACKS if attack.protection == protection]
    # a box that must be waited for until the host gives up is given little time; the others as much as they need
    grace = 2.0 if protection in {"cpu", "wall"} else 20.0
    found = list(self_check(attacks=attacks, lift=frozenset({protection}), grace=grace))
    assert [held for held in found if not held.ok], f"nothing noticed that {PROTECTIONS[protection]} was gone"


AS_USER = """
import sys
from voxel.blender.selfcheck import self_check
import os
assert os.getuid() == 65533
bad = [held for held in self_check() if not held.ok]
print(bad)
sys.exit(bool(bad))
"""


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become another user")
def test_the_box_holds_for_an_ordinary_user(tmp_path: Path) -> None:
    """Root becomes an ordinary user in a view of this machine where the interpreter can be reached by others."""
    runtime = default()
    view = ["bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc"]
    root = Path("/root")
    if Path(runtime.prefix).is_relative_to(root):
        view += ["--perms", "0755", "--tmpfs", str(root)]
        parents = [parent for parent in Path(runtime.prefix).parents if parent.is_relative_to(root) and parent != root]
        for parent in sorted(parents):
            view += ["--perms", "0755", "--dir", str(parent)]
        view += ["--ro-bind", runtime.prefix, runtime.prefix]
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65533, 65533)
    tmp_path.chmod(0o755)
    view += ["--perms", "0777", "--tmpfs", "/mnt", "--setenv", "HOME", "/mnt", "--setenv", "XDG_CACHE_HOME", "/mnt"]
    person = ["setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups"]
    done = subprocess.run(
        [*view, "--", *person, sys.executable, "-c", AS_USER], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_model_written_code_is_refused_without_a_box(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("voxel.blender.box.bwrap", lambda: None)
    with Blender() as blender:
        with pytest.raises(SetupError, match="bubblewrap"):
            blender.run("import bpy\n")
        path = tmp_path / "cube.blend"
        path.write_bytes(blender.make("import bpy\nbpy.ops.mesh.primitive_cube_add()\n"))
        assert b'"vertices": 8' in blender.load(path, result="counts")


def test_the_fallback_still_limits_and_isolates() -> None:
    with Blender(boxed=False) as blender:
        assert blender.run("import bpy\nbpy.ops.mesh.primitive_cube_add()\n", result="counts").verdict == "passed"
        assert blender.run("import bpy\nassert not bpy.data.objects\n", dump=False).verdict == "passed"
        assert blender.run("while True:\n    pass\n", timeout=1, dump=False).verdict == "timeout"
        assert blender.run("import os\nos.fork()\n", dump=False).verdict == "blocked"
        assert blender.run("import os\nprint(sorted(os.environ))\n", dump=False).output.count("TOKEN") == 0
        big = blender.run("x = bytearray(64 << 30)\n", dump=False)
        assert (big.verdict, big.errors[0].kind) == ("failed", "MemoryError")


@pytest.mark.parametrize(
    ("machine", "header"),
    [("x86_64", "asm/unistd_64.h"), ("aarch64", "asm-generic/unistd.h")],
    ids=["x86_64", "aarch64"],
)
def test_system_call_numbers_are_those_of_the_kernel(machine: str, header: str) -> None:
    places = [Path("/usr/include") / header, *Path("/usr/include").glob(f"*/{header}")]
    found = [place for place in places if place.is_file()]
    if not found:
        pytest.skip("the kernel's headers are not installed")
    text = found[0].read_text()
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    column = 0 if machine == "x86_64" else 1
    wrong = {
        name: pair[column]
        for name, pair in syscalls._DENIED.items()
        if pair[column] >= 0 and name in numbers and numbers[name] != pair[column]
    }
    assert wrong == {}


def test_the_filter_is_whole_for_both_machines() -> None:
    for machine in ("x86_64", "aarch64"):
        program = syscalls.program(17, machine)
        assert program is not None
        assert len(program) % 8 == 0
        assert len(program) // 8 < 4096
    assert syscalls.program(17, "riscv64") is None
