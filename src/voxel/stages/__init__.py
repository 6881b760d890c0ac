"""The kernel: stages, the ledger, the runner and its engines, the data directory. Knows nothing about Blender."""

from voxel.stages.checkpoints import Checkpoint, checkpoint_path, data_dir_of, read_checkpoint
from voxel.stages.command import exit_status, report_line, run_phase, say
from voxel.stages.datadir import DataDir, holder, write_atomic
from voxel.stages.engines import default_workers, engine_of
from voxel.stages.ledger import Ledger, Row, StageRow, Totals, below
from voxel.stages.progress import LineProgress, Progress, shown_progress, span, summary
from voxel.stages.runner import run_stage, run_unkept
from voxel.stages.stage import Done, Dropped, Failed, Outcome, PhaseReport, Stage, Unit, Work, unit_key

__all__ = [
    "Checkpoint",
    "DataDir",
    "Done",
    "Dropped",
    "Failed",
    "Ledger",
    "LineProgress",
    "Outcome",
    "PhaseReport",
    "Progress",
    "Row",
    "Stage",
    "StageRow",
    "Totals",
    "Unit",
    "Work",
    "below",
    "checkpoint_path",
    "data_dir_of",
    "default_workers",
    "engine_of",
    "exit_status",
    "holder",
    "read_checkpoint",
    "report_line",
    "run_phase",
    "run_stage",
    "run_unkept",
    "say",
    "shown_progress",
    "span",
    "summary",
    "unit_key",
    "write_atomic",
]
