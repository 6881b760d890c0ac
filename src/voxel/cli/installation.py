"""The 18 checks of a complete installation, and the environment variables that services are found by.

Nothing here needs a dependency, so the checks can say what is missing where nothing is installed yet.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

COMPONENTS = (
    ("data_collection.blender_scraper", "BlenderFileScraper"),
    ("data_collection.blend_parser", "BlendFileParser"),
    ("dataset_builder.blender_dataset", "BlenderDatasetBuilder"),
    ("fine_tuning.openai_formatter", "OpenAIFormatter"),
    ("fine_tuning.claude_formatter", "ClaudeFormatter"),
    ("fine_tuning.training_orchestrator", "TrainingOrchestrator"),
    ("evaluation.quality_metrics", "QualityMetrics"),
    ("deployment.model_deployer", "ModelDeployer"),
)
GUIDES = ("TRAINING_HANDOFF.md", "ML_TRAINING_COMPLETE.md")
FOLDERS = (
    "checkpoints",
    "scraped",
    "parsed",
    "datasets",
    "fine_tuning",
    "training_jobs",
    "evaluation",
    "deployment",
)
VARIABLES = (
    "GITHUB_TOKEN",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "BEDROCK_ROLE_ARN",
    "BEDROCK_BUCKET",
)
CHECKOUT = Path(__file__).resolve().parents[3]


class Finding(NamedTuple):
    """One check: its name, whether it holds, and what was found."""

    check: str
    ok: bool
    detail: str


def findings(data_dir: Path) -> Iterator[Finding]:
    """The 18 checks, one after another. Creates nothing."""
    for module, name in COMPONENTS:
        yield _component(f"voxel.training.{module}", name)
    for guide in GUIDES:
        there = (CHECKOUT / "docs" / guide).is_file()
        yield Finding(f"guide docs/{guide}", there, "found" if there else "missing: run this from a whole checkout")
    for folder in FOLDERS:
        there = (data_dir / folder).is_dir()
        yield Finding(f"folder {data_dir / folder}", there, "found" if there else "missing: ./quick_start_training.sh")


def _component(module: str, name: str) -> Finding:
    check = f"component {name}"
    try:
        getattr(importlib.import_module(module), name)
    except ImportError as error:
        return Finding(check, False, f"{error}: ./quick_start_training.sh installs what is missing")
    except AttributeError:
        return Finding(check, False, f"{module} has no {name}")
    return Finding(check, True, module)


def variables() -> Iterator[Finding]:
    """The environment variables of services, masked; none is required."""
    for name in VARIABLES:
        value = os.environ.get(name, "")
        yield Finding(name, bool(value), masked(value) if value else "not set")


def masked(value: str) -> str:
    """Enough of a secret to know which one it is: the last four characters of a long one, none of a short one."""
    return f"****{value[-4:]}" if len(value) >= 16 else "****"


def lines(data_dir: Path) -> Iterator[tuple[str, bool]]:
    """What a person reads, line by line, with whether the line tells of something wrong."""
    held = 0
    for finding in findings(data_dir):
        held += finding.ok
        yield f"{'ok     ' if finding.ok else 'MISSING'}  {finding.check}: {finding.detail}", not finding.ok
    total = len(COMPONENTS) + len(GUIDES) + len(FOLDERS)
    yield f"{held} of {total} checks hold", held != total
    yield "environment (optional):", False
    for finding in variables():
        yield f"         {finding.check}: {finding.detail}", False
