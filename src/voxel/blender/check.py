"""`check`: runs a bpy script in boxed Blender and grades it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from voxel.blender.explain import explain
from voxel.blender.grading import Run
from voxel.blender.quality import code_quality
from voxel.blender.runtimes import Runtime
from voxel.blender.schema import Schema, schema
from voxel.blender.server import Blender
from voxel.errors import BadInput
from voxel.records.verdict import ApiError, Verdict

MAX_SCRIPT = 4 << 20
MESSAGE = 600
ALWAYS = ("objects", "meshes", "materials")
"""Kinds that are counted even where there are none."""


def read_script(path: Path) -> str:
    """A script from a file. Raises BadInput with a reason."""
    try:
        if not path.is_file():
            raise BadInput(f"{'no such file' if not path.exists() else 'not a file'}: {path}")
        if path.stat().st_size > MAX_SCRIPT:
            raise BadInput(f"too large for a script: {path}")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"not UTF-8 text: {path}") from error
    except OSError as error:
        raise BadInput(f"{error.strerror}: {path}") from error


def check(
    script: str | Path, *, blender: Blender | Runtime | str | None = None, timeout: float = 60, boxed: bool = True
) -> Verdict:
    """Runs one script in an empty scene and grades it.

    `script` is a path, or the source itself as a string. `blender` is a running Blender, a runtime or a version;
    without it the default runtime is started. `timeout` is in wall seconds. Raises BadInput for a file that cannot be
    read, BoxError where the box broke, SetupError where there is no Blender, or no box and `boxed` is asked for.
    """
    if not isinstance(blender, Blender):
        with Blender(blender, boxed=boxed) as own:
            return check(script, blender=own, timeout=timeout)
    source = read_script(script) if isinstance(script, Path) else script
    name = str(script) if isinstance(script, Path) else "<string>"
    run = blender.run(source, timeout=timeout, result="counts")
    known = schema(blender.runtime, blender) if run.details else None
    return Verdict(
        path=name,
        blender=blender.runtime.version,
        verdict=run.verdict,
        errors=explained(run, known, source),
        scores={"code_quality": code_quality(source).score, "blender_api": round(api_score(run), 4)},
        scene=_counts(run.scene),
    )


def _counts(scene: bytes | None) -> dict[str, int]:
    counts = msgspec.json.decode(scene, type=dict[str, int]) if scene else {}
    return {kind: count for kind, count in counts.items() if count or kind in ALWAYS}


def api_score(run: Run) -> float:
    """Share of the API-touching statements that held; 1 where a script that ran through has none, 0 where it
    never ran.
    """
    if run.api_statements:
        return run.api_held / run.api_statements
    return 1.0 if run.verdict == "passed" else 0.0


def explained(run: Run, known: Schema | None, source: str) -> list[ApiError]:
    """The errors of a run with what to write instead. `source` is the script, for runs of one source."""
    details = {(item["source"], item["line"], item["kind"], item["message"]): item for item in run.details}
    out = []
    for error in run.errors:
        detail = details.get((error.source, error.line, error.kind, error.message))
        hints = explain(detail, known, source) if detail and known else []
        message = " ".join(error.message.split())
        short = message if len(message) <= MESSAGE else message[: MESSAGE - 4] + " ..."
        out.append(msgspec.structs.replace(error, suggestions=hints, message=short))
    return out
