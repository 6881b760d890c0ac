"""The dataset's page: what is in it, where it comes from, why the rest is not, and how it looks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voxel.errors import BadInput, SetupError
from voxel.records.example import SPLITS, DroppedCandidate, Example, Split
from voxel.records.roles import ROLES
from voxel.report.coverage import coverage
from voxel.report.gallery import chosen, pictured
from voxel.report.page import render
from voxel.stages import DataDir, Progress, write_atomic

PICTURES = 24
COLUMNS = 40
"""Of a histogram."""
ROWS = 24
"""Of a list of bars; what is rarer is counted together."""
_NUMBER = re.compile(r"\b[0-9a-f]{16}\b|[0-9.]*[0-9]")


def dataset_page(
    data: DataDir, output: Path | None = None, *, pictures: int = PICTURES, progress: Progress | None = None
) -> Path:
    """Writes the page (default: reports/dataset.html) and returns where it lies.

    `pictures` examples are shown with a rendered picture each. SetupError when there is no dataset, BadInput when a
    line of it is broken.
    """
    by_split: dict[Split, list[Example]] = {split: list(_read(data, split)) for split in SPLITS}
    examples = [one for split in SPLITS for one in by_split[split]]
    if not examples:
        raise SetupError(f"the dataset in {data.datasets} is empty; make it with: voxel build")
    shown = pictured(chosen(examples, pictures), data.reports / "pictures", progress or Progress())
    page = render(
        "dataset.html",
        **_counts(by_split, examples),
        **_drops(_dropped(data)),
        **_measures(examples),
        sources=_sources(examples),
        coverage=[
            (table, len(found), _bars(found))
            for table, found in coverage(one.completion for one in examples).items()
            if found
        ],
        gallery=shown,
    )
    path = output or data.reports / "dataset.html"
    write_atomic(path, page.encode())
    return path


def _read(data: DataDir, split: Split) -> Iterator[Example]:
    path = data.datasets / f"{split}.jsonl"
    decoder = msgspec.json.Decoder(Example)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield decoder.decode(line)
                except msgspec.MsgspecError as error:
                    raise BadInput(f"{path}:{number}: not an example: {error}") from error
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}; make it with: voxel build") from error


def _dropped(data: DataDir) -> list[DroppedCandidate]:
    path = data.datasets / "dropped.jsonl"
    if not path.exists():
        return []
    decoder = msgspec.json.Decoder(DroppedCandidate)
    try:
        return [decoder.decode(line) for line in path.read_bytes().splitlines()]
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path}: {error}; make it anew with: voxel build") from error


def _counts(by_split: dict[Split, list[Example]], examples: Sequence[Example]) -> dict[str, Any]:
    roles = {split: Counter(one.role for one in found) for split, found in by_split.items()}
    rows = [
        [role, *(f"{roles[split][role]:,}" for split in SPLITS), f"{sum(roles[split][role] for split in SPLITS):,}"]
        for role in ROLES
    ]
    totals = [len(by_split[split]) for split in SPLITS]
    rows.append(["all", *(f"{count:,}" for count in totals), f"{len(examples):,}"])
    rows.append(["share", *(f"{count / len(examples):.0%}" for count in totals), ""])
    versions = sorted({version for one in examples for version in one.blender})
    everywhere = sum(set(one.blender) == set(versions) for one in examples)
    return {
        "figures": [
            ("examples", f"{len(examples):,}"),
            (f"proved on {' and '.join(versions)}", f"{everywhere / len(examples):.1%}"),
            ("mean quality", f"{sum(one.quality for one in examples) / len(examples):.2f}"),
            ("tokens, about", f"{sum(one.tokens for one in examples):,}"),
            ("repositories", f"{len({one.provenance.repo for one in examples}):,}"),
            ("files", f"{len({(one.provenance.repo, one.provenance.path) for one in examples}):,}"),
        ],
        "role_head": ["role", *SPLITS, "all"],
        "role_rows": rows,
        "categories": [
            (role, _bars(Counter(one.category for one in examples if one.role == role)))
            for role in ROLES
            if any(one.role == role for one in examples)
        ],
        "difficulties": _bars(Counter(one.difficulty for one in examples)),
        "versions": _bars(Counter(version for one in examples for version in one.blender)),
        "derived": f"{sum(bool(one.provenance.derived_from) for one in examples) / len(examples):.0%}",
        "licences": _bars(Counter(one.provenance.license or "unknown" for one in examples)),
    }


def _drops(dropped: Sequence[DroppedCandidate]) -> dict[str, Any]:
    classes = Counter(one.reason.partition(":")[0] for one in dropped)
    words = Counter(_NUMBER.sub("…", one.reason.partition("{")[0])[:90].rstrip(": ") for one in dropped)
    return {"drop_count": f"{len(dropped):,}", "drops": _bars(classes), "drop_words": _bars(words)}


def _measures(examples: Sequence[Example]) -> dict[str, Any]:
    parts = {
        name: sum(getattr(one.quality_parts, name) for one in examples) / len(examples)
        for name in examples[0].quality_parts.__struct_fields__
    }
    return {
        "histograms": [
            ("Words of the instruction", _histogram([len(one.instruction.split()) for one in examples])),
            ("Lines of the completion", _histogram([one.completion.count("\n") for one in examples])),
            ("Tokens, all together (about)", _histogram([one.tokens for one in examples])),
            ("Checks", _histogram([len(one.checks) for one in examples])),
            ("Quality", _histogram([one.quality for one in examples], low=0.0, high=1.0)),
        ],
        "parts_of_quality": [(name, round(mean, 3)) for name, mean in parts.items()],
    }


def _histogram(
    values: Sequence[float], *, low: float | None = None, high: float | None = None
) -> tuple[list[int], str, str, str]:
    """(counts of ranges of one width, the lowest, the highest, the median); the top hundredth is one with the last."""
    ordered = sorted(values)
    least = ordered[0] if low is None else low
    most = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if high is None else high
    width = (most - least) / COLUMNS or 1
    counts = [0] * COLUMNS
    for value in ordered:
        counts[max(0, min(COLUMNS - 1, int((value - least) / width)))] += 1
    middle = ordered[len(ordered) // 2]
    return counts, f"{least:g}", f"{most:g}" if most >= ordered[-1] else f"{most:g} and more", f"{middle:g}"


def _bars(counts: Counter[str]) -> list[tuple[str, int]]:
    rows = counts.most_common(ROWS + 1)
    if len(rows) <= ROWS:
        return rows
    rows = rows[: ROWS - 1]
    rest = len(counts) - len(rows)
    return [*rows, (f"{rest} others", sum(counts.values()) - sum(number for _, number in rows))]


def _sources(examples: Sequence[Example]) -> list[list[str]]:
    found = Counter((one.provenance.repo, one.provenance.license, one.provenance.attribution) for one in examples)
    return [
        [repo or "-", licence or "unknown", attribution or "-", f"{count:,}"]
        for (repo, licence, attribution), count in found.most_common()
    ]
