#!/usr/bin/env bash
# Checks everything: formatting, lint, types, the import contracts, and the tests. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/environment.sh

make_environment
install_project blender,dev
install_system_parts
# the tests prove on both supported series; once, into the user's cache
.venv/bin/voxel blender list --json | grep -q '"version": *"5\.0' || .venv/bin/voxel blender add 5.0

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports
# -v cancels the -q of pyproject.toml, so that the closing line shows every count
exec .venv/bin/pytest -v -o console_output_style=count "$@"
