"""Examples from scripts that people wrote: .py files beside .blend files, and texts inside .blend files.

A script runs in the box, in an empty scene. What the scene holds afterwards gives the facts, the facts give checks and
instruction. A script that only fails because the API has changed is mended, by the table of changes and then by what
Blender's own errors suggest, and proved anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voxel.blender import Blender
from voxel.blendfile import BlendFile, BlendFileError, text
from voxel.facts import Unsayable, ask, failing, find
from voxel.facts.fact import Fact
from voxel.facts.lookup import Json, active_scene, blocks
from voxel.facts.stated import unstated
from voxel.records.example import Exists, Keys, Provenance
from voxel.records.roles import Role
from voxel.training.dataset_builder.candidate import Candidate
from voxel.training.dataset_builder.cutting import Cut
from voxel.training.dataset_builder.likeness import likeness
from voxel.training.dataset_builder.mending import mend_by_errors
from voxel.training.dataset_builder.proving import (
    MAX_FACTS,
    MAX_TOKENS,
    Line,
    checks_of,
    estimate_tokens,
    left_out,
    lined,
)
from voxel.training.dataset_builder.pruning import groups_in
from voxel.training.dataset_builder.repairs import Broken, as_repair, mended

_OTHER_LICENCE = re.compile(r"GPL LICENSE BLOCK|General Public License|All rights reserved", re.IGNORECASE)
"""A script that says so is not under the licence of the files around it."""
_LARGEST = 30_000
_LOOKED_AT = 24
"""Blocks of a kind that are looked at; scripts that make hundreds of things make them alike."""


def embedded(blend: Path) -> Iterator[str]:
    """Texts in a .blend file that are Python and import bpy; none where the file cannot be read."""
    try:
        for one in BlendFile(blend).ids("TX"):
            code = text(one)
            if is_script(code):
                yield code
    except BlendFileError:
        return


def is_script(code: str) -> bool:
    """Python of a reasonable length that imports bpy."""
    if "bpy" not in code or len(code) > _LARGEST:
        return False
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return any("bpy" in ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))


def from_script(code: str, source: Provenance, blenders: Sequence[Blender], timeout: float) -> Iterator[Line]:
    """The example that a script becomes, and its repair where it had to be mended; else why it becomes none."""
    code = code.rstrip() + "\n"
    empty: Json = {"blocks": {"scenes": {}}}
    nothing = Candidate("builder", "script", empty, empty)
    if _OTHER_LICENCE.search(code):
        yield left_out(nothing, source, "licence: the script names another one than the files around it", "", code)
        return
    if estimate_tokens(code) > MAX_TOKENS:
        yield left_out(nothing, source, f"too long: more than {MAX_TOKENS} tokens", "", code)
        return
    first, old = blenders[0], None
    run = first.run(code, timeout=timeout)
    if run.verdict == "failed" and run.errors:
        fixed = mended(code)
        better, again = mend_by_errors(fixed.code, first, timeout)
        if better != code:
            old, code, run = Broken(code, fixed.drifts), better, again
    if run.verdict != "passed" or run.scene is None:
        reason = f"{run.errors[0].kind}: {run.errors[0].message}" if run.errors else ""
        yield left_out(nothing, source, f"does not run: {run.verdict}: {reason}"[:160], "", code)
        return
    scene = msgspec.json.decode(run.scene)
    facts = [fact for fact in facts_of(scene) if not failing([fact.check], scene)][:MAX_FACTS]
    names = [name for found in scene["blocks"].values() for name in found]
    alike = likeness("", code, names)
    said = ask(facts, alike.exact) if facts else ""
    facts = [fact for fact in facts if not unstated([fact.check], said)]
    checks = checks_of(facts)
    if all(isinstance(check, Exists) for check in checks):
        yield left_out(nothing, source, "leaves nothing: an empty scene stays as it is", "", code)
        return
    instruction = ask(facts, alike.exact)
    missing = unstated(checks, instruction)
    candidate = Candidate(_role(facts), "script", empty, scene, "mended for today's API" if old else "")
    if missing:
        yield left_out(candidate, source, f"not said: {missing[0]}"[:160], instruction, code)
        return
    versions = [first.runtime.series]
    for blender in blenders[1:]:
        again = blender.run(code, timeout=timeout)
        if again.verdict == "passed" and again.scene and not failing(checks, msgspec.json.decode(again.scene)):
            versions.append(blender.runtime.series)
    line = lined(candidate, source, checks, instruction, "", code, versions, alike)
    yield line
    if old is not None:
        repair = as_repair(line, old, blenders, timeout)
        if repair is not None:
            yield repair


def facts_of(scene: Mapping[str, Any]) -> list[Fact]:
    """What can be said of a scene, block by block; what cannot be said of a block is left out."""
    cut = Cut(scene, exact=True)
    found: list[Fact] = []
    nothing = cut.take()
    for name, group in list(blocks(scene, "node_groups").items())[:_LOOKED_AT]:
        found += _said(cut.take(more=[*groups_in(scene, group.get("tree", {})), ("node_groups", name)]), nothing)
    for name, material in list(blocks(scene, "materials").items())[:_LOOKED_AT]:
        found += _said(cut.take(more=[*groups_in(scene, material.get("tree", {})), ("materials", name)]), nothing)
    for name in list(blocks(scene, "objects"))[:_LOOKED_AT]:
        for parts in (("modifiers", "constraints", "smooth"), ("smooth",), ()):
            said = _said(cut.take([name], parts=parts), nothing)
            if said:
                found += said
                break
    props = cut.tidied(active_scene(scene)["props"], "Scene")
    plain = {name: value for name, value in props.items() if name not in ("camera", "world")}
    found += _said(cut.take(settings=plain), nothing)
    return found


def _said(after: Json, before: Json) -> list[Fact]:
    try:
        return find(after, before)
    except Unsayable:
        return []


def _role(facts: Sequence[Fact]) -> Role:
    """Whom it teaches: by what it makes most of."""
    if any(isinstance(fact.check, Keys) for fact in facts):
        return "animation"
    kinds = [(fact.check.of[0], getattr(fact.check, "type", "")) for fact in facts if isinstance(fact.check, Exists)]
    if any(kind == "objects" and what not in ("LIGHT", "CAMERA") for kind, what in kinds):
        return "builder"
    return "texture" if any(kind == "materials" for kind, _ in kinds) else "render"
