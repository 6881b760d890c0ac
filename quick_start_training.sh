#!/usr/bin/env bash
# From a bare checkout to a verified dataset. Run it again at any time: it goes on where it stopped.
#
#   ./quick_start_training.sh                               asks where the .blend files come from; without an answer the samples
#   ./quick_start_training.sh --source folder ~/my-blends   any options of `voxel run`
#   ./quick_start_training.sh </dev/null                    asks nothing and takes the samples
set -euo pipefail
cd "$(dirname "$0")"
. scripts/environment.sh

ask_source() {
  say "Where do the .blend files come from?"
  say "  1  samples: 96 scenes that Blender makes here; about 13 minutes on two cores"
  say "  2  a folder of yours: some seconds for each file"
  local answer folder
  read -r -t 30 -p "1 or 2 (1 in 30 seconds): " answer || { answer=1; say ""; }
  if [ "${answer:-1}" != 2 ]; then
    options=(--source samples)
    return
  fi
  while true; do
    read -r -e -p "Folder: " folder || exit 130
    folder="${folder/#\~/$HOME}"
    if [ -d "$folder" ]; then break; fi
    say "$folder is no folder"
  done
  options=(--source folder "$folder")
}

# asked before anything that takes long, so that nobody has to wait for a question
options=("$@")
if [ "$#" = 0 ] && [ -t 0 ] && [ -t 2 ]; then ask_source; fi

make_environment
install_project blender,serve
install_system_parts
.venv/bin/python -c 'from voxel.stages import DataDir; DataDir("training_data").create()'

.venv/bin/voxel verify

say ""
exec .venv/bin/voxel run "${options[@]}"
