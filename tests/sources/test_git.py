"""The source git: partial clones from git's own HTTP server, Git LFS beside it, links followed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sources.github_server import GitHubServer, Repo, pointer

from voxel.errors import UsageError
from voxel.sources import Policy
from voxel.sources.git import bare, name_of
from voxel.sources.remote import starter_repositories
from voxel.training.data_collection.blender_scraper import BlenderFileScraper

pytestmark = pytest.mark.git

MIT = (
    b"MIT License\n\nCopyright (c) 2021 Git Author\n\nPermission is hereby granted, free of charge, to any person "
    b"obtaining a copy. The above copyright notice shall be included in all copies."
)


class Forge:
    """Bare repositories behind `git http-backend`, and a scraper for them."""

    def __init__(self, server: GitHubServer, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def commit(self, name: str, files: dict[str, bytes | None]) -> str:
        """Adds one commit (None removes a file); the repository is made when it is missing."""
        home, work = self.folder / "git" / f"{name}.git", self.folder / "work" / name
        if not home.exists():
            self._git("init", "-q", "--bare", "-b", "trunk", str(home))
            self._git("-C", str(home), "config", "uploadpack.allowFilter", "true")
            self._git("-C", str(home), "config", "uploadpack.allowAnySHA1InWant", "true")
            self._git("init", "-q", "-b", "trunk", str(work))
        for path, data in files.items():
            place = work / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink() if data is None else place.write_bytes(data)
        self._git("-C", str(work), "add", "-A")
        self._git("-C", str(work), "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "m")
        self._git("-C", str(work), "push", "-q", str(home), "trunk")
        return self._git("-C", str(work), "rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        clean = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(["git", *words], check=True, capture_output=True, text=True, env=clean).stdout

    def scrape(self, *names: str, **options: Any) -> dict[str, dict[str, Any]]:
        repos = [f"{self.server.url}/{name}.git" for name in names]
        BlenderFileScraper(self.folder / "data", source="git", repos=repos, **options).run()
        lines = (self.folder / "data" / "scraped" / "files.jsonl").read_text().splitlines()
        return {f"{told['repo']}:{told['path']}": told for told in map(json.loads, lines)}

    def repositories(self) -> dict[str, str]:
        lines = (self.folder / "data" / "scraped" / "repositories.jsonl").read_text().splitlines()
        return {told["repo"]: told["reason"] for told in map(json.loads, lines)}


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hastened: float) -> Iterator[Forge]:
    (tmp_path / "git").mkdir()
    monkeypatch.chdir(tmp_path)
    with GitHubServer([], speed=hastened) as server:
        server.git_root = tmp_path / "git"
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield Forge(server, tmp_path)


def test_wanted_blobs_alone_are_fetched_and_a_change_only_itself(forge: Forge) -> None:
    commit = forge.commit(
        "ann/art",
        {
            "LICENSE": MIT, "a.blend": b"BLENDER-a", "b/ü c.blend": b"BLENDER-b", "a.blend1": b"old",
            "make.py": b"import bpy\n", "other.py": b"import os\n", "movie.mp4": bytes(3_000_000),
            "gpl/COPYING": b"GNU GENERAL PUBLIC LICENSE\nVersion 2", "gpl/g.blend": b"BLENDER-g",
        },
    )  # fmt: skip
    files = forge.scrape("ann/art")
    assert {name: told["state"] for name, told in files.items()} == {
        "ann/art:a.blend": "held", "ann/art:b/ü c.blend": "held", "ann/art:gpl/g.blend": "denied",
        "ann/art:make.py": "held",
    }  # fmt: skip
    told = files["ann/art:a.blend"]
    assert (told["commit"], told["license"], told["attribution"], told["source"]) == (
        commit, "MIT", "Copyright (c) 2021 Git Author", "git",
    )  # fmt: skip
    blob = forge.folder / "data" / "scraped" / "blobs" / told["sha256"][:2] / told["sha256"]
    assert blob.read_bytes() == b"BLENDER-a"
    forge.server.seen.clear()
    forge.scrape("ann/art")
    assert [seen.path.rpartition(".git/")[2] for seen in forge.server.seen] == ["info/refs", "git-upload-pack"]
    forge.commit("ann/art", {"new.blend": b"BLENDER-new", "a.blend": None})
    files = forge.scrape("ann/art")
    assert files["ann/art:new.blend"]["state"] == "held"
    assert "ann/art:a.blend" not in files
    assert not any((forge.folder / "data" / "scraped" / "partial").iterdir())


def test_empty_and_missing_repositories_have_their_reasons(forge: Forge) -> None:
    forge.commit("ann/art", {"LICENSE": MIT, "a.blend": b"BLENDER-a"})
    forge._git("init", "-q", "--bare", str(forge.folder / "git" / "ann" / "empty.git"))
    forge.scrape("ann/art", "ann/empty", "ann/none")
    assert forge.repositories() == {
        "ann/art": "", "ann/empty": "empty: it has no commit", "ann/none": "gone or private",
    }  # fmt: skip


def test_lfs_objects_come_from_beside_the_repository(forge: Forge) -> None:
    data = b"BLENDER-large" * 1000
    oid = hashlib.sha256(data).hexdigest()
    forge.commit("ann/big", {"LICENSE": MIT, "big.blend": pointer(data), "lost.blend": pointer(b"lost")})
    forge.server.repos["ann/big"] = Repo("ann/big", 1, 0, lfs={oid: data})
    files = forge.scrape("ann/big")
    assert (files["ann/big:big.blend"]["state"], files["ann/big:big.blend"]["sha256"]) == ("held", oid)
    lost = files["ann/big:lost.blend"]
    assert (lost["state"], lost["reason"]) == ("failed", "missing from LFS: the server does not have the object")


LINKING = """
import bpy
for path in ("//../textures/wood.png", "//../../../etc/passwd"):
    image = bpy.data.images.new(path, 4, 4)
    image.source, image.filepath, image.use_fake_user = "FILE", path, True
