"""`voxel evaluate`: models measured on held-out examples in real Blender."""

from __future__ import annotations

from typing import Annotated

import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption, QuietOption, WorkersOption

ModelsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL...",
        help="As inspect-ai names them (openai/…, anthropic/…, hf/…), `reference`, or a JSONL file of {id, answer}.",
    ),
]
RoleOption = Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only examples of this role.")]
NumberOption = Annotated[int, typer.Option("--num-examples", min=1, metavar="N", help="At most this many examples.")]
BlenderOption = Annotated[str, typer.Option("--blender", metavar="VERSION", help="Which installed Blender.")]


def command(
    models: ModelsArgument,
    role: RoleOption = None,
    num_examples: NumberOption = 100,
    blender: BlenderOption = "4.5",
    data_dir: DataDirOption = DATA_DIR,
    workers: WorkersOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Ask models for code on held-out examples, run every answer in boxed Blender, score."""
    import msgspec

    from voxel.stages import shown_progress
    from voxel.training.evaluation.quality_metrics import QualityMetrics, provider_of

    metrics = QualityMetrics(data_dir)
    for model in models:
        report = metrics.evaluate_model(
            model,
            provider_of(model),
            num_examples,
            role=role,
            blender=blender,
            workers=workers,
            progress=shown_progress(quiet=quiet),
        )
        if json:
            shown = msgspec.to_builtins(report)
            del shown["by_example"]
            typer.echo(msgspec.json.encode(shown).decode())
        else:
            low, high = report.ci95
            typer.echo(
                f"{report.model} ({report.role}, {report.n} examples, Blender {report.blender}): grade {report.grade}, "
                f"overall {report.overall:.3f} [{low:.3f}, {high:.3f}], code quality {report.code_quality:.3f}, "
                f"Blender API {report.blender_api:.3f}, completeness {report.completeness:.3f}, "
                f"runs {report.runs:.0%}, solved {report.solved:.0%}"
            )
    return 0
