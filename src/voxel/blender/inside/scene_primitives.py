"""Recognises meshes that one of Blender's own operators makes, up to a scale, a rotation and an offset.

Candidates follow from the counts of vertices and faces; Blender makes each candidate once. Both are brought to a unit
box, then compared: the same positions in any order, the same faces as cycles of vertices with the same winding. What
was turned is found where its vertices still have the operator's order: by the map that takes one to the other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import bmesh
import bpy
import numpy as np
from mathutils import Matrix

Array = np.ndarray[Any, Any]
Face = tuple[int, ...]

CLOSE = 1e-5
SLANTED = np.array([0.5773, 0.7071, 0.4103])
CAPS = {"NGON": (True, False), "NOTHING": (False, False), "TRIFAN": (True, True)}
# Operators that make their faces in an order that changes from run to run (they merge doubles).
UNSTEADY = frozenset({"UV_SPHERE"})
ICO_COUNTS = {12: 1, 42: 2, 162: 3, 642: 4, 2562: 5}


class Recipe(NamedTuple):
    """A candidate: the operator's kind and what decides its connectivity and proportions."""

    kind: str
    counts: tuple[int, ...] = ()
    fill: str = ""
    ratio: float = (
        0.0  # CONE: the smaller radius by the larger one, negative when the top is the larger; TORUS: minor by major
    )


class Made(NamedTuple):
    """What Blender makes of a recipe."""

    positions: Array
    faces: list[list[int]]
    edges: int
    uvs: Array | None


_made: dict[Recipe, Made] = {}


def make(recipe: Recipe) -> Made:
    """The mesh of a recipe, as the operator with radius (or half size) 1 makes it; kept for the next question."""
    known = _made.get(recipe)
    if known is not None:
        return known
    if recipe.kind == "TORUS":
        made = _torus(recipe)
    else:
        mesh = bmesh.new()
        uv = mesh.loops.layers.uv.new("UVMap")
        _create(mesh, recipe)
        mesh.verts.index_update()
        positions = np.array([vertex.co[:] for vertex in mesh.verts], np.float64)
        faces = [[vertex.index for vertex in face.verts] for face in mesh.faces]
        corners = [loop[uv].uv[:] for face in mesh.faces for loop in face.loops]
        made = Made(positions, faces, len(mesh.edges), np.array(corners, np.float64) if corners else None)
        mesh.free()
    if len(_made) > 256:
        _made.clear()
    _made[recipe] = made
    return made


def _create(mesh: Any, recipe: Recipe) -> None:
    kind, counts = recipe.kind, recipe.counts
    if kind == "CUBE":
        bmesh.ops.create_cube(mesh, size=2.0, calc_uvs=True)
    elif kind == "PLANE":
        bmesh.ops.create_grid(mesh, x_segments=1, y_segments=1, size=1.0, calc_uvs=True)
    elif kind == "GRID":
        bmesh.ops.create_grid(mesh, x_segments=counts[0], y_segments=counts[1], size=1.0, calc_uvs=True)
    elif kind == "CIRCLE":
        ends, fan = CAPS[recipe.fill]
        bmesh.ops.create_circle(mesh, cap_ends=ends, cap_tris=fan, segments=counts[0], radius=1.0, calc_uvs=True)
    elif kind == "UV_SPHERE":
        bmesh.ops.create_uvsphere(mesh, u_segments=counts[0], v_segments=counts[1], radius=1.0, calc_uvs=True)
    elif kind == "ICO_SPHERE":
        bmesh.ops.create_icosphere(mesh, subdivisions=counts[0], radius=1.0, calc_uvs=True)
    elif kind in ("CYLINDER", "CONE"):
        ends, fan = CAPS[recipe.fill]
        lower = 1.0 if kind == "CYLINDER" or recipe.ratio >= 0 else -recipe.ratio
        upper = 1.0 if kind == "CYLINDER" or recipe.ratio < 0 else recipe.ratio
        bmesh.ops.create_cone(
            mesh,
            cap_ends=ends,
            cap_tris=fan,
            segments=counts[0],
            radius1=lower,
            radius2=upper,
            depth=2.0,
            calc_uvs=True,
        )
    elif kind == "MONKEY":
        bmesh.ops.create_monkey(mesh, calc_uvs=True)


