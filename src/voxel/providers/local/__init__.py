"""Training open weights on this machine: job folders, base models, the worker process."""

from __future__ import annotations

from voxel.providers.local.base_models import BaseModel, held_models, pull, resolve
from voxel.providers.local.job_folder import JobFolder, LocalRequest, LocalStatus

__all__ = ["BaseModel", "JobFolder", "LocalRequest", "LocalStatus", "held_models", "pull", "resolve"]
