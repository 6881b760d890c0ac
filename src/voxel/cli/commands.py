"""What `voxel` can do: each command with the module that does it and its line in the help.

Only the module of the command that is called gets imported, so that `voxel --help` does not wait for the rest.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One line of the help."""

    name: str
    module: str
    help: str


COMMANDS = (
    Command("run", "voxel.cli.run", "Scrape, parse, build and format, going on where the last run stopped."),
    Command("scrape", "voxel.cli.scrape", "Collect .blend files."),
    Command("parse", "voxel.cli.parse", "Load every collected file in Blender and keep its scene."),
    Command("build", "voxel.cli.build", "Write examples and prove each one in Blender."),
    Command("format", "voxel.cli.format", "Write the training files of every provider and role."),
    Command("status", "voxel.cli.status", "What is done, left and failing, and the command that goes on."),
    Command("dataset", "voxel.cli.dataset", "Look at a dataset and prove it again."),
    Command("report", "voxel.cli.report", "Self-contained HTML pages about the dataset and evaluations."),
    Command("inspect", "voxel.cli.inspect", "What .blend files hold, without starting Blender."),
    Command("decompile", "voxel.cli.decompile", "Write .blend files as readable bpy scripts."),
    Command("check", "voxel.cli.check", "Run a script in boxed Blender and grade it."),
    Command("jobs", "voxel.cli.jobs", "Fine-tuning jobs: what they cost, and how they go."),
    Command("models", "voxel.cli.models", "Base models for training on this machine."),
    Command("evaluate", "voxel.cli.evaluate", "Measure models on held-out examples in real Blender."),
    Command("deploy", "voxel.cli.deploy", "Which model serves each role, and the gate before a change."),
    Command("failures", "voxel.cli.failures", "What went wrong in use, and mending it."),
    Command("retrain", "voxel.cli.retrain", "New files and mended failures to a new version on trial."),
    Command("mcp", "voxel.cli.mcp", "Tools for agents, as an MCP server."),
    Command("blender", "voxel.cli.blender", "Installed Blender versions and their API."),
    Command("ui", "voxel.cli.ui", "A local web page over what is on disk; starts and resumes phases."),
    Command("verify", "voxel.cli.verify", "The 18 checks of a complete installation."),
    Command("doctor", "voxel.cli.doctor", "The machine, the box and the services."),
)
