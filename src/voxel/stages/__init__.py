"""The kernel: stages, the ledger, the runner and its engines, the data directory. Knows nothing about Blender."""

from voxel.stages.checkpoints import Checkpoint, checkpoint_path, data_dir_of, read_checkpoint
from voxel.stages.command import exit_status, report_line, run_phase, say
from voxel.stages.datadir import DataDir, holder
from voxel.stages.engines import default_workers, engine_of
from voxel.stages.lasting import shared
from voxel.stages.ledger import Ledger, below
from voxel.stages.ledger_rows import Row, StageRow, Totals
from voxel.stages.local import dismiss_workers, keeping_workers
from voxel.stages.placing import has_place, keep_in
from voxel.stages.progress import LineProgress, Progress, shown_progress, span, summary
from voxel.stages.publishing import publish
from voxel.stages.runner import run_stage, run_unkept
from voxel.stages.stage import (
    Done,
    Dropped,
    Failed,
    Outcome,
    PhaseReport,
    Stage,
    Unit,
    Work,
    code_digest,
    unit_key,
    unit_keys,
)
from voxel.stages.storage import BLOBS, SCENES, LocalStorage, Look, Stat, Storage, blob_name, scene_name
from voxel.stages.writing import digests, write_atomic

__all__ = [
    "BLOBS",
    "SCENES",
    "Checkpoint",
    "DataDir",
    "Done",
    "Dropped",
    "Failed",
    "Ledger",
    "LineProgress",
    "LocalStorage",
    "Look",
    "Outcome",
    "PhaseReport",
    "Progress",
    "Row",
    "Stage",
    "StageRow",
    "Stat",
    "Storage",
    "Totals",
    "Unit",
    "Work",
    "below",
    "blob_name",
    "checkpoint_path",
    "code_digest",
    "data_dir_of",
    "default_workers",
    "digests",
    "dismiss_workers",
    "engine_of",
    "exit_status",
    "has_place",
    "holder",
    "keep_in",
    "keeping_workers",
    "publish",
    "read_checkpoint",
    "report_line",
    "run_phase",
    "run_stage",
    "run_unkept",
    "say",
    "scene_name",
    "shared",
    "shown_progress",
    "span",
    "summary",
    "unit_key",
    "unit_keys",
    "write_atomic",
]
