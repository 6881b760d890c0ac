from __future__ import annotations

import json
import random
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from voxel.errors import SetupError
from voxel.stages import Done, Dropped, Failed, Ledger, Totals, Unit


def units(*names: str) -> list[Unit]:
    return [Unit(key=f"key of {ascii(name)[1:-1]}", input=name) for name in names]


def plan(ledger: Ledger, *names: str) -> list[tuple[str, str]]:
    return [(unit.input, state) for unit, state in ledger.plan("parse", units(*names))]


def test_totals_count_only_what_the_present_plan_asks_for(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert plan(ledger, "a", "b", "c") == [("a", "pending"), ("b", "pending"), ("c", "pending")]
        ledger.settle("parse", "key of a", Done({"objects": 2}), 0.5)
        ledger.settle("parse", "key of b", Dropped("no file"), 0.1)
        ledger.settle("parse", "key of c", Failed("away"), 0.1)
        assert ledger.totals("parse") == Totals(done=1, dropped=1, failed=1)
        assert plan(ledger, "d", "a") == [("d", "pending"), ("a", "done")]
        assert ledger.totals("parse") == Totals(done=1, pending=1)
        assert ledger.totals("parse").planned == 2
        assert ledger.reasons("parse") == []
        # a setting that is changed back finds the old rows again
        assert plan(ledger, "c", "b", "a") == [("c", "failed"), ("b", "dropped"), ("a", "done")]
        assert ledger.totals("parse") == Totals(done=1, dropped=1, failed=1)
        assert ledger.reasons("parse") == [("dropped", "no file", 1), ("failed", "away", 1)]


def test_rows_come_back_in_plan_order_with_what_was_kept(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        plan(ledger, "b", "a")
        ledger.settle("parse", "key of a", Done({"objects": 2}, {"license": "MIT"}), 0.5)
        ledger.settle("parse", "key of b", Done({"objects": 3, "meshes": 1}), 0.25)
        rows = list(ledger.rows("parse"))
        assert [(row.input, row.state, row.seconds) for row in rows] == [("b", "done", 0.25), ("a", "done", 0.5)]
        assert rows[1].info == {"license": "MIT"}
        assert ledger.counts("parse") == {"meshes": 1, "objects": 5}
        assert list(ledger.rows("parse", "dropped")) == []


def test_a_key_that_is_listed_twice_counts_once(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert plan(ledger, "a", "a", "b") == [("a", "pending"), ("b", "pending")]
        assert ledger.totals("parse").planned == 2


def test_plans_of_all_kinds_are_as_if_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a list and a dict, over plans that are the old one, longer, shorter, in another order, or keep others."""
    monkeypatch.setattr("voxel.stages.ledger.PAGE", 3)
    chance = random.Random(5)
    states: dict[str, str] = {}
    before: list[str] = []
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for _ in range(300):
            asked = list(before)
            for _ in range(chance.choice((0, 0, 1, 3))):
                place = chance.randrange(len(asked) + 1)
                asked[place : place + chance.choice((0, 1, 2, 9))] = [f"{chance.randrange(25)}"] * chance.choice(
                    (0, 1, 2)
                )
            kept = chance.choice(((), (), ("1", "7"), ("1", "2", "3", "4", "5", "6", "7", "8", "9")))
            stay = [name for name in before if name[0] in kept and states[name] in ("done", "dropped", "failed")]
            once = [name for name in dict.fromkeys(asked) if name not in stay]
            told = [
                (unit.input, state)
                for unit, state in ledger.plan("parse", units(*asked), keep=lambda name: name[0] in kept)  # noqa: B023
            ]
            assert told == [(name, states.get(name, "pending")) for name in once]
            before = stay + once
            assert [row.input for row in ledger.rows("parse")] == before
            done = [name for name in before if states.get(name) == "done"]
            assert list(ledger.keys("parse", "done")) == [f"key of {name}" for name in done]
            for name in once:
                states.setdefault(name, "pending")
                if chance.random() < 0.3:
                    states[name] = "done"
                    ledger.settle("parse", f"key of {name}", Done(), 0.1)


def test_half_a_plan_leaves_the_old_one(tmp_path: Path) -> None:
    def broken() -> Iterator[Unit]:
        yield from units("c", "a")
        raise ValueError("no more")

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        plan(ledger, "a", "b")
        with pytest.raises(ValueError, match="no more"):
            list(ledger.plan("parse", broken()))
        begun = ledger.plan("parse", units("d", "e"))
        next(begun)
        begun.close()
        assert [row.input for row in ledger.rows("parse")] == ["a", "b"]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert [row.input for row in ledger.rows("parse")] == ["a", "b"]


def test_a_plan_for_which_there_is_no_room_leaves_the_old_one(tmp_path: Path) -> None:
    def more(ledger: Ledger) -> Iterator[Unit]:
        yield from units("c", "a")
        # as a full folder for temporary files is
        ledger._db.execute("PRAGMA temp.max_page_count = 3")
        yield from units(*(f"{number:064}" for number in range(1000)))

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        plan(ledger, "a", "b")
        with pytest.raises(SetupError, match="no space left"):
            list(ledger.plan("parse", more(ledger)))
        assert [row.input for row in ledger.rows("parse")] == ["a", "b"]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert [row.input for row in ledger.rows("parse")] == ["a", "b"]


def test_facts_come_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        plan(ledger, "a", "b", "c", "d", "e")
        for name, info in (("a", ("é", "1")), ("b", ("z", "2")), ("c", ("Z", "3")), ("d", ("z", "1")), ("e", None)):
            told = {"repo": info[0], "path": info[1]} if info else {}
            ledger.settle("parse", f"key of {name}", Done({}, told), 0.1)
        facts = [json.loads(info) for info in ledger.facts("parse", ("repo", "path"))]
        assert [(one["repo"], one["path"]) for one in facts] == [("Z", "3"), ("z", "1"), ("z", "2"), ("é", "1")]
        assert ledger.row("parse", "key of b").info["path"] == "2"
        assert ledger.row("parse", "key of e").info == {}
        with pytest.raises(KeyError, match="no key"):
            ledger.row("parse", "no key")


def test_what_was_committed_survives_without_a_close(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    plan(ledger, "a", "b")
    ledger.settle("parse", "key of a", Done(), 0.1)
    ledger.commit()
    ledger.settle("parse", "key of b", Done(), 0.1)  # not committed: as if the process died here
    with Ledger(path, read_only=True) as other:
        assert other.totals("parse") == Totals(done=1, pending=1)
    ledger.close()


def test_names_that_are_not_utf8_are_kept_readable(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        plan(ledger, "caf\udce9.blend")
        ledger.settle("parse", "key of caf\\udce9.blend", Dropped("no caf\udce9"), 0.1)
        ledger.commit()
        assert next(ledger.rows("parse")).input == "caf\\udce9.blend"


def test_damage_and_newer_files_are_setup_errors(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database, by any means" * 100)
    with pytest.raises(SetupError, match="is damaged; move it away"):
        Ledger(path)
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(SetupError, match="made by a newer Voxel"):
        Ledger(path)
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE job (id TEXT)")  # fine-tuning jobs are kept in the same file
    db.close()
    with pytest.raises(SetupError, match="holds no run yet; start with: voxel run"):
        Ledger(path, read_only=True)
    with Ledger(path) as ledger:
        assert ledger.totals("parse").planned == 0
    with pytest.raises(SetupError, match="does not exist yet; start with: voxel run"):
        Ledger(tmp_path / "none.sqlite", read_only=True)


@pytest.mark.root
def test_it_is_read_on_a_read_only_file_system(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    with Ledger(folder / "ledger.sqlite") as ledger:
        plan(ledger, "a")
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
    try:
        with Ledger(folder / "ledger.sqlite", read_only=True) as ledger:
            assert ledger.totals("parse") == Totals(pending=1)
        with pytest.raises(SetupError, match="make it writable or take another --data-dir"):
            Ledger(folder / "ledger.sqlite")
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_million_rows_open_at_once_and_stream(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    count = 1_000_000

    def many() -> Iterator[Unit]:
        for number in range(count):
            yield Unit(key=f"{number * 2654435761 % 2**32:08x}", input=f"repo/file{number}.blend")

    with Ledger(path) as ledger:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sum(1 for _ in ledger.plan("parse", many())) == count
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 400 * 1024
    opened, first = [], []
    for _ in range(5):  # the best of some: other processes may want the machine too
        began = time.perf_counter()
        with Ledger(path) as ledger:
            opened.append(time.perf_counter() - began)
            assert next(ledger.rows("parse")).input == "repo/file0.blend"
            ledger.settle("parse", f"{5 * 2654435761 % 2**32:08x}", Done(), 0.1)
            first.append(time.perf_counter() - began)
    with Ledger(path) as ledger:
        assert ledger.totals("parse") == Totals(pending=count - 1, done=1)
    assert min(opened) < 0.05
    assert min(first) < 0.2
