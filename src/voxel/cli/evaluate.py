"""`voxel evaluate`: models measured on held-out examples in real Blender."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxel.cli.options import (
    DATA_DIR,
    DataDirOption,
    Engine,
    EngineOption,
    JsonOption,
    QuietOption,
    RayAddressOption,
    WorkersOption,
    engine_name,
    path_of,
)

if TYPE_CHECKING:
    from voxel.records import EvalReport
    from voxel.records.evaluation import Comparison, Way

ModelsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL...",
        help="As inspect-ai names them (openai/…, anthropic/…, hf/…), a folder, an adapter, a job of this machine, a "
        "short name (SmolLM2-135M-Instruct), a role, `reference`, or a JSONL file of {id, answer}. With several, each "
        "is compared with the first.",
    ),
]
RoleOption = Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only examples of this role.")]
NumberOption = Annotated[int, typer.Option("--num-examples", min=1, metavar="N", help="At most this many examples.")]
BlenderOption = Annotated[str, typer.Option("--blender", metavar="VERSION", help="Which installed Blender.")]
RetryOption = Annotated[
    bool, typer.Option("--retry", help="Also with one retry, which shows the model what Blender said.")
]
RetrievalOption = Annotated[
    bool, typer.Option("--retrieval", help="Also with the most similar training examples in the prompt.")
]
BenchmarkOption = Annotated[
    Path | None,
    typer.Option(
        "--benchmark", metavar="FILE", parser=path_of, help="Prompts in CADBench's form, instead of held-out examples."
    ),
]
JudgeOption = Annotated[
    str | None,
    typer.Option("--judge", metavar="MODEL", help="Who judges a benchmark's criteria, by inspect-ai's name."),
]


def command(
    models: ModelsArgument,
    role: RoleOption = None,
    num_examples: NumberOption = 100,
    blender: BlenderOption = "4.5",
    retry: RetryOption = False,
    retrieval: RetrievalOption = False,
    benchmark: BenchmarkOption = None,
    judge: JudgeOption = None,
    data_dir: DataDirOption = DATA_DIR,
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    ray_address: RayAddressOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Ask models for code on held-out examples, run every answer in boxed Blender, score."""
    import msgspec

    from voxel.errors import UsageError
    from voxel.stages import shown_progress
    from voxel.training.evaluation.naming import ANSWERS, REFERENCE, named
    from voxel.training.evaluation.quality_metrics import QualityMetrics

    if benchmark is not None:
        if role is not None or retry or retrieval:
            raise UsageError("--benchmark brings its own prompts: --role, --retry and --retrieval do not go with it")
        return _benchmark(models, benchmark, judge, num_examples, blender, data_dir, json=json, quiet=quiet)
    if judge is not None:
        raise UsageError("--judge needs a --benchmark, whose criteria it judges")
    metrics = QualityMetrics(data_dir)
    known = [named(model, metrics.data) for model in dict.fromkeys(models)]
    examples = metrics.examples(role, num_examples)
    wanted: list[Way] = ["plain"]
    wanted += ["retry"] if retry else []
    wanted += ["retrieval"] if retrieval else []
    wanted += ["retrieval+retry"] if retry and retrieval else []
    runs = []
    for model in known:
        for way in wanted if model.provider not in (REFERENCE, ANSWERS) else wanted[:1]:
            made = metrics.measure(
                model,
                examples,
                role=role,
                blender=blender,
                way=way,
                workers=workers,
                engine=engine_name(engine, ray_address),
                progress=shown_progress(quiet=quiet),
            )
            runs.append(made)
            if json:
                shown = msgspec.to_builtins(made.report)
                del shown["by_example"]
                typer.echo(msgspec.json.encode(shown | {"run": made.run}).decode())
            else:
                typer.echo(_sentence(made.report))
    compared = metrics.compare(runs)
    names = {made.run: made.report.model for made in runs}
    for comparison in compared.comparisons if len(runs) > 1 else ():
        if comparison.before != compared.runs[0]:
            continue
        if json:
            line = msgspec.to_builtins(comparison)
            for name, difference in comparison.scores.items():
                line["scores"][name]["outcome"] = difference.outcome
            line |= {"before": names[comparison.before], "after": names[comparison.after]}
            typer.echo(msgspec.json.encode({"comparison": line}).decode())
        else:
            typer.echo(_compared(comparison, names))
    if len(runs) > 1 and not json:
        best = f"{names[compared.winner]} is better than every other one" if compared.winner else "no single winner"
        typer.echo(f"{best}, by 95 % intervals of overall on the same {len(examples)} examples")
    return 0


def _sentence(report: EvalReport) -> str:
    low, high = report.ci95
    wrong = ", ".join(
        f"{kind.replace('_', ' ')} {share:.0%}"
        for kind, share in sorted(report.kinds.items(), key=lambda each: -each[1])
    )
    return (
        f"{report.model} ({report.role}, {report.n} examples, Blender {report.blender}): grade {report.grade}, "
        f"overall {report.overall:.3f} [{low:.3f}, {high:.3f}], code quality {report.code_quality:.3f}, "
        f"Blender API {report.blender_api:.3f}, completeness {report.completeness:.3f}, "
        f"runs {report.runs:.0%}, solved {report.solved:.0%}"
        + (f", cut off {report.cut_off:.0%}" if report.cut_off else "")
        + (f"\n  errors: {wrong}" if wrong else "")
    )


def _compared(comparison: Comparison, names: dict[str, str]) -> str:
    parts = []
    for name, found in comparison.scores.items():
        low, high = found.ci95
        parts.append(
            f"  {name:<13} {found.before:.3f} -> {found.after:.3f}  [{low:+.3f}, {high:+.3f}]  {found.outcome}"
        )
    return f"{names[comparison.before]} -> {names[comparison.after]}\n" + "\n".join(parts)


def _benchmark(
    models: list[str],
    benchmark: Path,
    judge: str | None,
    most: int,
    blender: str,
    data_dir: Path,
    *,
    json: bool,
    quiet: bool,
) -> int:
    import msgspec

    from voxel.stages import shown_progress
    from voxel.training.evaluation.benchmark import Benchmark

    bench = Benchmark(benchmark, data_dir, most=most)
    for model in models:
        made = bench.measure(model, blender=blender, judge=judge, progress=shown_progress(quiet=quiet))
        if json:
            typer.echo(msgspec.json.encode(made).decode())
            continue
        judged = f", criteria met {made.criteria:.1%} ({made.judge})" if made.criteria is not None else ""
        typer.echo(
            f"{made.model} ({made.benchmark}, {made.n} prompts, Blender {made.blender}): no code {made.no_code:.1%}, "
            f"syntax errors {made.syntax_errors:.1%}, run-time errors {made.run_errors:.1%}, "
            f"visible geometry {made.visible:.1%}{judged}; pictures in {made.folder}"
        )
    return 0
