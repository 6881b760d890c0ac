"""The scrape phase: files come in, each with its licence and a lasting record.

    a source   ->   scraped/blobs/<2 hex>/<sha256>, scraped/files.jsonl, scraped/repositories.jsonl

Sources: `samples` (scenes that Blender builds from this package's generator), `folder` (local files), `github` and
`git` (public repositories, see docs/sources.md). Bytes are kept once, by sha256; each file that was seen has one line
in files.jsonl, with its state and the reason for it. What one source brought stays when another is scraped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from voxel.errors import BadInput, UsageError
from voxel.records.files import FileRecord
from voxel.sources import (
    CONCURRENCY,
    MAX_BYTES,
    MAX_FILES_PER_REPO,
    Book,
    Candidate,
    FolderSource,
    Policy,
    catalogue,
    public,
    read_local,
    read_policy,
    recipes,
    shown,
    whole,
)
from voxel.stages import (
    BLOBS,
    DataDir,
    Done,
    Dropped,
    Failed,
    Ledger,
    Outcome,
    PhaseReport,
    Progress,
    Row,
    Unit,
    Work,
    below,
    blob_name,
    data_dir_of,
    exit_status,
    read_checkpoint,
    run_phase,
    run_stage,
    shown_progress,
    span,
    unit_keys,
)
from voxel.training.data_collection.listing import REMOTE, book_path, list_anew, stage_of

if TYPE_CHECKING:
    from voxel.sources.remote import Estimate
    from voxel.training.data_collection.collecting import Collection

SOURCES = ("samples", "folder", *REMOTE)


class _Base:
    """What the stages of this phase share: bytes that are held already are not fetched again."""

    name = stage_of("")
    version = 1

    def __init__(self, root: Path, options: Mapping[str, Any]) -> None:
        self._storage = DataDir(root).storage
        self._blobs = self._storage.look(BLOBS)
        self.options = options

    def present(self, unit: Unit, row: Callable[[], Row]) -> bool:
        """Whether the bytes are still there."""
        sha256 = self._promised(unit) or row().info.get("sha256", "")
        return sha256 != "" and blob_name(sha256) in self._blobs

    def _promised(self, unit: Unit) -> str:
        """The sha256 of what it brings, where that is known beforehand."""
        del unit
        return ""

    def _keep(self, record: FileRecord, data: bytes) -> Outcome:
        name = blob_name(record.sha256)
        if self._storage.size(name) is None:
            self._storage.write(name, data)
        return Done({"bytes": len(data)}, info=msgspec.to_builtins(record))


class FolderStage(_Base):
    """One unit per file seen, known by place, size, time of change and what is known of its rights."""

    name = stage_of("folder")
    version = 2

    def __init__(self, root: Path, options: Mapping[str, Any], source: FolderSource, max_bytes: int) -> None:
        super().__init__(root, options)
        self._source = source
        self._max_bytes = max_bytes
        self._places = [shown(str(path)) for path in source.paths]

    @property
    def settings(self) -> Mapping[str, Any]:
        """The limit on size."""
        return {"source": "folder", "max_bytes": self._max_bytes}

    def _promised(self, unit: Unit) -> str:
        candidate: Candidate = unit.payload
        return candidate.sha256

    def others(self, place: str) -> bool:
        """Whether this file, which an earlier run has seen, lies elsewhere than in the folders of this one."""
        return not any(below(place, own) for own in self._places)

    def units(self) -> Iterator[Unit]:
        """In the order of the walk."""
        key = unit_keys(self)
        for candidate in self._source.candidates():
            try:
                changed = os.stat(candidate.local).st_mtime_ns  # noqa: PTH116 - a Path for each costs more
            except OSError:
                changed = 0
            identity = [msgspec.to_builtins(candidate), changed]
            yield Unit(key=key(identity), input=shown(candidate.local), payload=candidate)

    @contextmanager
    def open(self) -> Iterator[Work]:
        """Reads, hashes and keeps one file after another."""

        def fetch(unit: Unit) -> Outcome:
            candidate: Candidate = unit.payload
            record, data = read_local(candidate, self._max_bytes)
            if data is not None:
                return self._keep(record, data)
            info = msgspec.to_builtins(record)
            passing = record.reason.startswith(("cannot be read", "cannot be listed"))
            return Failed(record.reason, info) if passing else Dropped(record.reason, info)

        yield fetch


class SamplesStage(_Base):
    """One unit per sample scene, known by its name, the seed and the generator's version."""

    name = stage_of("samples")

    def __init__(self, root: Path, options: Mapping[str, Any], seed: int, runtime: str | None) -> None:
        super().__init__(root, options)
        self._seed = seed
        self._runtime = runtime

    @property
    def settings(self) -> Mapping[str, Any]:
        """The seed and the generator's version; not the Blender that builds it, for a held sample stays as it is."""
        return {"source": "samples", "seed": self._seed, "generator": catalogue().version}

    def units(self) -> Iterator[Unit]:
        """In the order of the catalogue."""
        key = unit_keys(self)
        for recipe in recipes(self._seed):
            place = f"{recipe.candidate.repo}/{recipe.candidate.path}"
            yield Unit(key=key(place), input=place, payload=recipe)

    @contextmanager
    def open(self) -> Iterator[Work]:
        """Starts one warm Blender for this worker."""
        from voxel.blender.runtimes import find
        from voxel.training.warm import warm

        with warm(find(self._runtime)) as blender:

            def make(unit: Unit) -> Outcome:
                try:
                    data = blender.make(unit.payload.script)
                except BadInput as error:
                    record = unit.payload.candidate.record("failed", str(error))
                    return Failed(str(error), msgspec.to_builtins(record))
                return self._keep(unit.payload.candidate.record("held", data=data), data)

            yield make


