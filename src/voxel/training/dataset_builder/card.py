"""The dataset card: what is in the set, where it comes from, under which licences, and whom to name.

The form is that of the Hugging Face hub (its documentation, "Dataset Cards"): YAML front matter, then Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from voxel.records.example import SPLITS, DroppedCandidate, Example, Split
from voxel.records.roles import ROLES


def card(
    by_split: Mapping[Split, Sequence[Example]], dropped: Sequence[DroppedCandidate] = (), *, parquet: bool = False
) -> str:
    """The text of datasets/README.md; depends on the examples alone."""
    examples = [one for split in SPLITS for one in by_split[split]]
    return "\n".join(
        [
            *_front(examples),
            "",
            "# Instructions and Blender Python, each proved in real Blender",
            "",
            f"{len(examples)} examples. Running `context`, then `completion`, in an empty scene of each Blender",
            "version that the example lists satisfies every one of its `checks`; `voxel dataset verify` repeats that.",
            "",
            *_splits(by_split),
            "",
            *_versions(examples),
            "",
            "Splits are by repository: no repository, nor one that shares a file with it, is in two of them.",
            "",
            *_sources(examples),
            "",
        ]
    )


def _front(examples: Sequence[Example]) -> list[str]:
    licences = sorted({one.provenance.license.lower() for one in examples if one.provenance.license})
    files = [line for split in SPLITS for line in (f"  - split: {split}", f"    path: {split}.jsonl")]
    return [
        "---",
        *(["license:", *(f"- {name}" for name in licences)] if licences else []),
        "task_categories:",
        "- text-generation",
        "language:",
        "- en",
        "tags:",
        "- blender",
        "- bpy",
        "- code",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *files,
        "---",
    ]


def _splits(by_split: Mapping[Split, Sequence[Example]]) -> list[str]:
    counts = {split: Counter(one.role for one in by_split[split]) for split in SPLITS}
    rows = [
        f"| {role} | " + " | ".join(str(counts[split][role]) for split in SPLITS) + " |"
        for role in ROLES
        if any(counts[split][role] for split in SPLITS)
    ]
    totals = "| all | " + " | ".join(str(len(by_split[split])) for split in SPLITS) + " |"
    return ["| role | " + " | ".join(SPLITS) + " |", "|---|" + "---:|" * len(SPLITS), *rows, totals]


def _versions(examples: Sequence[Example]) -> list[str]:
    counts = Counter(version for one in examples for version in one.blender)
    return [f"Proved on Blender {version}: {counts[version]}." for version in sorted(counts)]


def _sources(examples: Sequence[Example]) -> list[str]:
    """One row for each repository, licence and attribution: what the licences ask to be told."""
    found = Counter((one.provenance.repo, one.provenance.license, one.provenance.attribution) for one in examples)
    rows = [
        f"| {_cell(repo)} | {count} | {_cell(licence)} | {_cell(attribution)} |"
        for (repo, licence, attribution), count in sorted(found.items())
    ]
    return ["## Sources", "", "| repository | examples | licence | attribution |", "|---|---:|---|---|", *rows]


def _cell(text: str) -> str:
    """Text from elsewhere must not end the cell or the row."""
    return " ".join(text.replace("|", "\\|").split()) or "-"
