import bpy

LENGTH = 4.0
POSTS = 5
POST_HEIGHT = 1.1

fence = bpy.data.collections.new("Garden Fence")
bpy.context.scene.collection.children.link(fence)


def beam(name, size, location):
    bpy.ops.mesh.primitive_cube_add(size=1, location=location)
    obj = bpy.context.object
    obj.name = name
    obj.scale = size
    for collection in obj.users_collection:
        collection.objects.unlink(obj)
    fence.objects.link(obj)
    return obj


post = beam("Fence Post", (0.1, 0.1, POST_HEIGHT), (0, 0, POST_HEIGHT / 2))
row = post.modifiers.new("Row of Posts", "ARRAY")
row.count = POSTS
row.use_relative_offset = False
row.use_constant_offset = True
row.constant_offset_displace = (LENGTH / (POSTS - 1) / post.scale.x, 0, 0)

for name, height in [("Lower Rail", 0.35), ("Upper Rail", 0.85)]:
    beam(name, (LENGTH, 0.04, 0.09), (LENGTH / 2, 0, height))
