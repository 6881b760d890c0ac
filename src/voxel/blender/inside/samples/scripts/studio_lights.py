import bpy
from mathutils import Vector

TARGET = Vector((0, 0, 1))

# name, place, power in watts, size in metres, colour
RIG = [
    ("Key Softbox", (2.5, -2.5, 2.8), 400, 1.2, (1, 0.94, 0.86)),
    ("Fill Softbox", (-3.0, -2.0, 1.8), 120, 2.0, (0.86, 0.92, 1)),
    ("Rim Strip", (-0.5, 3.0, 3.0), 250, 0.5, (1, 1, 1)),
]

for name, place, watts, size, color in RIG:
    data = bpy.data.lights.new(name, type="AREA")
    data.energy = watts
    data.size = size
    data.color = color
    lamp = bpy.data.objects.new(name, data)
    lamp.location = place
    lamp.rotation_euler = (TARGET - lamp.location).to_track_quat("-Z", "Y").to_euler()
    bpy.context.collection.objects.link(lamp)

camera_data = bpy.data.cameras.new("Portrait Camera")
camera_data.lens = 85
camera = bpy.data.objects.new("Portrait Camera", camera_data)
camera.location = (0, -4.5, 1.3)
camera.rotation_euler = (TARGET - camera.location).to_track_quat("-Z", "Y").to_euler()
bpy.context.collection.objects.link(camera)
bpy.context.scene.camera = camera
