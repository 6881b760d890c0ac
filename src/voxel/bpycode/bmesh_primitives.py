"""Primitives by `bmesh.ops`, for many objects: an operator looks at all objects of the scene each time that it runs."""

from __future__ import annotations

from voxel.bpycode.layout import Doc, call
from voxel.bpycode.meshes import place_geometry
from voxel.bpycode.numbers import number
from voxel.bpycode.script import Id, Json, Script
from voxel.bpycode.values import Column, value

DEFAULT_VERTICES = 32
CAPS = {"NGON": ("True", "False"), "NOTHING": ("False", "False"), "TRIFAN": ("True", "True")}
FILL = {"CIRCLE": "NOTHING", "CYLINDER": "NGON", "CONE": "NGON"}
"""What the operators fill when they are not told."""


def can_bmesh(mesh: Json) -> bool:
    """Whether `bmesh.ops` has this primitive."""
    return str(mesh["geometry"]["primitive"]["kind"]) != "TORUS"


def make_by_bmesh(script: Script, needed: Id, mesh: Json) -> str:
    """A mesh from a primitive of `bmesh.ops`; the variable that holds it."""
    primitive = mesh["geometry"]["primitive"]
    script.need("import bmesh")
    variable, bm = script.names.passing("mesh"), script.names.passing("bm")
    script.assign(variable, call("bpy.data.meshes.new", script.name_source(needed)))
    script.assign(bm, "bmesh.new()")
    keywords = arguments(script, str(primitive["kind"]), primitive.get("args", {}))
    if any(layer["data"] == "primitive" for layer in mesh.get("uv", [])):
        script.do(f'{bm}.loops.layers.uv.new("UVMap")')
        keywords["calc_uvs"] = "True"
    script.do(call(f"bmesh.ops.{FUNCTIONS[primitive['kind']]}", bm, **keywords))
    script.do(call(f"{bm}.to_mesh", variable))
    script.do(f"{bm}.free()")
    place_geometry(script, variable, primitive.get("scale"), primitive.get("rotation"), primitive.get("offset"))
    if mesh["geometry"].get("smooth") is True:
        script.do(f"{variable}.shade_smooth()")
    return variable


FUNCTIONS = {
    "CUBE": "create_cube", "PLANE": "create_grid", "GRID": "create_grid", "CIRCLE": "create_circle",
    "UV_SPHERE": "create_uvsphere", "ICO_SPHERE": "create_icosphere", "CYLINDER": "create_cone",
    "CONE": "create_cone", "MONKEY": "create_monkey",
}  # fmt: skip


def arguments(script: Script, kind: str, args: Json) -> dict[str, Doc]:
    """The arguments of `bmesh.ops` for those of the operator."""

    def given(name: str, default: float) -> Doc:
        what = args.get(name, default)
        return number(what, whole=True) if isinstance(what, float | int) else value(script, what)

    if kind == "CUBE":
        return {"size": given("size", 2)}
    if kind in ("PLANE", "GRID"):
        half = args.get("size", 2.0)
        size = f"{half.word} / 2" if isinstance(half, Column) else number(half / 2, whole=True)
        steps = {"x_segments": given("x_subdivisions", 10), "y_segments": given("y_subdivisions", 10)}
        return {**(steps if kind == "GRID" else {"x_segments": "1", "y_segments": "1"}), "size": size}
    if kind == "UV_SPHERE":
        counts = {"u_segments": given("segments", DEFAULT_VERTICES), "v_segments": given("ring_count", 16)}
        return {**counts, "radius": given("radius", 1)}
    if kind == "ICO_SPHERE":
        return {"subdivisions": given("subdivisions", 2), "radius": given("radius", 1)}
    if kind == "MONKEY":
        return {}
    ends, fan = CAPS[args.get("fill_type" if kind == "CIRCLE" else "end_fill_type", FILL[kind])]
    found: dict[str, Doc] = {"cap_ends": ends, **({"cap_tris": fan} if fan == "True" else {})}
    found["segments"] = given("vertices", DEFAULT_VERTICES)
    if kind == "CIRCLE":
        return {**found, "radius": given("radius", 1)}
    if kind == "CYLINDER":
        return {**found, "radius1": given("radius", 1), "radius2": given("radius", 1), "depth": given("depth", 2)}
    return {**found, "radius1": given("radius1", 1), "radius2": given("radius2", 0), "depth": given("depth", 2)}
