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
    "nothing else."
)


def system_prompt(role: Role) -> str:
    """The system message for a role."""
    if role == "concept":
        return _CONCEPT
    return _CODE_ROLE.format(role=role, task=_TASKS[role])


def user_prompt(example: Example) -> str:
    """The user message: the instruction word for word, then the code that sets up the scene, where there is any."""
    if not example.context:
        return example.instruction
    return f"{example.instruction}\n\nThe scene was made by this script:\n```python\n{example.context.rstrip()}\n```"
