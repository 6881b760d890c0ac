"""What Blender 5.0 calls or keeps elsewhere than 4.5, so that one script means the same in both.

Found by comparing what freshly created instances and nodes of both hold. Scenes that 5.0 dumped are in its own words.
"""

from __future__ import annotations

NEW = "bpy.app.version >= (5, 0, 0)"
OLD = "bpy.app.version < (5, 0, 0)"

MEDIA = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}
"""Since 5.0 these formats can be chosen only once the medium is."""

RENAMED = {
    ("engine", "BLENDER_EEVEE"): ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"),
    ("engine", "BLENDER_EEVEE_NEXT"): ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"),
    ("solver", "FAST"): ("FLOAT", "FAST"), ("solver", "FLOAT"): ("FLOAT", "FAST"),
    ("sky_type", "NISHITA"): ("SINGLE_SCATTERING", "NISHITA"),
}  # fmt: skip
"""Values whose identifier changed: what it is since 5.0, and what it was."""

GONE = frozenset({
    "SceneEEVEE.gtao_distance", "SceneEEVEE.gtao_quality", "SceneEEVEE.use_gtao", "ShaderNodeTexSky.dust_density",
    "ImageTexture.filter_eccentricity", "ImageTexture.filter_lightprobes", "ImageTexture.filter_type",
    "ImageTexture.use_filter_size_min", "ImageTexture.use_mipmap", "ImageTexture.use_mipmap_gauss",
    "ColorManagedViewSettings.use_hdr_view", "CyclesRenderSettings.feature_set",
    "CyclesMaterialSettings.homogeneous_volume", "CyclesWorldSettings.homogeneous_volume",
    "CyclesObjectSettings.use_adaptive_subdivision", "CyclesObjectSettings.dicing_rate",
    "CompositorNodeImage.use_straight_alpha_output", "CompositorNodeViewer.use_alpha",
    "CompositorNodeBokehBlur.use_variable_size", "CompositorNodeBlur.use_variable_size",
    "CompositorNodeBlur.use_gamma_correction", "CompositorNodeDefocus.use_gamma_correction",
    "CompositorNodeAlphaOver.premul", "CompositorNodeOutputFile.base_path",
})  # fmt: skip
"""Properties that 5.0 does not have any more."""

OTHER_DEFAULTS: dict[str, dict[str, object]] = {
    "ShaderNodeTexSky": {"sky_type": "NISHITA", "altitude": 0.0},
    "ShapeKey": {"value": 0.0},
}
"""By type: what is new in 4.5 and something else when new in 5.0, and so is always said."""

PLAIN_SKIES = frozenset({"PREETHAM", "HOSEK_WILKIE"})
"""Skies for which the altitude does not matter."""

OTHER_SOCKETS: dict[str, tuple[str, str, float]] = {
    "ShaderNodeBlackbody": ("Temperature", "NodeSocketFloatColorTemperature", 1500.0),
}
"""The same for sockets: label, type and value."""