class BlenderFileScraper:
    """Collects .blend files and bpy scripts from a source.

    `source` is `samples` or `folder`; `paths` are the folders or files of the source folder. `policy` is a `Policy`,
    the path of a policy file, or None for the permissive default. `max_files_per_repo` caps what one repository may
    give, spread over its folders. `seed` varies the samples.

    For `github` and `git`: `repos` (`owner/name` or URLs) and `repos_file` (one a line) name repositories, `queries`
    search for them (github only), `max_repos` ends that, `concurrency` is how many requests go out at once. With
    nothing named, github searches for what Blender people use and git takes the list that ships with the package.
    """

    def __init__(
        self,
        data_dir: str | Path = "training_data",
        *,
        source: str = "samples",
        paths: Iterable[str | Path] = (),
        policy: Policy | str | Path | None = None,
        max_files_per_repo: int | None = None,
        max_bytes: int = MAX_BYTES,
        seed: int = 1,
        runtime: str | None = None,
        repos: Iterable[str] = (),
        repos_file: str | Path | None = None,
        queries: Iterable[str] = (),
        max_repos: int | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self.data = DataDir(data_dir)
        self.source = source
        self.paths = tuple(Path(path) for path in paths)
        self.policy_path = str(Path(policy).absolute()) if isinstance(policy, str | Path) else None
        self.policy = read_policy(Path(policy)) if isinstance(policy, str | Path) else policy or Policy()
        self.max_files_per_repo = max_files_per_repo
        self.max_bytes = max_bytes
        self.seed = seed
        self.runtime = runtime
        self.repos = tuple(repos)
        self.repos_file = str(Path(repos_file).absolute()) if repos_file is not None else None
        self.queries = tuple(queries)
        self.max_repos = max_repos
        self.concurrency = concurrency
        if source not in SOURCES:
            raise UsageError(f"unknown source {source!r}; known: {', '.join(SOURCES)}")
        if max_files_per_repo is not None and max_files_per_repo < 1:
            raise UsageError("--max-files-per-repo must be at least 1")
        if max_repos is not None and max_repos < 1:
            raise UsageError("--max-repos must be at least 1")
        if not 1 <= concurrency <= 100:
            raise UsageError("--concurrency must be between 1 and 100: GitHub allows no more than 100 at once")
        if source not in REMOTE and (self.repos or self.repos_file or self.queries or max_repos):
            raise UsageError("--repo, --repos-file, --query and --max-repos go with --source github or git")
        if source in REMOTE and self.paths:
            raise UsageError(f"--source {source} takes no PATH; name repositories with --repo or --repos-file")
        if any(public(repo) != repo and "@" in repo for repo in self.repos):
            raise UsageError(
                "--repo with a password or token in its URL would be kept with the command; use --repos-file"
            )
        if source == "git" and self.queries:
            raise UsageError("--source git cannot search; take --source github, or name repositories with --repo")

    @classmethod
    def from_checkpoint(
        cls, path: str | Path = "training_data/checkpoints/scraping_checkpoint.json"
    ) -> BlenderFileScraper:
        """The scraper that wrote this checkpoint; its `run` goes on where that one stopped."""
        options = dict(read_checkpoint(path).options)
        lists = options.pop("policy_lists", None)
        if options.get("policy") is None and lists is not None:
            options["policy"] = msgspec.convert(lists, Policy)
        return cls(data_dir_of(path), **options)

    def run(
        self, *, workers: int | None = None, engine: str = "local", progress: Progress | None = None
    ) -> PhaseReport:
        """Collects what is not held yet, then writes files.jsonl and repositories.jsonl from the ledger.

        UsageError for paths that do not exist; SetupError without a Blender for the samples, or on a full disk.
        """
        if self.source in REMOTE:
            collection = self._collection()
            self.data.create()
            return collection.run(progress)
        self.data.create()
        with self.data.hold():
            stage = self._stage()
            # files lie on this machine; samples are made by Blender, anywhere
            where = engine if self.source == "samples" else "local"
            try:
                report = run_stage(stage, self.data, workers=workers, engine=where, progress=progress)
            except KeyboardInterrupt:
                list_anew(self.data)
                raise
            list_anew(self.data)
            return report

    def forget(self) -> int:
        """Takes what this source has collected out of the lists, of the source folder what lies below its paths.

        Returns how many entries of `voxel status` that were. Bytes stay held, and are not fetched again by a later run.
        """
        stage = stage_of(self.source)
        with self.data.create().hold():
            with Ledger(self.data.checkpoints / "ledger.sqlite") as ledger:
                if self.source == "folder":
                    count = sum(ledger.forget(stage, shown(str(whole(path)))) for path in self.paths)
                else:
                    count = ledger.forget(stage)
            if self.source in REMOTE and book_path(self.data).exists():
                with Book(book_path(self.data)) as book:
                    book.forget(self.source)
            list_anew(self.data)
        return count

    def estimate(self, progress: Progress | None = None) -> Estimate:
        """How much a run from github or git would fetch; no file is downloaded. UsageError for other sources."""
        if self.source not in REMOTE:
            raise UsageError("--dry-run goes with --source github or git")
        return self._collection().estimate(progress)

    def _collection(self) -> Collection:
        from voxel.sources.gathering import Limits
        from voxel.sources.remote import Asked
        from voxel.training.data_collection.collecting import Collection

        options = self._options()
        remote: dict[str, Any] = {
            "source": self.source,
            "repos": tuple(public(repo) for repo in self.repos),
            "repos_file": self.repos_file,
            "queries": self.queries,
            "max_repos": self.max_repos,
            "concurrency": self.concurrency,
        }
        cap = MAX_FILES_PER_REPO if self.max_files_per_repo is None else self.max_files_per_repo
        limits = Limits(policy=self.policy, max_files_per_repo=cap, max_bytes=self.max_bytes)
        asked = Asked(**{**remote, "repos": self.repos})
        return Collection(self.data, asked, limits, {**options, **remote})

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "source": self.source,
            "paths": [shown(str(whole(path))) for path in self.paths],
            "policy": self.policy_path,
            "max_files_per_repo": self.max_files_per_repo,
            "max_bytes": self.max_bytes,
            "seed": self.seed,
            "runtime": self.runtime,
        }
        if self.policy_path is None:
            lists = {"allow": sorted(self.policy.allow), "deny": sorted(self.policy.deny)}
            options["policy_lists"] = {**lists, "unknown": self.policy.unknown}
        return options

    def _stage(self) -> FolderStage | SamplesStage:
        options = self._options()
        if self.source == "samples":
            return SamplesStage(self.data.root, options, self.seed, self.runtime)
        folder = FolderSource(
            self.paths, self.policy, max_files_per_repo=self.max_files_per_repo, max_bytes=self.max_bytes
        )
        return FolderStage(self.data.root, options, folder, self.max_bytes)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="folders or .blend files, for the source folder")
    parser.add_argument("--source", choices=SOURCES, help="default: folder with a PATH, else samples")
    parser.add_argument("--policy", metavar="FILE", help="TOML with the licences to allow and deny")
    parser.add_argument(
        "--max-files-per-repo", type=int, metavar="N", help=f"default: no cap; {MAX_FILES_PER_REPO} for github, git"
    )
    parser.add_argument("--repo", action="append", default=[], metavar="OWNER/NAME", help="or a URL; repeatable")
    parser.add_argument("--repos-file", metavar="FILE", help="repositories, one a line")
    parser.add_argument("--query", action="append", default=[], metavar="WORDS", help="a GitHub search; repeatable")
    parser.add_argument("--max-repos", type=int, metavar="N", help="default: all that are found")
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY, metavar="N", help="requests at once")
    parser.add_argument("--dry-run", action="store_true", help="say what would be fetched, and fetch nothing")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="varies the samples; default: 1")


