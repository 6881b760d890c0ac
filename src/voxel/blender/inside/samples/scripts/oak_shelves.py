import bpy

WIDTH, DEPTH, HEIGHT = 0.9, 0.3, 1.8
BOARD = 0.025
SHELVES = 4

oak = bpy.data.materials.new("Oiled Oak")
oak.use_nodes = True
shader = oak.node_tree.nodes["Principled BSDF"]
shader.inputs["Base Color"].default_value = (0.42, 0.24, 0.1, 1)
shader.inputs["Roughness"].default_value = 0.45


def board(name, size, location):
    bpy.ops.mesh.primitive_cube_add(size=1, location=location)
    made = bpy.context.object
    made.name = name
    made.scale = size
    made.data.materials.append(oak)


for name, side in [("Left Side", -1), ("Right Side", 1)]:
    board(name, (BOARD, DEPTH, HEIGHT), (side * (WIDTH - BOARD) / 2, 0, HEIGHT / 2))

for number in range(SHELVES):
    height = 0.05 + number * 0.55
    board(f"Shelf {number + 1}", (WIDTH - 2 * BOARD, DEPTH, BOARD), (0, 0, height))
