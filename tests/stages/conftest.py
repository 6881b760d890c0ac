"""Lets the tests here, and the worker processes that they start, import `tests.stages.squaring`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)
