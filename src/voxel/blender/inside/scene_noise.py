"""Differences that say nothing: what Blender's version upgrade writes, old defaults that nobody chose, and values
that are without effect where they stand.

Found by counting, over real files of 40 versions, which values the files of one version share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from scene_rules import words

# Never told, whatever the value: the upgrade writes them and hardly anybody else does.
NOISE = words(
    """
    Material.alpha_threshold Material.use_transparent_shadow Material.line_color Material.blend_method
    Material.use_backface_culling_lightprobe_volume Material.show_transparent_back
    Light.sun_shadow_jitter_overblur World.sun_shadow_jitter_overblur Light.transmission_factor
    World.use_sun_shadow World.sun_shadow_maximum_resolution World.sun_shadow_filter_radius
    Light.shadow_buffer_clip_start Light.shadow_maximum_resolution Light.use_absolute_resolution
    Light.shadow_cascade_max_distance Light.shadow_cascade_count Light.shadow_cascade_exponent
    Light.shadow_cascade_fade Light.shadow_jitter_overblur Light.shadow_filter_radius Light.shadow_color
    Light.shadow_trace_distance Light.shadow_buffer_bias Light.shadow_soft_clip_start
    CyclesRenderSettings.sampling_pattern CyclesRenderSettings.sample_map_resolution
    CyclesWorldSettings.sampling_method CyclesWorldSettings.sample_map_resolution
    CyclesMaterialSettings.volume_sampling CyclesWorldSettings.volume_sampling
    SubsurfModifier.show_only_control_edges SubsurfModifier.quality MultiresModifier.quality
    SceneEEVEE.use_volume_custom_range ViewLayer.pass_alpha_threshold Scene.grease_pencil_settings
    BakeSettings.image_settings ImageFormatSettings.use_exr_interleave
    """
)

# Values that were Blender's defaults once, or that its upgrade writes: not told for files of an older Blender.
OLD_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "CyclesRenderSettings.use_light_tree": (False,),
    "CyclesRenderSettings.use_denoising": (False,),
    "CyclesRenderSettings.use_adaptive_sampling": (False,),
    "CyclesRenderSettings.blur_glossy": (0.0,),
    "CyclesRenderSettings.sample_clamp_indirect": (0.0,),
    "CyclesRenderSettings.light_sampling_threshold": (0.0,),
    "CyclesRenderSettings.pixel_filter_type": ("GAUSSIAN",),
    "CyclesRenderSettings.filter_width": (1.5,),
    "CyclesRenderSettings.volume_bounces": (1, 2),
    "CyclesRenderSettings.caustics_refractive": (False,),
    "CyclesLightSettings.use_multiple_importance_sampling": (False,),
    "RenderSettings.dither_intensity": (0.0,),
    "RenderSettings.pixel_aspect_x": (100.0,),
    "RenderSettings.pixel_aspect_y": (100.0,),
    "ImageFormatSettings.compression": (90,),
    "UnitSettings.system": ("NONE",),
    "UnitSettings.length_unit": ("ADAPTIVE",),
    "UnitSettings.mass_unit": ("ADAPTIVE",),
    "Object.color": ([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]),
    "Object.display_type": ("WIRE",),
    "Material.roughness": (0.5, 0.25),
    "Material.specular_intensity": (0.0,),
    "Camera.clip_end": (100.0,),
    "Texture.use_clamp": (True,),
    "ViewLayer.use_pass_z": (True,),
    "SubsurfModifier.uv_smooth": ("PRESERVE_CORNERS",),
    "ArrayModifier.merge_threshold": (0.01,),
    "Scene.frame_current": (0,),
    "ViewLayerEEVEE.ambient_occlusion_distance": (0.2,),
}

Silent = tuple[tuple[str, ...], Callable[[Any], bool]]


def _still(user: Any) -> bool:
    """The image of a node is one picture, so that frames do not matter."""
    image = getattr(user, "image", None)
    return image is None or image.source not in ("SEQUENCE", "MOVIE")


def _no_subsurface(node: Any) -> bool:
    socket = node.inputs.get("Subsurface Weight")
    return socket is not None and not socket.is_linked and socket.default_value == 0.0


def _first_distribution(node: Any) -> bool:
    """What new nodes had before 4.0: GGX without the light that bounces within the surface."""
    return bool(node.distribution == "GGX" and tuple(bpy.data.version) < (4, 0, 0))


def _outside_rigid_worlds(item: Any) -> bool:
    """No scene simulates the object: rigid bodies of old game files, which Blender keeps and ignores."""
    worlds = [scene.rigidbody_world for scene in bpy.data.scenes if scene.rigidbody_world is not None]
    held = [world.collection for world in worlds] + [world.constraints for world in worlds]
    return not any(item.name in collection.objects for collection in held if collection is not None)


def _unfilled(curve: Any) -> bool:
    """A curve in space that is filled as those always are at first, or that has no surface to fill."""
    beveled = curve.bevel_depth != 0.0 or (curve.bevel_mode == "OBJECT" and curve.bevel_object is not None)
    bare = not beveled and curve.extrude == 0.0
    at_first = "HALF" if curve.rna_type.identifier == "TextCurve" else "FULL"
    return bool(curve.dimensions == "3D" and (bare or curve.fill_mode == at_first))


def _upgraded_roughness(material: Any) -> bool:
    """The roughness that the upgrade of a file from before 2.80 gives to what is shown in the viewport."""
    return bool(material.use_nodes and material.node_tree is not None and abs(material.roughness - 0.5) < 1e-6)


def _without_instances(item: Any) -> bool:
    """It would show a collection, but that lies in a library or is gone."""
    shown = item.instance_collection
    return bool(item.instance_type == "COLLECTION" and (shown is None or shown.library is not None))


def _first_layer(node: Any) -> bool:
    return node.scene is None or node.layer == node.scene.view_layers[0].name


STAMPS = tuple(
    words(
        """
    stamp_font_size stamp_foreground stamp_background stamp_note_text use_stamp_camera use_stamp_date
    use_stamp_filename use_stamp_frame use_stamp_frame_range use_stamp_hostname use_stamp_labels use_stamp_lens
    use_stamp_marker use_stamp_memory use_stamp_note use_stamp_render_time use_stamp_scene
    use_stamp_sequencer_strip use_stamp_time metadata_input
    """
    )
)

# By RNA type (or base): properties, and when they are without effect.
INERT: dict[str, tuple[Silent, ...]] = {
    "Camera": (
        (("ortho_scale",), lambda camera: camera.type != "ORTHO"),
        (("lens",), lambda camera: camera.type == "ORTHO"),
        (("dof",), lambda camera: not camera.dof.use_dof),
        (("sensor_height",), lambda camera: camera.sensor_fit != "VERTICAL"),
    ),
    "AreaLight": (
        (("size_y",), lambda light: light.shape not in ("RECTANGLE", "ELLIPSE")),
        (("shadow_soft_size",), lambda _: True),
    ),
    "SunLight": ((("shadow_soft_size",), lambda _: True),),
    "ArrayModifier": (
        (("constant_offset_displace",), lambda array: not array.use_constant_offset),
        (("relative_offset_displace",), lambda array: not array.use_relative_offset),
        (("fit_length",), lambda array: array.fit_type != "FIT_LENGTH"),
        (("count",), lambda array: array.fit_type != "FIXED_COUNT"),
    ),
    "BevelModifier": (
        (("angle_limit",), lambda bevel: bevel.limit_method != "ANGLE"),
        (("spread",), lambda bevel: bevel.miter_inner != "MITER_ARC"),
    ),
    "SimpleDeformModifier": (
        (("angle",), lambda deform: deform.deform_method in ("TAPER", "STRETCH")),
        (("factor",), lambda deform: deform.deform_method in ("TWIST", "BEND")),
    ),
    "SolidifyModifier": (
        (("nonmanifold_thickness_mode", "nonmanifold_boundary_mode", "nonmanifold_merge_threshold"),
         lambda solidify: solidify.solidify_mode != "NON_MANIFOLD"),
    ),
    "Curve": (
        (("fill_mode",), _unfilled),
        (("bevel_resolution",), lambda curve: curve.bevel_depth == 0.0),
    ),
    "Spline": ((("order_u", "order_v"), lambda spline: spline.type != "NURBS"),),
    "Material": ((("roughness",), _upgraded_roughness),),
    "RenderSettings": (
        (("ffmpeg",), lambda render: render.image_settings.file_format != "FFMPEG"),
        (("motion_blur_shutter", "motion_blur_position", "motion_blur_shutter_curve"),
         lambda render: not render.use_motion_blur),
        (("border_min_x", "border_min_y", "border_max_x", "border_max_y", "use_crop_to_border"),
         lambda render: not render.use_border),
        (STAMPS, lambda render: not render.use_stamp),
        (("hair_type", "hair_subdiv"), lambda render: render.hair_type == "STRAND" and render.hair_subdiv == 0),
    ),
    "ImageFormatSettings": (
        (("view_settings", "display_settings", "linear_colorspace_settings"),
         lambda image: image.color_management != "OVERRIDE"),
        (("quality",), lambda image: image.file_format not in ("JPEG", "AVI_JPEG", "WEBP", "JPEG2000")),
        (("compression",), lambda image: image.file_format != "PNG"),
        (("exr_codec",), lambda image: not image.file_format.startswith("OPEN_EXR")),
        (("stereo_3d_format", "views_format"), lambda _: True),
    ),
    "ColorManagedViewSettings": (
        (("curve_mapping",), lambda view: not view.use_curve_mapping),
        (("white_balance_temperature", "white_balance_tint"), lambda view: not view.use_white_balance),
    ),
    "World": (
        (("color",), lambda world: world.use_nodes and world.node_tree is not None),
        (("mist_settings",), lambda world: not world.mist_settings.use_mist),
        (("light_settings",), lambda world: not world.light_settings.use_ambient_occlusion),
    ),
    "Object": (
        (("empty_image_offset", "empty_image_depth", "empty_image_side", "show_empty_image_perspective",
          "show_empty_image_orthographic", "show_empty_image_only_axis_aligned", "use_empty_image_alpha"),
         lambda item: item.empty_display_type != "IMAGE" or item.type != "EMPTY"),
        (("rigid_body", "rigid_body_constraint"), _outside_rigid_worlds),
        (("empty_display_type", "empty_display_size"), lambda item: item.type != "EMPTY"),
        (("color", "display_type"), lambda item: item.type in ("CAMERA", "LIGHT", "LIGHT_PROBE", "SPEAKER")),
        (("instance_faces_scale", "use_instance_faces_scale", "use_instance_vertices_rotation"),
         lambda item: item.instance_type not in ("FACES", "VERTS")),
        (("instance_collection",), lambda item: item.instance_type != "COLLECTION"),
        (("instance_type", "show_instancer_for_render", "show_instancer_for_viewport"), _without_instances),
    ),
    "ShaderNodeTexImage": ((("image_user",), _still),),
    "ShaderNodeTexEnvironment": ((("image_user",), _still),),
    "CompositorNodeImage": (
        (("frame_duration", "frame_offset", "frame_start", "use_cyclic", "use_auto_refresh"), _still),
    ),
    "ImageTexture": ((("image_user",), _still),),
    "Image": ((("generated_type", "generated_color", "generated_width", "generated_height", "use_generated_float"),
               lambda image: image.source != "GENERATED"),),
    "ShaderNodeBsdfPrincipled": ((("subsurface_method",), _no_subsurface), (("distribution",), _first_distribution)),
    "ShaderNodeBsdfAnisotropic": ((("distribution",), _first_distribution),),
    "ShaderNodeBsdfGlass": ((("distribution",), _first_distribution),),
    "CompositorNodeRLayers": ((("layer",), _first_layer),),
    "Scene": ((("rigidbody_world",), lambda scene: scene.rigidbody_world.collection is None
               or not scene.rigidbody_world.collection.objects),),
    "ShaderNodeTexSky": ((("sun_direction", "turbidity", "ground_albedo"),
                          lambda sky: sky.sky_type not in ("PREETHAM", "HOSEK_WILKIE")),
                         (("air_density", "dust_density", "aerosol_density", "ozone_density", "altitude", "sun_disc",
                           "sun_elevation", "sun_intensity", "sun_rotation", "sun_size"),
                          lambda sky: sky.sky_type in ("PREETHAM", "HOSEK_WILKIE"))),
    "ShaderNodeMix": (
        (("blend_type", "clamp_result"), lambda mix: mix.data_type != "RGBA"),
        (("factor_mode",), lambda mix: mix.data_type != "VECTOR"),
    ),
    "ParticleSettings": (
        (("force_field_1",), lambda settings: settings.force_field_1 is None or settings.force_field_1.type == "NONE"),
        (("force_field_2",), lambda settings: settings.force_field_2 is None or settings.force_field_2.type == "NONE"),
    ),
    "FieldSettings": ((("texture_nabla", "texture_mode"), lambda field: field.type != "TEXTURE"),),
}  # fmt: skip


def silent(kind: Any) -> list[Silent]:
    """The rules of INERT that hold for an RNA type, by itself and by its bases."""
    rules: list[Silent] = []
    while kind is not None:
        rules += INERT.get(kind.identifier, ())
        kind = kind.base
    return rules


def old_default(names: list[str], value: Any) -> bool:
    """Whether a value was what nobody chose; `names` are `Type.property` for the type and its bases."""
    return any(value in OLD_DEFAULTS[name] for name in names if name in OLD_DEFAULTS)


# Sockets by which the nodes that 5.0 gives to a material without nodes show its properties.
SHOWN = {
    "Base Color": "diffuse_color", "Metallic": "metallic", "Roughness": "roughness",
    "Specular IOR Level": "specular_intensity",
}  # fmt: skip
UPGRADED = ["NodeFrame", "ShaderNodeBsdfDiffuse", "ShaderNodeBsdfPrincipled", *2 * ["ShaderNodeOutputMaterial"]]


def without_upgrade(tree: dict[str, Any], props: dict[str, Any]) -> dict[str, Any]:
    """The tree that 5.0 gives to a material without nodes, without the half that it makes for Cycles.

    That half is a diffuse shader where EEVEE has a Principled BSDF, framed and with an output of its own. What the
    material's own properties do not say (`props`) is left out of the sockets too.
    """
    nodes = tree["nodes"]
    if sorted(node["type"] for node in nodes) != UPGRADED or len(tree["links"]) != 2:
        return tree
    ends = {link["to"]["node"]: link["from"]["node"] for link in tree["links"]}
    kept = [node for node in nodes if node["type"] == "ShaderNodeBsdfPrincipled"]
    outputs = [node for node in nodes if node["type"] == "ShaderNodeOutputMaterial"]
    if sorted(node["props"].get("target", "ALL") for node in outputs) != ["CYCLES", "EEVEE"]:
        return tree
    output = next(node for node in outputs if node["props"]["target"] == "EEVEE")
    if ends.get(output["name"]) != kept[0]["name"]:
        return tree
    shader, output = dict(kept[0]), {**output, "props": {}}
    shader["inputs"] = [item for item in shader.get("inputs", ()) if SHOWN.get(item["label"], "") in props]
    links = [link for link in tree["links"] if link["to"]["node"] == output["name"]]
    return {**tree, "nodes": [{key: part for key, part in node.items() if key != "parent"}
                              for node in (shader, output)], "links": links}  # fmt: skip
