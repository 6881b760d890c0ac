"""The nouns that rooms and phases exchange: frozen records, valid once built."""

from voxel.records.bootstrap import interval, paired_interval
from voxel.records.deployment import Deployment, Deployments, RoleState
from voxel.records.evaluation import METRICS_VERSION, AnswerScore, EvalReport, Grade, grade
from voxel.records.roles import ROLES, Role

__all__ = [
    "METRICS_VERSION",
    "ROLES",
    "AnswerScore",
    "Deployment",
    "Deployments",
    "EvalReport",
    "Grade",
    "Role",
    "RoleState",
    "grade",
    "interval",
    "paired_interval",
]
