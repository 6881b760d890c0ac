"""Which properties a person asks for.

Files carry many values that nobody set: what a version upgrade wrote, what has no effect beside other values, what
belongs to an editor. For types listed in asked.toml only the listed properties count; for the rest all but its noise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from voxel.facts.lookup import same

_TABLE = tomllib.loads(files("voxel.training.dataset_builder").joinpath("asked.toml").read_text("utf-8"))
ASKED: dict[str, frozenset[str]] = {kind: frozenset(names) for kind, names in _TABLE["asked"].items()}
NOISE = frozenset(_TABLE["noise"])

_OLD_IOR = 1.45
_WIDE_SUN, _OLD_SUN = 0.5, 0.19933731
_OLD_SENSOR = 32.0
"""Millimetres; what every camera had until 2.8."""
_OLD_ROUGHNESS = 0.4
"""What a fresh Principled BSDF of 2.8 had."""

# Blocks whose properties do nothing unless something else is so: what to leave out, given all of them.
_INERT: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "CameraDOFSettings": lambda p: list(p) if p.get("use_dof") is not True else [],
    "Camera": lambda p: (
        (["ortho_scale"] if p.get("type") != "ORTHO" else ["lens"])
        + (["sensor_height"] if p.get("sensor_fit") != "VERTICAL" else [])
        + (["sensor_width"] if p.get("sensor_width") == _OLD_SENSOR else [])
    ),
    "AreaLight": lambda p: ["size_y"] if p.get("shape") not in ("RECTANGLE", "ELLIPSE") else [],
    "SunLight": lambda p: ["angle"] if is_upgraded_sun(p.get("angle", 0.0)) else [],
    "PointLight": lambda p: ["temperature"] if not p.get("use_temperature") else [],
    "WorldMistSettings": lambda p: list(p) if not p.get("use_mist") else [],
    "ImageFormatSettings": lambda p: ["color_mode", "color_depth"] if p.get("file_format") == "HDR" else [],
    "Curve": lambda p: [] if p.get("bevel_depth") else ["bevel_resolution"],
    "TextCurve": lambda p: [] if p.get("bevel_depth") else ["bevel_resolution"],
    "RenderSettings": lambda p: ["motion_blur_shutter"] if not p.get("use_motion_blur") else [],
}


def is_upgraded_sun(angle: float) -> bool:
    """Whether a sun is as wide, in radians, as only an upgrade makes it: of a soft lamp, or of a hemi lamp."""
    return angle > _WIDE_SUN or same(angle, _OLD_SUN)


def asked(kind: str, name: str) -> bool:
    """Whether people ask for this property of this RNA type."""
    listed = ASKED.get(kind)
    return name in listed if listed is not None else f"{kind}.{name}" not in NOISE


def drop_inert(kind: str, props: dict[str, Any]) -> None:
    """Takes out, in place, what has no effect beside the other values."""
    if kind == "SimpleDeformModifier" and "angle" in props and "factor" in props:
        bends = props.get("deform_method", "TWIST") in ("TWIST", "BEND")
        own, other = ("angle", "factor") if bends else ("factor", "angle")
        props[other] = props[own]  # one value under two names
    inert = _INERT.get(kind)
    for name in inert(props) if inert is not None else ():
        props.pop(name, None)


def drop_plain_object(kind: str, props: dict[str, Any]) -> None:
    """Takes out of an object of this kind, in place, what upgrades left and what tidying has made the default."""
    if not any(props.get("color", [1])) or kind in ("LIGHT", "CAMERA", "EMPTY", "ARMATURE", "SPEAKER"):
        props.pop("color", None)
    if kind != "EMPTY":
        props.pop("empty_display_type", None)
        props.pop("empty_display_size", None)
    if kind in ("LIGHT", "CAMERA"):
        props.pop("display_type", None)
    for name, plain in (("location", 0.0), ("rotation_euler", 0.0), ("scale", 1.0)):
        if name in props and same(props[name], [plain] * 3):
            del props[name]


def drop_material(block: dict[str, Any]) -> None:
    """The viewport's look says nothing in a material with nodes; roughness 0.5 is what upgrades wrote."""
    props = block["props"]
    if same(props.get("roughness"), 0.5) or "tree" in block:
        props.pop("roughness", None)
    if "tree" in block:
        for name in ("metallic", "specular_intensity", "diffuse_color"):
            props.pop(name, None)
        if not any(link["to"]["label"] == "Displacement" for link in block["tree"].get("links", [])):
            props.pop("displacement_method", None)


def drop_shader(node: dict[str, Any]) -> None:
    """Inputs of a Principled BSDF that an upgrade wrote and that show nothing."""
    if node["type"] != "ShaderNodeBsdfPrincipled" or "inputs" not in node:
        return
    values = {given["label"]: given["value"] for given in node["inputs"]}
    gone: set[str] = set()
    if same(values.get("IOR"), _OLD_IOR):
        gone.add("IOR")
    glow = values.get("Emission Color")
    if "Emission Strength" not in values:
        gone.add("Emission Color")
    elif glow is not None and not any(glow[:3]):
        gone |= {"Emission Color", "Emission Strength"}
    if set(values) - gone == {"Roughness"} and same(values["Roughness"], _OLD_ROUGHNESS):
        gone.add("Roughness")
    if "Subsurface Weight" not in values:
        gone |= {"Subsurface Radius", "Subsurface Scale", "Subsurface IOR", "Subsurface Anisotropy"}
    node["inputs"] = [given for given in node["inputs"] if given["label"] not in gone]
