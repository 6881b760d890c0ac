import bpy

# Objects
bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0.1, -0.01))
board = bpy.context.object
board.name = "Board"
board.scale = (0.44, 0.44, 0.02)

# Materials
chess_board = bpy.data.materials.new("Chess Board")
chess_board.use_nodes = True
nodes = chess_board.node_tree.nodes
links = chess_board.node_tree.links
nodes.clear()
tex_coord = nodes.new("ShaderNodeTexCoord")
mapping = nodes.new("ShaderNodeMapping")
checker = nodes.new("ShaderNodeTexChecker")
checker.inputs["Color1"].default_value = (0.027, 0.01, 0.0052, 1)
checker.inputs["Color2"].default_value = (0.578, 0.351, 0.144, 1)
checker.inputs["Scale"].default_value = 8
principled = nodes.new("ShaderNodeBsdfPrincipled")
principled.inputs["Roughness"].default_value = 0.16
principled.inputs["Coat Weight"].default_value = 0.4
output = nodes.new("ShaderNodeOutputMaterial")
links.new(tex_coord.outputs["Generated"], mapping.inputs["Vector"])
links.new(mapping.outputs["Vector"], checker.inputs["Vector"])
links.new(checker.outputs["Color"], principled.inputs["Base Color"])
links.new(principled.outputs["BSDF"], output.inputs["Surface"])

# Objects
bpy.data.objects["Board"].data.materials.append(chess_board)