MENUS = {
    "FunctionNodeMatchString.operation": "Operation", "GeometryNodeDistributePointsInVolume.mode": "Mode",
    "GeometryNodeFillCurve.mode": "Mode", "GeometryNodeFilletCurve.mode": "Mode",
    "GeometryNodeMergeByDistance.mode": "Mode", "GeometryNodeMeshToVolume.resolution_mode": "Resolution Mode",
    "GeometryNodePointsToVolume.resolution_mode": "Resolution Mode", "GeometryNodeRaycast.mapping": "Interpolation",
    "GeometryNodeRemoveAttribute.pattern_mode": "Pattern Mode", "GeometryNodeResampleCurve.mode": "Mode",
    "GeometryNodeSampleGrid.interpolation_mode": "Interpolation", "GeometryNodeScaleElements.scale_mode": "Scale Mode",
    "GeometryNodeSetCurveNormal.mode": "Mode", "GeometryNodeSubdivisionSurface.uv_smooth": "UV Smooth",
    "GeometryNodeSubdivisionSurface.boundary_smooth": "Boundary Smooth", "GeometryNodeTransform.mode": "Mode",
    "GeometryNodeTriangulate.quad_method": "Quad Method", "GeometryNodeTriangulate.ngon_method": "N-gon Method",
    "GeometryNodeUVUnwrap.method": "Method", "GeometryNodeVolumeToMesh.resolution_mode": "Resolution Mode",
    "CompositorNodeBlur.filter_type": "Type", "CompositorNodeBoxMask.mask_type": "Operation",
    "CompositorNodeChannelMatte.color_space": "Color Space", "CompositorNodeChannelMatte.limit_method": "Limit Method",
    "CompositorNodeColorBalance.correction_method": "Type", "CompositorNodeColorSpill.channel": "Spill Channel",
    "CompositorNodeColorSpill.limit_method": "Limit Method", "CompositorNodeColorSpill.limit_channel": "Limit Channel",
    "CompositorNodeCornerPin.interpolation": "Interpolation", "CompositorNodeDenoise.prefilter": "Prefilter",
    "CompositorNodeDenoise.quality": "Quality", "CompositorNodeDilateErode.mode": "Type",
    "CompositorNodeDilateErode.falloff": "Falloff", "CompositorNodeDistanceMatte.channel": "Color Space",
    "CompositorNodeEllipseMask.mask_type": "Operation", "CompositorNodeFilter.filter_type": "Type",
    "CompositorNodeGlare.glare_type": "Type", "CompositorNodeGlare.quality": "Quality",
    "CompositorNodeKeying.feather_falloff": "Feather Falloff", "CompositorNodeKuwahara.variation": "Type",
    "CompositorNodeLensdist.distortion_type": "Type", "CompositorNodeLevels.channel": "Channel",
    "CompositorNodeMask.size_source": "Size Source", "CompositorNodeMovieDistortion.distortion_type": "Type",
    "CompositorNodePremulKey.mapping": "Type", "CompositorNodeRotate.filter_type": "Interpolation",
    "CompositorNodeScale.space": "Type", "CompositorNodeScale.frame_method": "Frame Type",
    "CompositorNodeScale.interpolation": "Interpolation", "CompositorNodeSetAlpha.mode": "Type",
    "CompositorNodeStabilize.filter_type": "Interpolation", "CompositorNodeTonemap.tonemap_type": "Type",
    "CompositorNodeTransform.filter_type": "Interpolation", "CompositorNodeTranslate.interpolation": "Interpolation",
    "CompositorNodeMapUV.filter_type": "Interpolation", "CompositorNodeTrackPos.position": "Mode",
}  # fmt: skip
"""Choices of a node that became menu sockets: the label of the socket."""

_WORDS = {
    "NGONS": "N-gons", "BEZIER": "Bézier", "DENSITY_RANDOM": "Random", "DENSITY_GRID": "Grid",
    "VOXEL_AMOUNT": "Amount", "VOXEL_SIZE": "Size", "PRESERVE_CORNERS": "Keep Corners", "Z_UP": "Z Up",
    "PRESERVE_CORNERS_AND_JUNCTIONS": "Keep Corners, Junctions", "PRESERVE_BOUNDARIES": "Keep Boundaries",
    "PRESERVE_CORNERS_JUNCTIONS_AND_CONCAVE": "Keep Corners, Junctions, Concave", "QUAD": "Quadratic",
    "GAUSS": "Gaussian", "FAST_GAUSS": "Fast Gaussian", "YCC": "YCbCr", "RGB": "RGB", "HSV": "HSV", "YUV": "YUV",
    "LIFT_GAMMA_GAIN": "Lift/Gamma/Gain", "OFFSET_POWER_SLOPE": "Offset/Power/Slope (ASC-CDL)",
    "WHITEPOINT": "White Point", "SIMPLE": "Single", "SHARPEN": "Box Sharpen", "SHARPEN_DIAMOND": "Diamond Sharpen",
    "COMBINED_RGB": "Combined", "SCENE": "Scene Size", "FIXED_SCENE": "Fixed/Scene", "STEP": "Steps",
    "STRAIGHT_TO_PREMUL": "To Premultiplied", "PREMUL_TO_STRAIGHT": "To Straight", "APPLY": "Apply Mask",
    "RD_PHOTORECEPTOR": "R/D Photoreceptor", "SMOOTH_ALL": "All",
}  # fmt: skip
_WORDS_OF = {
    ("GeometryNodeSampleGrid", "NEAREST"): "Nearest Neighbor", ("CompositorNodeDistanceMatte", "YCC"): "YCC",
}  # fmt: skip


