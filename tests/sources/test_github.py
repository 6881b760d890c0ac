"""Collecting from a server that speaks GitHub's REST API: what comes, what does not and why, and how politely."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.sources.github_server import Repo, Troubles, pointer
from tests.sources.worlds import ALL, GPL, MIT, TOKEN, Make, blend, crowd, expected, repo

from voxel.errors import UsageError
from voxel.stages import Ledger
from voxel.training.data_collection.blender_scraper import BlenderFileScraper


def test_files_come_with_commit_licence_and_attribution(world: Make) -> None:
    files = {
        "LICENSE": MIT,
        "art/chair.blend": blend("chair"),
        "art/chair.blend1": blend("backup"),
        "tools/make.py": b"import bpy\nbpy.ops.mesh.primitive_cube_add()\n",
        "tools/other.py": b"import os\n",
        "gpl/COPYING": GPL,
        "gpl/table.blend": blend("table"),
    }
    here = world([repo(1, files)])
    report = here.scraper().run()
    assert (report.done, report.dropped, report.failed) == (2, 1, 0)
    told = here.files()
    assert sorted(told) == ["owner/r1:art/chair.blend", "owner/r1:gpl/table.blend", "owner/r1:tools/make.py"]
    chair = told["owner/r1:art/chair.blend"]
    assert here.blob(chair["sha256"]) == blend("chair")
    commit = here.server.repos["owner/r1"].commit
    assert (chair["commit"], chair["license"], chair["attribution"], chair["kind"], chair["source"]) == (
        commit, "MIT", "Copyright (c) 2020 Ann Author", "blend", "github",
    )  # fmt: skip
    assert chair["url"] == f"{here.server.url}/owner/r1/blob/{commit}/art/chair.blend"
    assert told["owner/r1:tools/make.py"]["kind"] == "script"
    table = told["owner/r1:gpl/table.blend"]
    assert (table["state"], table["reason"]) == ("denied", "the licence GPL-3.0-only is not allowed by the policy")
    assert "/raw/owner/r1/" + commit + "/gpl/table.blend" not in here.server.completed
    (repository,) = here.repositories().values()
    assert repository["id"] == 1001
    assert (repository["default_branch"], repository["commit"], repository["stars"], repository["state"]) == (
        "main", commit, 3, "held",
    )  # fmt: skip


def test_every_repository_that_cannot_be_had_has_its_reason(world: Make, tmp_path: Path) -> None:
    repos = [repo(1), repo(2, status=404), repo(3, status=409), repo(4, status=451), repo(5, status=403)]
    repos += [repo(6, moved_from="owner/old"), repo(7, {"readme.md": b"hello"})]
    here = world(repos)
    listed = tmp_path / "repos.txt"
    listed.write_text("# mine\n" + "".join(f"owner/r{n}\n" for n in range(1, 8)) + "owner/old\n")
    report = here.scraper(repos_file=listed).run()
    assert (report.done, report.dropped, report.failed) == (2, 5, 0)
    reasons = {name: told["reason"] for name, told in here.repositories().items()}
    assert reasons == {
        "owner/old": "moved to owner/r6, which is collected under that name",
        "owner/r1": "",
        "owner/r2": "gone or private (404)",
        "owner/r3": "empty: it has no commit",
        "owner/r4": "taken down for legal reasons (451)",
        "owner/r5": "blocked by GitHub (403): Repository access blocked",
        "owner/r6": "",
        "owner/r7": "holds no .blend file and no script that may be used",
    }
    with Ledger(tmp_path / "data" / "checkpoints" / "ledger.sqlite", read_only=True) as ledger:
        totals = ledger.totals("scrape")
        assert (totals.done, totals.dropped, totals.failed, totals.pending) == (2, 5, 0, 0)
        assert ("dropped", "gone or private (404)", 1) in ledger.reasons("scrape")


def test_long_lists_take_one_request_a_repository(world: Make, tmp_path: Path) -> None:
    here = world([repo(n) for n in range(60)] + [repo(100, moved_from="owner/before")])
    listed = tmp_path / "repos.txt"
    listed.write_text("".join(f"owner/r{n}\n" for n in range(60)) + "owner/before\n")
    here.scraper(repos_file=listed).run()
    assert here.server.count("tree", "repository", "commit", "moved") <= 61 + 2
    assert here.repositories()["owner/r100"]["id"] == 1100
    assert all(told["state"] == "held" for told in here.repositories().values())


def test_searches_are_cut_until_all_is_listed_and_nothing_counts_twice(world: Make) -> None:
    here = world([repo(n, {"LICENSE": MIT}) for n in range(1_300)], troubles=Troubles(incomplete=0.05))
    here.scraper(queries=["everything", "owner"]).run()
    assert len(here.repositories()) == 1_300
    assert here.server.count("tree") == 1_300
    assert here.server.too_early == []
    here.server.seen.clear()
    incomplete = here.server.incomplete
    here.server.troubles.incomplete = 0.2
    here.scraper(queries=["everything", "owner"]).run()
    # what is answered in part is asked again, and the ETag of the whole page from before answers for it
    assert here.server.incomplete > incomplete
    assert {seen.conditional for seen in here.server.seen} == {True}


def test_a_second_run_costs_conditional_requests_only_and_a_change_only_itself(world: Make) -> None:
    repos = [repo(n) for n in range(20)] + [repo(20, status=451)]
    here = world(repos)
    here.scraper().run()
    before = (here.folder / "scraped" / "files.jsonl").read_bytes()
    here.server.seen.clear()
    report = here.scraper().run()
    assert {(seen.kind, seen.status, seen.conditional) for seen in here.server.seen} == {
        ("search", 304, True), ("tree", 304, True),
    }  # fmt: skip
    assert (report.done, report.reused) == (20, 21)
    assert (here.folder / "scraped" / "files.jsonl").read_bytes() == before
    repos[3].files["new.blend"] = blend("new")
    del repos[4].files["scene4.blend"]
    here.server.seen.clear()
    here.scraper().run()
    assert [seen.path.rpartition("/")[2] for seen in here.server.seen if seen.kind == "raw"] == ["new.blend"]
    assert here.states()["owner/r3:new.blend"] == ("held", "")
    assert "owner/r4:scene4.blend" not in here.states()


def test_truncated_trees_are_walked(world: Make) -> None:
    files = {"LICENSE": MIT, **{f"a/b{n}/c/s{n}.blend": blend(f"deep {n}") for n in range(5)}, "top.blend": blend("t")}
    here = world([repo(1, files, truncated=True)])
    here.scraper().run()
    assert [told["state"] for told in here.files().values()] == ["held"] * 6


def test_one_repository_gives_what_the_cap_allows_as_varied_as_can_be(world: Make) -> None:
    runs = {f"runs/run_{n:04}.blend": blend(f"run {n}") for n in range(200)}
    here = world([repo(1, {"LICENSE": MIT, "a.blend": blend("a"), "b/b.blend": blend("b"), **runs})])
    here.scraper(max_files_per_repo=4).run()
    held = sorted(name for name, (state, _) in here.states().items() if state == "held")
    assert held == [
        "owner/r1:a.blend",
        "owner/r1:b/b.blend",
        "owner/r1:runs/run_0000.blend",
        "owner/r1:runs/run_0001.blend",
    ]
    assert here.states()["owner/r1:runs/run_0100.blend"] == ("denied", "over the cap of 4 files of one repository")


def test_the_same_bytes_come_once(world: Make) -> None:
    here = world(
        [repo(n, {"LICENSE": MIT, "same.blend": blend("same"), "x/same.blend": blend("same")}) for n in range(9)]
    )
    here.scraper().run()
    assert here.server.count("raw") == 2
    assert sorted(told["state"] for told in here.files().values()) == ["duplicate"] * 17 + ["held"]


def test_sizes_and_unknown_licences_keep_files_out(world: Make) -> None:
    files = {"README.md": b"# Art\nReleased under CC0, enjoy", "a.blend": blend("a")}
    big = {"LICENSE": MIT, "big.blend": blend("x") * 100, "none.blend": b""}
    unknown = Repo("owner/u", 7, 1_500_000_000, files)
    here = world([unknown, repo(1, big)])
    here.scraper(max_bytes=1000).run()
    assert here.states() == {
        "owner/u:a.blend": ("denied", "no licence is known; its README mentions CC0"),
        "owner/r1:big.blend": ("failed", f"too large: {len(blend('x')) * 100:,} bytes, the limit is 1,000"),
        "owner/r1:none.blend": ("failed", "empty: zero bytes"),
    }


def test_lfs_objects_come_by_their_id_and_each_refusal_keeps_its_reason(world: Make) -> None:
    good, large, lost, poor = blend("good"), blend("large") * 100, blend("lost"), blend("poor")
    files = {f"{name}.blend": pointer(data) for name, data in
             {"good": good, "large": large, "lost": lost, "poor": poor}.items()}  # fmt: skip
    oid = hashlib.sha256(good).hexdigest()
    over = (403, "This repository is over its data quota. Account responsible should purchase more.")
    repos = [
        repo(1, {"LICENSE": MIT, **files}, lfs={oid: good}),
        repo(2, {"LICENSE": MIT, "again.blend": files["good.blend"]}),
        repo(3, {"LICENSE": MIT, "p.blend": pointer(poor + b"3")}, lfs_trouble={"*": over}),
    ]
    repos[0].lfs_trouble[hashlib.sha256(poor).hexdigest()] = over
    here = world(repos)
    here.scraper(max_bytes=5000).run()
    states = here.states()
    assert states["owner/r1:good.blend"] == ("held", "")
    assert here.files()["owner/r1:good.blend"]["sha256"] == oid
    assert here.blob(oid) == good
    assert states["owner/r2:again.blend"][0] == "duplicate"
    assert here.server.count("object") == 1
    assert states["owner/r1:large.blend"] == ("failed", f"too large: {len(large):,} bytes, the limit is 5,000")
    assert states["owner/r1:lost.blend"] == ("failed", "missing from LFS: the server does not have the object")
    quota = ("failed", "LFS quota: the owner's data quota is used up")
    assert states["owner/r1:poor.blend"] == states["owner/r3:p.blend"] == quota
    requests = len(here.server.seen)
    here.scraper(max_bytes=5000).run()
    assert {seen.kind for seen in here.server.seen[requests:]} == {"search", "tree"}


def test_a_tree_named_by_its_own_sha_still_leads_to_the_commit(world: Make) -> None:
    here = world([repo(1)])
    here.server.tree_names = "tree"
    here.scraper().run()
    assert here.states() == {"owner/r1:scene1.blend": ("held", "")}
    assert here.files()["owner/r1:scene1.blend"]["commit"] == here.server.repos["owner/r1"].commit


def test_where_no_commit_is_told_the_branch_must_do_and_bytes_are_checked(world: Make) -> None:
    here = world([repo(1)])
    here.server.tree_names = "tree"
    here.server.tells_commits = False
    here.scraper().run()
    assert here.states() == {"owner/r1:scene1.blend": ("held", "")}


def test_troubles_of_every_kind_lose_nothing_and_no_wait_is_cut_short(world: Make) -> None:
    repos = crowd(120)
    here = world(repos, troubles=ALL)
    for _ in range(3):  # what meets trouble too often waits for the next run
        report = here.scraper(concurrency=6).run()
    assert report.failed == 0
    assert here.outcomes() == expected(repos)
    assert here.server.too_early == []
    assert here.server.most_at_once <= 6
    assert max(here.server.completed.values()) == 1
    for told in here.files().values():
        if told["state"] == "held":
            assert hashlib.sha256(here.blob(told["sha256"])).hexdigest() == told["sha256"]


def test_a_limit_whose_words_are_cut_off_is_not_taken_for_a_lasting_refusal(world: Make) -> None:
    repos = [repo(n) for n in range(60)]
    here = world(repos, troubles=Troubles(secondary=0.15, cut=0.4))
    for _ in range(3):
        here.scraper().run()
    assert {told["reason"] for told in here.repositories().values()} == {""}
    assert len(here.files()) == 60


def test_killed_again_and_again_the_result_is_the_same_and_nothing_comes_twice(world: Make) -> None:
    repos = crowd(100)
    here = world(repos, troubles=Troubles(error=0.01, dropped=0.01, retry_after=0.003))
    draw = random.Random(2)
    kills = 0
    finished: dict[str, int] = {}
    while kills < 4:
        sent = len(here.server.seen)
        process = subprocess.Popen([*here.command, "--quiet"], stdout=subprocess.DEVNULL)
        aim = sent + draw.randrange(10, 60)
        while len(here.server.seen) < aim and process.poll() is None:
            time.sleep(0.002)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        finished |= {path: here.server.completed[path] for path in here.arrived()}
    assert kills == 4
    told = subprocess.run([*here.command, "--json", "--quiet"], check=True, capture_output=True).stdout
    assert json.loads(told)["failed"] == 0
    assert here.outcomes() == expected(repos)
    assert finished
    assert {path: here.server.completed[path] for path in finished} == finished
    assert not any((here.folder / "scraped" / "partial").iterdir())


def test_no_token_is_written_anywhere_even_when_the_server_repeats_it(
    world: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    second = "github_pat_OTHERsecret_42"
    repos = [repo(1), repo(2, status=403), repo(3, status=409), repo(4, moved_from="owner/x")]
    here_too = f"no object for {TOKEN} nor {second}"
    lfs = {"LICENSE": MIT, "a.blend": pointer(blend("a")), "b.blend": pointer(blend("b"))}
    repos.append(repo(5, lfs, lfs_trouble={hashlib.sha256(blend("a")).hexdigest(): (500, here_too)}))
    repos.append(repo(6, {"LICENSE": MIT, "c.blend": pointer(blend("c"))}, lfs_trouble={"*": (422, here_too)}))
    here = world(repos, TOKEN, second, troubles=Troubles(error=0.2))
    here.server.echo = True
    (here.folder.parent / "list.txt").write_text(
        "owner/r1\nowner/r2\nowner/r3\nowner/x\nowner/none\nowner/r5\nowner/r6\n"
    )
    scraper = here.scraper(repos_file=here.folder.parent / "list.txt")
    scraper.run()
    assert {seen.token.removeprefix("Bearer ") for seen in here.server.seen} == {"", TOKEN, second}
    assert all(not seen.token for seen in here.server.seen if seen.kind in ("raw", "batch", "object"))
    written = b"".join(path.read_bytes() for path in here.folder.rglob("*") if path.is_file())
    captured = capfd.readouterr()
    for secret in (TOKEN, second):
        assert secret.encode() not in written
        assert secret not in captured.out + captured.err + repr(scraper.__dict__)
    assert "not for Bearer [token]" in here.repositories()["owner/r2"]["reason"]
    assert here.server.count("batch") >= 2
    assert here.states()["owner/r5:a.blend"] == (
        "failed", "LFS is in trouble (500: no object for [token] nor [token])",
    )  # fmt: skip
    assert here.states()["owner/r6:c.blend"][0] == "failed"


def test_an_etag_is_sent_with_its_own_token_only(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world([repo(1)])
    here.scraper().run()
    monkeypatch.setenv("GITHUB_TOKEN", "another")
    here.server.seen.clear()
    here.scraper().run()
    assert [(seen.kind, seen.status, seen.conditional) for seen in here.server.seen] == [
        ("search", 200, False), ("tree", 200, False),
    ]  # fmt: skip


def test_ctrl_c_stops_at_once_and_the_checkpoint_goes_on(world: Make) -> None:
    here = world(crowd(200))
    process = subprocess.Popen(here.command, stderr=subprocess.PIPE, text=True)
    while len(here.server.seen) < 60:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert told.strip().splitlines()[-1].startswith("voxel: interrupted; what was done is kept. Go on with: ")
    checkpoint = here.folder / "checkpoints" / "scraping_checkpoint.json"
    assert json.loads(checkpoint.read_text())["status"] == "interrupted"
    scraper = BlenderFileScraper.from_checkpoint(checkpoint)
    assert (scraper.source, scraper.queries) == ("github", ("everything",))
    scraper.run()
    assert here.outcomes() == expected(list(here.server.repos.values()))


def test_a_dry_run_tells_how_much_there_is_and_fetches_nothing(world: Make) -> None:
    here = world([repo(n) for n in range(40)])
    estimate = here.scraper().estimate()
    assert (estimate.repositories, estimate.files, estimate.sampled) == (40, 40, 20)
    assert estimate.bytes == pytest.approx(40 * len(blend("own 10")), rel=0.1)
    assert here.server.count("raw", "object") == 0
    assert not here.folder.exists()
    command = [sys.executable, "-m", "voxel", "scrape", "--source", "github", "--query", "everything", "--dry-run"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    assert printed.startswith("about 40 repositories, 40 .blend files, 0 MB, ")


def test_what_cannot_be_meant_is_refused(world: Make) -> None:
    world([])
    for options, told in (
        ({"repos": ["nonsense"]}, "is not a repository"),
        ({"concurrency": 101}, "between 1 and 100"),
        ({"queries": ["x" * 250]}, "too long"),
    ):
        with pytest.raises(UsageError, match=told):
            BlenderFileScraper("d", source="github", **options).run()
    with pytest.raises(UsageError, match="go with --source github or git"):
        BlenderFileScraper("d", source="folder", paths=["."], repos=["a/b"])
