"""The only file that wires phases together: scrape → parse → build → format, under one hold of the data directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from voxel.stages import DataDir, Ledger, PhaseReport, Progress, default_workers, keeping_workers

if TYPE_CHECKING:
    from voxel.training.data_collection.blender_scraper import BlenderFileScraper

SECONDS_A_FILE = {"parse": 0.15, "build": 3.0}
"""Of one worker, for one file, as `bench/pipeline.py` shows them; the other phases take moments."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the whole pipeline is asked for."""

    data_dir: str | Path = "training_data"
    source: str = "samples"
    """samples, folder, github or git."""
    paths: tuple[Path, ...] = ()
    """Folders or files, for the source folder."""
    policy: str | Path | None = None
    """A policy file; None for the permissive default."""
    max_files_per_repo: int | None = None
    """What one repository may give; None for everything, or for the default of github and git."""
    repos: tuple[str, ...] = ()
    """`owner/name` or URLs, for github and git, as the four below."""
    repos_file: str | Path | None = None
    queries: tuple[str, ...] = ()
    max_repos: int | None = None
    concurrency: int = 8
    blender: str | None = None
    """The installed Blender that loads files and proves examples; None for the default one, which loads, and every
    supported one, which prove."""
    min_quality: float | None = None
    """What an example must be worth, 0 to 1; None for the builder's default."""
    decontaminate: tuple[Path, ...] = ()
    """Files of prompts that no instruction may repeat."""
    teacher: str | None = None
    """A model, as inspect-ai names it, that rewords instructions; None for Voxel's own words."""
    workers: int | None = None
    """Processes; None for the processor count."""
    engine: str = "local"


def run(settings: Settings, progress: Progress | None = None) -> Iterator[PhaseReport]:
    """Does the phases in their order and yields the report of each; what is done already is not done again.

    Ends early when the source gave nothing, or nothing of all that is held could be loaded: a dataset of nothing would
    take the place of one that an earlier run made. The data directory is held from the first report asked for to the
    last. Raises what `run_stage` raises.
    """
    data = DataDir(settings.data_dir).create()
    with data.hold(), keeping_workers():
        for name, phase in PHASES.items():
            report = phase(settings, progress)
            yield report
            if name in ("scrape", "parse") and not report.done:
                return


def _held(data: DataDir) -> int:
    """How many files the scrape phase holds, each of equal bytes once."""
    with (data.scraped / "files.jsonl").open("rb") as lines:
        return sum(b'"state":"held"' in line for line in lines)


def expected(settings: Settings) -> dict[str, float]:
    """About how many seconds the phases after scrape will take, from how many collected files each has still to do.

    Rough: files differ a hundredfold. A phase with nothing to do is left out.
    """
    data = DataDir(settings.data_dir)
    held = _held(data)
    workers = settings.workers or default_workers()
    with Ledger(data.checkpoints / "ledger.sqlite", read_only=True) as ledger:
        left = {phase: held - ledger.totals(phase).done - ledger.totals(phase).dropped for phase in SECONDS_A_FILE}
    return {phase: SECONDS_A_FILE[phase] * left[phase] / workers for phase in left if left[phase] > 0}


def scrape(settings: Settings, progress: Progress | None = None) -> PhaseReport:
    """Collects .blend files from the source."""
    return scraper(settings).run(workers=settings.workers, engine=settings.engine, progress=progress)


def scraper(settings: Settings) -> BlenderFileScraper:
    """The scrape phase that these settings ask for."""
    from voxel.training.data_collection.blender_scraper import BlenderFileScraper

    return BlenderFileScraper(
        settings.data_dir,
        source=settings.source,
        paths=settings.paths,
        policy=settings.policy,
        max_files_per_repo=settings.max_files_per_repo,
        runtime=settings.blender,
        repos=settings.repos,
        repos_file=settings.repos_file,
        queries=settings.queries,
        max_repos=settings.max_repos,
        concurrency=settings.concurrency,
    )


def parse(settings: Settings, progress: Progress | None = None) -> PhaseReport:
    """Loads every collected file in Blender."""
    from voxel.training.data_collection.blend_parser import BlendFileParser

    parser = BlendFileParser(settings.data_dir, runtime=settings.blender)
    return parser.run(workers=settings.workers, engine=settings.engine, progress=progress)


def build(settings: Settings, progress: Progress | None = None) -> PhaseReport:
    """Writes examples and proves each in Blender."""
    from voxel.training.dataset_builder.blender_dataset import MIN_QUALITY, BlenderDatasetBuilder

    versions = [settings.blender] if settings.blender else None
    least = MIN_QUALITY if settings.min_quality is None else settings.min_quality
    builder = BlenderDatasetBuilder(
        settings.data_dir, versions=versions, min_quality=least, decontaminate=settings.decontaminate,
        teacher=settings.teacher,
    )  # fmt: skip
    return builder.run(workers=settings.workers, engine=settings.engine, progress=progress)


def format_all(settings: Settings, progress: Progress | None = None) -> PhaseReport:
    """Writes the training files for OpenAI, Claude and local training."""
    from voxel.training.fine_tuning.claude_formatter import ClaudeFormatter
    from voxel.training.fine_tuning.local_formatter import LocalFormatter
    from voxel.training.fine_tuning.openai_formatter import OpenAIFormatter

    formatters = (OpenAIFormatter, ClaudeFormatter, LocalFormatter)
    return _sum("format", [formatter(settings.data_dir).run(progress=progress) for formatter in formatters])


PHASES: dict[str, Callable[[Settings, Progress | None], PhaseReport]] = {
    "scrape": scrape,
    "parse": parse,
    "build": build,
    "format": format_all,
}


def _sum(phase: str, reports: Sequence[PhaseReport]) -> PhaseReport:
    return PhaseReport(
        phase=phase,
        done=sum(report.done for report in reports),
        dropped=sum(report.dropped for report in reports),
        failed=sum(report.failed for report in reports),
        seconds=sum(report.seconds for report in reports),
        reused=sum(report.reused for report in reports),
    )
