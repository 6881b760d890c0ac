import math

import bpy

LENGTH = 0.8
SWING = math.radians(25)
PERIOD = 48

pivot = bpy.data.objects.new("Pivot", None)
pivot.location = (0, 0, 1.5)
bpy.context.collection.objects.link(pivot)

bpy.ops.mesh.primitive_cylinder_add(radius=0.008, depth=LENGTH, location=(0, 0, -LENGTH / 2))
rod = bpy.context.object
rod.name = "Rod"
rod.parent = pivot

bpy.ops.mesh.primitive_uv_sphere_add(radius=0.09, location=(0, 0, -LENGTH))
bob = bpy.context.object
bob.name = "Bob"
bob.parent = pivot

# a quarter of a period apart; Bezier keys ease at the turning points
for quarter, side in enumerate([1, 0, -1, 0, 1]):
    pivot.rotation_euler.y = side * SWING
    pivot.keyframe_insert("rotation_euler", index=1, frame=1 + quarter * PERIOD // 4)

bpy.context.scene.frame_end = PERIOD
