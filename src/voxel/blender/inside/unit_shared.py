# the folder of a unit is the working folder of its fork: os.path is quicker to start and to call
# ruff: noqa: PTH100
"""Many attempts of our own writer's code in one fork, each in an empty scene; runs in Blender's Python.

Between two attempts the empty scene is read again from a file that the fork saved at its start: every datablock and
every setting of the scene is then another one. That the state is the empty one again is shown each time: the dump and
what is beside it (`state`) must be what they were before the first attempt. Where they are not, the fork ends, and the
attempts that are left get another one.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

import _bpy  # type: ignore[import-not-found]
import bpy
from unit_effects import effects
from unit_trial import Dump, trial

MOST_BYTES = 64 << 20
"""What one fork reports at most, but for its last attempt."""
KINDS = sorted(prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION")


def shared(attempts: list[dict[str, Any]], read: Dump, seconds: float, report: Callable[[bytes], None]) -> None:
    """Reports a line of JSON for each attempt: what `trial` returns, with `effects`, or null where it fails.

    Stops early when the scene does not become empty again, after `seconds`, and after MOST_BYTES; the first attempt is
    always made.
    """
    version = read()["file_version"]

    def dump() -> dict[str, Any]:
        return read() | {"file_version": version}  # not that of the empty file

    home = os.path.abspath("empty.blend")
    flags = {"copy": True, "compress": False, "check_existing": False}
    _bpy.ops.call("WM_OT_save_as_mainfile", {"filepath": home, **flags})
    empty, begun, sent = state(dump), time.monotonic(), 0
    for number, attempt in enumerate(attempts):
        if number:
            _bpy.ops.call("WM_OT_read_homefile", {"filepath": home, "load_ui": False})
            if state(dump) != empty or time.monotonic() - begun > seconds or sent > MOST_BYTES:
                return
        try:
            found = trial(attempt["sources"], attempt["places"], dump)
            if attempt["effects"]:
                found["effects"] = effects()
            line = json.dumps(found).encode() + b"\n"
        except BaseException:  # noqa: BLE001  code may raise anything, and is tried again in a fork of its own
            line = b"null\n"
        report(line)
        sent += len(line)


def state(dump: Dump) -> list[Any]:
    """Everything that is looked at to call a scene empty."""
    context, handlers = bpy.context, bpy.app.handlers
    return [
        dump(),
        [len(getattr(bpy.data, kind)) for kind in KINDS],
        bpy.data.filepath,
        [context.mode, context.object, context.scene.frame_current, context.view_layer.name, context.workspace.name],
        [len(found) for name in dir(handlers) if isinstance(found := getattr(handlers, name), list)],
        [
            len(context.window_manager.windows),
            len(context.preferences.addons),
            len(bpy.types.Operator.__subclasses__()),
        ],
        random.getstate(),
    ]
