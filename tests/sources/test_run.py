"""The whole pipeline from real servers, killed on the way: git's own HTTP server, then GitHub's API, one dataset."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.sources.github_server import GitHubServer, Repo
from tests.sources.test_git import MIT, Forge

from voxel.blender import Blender

pytestmark = pytest.mark.git
SCENES = {
    "crate": "bpy.ops.mesh.primitive_cube_add(size=2)\n"
    "bpy.context.object.modifiers.new('Bevel', 'BEVEL').width = 0.15\n",
    "view": "bpy.ops.object.camera_add(location=(0, -8, 3), rotation=(1.2, 0, 0))\n"
    "bpy.context.object.data.lens = 85\nbpy.context.scene.camera = bpy.context.object\n",
    "ball": "bpy.ops.mesh.primitive_uv_sphere_add(radius=0.7, location=(0, 0, 0.7))\n"
    "bpy.context.object.modifiers.new('Shell', 'SOLIDIFY').thickness = 0.05\n",
}
PAUSES = (0.5, 1.2, 2.5, 5.0)


def test_git_and_github_through_to_training_files_with_kills_on_the_way(tmp_path: Path) -> None:
    with Blender() as blender:
        made = {name: blender.make("import bpy\n" + code) for name, code in SCENES.items()}
    repo = Repo("bob/pics", 7, 1_500_000_000, {"LICENSE": MIT, "view.blend": made["view"]}, spdx="MIT")
    with GitHubServer([repo]) as server:
        server.git_root = tmp_path / "git"
        server.git_root.mkdir()
        forge = Forge(server, tmp_path)
        forge.commit("ann/art", {"LICENSE": MIT, "crate.blend": made["crate"]})
        forge.commit("cas/toys", {"LICENSE": MIT, "ball.blend": made["ball"]})
        listed = tmp_path / "repos.txt"
        listed.write_text(f"{server.url}/ann/art.git\n{server.url}/cas/toys.git  # a remark\n")
        common = [sys.executable, "-m", "voxel", "run", "--data-dir", str(tmp_path / "data"), "--blender", "4.5"]
        draw = random.Random(4)
        for words in (["--source", "git", "--repos-file", str(listed)], ["--source", "github", "--query", "pics"]):
            command, environment = [*common, *words, "--quiet"], {**os.environ, **server.environment("token")}
            for pause in PAUSES:
                process = subprocess.Popen(
                    command, env=environment, cwd=tmp_path, start_new_session=True, stdout=subprocess.DEVNULL
                )
                time.sleep(draw.uniform(0.5, 1) * pause)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            done = subprocess.run(
                [*command, "--json"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")
        downloads = [path for path in server.completed if path.endswith(".blend")]
        assert sum(server.completed[path] for path in downloads) == len(downloads) == 1
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(report["phase"], report["done"]) for report in reports[:3]] == [("scrape", 1), ("parse", 3), ("build", 3)]
    told = [json.loads(line) for line in (tmp_path / "data" / "scraped" / "files.jsonl").read_bytes().splitlines()]
    assert {(each["source"], each["repo"], each["state"]) for each in told} == {
        ("git", "ann/art", "held"), ("git", "cas/toys", "held"), ("github", "bob/pics", "held"),
    }  # fmt: skip
    examples = [
        json.loads(line)
        for split in ("train", "val", "test")
        for line in (tmp_path / "data" / "datasets" / f"{split}.jsonl").read_bytes().splitlines()
    ]
    assert {each["provenance"]["repo"] for each in examples} == {"ann/art", "cas/toys", "bob/pics"}
    for provider in ("openai", "claude", "local"):
        assert (tmp_path / "data" / "fine_tuning" / provider / f"train_{provider}.jsonl").stat().st_size > 0
