"""One million known files: how long until the first request, how much memory, how long one checkpoint takes.

    python bench/ledger.py [--files 1000000]

Makes the book and the ledger of a data directory as a run over 20,000 repositories leaves them, then measures, in a
fresh process, a run that goes on: seconds from its start to the first request, and its largest resident memory. The
checkpoint is measured with all files known.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from voxel.sources.book import Book
from voxel.sources.remote import Asked
from voxel.sources.rows import File, Found
from voxel.stages import DataDir, Totals
from voxel.stages.checkpoints import CheckpointWriter

FILES_A_REPOSITORY = 50


def fill(data: DataDir, files: int) -> None:
    """What a finished run knows, as it writes it."""
    from voxel.stages import Progress
    from voxel.training.data_collection.collecting import _Ledger, _Teller

    data.create()
    asked = Asked(source="github", queries=("everything",))
    ledger_path = data.checkpoints / "ledger.sqlite"
    with Book(data.checkpoints / "collecting.sqlite") as book, _Ledger(ledger_path, "github") as ledger:
        run = book.begin("github", asked.selection())
        ledger.take_over({"source": "github", "selection": book.selection})
        for number in range(files // FILES_A_REPOSITORY):
            book.meet(Found(name=f"owner/repository-{number}", number=number, branch="main", stars=3, licence="MIT"))
            named = book.named(f"owner/repository-{number}")
            assert named is not None
            book.keep_files(
                named.id,
                (
                    File(
                        id=0, repository=named.id, path=f"scenes/scene_{index}.blend", kind="blend",
                        blob=f"{number * 100 + index:040x}", size=700_000, state="held", reason="",
                        sha256=f"{number * 100 + index:064x}", git=f"{number * 100 + index:040x}", licence="MIT",
                        attribution="Copyright (c) 2024 The authors", fetched_at="2026-01-01T00:00:00+00:00",
                    )
                    for index in range(FILES_A_REPOSITORY)
                ),
                pin=f"{number:040x}", etag='W/"0"', judged="x", state="listed", listed=run,
                finished=0 if number == files // FILES_A_REPOSITORY - 1 else run,
            )  # fmt: skip
        _Teller(book, ledger, CheckpointWriter(data, "scrape.github", {}), Progress()).end("completed")


class _First(BaseHTTPRequestHandler):
    """Notes when the first request comes, and knows nothing."""

    at = 0.0

    def do_GET(self) -> None:
        _First.at = _First.at or time.monotonic()
        self.send_response(404)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = DataDir(Path(folder) / "data")
        began = time.monotonic()
        fill(data, options.files)
        print(f"{options.files:,} files written in {time.monotonic() - began:.0f} s")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _First)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        names = ("GITHUB_API_URL", "GITHUB_SERVER_URL", "GITHUB_RAW_URL")
        command = [sys.executable, "-m", "voxel", "scrape", "--source", "github", "--query", "everything", "--json"]
        began = time.monotonic()
        subprocess.run(
            [*command, "--data-dir", str(data.root)], env={**os.environ, **dict.fromkeys(names, address)}, check=False,
            capture_output=True,
        )  # fmt: skip
        whole = time.monotonic() - began
        first = _First.at - began
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        writer, times = CheckpointWriter(data, "scrape.github", {"source": "github"}), []
        for done in range(50):
            before = time.perf_counter()
            writer.write("in_progress", Totals(done=done, pending=options.files))
            times.append(time.perf_counter() - before)
        lines = sum(1 for _ in (data.scraped / "files.jsonl").open("rb"))
    result = {
        "files": options.files, "first_request_s": round(first, 2), "run_s": round(whole, 1),
        "memory_mb": round(memory), "checkpoint_ms": round(1000 * sorted(times)[len(times) // 2], 1),
        "slowest_checkpoint_ms": round(1000 * max(times), 1), "lines_in_files_jsonl": lines,
    }  # fmt: skip
    print(json.dumps(result))
    return int(first > 5 or memory > 500 or sorted(times)[len(times) // 2] > 0.05)


if __name__ == "__main__":
    sys.exit(main())
