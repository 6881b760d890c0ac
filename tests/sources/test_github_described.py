"""The test server of GitHub, held against GitHub's own description of its answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.sources.github_server import Troubles
from tests.sources.worlds import MIT, Make, blend, repo

from voxel.errors import UsageError


@pytest.mark.openapi
def test_the_server_answers_as_github_describes_itself(
    world: Make, tmp_path: Path, described: Callable[[str, int, str, bytes], bool]
) -> None:
    """Every status of every path. What the description does not speak of must look like its other refusals."""
    repos = [repo(1), repo(2, status=404), repo(3, status=409), repo(5, moved_from="owner/old")]
    repos += [repo(6, {"a/b.blend": blend("b"), "LICENSE": MIT}, truncated=True), repo(7, status=451)]
    repos += [repo(8, status=403), *(repo(n) for n in range(10, 60))]
    here = world(repos, troubles=Troubles(retry_after=0.02, primary=0.02, secondary=0.02, error=0.03))
    here.server.keep_answers = True
    named = ["owner/r1", "owner/r2", "owner/r3", "owner/old", "owner/r6", "owner/r7", "owner/r8"]
    few = {"repos": named, "queries": ["everything"]}
    for _ in range(2):
        here.scraper(**few).run()
    here.server.tree_names = "tree"
    here.scraper(max_bytes=10_000, **few).run()
    listed = tmp_path / "many.txt"  # so many that none is described before its tree is asked for
    listed.write_text("".join(f"owner/{name}\n" for name in ["old", *(f"r{n}" for n in range(10, 50))]))
    here.scraper(repos_file=listed).run()
    with pytest.raises(UsageError, match="does not understand the query 'is:nonsense'"):
        here.scraper(queries=["is:nonsense"]).run()
    for name, tells in (("owner/r10", True), ("owner/r11", False)):
        here.server.tells_commits = tells
        here.server.repos[name].files["late.blend"] = blend(f"late {name}")
        here.scraper(repos=[name]).run()
    told: dict[bool, set[tuple[str, int]]] = {True: set(), False: set()}
    for answer in here.server.answers:
        told[described(*answer)].add(answer[:2])
    search, one = "/search/repositories", "/repos/{owner}/{repo}"
    tree, commit = f"{one}/git/trees/{{tree_sha}}", f"{one}/commits/{{ref}}"
    assert told[True] >= {
        (search, 200), (search, 304), (search, 422), (one, 200), (one, 301), (one, 403), (one, 404),
        (tree, 200), (tree, 404), (tree, 409), (commit, 200), (commit, 404),
    }  # fmt: skip
    assert {status for _, status in told[False]} == {301, 304, 403, 429, 451, 502}
    assert (tree, 451) in told[False] and (tree, 301) in told[False]
