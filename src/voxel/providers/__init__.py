"""Fine-tuning services, the price table, and the rules for training files."""

from __future__ import annotations

from voxel.providers.catalog import open_provider, provider_limits, provider_name, provider_names
from voxel.providers.lines import check_file, check_pair
from voxel.providers.prices import Estimate, PriceTable, estimate, load_prices
from voxel.providers.provider import (
    Finding,
    JobRequest,
    Limits,
    NotSent,
    Provider,
    Refused,
    ServiceJob,
    Unanswered,
    Uploaded,
)
from voxel.providers.secrets import redact
from voxel.providers.tokens import estimate_tokens

__all__ = [
    "Estimate",
    "Finding",
    "JobRequest",
    "Limits",
    "NotSent",
    "PriceTable",
    "Provider",
    "Refused",
    "ServiceJob",
    "Unanswered",
    "Uploaded",
    "check_file",
    "check_pair",
    "estimate",
    "estimate_tokens",
    "load_prices",
    "open_provider",
    "provider_limits",
    "provider_name",
    "provider_names",
    "redact",
]
