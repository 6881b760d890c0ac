"""What RNA cannot tell: which properties are state, aliases or runtime, and which collections can be rebuilt.

Names are either bare (`select`: left out wherever they occur) or qualified by the RNA type that has them or by
one of its bases (`Camera.angle`).
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


# State of the interface, of the session, or of a cache; never part of what a scene means.
STATE = words(
    """
    rna_type name name_full use_fake_user use_extra_user is_runtime_data tag asset_data preview library
    library_weak_reference override_library original id_type session_uid is_evaluated is_library_indirect
    is_missing users show_expanded ui_expand_states is_active use_pin_to_last show_in_editmode show_on_cage
    active_index active_material active_material_index active_shape_key active_shape_key_index active_item
    select select_control_point select_left_handle select_right_handle select_head select_tail select_end
    active_preview active_group_index paint_active_slot paint_clone_slot texture_paint_images
    texture_paint_slots animation_data animation_visualization motion_path selection_sets point_cache
    frame_current_final show_only_shape_key show_name show_axis show_texture_space show_bounds
    display_bounds_type persistent_uid execution_time grease_pencil active_section
    """
)

# The same value under a second name, or a value that follows from others.
ALIASES = words(
    """
    Camera.angle Camera.angle_x Camera.angle_y Object.dimensions Object.matrix_world Object.matrix_local
    Object.matrix_basis Object.matrix_parent_inverse Object.parent Object.parent_type Object.parent_bone
    Object.data Object.parent_vertices Object.material_slots Object.up_axis Object.track_axis
    Object.vertex_groups Object.pose BevelModifier.width_pct ColorRampElement.alpha Scene.frame_float
    Scene.frame_subframe Bone.name FModifier.name Text.current_character Text.select_end_character Image.pixels
    Image.channels Constraint.is_override_data Action.frame_range Action.frame_start Action.frame_end Light.type
    Texture.type Keyframe.co_ui Mesh.texco_mesh Curve.texspace_location Curve.texspace_size
    Mesh.texspace_location Mesh.texspace_size MetaBall.texspace_location MetaBall.texspace_size
    Material.use_nodes World.use_nodes Light.use_nodes Scene.use_nodes Texture.use_nodes LineStyle.use_nodes
    Image.packed_file Texture.node_tree Material.node_tree World.node_tree Light.node_tree Scene.node_tree
    CompositorNodeColorBalance.input_whitepoint CompositorNodeColorBalance.output_whitepoint
    LineStyle.node_tree ThemeBoneColorSet.name Collection.objects Collection.children ParticleSystem.name
    """
)

# What an artist does not set in a scene that code should rebuild: tools, editors, playback, passing values.
UNMEANT = words(
    """
    Scene.tool_settings Scene.transform_orientation_slots Scene.cursor Scene.sequence_editor Scene.safe_areas
    Scene.frame_preview_start Scene.frame_preview_end Scene.use_preview_range Scene.collection Scene.view_layers
    Scene.sync_mode Scene.lock_frame_selection_to_range Scene.use_audio Scene.use_audio_scrub
    Scene.is_nla_tweakmode Scene.show_subframe Scene.show_keys_from_selected_only Scene.audio_volume
    Scene.background_set Scene.simulation_frame_start Scene.simulation_frame_end
    Scene.use_custom_simulation_range Scene.active_clip RenderSettings.preview_pixel_size
    RenderSettings.ppm_factor RenderSettings.ppm_base RenderSettings.use_lock_interface
    RenderSettings.sequencer_gl_preview RenderSettings.threads RenderSettings.use_sequencer_override_scene_strip
    RenderSettings.use_spherical_stereo RenderSettings.threads_mode RenderSettings.frame_map_old
    RenderSettings.frame_map_new RenderSettings.views RenderSettings.stereo_views RenderSettings.use_sequencer
    RenderSettings.use_render_cache RenderSettings.bake RenderSettings.bake_type RenderSettings.bake_bias
    RenderSettings.bake_margin RenderSettings.bake_samples RenderSettings.bake_margin_type
    RenderSettings.bake_user_scale RenderSettings.use_bake_selected_to_active RenderSettings.use_bake_clear
    RenderSettings.use_bake_multires RenderSettings.use_bake_lores_mesh RenderSettings.use_bake_user_scale
    Camera.show_passepartout Camera.passepartout_alpha Camera.show_safe_areas Camera.show_safe_center
    Camera.show_limits Camera.show_mist Camera.show_sensor Camera.show_background_images
    Camera.show_composition_center Camera.show_composition_center_diagonal Camera.show_composition_golden
    Camera.show_composition_golden_tria_a Camera.show_composition_golden_tria_b
    Camera.show_composition_harmony_tri_a Camera.show_composition_harmony_tri_b Camera.show_composition_thirds
    Camera.display_size CyclesRenderSettings.preview_samples CyclesRenderSettings.use_preview_adaptive_sampling
    CyclesRenderSettings.preview_adaptive_threshold CyclesRenderSettings.preview_adaptive_min_samples
    CyclesRenderSettings.use_preview_denoising CyclesRenderSettings.preview_denoiser
    CyclesRenderSettings.preview_denoising_start_sample CyclesRenderSettings.preview_denoising_input_passes
    CyclesRenderSettings.preview_denoising_prefilter CyclesRenderSettings.preview_pause
    CyclesRenderSettings.preview_scrambling_distance CyclesRenderSettings.preview_denoising_quality
    CyclesRenderSettings.preview_denoising_use_gpu CyclesRenderSettings.preview_dicing_rate
    CyclesRenderSettings.device CyclesRenderSettings.debug_use_spatial_splits
    CyclesRenderSettings.debug_bvh_type SceneDisplay.shading Object.use_simulation_cache
    Object.use_parent_final_indices Object.use_camera_lock_parent Object.display Object.lineart
    Object.shader_effects Object.particle_systems Object.image_user Object.hide_select Object.show_all_edges
    Object.constraints Object.modifiers Object.light_linking ImageUser.frame_current Image.render_slots
    Image.use_view_as_render Image.is_dirty Image.layer_index Image.pass_index Image.views_format
    Image.stereo_3d_format Node.location Node.location_absolute Node.width Node.width_hidden Node.height
    Node.hide Node.label Node.parent Node.show_options Node.show_preview Node.show_texture Node.use_custom_color
    Node.color Node.inputs Node.outputs Node.paired_output Node.internal_links Node.warning_propagation
    Node.color_tag NodeGroup.node_tree NodeCustomGroup.node_tree ShaderNodeGroup.node_tree
    GeometryNodeGroup.node_tree CompositorNodeGroup.node_tree TextureNodeGroup.node_tree NodeFrame.shrink
    NodeTree.nodes NodeTree.links NodeTree.interface NodeTree.animation_data NodeTree.grease_pencil
    NodeTree.view_center NodeTree.edit_quality NodeTree.render_quality NodeTree.chunk_size
    NodeTree.use_viewer_border NodeTree.active_input NodeTree.active_output NodeTree.default_group_node_width
    GeometryNodeTree.is_tool GeometryNodeTree.is_mode_object
    GeometryNodeTree.show_modifier_manage_panel Mesh.vertices Mesh.edges Mesh.loops Mesh.polygons
    Mesh.uv_layers Mesh.vertex_colors Mesh.color_attributes Mesh.attributes Mesh.materials Mesh.shape_keys
    Mesh.loop_triangles Mesh.loop_triangle_polygons Mesh.uv_layer_clone Mesh.uv_layer_clone_index
    Mesh.uv_layer_stencil Mesh.uv_layer_stencil_index Mesh.skin_vertices Mesh.vertex_normals
    Mesh.polygon_normals Mesh.corner_normals Mesh.edge_creases Mesh.vertex_creases Mesh.use_mirror_x
    Mesh.use_mirror_y Mesh.use_mirror_z Mesh.use_mirror_topology Mesh.use_mirror_vertex_groups
    Mesh.use_paint_mask Mesh.use_paint_mask_vertex Mesh.use_paint_bone_selection Mesh.remesh_mode
    Mesh.remesh_voxel_size Mesh.remesh_voxel_adaptivity Mesh.use_remesh_preserve_volume
    Mesh.use_remesh_preserve_attributes Mesh.use_remesh_fix_poles Mesh.auto_texspace Mesh.use_auto_texspace
    Curve.splines Curve.materials Curve.shape_keys Curve.use_auto_texspace Curve.cycles TextCurve.body_format
    TextCurve.text_boxes TextCurve.edit_format TextCurve.active_textbox MetaBall.elements MetaBall.materials
    MetaBall.use_auto_texspace Lattice.points Lattice.shape_keys Armature.bones Armature.edit_bones
    Armature.collections Armature.collections_all Armature.use_mirror_x Bone.parent Bone.children
    Bone.collections Bone.head Bone.tail Bone.head_local Bone.tail_local Bone.matrix Bone.matrix_local
    Bone.use_connect Bone.hide_select Bone.select PoseBone.bone PoseBone.parent PoseBone.child
    PoseBone.constraints PoseBone.matrix PoseBone.matrix_basis PoseBone.matrix_channel PoseBone.head
    PoseBone.tail PoseBone.bone_group PoseBone.bone_group_index PoseBone.selection_sets Action.fcurves
    Action.groups Action.layers Action.slots Action.pose_markers Action.id_root ViewLayer.objects
    ViewLayer.layer_collection ViewLayer.active_layer_collection ViewLayer.depsgraph ViewLayer.active_aov
    ViewLayer.active_lightgroup ViewLayer.freestyle_settings ViewLayer.name NodesModifier.bakes
    NodesModifier.panels NodesModifier.node_warnings NodesModifier.bake_directory
    NodesModifier.show_manage_panel NodesModifier.bake_target NodesModifier.open_bake_data_blocks_panel
    NodesModifier.open_bake_panel NodesModifier.open_manage_panel NodesModifier.open_named_attributes_panel
    NodesModifier.open_output_attributes_panel NodesModifier.open_warnings_panel
    NodesModifier.show_group_selector MultiresModifier.filepath ShapeKey.relative_key ShapeKey.frame
    Key.reference_key ColorManagedViewSettings.white_balance_whitepoint Constraint.active
    Material.preview_render_type Material.use_preview_world World.use_eevee_finite_volume
    ParticleSettings.active_texture ParticleSettings.active_texture_index LayerCollection.collection
    Light.cutoff_distance NodeTreeInterfaceItem.index NodeTreeInterfaceItem.position
    NodeTreeInterfaceItem.parent NodeTreeInterfaceItem.item_type NodeTreeInterfaceSocket.in_out
    NodeTreeInterfaceSocket.identifier NodeTreeInterfaceSocket.socket_type
    NodeTreeInterfaceSocket.is_panel_toggle NodeTreeInterfaceSocket.force_non_field
    NodeTreeInterfaceSocket.is_inspect_output NodeTreeInterfacePanel.interface_items
    NodeTreeInterfacePanel.persistent_uid FCurve.keyframe_points FCurve.sampled_points FCurve.modifiers
    FCurve.group FCurve.data_path FCurve.array_index FCurve.driver FCurve.color FCurve.color_mode FCurve.lock
    FCurve.hide FCurve.is_valid FCurve.auto_smoothing ArmatureConstraint.target_space
    ClothSettings.internal_spring_normal_check
    """
)

# Collections of structs that code can make again; everything else is a part of its own or is named as lost.
REBUILT = words(
    """
    ColorRamp.elements CurveMapping.curves CurveMap.points CurveProfile.points ArmatureConstraint.targets
    Scene.timeline_markers ViewLayer.aovs ViewLayer.lightgroups FModifierEnvelope.control_points
    """
)

# Collections of runtime data, or that a property elsewhere already describes: not worth a word when left out.
RUNTIME_LISTS = words(
    """
    CurveProfile.segments FluidDomainSettings.fluid_group SoftBodySettings.effector_weights
    MultiresModifier.levels Scene.keying_sets Scene.keying_sets_all Scene.objects Scene.all_objects
    Collection.all_objects Collection.children_recursive Collection.collection_children
    Collection.collection_objects Collection.exporters Object.children Object.users_collection
    Image.packed_files Image.tiles PointCache.point_caches SurfaceDeformModifier.mappings OceanModifier.cache
    Volume.grids
    """
)

# Properties whose name begins with `is_` but that a person sets.
MEANT_IS = words(
    """
    is_holdout is_shadow_catcher is_portal is_caustics_light is_caustics_caster is_caustics_receiver is_sphere
    is_bezier is_perspective is_custom_shape is_modifier is_type_mesh is_solo
    """
)

# bpy.data collections by ID.id_type; what is missing here (screens, brushes, window managers …) is no scene data.
COLLECTIONS = {
    "ACTION": "actions", "ARMATURE": "armatures", "CAMERA": "cameras",
    "COLLECTION": "collections", "CURVE": "curves", "CURVES": "hair_curves", "FONT": "fonts",
    "GREASEPENCIL_V3": "grease_pencils", "IMAGE": "images", "LATTICE": "lattices",
    "LIGHT": "lights", "LIGHT_PROBE": "lightprobes",
    "MATERIAL": "materials", "MESH": "meshes", "META": "metaballs",
    "NODETREE": "node_groups", "OBJECT": "objects", "PARTICLE": "particles", "POINTCLOUD": "pointclouds",
    "SCENE": "scenes", "SPEAKER": "speakers", "TEXTURE": "textures",
    "VOLUME": "volumes", "WORLD": "worlds",
}  # fmt: skip

# Kinds of data whose contents the dump does not describe; the properties are there, the contents are named.
CONTENTS_LEFT_OUT = {
    "grease_pencils": "grease pencil strokes", "grease_pencils_v3": "grease pencil strokes",
    "hair_curves": "hair curves", "pointclouds": "point clouds",
    "volumes": "volume grids",
}  # fmt: skip

# Datablocks that are named and left out.
LEFT_OUT_KINDS = {
    "texts": "a text block", "sounds": "a sound", "movieclips": "a movie clip", "masks": "a mask",
    "cache_files": "a cache file", "annotations": "annotations",
}  # fmt: skip

VERTEX_LIMIT = 4096
KEY_LIMIT = 20_000