def menu_word(kind: str, identifier: str) -> str:
    """What a menu socket of 5.0 calls a choice that 4.5 knows by an identifier."""
    return _WORDS_OF.get((kind, identifier)) or _WORDS.get(identifier) or identifier.replace("_", " ").title()


NODES = {
    "CompositorNodeComposite": "NodeGroupOutput", "CompositorNodeGamma": "ShaderNodeGamma",
    "CompositorNodeMapRange": "ShaderNodeMapRange", "CompositorNodeMath": "ShaderNodeMath",
    "CompositorNodeMixRGB": "ShaderNodeMixRGB", "CompositorNodeValToRGB": "ShaderNodeValToRGB",
    "CompositorNodeCurveVec": "ShaderNodeVectorCurve", "CompositorNodeCombineXYZ": "ShaderNodeCombineXYZ",
    "CompositorNodeSeparateXYZ": "ShaderNodeSeparateXYZ", "CompositorNodeValue": "ShaderNodeValue",
    "GeometryNodeClosureInput": "NodeClosureInput", "GeometryNodeClosureOutput": "NodeClosureOutput",
    "GeometryNodeCombineBundle": "NodeCombineBundle", "GeometryNodeEvaluateClosure": "NodeEvaluateClosure",
    "GeometryNodeSeparateBundle": "NodeSeparateBundle",
}  # fmt: skip
"""Nodes that 5.0 knows by another type."""

PASSES = {
    "AO": "Ambient Occlusion", "IndexOB": "Object Index", "IndexMA": "Material Index", "Emit": "Emission",
    "Env": "Environment", "DiffDir": "Diffuse Direct", "DiffInd": "Diffuse Indirect", "DiffCol": "Diffuse Color",
    "GlossDir": "Glossy Direct", "GlossInd": "Glossy Indirect", "GlossCol": "Glossy Color",
    "TransDir": "Transmission Direct", "TransInd": "Transmission Indirect", "TransCol": "Transmission Color",
}  # fmt: skip
"""Outputs of render layers that 5.0 labels otherwise."""

SOCKETS: dict[tuple[str, str, int], str | int] = {
    ("CompositorNodeAlphaOver", "inputs", 1): "Background", ("CompositorNodeAlphaOver", "inputs", 2): "Foreground",
    ("CompositorNodeZcombine", "inputs", 0): "A", ("CompositorNodeZcombine", "inputs", 1): "Depth A",
    ("CompositorNodeZcombine", "inputs", 2): "B", ("CompositorNodeZcombine", "inputs", 3): "Depth B",
    ("CompositorNodeZcombine", "outputs", 0): "Result", ("CompositorNodeZcombine", "outputs", 1): "Depth",
    ("CompositorNodeRGB", "outputs", 0): "Color", ("CompositorNodeRotate", "inputs", 1): "Angle",
    ("CompositorNodeLevels", "outputs", 1): "Standard Deviation", ("CompositorNodeBokehBlur", "inputs", 3): "Mask",
    **{("CompositorNodeColorBalance", "inputs", index): index + 1 for index in range(2, 8)},
}  # fmt: skip
"""Sockets of compositor nodes that 5.0 has under another name and identifier, or at another place."""