def _make(options: argparse.Namespace) -> BlenderFileScraper:
    return BlenderFileScraper(
        options.data_dir,
        source=options.source or ("folder" if options.paths else "samples"),
        paths=options.paths,
        policy=options.policy,
        max_files_per_repo=options.max_files_per_repo,
        seed=options.seed,
        repos=options.repo,
        repos_file=options.repos_file,
        queries=options.query,
        max_repos=options.max_repos,
        concurrency=options.concurrency,
    )


def estimate_line(estimate: Estimate, *, as_json: bool) -> str:
    """What a dry run prints: one JSON object, or a sentence."""
    if as_json:
        return msgspec.json.encode(estimate).decode()
    sampled = "" if estimate.sampled >= estimate.repositories else f" (from {estimate.sampled} that were listed)"
    return (
        f"about {estimate.repositories:,} repositories, {estimate.files:,} .blend files, "
        f"{estimate.bytes / 1e6:,.0f} MB, {estimate.requests:,} requests, {span(estimate.seconds)}{sampled}; "
        "licences may deny some of them"
    )


def _dry_run(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(description="Say what would be fetched, and fetch nothing.")
    for name in ("--json", "--quiet"):
        parser.add_argument(name, action="store_true")
    for name in ("--data-dir", "--workers", "--engine"):
        parser.add_argument(name, default="training_data")
    _arguments(parser)
    options = parser.parse_args(argv)
    estimate = _make(options).estimate(shown_progress(quiet=options.quiet))
    sys.stdout.write(estimate_line(estimate, as_json=options.json) + "\n")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the phase as a program."""
    if "--dry-run" in (sys.argv[1:] if argv is None else argv):
        return exit_status(lambda: _dry_run(argv))
    return run_phase(_make, "Collect .blend files.", argv, _arguments)


if __name__ == "__main__":
    # the canonical module, not this copy named __main__: its classes travel to worker processes by name
    from voxel.training.data_collection.blender_scraper import main as canonical

    sys.exit(canonical())
