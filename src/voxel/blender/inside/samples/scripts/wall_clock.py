import math

import bpy

RADIUS = 0.16


def metal(name, color, roughness):
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = color
    shader.inputs["Metallic"].default_value = 1.0
    shader.inputs["Roughness"].default_value = roughness
    return made


bpy.ops.mesh.primitive_cylinder_add(vertices=64, radius=RADIUS, depth=0.03)
face = bpy.context.object
face.name = "Clock Face"
face.data.materials.append(metal("Clock Brass", (0.72, 0.5, 0.2, 1), 0.3))

for name, length, hour in [("Hour Hand", 0.08, 9), ("Minute Hand", 0.13, 0)]:
    bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.02))
    hand = bpy.context.object
    hand.name = name
    hand.scale = (0.01, length, 0.004)
    angle = -math.radians(hour * 30)
    hand.rotation_euler.z = angle
    hand.location.x = -math.sin(angle) * length / 2
    hand.location.y = math.cos(angle) * length / 2
    hand.parent = face
