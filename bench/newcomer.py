"""How long a newcomer waits: from a clone to the first proved example, and to the whole dataset.

    python bench/newcomer.py FOLDER [--first]

Clones this checkout's last commit to FOLDER/clone and runs `./quick_start_training.sh` there as it stands in the
README, with no terminal and with none of this environment's variables. What pip fetches is kept in FOLDER/fetched: run
it twice, and the second time tells what is left when downloads are put aside. With --first it ends once there is an
example. Seconds of the clock, and of all processors together, which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from watching import Watch

ROOT = Path(__file__).parents[1]
INSTALLED = "of 18 checks hold"
EVERY = 0.5


def first_example(units: Path) -> bool:
    """Whether some file of the build phase holds a proved example."""
    return any(b'"type":"example"' in path.read_bytes() for path in units.rglob("*.jsonl"))


def main() -> int:
    """Prints one line for each thing that a newcomer waits for; the exit status is the script's."""
    parser = argparse.ArgumentParser(description="Measure the quick start from a fresh clone.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", action="store_true", help="end with the first proved example")
    given = parser.parse_args()
    top: Path = given.folder
    clone = top / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    (top / "fetched").mkdir(parents=True, exist_ok=True)
    (top / "home").mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTP", "http"))}
    environment = {**kept, "PATH": os.environ["PATH"], "HOME": str(top / "home"), "PIP_CACHE_DIR": str(top / "fetched")}
    began, watch_all = time.monotonic(), Watch(others="other")
    print(f"{'':<22} {'clock':>8} {'processors':>12} {'load':>8}")

    def told(what: str) -> None:
        took, used = time.monotonic() - began, sum(spent.seconds for spent in watch_all.spent().values())
        print(f"{what:<22} {took:6.0f} s {used:10.0f} s {os.getloadavg()[0]:8.1f}", flush=True)

    subprocess.run(["git", "clone", "-q", f"file://{ROOT}", clone], check=True)
    log = (top / "log.txt").open("w")
    units, ended = clone / "training_data" / "datasets" / "units", threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY):
            if first_example(units):
                told("first proved example")
                if given.first:
                    running.terminate()
                return

    with watch_all, subprocess.Popen(
        ["./quick_start_training.sh"], cwd=clone, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=log, text=True,
    ) as running:  # fmt: skip
        watching = threading.Thread(target=watch)
        watching.start()
        assert running.stdout is not None
        for line in running.stdout:
            log.write(line)
            if INSTALLED in line:
                told("installed, checked")
    ended.set()
    watching.join()
    if given.first and running.returncode in (130, -signal.SIGTERM):
        return 0
    told("the whole dataset" if running.returncode == 0 else f"ended with {running.returncode}")
    return running.returncode


if __name__ == "__main__":
    raise SystemExit(main())
