# the folder of a unit is the working folder of its fork: os.path is quicker to start and to call
# ruff: noqa: PTH100, PTH123
"""Many attempts of our own writer's code in one fork, each in an empty scene; runs in Blender's Python.

Between two attempts the empty scene is read again from a file: every datablock and every setting of the scene is then
another one. What a file does not bring, handlers, add-ons, modes and so on (`around`), must be each time what it was at
the start; so must the dump of the scene, which is asked for after every few attempts and at the end of a task. What was
reported is sure once that has been so: nothing that outlives one reading of the file is gone after the next. Where it
is not so, the fork ends, and the attempts that are not sure get another one.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import _bpy  # type: ignore[import-not-found]
import bpy
from dump import dump, told_alone
from unit_effects import effects
from unit_trial import failure, trial

MOST_BYTES = 64 << 20
"""What is reported of one task at most, but for its last attempt."""
MOST_GROWN = 1 << 18
"""KiB by which a fork may grow before it ends."""
MOST_TASKS = 200
"""What a fork does before it ends, so that nothing that nobody looks at adds up in it."""
LOOK_AFTER = 16
"""Attempts after which the scene is dumped to see that it is the empty one."""
SURE = b"sure\n"
"""All attempts that were reported before this line began in an empty scene."""
KINDS = sorted(prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION")
Report = Callable[[bytes], None]


class Empty:
    """The empty scene that the fork has at its start: how to come back to it, and whether one is there."""

    def __init__(self, fresh: dict[str, Any], home: bytes) -> None:
        """`fresh` is what `dump.fresh` gives, `home` a file of that scene."""
        self._fresh, self._scene, self._around = fresh, dump(fresh), around()
        self._path = os.path.abspath("empty.blend")
        with open(self._path, "wb") as file:
            file.write(home)

    def dump(self) -> dict[str, Any]:
        """The scene that is open, which was read from no file that anybody knows of."""
        return dump(self._fresh) | {"file_version": self._scene["file_version"]}

    def part(self, block: Any) -> tuple[str, str, dict[str, Any]] | None:
        """What the scene says of one datablock."""
        return told_alone(self._fresh, block)

    def again(self) -> bool:
        """Reads it; False where what is around it is not as it was."""
        _bpy.ops.call("WM_OT_read_homefile", {"filepath": self._path, "load_ui": False})
        return around() == self._around

    def there(self) -> bool:
        """Whether the open scene is the empty one."""
        return self.dump() == self._scene


def shared(tasks: Iterator[bytes], empty: Empty, report: Report, done: bytes) -> None:
    """Does one task after another, `{"seconds": s, "attempts": [...]}`: reports a line of JSON for each attempt, SURE
    now and then, and `done` at the end.

    A line is `{"trial": what `trial` returns, with `effects`}`, or `{"failure": what stopped it}`. A task ends early
    when the scene does not become empty again, after its seconds, and after MOST_BYTES; its first attempt is always
    made. Returns when the fork should not live on.
    """
    most = _memory() + MOST_GROWN
    gc.freeze()  # what is there already stays; only what attempts leave is looked through
    for number, task in enumerate(tasks, 1):
        if not _all(**json.loads(task), empty=empty, report=report):
            return
        gc.collect()
        if number == MOST_TASKS or _memory() > most:
            return
        report(done)


def _all(attempts: list[dict[str, Any]], seconds: float, empty: Empty, report: Report) -> bool:
    """One task; whether the scene is the empty one after it."""
    begun, sent = time.monotonic(), 0
    for number, attempt in enumerate(attempts, 1):
        line = json.dumps(_one(attempt, empty)).encode() + b"\n"
        report(line)
        sent += len(line)
        clean = empty.again()
        last = not clean or number == len(attempts) or time.monotonic() - begun > seconds or sent > MOST_BYTES
        if last or not number % LOOK_AFTER:
            if not empty.there():
                return False
            report(SURE)
        if last:
            return clean
    return True


def _one(attempt: dict[str, Any], empty: Empty) -> dict[str, Any]:
    try:
        found = trial(attempt["sources"], attempt["places"], empty.dump, empty.part)
        if attempt["effects"]:
            found["effects"] = effects()
    except BaseException as error:  # noqa: BLE001  code may raise anything, and is judged by whoever asked
        return {"failure": failure(error)}
    return {"trial": found}


def around() -> list[Any]:
    """What is looked at, beyond the scene's own settings, to call a scene empty."""
    context, handlers = bpy.context, bpy.app.handlers
    return [
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


def proved_home(fresh: dict[str, Any], make: Callable[[], bytes]) -> bytes:
    """What `make` makes of the open, empty scene, shown to be a file of it. Raises RuntimeError where it is not."""
    home = make()
    empty = Empty(fresh, home)
    if not empty.again() or not empty.there():
        raise RuntimeError("the empty scene comes back as another one")
    return home


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