def _torus(recipe: Recipe) -> Made:
    """The torus is an operator in Python: its own functions say what it makes."""
    from bl_operators.add_mesh_torus import add_torus

    verts, faces = add_torus(1.0, recipe.ratio, *recipe.counts)
    corners = np.array(faces, int).reshape(-1, 4)
    positions = np.array(verts, np.float64).reshape(-1, 3)
    uvs = _torus_uvs(corners.tolist(), *recipe.counts)
    return Made(positions, corners.tolist(), 2 * len(corners), uvs)


def _torus_uvs(faces: list[list[int]], major: int, minor: int) -> Array | None:
    from bl_operators.add_mesh_torus import add_uvs

    mesh = bpy.data.meshes.new("voxel torus")
    try:
        mesh.from_pydata([(0.0, 0.0, 0.0)] * (major * minor), [], faces)
        add_uvs(mesh, minor, major)
        layer = mesh.uv_layers.active
        if layer is None or len(layer.uv) != 4 * len(faces):
            return None
        values = np.empty(len(layer.uv) * 2, np.float32)
        layer.uv.foreach_get("vector", values)
        return values.reshape(-1, 2).astype(np.float64)
    finally:
        bpy.data.meshes.remove(mesh)


def candidates(positions: Array, sizes: Array, edges: int) -> list[Recipe]:
    """The recipes whose counts agree with those of a mesh."""
    count, faces = len(positions), len(sizes)
    quads, triangles = int((sizes == 4).sum()), int((sizes == 3).sum())
    found = []
    if (count, edges, faces, quads) == (8, 12, 6, 6):
        found.append(Recipe("CUBE"))
    if (count, faces, quads) == (4, 1, 1):
        found.append(Recipe("PLANE"))
    if faces == 0 and edges == count >= 3:
        found.append(Recipe("CIRCLE", (count,), "NOTHING"))
    if faces == 1 and edges == count >= 3:
        found.append(Recipe("CIRCLE", (count,), "NGON"))
    if faces == triangles == count - 1 >= 3 and edges == 2 * faces:
        found.append(Recipe("CIRCLE", (faces,), "TRIFAN"))
    if count in ICO_COUNTS and triangles == faces == 2 * count - 4:
        found.append(Recipe("ICO_SPHERE", (ICO_COUNTS[count],)))
    if triangles >= 6 and triangles % 2 == 0 and quads + triangles == faces:
        around = triangles // 2
        if (count - 2) % around == 0 and (count - 2) // around >= 2 and quads == around * ((count - 2) // around - 1):
            found.append(Recipe("UV_SPHERE", (around, (count - 2) // around + 1)))
    if (count, faces) == (507, 500):
        found.append(Recipe("MONKEY"))
    found += _round_candidates(positions, sizes, edges)
    if quads == faces > 1 and edges == 2 * quads == 2 * count:
        found += _torus_candidates(positions, count)
    if quads == faces > 1 and edges == count + faces - 1:
        found += [
            Recipe("GRID", (across, faces // across))
            for across in range(1, faces + 1)
            if faces % across == 0 and (across + 1) * (faces // across + 1) == count
        ]
    return found


def _round_candidates(positions: Array, sizes: Array, edges: int) -> list[Recipe]:
    """Cylinders and cones; the ratio of a cone's radii is measured at its two ends."""
    count, faces = len(positions), len(sizes)
    found = []
    if count % 2 == 0 and count >= 6:
        around = count // 2
        for fill, total in (("NGON", around + 2), ("NOTHING", around)):
            if faces == total and edges == 3 * around:
                found.append((around, fill))
    if count % 2 == 0 and count >= 8:
        around = (count - 2) // 2
        if faces == 3 * around and edges == 5 * around and int((sizes == 3).sum()) == 2 * around:
            found.append((around, "TRIFAN"))
    recipes = []
    for around, fill in found:
        ratio = _end_ratio(positions)
        recipes.append(Recipe("CYLINDER", (around,), fill))  # a turned one has no ends along Z to measure
        if abs(ratio - 1) >= CLOSE:
            recipes.append(Recipe("CONE", (around,), fill, ratio))
    triangles = int((sizes == 3).sum())
    around = count - 1
    if around >= 3 and edges == 2 * around:
        if faces == around + 1 and triangles >= around:
            recipes += [Recipe("CONE", (around,), "NGON", 0.0), Recipe("CONE", (around,), "NGON", -1e-300)]
        elif faces == around == triangles:
            recipes.append(Recipe("CONE", (around,), "NOTHING", 0.0))
    if count >= 5 and triangles == faces == 2 * (count - 2) and edges == 3 * (count - 2):
        recipes.append(Recipe("CONE", (count - 2,), "TRIFAN", 0.0))
    return recipes


def _end_ratio(positions: Array) -> float:
    """Radius of the upper end by that of the lower one; negative and inverted when the upper one is larger."""
    height = positions[:, 2]
    spread = float(height.max() - height.min()) * 1e-3
    top, bottom = positions[height > height.max() - spread], positions[height < height.min() + spread]
    upper, lower = float(np.ptp(top[:, :2], axis=0).max()), float(np.ptp(bottom[:, :2], axis=0).max())
    if max(upper, lower) == 0.0:
        return 0.0
    return upper / lower if upper <= lower else -lower / upper


def _torus_candidates(positions: Array, count: int) -> list[Recipe]:
    centred = positions - (positions.max(axis=0) + positions.min(axis=0)) / 2
    radius = np.hypot(centred[:, 0], centred[:, 1])
    widest, height = float(radius.max()), float(np.abs(centred[:, 2]).max())
    levels = len(np.unique(np.round(centred[:, 2] / max(height, 1e-12), 4)))
    recipes = []
    for major in range(3, count // 3 + 1):
        minor = count // major
        if count % major or len({round(np.sin(2 * np.pi * k / minor), 4) for k in range(minor)}) != levels:
            continue
        reach = max(abs(np.sin(2 * np.pi * k / minor)) for k in range(minor))
        small = height / reach
        if widest > small > 0:
            recipes.append(Recipe("TORUS", (major, minor), "", round(small / (widest - small), 9)))
    return recipes


class Found(NamedTuple):
    """A recognised primitive: candidate * scale, turned, + offset are the mesh's vertices.

    `order` has the candidate's index of each vertex of the mesh.
    """

    recipe: Recipe
    scale: Array
    offset: Array
    order: Array
    turned: tuple[float, ...] = ()
    """Euler angles XYZ, where the mesh is turned."""

    def in_order(self) -> bool:
        """The operator makes the vertices in just this order."""
        return bool((self.order == np.arange(len(self.order))).all())

    def places(self, faces: list[list[int]]) -> tuple[Array, Array]:
        """Which face and which corner of the operator's mesh each face and corner of this one is."""
        made = make(self.recipe)
        which = {_cycle(face): number for number, face in enumerate(made.faces)}
        starts = np.cumsum([0] + [len(face) for face in made.faces]).tolist()
        face_places, corner_places = [], []
        for face in faces:
            theirs = [int(self.order[vertex]) for vertex in face]
            number = which[_cycle(theirs)]
            face_places.append(number)
            corner_places += [starts[number] + made.faces[number].index(vertex) for vertex in theirs]
        return np.array(face_places, int), np.array(corner_places, int)

    def makes_uv(self, uv: Array) -> bool:
        """A UV map, given in the operator's order, is the one that the operator makes."""
        uvs = make(self.recipe).uvs
        if uvs is None:
            return not uv.size
        return uvs.shape == uv.shape and bool(np.abs(uvs - uv).max() <= 1e-4)

    def described(self) -> dict[str, Any]:
        told = described(self.recipe, self.scale, self.offset)
        return {**told, "rotation": [_tidy(angle) for angle in self.turned]} if self.turned else told


def recognise(shape: Any, faces: list[list[int]], exact_order: bool) -> Found | None:
    """The primitive that a mesh is, or None.

    `exact_order`: its vertices are known by number, so that an operator whose order changes from run to run must make
    them in just this order.
    """
    positions = shape.positions.astype(np.float64)
    alike = []
    for recipe in candidates(positions, shape.sizes, len(shape.edges)):
        made = make(recipe)
        if len(made.positions) != len(positions) or len(made.faces) != len(faces) or made.edges != len(shape.edges):
            continue
        alike.append((recipe, made))
        found = _fit(recipe, made, positions, faces)
        if found is not None and (not exact_order or recipe.kind not in UNSTEADY or found.in_order()):
            return found
    turned = (_turned(recipe, made, positions, faces) for recipe, made in alike)
    return next((found for found in turned if found is not None), None)


def _fit(recipe: Recipe, made: Made, positions: Array, faces: list[list[int]]) -> Found | None:
    low, high = positions.min(axis=0), positions.max(axis=0)
    start, end = made.positions.min(axis=0), made.positions.max(axis=0)
    extent, size = high - low, end - start
    if not (extent > 0).any() or ((extent > CLOSE * extent.max()) != (size > 1e-6)).any():
        return None
    flat = size <= 1e-6
    scale = np.where(flat, 1.0, extent / np.where(flat, 1.0, size))
    offset = low - start * scale
    placed = made.positions * scale + offset
    order = _match(positions, placed, CLOSE * float(max(extent.max(), np.abs(positions).max() * 0.1)))
    if order is None:
        return None
    theirs = {_cycle(face) for face in made.faces}
    ours = {_cycle([int(order[vertex]) for vertex in face]) for face in faces}
    return Found(recipe, scale, offset, order) if theirs == ours else None


def _turned(recipe: Recipe, made: Made, positions: Array, faces: list[list[int]]) -> Found | None:
    """A candidate that was stretched along its own axes, then turned and moved, its vertices in their order."""
    count = len(positions)
    if count < 6 or {_cycle(face) for face in made.faces} != {_cycle(face) for face in faces}:
        return None
    known = np.c_[made.positions, np.ones(count)]
    fitted = np.linalg.lstsq(known, positions, rcond=None)[0]
    axes = fitted[:3]
    scale = np.linalg.norm(axes, axis=1)
    if np.abs(known @ fitted - positions).max() > CLOSE * float(np.ptp(positions, axis=0).max()) or scale.min() == 0.0:
        return None
    frame = axes / scale[:, None]
    if np.abs(frame @ frame.T - np.eye(3)).max() > CLOSE or np.linalg.det(frame) < 0.0:
        return None
    turn = [0.0 if abs(angle) < CLOSE else float(angle) for angle in Matrix(frame.T.tolist()).to_euler()]
    return Found(recipe, scale, fitted[3], np.arange(count), tuple(turn))


def _match(ours: Array, theirs: Array, tolerance: float) -> Array | None:
    """For each of our points the index of the one of theirs within `tolerance`; None unless that is one to one.

    Sorted along a slanted line, points that match lie at the same place but for near ties, which a full search settles.
    """
    if np.abs(ours - theirs).max() <= tolerance:
        return np.arange(len(ours))
    along, theirs_along = ours @ SLANTED, theirs @ SLANTED
    mine, other = along.argsort(), theirs_along.argsort()
    if np.abs(along[mine] - theirs_along[other]).max() > 3 * tolerance:
        return None
    order = np.empty(len(ours), int)
    order[mine] = other
    if np.abs(ours - theirs[order]).max() <= tolerance:
        return order
    for begin in range(0, len(ours), 256):
        part = ours[begin : begin + 256]
        distance = np.abs(part[:, None, :] - theirs[None, :, :]).max(axis=2)
        nearest = distance.argmin(axis=1)
        if distance[np.arange(len(part)), nearest].max() > tolerance:
            return None
        order[begin : begin + 256] = nearest
    return order if len(np.unique(order)) == len(order) else None


def _cycle(face: list[int]) -> Face:
    """A face as a cycle that starts at its smallest vertex; winding kept."""
    start = face.index(min(face))
    return tuple(face[start:] + face[:start])


def _tidy(value: float) -> float:
    """The shortest decimal within 2e-6 of a measured value."""
    for digits in range(1, 8):
        candidate = float(f"{value:.{digits}g}")
        if abs(candidate - value) <= 2e-6 * max(1.0, abs(value)):
            return candidate
    return float(f"{value:.8g}")


def _same(first: float, second: float) -> bool:
    return abs(first - second) <= 5e-6 * max(abs(first), abs(second), 1e-3)


def described(recipe: Recipe, scale: Array, offset: Array) -> dict[str, Any]:
    """`{kind, args, scale, offset}`: a uniform scale becomes a radius, size or depth; default args are left out."""
    x, y, z = (_tidy(float(value)) for value in scale)
    even = _same(x, y)
    whole = even and (_same(x, z) or recipe.kind in ("PLANE", "GRID", "CIRCLE"))
    args: dict[str, Any] = {}
    left = [x, y, z]
    kind, counts = recipe.kind, recipe.counts
    if kind in ("CUBE", "PLANE", "GRID", "MONKEY") and whole:
        args["size"] = _tidy(2 * x)
    elif kind in ("CIRCLE", "UV_SPHERE", "ICO_SPHERE") and whole:
        args["radius"] = x
    elif kind == "CYLINDER" and even:
        args |= {"radius": x, "depth": _tidy(2 * z)}
    elif kind == "CONE":
        wide = x if even else 1.0
        lower, upper = (1.0, recipe.ratio) if recipe.ratio >= 0 else (-recipe.ratio, 1.0)
        args |= {"radius1": _tidy(lower * wide), "radius2": _tidy(upper * wide)}
        if even:
            args["depth"] = _tidy(2 * z)
    elif kind == "TORUS":
        size = x if whole else 1.0
        args |= {"major_radius": size, "minor_radius": _tidy(recipe.ratio * size)}
    if whole or (kind in ("CYLINDER", "CONE") and even):
        left = [1.0, 1.0, 1.0]
    args |= dict(zip(COUNTS.get(kind, ()), counts, strict=False))
    if recipe.fill:
        args["fill_type" if kind == "CIRCLE" else "end_fill_type"] = recipe.fill
    result: dict[str, Any] = {
        "kind": kind,
        "args": {name: value for name, value in args.items() if value != DEFAULTS[kind].get(name)},
        "scale": left,
    }
    shift = [0.0 if abs(value) < 2e-6 * max(1.0, float(scale.max())) else _tidy(float(value)) for value in offset]
    result["offset"] = shift
    return result


COUNTS = {
    "GRID": ("x_subdivisions", "y_subdivisions"), "CIRCLE": ("vertices",), "UV_SPHERE": ("segments", "ring_count"),
    "ICO_SPHERE": ("subdivisions",), "CYLINDER": ("vertices",), "CONE": ("vertices",),
    "TORUS": ("major_segments", "minor_segments"),
}  # fmt: skip
# The operators' own defaults, bpy.ops.mesh.primitive_*_add.
DEFAULTS: dict[str, dict[str, Any]] = {
    "CUBE": {"size": 2.0}, "PLANE": {"size": 2.0}, "GRID": {"size": 2.0, "x_subdivisions": 10, "y_subdivisions": 10},
    "MONKEY": {"size": 2.0}, "CIRCLE": {"vertices": 32, "radius": 1.0, "fill_type": "NOTHING"},
    "UV_SPHERE": {"segments": 32, "ring_count": 16, "radius": 1.0}, "ICO_SPHERE": {"subdivisions": 2, "radius": 1.0},
    "CYLINDER": {"vertices": 32, "radius": 1.0, "depth": 2.0, "end_fill_type": "NGON"},
    "CONE": {"vertices": 32, "radius1": 1.0, "radius2": 0.0, "depth": 2.0, "end_fill_type": "NGON"},
    "TORUS": {"major_segments": 48, "minor_segments": 12, "major_radius": 1.0, "minor_radius": 0.25},
}  # fmt: skip
