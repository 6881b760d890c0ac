# os.path is quicker to start than pathlib
# ruff: noqa: PTH100, PTH103, PTH108, PTH118, PTH120, PTH123
"""The rendering process inside the box: one .blend after another becomes a picture; runs in Blender's Python.

Started by `voxel.blender.renderer` as `serve.py` is, with the same settings. It never forks, for Cycles hangs in a
fork, and it runs no script: files are opened with scripts off and shading languages off. What a file does to this
process can reach the pictures after it, not the host; the host starts another one now and then.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from control import Control, HostGoneError  # noqa: E402
from unit_fork import Limits, address_space, copy_file, drop, restrict  # noqa: E402

SMALL = 128 * 128
"""Pixels up to which one thread is quicker than many."""


def _restrict(settings: dict[str, Any], given: dict[str, Any]) -> None:
    # it lives for many pictures: their wall time is the host's to watch
    limits = Limits(**{**given, "wall": 1e6})
    restrict(limits, address_space(), boxed=settings["boxed"], lift=frozenset(settings["lift"]))


def _stored(payload: bytes, fd: int | None, path: str) -> None:
    with open(path, "wb") as out:
        out.write(payload)
        if fd is not None:
            copy_file(fd, out.fileno())


def _picture(ask: dict[str, Any], work: str, path: str) -> tuple[dict[str, Any], bytes]:
    import bpy
    import numpy as np
    from render_stage import set_stage

    try:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    except RuntimeError as error:
        return {"bad": str(error).replace(path, "the file").strip()}, b""
    if bpy.data.filepath != path:
        return {"bad": "Blender could not open it"}, b""
    material, world = ask["material"], ask["world"]
    if material and material not in bpy.data.materials:
        return {"bad": f"it has no material {material!r}"}, b""
    if world and world not in bpy.data.worlds:
        return {"bad": f"it has no world {world!r}"}, b""
    stage = set_stage(ask["size"], material, world)
    render = stage.scene.render
    _settle(stage.scene, ask)
    try:
        bpy.ops.render.render(scene=stage.scene.name)
    except RuntimeError as error:
        return {"bad": str(error).strip()}, b""
    result = bpy.data.images["Render Result"]
    still = render.image_settings
    if hasattr(still, "media_type"):
        still.media_type = "IMAGE"
    still.file_format, still.color_mode, still.color_depth = "PNG", "RGBA", "8"
    image = os.path.join(work, "picture")
    result.save_render(f"{image}.png", scene=stage.scene)
    with open(f"{image}.png", "rb") as file:
        png = file.read()
    floats = b""
    if ask["pixels"]:
        still.file_format, still.color_depth, still.exr_codec = "OPEN_EXR", "32", "NONE"
        result.save_render(f"{image}.exr", scene=stage.scene)
        back = bpy.data.images.load(f"{image}.exr")
        array = np.empty(len(back.pixels), np.float32)
        back.pixels.foreach_get(array)
        floats = array.tobytes()
    return {"bad": "", "png": len(png), "visible": stage.visible, "added": stage.added}, png + floats


def _settle(scene: Any, ask: dict[str, Any]) -> None:
    """What a picture of ours has in common with every other; the rest is the scene's."""
    render, cycles = scene.render, scene.cycles
    render.engine, cycles.device, cycles.shading_system = "CYCLES", "CPU", False
    cycles.samples, cycles.seed, cycles.use_animated_seed = ask["samples"], 0, False
    cycles.use_denoising = cycles.use_adaptive_sampling = False
    cycles.time_limit = 0
    width, height = ask["size"]
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.use_border = render.use_multiview = render.use_stamp = render.use_freestyle = render.use_sequencer = False
    render.use_persistent_data = False
    render.use_single_layer = True
    render.threads_mode = "FIXED" if width * height <= SMALL else "AUTO"
    render.threads = 1


def _sweep(work: str) -> None:
    for entry in os.scandir(work):
        if entry.is_file(follow_symlinks=False):
            with contextlib.suppress(OSError):
                os.unlink(entry.path)


def main() -> None:
    """Starts serving; ends when the other end of the control socket is closed."""
    settings = json.loads(sys.argv[-1])
    if settings["uid"] is not None:
        drop(settings["uid"])
    os.umask(0o077)
    sys.path[1:1] = settings["paths"]
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # Cycles tells of every sample
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1)
    import bpy
    import numpy as np  # noqa: F401  read before the limits are on
    import render_stage  # noqa: F401

    bpy.ops.wm.read_factory_settings(use_empty=True)
    control = Control(settings["control"])
    control.send({"ready": True, "version": list(bpy.app.version), "pid": os.getpid()})
    work = os.path.join(settings["work"], "unit")
    os.makedirs(work, 0o700)
    path, restricted = os.path.join(work, "in.blend"), False
    with contextlib.suppress(HostGoneError, BrokenPipeError, ConnectionResetError):
        while True:
            header, payload, fds = control.receive()
            if not restricted:
                _restrict(settings, header["limits"])
                restricted = True
            _stored(payload, fds[0] if fds else None, path)
            for fd in fds:
                os.close(fd)
            reply, result = _picture(header, work, path)
            _sweep(work)
            control.send(reply | {"nonce": header["nonce"]}, result)
    os._exit(0)


if __name__ == "__main__":
    main()
