"""The box: what a Blender that touches untrusted files or code can see and do.

bubblewrap gives it namespaces of its own and a file system that holds the system's libraries, the interpreter, the
environment with bpy and our `inside` folder, all read-only, plus an empty /tmp of limited size. There is no network, no
/proc (so nothing to write in /proc/sys and no other process to look at), no environment, no home, no capability.
Started as root, the box drops to a user id that owns nothing; started by an ordinary user, it lives in a user
namespace. Inside, each unit is a fork with limits and a system-call filter of its own (`inside/serve.py`,
`inside/syscalls.py`).

Not covered: faults of the kernel itself; side channels such as timing and CPU caches; a unit that uses all of its own
CPU and memory allowance; a script that forges the report on its own statements by reading its process's memory
(`inside/unit_play.py`). What lies in the system's /usr and in the environment's site-packages can be read. Without
bubblewrap (macOS) a unit is a limited process, on Linux with the system-call filter, but it sees the file system: code
that a model wrote is then refused unless the caller allows it.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from voxel.blender.runtimes import Runtime
from voxel.errors import SetupError

INSIDE = Path(__file__).parent / "inside"
MINIMUM_BWRAP = (0, 8)
TMP = "/tmp"  # noqa: S108  the box's own, empty at every unit
ENVIRONMENT = {
    "HOME": TMP, "TMPDIR": TMP, "PATH": "/usr/bin", "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip


@functools.cache
def bwrap() -> str | None:
    """Path of a bubblewrap that is new enough and works here, else None."""
    path = shutil.which("bwrap")
    if path is None or not sys.platform.startswith("linux"):
        return None
    try:
        words = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout.split()
        if tuple(int(part) for part in words[-1].split(".")[:2]) < MINIMUM_BWRAP:
            return None
        probe = [path, "--unshare-all", "--ro-bind", "/", "/", "/usr/bin/true"]
        subprocess.run(probe, capture_output=True, timeout=10, check=True)
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None
    return path


def missing() -> str:
    """What mends a missing box, as a sentence."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap needs Linux; pass --allow-unboxed to run scripts you trust without it"
    return "bubblewrap 0.8 or newer is needed: apt install bubblewrap (and user namespaces must be allowed)"


def _system_binds() -> list[str]:
    out = ["--ro-bind", "/usr", "/usr"]
    for name in ("/lib", "/lib64", "/bin"):
        path = Path(name)
        if path.is_symlink():
            out += ["--symlink", str(path.readlink()), name]
        elif path.exists():
            out += ["--ro-bind", name, name]
    return out


def command(
    runtime: Runtime, control: int, *, tmp: int, lift: frozenset[str] = frozenset(), program: str = "serve.py"
) -> list[str]:
    """The argument list that starts a program of `inside` in a box, talking on the file descriptor `control`.

    `lift` names protections to leave out, for tests that show what each is for. Raises SetupError without bubblewrap.
    """
    bubblewrap = bwrap()
    if bubblewrap is None:
        raise SetupError(missing())
    root = os.geteuid() == 0
    out = [bubblewrap, "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if "processes" not in lift:
        out.append("--unshare-pid")
    if "network" not in lift:
        out.append("--unshare-net")
    if root:
        if "capabilities" not in lift:
            out += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        out += ["--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    if "environment" not in lift:
        out.append("--clearenv")
    for name, value in ENVIRONMENT.items():
        out += ["--setenv", name, value]
    if "files" in lift:
        for name in ("/etc", "/home", "/var"):
            out += ["--ro-bind-try", name, name]
    out += _system_binds()
    # before the binds: a checkout may itself lie below /tmp
    size = [] if "tmp-size" in lift else ["--size", str(tmp)]
    out += ["--perms", "1777", *size, "--tmpfs", TMP]
    paths = [
        path for path in (runtime.prefix, runtime.site, str(INSIDE)) if path and not f"{path}/".startswith("/usr/")
    ]
    # bubblewrap makes missing parents for their owner alone, which the user inside is not
    for parent in sorted({str(parent) for path in paths for parent in Path(path).parents} - {"/", TMP}):
        out += ["--perms", "0755", "--dir", parent]
    for path in paths:
        out += ["--ro-bind", path, path]
    out += ["--dev", "/dev"]
    if "proc" in lift:
        out += ["--proc", "/proc"]
    if "read-only" not in lift:
        out += ["--remount-ro", "/dev", "--remount-ro", "/"]
    out += ["--chdir", TMP, "--", *_start(runtime, program)]
    uid = 1_000_000_000 + secrets.randbelow(1_000_000_000) if root and "user" not in lift else None
    return [*out, _settings(runtime, control, uid=uid, boxed="processes" not in lift, work=TMP, lift=lift)]


def unboxed_command(runtime: Runtime, control: int, work: str, program: str = "serve.py") -> list[str]:
    """The argument list of the fallback: the same program, without namespaces, working in the folder `work`."""
    return [*_start(runtime, program), _settings(runtime, control, uid=None, boxed=False, work=work, lift=frozenset())]


def _start(runtime: Runtime, program: str) -> list[str]:
    path = str(INSIDE / program)
    if runtime.executable:
        return [runtime.python, "--background", "--factory-startup", "--python", path, "--"]
    return [runtime.python, "-I", "-S", "-B", path]


def _settings(runtime: Runtime, control: int, *, uid: int | None, boxed: bool, work: str, lift: frozenset[str]) -> str:
    paths = [runtime.site] if runtime.site else []
    return json.dumps(
        {"control": control, "paths": paths, "uid": uid, "boxed": boxed, "work": work, "lift": sorted(lift)}
    )
