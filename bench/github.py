"""Collects from a server with 3,000 repositories and every trouble switched on, killed at random, and counts.

    python bench/github.py [--repositories 3000] [--kills 20] [--concurrency 8]

Prints requests for each repository, how many were at once, waits that were cut short, downloads made again after they
were finished, and every repository and file whose state or reason is not the true one; then what two runs on the
unchanged repositories ask for, one without and one with incomplete results. Exit status 1 when one of these is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.sources.github_server import GitHubServer
from tests.sources.worlds import ALL, PROGRAM, TOKEN, World, crowd, expected


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=8)
    options = parser.parse_args()
    repos = crowd(options.repositories)
    draw = random.Random(3)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, GitHubServer(repos, speed=100, troubles=ALL) as server:
        here = World(server, Path(folder) / "data")
        command = [sys.executable, "-c", PROGRAM, "--source", "github", "--query", "everything", "--quiet", "--json"]
        command += ["--data-dir", str(here.folder), "--concurrency", str(options.concurrency)]
        environment = {**os.environ, **server.environment(TOKEN)}
        kills, finished = 0, Counter[str]()
        while kills < options.kills:
            aim = len(server.seen) + draw.randrange(20, 2 * options.repositories // max(options.kills, 1))
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
            while len(server.seen) < aim and process.poll() is None:
                time.sleep(0.002)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            finished.update({path: server.completed[path] - finished[path] for path in here.arrived()})
        runs = 0
        while runs < 4:  # what met too much trouble waits for the next run
            runs += 1
            printed = subprocess.run(command, env=environment, capture_output=True, check=False).stdout
            report = json.loads(printed)
            if not report["failed"]:
                break
        requests = Counter(seen.kind for seen in server.seen)
        refused = sum(seen.status in (403, 429, 502) for seen in server.seen)
        told, wanted = here.outcomes(), expected(repos)
        held = [file["sha256"] for file in here.files().values() if file["state"] == "held"]
        again = sum(server.completed[path] != count for path, count in finished.items())
        unchanged = []
        for rate in (0.0, ALL.incomplete):
            server.troubles.incomplete = rate
            first, partial = len(server.seen), server.incomplete
            subprocess.run(command, env=environment, capture_output=True, check=True)
            asked = Counter(
                f"{seen.kind} {'conditional' if seen.conditional else 'whole'}" for seen in server.seen[first:]
            )
            unchanged.append((asked, server.incomplete - partial))
    listed = requests["tree"] + requests["repository"] + requests["commit"]
    print(f"{len(repos):,} repositories, {len(wanted.files):,} files, {kills} kills, {runs} runs after them,", end=" ")
    print(f"{time.monotonic() - began:.0f} s at a hundredfold clock")
    print(f"requests: {dict(requests)}; {refused} of all were refused by trouble")
    print(f"listing requests for each repository: {listed / len(repos):.3f}")
    print(f"most at once: {server.most_at_once} of {options.concurrency}")
    print(f"requests while asked to wait: {len(server.too_early)} {server.too_early[:9] or ''}")
    print(f"finished downloads made again: {again} of {len(finished)} watched")
    print(f"the same bytes held twice: {len(held) - len(set(held))}")
    wrong = _compare("repositories", told.repositories, wanted.repositories)
    wrong += _compare("files", told.files, wanted.files)
    for asked, partial in unchanged:
        print(f"run on what is unchanged, {partial} searches answered in part: {dict(asked)}")
    whole = sum(count for asked, _ in unchanged for kind, count in asked.items() if "whole" in kind)
    too_many = listed / len(repos) > 1.3 or server.most_at_once > options.concurrency
    return int(bool(server.too_early or again or wrong or len(held) > len(set(held)) or whole or too_many))


def _compare(what: str, told: Mapping[str, Any], wanted: Mapping[str, Any]) -> int:
    """Prints how often each outcome was told, and how many others it should have been; returns how many."""
    wrong = {name for name in told.keys() | wanted.keys() if told.get(name) != wanted.get(name)}
    print(f"{what} with another outcome than the true one: {len(wrong)} of {len(wanted):,} {sorted(wrong)[:9] or ''}")
    for outcome, count in Counter(told.values()).most_common():
        print(f"  {count:5}  {outcome if isinstance(outcome, str) else ': '.join(filter(None, outcome))}".rstrip())
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
