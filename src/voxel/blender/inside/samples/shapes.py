"""Objects: primitives, curves, text, empties and lathed profiles, placed, named and filed in one call.

Lengths are metres, angles degrees. Primitives keep the mesh that Blender's operators make; cubes and planes get their
size through the object's scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import radians
from typing import Any

import bpy

Vector = tuple[float, float, float]
ORIGIN: Vector = (0.0, 0.0, 0.0)


def collection(name: str, inside: bpy.types.Collection | None = None) -> bpy.types.Collection:
    """The collection of that name, made below `inside` (or the scene's own) where there is none yet."""
    found = bpy.data.collections.get(name)
    if found is None:
        found = bpy.data.collections.new(name)
        (inside or bpy.context.scene.collection).children.link(found)
    return found


def place(
    obj: bpy.types.Object,
    name: str,
    *,
    at: Vector = ORIGIN,
    turn: Vector = ORIGIN,
    scale: Vector | None = None,
    material: bpy.types.Material | None = None,
    parent: bpy.types.Object | None = None,
    into: bpy.types.Collection | None = None,
    smooth: bool = False,
) -> bpy.types.Object:
    """Names the object and its data, puts it at `at` turned by `turn` (XYZ, degrees), below `parent`, in `into`."""
    obj.name = name
    if obj.data is not None and obj.data.users == 1:
        obj.data.name = name
    for home in list(obj.users_collection):
        home.objects.unlink(obj)
    (into or bpy.context.scene.collection).objects.link(obj)
    obj.location = at
    obj.rotation_euler = [round(radians(angle), 5) for angle in turn]
    if scale is not None:
        obj.scale = scale
    if parent is not None:
        obj.parent = parent
    if material is not None:
        obj.data.materials.append(material)
    if smooth:
        obj.data.shade_smooth()
    return obj


def on(top: float, height: float) -> float:
    """Where the middle of something `height` tall is that stands on a surface at `top`."""
    return round(top + height / 2, 4)


def cube(name: str, size: Vector, **placing: Any) -> bpy.types.Object:
    """A box of `size`, centred on its origin."""
    bpy.ops.mesh.primitive_cube_add(size=1)
    return place(bpy.context.object, name, scale=size, **placing)


def plane(name: str, size: tuple[float, float], **placing: Any) -> bpy.types.Object:
    """A flat rectangle, facing up."""
    bpy.ops.mesh.primitive_plane_add(size=1)
    return place(bpy.context.object, name, scale=(*size, 1), **placing)


def grid(name: str, size: float, cells: int, **placing: Any) -> bpy.types.Object:
    """A square of `size`, cut into `cells` by `cells`."""
    bpy.ops.mesh.primitive_grid_add(size=size, x_subdivisions=cells, y_subdivisions=cells)
    return place(bpy.context.object, name, **placing)


def cylinder(name: str, radius: float, depth: float, vertices: int = 32, **placing: Any) -> bpy.types.Object:
    """An upright cylinder, centred on its origin."""
    bpy.ops.mesh.primitive_cylinder_add(vertices=vertices, radius=radius, depth=depth)
    return place(bpy.context.object, name, **placing)


def cone(name: str, bottom: float, top: float, depth: float, vertices: int = 32, **placing: Any) -> bpy.types.Object:
    """An upright cone or, with `top` above zero, frustum; radii in metres."""
    bpy.ops.mesh.primitive_cone_add(vertices=vertices, radius1=bottom, radius2=top, depth=depth)
    return place(bpy.context.object, name, **placing)


def sphere(name: str, radius: float, segments: int = 32, rings: int = 16, **placing: Any) -> bpy.types.Object:
    """A UV sphere, smooth."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=segments, ring_count=rings, radius=radius)
    return place(bpy.context.object, name, smooth=True, **placing)


def ico(name: str, radius: float, subdivisions: int = 2, **placing: Any) -> bpy.types.Object:
    """An icosphere, flat-shaded unless told otherwise."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=subdivisions, radius=radius)
    return place(bpy.context.object, name, **placing)


def torus(name: str, major: float, minor: float, segments: int = 48, sides: int = 12, **placing: Any) -> Any:
    """A ring lying flat, smooth."""
    bpy.ops.mesh.primitive_torus_add(
        major_radius=major, minor_radius=minor, major_segments=segments, minor_segments=sides
    )
    return place(bpy.context.object, name, smooth=True, **placing)


def disc(name: str, radius: float, vertices: int = 32, **placing: Any) -> bpy.types.Object:
    """A filled circle, facing up."""
    bpy.ops.mesh.primitive_circle_add(vertices=vertices, radius=radius, fill_type="NGON")
    return place(bpy.context.object, name, **placing)


def monkey(name: str, size: float, **placing: Any) -> bpy.types.Object:
    """Suzanne, smooth."""
    bpy.ops.mesh.primitive_monkey_add(size=size)
    return place(bpy.context.object, name, smooth=True, **placing)


def mesh(name: str, points: Sequence[Vector], edges: Any = (), faces: Any = (), **placing: Any) -> bpy.types.Object:
    """A small mesh from its own points, for what no primitive and no modifier gives."""
    data = bpy.data.meshes.new(name)
    data.from_pydata(list(points), list(edges), list(faces))
    return place(bpy.data.objects.new(name, data), name, **placing)


def lathe(name: str, profile: Sequence[tuple[float, float]], steps: int = 48, **placing: Any) -> bpy.types.Object:
    """A profile of (radius, height) points, from the bottom up, spun about Z by a Screw modifier."""
    points = [(radius, 0.0, height) for radius, height in profile]
    obj = mesh(name, points, edges=[(i, i + 1) for i in range(len(points) - 1)], **placing)
    modify(obj, "SCREW", "Lathe", steps=steps, render_steps=steps, use_merge_vertices=True, use_normal_calculate=True)
    return obj


def curve(
    name: str,
    points: Iterable[Sequence[float]],
    *,
    kind: str = "BEZIER",
    cyclic: bool = False,
    bevel: float = 0.0,
    data: dict[str, Any] | None = None,
    **placing: Any,
) -> bpy.types.Object:
    """A 3D curve of one spline through `points`, with automatic handles; `bevel` is the radius of a round section.

    A fourth number of a point is its radius; `data` holds further properties of the curve.
    """
    made = bpy.data.curves.new(name, "CURVE")
    made.dimensions = "3D"
    made.bevel_depth = bevel
    spline = made.splines.new(kind)
    listed = [tuple(point) for point in points]
    if kind == "BEZIER":
        spline.bezier_points.add(len(listed) - 1)
        for point, given in zip(spline.bezier_points, listed, strict=True):
            point.co = given[:3]
            point.handle_left_type = point.handle_right_type = "AUTO"
            point.radius = given[3] if len(given) > 3 else 1.0
    else:
        spline.points.add(len(listed) - 1)
        for point, given in zip(spline.points, listed, strict=True):
            point.co = (*given[:3], 1.0)
            point.radius = given[3] if len(given) > 3 else 1.0
    if kind == "NURBS":
        spline.order_u = min(4, len(listed))
        spline.use_endpoint_u = not cyclic
    spline.use_cyclic_u = cyclic
    for key, value in (data or {}).items():
        setattr(made, key, value)
    return place(bpy.data.objects.new(name, made), name, **placing)


def text(name: str, body: str, size: float, data: dict[str, Any] | None = None, **placing: Any) -> bpy.types.Object:
    """A text object, centred; `data` holds further properties, as in `{"extrude": 0.02}`."""
    made = bpy.data.curves.new(name, "FONT")
    made.body = body
    made.size = size
    made.align_x = "CENTER"
    made.align_y = "CENTER"
    for key, value in (data or {}).items():
        setattr(made, key, value)
    return place(bpy.data.objects.new(name, made), name, **placing)


def empty(name: str, kind: str = "PLAIN_AXES", size: float = 0.2, **placing: Any) -> bpy.types.Object:
    """An empty, shown as `kind`."""
    made = bpy.data.objects.new(name, None)
    made.empty_display_type = kind
    made.empty_display_size = size
    return place(made, name, **placing)


def twin(source: bpy.types.Object, name: str, **placing: Any) -> bpy.types.Object:
    """A linked duplicate: an object of its own that shares the data, with the same scale and modifiers."""
    made = source.copy()
    placing.setdefault("into", source.users_collection[0])
    placing.setdefault("scale", tuple(source.scale))
    return place(made, name, **placing)


def instance(source: bpy.types.Collection, name: str, **placing: Any) -> bpy.types.Object:
    """An empty that shows the whole collection `source`."""
    made = bpy.data.objects.new(name, None)
    made.instance_type = "COLLECTION"
    made.instance_collection = source
    return place(made, name, **placing)


def park(kept: bpy.types.Collection) -> None:
    """Takes a collection of the scene's own out of the view layer, so that only instances of it are seen."""
    bpy.context.view_layer.layer_collection.children[kept.name].exclude = True


def modify(obj: bpy.types.Object, kind: str, name: str = "", **settings: Any) -> Any:
    """Puts a modifier on the object; `name` defaults to Blender's own."""
    made = obj.modifiers.new(name or kind.replace("_", " ").title(), kind)
    for key, value in settings.items():
        setattr(made, key, value)
    return made


def grow(obj: bpy.types.Object, tree: bpy.types.NodeTree, **inputs: Any) -> Any:
    """Puts a geometry nodes modifier on the object; inputs by name, an underscore for a space."""
    made = modify(obj, "NODES", tree.name, node_group=tree)
    named = {item.name: item.identifier for item in tree.interface.items_tree if item.in_out == "INPUT"}
    for key, value in inputs.items():
        made[named[key.replace("_", " ")]] = value
    return made


def clouds(name: str, scale: float, depth: int = 3) -> bpy.types.Texture:
    """A Clouds texture, as the Displace modifier takes it; `scale` in metres."""
    texture = bpy.data.textures.new(name, "CLOUDS")
    texture.noise_scale = scale
    texture.noise_depth = depth
    return texture
