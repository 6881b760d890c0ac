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
from voxel.records.example import SCRIPT, Exists, Keys, Provenance
from voxel.records.roles import Role
from voxel.training.dataset_builder.candidate import Candidate
from voxel.training.dataset_builder.cutting import PARTS, Cut
from voxel.training.dataset_builder.likeness import likeness
from voxel.training.dataset_builder.lines import Line, estimate_tokens
from voxel.training.dataset_builder.mending import mend_by_errors
from voxel.training.dataset_builder.proving import MAX_FACTS, MAX_TOKENS, checks_of, left_out, lined
from voxel.training.dataset_builder.repairs import Broken, as_repair, mended
from voxel.training.dataset_builder.together import together

_OTHER_LICENCE = re.compile(r"GPL LICENSE BLOCK|General Public License|All rights reserved", re.IGNORECASE)
"""A script that says so is not under the licence of the files around it."""
_LARGEST = 30_000
_KINDS = ("node_groups", "materials", "worlds", "actions")
"""What is taken of a scene beside its objects, their data and collections."""


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
    nothing = Candidate("builder", SCRIPT, empty, empty)
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
    try:
        facts = [fact for fact in facts_of(scene) if not failing([fact.check], scene)]
    except Unsayable as error:
        yield left_out(nothing, source, f"cannot be said: {error}"[:160], "", code)
        return
    if len(facts) > MAX_FACTS:
        yield left_out(nothing, source, f"too long: more than {MAX_FACTS} facts", "", code)
        return
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
    candidate = Candidate(_role(facts), SCRIPT, empty, scene, "mended for today's API" if old else "")
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
        (repair,) = together([as_repair(line, old, blenders, timeout)], timeout=timeout)
        if repair is not None:
            yield repair


def facts_of(scene: Mapping[str, Any]) -> list[Fact]:
    """All that can be seen in a scene which a script made from nothing.

    Unsayable where a part of it cannot be put into words: a wish that asks for less than its script does teaches
    to do what was not asked for.
    """
    cut = Cut(scene, exact=True)
    more = [(kind, name) for kind in _KINDS for name in blocks(scene, kind)]
    props = cut.tidied(active_scene(scene)["props"], "Scene")
    whole = cut.take(
        blocks(scene, "objects"), parts=PARTS, more=more, collections=blocks(scene, "collections"), settings=props
    )
    facts = find(whole, cut.take())
    moving = {(fact.check.of, fact.check.part) for fact in facts if isinstance(fact.check, Keys)}
    if len(moving) < len(blocks(scene, "actions")):
        raise Unsayable("an action of what is no object and no data of one")
    return facts


def _role(facts: Sequence[Fact]) -> Role:
    """Whom it teaches: by what it makes most of."""
    if any(isinstance(fact.check, Keys) for fact in facts):
        return "animation"
    kinds = [(fact.check.of[0], getattr(fact.check, "type", "")) for fact in facts if isinstance(fact.check, Exists)]
    if any(kind == "objects" and what not in ("LIGHT", "CAMERA") for kind, what in kinds):
        return "builder"
    return "texture" if any(kind == "materials" for kind, _ in kinds) else "render"