_SOCKETS_NOW = {
    "AlphaOver": "use_premultiply",
    "AntiAliasing": "threshold contrast_limit corner_rounding",
    "Bilateralblur": "iterations sigma_color sigma_space",
    "Blur": (
        "use_extended_bounds size_x size_y use_relative aspect_correction factor factor_x "
        "factor_y use_bokeh"
    ),
    "BokehBlur": "use_extended_bounds blur_max",
    "BokehImage": "angle flaps rounding catadioptric shift",
    "BoxMask": "x y mask_width mask_height rotation",
    "BrightContrast": "use_premultiply",
    "ChannelMatte": "matte_channel limit_channel limit_max limit_min",
    "ChromaMatte": "tolerance threshold lift gain shadow_adjust",
    "ColorBalance": (
        "lift gamma gain offset power slope offset_basis input_temperature input_tint "
        "output_temperature output_tint"
    ),
    "ColorCorrection": (
        "red green blue midtones_start midtones_end master_saturation master_contrast "
        "master_gamma master_gain master_lift shadows_saturation shadows_contrast shadows_gamma "
        "shadows_gain shadows_lift midtones_saturation midtones_contrast midtones_gamma "
        "midtones_gain midtones_lift highlights_saturation highlights_contrast highlights_gamma "
        "highlights_gain highlights_lift"
    ),
    "ColorMatte": "color_hue color_saturation color_value",
    "ColorSpill": "ratio use_unspill unspill_red unspill_green unspill_blue",
    "Crop": "use_crop_size relative min_x max_x min_y max_y rel_min_x rel_max_x rel_min_y rel_max_y",
    "DBlur": "iterations center_x center_y distance angle spin zoom",
    "Defocus": "threshold use_preview",
    "Denoise": "use_hdr",
    "Despeckle": "threshold threshold_neighbor",
    "DiffMatte": "tolerance falloff",
    "DilateErode": "distance edge",
    "DistanceMatte": "tolerance falloff",
    "DoubleEdgeMask": "inner_mode edge_mode",
    "EllipseMask": "x y mask_width mask_height rotation",
    "Flip": "axis",
    "Glare": "iterations color_modulation mix threshold streaks angle_offset fade use_rotate_45 size",
    "IDMask": "index use_antialiasing",
    "Inpaint": "distance",
    "Invert": "invert_rgb invert_alpha",
    "Keying": (
        "screen_balance despill_factor despill_balance clip_black clip_white blur_pre blur_post "
        "dilate_distance edge_kernel_radius edge_kernel_tolerance feather_distance"
    ),
    "KeyingScreen": "smoothness",
    "Kuwahara": "use_high_precision uniformity sharpness eccentricity",
    "Lensdist": "use_projector use_jitter use_fit",
    "LumaMatte": "limit_max limit_min",
    "MapUV": "alpha",
    "Mask": "use_feather use_motion_blur motion_blur_samples motion_blur_shutter size_x size_y",
    "OutputFile": "active_input_index",
    "Pixelate": "pixel_size",
    "PlaneTrackDeform": "use_motion_blur motion_blur_samples motion_blur_shutter",
    "Scale": "offset_x offset_y",
    "Split": "axis factor",
    "Stabilize": "invert",
    "Switch": "check",
    "Time": "frame_start frame_end",
    "Tonemap": "key offset gamma intensity contrast adaptation correction",
    "TrackPos": "frame_relative",
    "Translate": "use_relative wrap_axis",
    "VecBlur": "samples speed_min speed_max factor use_curved",
    "Zcombine": "use_alpha use_antialias_z",
}  # fmt: skip

NOW_SOCKETS = frozenset(
    f"CompositorNode{kind}.{name}" for kind, names in _SOCKETS_NOW.items() for name in names.split()
)
"""Properties of compositor nodes that 4.5 holds in sockets too, and that 5.0 holds in sockets alone."""
