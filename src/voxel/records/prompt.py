"""The words that a model is trained with and asked with: one place, so that they cannot drift apart."""

from __future__ import annotations

from typing import Final

from voxel.records.example import Example
from voxel.records.roles import Role

_CODE_ROLE: Final = (
    "You are the {role} of a team that works in Blender. Answer with one Python script that uses bpy and runs as it is "
    "in Blender's text editor. {task}"
)
_TASKS: Final[dict[Role, str]] = {
    "builder": "You model: objects, meshes, curves, text, modifiers, geometry nodes, hierarchy and collections.",
    "texture": "You make surfaces: materials, shader nodes and images.",
    "render": "You set up the picture: cameras, lights, the world, render and compositor settings.",
    "animation": "You make things move: key frames, f-curves, constraints, drivers, armatures and shape keys.",
}
_CONCEPT: Final = (
    "You are the concept artist of a team that works in Blender. Answer with one scene plan as a JSON object and "
    "nothing else. Lengths are metres, angles degrees, colors linear RGB from 0 to 1; locations are in the world, an "
    "object's is the middle of its extent. Leave out what is as Blender has it. The form:\n"
    '{"title", "mood", "unit_system": metric|imperial|none, "unit_scale", "resolution": [x, y], "frame_start", '
    '"frame_end", "fps",\n'
    ' "objects": [{"name", "kind": box|plane|sphere|cylinder|cone|torus|empty, "size": [x, y, z], "location", '
    '"rotation", "parent", "collection", "material"}],\n'
    ' "materials": [{"name", "base_color", "metallic", "roughness", "transmission", "emission_color", '
    '"emission_strength"}],\n'
    ' "lights": [{"name", "type": point|sun|spot|area, "energy", "color", "size", "angle", "location", "rotation" or '
    '"target"}],\n'
    ' "camera": {"name", "lens", "ortho_scale", "location", "rotation" or "target"},\n'
    ' "world": {"name", "color", "strength"},\n'
    ' "movements": [{"object", "property": location|rotation, "axis": x|y|z, "keys": [[frame, value]], '
    '"interpolation": bezier|linear|constant}]}'
)


def system_prompt(role: Role) -> str:
    """The system message for a role."""
    if role == "concept":
        return _CONCEPT
    return _CODE_ROLE.format(role=role, task=_TASKS[role])


def user_prompt(example: Example) -> str:
    """The user message: the instruction word for word, then what it takes as given: a script, or the plan so far.

    In a follow-up, what was asked and answered before stands in front.
    """
    if not example.context:
        return example.instruction
    if example.earlier:
        return (
            f"I asked you before:\n{example.earlier}\n\nYou answered with this script, which has been run:\n"
            f"```python\n{example.context.rstrip()}\n```\n\n{example.instruction}"
        )
    if example.role == "concept":
        return f"{example.instruction}\n\nThe plan so far:\n```json\n{example.context.rstrip()}\n```"
    return f"{example.instruction}\n\nThe scene was made by this script:\n```python\n{example.context.rstrip()}\n```"
