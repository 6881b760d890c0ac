"""Blender runtimes: an interpreter that has `bpy`, or a `blender` executable.

Several live side by side. The one installed with this package is the default; more lie in
`$XDG_CACHE_HOME/voxel/runtimes/<version>/`, each a virtual environment of its own.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from voxel.errors import SetupError, UsageError

PACKAGES = {"4.5": "bpy==4.5.15", "5.0": "bpy==5.0.1"}
EXECUTABLE = "executable.txt"
_PROBE = """
import importlib.util, json, pathlib, sys
from importlib.metadata import version
# where bpy lies, which need not be the environment's own folder: a .pth file may lead to another one
site = pathlib.Path(importlib.util.find_spec("bpy").origin).parent.parent
print(json.dumps({
    "bpy": version("bpy"), "python": sys._base_executable, "prefix": sys.base_prefix, "site": str(site),
}))
"""


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """One Blender that can be started."""

    version: str
    """Full version, such as `4.5.15`."""
    python: str
    """Interpreter to start, outside any virtual environment; for a `blender` executable, that executable."""
    prefix: str
    """Folder of the interpreter's own files, or of the executable."""
    site: str
    """Folder of the packages, with `bpy` in it; empty for an executable."""
    executable: bool = False

    @property
    def series(self) -> str:
        """Major and minor version, such as `4.5`."""
        return ".".join(self.version.split(".")[:2])


def runtimes_folder() -> Path:
    """Where added runtimes lie."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "voxel" / "runtimes"


@functools.cache
def _probe(python: str) -> Runtime:
    try:
        done = subprocess.run([python, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=60, check=False)
        facts = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise SetupError(f"{python} has no working bpy; mend it with: pip install bpy, in that environment") from error
    return Runtime(version=facts["bpy"], python=facts["python"], prefix=facts["prefix"], site=facts["site"])


def from_python(python: str | Path) -> Runtime:
    """The runtime of an interpreter that has bpy. Raises SetupError where it has none."""
    return _probe(str(python))


def _added(folder: Path) -> Runtime:
    mark = folder / EXECUTABLE
    if mark.is_file():
        return from_executable(mark.read_text("utf-8").strip())
    try:
        return _probe(str(folder / "bin" / "python"))
    except SetupError as error:
        raise SetupError(f"runtime {folder.name} is broken; mend it with: voxel blender add {folder.name}") from error


def default() -> Runtime:
    """The runtime installed beside this package, else the newest one that was added."""
    try:
        return _probe(sys.executable)
    except SetupError:
        names = sorted(_names(), key=lambda name: [int(part) for part in name.split(".") if part.isdigit()])
        if not names:
            raise SetupError("no Blender found; install one with: voxel blender add 4.5") from None
        return _added(runtimes_folder() / names[-1])


def _names() -> list[str]:
    folder = runtimes_folder()
    return (
        [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
        if folder.is_dir()
        else []
    )


def find(version: str | None = None) -> Runtime:
    """The runtime for a version such as `4.5` or `4.5.15`; None means the default.

    Raises SetupError with the command that adds it.
    """
    if version is None:
        return default()
    try:
        runtime = default()
        if runtime.version == version or runtime.series == version:
            return runtime
    except SetupError:
        if not _names():
            raise
    for name in _names():
        if name == version or name.startswith(version + ".") or version.startswith(name + "."):
            return _added(runtimes_folder() / name)
    raise SetupError(f"Blender {version} is not installed; add it with: voxel blender add {version}")


def exactly(version: str) -> Runtime:
    """The runtime of just this version, such as `4.5.15`: another one of its series may answer otherwise.

    SetupError where it is not installed, as on a machine of a cluster that was set up at another time.
    """
    runtime = find(version)
    if runtime.version != version:
        raise SetupError(f"Blender {version} is asked for, and here is {runtime.version}: install the same everywhere")
    return runtime


def available() -> list[Runtime]:
    """Every runtime that works, default first."""
    out: list[Runtime] = []
    for name in (None, *sorted(_names())):
        try:
            runtime = default() if name is None else _added(runtimes_folder() / name)
        except SetupError:
            continue
        if runtime not in out:
            out.append(runtime)
    return out


def add(version: str) -> Runtime:
    """Installs `bpy` of a version into an environment of its own. Raises SetupError where pip cannot.

    A half-made environment never takes the place of a working one.
    """
    if not all(part.isdigit() for part in version.split(".")):
        raise UsageError(f"{version} is not a Blender version; write one such as 4.5")
    target = runtimes_folder() / version
    building = target.with_name(f".{version}.{os.getpid()}")
    package = PACKAGES.get(version) or (f"bpy=={version}" if version.count(".") > 1 else f"bpy=={version}.*")
    building.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", building], check=True, capture_output=True)
        python = building / "bin" / "python"
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", package], check=False, capture_output=True, text=True
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            raise SetupError(
                f"{package} cannot be installed on Python {sys.version_info[0]}.{sys.version_info[1]}: {reason}"
            )
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)
    except (subprocess.CalledProcessError, OSError) as error:
        raise SetupError(f"no environment for Blender {version}: {error}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _probe.cache_clear()
    return _added(target)


@functools.cache
def from_executable(executable: str) -> Runtime:
    """The runtime of a `blender` program. Raises SetupError where it does not say its version."""
    program = Path(executable).expanduser().resolve()
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
        version = done.stdout.split()[1]
    except (OSError, IndexError, subprocess.SubprocessError) as error:
        raise SetupError(
            f"{program} is no working Blender; mend it with: voxel blender add VERSION --executable PATH"
        ) from error
    return Runtime(version=version, python=str(program), prefix=str(program.parent), site="", executable=True)


def add_executable(version: str, executable: str) -> Runtime:
    """Makes a `blender` program known under its version. Raises SetupError where it is another one."""
    runtime = from_executable(executable)
    if not f"{runtime.version}.".startswith(f"{version}."):
        raise SetupError(f"{executable} is Blender {runtime.version}, not {version}")
    target = runtimes_folder() / version
    target.mkdir(parents=True, exist_ok=True)
    (target / EXECUTABLE).write_text(runtime.python, "utf-8")
    return runtime


def remove(version: str) -> None:
    """Deletes an added runtime. Raises UsageError where there is none of that name."""
    target = runtimes_folder() / version
    if version not in _names():
        raise UsageError(f"no added runtime {version}; `voxel blender list` shows what there is")
    shutil.rmtree(target)
    _probe.cache_clear()
