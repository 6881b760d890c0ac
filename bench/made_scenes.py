"""Makes .blend files of what collected files hold seldom, for `bench/fidelity.py`.

    python bench/made_scenes.py FOLDER

Texts, curves, lattices, metaballs, shape keys, drivers, compositor trees, NLA tracks, constraints of bones, particles
and physics: at least 30 varied items of each, with settings drawn by a fixed seed, made by the Blender whose
interpreter runs this. What a kind of item can be set to is asked of RNA, so that its rare settings occur too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

import bpy

PER_FILE = 6
FILES = 6
# Settings that are no settings (state, paths, layout) or that take what is not there.
_PASSED = """
    name label location width height hide mute color show_options show_preview show_texture use_custom_color parent
    select is_active_output layer view directory base_path filepath parse_mode width_hidden location_absolute
    show_expanded active show_in_editmode show_on_cage use_pin_to_last active_item_index active_input_index
    warning_propagation is_override_data body body_format use_local_camera type active_index pixels edit_format
    save_as_render format frame_current frame_preview_start use_alpha_premultiply scene
"""
PASSED = frozenset(_PASSED.split())


def vary(struct: Any, chance: Random, share: float = 0.4, only: Iterable[str] = ()) -> None:
    """Gives about `share` of the settings of a struct another value, inside the range that its sliders have."""
    wanted = set(only)
    for prop in struct.bl_rna.properties:
        name = prop.identifier
        if prop.is_readonly or name in PASSED or name.startswith(("bl_", "is_")) or (wanted and name not in wanted):
            continue
        if prop.type in ("POINTER", "COLLECTION", "STRING") or chance.random() > share:
            continue
        if prop.type == "ENUM":
            if prop.is_enum_flag:
                continue
            names = [item.identifier for item in prop.enum_items]
            if len(names) > 1:
                _set(struct, name, chance.choice(names))
        elif prop.is_array:
            if prop.type == "FLOAT":
                _set(struct, name, [number(prop, chance) for _ in range(prop.array_length)])
        elif prop.type == "BOOLEAN":
            _set(struct, name, not getattr(struct, name))
        elif prop.type == "INT":
            low, high = max(prop.soft_min, 0), min(prop.soft_max, 12)
            if low < high:
                _set(struct, name, chance.randint(low, high))
        else:
            _set(struct, name, number(prop, chance))


def _set(struct: Any, name: str, value: Any) -> None:
    """Sets a value; what this struct does not take in its present state stays as it is."""
    try:
        setattr(struct, name, value)
    except (AttributeError, TypeError, ValueError):
        return


def number(prop: Any, chance: Random) -> float:
    low, high = max(prop.soft_min, -2.0), min(prop.soft_max, 3.0)
    return round(chance.uniform(low, high), 3) if low < high else prop.default


def put(name: str, data: Any, chance: Random) -> Any:
    made = bpy.data.objects.new(name, data)
    made.location = [round(chance.uniform(-5, 5), 2) for _ in range(3)]
    bpy.context.collection.objects.link(made)
    return made


def point(chance: Random, size: float = 2.0) -> list[float]:
    return [round(chance.uniform(-size, size), 2) for _ in range(3)]


def texts(chance: Random) -> None:
    words = ["Harbour", "No entry", "Gate 12", "Two\nlines", "Straße", 'a "quoted" word', "50 %", "Café"]
    for place in range(PER_FILE):
        text = bpy.data.curves.new(f"Sign {place}", "FONT")
        text.body = f"{chance.choice(words)} {place}"
        vary(text, chance, 0.35)
        text.bevel_resolution = min(text.bevel_resolution, 4)
        if place % 3 == 1:
            bpy.context.view_layer.objects.active = put(f"Boxed {place}", text, chance)
            bpy.ops.font.textbox_add()
            text.text_boxes[0].width, text.text_boxes[0].height = 3.0, 1.5
            box = text.text_boxes[1]
            box.x, box.y, box.width = 1.0, -2.0, round(chance.uniform(1, 4), 2)
        if place % 3 == 2:
            text.materials.append(bpy.data.materials.new(f"Paint {place}"))
            text.body_format[0].use_underline = True
            text.body_format[1].use_bold = True
        put(f"Sign {place}", text, chance)


def curves(chance: Random) -> None:
    for place in range(PER_FILE):
        curve = bpy.data.curves.new(f"Path {place}", "CURVE")
        curve.dimensions = chance.choice(["2D", "3D"])
        vary(curve, chance, 0.35)
        for kind in chance.sample(["POLY", "BEZIER", "NURBS"], 2):
            spline = curve.splines.new(kind)
            count = chance.randint(3, 7)
            if kind == "BEZIER":
                spline.bezier_points.add(count - 1)
                for item in spline.bezier_points:
                    item.co = point(chance)
                    item.handle_left_type = chance.choice(["AUTO", "VECTOR", "FREE", "ALIGNED"])
                    item.handle_right_type = item.handle_left_type
                    if item.handle_left_type in ("FREE", "ALIGNED"):
                        item.handle_left = [part - 0.5 for part in item.co]
                        item.handle_right = [part + 0.5 for part in item.co]
                    item.radius = round(chance.uniform(0.2, 2), 2)
            else:
                spline.points.add(count - 1)
                for item in spline.points:
                    item.co = (*point(chance), 1.0 if kind == "POLY" else round(chance.uniform(0.5, 2), 2))
                    item.tilt = chance.choice([0.0, 0.3])
            vary(spline, chance, 0.3)
        put(f"Path {place}", curve, chance)


def surfaces(chance: Random) -> None:
    operators = ("curve", "circle", "surface", "cylinder", "sphere", "torus")
    for operator in operators[:PER_FILE]:
        getattr(bpy.ops.surface, f"primitive_nurbs_surface_{operator}_add")(location=point(chance))
        data = bpy.context.object.data
        data.resolution_u = chance.randint(2, 8)
        vary(data.splines[0], chance, 0.2, ("use_cyclic_u", "use_endpoint_u", "order_u", "resolution_v"))


def lattices(chance: Random) -> None:
    for place in range(PER_FILE):
        lattice = bpy.data.lattices.new(f"Cage {place}")
        lattice.points_u, lattice.points_v, lattice.points_w = (chance.randint(2, 4) for _ in range(3))
        vary(lattice, chance, 0.3, ("interpolation_type_u", "interpolation_type_v", "interpolation_type_w",
                                    "use_outside"))  # fmt: skip
        for index in chance.sample(range(len(lattice.points)), chance.randint(0, 6)):
            lattice.points[index].co_deform = point(chance, 0.8)
        cage = put(f"Cage {place}", lattice, chance)
        if place % 2:
            bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=6, location=cage.location)
            deform = bpy.context.object.modifiers.new("Lattice", "LATTICE")
            deform.object = cage
            deform.strength = round(chance.uniform(0.2, 1), 2)


def metaballs(chance: Random) -> None:
    for place in range(PER_FILE):
        ball = bpy.data.metaballs.new(f"Blob {'ABCDEF'[place]}")
        ball.resolution = round(chance.uniform(0.3, 0.6), 2)
        ball.threshold = round(chance.uniform(0.2, 0.8), 2)
        for _ in range(chance.randint(1, 5)):
            kind = chance.choice(["BALL", "CAPSULE", "PLANE", "ELLIPSOID", "CUBE"])
            element = ball.elements.new(type=kind)
            element.co = point(chance, 1.0)
            element.radius = round(chance.uniform(0.5, 2), 2)
            vary(element, chance, 0.3, ("stiffness", "use_negative", "size_x", "size_y", "size_z", "hide"))
            if chance.random() < 0.3:
                element.rotation = (0.9238795, 0.3826834, 0, 0)
        put(f"Blob {'ABCDEF'[place]}", ball, chance)


def shape_keys(chance: Random) -> None:
    for place in range(PER_FILE):
        if place % 2:
            bpy.ops.mesh.primitive_cube_add(location=point(chance))
        else:
            bpy.ops.mesh.primitive_circle_add(vertices=chance.randint(4, 9), fill_type="NGON", location=point(chance))
        owner = bpy.context.object
        owner.shape_key_add(name="Basis")
        for name in chance.sample(["Smile", "Frown", "Blink", "Wide", "Tall"], chance.randint(1, 4)):
            key = owner.shape_key_add(name=name, from_mix=False)
            for index in chance.sample(range(len(key.data)), 3):
                key.data[index].co = point(chance, 1.5)
            key.value = round(chance.uniform(0, 1), 2)
            vary(key, chance, 0.3, ("slider_min", "slider_max", "mute"))
        blocks = owner.data.shape_keys.key_blocks
        if len(blocks) > 2:
            blocks[2].relative_key = blocks[1]
            owner.vertex_groups.new(name="Upper").add([0, 1], 0.5, "REPLACE")
            blocks[1].vertex_group = "Upper"
        if place == 3:
            for frame, value in ((1, 0.0), (20, 1.0)):
                blocks[1].value = value
                blocks[1].keyframe_insert("value", frame=frame)


def drivers(chance: Random) -> None:
    bpy.ops.mesh.primitive_cube_add()
    source = bpy.context.object
    source.name = "Dial"
    source["speed"] = 2.0
    paint = bpy.data.materials.new("Paint")
    paint.use_nodes = True
    source.data.materials.append(paint)
    noise = paint.node_tree.nodes.new("ShaderNodeTexNoise")
    for place in range(PER_FILE):
        bpy.ops.mesh.primitive_cone_add(location=point(chance))
        owner = bpy.context.object
        owner.modifiers.new("Bevel", "BEVEL")
        spot: tuple[Any, ...] = chance.choice(
            [(owner, "location", 2), (owner, "rotation_euler", 0), (owner, "scale", 1), (owner, "hide_render"),
             (owner, 'modifiers["Bevel"].width'), (owner, "pass_index")]
        )  # fmt: skip
        _driver(spot, source, chance)
        if place % 2:
            _driver((owner, "delta_location", place % 3), source, chance)
    _driver((paint.node_tree, f'nodes["{noise.name}"].inputs[2].default_value'), source, chance)
    _driver((paint, "diffuse_color", 1), source, chance)
    lamp = bpy.data.lights.new("Lamp", "POINT")
    put("Lamp", lamp, chance)
    _driver((lamp, "energy"), source, chance)


def _driver(spot: tuple[Any, ...], source: Any, chance: Random) -> None:
    curve = spot[0].driver_add(*spot[1:])
    driver = curve.driver
    far = bpy.data.objects.get("Far") or put("Far", None, chance)
    driver.type = chance.choice(["SCRIPTED", "SCRIPTED", "SUM", "AVERAGE", "MIN", "MAX"])
    names = chance.sample(["x", "turn", "var", "gap"], chance.randint(1, 3))
    for name in names:
        variable = driver.variables.new()
        variable.name = name
        variable.type = chance.choice(["SINGLE_PROP", "SINGLE_PROP", "TRANSFORMS", "LOC_DIFF", "ROTATION_DIFF"])
        for target in variable.targets:
            target.id = source
        target = variable.targets[0]
        if variable.type == "SINGLE_PROP":
            target.data_path = chance.choice(["location.x", "scale[2]", '["speed"]', "rotation_euler[0]"])
        elif variable.type == "TRANSFORMS":
            target.transform_type = chance.choice(["LOC_X", "ROT_Z", "SCALE_AVG"])
            target.transform_space = chance.choice(["WORLD_SPACE", "LOCAL_SPACE", "TRANSFORM_SPACE"])
        elif variable.type == "LOC_DIFF":
            variable.targets[1].id = far
    if driver.type == "SCRIPTED":
        driver.expression = " + ".join(f"{name} * {round(chance.uniform(0.1, 3), 2)}" for name in names)
        driver.use_self = chance.random() < 0.2
    if chance.random() < 0.3:
        for frame, value in ((0.0, 0.0), (1.0, 2.5), (4.0, 3.0)):
            curve.keyframe_points.insert(frame, value)
        for modifier in list(curve.modifiers):
            curve.modifiers.remove(modifier)


def compositors(chance: Random) -> None:
    for place in range(PER_FILE):
        scene = bpy.context.scene if not place else bpy.data.scenes.new(f"Shot {place}")
        if hasattr(scene, "compositing_node_group"):
            tree = bpy.data.node_groups.new(f"Grade {place}", "CompositorNodeTree")
            tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
            scene.compositing_node_group = tree
            last = tree.nodes.new("NodeGroupOutput")
        else:
            scene.use_nodes = True
            tree = scene.node_tree
            tree.nodes.clear()
            last = tree.nodes.new("CompositorNodeComposite")
        before: Any = tree.nodes.new("CompositorNodeRLayers")
        for kind in chance.sample(_compositor_kinds(), 6):
            node = tree.nodes.new(kind)
            vary(node, chance, 0.5)
            for socket in node.inputs:
                if socket.enabled and hasattr(socket, "default_value") and socket.type in ("VALUE", "INT", "BOOLEAN"):
                    vary(socket, chance, 0.4, ("default_value",))
            start = next((socket for socket in before.outputs if socket.enabled and socket.type == "RGBA"), None)
            end = next((socket for socket in node.inputs if socket.enabled and socket.type == "RGBA"), None)
            if start is not None and end is not None:
                tree.links.new(start, end)
            if any(socket.enabled and socket.type == "RGBA" for socket in node.outputs):
                before = node
        start = next(socket for socket in before.outputs if socket.enabled and socket.type == "RGBA")
        tree.links.new(start, last.inputs[0])


def _compositor_kinds() -> list[str]:
    """The nodes that both supported versions know and that need no file."""
    return _KINDS.split()


_KINDS = """
    CompositorNodeBlur CompositorNodeGlare CompositorNodeLensdist CompositorNodeColorBalance
    CompositorNodeHueSat CompositorNodeBrightContrast CompositorNodeExposure CompositorNodeCurveRGB
    CompositorNodeInvert CompositorNodePosterize CompositorNodeTonemap CompositorNodeFilter
    CompositorNodeVecBlur CompositorNodeDBlur CompositorNodeBilateralblur CompositorNodeDilateErode
    CompositorNodeDenoise CompositorNodeDespeckle CompositorNodeRotate CompositorNodeScale
    CompositorNodeTransform CompositorNodeTranslate CompositorNodeFlip CompositorNodeCrop
    CompositorNodePixelate CompositorNodeKuwahara CompositorNodeAlphaOver CompositorNodeZcombine
    CompositorNodeColorCorrection CompositorNodeSetAlpha CompositorNodePremulKey CompositorNodeSeparateColor
    CompositorNodeCombineColor CompositorNodeChromaMatte CompositorNodeColorMatte CompositorNodeDiffMatte
    CompositorNodeLumaMatte CompositorNodeChannelMatte CompositorNodeColorSpill CompositorNodeEllipseMask
    CompositorNodeBoxMask CompositorNodeAntiAliasing CompositorNodeConvertColorSpace CompositorNodeRGBToBW
    CompositorNodeSwitch
