"""Which properties a person asks for.

Files carry many values that nobody set: what a version upgrade wrote, what has no effect beside other values, what
belongs to an editor. For kinds of blocks listed in ASKED only the listed properties count; for the rest all but NOISE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voxel.facts.lookup import same

_LIGHT = """color energy specular_factor diffuse_factor volume_factor use_shadow use_soft_falloff use_temperature temperature
    normalize exposure use_custom_distance cutoff_distance"""
ASKED: dict[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "Object": """location rotation_euler rotation_quaternion rotation_mode scale hide_render hide_viewport show_in_front
            display_type show_wire empty_display_type empty_display_size lock_location lock_rotation lock_scale color pass_index
            is_shadow_catcher is_holdout visible_camera visible_shadow visible_diffuse visible_glossy visible_transmission
            delta_location delta_rotation_euler delta_scale track_axis up_axis""",
        "Mesh": "",
        "Armature": "display_type show_names pose_position",
        "Camera": """type lens sensor_width sensor_height sensor_fit ortho_scale clip_start clip_end shift_x shift_y dof
            show_passepartout show_limits""",
        "CameraDOFSettings": "use_dof focus_distance aperture_fstop aperture_blades focus_object aperture_ratio aperture_rotation",
        "PointLight": f"{_LIGHT} shadow_soft_size",
        "SunLight": f"{_LIGHT} angle",
        "SpotLight": f"{_LIGHT} shadow_soft_size spot_size spot_blend show_cone use_square",
        "AreaLight": f"{_LIGHT} size size_y shape spread",
        "World": "color mist_settings use_nodes",
        "WorldMistSettings": "use_mist start depth falloff intensity height",
        "Material": """surface_render_method blend_method use_backface_culling displacement_method diffuse_color roughness metallic
            specular_intensity pass_index use_screen_refraction thickness_mode use_nodes""",
        "Scene": """camera world frame_start frame_end frame_step gravity use_gravity render cycles eevee view_settings unit_settings""",
        "RenderSettings": """engine resolution_x resolution_y resolution_percentage fps fps_base film_transparent image_settings
            use_motion_blur motion_blur_shutter filter_size use_simplify simplify_subdivision use_border use_crop_to_border
            use_file_extension use_overwrite use_placeholder use_persistent_data use_freestyle line_thickness
            use_compositing use_stamp dither_intensity pixel_aspect_x pixel_aspect_y border_min_x border_max_x border_min_y
            border_max_y use_multiview""",
        "ImageFormatSettings": "file_format color_mode color_depth quality compression exr_codec",
        "CyclesRenderSettings": """samples preview_samples use_denoising use_preview_denoising denoiser max_bounces diffuse_bounces
            glossy_bounces transmission_bounces transparent_max_bounces volume_bounces use_adaptive_sampling adaptive_threshold
            adaptive_min_samples sample_clamp_direct sample_clamp_indirect caustics_reflective caustics_refractive blur_glossy
            device film_exposure pixel_filter_type filter_width seed use_light_tree light_sampling_threshold
            film_transparent_glass use_fast_gi feature_set""",
        "SceneEEVEE": """taa_render_samples taa_samples use_raytracing use_shadows use_fast_gi fast_gi_distance volumetric_samples
            volumetric_start volumetric_end volumetric_tile_size use_volumetric_shadows use_overscan overscan_size
            shadow_ray_count shadow_step_count use_volume_custom_range""",
        "ColorManagedViewSettings": "view_transform look exposure gamma",
        "UnitSettings": "system scale_length length_unit system_rotation mass_unit time_unit temperature_unit use_separate",
        "Curve": """dimensions resolution_u bevel_depth bevel_resolution extrude bevel_mode bevel_object taper_object fill_mode
            use_fill_caps offset twist_mode render_resolution_u""",
        "TextCurve": """body size extrude bevel_depth bevel_resolution align_x align_y offset_x offset_y shear space_character
            space_word space_line offset fill_mode follow_curve""",
        "MetaBall": "resolution render_resolution threshold",
        "Lattice": "points_u points_v points_w interpolation_type_u interpolation_type_v interpolation_type_w use_outside",
        "Collection": "color_tag hide_render hide_viewport",
        "Image": "generated_type generated_width generated_height generated_color source alpha_mode",
    }.items()
}

NOISE = frozenset(
    """
    SubsurfModifier.quality SubsurfModifier.uv_smooth SubsurfModifier.show_only_control_edges SubsurfModifier.use_limit_surface
    BevelModifier.spread SolidifyModifier.nonmanifold_merge_threshold SolidifyModifier.nonmanifold_thickness_mode
    ShaderNodeBsdfPrincipled.distribution ShaderNodeBsdfPrincipled.subsurface_method ShaderNodeBsdfAnisotropic.distribution
    ShaderNodeTexImage.image_user ShaderNodeTexEnvironment.image_user GeometryNodeDistributePointsOnFaces.use_legacy_normal
    ShaderNodeTexSky.sun_elevation ShaderNodeTexSky.sun_direction ShaderNodeUVMap.from_instancer
    CompositorNodeRLayers.layer MultiresModifier.quality MultiresModifier.uv_smooth NodesModifier.use_attribute
    """.split()
)

_OLD_IOR = 1.45

# Blocks whose properties do nothing unless something else is so: what to leave out, given all of them.
_INERT: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "CameraDOFSettings": lambda p: list(p) if p.get("use_dof") is not True else [],
    "Camera": lambda p: (
        (["ortho_scale"] if p.get("type") != "ORTHO" else ["lens"])
        + (["sensor_height"] if p.get("sensor_fit") != "VERTICAL" else [])
    ),
    "AreaLight": lambda p: ["size_y"] if p.get("shape") not in ("RECTANGLE", "ELLIPSE") else [],
    "PointLight": lambda p: ["temperature"] if not p.get("use_temperature") else [],
    "WorldMistSettings": lambda p: list(p) if not p.get("use_mist") else [],
    "Curve": lambda p: [] if p.get("bevel_depth") else ["bevel_resolution"],
    "TextCurve": lambda p: [] if p.get("bevel_depth") else ["bevel_resolution"],
    "SimpleDeformModifier": lambda p: ["factor"] if p.get("deform_method", "TWIST") in ("TWIST", "BEND") else ["angle"],
    "RenderSettings": lambda p: ["motion_blur_shutter"] if not p.get("use_motion_blur") else [],
}


def asked(kind: str, name: str) -> bool:
    """Whether people ask for this property of this RNA type."""
    listed = ASKED.get(kind)
    return name in listed if listed is not None else f"{kind}.{name}" not in NOISE


def drop_inert(kind: str, props: dict[str, Any]) -> None:
    """Takes out, in place, what has no effect beside the other values."""
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
    if "Subsurface Weight" not in values:
        gone |= {"Subsurface Radius", "Subsurface Scale", "Subsurface IOR", "Subsurface Anisotropy"}
    node["inputs"] = [given for given in node["inputs"] if given["label"] not in gone]
