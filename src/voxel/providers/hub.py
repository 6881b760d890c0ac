"""The Hugging Face hub: puts a folder there as a dataset. Needs the extra [hub].

`HF_TOKEN` (or what `hf auth login` keeps) is the key, `HF_ENDPOINT` another server of the same kind.
"""

from __future__ import annotations

import os
from pathlib import Path

from voxel.errors import MissingExtra, SetupError, TryLater, UsageError
from voxel.providers.secrets import redact
from voxel.records.example import SPLITS

FILES = ("README.md", *(f"{split}.jsonl" for split in SPLITS), *(f"parquet/{split}.parquet" for split in SPLITS))
"""What is for others; candidates that were dropped are not, some of them for what they show."""


def push_dataset(folder: Path, repo: str, *, private: bool = False) -> str:
    """Makes the dataset `repo` (owner/name) where there is none, puts the files there in one commit, returns its URL.

    Files that the hub has already are not sent again. Raises MissingExtra, UsageError for a name that cannot be,
    SetupError without a key or the right to write, TryLater where the hub is in trouble.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError
    except ImportError:
        raise MissingExtra("pushing a dataset to the hub", "hub") from None
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or None
    token = os.environ.get("HF_TOKEN", "").strip() or None
    client = HfApi(endpoint=endpoint, token=token, library_name="voxel")
    try:
        client.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        client.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            allow_patterns=list(FILES),
            commit_message="Dataset made by Voxel",
        )
    except HFValidationError as error:
        raise UsageError(f"{repo!r} is no name on the hub, which is OWNER/NAME: {_plain(error, token)}") from error
    except LocalTokenNotFoundError as error:
        raise SetupError("the hub wants a key: set HF_TOKEN, or run: hf auth login") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            raise SetupError(f"the hub refuses this key for {repo}: {_plain(error, token)}; set HF_TOKEN") from error
        if status == 429 or status >= 500:
            raise TryLater(f"the hub is in trouble: {_plain(error, token)}") from error
        raise SetupError(f"the hub does not take it: {_plain(error, token)}") from error
    except Exception as error:  # the client has changed its HTTP library once; whatever that raises is trouble outside
        raise TryLater(f"the hub cannot be reached: {_plain(error, token)}") from error
    return f"{client.endpoint}/datasets/{repo}"


def _plain(error: Exception, token: str | None) -> str:
    """One line without the key."""
    return redact(str(error), [token] if token else [])[:300]
