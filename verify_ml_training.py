#!/usr/bin/env python3
"""The 18 checks of a complete installation, run with any Python 3.11 or newer: `python3 verify_ml_training.py`.

Exit status 0 only when all 18 hold. With the checkout's .venv present the checks are about that environment.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> int:
    """Prints the checks and returns the exit status."""
    venv = ROOT / ".venv"
    python = venv / "bin" / "python"
    if importlib.util.find_spec("msgspec") is None and python.exists() and Path(sys.prefix).resolve() != venv.resolve():
        os.execv(python, [str(python), *sys.orig_argv[1:]])  # noqa: S606 - no shell on purpose
    sys.path.insert(0, str(ROOT / "src"))
    from voxel.cli.installation import lines

    if importlib.util.find_spec("dotenv") is not None:
        from dotenv import load_dotenv

        load_dotenv(ROOT / ".env", override=False)
    wrong = False
    for line, bad in lines(ROOT / "training_data"):
        print(line)
        wrong = wrong or bad
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
