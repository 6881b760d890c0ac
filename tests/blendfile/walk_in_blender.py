"""Run by an interpreter with bpy: what Blender finds in each file named on stdin, one JSON line each on stdout.

Walks the same facts as an inventory does. Scripts in the files are off. Not a test itself.
"""

from __future__ import annotations

import json
import os
import sys

import bpy


def facts() -> dict[str, object]:
    data = bpy.data
    return {
        "version": data.version[0] * 100 + data.version[1],
        "subversion": data.version[2],
        "objects": {one.name: one.type for one in data.objects if one.library is None},
        "meshes": {one.name: len(one.vertices) for one in data.meshes if one.library is None},
        "materials": {
            one.name: [node.bl_idname for node in one.node_tree.nodes] if one.node_tree else []
            for one in data.materials
            if one.library is None
        },
        "modifiers": {
            one.name: [modifier.type for modifier in one.modifiers]
            for one in data.objects
            if one.library is None and len(one.modifiers)
        },
        "node_groups": {
            one.name: [node.bl_idname for node in one.nodes] for one in data.node_groups if one.library is None
        },
        "actions": sorted(one.name for one in data.actions if one.library is None),
        "texts": sorted(one.name for one in data.texts if one.library is None),
        "libraries": sorted(one.filepath for one in data.libraries),
    }


def main() -> None:
    # Blender prints to the same stdout; the answers keep the real one for themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            bpy.ops.wm.open_mainfile(filepath=line.rstrip("\n"), load_ui=False, use_scripts=False)
            said = facts()
        except RuntimeError as error:
            said = {"error": str(error)}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
