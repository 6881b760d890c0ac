"""OpenAI itself. `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`."""

from __future__ import annotations

import os
from pathlib import Path

from voxel.errors import MissingExtra, SetupError
from voxel.providers.openai_api import OpenAIService

SERVICE = OpenAIService


def connect(data_dir: Path) -> OpenAIService:  # noqa: ARG001  (all providers are opened alike)
    """SetupError without a key."""
    try:
        from openai import OpenAI
    except ImportError as error:
        raise MissingExtra("fine-tuning at OpenAI", "openai") from error
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key:
        raise SetupError(
            "OPENAI_API_KEY is not set; set it, or train without a key: voxel jobs submit --provider local"
        )
    return OpenAIService(OpenAI(api_key=key, timeout=60.0), [key])
