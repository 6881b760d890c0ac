"""Azure OpenAI, also called Microsoft Foundry: the same API at the user's own endpoint.

`AZURE_OPENAI_ENDPOINT` (https://NAME.openai.azure.com), `AZURE_OPENAI_API_KEY`, and optionally
`AZURE_OPENAI_API_VERSION`: without a version the undated path `/openai/v1/` is used, which the plain SDK speaks.
https://learn.microsoft.com/azure/ai-services/openai/how-to/fine-tuning
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from voxel.errors import MissingExtra, SetupError
from voxel.providers.openai_api import OpenAIService, wait_until_processed

if TYPE_CHECKING:
    from openai.types import FileObject

FILE_PATIENCE_S = 900.0
FILE_PAUSE_S = 3.0


class AzureService(OpenAIService):
    """Azure echoes the seed of a job always and its metadata only in newer versions, so jobs are listed without a
    filter.
    """

    name = "azure"
    service = "Azure"
    key_name = "AZURE_OPENAI_API_KEY"
    filters_by_metadata = False
    file_pause = FILE_PAUSE_S

    def _usable(self, held: FileObject) -> str:
        super()._usable(held)
        with self._translated():
            return wait_until_processed(
                self._client, held, service=self.service, patience=FILE_PATIENCE_S, pause=self.file_pause
            ).id


SERVICE = AzureService


def connect(data_dir: Path) -> AzureService:  # noqa: ARG001  (all providers are opened alike)
    """SetupError names every variable that is missing."""
    try:
        from openai import AzureOpenAI, OpenAI
    except ImportError as error:
        raise MissingExtra("fine-tuning at Azure", "openai") from error
    endpoint = os.environ.get("AZURE_OPENAI_ENDPOINT", "").strip().rstrip("/")
    key = os.environ.get("AZURE_OPENAI_API_KEY", "").strip()
    missing = [
        name for name, value in (("AZURE_OPENAI_ENDPOINT", endpoint), ("AZURE_OPENAI_API_KEY", key)) if not value
    ]
    if missing:
        raise SetupError(
            f"set {' and '.join(missing)} to fine-tune at Azure, or train here: voxel jobs submit --provider local"
        )
    version = os.environ.get("AZURE_OPENAI_API_VERSION", "").strip()
    if version:
        return AzureService(AzureOpenAI(azure_endpoint=endpoint, api_key=key, api_version=version, timeout=60.0), [key])
    client = OpenAI(base_url=f"{endpoint}/openai/v1/", api_key=key, default_headers={"api-key": key}, timeout=60.0)
    return AzureService(client, [key])
