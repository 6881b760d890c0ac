"""From RNA type names to the identifiers that `new` takes, and from primitives to their operators."""

from __future__ import annotations

import re

IRREGULAR = {
    "LaplacianDeformModifier": "LAPLACIANDEFORM", "LaplacianSmoothModifier": "LAPLACIANSMOOTH",
    "GreasePencilWeightProximityModifier": "GREASE_PENCIL_VERTEX_WEIGHT_PROXIMITY",
    "GreasePencilWeightAngleModifier": "GREASE_PENCIL_VERTEX_WEIGHT_ANGLE", "GreasePencilLineartModifier": "LINEART",
    "GreasePencilThickModifierData": "GREASE_PENCIL_THICKNESS", "GreasePencilDashModifierData": "GREASE_PENCIL_DASH",
    "KinematicConstraint": "IK", "SplineIKConstraint": "SPLINE_IK", "Texture": "NONE", "PointLight": "POINT",
    "FModifierFunctionGenerator": "FNGENERATOR", "TextCurve": "FONT", "SurfaceCurve": "SURFACE", "Curve": "CURVE",
    "LightProbeSphere": "SPHERE", "LightProbePlane": "PLANE", "LightProbeVolume": "VOLUME",
    "LightProbeGrid": "VOLUME", "LightProbeCubemap": "SPHERE", "LightProbePlanar": "PLANE",
}  # fmt: skip

OPERATORS = {
    "CUBE": ("primitive_cube_add", "Cube"), "PLANE": ("primitive_plane_add", "Plane"),
    "GRID": ("primitive_grid_add", "Grid"), "CIRCLE": ("primitive_circle_add", "Circle"),
    "UV_SPHERE": ("primitive_uv_sphere_add", "Sphere"), "ICO_SPHERE": ("primitive_ico_sphere_add", "Icosphere"),
    "CYLINDER": ("primitive_cylinder_add", "Cylinder"), "CONE": ("primitive_cone_add", "Cone"),
    "TORUS": ("primitive_torus_add", "Torus"), "MONKEY": ("primitive_monkey_add", "Suzanne"),
}  # fmt: skip
"""By kind: the operator, and the name that it gives to the object and its mesh."""

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kind_of(rna_type: str, family: str) -> str:
    """`kind_of("BevelModifier", "Modifier")` is "BEVEL"."""
    known = IRREGULAR.get(rna_type)
    if known is not None:
        return known
    word = rna_type.removesuffix(family).removeprefix(family)
    return _WORDS.sub("_", word).upper()