with bpy.data.libraries.load("/tmp/parts/ape.blend", link=True) as (there, here):
    here.objects = there.objects
bpy.data.libraries[0].filepath = "//../parts/ape.blend"
bpy.context.scene.collection.objects.link(bpy.data.objects["Suzanne"])
"""
LIBRARY = """
import bpy
bpy.ops.mesh.primitive_monkey_add()
image = bpy.data.images.new("fur", 4, 4)
image.source, image.filepath, image.use_fake_user = "FILE", "//fur.png", True
"""


def test_what_a_blend_file_links_to_lies_where_blender_finds_it(forge: Forge) -> None:
    from voxel.blender import Blender
    from voxel.training.data_collection.blend_parser import BlendFileParser

    with Blender() as blender:
        library = blender.make(LIBRARY)
        saved = "bpy.ops.wm.save_as_mainfile(filepath='/tmp/parts/ape.blend')\nbpy.ops.wm.read_factory_settings()\n"
        linking = blender.make(f"import os\nos.makedirs('/tmp/parts')\n{LIBRARY}{saved}{LINKING}")
    files: dict[str, bytes | None] = {
        "LICENSE": MIT, "scenes/a.blend": linking, "parts/ape.blend": library, "parts/fur.png": b"\x89PNG fur",
        "textures/wood.png": b"\x89PNG wood", "textures/other.png": b"not needed",
    }  # fmt: skip
    forge.commit("ann/linked", files)
    held = forge.scrape("ann/linked")
    scraped = forge.folder / "data" / "scraped"
    linked = {str(path.relative_to(scraped)): path for path in (scraped / "linked").rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in linked.items()} == {
        f"linked/ann__linked/{name}": files[name]
        for name in ("scenes/a.blend", "parts/ape.blend", "parts/fur.png", "textures/wood.png")
    }
    sha256 = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if data}
    assert json.loads((scraped / "links" / "ann__linked.json").read_bytes()) == {
        "parts/ape.blend": {"parts/fur.png": sha256["parts/fur.png"]},
        "scenes/a.blend": {name: sha256[name] for name in ("parts/ape.blend", "textures/wood.png")},
    }
    assert BlendFileParser(forge.folder / "data").run(workers=1).done == 2
    digest = held["ann/linked:scenes/a.blend"]["sha256"]
    scene = forge.folder / "data" / "parsed" / digest[:2] / f"{digest}.json"
    lost = {each["path"]: each["reason"] for each in json.loads(scene.read_bytes())["opaque"]}
    assert lost['objects["Suzanne"]'] == "library data"  # and not: that is not there
    forge.commit("ann/linked", {"parts/ape.blend": None})
    forge.scrape("ann/linked")
    assert BlendFileParser(forge.folder / "data").run(workers=1).reused == 0  # its neighbours are others now
    lost = {each["path"]: each["reason"] for each in json.loads(scene.read_bytes())["opaque"]}
    assert lost['objects["Suzanne"]'] == "library data that is not there"


def test_a_url_loses_what_must_not_be_written_down(forge: Forge) -> None:
    forge.commit("ann/art", {"LICENSE": MIT, "a.blend": b"BLENDER-a"})
    secret = "ghp_hidden0123"
    url = f"http://user:{secret}@127.0.0.1:{forge.server.port}/ann/art.git"
    with pytest.raises(UsageError, match="use --repos-file"):
        BlenderFileScraper(forge.folder / "data", source="git", repos=[url])
    listed = forge.folder / "mine.txt"
    listed.write_text(f"{url}\n{url.replace('art', 'none')}\n")
    BlenderFileScraper(forge.folder / "data", source="git", repos_file=listed).run()
    written = b"".join(path.read_bytes() for path in (forge.folder / "data").rglob("*") if path.is_file())
    assert b"BLENDER-a" in written
    assert secret.encode() not in written
    assert bare(url) == f"http://127.0.0.1:{forge.server.port}/ann/art"


def test_a_password_that_the_server_repeats_is_not_written_down(
    forge: Forge, capfd: pytest.CaptureFixture[str]
) -> None:
    forge.commit("ann/art", {"LICENSE": MIT, "a.blend": b"BLENDER-a"})
    secret = "ghp_repeated0123"
    forge.server.echo = True
    listed = forge.folder / "mine.txt"
    listed.write_text(f"http://ann:{secret}@127.0.0.1:{forge.server.port}/ann/art.git\n")
    BlenderFileScraper(forge.folder / "data", source="git", repos_file=listed).run()
    assert {seen.status for seen in forge.server.seen} == {401, 403}  # it was sent, and repeated
    assert forge.repositories() == {"ann/art": "gone or private (it asks who you are)"}
    written = b"".join(path.read_bytes() for path in (forge.folder / "data").rglob("*") if path.is_file())
    captured = capfd.readouterr()
    assert secret.encode() not in written
    assert secret not in captured.out + captured.err


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/a/b.git", "a/b"),
        ("git@github.com:a/b.git", "a/b"),
        ("https://gitlab.com/group/sub/project", "sub/project"),
        ("file:///srv/b.git", "srv/b"),
    ],
)
def test_repositories_are_named_by_their_urls(url: str, name: str) -> None:
    assert name_of(url) == name


def test_the_list_that_ships_names_each_repository_once_and_its_licence() -> None:
    starters = starter_repositories()
    names = [name_of(starter.url) for starter in starters]
    assert len(names) == len(set(names)) >= 40
    assert {"KhronosGroup/glTF-Blender-IO", "godotengine/tps-demo", "raysan5/raylib"} <= set(names)
    refused = {name_of(starter.url) for starter in starters if Policy().refusal(starter.license)}
    assert refused == {"ebabel-eu/blender-models"}  # its README alone gives up all rights


@pytest.mark.corpus
def test_the_list_that_ships_holds_every_repository_of_the_corpus(corpus: Path) -> None:
    known = {json.loads(line)["repo"] for line in (corpus / "manifest.jsonl").read_text().splitlines()}
    assert len(known) == 22
    assert known <= {name_of(starter.url) for starter in starter_repositories()}
