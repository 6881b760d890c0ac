"""A plan with the words for it: what an example of the concept role holds before Blender has proved it."""

from __future__ import annotations

from typing import NamedTuple

from voxel.bpycode import block_out
from voxel.facts.briefs import brief, revision
from voxel.facts.plans import plan_checks
from voxel.facts.stated import unstated
from voxel.records.example import Check, Exists, Gone
from voxel.records.plan import ScenePlan, write_plan
from voxel.training.dataset_builder.candidate import PlanCandidate
from voxel.training.dataset_builder.likeness import Likeness, likeness


class Draft(NamedTuple):
    """The texts of an example, and what is checked; `context` is the plan before where there is one."""

    instruction: str
    context: str
    completion: str
    checks: tuple[Check, ...]
    unsaid: list[str]
    """What is checked and not said; empty when all is."""
    alike: Likeness


def drafted(candidate: PlanCandidate) -> Draft:
    """The example that a candidate would make."""
    before, after = candidate.before, candidate.after
    names = [name for plan in (before, after) if plan is not None for name in plan.things()]
    blocked = block_out(before) if before is not None else ""
    alike = likeness(blocked, block_out(after), [*names, *(one.name for one in after.materials), after.title])
    if before is None or candidate.change is None:
        instruction, context, checks = brief(after, alike.exact), "", plan_checks(after)
    else:
        context = write_plan(before)
        instruction, checks = revision(before, after, candidate.change, alike.exact), _different(before, after)
    return Draft(instruction, context, write_plan(after), checks, unstated(checks, instruction, context), alike)


def _different(before: ScenePlan, after: ScenePlan) -> tuple[Check, ...]:
    """What holds after a revision and not before it, and what has to be gone."""
    old = plan_checks(before)
    gone = [Gone(of=("objects", name)) for name in before.things() if name not in after.things()]
    # what is gone is gone from an empty scene too: something has to be there still
    kept = [Exists(of=("objects", name)) for name in after.things()[:1] if gone]
    return (*gone, *kept, *(check for check in plan_checks(after) if check not in old))
