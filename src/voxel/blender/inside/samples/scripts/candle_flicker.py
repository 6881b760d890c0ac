import random

import bpy

FRAMES = 48
EVERY = 6

bpy.ops.mesh.primitive_cylinder_add(radius=0.035, depth=0.18, location=(0, 0, 0.09))
candle = bpy.context.object
candle.name = "Beeswax Candle"

data = bpy.data.lights.new("Candle Flame", type="POINT")
data.color = (1, 0.62, 0.25)
data.shadow_soft_size = 0.01
flame = bpy.data.objects.new("Candle Flame", data)
flame.location = (0, 0, 0.22)
bpy.context.collection.objects.link(flame)

random.seed(7)
for frame in range(1, FRAMES + 2, EVERY):
    data.energy = round(random.uniform(6, 10), 1)
    data.keyframe_insert("energy", frame=frame)

bpy.context.scene.frame_end = FRAMES
