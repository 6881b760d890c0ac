"""From RNA type names to the identifiers that `new` takes."""

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

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kind_of(rna_type: str, family: str) -> str:
    """`kind_of("BevelModifier", "Modifier")` is "BEVEL"."""
    known = IRREGULAR.get(rna_type)
    if known is not None:
        return known
    word = rna_type.removesuffix(family).removeprefix(family)
    return _WORDS.sub("_", word).upper()
