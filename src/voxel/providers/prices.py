"""The dated price table: what a job will cost, how long it takes here, and which services are known to close."""

from __future__ import annotations

import datetime as dt
import os
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import msgspec

from voxel.errors import SetupError

USER_COPY = "prices.toml"


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `tokens` trained tokens cost."""

    provider: str
    model: str
    """The beginning of the names that it is for."""
    usd: tuple[float, float]
    """Low and high end."""
    tokens: int
    source: str


class Closing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service or model that is known to end."""

    provider: str
    model: str
    date: dt.date
    message: str
    instead: str


class LocalSpeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast one core trains."""

    tokens_per_second_per_core: float
    parameters_millions: float


class PriceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, as one file holds it."""

    date: dt.date
    price: tuple[Price, ...]
    local: LocalSpeed
    closing: tuple[Closing, ...] = ()

    def find(self, provider: str, model: str) -> Price | None:
        """The row whose model name is the longest beginning of `model`; Azure is priced as OpenAI where it has no
        row.
        """
        for name in (provider, "openai") if provider == "azure" else (provider,):
            rows = [row for row in self.price if row.provider == name and _bare(model).startswith(row.model)]
            if rows:
                return max(rows, key=lambda row: len(row.model))
        return None

    def warnings(self, provider: str, model: str, today: dt.date) -> list[Closing]:
        """Closings of this day or earlier that touch this model."""
        return [
            closing
            for closing in self.closing
            if closing.provider == provider and _bare(model).startswith(closing.model) and closing.date <= today
        ]


class Estimate(NamedTuple):
    """What a job is expected to cost."""

    trained_tokens: int
    low: float | None
    """US dollars; None when the table has no row."""
    high: float | None
    seconds: float | None
    """On this machine, for a local job; None for services, which do not say."""
    source: str
    table_date: dt.date


def load_prices(data_dir: Path | None = None) -> PriceTable:
    """The user's copy in the data directory if there is one, else the package's. SetupError when it does not fit."""
    copy = data_dir / USER_COPY if data_dir else None
    if copy is not None and copy.is_file():
        raw, name = copy.read_bytes(), str(copy)
    else:
        raw, name = resources.files(__package__).joinpath(USER_COPY).read_bytes(), USER_COPY
    try:
        return msgspec.toml.decode(raw, type=PriceTable)
    except msgspec.MsgspecError as error:
        raise SetupError(
            f"{name} is not a price table: {error}; mend it, or delete it to use the one of the package"
        ) from error


def estimate(table: PriceTable, provider: str, model: str, *, tokens: int, epochs: float) -> Estimate:
    """For a file of `tokens` tokens that is read `epochs` times."""
    trained = round(tokens * epochs)
    row = table.find(provider, model)
    seconds = None
    if provider == "local":
        seconds = trained / (table.local.tokens_per_second_per_core * (os.cpu_count() or 1))
    if row is None:
        return Estimate(trained, None, None, seconds, "no price known", table.date)
    low, high = (usd * trained / row.tokens for usd in row.usd)
    return Estimate(trained, round(low, 4), round(high, 4), seconds, row.source, table.date)


def _bare(model: str) -> str:
    """A tuned model is priced as its base: `ft:gpt-4o-mini:…`."""
    return model.split(":")[1] if model.startswith("ft:") and ":" in model[3:] else model
