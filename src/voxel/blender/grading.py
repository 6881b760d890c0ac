"""`Run`: what running sources showed, from what the runner reported and how its process ended."""

from __future__ import annotations

import os
import signal
from typing import Any

import msgspec

from voxel.records.verdict import ApiError, Word


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What running sources showed."""

    verdict: Word
    errors: list[ApiError]
    api_statements: int
    """Statements of the last source that touch Blender's API: all of the top level, and those reached inside blocks and
    functions. The sources before it only set the stage."""
    api_held: int
    """Those of them that ended without an error."""
    output: str
    """What was printed, its first 64 KiB."""
    seconds: float
    """Wall time of the fork that ran the sources."""
    scene: bytes | None
    """The scene as JSON, where it was asked for and could be taken."""
    details: list[dict[str, Any]] = []
    """Per error, what the runner saw of it: type, name, keys nearby; material for suggestions."""


def graded(reply: dict[str, Any], scene: bytes | None, timeout: float, sources: int, *, wanted: bool) -> Run:
    """The verdict from what the runner reported of `sources` scripts and how its process ended."""
    report, status = reply["report"], reply["status"]
    done, end, plan = report["done"], report["end"], report["plan"]
    inner = report["inner"]
    first_judged = plan["first_judged"] if plan else 0
    judged = done[first_judged:]
    judged_inner = [item for item in inner if item["error"]["source"] == sources - 1]
    reached_before = max((item.get("reached", 0) for item in done[:first_judged]), default=0)
    reached = max((item.get("reached", 0) for item in judged), default=reached_before) - reached_before
    details = [item["error"] for item in (*inner, *done) if item["error"] is not None]
    once = {(item["source"], item["line"], item["kind"], item["message"]): item for item in reversed(details)}
    details = sorted(once.values(), key=lambda item: (item["source"], item["line"]))
    at_work = sources - 1 if len(done) >= first_judged else 0
    verdict: Word = "failed"
    extra: ApiError | None = None
    if report["blocked"] is not None:
        what = report["blocked"]
        verdict = "blocked"
        extra = ApiError(
            line=what["line"], kind="blocked", message=f"{what['what']} is not allowed in the box", source=at_work
        )
    elif report["forged"]:
        verdict = "blocked"
        extra = ApiError(
            line=0, kind="blocked", message="the script wrote to the pipe that its verdict is read from", source=at_work
        )
    elif reply["timed_out"] or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        verdict = "timeout"
        extra = ApiError(line=0, kind="timeout", message=f"still running after {timeout:g} s", source=at_work)
    elif report["syntax"] is not None:
        details = [report["syntax"]]
    elif end is None and os.WIFSIGNALED(status):
        verdict = "crashed"
        extra = ApiError(line=0, kind="crash", message=f"Blender ended with {signal.Signals(os.WTERMSIG(status)).name}")
    elif end is None:
        extra = ApiError(line=0, kind="exit", message="the script ended Blender before it was through")
    elif plan is not None and not details and len(done) == plan["statements"]:
        verdict = "passed"
        if wanted and scene is None:
            verdict = "failed"
            why = reply.get("judge", {}).get("bad") or end.get("reason") or "it could not be saved"
            extra = ApiError(line=0, kind="scene", message=f"the scene it leaves cannot be taken: {why}")
    errors = [_error(item) for item in details] + ([extra] if extra else [])
    return Run(
        verdict=verdict,
        errors=errors,
        api_statements=(plan["api"] if plan else 0) + reached,
        api_held=sum(item["api"] and item["error"] is None for item in judged)
        + max(0, reached - sum(item["api"] for item in judged_inner)),
        output=reply["output"],
        seconds=reply["seconds"],
        scene=scene,
        details=details,
    )


def _error(item: dict[str, Any]) -> ApiError:
    return ApiError(
        line=item["line"],
        kind=item["kind"],
        message=item["message"],
        source=item.get("source", 0),
        consequence_of=item.get("consequence_of"),
    )
