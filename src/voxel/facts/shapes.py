"""What an object's data is, as facts: meshes, curves, bones, shape keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voxel.facts import words
from voxel.facts.fact import Fact
from voxel.facts.lookup import Json, same
from voxel.records.example import Bone, Geometry, Ref, ShapeKey, Splines

SPOKEN_VERTICES = 24
"""A mesh given point by point in an instruction has at most this many vertices."""
SPOKEN_POINTS = 16
TOPOLOGY = {
    "vertices": "{} vertices",
    "segments": "{} segments",
    "ring_count": "{} rings",
    "subdivisions": "{} subdivisions",
    "x_subdivisions": "{} subdivisions in X",
    "y_subdivisions": "{} subdivisions in Y",
    "major_segments": "{} major segments",
    "minor_segments": "{} minor segments",
}
_KINDS = {
    "CUBE": "cube",
    "PLANE": "plane",
    "GRID": "grid",
    "CIRCLE": "circle",
    "UV_SPHERE": "UV sphere",
    "ICO_SPHERE": "ico sphere",
    "CYLINDER": "cylinder",
    "CONE": "cone",
    "TORUS": "torus",
    "MONKEY": "Suzanne monkey head",
}
_UNROLLED = 1e-3
"""Radians."""
_SPOKEN_SPLINE = frozenset(("use_cyclic_u",))


def extent(geometry: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """(size, middle) of the bounds."""
    low, high = geometry["bounds"]
    return [b - a for a, b in zip(low, high, strict=True)], [(a + b) / 2 for a, b in zip(low, high, strict=True)]


def _tidy(values: list[float]) -> tuple[float, float, float]:
    a, b, c = (round(v, 5) + 0.0 for v in values)
    return a, b, c


def mesh_words(of: Ref, geometry: Mapping[str, Any]) -> tuple[Geometry, str, list[str]]:
    """(check, noun, what follows "with") of a new mesh. Raises Unsayable when it is too large to spell out."""
    smooth = True if geometry.get("smooth") is True else None
    primitive = geometry.get("primitive")
    if primitive is None:
        return _by_points(of, geometry, smooth)
    size, middle = extent(geometry)
    kind = primitive["kind"]
    args = {k: v for k, v in primitive.get("args", {}).items() if k in TOPOLOGY}
    fill = primitive.get("args", {}).get("end_fill_type") or primitive.get("args", {}).get("fill_type")
    with_parts = [TOPOLOGY[k].format(v).removesuffix("s" if v == 1 else "") for k, v in args.items()]
    if fill is not None:
        args |= {k: v for k, v in primitive["args"].items() if k in ("end_fill_type", "fill_type")}
        with_parts.append(
            {"NOTHING": "no end caps", "NGON": "n-gon caps", "TRIFAN": "triangle fan caps"}.get(fill, fill)
        )
    if smooth:
        with_parts.append("smooth shading")
    away = tuple(v if abs(v) > 1e-4 * max(1.0, *size) else 0.0 for v in _tidy(middle))
    if kind == "CONE" and any(abs(part) > 1e-4 for part in primitive.get("offset") or ()):
        raise words.Unsayable("a cone away from its origin")
    centre = None if kind == "MONKEY" or kind == "CONE" or not any(away) else _tidy(middle)
    if centre is not None:
        with_parts.append(f"its mesh centred at {words.vector(centre)} from its origin")
    noun, more = _sized(kind, size, primitive)
    check = Geometry(of=of, primitive=kind, args=args, size=_tidy(size), middle=centre, smooth=smooth)
    return check, noun, more + with_parts


def _sized(kind: str, size: list[float], primitive: Mapping[str, Any]) -> tuple[str, list[str]]:
    x, y, z = (words.length(v) for v in size)
    even = same(size[0], size[1])
    if kind == "CUBE":
        if even and same(size[1], size[2]):
            return "cube", [f"edges of {x}"]
        return "box", [f"a size of {x} x {y} x {z}"]
    if kind in ("PLANE", "GRID"):
        return _KINDS[kind], [f"sides of {x}"] if even else [f"a size of {x} x {y}"]
    vertices = primitive.get("args", {}).get("vertices", 32)
    radius = _one_radius(kind, primitive)
    if radius is not None and vertices % 4:
        parts = [f"a {'base ' * (kind == 'CONE')}radius of {words.length(radius)}"]
        return _KINDS[kind], parts if kind == "CIRCLE" else [*parts, f"a height of {z}"]
    if radius is not None and kind == "ICO_SPHERE":
        return "ico sphere", [f"a radius of {words.length(radius)}"]
    if radius is not None and kind == "MONKEY":
        return _KINDS[kind], [f"a size of {words.length(2 * radius)}"]
    if kind in ("CYLINDER", "CIRCLE", "CONE") and even and vertices % 4 == 0 and kind != "CONE":
        parts = [f"a radius of {words.length(size[0] / 2)}"]
        return _KINDS[kind], parts if kind == "CIRCLE" else [*parts, f"a height of {z}"]
    if kind == "UV_SPHERE" and even and same(size[0], size[2]):
        return "UV sphere", [f"a radius of {words.length(size[0] / 2)}"]
    stretch, made = primitive.get("scale") or [1.0] * 3, primitive.get("args", {})
    if kind == "CONE" and "radius2" in made and same(stretch[0], stretch[1]):
        base, top = made.get("radius1", 1.0) * stretch[0], made["radius2"] * stretch[0]
        parts = [f"a base radius of {words.length(base)}", f"a top radius of {words.length(top)}"]
        return "cone", [*parts, f"a height of {z}"]
    if kind == "CONE" and even and vertices % 4 == 0:
        return "cone", [f"a base {x} across", f"a height of {z}"]
    if kind == "TORUS" and same(stretch[0], stretch[1]) and same(stretch[1], stretch[2]):
        # as the operator takes it: the bounds of few-sided rings say neither
        ring, tube = made.get("major_radius", 1.0) * stretch[0], made.get("minor_radius", 0.25) * stretch[0]
        return "torus", [f"a major radius of {words.length(ring)}", f"a minor radius of {words.length(tube)}"]
    if even and same(size[0], size[2]):
        return _KINDS.get(kind, words.spaced(kind.lower())), [f"a size of {x} in every direction"]
    return _KINDS.get(kind, words.spaced(kind.lower())), [f"a size of {x} x {y} x {z}"]


def _one_radius(kind: str, primitive: Mapping[str, Any]) -> float | None:
    """The radius (half the size of a Suzanne) that operators take, where it says more than the bounds do."""
    x, y, z = primitive["scale"]
    if not same(x, y) or "radius2" in primitive.get("args", {}):
        return None
    if kind in ("ICO_SPHERE", "MONKEY") and not same(x, z):
        return None
    if kind not in ("ICO_SPHERE", "MONKEY", "CYLINDER", "CIRCLE", "CONE"):
        return None
    made = primitive.get("args", {})
    taken = {"CONE": made.get("radius1", 1.0), "MONKEY": made.get("size", 2.0) / 2}.get(kind, made.get("radius", 1.0))
    return float(x * taken)


def _by_points(of: Ref, geometry: Mapping[str, Any], smooth: bool | None) -> tuple[Geometry, str, list[str]]:
    data = geometry.get("data")
    if data is None or not 0 < len(data["vertices"]) <= SPOKEN_VERTICES:
        raise words.Unsayable("a mesh with too many points to spell out")
    positions = tuple(tuple(v) for v in data["vertices"])
    check = Geometry(
        of=of,
        vertices=geometry["vertices"],
        edges=geometry["edges"],
        faces=geometry["faces"],
        positions=positions,
        smooth=smooth,
    )
    shown = ", ".join(_point(v) for v in data["vertices"])
    parts = [f"the vertices {shown}"]
    if data.get("faces"):
        parts.append(
            "the faces " + ", ".join(str(tuple(face)) for face in data["faces"]) + " (indices of those vertices)"
        )
    if data.get("edges"):
        parts.append(
            "the edges " + ", ".join(str(tuple(edge)) for edge in data["edges"]) + " (indices of those vertices)"
        )
    if smooth:
        parts.append("smooth shading")
    return check, "mesh object", parts


def _point(values: list[float]) -> str:
    return "(" + ", ".join(f"{round(v, 5) + 0.0:g}" for v in values) + ")"


def bone_facts(of: Ref, data: Json, subject: str) -> list[Fact]:
    """Every bone of an armature."""
    facts: list[Fact] = []
    for bone in data.get("bones", []):
        check = Bone(
            of=of,
            name=bone["name"],
            head=_tidy(bone["head"]),
            tail=_tidy(bone["tail"]),
            parent=bone.get("parent") or "",
            connected=bool(bone.get("connected")),
        )
        text = f"bone {words.quoted(bone['name'])} from {_point(bone['head'])} to {_point(bone['tail'])}"
        if check.parent:
            text += f", {'connected to' if check.connected else 'child of'} {words.quoted(check.parent)}"
        if abs(bone.get("roll", 0.0)) > _UNROLLED:
            text += f", rolled by {words.degrees(bone['roll'])}"
        facts.append(Fact(check, ("bones", *of), subject, attribute=text, order=f"add the {text} to {{it}}"))
    return facts


def shape_key_facts(of: Ref, keys: Mapping[str, Any], known: frozenset[str], subject: str) -> list[Fact]:
    """Shape keys that are new, each with what it moves."""
    facts: list[Fact] = []
    reference = keys.get("reference")
    for key in keys.get("blocks", []):
        name = key["name"]
        if name in known:
            continue
        offsets = key.get("offsets", [])
        value = key.get("props", {}).get("value")
        text = f"a shape key {words.quoted(name)}"
        if name == reference or not offsets:
            check = ShapeKey(of=of, name=name, value=value)
        else:
            if len(offsets) > SPOKEN_POINTS:
                raise words.Unsayable("a shape key that moves many vertices")
            check = ShapeKey(of=of, name=name, value=value, moved=len(offsets))
            text += " that moves " + ", ".join(f"vertex {o[0]} by {_point(o[1:4])}" for o in offsets)
        if value is not None:
            text += f", at a value of {words.number(value)}"
        facts.append(Fact(check, ("shape_keys", *of), subject, attribute=text, order=f"give {{it}} {text}"))
    return facts


def spline_facts(of: Ref, splines: list[Json], subject: str) -> list[Fact]:
    """All splines of a new curve, as one fact."""
    if not splines:
        return []
    points = tuple(tuple(tuple(point["co"][:3]) for point in spline["points"]) for spline in splines)
    if sum(len(p) for p in points) > SPOKEN_POINTS:
        raise words.Unsayable("a curve with too many points to spell out")
    if any(set(spline.get("props", {})) - _SPOKEN_SPLINE for spline in splines):
        raise words.Unsayable("settings of a spline")
    radii = tuple(tuple(point.get("radius", 1.0) for point in spline["points"]) for spline in splines)
    closed = tuple(bool(spline.get("props", {}).get("use_cyclic_u")) for spline in splines)
    check = Splines(
        of=of, kinds=tuple(spline["type"] for spline in splines), points=points, closed=closed if any(closed) else (),
        radii=radii if any(not same(radius, 1.0) for some in radii for radius in some) else (),
    )  # fmt: skip
    said: list[str] = []
    for spline, places in zip(splines, points, strict=True):
        kind = {"BEZIER": "Bezier", "POLY": "poly", "NURBS": "NURBS"}.get(spline["type"], spline["type"])
        shut = "closed " if spline.get("props", {}).get("use_cyclic_u") else ""
        text = f"a {shut}{kind} spline through {', '.join(_point(list(p)) for p in places)}{_handles(spline)}"
        if check.radii:
            text += f", with the point radii {', '.join(words.number(p.get('radius', 1.0)) for p in spline['points'])}"
        said.append(text)
    text = " and ".join(said)
    return [Fact(check, ("splines", *of), subject, attribute=text, order=f"give {{it}} {text}")]


def _handles(spline: Json) -> str:
    if spline["type"] != "BEZIER":
        return ""
    kinds = {point.get(side) for point in spline["points"] for side in ("handle_left_type", "handle_right_type")}
    if kinds != {"AUTO"}:
        raise words.Unsayable("a Bezier spline with handles of its own")
    return " with automatic handles"
