import bpy

material = bpy.data.materials.new("Checkered Marble")
material.use_nodes = True
nodes = material.node_tree.nodes
links = material.node_tree.links
shader = nodes["Principled BSDF"]
shader.inputs["Roughness"].default_value = 0.12

coordinates = nodes.new("ShaderNodeTexCoord")
checker = nodes.new("ShaderNodeTexChecker")
checker.inputs["Color1"].default_value = (0.85, 0.82, 0.76, 1)
checker.inputs["Color2"].default_value = (0.03, 0.03, 0.035, 1)
checker.inputs["Scale"].default_value = 8
links.new(coordinates.outputs["Generated"], checker.inputs["Vector"])
links.new(checker.outputs["Color"], shader.inputs["Base Color"])

bpy.ops.mesh.primitive_plane_add(size=8)
floor = bpy.context.object
floor.name = "Ballroom Floor"
floor.data.materials.append(material)
