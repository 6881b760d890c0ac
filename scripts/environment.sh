# Sourced by quick_start_training.sh and run_tests.sh: the environment in .venv and what Blender takes from the system.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

# The libraries that the bpy package links to, and the box.
SYSTEM_PACKAGES="bubblewrap libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libice6 libgl1 libegl1"

# Runs a command as root when that needs no password; fails otherwise.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@" 2>/dev/null; fi
}

apt_install() {
  command -v apt-get >/dev/null || return 1
  as_root true 2>/dev/null || return 1
  say "installing with apt-get: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >/dev/null 2>&1 ||
    { as_root apt-get update -q >/dev/null 2>&1 && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >/dev/null; }
}

# Prints a Python 3.11 that can make environments: the version that Blender 4.5 is built for.
find_python() {
  local candidate
  for candidate in python3.11 python3 python; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# Makes .venv where there is none that works; one whose folder was moved does not.
make_environment() {
  if .venv/bin/pip --version >/dev/null 2>&1; then return 0; fi
  local python
  if python=$(find_python); then
    "$python" -m venv --clear .venv
  elif command -v uv >/dev/null; then
    uv venv -q --clear --seed --python 3.11 .venv
  elif apt_install python3.11-venv && python=$(find_python); then
    "$python" -m venv --clear .venv
  else
    say "Voxel needs Python 3.11, for which Blender 4.5 is built: sudo apt-get install python3.11-venv, or install uv (https://docs.astral.sh/uv/getting-started/installation/), which brings it; then run the same command again"
    return 2
  fi
}

# install_project EXTRAS: the project with its extras, unless they are installed from this state of pyproject.toml.
install_project() {
  local stamp=.venv/installed state extra
  state=$(cat pyproject.toml scripts/constraints.txt | cksum)
  if [ "$(head -n 1 "$stamp" 2>/dev/null)" = "$state" ]; then
    for extra in ${1//,/ }; do
      if ! grep -qx "$extra" "$stamp"; then
        # pip would look into the network even where another extra has brought everything
        brings_nothing_new "$extra" || break
        printf '%s\n' "$extra" >>"$stamp"
      fi
      extra=
    done
    if [ -z "$extra" ]; then return 0; fi
  fi
  say "installing voxel with [$1] (Blender is about 350 MB, once)"
  local trouble
  if ! trouble=$(.venv/bin/python -m pip install -qq --disable-pip-version-check -c scripts/constraints.txt -e ".[$1]" 2>&1); then
    trouble=$(printf '%s' "$trouble" | grep -v '^ *$' | tail -n 1 || true)
    say "voxel: installing failed; with a network and 2 GB of free disk, run: rm -r .venv && ./quick_start_training.sh (pip said: $trouble)"
    return 2
  fi
  { printf '%s\n' "$state"; printf '%s\n' "${1//,/$'\n'}"; } >"$stamp"
}

# brings_nothing_new EXTRA: whether whatever this extra of the installed project asks for is there, down to the last.
brings_nothing_new() {
  .venv/bin/python - "$1" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, distribution

from pip._vendor.packaging.requirements import Requirement

waiting, seen = [("voxel-training", sys.argv[1])], set()
while waiting:
    name, extra = waiting.pop()
    if (name, extra) in seen:
        continue
    seen.add((name, extra))
    for line in distribution(name).requires or ():
        asked = Requirement(line)
        if asked.marker and not asked.marker.evaluate({"extra": extra}):
            continue
        try:
            there = distribution(asked.name).version
        except PackageNotFoundError:
            sys.exit(1)
        if not asked.specifier.contains(there, prereleases=True):
            sys.exit(1)
        waiting += [(asked.name, each) for each in ("", *asked.extras)]
PYTHON
}

# What Blender and the box need from the system; says what is missing and what that costs.
install_system_parts() {
  local library
  library=$(.venv/bin/python - <<'PYTHON'
import importlib.util
import subprocess

spec = importlib.util.find_spec("bpy")
if spec and spec.origin:
    said = subprocess.run(["ldd", spec.origin], capture_output=True, text=True, check=False).stdout
    print(" ".join(line.split()[0] for line in said.splitlines() if "not found" in line))
PYTHON
  ) || library=""
  if [ -z "$library" ] && command -v bwrap >/dev/null; then return 0; fi
  # shellcheck disable=SC2086 # a list of words
  if apt_install $SYSTEM_PACKAGES; then return 0; fi
  if [ -n "$library" ]; then
    say "Blender needs libraries that are missing here: $library"
    say "  sudo apt-get install $SYSTEM_PACKAGES"
    return 2
  fi
  say "bubblewrap is missing and cannot be installed from here. Without it there is no box, and outside a box no"
  say "example is run: files are collected and parsed, but nothing is proved and no dataset is built. To mend it:"
  say "  sudo apt-get install bubblewrap"
}
