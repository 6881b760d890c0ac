"""What turns objects into a picture: cameras, lights, worlds and render settings."""

from __future__ import annotations

import random
from typing import Any

import bpy
from mathutils import Vector as MathVector

from . import nodes
from .shapes import Vector, curve, place


def vary(rng: random.Random, least: float, most: float, digits: int = 3) -> float:
    """A number between the two, rounded as a person would type it."""
    return round(rng.uniform(least, most), digits)


def aim(obj: bpy.types.Object, target: Vector) -> None:
    """Turns the object's -Z, which is where cameras and lights look, to `target`."""
    direction = MathVector(target) - obj.location
    obj.rotation_euler = [round(angle, 4) for angle in direction.to_track_quat("-Z", "Y").to_euler()]


def camera(
    at: Vector, target: Vector, *, name: str = "Camera", lens: float = 50.0, depth: float | None = None, **settings: Any
) -> bpy.types.Object:
    """The scene's camera, looking at `target`; `lens` in millimetres.

    With `depth`, the f-number, it has depth of field, focused on `target`. `settings` are properties of the camera.
    """
    data = bpy.data.cameras.new(name)
    data.lens = lens
    for key, value in settings.items():
        setattr(data, key, value)
    obj = place(bpy.data.objects.new(name, data), name, at=at)
    aim(obj, target)
    if depth is not None:
        data.dof.use_dof = True
        data.dof.focus_distance = round((MathVector(target) - MathVector(at)).length, 3)
        data.dof.aperture_fstop = depth
    bpy.context.scene.camera = obj
    return obj


def light(
    kind: str,
    name: str,
    at: Vector,
    energy: float,
    *,
    target: Vector = (0.0, 0.0, 0.0),
    color: str = "#FFFFFF",
    parent: bpy.types.Object | None = None,
    into: bpy.types.Collection | None = None,
    **settings: Any,
) -> bpy.types.Object:
    """A light of `kind` (POINT, SUN, SPOT, AREA) aimed at `target`; `energy` in W, for the sun in W/m²."""
    data = bpy.data.lights.new(name, kind)
    data.energy = energy
    data.color = nodes.rgb(color)[:3]
    for key, value in settings.items():
        setattr(data, key, value)
    obj = place(bpy.data.objects.new(name, data), name, at=at, parent=parent, into=into)
    if kind != "POINT":
        aim(obj, target)
    return obj


def flat_world(name: str, color: str, strength: float = 1.0) -> None:
    """A world of one colour."""
    _, tree = nodes.world(name)
    nodes.background(tree, nodes.rgb(color), strength)


def gradient_world(name: str, *stops: tuple[float, str], strength: float = 1.0) -> None:
    """A world that runs through `stops` from straight down (0) over the horizon (0.5) to straight up (1)."""
    _, tree = nodes.world(name)
    split = nodes.add(tree, "ShaderNodeSeparateXYZ", {"Vector": nodes.out(nodes.add(tree, "ShaderNodeTexCoord"), 0)})
    height = nodes.add(tree, "ShaderNodeMapRange", {"Value": nodes.out(split, "Z"), "From Min": -1.0, "From Max": 1.0})
    bands = nodes.ramp(tree, height, *((at, nodes.rgb(color)) for at, color in stops))
    nodes.background(tree, bands, strength)


def sky_world(name: str, sun: Vector, turbidity: float, strength: float = 1.0, **settings: Any) -> None:
    """A physical sky (Hosek and Wilkie's model) with the sun in the direction `sun`."""
    _, tree = nodes.world(name)
    sky = nodes.add(
        tree, "ShaderNodeTexSky", sky_type="HOSEK_WILKIE", sun_direction=sun, turbidity=turbidity, **settings
    )
    nodes.background(tree, sky, strength)


def cycles(samples: int, size: tuple[int, int], **settings: Any) -> None:
    """Cycles with that many samples; further `settings` are properties of `scene.cycles`."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    _frame(size)
    for key, value in settings.items():
        setattr(scene.cycles, key, value)


def eevee(samples: int, size: tuple[int, int], **settings: Any) -> None:
    """EEVEE with that many samples; further `settings` are properties of `scene.eevee`."""
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_EEVEE_NEXT" if bpy.app.version < (5, 0) else "BLENDER_EEVEE"
    scene.eevee.taa_render_samples = samples
    _frame(size)
    for key, value in settings.items():
        setattr(scene.eevee, key, value)


def workbench(size: tuple[int, int], **settings: Any) -> None:
    """Workbench; `settings` are properties of `scene.display.shading`."""
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    _frame(size)
    for key, value in settings.items():
        setattr(scene.display.shading, key, value)


def _frame(size: tuple[int, int]) -> None:
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y = size


def grade(transform: str = "AgX", look: str = "None", exposure: float = 0.0, gamma: float = 1.0) -> None:
    """Colour management: view transform, look, exposure in stops, gamma."""
    view = bpy.context.scene.view_settings
    view.view_transform = transform
    view.look = look
    view.exposure = exposure
    view.gamma = gamma


def timing(end: int, fps: int = 24, start: int = 1) -> None:
    """The frame range and rate of the scene; the current frame becomes `start`."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = start, end
    scene.render.fps = fps
    scene.frame_set(start)


def backdrop(width: float, depth: float, height: float, material: bpy.types.Material) -> bpy.types.Object:
    """A photographer's sweep: floor at z = 0 bent up behind the origin, `depth` before it and half that behind."""
    back, bend = depth / 2, min(height, depth) / 3
    points = [(-depth, 0, 0), (back - bend, 0, 0), (back, bend, 0), (back, height, 0)]
    flat = {"dimensions": "2D", "fill_mode": "NONE", "extrude": width / 2, "resolution_u": 24}
    sweep = curve("Backdrop", points, data=flat, turn=(90, 0, 90), material=material)
    for point in sweep.data.splines[0].bezier_points:
        point.handle_left_type = point.handle_right_type = "VECTOR"
    before, after = sweep.data.splines[0].bezier_points[1:3]
    before.handle_right_type = after.handle_left_type = "FREE"
    before.handle_right = (back - bend * 0.45, 0, 0)
    after.handle_left = (back, bend * 0.45, 0)
    return sweep
