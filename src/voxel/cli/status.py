"""`voxel status`: what the ledger says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption

if TYPE_CHECKING:
    from voxel.stages import DataDir
    from voxel.training.standing import PhaseStatus, Standing

REASONS_SHOWN = 5
HandoffOption = Annotated[
    bool, typer.Option("--handoff", help="Print Markdown for whoever takes over: done, left, and how to go on.")
]


def command(data_dir: DataDirOption = DATA_DIR, handoff: HandoffOption = False, json: JsonOption = False) -> int:
    """What is done, left and failing, and the command that goes on."""
    from voxel.stages import DataDir
    from voxel.training.standing import standing

    data = DataDir(data_dir)
    now = standing(data)
    if handoff:
        told = _handoff(data, now)
        typer.echo(msgspec.json.encode({"markdown": told}).decode() if json else told)
        return 0
    width = max([8, *(len(phase.phase) for phase in now.phases)])
    for phase in now.phases:
        typer.echo(msgspec.json.encode(phase).decode() if json else _sentences(phase, width))
    if json:
        return 0
    if now.busy:
        typer.echo(f"at work: {now.busy}")
    elif now.next:
        typer.echo(f"go on with: {now.next}")
    else:
        typer.echo("nothing is left to do")
    return 0


def _sentences(phase: PhaseStatus, width: int) -> str:
    lines = [
        f"{phase.phase:<{width}} {phase.status}: {phase.done} of {phase.planned} done, {phase.left} left,"
        f" {phase.dropped} dropped, {phase.failed} failed ({_short(phase.updated_at)})"
    ]
    lines += [
        f"{'':{width}} {reason.count} {reason.state}: {reason.reason}" for reason in phase.reasons[:REASONS_SHOWN]
    ]
    if len(phase.reasons) > REASONS_SHOWN:
        lines.append(f"{'':{width}} and {len(phase.reasons) - REASONS_SHOWN} further reasons; all of them: --json")
    return "\n".join(lines)


def _short(when: str) -> str:
    """The time of day of what was today, else the day; `when` as ISO 8601 writes it."""
    from datetime import datetime

    then = datetime.fromisoformat(when)
    return then.strftime("%H:%M" if then.date() == datetime.now(then.tzinfo).date() else "%Y-%m-%d")


def _handoff(data: DataDir, now: Standing) -> str:
    """The live part of a handover, in Markdown."""
    where = data.option
    lines = [
        f"# Handing over `{data.root.resolve()}`",
        "",
        "| phase | state | done | left | dropped | failed | last change |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {one.phase} | {one.status} | {one.done} of {one.planned} | {one.left} | {one.dropped} | {one.failed}"
            f" | {one.updated_at} |"
            for one in now.phases
        ),
        "",
    ]
    told = [(one.phase, reason) for one in now.phases for reason in one.reasons[:REASONS_SHOWN]]
    if told:
        lines += ["## Why something is not done", ""]
        lines += [f"- {phase}: {reason.count} {reason.state}: {_inline(reason.reason)}" for phase, reason in told]
        lines += ["", f"All reasons: `voxel status{where} --json`", ""]
    lines += ["## Going on", ""]
    if now.busy:
        lines.append(f"Nothing to do yet: {_inline(now.busy)} works here. Look again with `voxel status{where}`.")
    elif now.next:
        lines += ["```", now.next, "```"]
    else:
        lines += ["Nothing is left to do. Next:", "", "```", f"voxel dataset verify{where}"]
        lines += [f"voxel jobs estimate --role builder{where}", "```"]
    return "\n".join(lines)


def _inline(text: str) -> str:
    """Text from files within a line of Markdown: no markup of its own."""
    return text.replace("\\", "\\\\").replace("`", "\\`").replace("<", "&lt;").replace("|", "\\|")
