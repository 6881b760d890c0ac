"""The dataset card: what is in the set, where it comes from, under which licences, and whom to name.

The form is that of the Hugging Face hub (its documentation, "Dataset Cards"): YAML front matter, then Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from voxel.records.example import SPLITS, DroppedCandidate, Example, Split
from voxel.records.roles import ROLES


class _Tally:
    """What the card tells of the examples."""

    def __init__(self, by_split: Mapping[Split, Iterable[Example]]) -> None:
        self.splits: Counter[str] = Counter()
        self.roles: Counter[tuple[str, str]] = Counter()
        self.versions: Counter[str] = Counter()
        self.sources: Counter[tuple[str, str, str]] = Counter()
        """By repository, licence and attribution."""
        self.licences: Counter[str] = Counter()
        for split in SPLITS:
            for one in by_split[split]:
                source = one.provenance
                self.splits[split] += 1
                self.roles[split, one.role] += 1
                self.versions.update(one.blender)
                self.sources[source.repo, source.license, source.attribution] += 1
                self.licences[source.license] += 1


def card(
    by_split: Mapping[Split, Iterable[Example]], dropped: Iterable[DroppedCandidate] = (), *, parquet: bool = False
) -> str:
    """The text of datasets/README.md; depends on what it is given alone, which is read once.

    `dropped` are the candidates that are no examples; `parquet` says whether there are files under parquet/.
    """
    tally = _Tally(by_split)
    return "\n".join(
        [
            *_front(tally),
            "",
            "# Instructions and Blender Python, each proved in real Blender",
            "",
            f"{tally.splits.total()} examples. Running `context`, then `completion`, in an empty scene of each Blender",
            "version that the example lists satisfies every one of its `checks`; `voxel dataset verify` repeats that.",
            "",
            "```python",
            "from datasets import load_dataset",
            "",
            'examples = load_dataset("path/of/this/folder")',
            "```",
            "",
            *(_PARQUET if parquet else ()),
            *_splits(tally),
            "",
            *_versions(tally),
            "",
            "## How it was made",
            "",
            *_MADE,
            "",
            *_drops(dropped),
            *_LIMITS,
            "",
            *_licences(tally),
            *_sources(tally),
            "",
        ]
    )


_PARQUET = ("The folder `parquet` holds the same with one file for each split and `checks` as JSON text.", "")
_MADE = (
    "Scenes of real .blend files were cut into small tasks. What a task asks was worked out from the two scenes before",
    "and after it, put into words, and written down as checks; code was written from the same scenes, run in boxed",
    "Blender, and kept only where every check holds and the scene means what the file's scene means.",
    "",
    "Splits are by repository: no repository, nor one that shares a file or a near-duplicate scene with it, is in two",
    "of them, and no two examples of different splits have nearly the same code (Jaccard index of 0.8 or more on runs",
    "of four words, names taken out). `quality` is the weighted geometric mean of `quality_parts`. Home folders,",
    "e-mail addresses and tokens were replaced before anything was proved.",
)
_LIMITS = (
    "## Limits",
    "",
    "- Most instructions were put into words by a program; they state every value that is checked, as people seldom",
    "  do.",
    "- Proof means that the code runs and that what was asked for is so. It does not mean that the result is",
    "  beautiful.",
    "- `derived_from` in `provenance` says what was changed against the file's own content; at most half of a role.",
    "- Code is for Blender as a Python module in an empty scene; add-ons and files beside the scene are not used.",
)
_ON_THE_HUB = frozenset({
    "mit", "apache-2.0", "cc0-1.0", "cc-by-4.0", "cc-by-3.0", "cc-by-2.0", "cc-by-sa-4.0", "cc-by-sa-3.0",
    "bsd-2-clause", "bsd-3-clause", "bsd", "isc", "unlicense", "wtfpl", "zlib", "mpl-2.0", "gpl-2.0",
    "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "gpl", "bsl-1.0", "artistic-2.0",
})  # fmt: skip
"""Names of licences that the hub knows and that files here can have; any other is `other` there."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def _front(tally: _Tally) -> list[str]:
    licences = sorted({_licence(name) for name in tally.licences})
    size = next((name for most, name in _SIZES if tally.splits.total() < most), "1M<n<10M")
    held = [split for split in SPLITS if tally.splits[split]]
    return [
        "---",
        "pretty_name: Blender Python, proved",
        *(["license:", *(f"- {name}" for name in licences)] if licences else []),
        "task_categories:",
        "- text-generation",
        "language:",
        "- en",
        "tags:",
        "- blender",
        "- bpy",
        "- code",
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *(line for split in held for line in (f"  - split: {split}", f"    path: {split}.jsonl")),
        "---",
    ]


def _licence(name: str) -> str:
    plain = name.lower().removesuffix("-only").removesuffix("-or-later")
    return plain if plain in _ON_THE_HUB else "other"


def _drops(dropped: Iterable[DroppedCandidate]) -> list[str]:
    counts = Counter(one.reason.partition(":")[0] for one in dropped)
    if not counts:
        return []
    told = ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
    return [f"Candidates that are no examples, by reason: {told}.", ""]


def _licences(tally: _Tally) -> list[str]:
    rows = [f"| {_cell(name or 'unknown')} | {count} |" for name, count in tally.licences.most_common()]
    told = "Each example carries the licence of the file that it was made from, and whom to name."
    return ["## Licences", "", told, "", "| licence | examples |", "|---|---:|", *rows, ""]


def _splits(tally: _Tally) -> list[str]:
    rows = [
        f"| {role} | " + " | ".join(str(tally.roles[split, role]) for split in SPLITS) + " |"
        for role in ROLES
        if any(tally.roles[split, role] for split in SPLITS)
    ]
    totals = "| all | " + " | ".join(str(tally.splits[split]) for split in SPLITS) + " |"
    return ["| role | " + " | ".join(SPLITS) + " |", "|---|" + "---:|" * len(SPLITS), *rows, totals]


def _versions(tally: _Tally) -> list[str]:
    return [f"Proved on Blender {version}: {tally.versions[version]}." for version in sorted(tally.versions)]


def _sources(tally: _Tally) -> list[str]:
    """One row for each repository, licence and attribution: what the licences ask to be told."""
    rows = [
        f"| {_cell(repo)} | {count} | {_cell(licence)} | {_cell(attribution)} |"
        for (repo, licence, attribution), count in sorted(tally.sources.items())
    ]
    return ["## Sources", "", "| repository | examples | licence | attribution |", "|---|---:|---|---|", *rows]


def _cell(text: str) -> str:
    """Text from elsewhere must not end the cell or the row."""
    return " ".join(text.replace("|", "\\|").split()) or "-"
