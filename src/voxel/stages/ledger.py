"""The ledger: one row per unit of work, in SQLite.

The key of a row says everything that its result depends on, so a row is true for ever: a changed setting or a changed
file makes other keys. Old rows stay and are found again when a setting is changed back. What the present settings ask
for is the *plan*: the rows of a stage that have a position `seq`, in the order in which the stage listed them. Totals
count the plan only.

Writes are gathered into transactions (see `settle`), so a kill may forget what the last fraction of a second
finished; those units are then done again, onto the same output paths. A row never says done before its outputs lie on
disk.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voxel.errors import SetupError
from voxel.stages.ledger_file import CACHE_KIB, LARGE_CACHE_KIB, connect, set_cache
from voxel.stages.ledger_rows import ROW, Row, StageRow, Totals, row_of
from voxel.stages.stage import Done, Dropped, Outcome, Unit

COMMIT_EVERY_S = 0.2
COMMIT_EVERY_ROWS = 1000
MANY = 50_000
"""A plan with more units that are new or elsewhere gets a larger cache as long as it is made."""
PAGE = 1000
"""So many rows of a plan are read at once."""
LEAST_FREE_BYTES = 1 << 20
"""Below this a disk counts as full."""
_STEPS = "stage >= ?1 AND stage < ?1 || '/'"
"""A stage, and its steps, whose names go on with a dot, which sorts just before a slash."""


class Ledger:
    """Opens `path`, making it when it is missing unless `read_only`. A context manager; used by one thread.

    SetupError when the file cannot be read or written, is damaged, or was made by a newer Voxel.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._open_rows = 0
        self._began = 0.0
        try:
            self._db = connect(path, read_only=read_only)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commits what is open and closes."""
        self.commit()
        self._db.close()

    def _trouble(self, error: sqlite3.Error) -> SetupError:
        text = str(error)
        # what SQLite cannot map for want of space it calls an I/O error
        if "full" in text or ("disk I/O" in text and shutil.disk_usage(self.path.parent).free < LEAST_FREE_BYTES):
            return SetupError(f"no space left on the disk of {self.path}; free some and run the same command again")
        if "readonly" in text or "unable to open" in text:
            return SetupError(f"cannot write {self.path}: {text}; make it writable or take another --data-dir")
        if "malformed" in text or "not a database" in text:
            return SetupError(f"{self.path} is damaged; move it away and run again: the outputs are made anew")
        return SetupError(f"{self.path}: {text}")

    def _write(self, statement: str, values: Iterable[Any] = ()) -> None:
        try:
            self._begin()
            self._open_rows += 1
            self._db.execute(statement, tuple(values))
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _begin(self) -> None:
        """Opens a transaction where none is open."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")
            self._began = time.monotonic()

    def commit(self) -> None:
        """Makes durable what was written since the last commit."""
        if not self._db.in_transaction:
            return
        self._open_rows = 0
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise self._trouble(error) from error

    def tick(self) -> None:
        """Commits when the open transaction is old or large enough; call it often."""
        if self._open_rows >= COMMIT_EVERY_ROWS or (
            self._open_rows and time.monotonic() - self._began >= COMMIT_EVERY_S
        ):
            self.commit()

    # -- the plan -------------------------------------------------------------------------------------------------

    def plan(
        self, stage: str, units: Iterable[Unit], *, keep: Callable[[str], bool] | None = None
    ) -> Generator[tuple[Unit, str], None, None]:
        """Makes `units` the plan of `stage` and yields each with its state so far; a key that comes twice counts once.

        Units of the old plan that have an outcome, and for whose input `keep` is true, stay in it, before the others,
        and are not yielded. The new plan is in force when the iterator is exhausted; when it ends or is closed before,
        the old one stays. Only rows that change are written.
        """
        try:
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS planned (key TEXT PRIMARY KEY) WITHOUT ROWID")
            self._db.execute("DELETE FROM planned")
            self._begin()  # what is asked meanwhile costs half within a transaction
            seq = 0
            for key, before in self._kept(stage, keep) if keep else ():
                self._db.execute("INSERT INTO planned VALUES (?)", (key,))
                if before != seq:
                    self._write("UPDATE unit SET seq = ? WHERE stage = ? AND key = ?", (seq, stage, key))
                seq += 1
            old = _OldPlan(self._db, stage)
            # most plans are the old one again: as long as this one is, that need not be noted
            same = not seq
            for unit in units:
                state = old.state(seq, unit.key)
                if same and state is None:
                    same = False
                    self._db.execute(
                        "INSERT INTO planned SELECT key FROM unit WHERE stage = ? AND seq >= 0 AND seq < ?",
                        (stage, seq),
                    )
                if not same:
                    if seq == MANY:
                        # keys come in no order: with a small cache each would read and write a page of its own
                        set_cache(self._db, LARGE_CACHE_KIB)
                    if self._db.execute("INSERT OR IGNORE INTO planned VALUES (?)", (unit.key,)).rowcount == 0:
                        continue
                    state = state or self._place(stage, unit, seq)
                seq += 1
                yield unit, str(state)
            self._end_plan(stage, seq, same=same)
        except BaseException as error:
            # half a plan is none: the old one stays in force
            self._open_rows = 0
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._trouble(error) from error
            raise
        finally:
            set_cache(self._db, CACHE_KIB)

    def _end_plan(self, stage: str, count: int, *, same: bool) -> None:
        """Takes what is not planned any more out of the plan."""
        planned = "SELECT count(*) FROM unit WHERE stage = ? AND seq IS NOT NULL"
        if self._db.execute(planned, (stage,)).fetchone() != (count,):
            gone = "seq >= ?" if same else "seq IS NOT NULL AND key NOT IN (SELECT key FROM planned)"
            values = (stage, count) if same else (stage,)
            self._write(f"UPDATE unit SET seq = NULL WHERE stage = ? AND {gone}", values)  # noqa: S608
        self.commit()
        self._db.execute("DELETE FROM planned")

    def _kept(self, stage: str, keep: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
        """Key and position of the units of the old plan that stay in it."""
        last = self._db.execute("SELECT max(seq) FROM unit WHERE stage = ? AND seq IS NOT NULL", (stage,)).fetchone()[0]
        for first in range(0, -1 if last is None else last + 1, PAGE):
            # units move forward only, so that none comes on a later page once more
            for key, name, seq, state in self._db.execute(
                "SELECT key, input, seq, state FROM unit WHERE stage = ? AND seq >= ? AND seq < ? ORDER BY seq",
                (stage, first, first + PAGE),
            ).fetchall():
                if state not in ("pending", "running") and keep(name):
                    yield key, seq

    def _place(self, stage: str, unit: Unit, seq: int) -> str:
        """Gives the unit this position in the plan; its state so far."""
        found = self._db.execute(
            "SELECT state, seq FROM unit WHERE stage = ? AND key = ?", (stage, unit.key)
        ).fetchone()
        if found is None:
            self._write(
                "INSERT INTO unit (stage, key, input, seq) VALUES (?, ?, ?, ?)",
                (stage, unit.key, storable(unit.input), seq),
            )
            return "pending"
        if found[1] != seq:
            self._write("UPDATE unit SET seq = ? WHERE stage = ? AND key = ?", (seq, stage, unit.key))
        return str(found[0])

    def forget_running(self, stage: str) -> None:
        """Units that a dead process left as running become pending again."""
        self._write("UPDATE unit SET state = 'pending' WHERE stage = ? AND state = 'running'", (stage,))
        self.commit()

    def begin_stage(self, stage: str, version: int, settings: Mapping[str, Any], command: str) -> None:
        """Notes that a run of `stage` has begun."""
        now = time.time()
        self._write(
            "INSERT INTO stage VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?5) ON CONFLICT (stage) DO UPDATE "
            "SET version = ?2, settings = ?3, command = ?4, status = 'running', updated_at = ?5",
            (stage, version, json.dumps(dict(settings), sort_keys=True), storable(command), now),
        )
        self.commit()

    def forget(self, stage: str, under: str | None = None) -> int:
        """Takes units out of the plan: all of `stage`, or those whose input is the path `under` or lies below it.

        Returns how many; a stage without a plan is not told of any more. Rows stay, as those of old settings do.
        """
        planned = self.totals(stage).planned
        if under is None:
            self._write("UPDATE unit SET seq = NULL WHERE stage = ? AND seq IS NOT NULL", (stage,))
        else:
            for key in [row.key for row in self.rows(stage) if below(row.input, under)]:
                self._write("UPDATE unit SET seq = NULL WHERE stage = ? AND key = ?", (stage, key))
        left = self.totals(stage).planned
        if not left:
            self._write("DELETE FROM stage WHERE stage = ?", (stage,))
        self.commit()
        return planned - left

    def end_stage(self, stage: str, status: str) -> None:
        """Notes that it has ended: `complete` or `interrupted`."""
        self._write("UPDATE stage SET status = ?, updated_at = ? WHERE stage = ?", (status, time.time(), stage))
        self.commit()

    # -- units ----------------------------------------------------------------------------------------------------

    def reset(self, stage: str, key: str) -> None:
        """A unit whose outputs have vanished is pending again."""
        self._write("UPDATE unit SET state = 'pending', reason = '' WHERE stage = ? AND key = ?", (stage, key))

    def begin(self, stage: str, key: str) -> None:
        """A worker has taken the unit."""
        self._write(
            "UPDATE unit SET state = 'running', started_at = ? WHERE stage = ? AND key = ?", (time.time(), stage, key)
        )

    def settle(self, stage: str, key: str, outcome: Outcome, seconds: float) -> None:
        """Keeps a unit's outcome; durable after the next `commit`, which `tick` sees to."""
        done = isinstance(outcome, Done)
        state = "done" if done else "dropped" if isinstance(outcome, Dropped) else "failed"
        self._write(
            "UPDATE unit SET state = ?, reason = ?, counts = ?, info = ?, finished_at = ?, seconds = ? "
            "WHERE stage = ? AND key = ?",
            (
                state,
                "" if isinstance(outcome, Done) else storable(outcome.reason),
                json.dumps(outcome.counts) if isinstance(outcome, Done) else "{}",
                json.dumps(msgspec.to_builtins(outcome.info)),
                time.time(),
                seconds,
                stage,
                key,
            ),
        )

    # -- reading --------------------------------------------------------------------------------------------------

    def _read(self, statement: str, values: tuple[Any, ...]) -> Iterator[Any]:
        try:
            yield from self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def totals(self, stage: str) -> Totals:
        """Counts the plan of `stage`, of all its steps (`stage.…`) where it has some, by state."""
        counted = self._read(
            f"SELECT state, count(*) FROM unit WHERE {_STEPS} AND seq IS NOT NULL GROUP BY state",  # noqa: S608
            (stage,),
        )
        return Totals(**dict(counted))

    def keys(self, stage: str, state: str) -> Iterator[str]:
        """The keys of the planned units of `stage` that are in `state`, in plan order; streamed."""
        planned = "SELECT key FROM unit WHERE stage = ? AND seq IS NOT NULL AND state = ? ORDER BY seq"
        for (key,) in self._read(planned, (stage, state)):
            yield key

    def endings(self, stage: str) -> Iterator[tuple[str, float | None]]:
        """Key and `finished_at` of the planned units of `stage` in plan order; streamed. No two outcomes share both."""
        yield from self._read(
            "SELECT key, finished_at FROM unit WHERE stage = ? AND seq IS NOT NULL ORDER BY seq", (stage,)
        )

    def rows(self, stage: str, state: str | None = None) -> Generator[Row, None, None]:
        """The planned units of `stage` in plan order, only those in `state` if given; streamed."""
        planned = "stage = ?1 AND seq IS NOT NULL AND (?2 IS NULL OR state = ?2) ORDER BY seq"
        for read in self._read(f"SELECT {ROW} FROM unit WHERE {planned}", (stage, state)):  # noqa: S608
            yield row_of(read)

    def row(self, stage: str, key: str) -> Row:
        """One unit, planned or not. KeyError where there is none."""
        for read in self._read(f"SELECT {ROW} FROM unit WHERE stage = ? AND key = ?", (stage, key)):  # noqa: S608
            return row_of(read)
        raise KeyError(key)

    def facts(self, stage: str, sorted_by: Sequence[str]) -> Iterator[str]:
        """The `info` of the planned units of `stage` as JSON objects, those that have some; streamed.

        They come in order of the members `sorted_by`, which are texts, and then of the plan.
        """
        order = "".join(f"json_extract(info, '$.{name}'), " for name in sorted_by)
        for (info,) in self._read(
            f"SELECT info FROM unit WHERE stage = ? AND seq IS NOT NULL AND info != '{{}}' ORDER BY {order}seq",  # noqa: S608
            (stage,),
        ):
            yield info

    def reasons(self, stage: str) -> list[tuple[str, str, int]]:
        """`(state, reason, how many)` of the planned units that were dropped or failed, the most frequent first.

        Of all steps (`stage.…`) where the stage has some.
        """
        return list(
            self._read(
                f"SELECT state, reason, count(*) AS n FROM unit WHERE {_STEPS} AND seq IS NOT NULL "  # noqa: S608
                "AND state IN ('dropped', 'failed') GROUP BY state, reason ORDER BY n DESC, state, reason",
                (stage,),
            )
        )

    def counts(self, stage: str) -> dict[str, int]:
        """The sums of the `counts` of all planned units that are done."""
        return dict(
            self._read(
                "SELECT c.key, sum(c.value) FROM unit, json_each(unit.counts) AS c "
                "WHERE stage = ? AND seq IS NOT NULL AND state = 'done' AND counts != '{}' "
                "GROUP BY c.key ORDER BY c.key",
                (stage,),
            )
        )

    def stages(self) -> list[StageRow]:
        """The latest run of each stage, the earliest first."""
        return [
            StageRow(
                stage=stage,
                version=version,
                settings=json.loads(settings),
                command=command,
                status=status,
                started_at=started,
                updated_at=updated,
            )
            for stage, version, settings, command, status, started, updated in self._read(
                "SELECT stage, version, settings, command, status, started_at, updated_at FROM stage "
                "ORDER BY started_at",
                (),
            )
        ]


class _OldPlan:
    """What the plan so far has at each position, read a page at a time."""

    def __init__(self, db: sqlite3.Connection, stage: str) -> None:
        self._db = db
        self._stage = stage
        self._until = 0
        self._page: dict[int, tuple[str, str]] = {}

    def state(self, seq: int, key: str) -> str | None:
        """The state of the unit `key` if this is its position. To be asked in order of positions."""
        if seq >= self._until:
            self._until = seq + PAGE
            rows = self._db.execute(
                "SELECT seq, key, state FROM unit WHERE stage = ? AND seq >= ? AND seq < ?",
                (self._stage, seq, self._until),
            ).fetchall()
            self._page = {position: (name, state) for position, name, state in rows}
            if len(self._page) < len(rows):
                self._page = {}  # older versions could leave two units at one position
        found = self._page.get(seq)
        return found[1] if found and found[0] == key else None


def below(path: str, top: str) -> bool:
    """Whether the path is `top` or lies below it."""
    return path == top or path.startswith(top.rstrip("/") + "/")


def storable(text: str) -> str:
    """Text as SQLite and JSON can hold it: bytes of a file name that are not UTF-8 become `\\udc..`."""
    return text.encode("utf-8", "backslashreplace").decode()
