"""The folder source: what is seen, how it is named, and that bad files cost only themselves."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from voxel.errors import UsageError
from voxel.sources import FolderSource, Policy, read_local
from voxel.sources.candidate import Candidate

ANY = Policy(unknown="allow")


def listed(*paths: Path, policy: Policy = ANY, cap: int | None = None) -> list[Candidate]:
    return list(FolderSource(paths, policy, max_files_per_repo=cap, max_bytes=1000).candidates())


def by_path(*paths: Path) -> dict[str, Candidate]:
    return {candidate.path: candidate for candidate in listed(*paths)}


def test_blend_files_and_bpy_scripts_are_seen_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.blend", "deep/er/B.BLEND", "a.blend1", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"BLENDER-v405")
    (tmp_path / "tool.py").write_text("import os\nimport bpy\n")
    (tmp_path / "addon.py").write_text("from bpy.types import Operator\n")
    (tmp_path / "other.py").write_text("import numpy  # not bpy\n")
    seen = by_path(tmp_path)
    assert {path: each.kind for path, each in seen.items()} == {
        "a.blend": "blend",
        "addon.py": "script",
        "deep/er/B.BLEND": "blend",
        "tool.py": "script",
    }
    assert {each.repo for each in seen.values()} == {f"local/{tmp_path.name}"}


def test_loops_of_links_end_and_a_folder_is_entered_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.blend").write_bytes(b"BLENDER")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "circle.blend").symlink_to("circle.blend")
    (tmp_path / "gone.blend").symlink_to(tmp_path / "nowhere")
    seen = by_path(tmp_path)
    assert list(seen) == ["a/x.blend", "circle.blend", "gone.blend"]
    assert seen["gone.blend"].trouble == "cannot be read: No such file or directory"
    assert seen["circle.blend"].trouble == "cannot be read: Too many levels of symbolic links"


def test_a_large_folder_is_walked_in_the_same_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        "b.blend",
        "a/9.blend",
        "a/10.blend",
        "a/b/x.blend",
        "a/c.blend/y.blend",
        "a-b.blend",
        "é.blend",
        "z/z.blend",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"BLENDER")
    (tmp_path / "z" / "link.blend").symlink_to("../a/9.blend")
    few = [each.path for each in listed(tmp_path)]
    assert sorted(few) == sorted(names)
    monkeypatch.setattr("voxel.sources.walk.MANY", 2)
    assert [each.path for each in listed(tmp_path)] == few


def test_links_inside_linked_folders_are_judged_by_where_they_lead(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "node_modules" / "pack").mkdir(parents=True)
    (tmp_path / "theirs").mkdir()
    for folder in (mine / "node_modules" / "pack", tmp_path / "theirs"):
        (folder / "x.blend").write_bytes(b"BLENDER")
    (mine / "pack").symlink_to("node_modules/pack")
    (mine / "out").symlink_to("../theirs")
    folder_lines = [("pack/x.blend", "in"), ("out/x.blend", "out"), ("out/gone/deep.blend", "gone")]
    with (mine / "manifest.jsonl").open("w") as lines:
        for name, repo in folder_lines:
            told = {"file": name, "repo": f"o/{repo}", "path": name, "sha256": "0" * 64, "license": "MIT"}
            lines.write(json.dumps(told) + "\n")
    found = {each.repo: each.refusal for each in listed(mine, policy=Policy())}
    assert found["o/in"] == ""
    assert found["o/out"] == found["o/gone"] == "a link that leads out of the folder"


def test_names_that_are_not_utf8_survive(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.blend"
    with open(raw, "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(b"BLENDER")
    (candidate,) = listed(tmp_path)
    assert candidate.path == "caf\\xe9.blend"
    record, data = read_local(candidate, 1000)
    assert data == b"BLENDER"
    assert record.state == "held"


@pytest.mark.parametrize(
    ("size", "reason"),
    [(0, "empty: zero bytes"), (2 << 30, "too large: 2,147,483,648 bytes, the limit is 1,000")],
)
def test_empty_and_huge_files_are_not_read(tmp_path: Path, size: int, reason: str) -> None:
    with (tmp_path / "x.blend").open("wb") as file:
        file.truncate(size)
    (candidate,) = listed(tmp_path)
    record, data = read_local(candidate, 1000)
    assert (record.state, record.reason, record.size, data) == ("failed", reason, size, None)


def test_a_pipe_named_blend_does_not_hold_things_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.blend")
    os.mkfifo(tmp_path / "pipe.py")
    (candidate,) = listed(tmp_path)
    assert candidate.trouble == "not a regular file"


def test_files_and_folders_without_permission_are_reported(tmp_path: Path) -> None:
    """Run as another user where the tests run as root, whom nothing is forbidden."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "secret.blend").write_bytes(b"BLENDER")
    (tmp_path / "shut").mkdir()
    (tmp_path / "open" / "secret.blend").chmod(0)
    (tmp_path / "shut").chmod(0)
    pid = os.fork()
    if not pid:  # pragma: no cover - the child leaves by _exit
        status = 1
        try:
            if os.geteuid() == 0:
                for folder in (*tmp_path.parents, tmp_path):
                    if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
                        folder.chmod(0o755)
                os.setuid(65534)
            seen = by_path(tmp_path)
            record, _ = read_local(seen["open/secret.blend"], 1000)
            shut = seen["shut"]
            if (
                record.reason == "cannot be read: Permission denied"
                and shut.kind == "folder"
                and shut.trouble == "cannot be listed: Permission denied"
            ):
                status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    (tmp_path / "shut").chmod(0o755)