"""


def tracks(chance: Random) -> None:
    for place in range(PER_FILE):
        bpy.ops.mesh.primitive_cube_add(location=point(chance))
        owner = bpy.context.object
        start = 1
        for number_ in range(chance.randint(1, 2)):
            action = bpy.data.actions.new(f"Move {place} {number_}")
            owner.animation_data_create().action = action
            for frame in (1, chance.randint(10, 40)):
                owner.location = point(chance)
                owner.keyframe_insert("location", frame=frame)
            owner.animation_data.action = None
            track = owner.animation_data.nla_tracks.new()
            track.name = f"Track {number_}"
            strip = track.strips.new(action.name, start, action)
            strip.blend_type = chance.choice(["REPLACE", "ADD", "COMBINE"])
            strip.extrapolation = chance.choice(["HOLD", "HOLD_FORWARD", "NOTHING"])
            choice = chance.randint(0, 4)
            if choice == 1:
                strip.repeat = chance.choice([2.0, 1.5])
            elif choice == 2:
                strip.scale = chance.choice([0.5, 2.0])
            elif choice == 3:
                strip.action_frame_start = 3
            elif choice == 4:
                strip.use_animated_influence = True
                strip.influence = 0.5
            strip.use_reverse = chance.random() < 0.3
            strip.blend_in = chance.choice([0.0, 3.0])
            track.mute = chance.random() < 0.2
            start += 60


def bones(chance: Random) -> None:
    bpy.ops.object.empty_add(location=(1, 1, 1))
    goal = bpy.context.object
    goal.name = "Goal"
    kinds = [item.identifier for item in bpy.types.Constraint.bl_rna.properties["type"].enum_items]
    for place in range(PER_FILE):
        bpy.ops.object.armature_add(location=point(chance))
        rig = bpy.context.object
        rig.name = f"Rig {place}"
        bpy.ops.object.mode_set(mode="EDIT")
        above = rig.data.edit_bones[0]
        for number_ in range(2):
            bone = rig.data.edit_bones.new(f"Arm.{number_}")
            x, y, z = above.tail
            bone.parent, bone.head, bone.tail = above, above.tail, (x + 0.3, y, z + 1)
            bone.use_connect = bool(number_)
            bone.roll = round(chance.uniform(0, 1), 2)
            above = bone
        bpy.ops.object.mode_set(mode="OBJECT")
        for bone in rig.pose.bones:
            kind = chance.choice([one for one in kinds if one not in ("CAMERA_SOLVER", "OBJECT_SOLVER",
                                                                      "FOLLOW_TRACK", "TRANSFORM_CACHE")])  # fmt: skip
            constraint = bone.constraints.new(kind)
            if hasattr(constraint, "target") and kind not in ("SHRINKWRAP", "FOLLOW_PATH", "CLAMP_TO", "SPLINE_IK"):
                constraint.target = goal
            if kind == "ARMATURE":
                constraint.targets.new().target = rig
                constraint.targets[0].subtarget = rig.pose.bones[0].name
            vary(constraint, chance, 0.4)
            bone.rotation_mode = chance.choice(["QUATERNION", "XYZ"])
            bone.location = point(chance, 0.3)
            vary(bone, chance, 0.1, ("ik_stretch", "lock_ik_x", "use_ik_limit_x", "ik_min_x", "ik_stiffness_y"))


def physics(chance: Random) -> None:
    kinds = ["PARTICLE_SYSTEM", "CLOTH", "SOFT_BODY", "COLLISION", "DYNAMIC_PAINT", "FLUID"]
    bpy.ops.rigidbody.world_add()
    for place, kind in enumerate(kinds):
        bpy.ops.mesh.primitive_grid_add(x_subdivisions=4, y_subdivisions=4, location=point(chance))
        owner = bpy.context.object
        modifier = owner.modifiers.new(f"Physics {place}", kind)
        if kind == "PARTICLE_SYSTEM":
            settings = owner.particle_systems[0].settings
            settings.name = f"Dust {chance.randint(1, 99)}"
            settings.type = chance.choice(["EMITTER", "HAIR"])
            vary(settings, chance, 0.1)
            settings.count = chance.randint(5, 50)
            owner.particle_systems[0].seed = chance.randint(0, 9)
        elif kind == "CLOTH":
            vary(modifier.settings, chance, 0.2)
            vary(modifier.collision_settings, chance, 0.3)
        elif kind == "SOFT_BODY":
            vary(owner.soft_body, chance, 0.2)
        elif kind == "COLLISION":
            vary(owner.collision, chance, 0.4)
        elif kind == "FLUID":
            modifier.fluid_type = chance.choice(["FLOW", "EFFECTOR"])
        bpy.ops.mesh.primitive_cube_add(location=point(chance))
        body = bpy.context.object
        bpy.ops.rigidbody.object_add(type=chance.choice(["ACTIVE", "PASSIVE"]))
        vary(body.rigid_body, chance, 0.3)
        bpy.ops.object.empty_add(location=point(chance))
        if place % 2:
            bpy.ops.rigidbody.constraint_add(type=chance.choice(["HINGE", "SLIDER", "FIXED", "GENERIC", "MOTOR"]))
            joint = bpy.context.object.rigid_body_constraint
            joint.object1 = body
            vary(joint, chance, 0.2)
        else:
            bpy.ops.object.forcefield_toggle()
            field = bpy.context.object.field
            field.type = chance.choice(["WIND", "VORTEX", "TURBULENCE", "MAGNET", "HARMONIC", "DRAG"])
            vary(field, chance, 0.2)


MAKERS: tuple[Callable[[Random], None], ...] = (
    texts, curves, surfaces, lattices, metaballs, shape_keys, drivers, compositors, tracks, bones, physics,
)  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for maker in MAKERS:
        for number_ in range(FILES):
            bpy.ops.wm.read_factory_settings(use_empty=True)
            maker(Random(f"{maker.__name__} {number_}"))
            path = folder / f"{maker.__name__}_{number_}.blend"
            bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False, compress=True)


if __name__ == "__main__":
    main()
