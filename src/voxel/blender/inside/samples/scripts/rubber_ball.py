import bpy

GROUND = 0.0
RADIUS = 0.12

bpy.ops.mesh.primitive_uv_sphere_add(segments=32, ring_count=16, radius=RADIUS)
ball = bpy.context.object
ball.name = "Rubber Ball"
bpy.ops.object.shade_smooth()

# every bounce reaches six tenths of the height before it
height, frame, air = 1.2, 1, 12
ball.location.z = height
ball.keyframe_insert("location", index=2, frame=frame)
frame += air
while height > 0.1:
    ball.location.z = GROUND + RADIUS
    ball.keyframe_insert("location", index=2, frame=frame)
    height *= 0.6
    air = round(air * 0.8)
    ball.location.z = height
    ball.keyframe_insert("location", index=2, frame=frame + air)
    frame += 2 * air

bpy.context.scene.frame_end = frame