def test_a_git_work_tree_names_repository_commit_and_link(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "git@github.com:ada/engine.git"], check=True)
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "m.blend").write_bytes(b"BLENDER")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (candidate,) = listed(tmp_path / "art")
    assert (candidate.repo, candidate.commit, candidate.path) == ("ada/engine", commit, "art/m.blend")
    assert candidate.url == f"https://github.com/ada/engine/blob/{commit}/art/m.blend"
    subprocess.run([*git, "pack-refs", "--all"], check=True)
    record, _ = read_local(candidate, 1000)
    blob = subprocess.run([*git, "rev-parse", "HEAD:art/m.blend"], check=True, capture_output=True, text=True)
    assert record.blob_sha == blob.stdout.strip()


def test_without_a_licence_the_default_policy_denies(tmp_path: Path) -> None:
    (tmp_path / "x.blend").write_bytes(b"BLENDER")
    (candidate,) = listed(tmp_path, policy=Policy())
    record, data = read_local(candidate, 1000)
    assert (record.state, record.reason, data) == ("denied", "no licence is known", None)
    (tmp_path / "LICENSE").write_text("CC0 1.0 Universal")
    (candidate,) = listed(tmp_path, policy=Policy())
    assert (candidate.license, candidate.refusal) == ("CC0-1.0", "")


def test_a_cap_keeps_files_from_every_folder(tmp_path: Path) -> None:
    for name in [f"runs/{i:03}.blend" for i in range(50)] + ["art/a.blend", "props/b.blend"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"BLENDER")
    candidates = listed(tmp_path, cap=4)
    assert [each.path for each in candidates if not each.refusal] == [
        "art/a.blend",
        "props/b.blend",
        "runs/000.blend",
        "runs/001.blend",
    ]
    assert {each.refusal for each in candidates} == {"", "over the cap of 4 files of one repository"}


def test_a_cap_takes_folders_in_turn_whatever_there_is(tmp_path: Path) -> None:
    chance = random.Random(3)
    for number in range(120):
        repo, folder = chance.choice("abc"), chance.choice(("", "x", "x/y", "z"))
        place = tmp_path / repo / folder / f"{number:03}.blend"
        place.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / repo / ".git").mkdir(exist_ok=True)
        place.write_bytes(b"BLENDER" if chance.random() < 0.9 else b"")
    every = listed(tmp_path)
    for most in (1, 5, 17, 1000):
        wanted = set[str]()
        for repo in "abc":
            folders: dict[str, list[str]] = {}
            for each in every:
                if each.repo == f"local/{repo}" and not each.trouble:
                    folders.setdefault(str(Path(each.path).parent), []).append(each.local)
            turns = [name for turn in itertools.zip_longest(*folders.values()) for name in turn if name]
            wanted |= set(turns[:most])
        found = listed(tmp_path, cap=most)
        assert [each.local for each in found] == [each.local for each in every]
        assert {each.local for each in found if not each.refusal and not each.trouble} == wanted


def test_paths_must_be_given_and_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a PATH"):
        FolderSource([], ANY)
    with pytest.raises(UsageError, match=r"no such file or folder: .*nothing"):
        FolderSource([tmp_path / "nothing"], ANY)


def manifest(folder: Path, **changes: object) -> None:
    data = b"BLENDER-v405"
    (folder / "f.blend").write_bytes(data)
    line = {
        "repo": "ada/engine",
        "commit": "c" * 40,
        "path": "art/f.blend",
        "file": "f.blend",
        "sha256": hashlib.sha256(data).hexdigest(),
        "license": "LicenseRef-own",
        "license_permissive": True,
    }
    (folder / "manifest.jsonl").write_text(json.dumps(line | changes) + "\n")


def test_a_manifest_tells_repository_commit_path_and_licence(tmp_path: Path) -> None:
    manifest(tmp_path)
    (tmp_path / "licenses").mkdir()
    (tmp_path / "licenses" / "ada__engine.txt").write_text("Copyright 1843 Ada Lovelace\n")
    (candidate,) = listed(tmp_path, policy=Policy())
    record, _ = read_local(candidate, 1000)
    assert record.state == "held"
    assert (record.repo, record.commit, record.path) == ("ada/engine", "c" * 40, "art/f.blend")
    assert (record.license, record.attribution) == ("LicenseRef-own", "Copyright 1843 Ada Lovelace")
    assert record.url == f"https://github.com/ada/engine/blob/{'c' * 40}/art/f.blend"


