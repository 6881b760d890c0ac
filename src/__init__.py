"""Makes `src.voxel…` mean `voxel…` in a checkout, so that the documented ways in work from the repository root:

    python3 -m src.voxel.training.data_collection.blend_parser
    from src.voxel.training.fine_tuning.training_orchestrator import TrainingOrchestrator

`src.voxel.x` is the very module `voxel.x`, not a second copy, so classes and errors of both names are the same. A
Python that lacks the dependencies hands over to the checkout's own `.venv`, where there is one.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

_SOURCE = Path(__file__).resolve().parent
_HELP = "Voxel's dependencies are not installed for this Python; run ./quick_start_training.sh"


class _SameModule(Loader):
    """Loads `src.voxel.x` by importing `voxel.x`."""

    def __init__(self, real: str) -> None:
        self._real = real
        self._own_spec: ModuleSpec | None = None

    def create_module(self, _spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._own_spec  # the import system has just put that of `src.voxel.x` there

    def get_code(self, _fullname: str) -> CodeType | None:
        """For `python -m`, which runs the code under the name `__main__`."""
        spec = importlib.util.find_spec(self._real)
        loader = spec.loader if spec else None
        return loader.get_code(self._real) if loader is not None and hasattr(loader, "get_code") else None


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "src.voxel" and not fullname.startswith("src.voxel."):
            return None
        real = fullname.removeprefix("src.")
        found = importlib.util.find_spec(real)
        if found is None:
            return None
        spec = ModuleSpec(fullname, _SameModule(real), origin=found.origin)
        spec.submodule_search_locations = found.submodule_search_locations
        spec.has_location = found.has_location
        return spec


def _hand_over() -> None:
    """Runs the same command line in the checkout's .venv; where that cannot be, says what helps."""
    venv = _SOURCE.parent / ".venv"
    words = sys.orig_argv[1:]
    restartable = bool(words) and words[-1] != "-" and "-i" not in words and Path(sys.argv[0] or "-").name != "-"
    if not restartable or hasattr(sys, "ps1") or "ipykernel" in sys.modules:
        raise ImportError(_HELP + f", then use {venv}/bin/python")
    if Path(sys.prefix).resolve() != venv.resolve() and (venv / "bin" / "python").exists():
        sys.stdout.flush()
        os.execv(venv / "bin" / "python", [str(venv / "bin" / "python"), *words])  # noqa: S606 - no shell on purpose
    sys.stderr.write(_HELP + "\n")
    raise SystemExit(2)


if importlib.util.find_spec("msgspec") is None:
    _hand_over()
if str(_SOURCE) not in sys.path:
    sys.path.insert(0, str(_SOURCE))
if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
    sys.meta_path.insert(0, _Finder())
