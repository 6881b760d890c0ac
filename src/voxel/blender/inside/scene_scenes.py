"""Scenes: their settings, root collection, view layers and compositor."""

from __future__ import annotations

from typing import Any

from scene_nodes import tree_of
from scene_objects import members
from scene_values import Walk


def scene_block(scene: Any, walk: Walk, path: str, active: bool) -> dict[str, Any]:
    """A scene. The active one is compared with the scene of an empty file, others with one that was just added."""
    suffix = "" if active else ":new"
    result: dict[str, Any] = {"type": "Scene", "props": walk.changed(scene, walk.base(f"Scene{suffix}", scene), path)}
    result["root"] = members(scene.collection)
    layers = []
    for layer in scene.view_layers:
        where = f'{path}.view_layers["{layer.name}"]'
        entry = {**walk.struct(layer, where, f"ViewLayer{suffix}"), "name": layer.name}
        excluded = sorted(_excluded(layer.layer_collection))
        if excluded:
            entry["excluded"] = excluded
        layers.append(entry)
    if len(layers) > 1 or any(entry["props"] or "excluded" in entry for entry in layers):
        result["view_layers"] = layers
    tree = getattr(scene, "node_tree", None)
    if tree is not None and scene.use_nodes:
        result["tree"] = tree_of(tree, walk, f"{path}.node_tree")
    editor = getattr(scene, "sequence_editor", None)
    strips = getattr(editor, "strips", None) if editor is not None else None
    if strips is not None and len(strips):
        walk.lose(f"{path}.sequence_editor", "the strips of the video sequencer are not described by the dump")
    return result


def _excluded(layer: Any) -> list[str]:
    """Names of the collections that a view layer leaves out."""
    names = [child.name for child in layer.children if child.exclude]
    for child in layer.children:
        if not child.exclude:
            names += _excluded(child)
    return names
