"""The nouns that rooms and phases exchange: frozen records, valid once built."""

from voxel.records.bootstrap import interval, paired_interval
from voxel.records.deployment import Deployment, Deployments, RoleState
from voxel.records.evaluation import METRICS_VERSION, AnswerScore, EvalReport, Grade, grade
from voxel.records.example import SPLITS, Check, DroppedCandidate, Example, Provenance, Split
from voxel.records.files import FileRecord, RepositoryRecord
from voxel.records.job import Job
from voxel.records.prompt import system_prompt, user_prompt
from voxel.records.roles import ROLES, Role
from voxel.records.scene import Scene
from voxel.records.verdict import ApiError, Verdict

__all__ = [
    "METRICS_VERSION",
    "ROLES",
    "SPLITS",
    "AnswerScore",
    "ApiError",
    "Check",
    "Deployment",
    "Deployments",
    "DroppedCandidate",
    "EvalReport",
    "Example",
    "FileRecord",
    "Grade",
    "Job",
    "Provenance",
    "RepositoryRecord",
    "Role",
    "RoleState",
    "Scene",
    "Split",
    "Verdict",
    "grade",
    "interval",
    "paired_interval",
    "system_prompt",
    "user_prompt",
]