def test_a_manifest_does_not_vouch_for_other_bytes(tmp_path: Path) -> None:
    manifest(tmp_path, sha256="0" * 64)
    (candidate,) = listed(tmp_path)
    record, data = read_local(candidate, 1000)
    assert (record.state, data) == ("failed", None)
    assert record.reason == "its bytes are not those that manifest.jsonl names"


def test_a_manifest_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    manifest(tmp_path, file="../f.blend")
    with pytest.raises(UsageError, match=r"must lie below the folder @ .*manifest\.jsonl:1 \$\.file"):
        listed(tmp_path)


def test_of_two_lines_for_one_file_the_last_counts_and_files_come_in_order(tmp_path: Path) -> None:
    manifest(tmp_path)
    line = json.loads((tmp_path / "manifest.jsonl").read_text())
    for name in ("b.blend", "a/c.blend", "é.blend"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"BLENDER-v405")
    names = ("é.blend", "f.blend", "./a//c.blend", "b.blend", "f.blend")
    lines = [json.dumps({**line, "file": name, "path": f"{n}"}) for n, name in enumerate(names)]
    (tmp_path / "manifest.jsonl").write_text("\r\n\n".join(lines))
    seen = listed(tmp_path)
    assert [(each.local.removeprefix(f"{tmp_path}/"), each.path) for each in seen] == [
        ("a/c.blend", "2"), ("b.blend", "3"), ("f.blend", "4"), ("é.blend", "0"),
    ]  # fmt: skip


def test_a_file_that_the_manifest_names_and_that_is_gone_is_reported(tmp_path: Path) -> None:
    manifest(tmp_path)
    (tmp_path / "f.blend").unlink()
    (candidate,) = listed(tmp_path)
    assert candidate.trouble == "manifest.jsonl names it, but it cannot be read: No such file or directory"


def test_links_that_lead_out_of_the_folder_are_denied(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "gpl").mkdir(parents=True)
    (folder / "LICENSE").write_text("CC0 1.0 Universal")
    (folder / "gpl" / "LICENSE").write_text("GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007")
    (folder / "gpl" / "g.blend").write_bytes(b"BLENDER-g")
    (folder / "a.blend").symlink_to("gpl/g.blend")
    (tmp_path / "theirs.blend").write_bytes(b"BLENDER-theirs")
    (folder / "theirs.blend").symlink_to("../theirs.blend")
    (folder / "script.py").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("..")
    records = [read_local(each, 1000)[0] for each in listed(folder, policy=Policy())]
    assert [(each.path, each.state, each.reason) for each in records] == [
        ("gpl/g.blend", "denied", "the licence GPL-3.0-only is not allowed by the policy"),
        ("script.py", "denied", "a link that leads out of the folder"),
        ("theirs.blend", "denied", "a link that leads out of the folder"),
        ("up", "denied", "a link that leads out of the folder"),
    ]
    assert {each.sha256 for each in records} == {""}
    assert {each.license for each in records[1:]} == {""}


def test_a_named_link_has_the_licence_of_the_place_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "LICENSE").write_text("CC0 1.0 Universal")
    (tmp_path / "x.blend").write_bytes(b"BLENDER")
    (tmp_path / "mine" / "x.blend").symlink_to("../x.blend")
    (candidate,) = listed(tmp_path / "mine" / "x.blend", policy=Policy())
    assert (candidate.local, candidate.license) == (str(tmp_path / "x.blend"), "")


def test_a_file_of_the_manifest_that_is_a_link_out_is_denied(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    manifest(folder)
    (folder / "f.blend").rename(tmp_path / "f.blend")
    (folder / "f.blend").symlink_to("../f.blend")
    (candidate,) = listed(folder)
    assert read_local(candidate, 1000)[0].reason == "a link that leads out of the folder"


@pytest.mark.parametrize(
    ("head", "state"),
    [
        (b"BLENDER-v405", "held"),
        (b"\x1f\x8b\x08\x00", "held"),
        (b"\x28\xb5\x2f\xfd", "held"),
        (b"\x5e\x2a\x4d\x18", "held"),
        (b"\x6e\x2a\x4d\x18", "failed"),
        (b"root:x:0:0", "failed"),
        (b"B", "failed"),
    ],
)
def test_what_begins_like_no_blend_file_is_not_kept(tmp_path: Path, head: bytes, state: str) -> None:
    (tmp_path / "x.blend").write_bytes(head)
    (candidate,) = listed(tmp_path)
    record, data = read_local(candidate, 1000)
    assert (record.state, data) == (state, head if state == "held" else None)
    reason = "begins like neither a .blend file nor gzip nor zstd"
    assert (record.reason, bool(record.sha256)) == (("", True) if state == "held" else (reason, False))


def test_a_named_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("MIT")
    with pytest.raises(UsageError, match=r"neither a folder nor a \.blend or \.py file: .*/LICENSE"):
        FolderSource([tmp_path / "LICENSE"], ANY)
