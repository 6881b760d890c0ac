"""What a newcomer gets wrong, and the one line that mends each; the table is the list."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
VOXEL = [sys.executable, "-m", "voxel"]
KEYS = ("GITHUB_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_ACCESS_KEY_ID", "HF_TOKEN")


class Try(NamedTuple):
    """What the newcomer runs."""

    words: list[str]
    environment: Mapping[str, str] = MappingProxyType({})
    during: Any = nullcontext()


def voxel(*words: str, during: Any = None, **environment: str) -> Try:
    return Try([*VOXEL, *words], environment, during or nullcontext())


def wrong_python(folder: Path) -> Try:
    tools = folder / "bin"
    tools.mkdir()
    for name in ("python3.11", "python3", "python", "uv", "apt-get"):
        (tools / name).write_text("#!/bin/sh\nexit 1\n")
        (tools / name).chmod(0o755)
    for name in ("uv", "apt-get"):
        (tools / name).unlink()
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copy(ROOT / "quick_start_training.sh", folder)
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    return Try([str(tools / "bash"), "quick_start_training.sh"], {"PATH": str(tools)})


def old_pip(folder: Path) -> Try:
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "pip").write_text("#!/bin/sh\nexit 0\n")
    (folder / ".venv" / "bin" / "python").write_text("#!/bin/sh\necho 'editable mode needs setup.py' >&2\nexit 1\n")
    for name in ("pip", "python"):
        (folder / ".venv" / "bin" / name).chmod(0o755)
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("quick_start_training.sh", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return Try(["bash", "quick_start_training.sh"])


def no_space(folder: Path) -> Try:
    (folder / "full").mkdir()
    mount = f"mount -t tmpfs -o size=16k none '{folder}/full'"
    run = f"exec {sys.executable} -m voxel scrape files --data-dir full --quiet"
    return Try(["unshare", "-rm", "sh", "-c", f"{mount} && {run}"])


def no_blender(folder: Path) -> Try:
    """An interpreter that has everything but Blender."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "bare")], check=True)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    script(folder)
    words = [str(folder / "bare" / "bin" / "python"), "-m", "voxel", "check", "s.py"]
    return Try(words, {"PYTHONPATH": f"{ROOT / 'src'}:{packages}", "XDG_CACHE_HOME": str(folder / "cache")})


def script(folder: Path) -> str:
    (folder / "s.py").write_text("import bpy\n")
    return "s.py"


def written(folder: Path, path: str, text: str | bytes) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode() if isinstance(text, str) else text)
    return target


def newer_ledger(folder: Path) -> Try:
    path = written(folder, "training_data/checkpoints/ledger.sqlite", b"")
    with sqlite3.connect(path) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    ledger.close()
    return voxel("status")


def old_checkpoint(folder: Path) -> Try:
    path = written(folder, "training_data/checkpoints/parsing_checkpoint.json", '{"processed_files": ["a.blend"]}')
    code = (
        "from voxel.stages.command import exit_status\n"
        "from voxel.training.data_collection.blend_parser import BlendFileParser\n"
        f"raise SystemExit(exit_status(lambda: BlendFileParser.from_checkpoint({str(path)!r}).run()))\n"
    )
    return Try([sys.executable, "-c", code])


def half_deleted(folder: Path) -> Try:
    subprocess.run([*VOXEL, "scrape", "files", "--quiet"], cwd=folder, check=True, capture_output=True)
    shutil.rmtree(folder / "training_data" / "scraped")
    return voxel("parse")


def missing_extra(folder: Path) -> Try:
    written(
        folder,
        "hidden/uvicorn/__init__.py",
        "raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')\n",
    )
    return voxel("ui", PYTHONPATH=str(folder / "hidden"))


def two_at_once(folder: Path) -> Try:
    @contextmanager
    def held() -> Iterator[None]:
        path = written(folder, "training_data/checkpoints/lock", "process 1 (voxel run)\n")
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    return voxel("run", "files", during=held())


def wrong_token(_folder: Path) -> Try:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"message": "Bad credentials"}'
            self.send_response(401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Refusing)

    @contextmanager
    def answering() -> Iterator[None]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()
        server.server_close()

    return voxel(
        "run", "--source", "github", "--repo", "o/a", "--quiet", during=answering(),
        GITHUB_TOKEN="ghp_" + "x" * 36, GITHUB_API_URL=f"http://127.0.0.1:{server.server_port}",
    )  # fmt: skip


def no_network(folder: Path) -> Try:
    written(folder, "training_data/datasets/README.md", "# A dataset\n")
    return voxel("dataset", "push", "o/a", HF_TOKEN="hf_" + "x" * 30, HF_ENDPOINT="http://127.0.0.1:9")


def no_key(folder: Path) -> Try:
    written(folder, "t.jsonl", '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}\n' * 12)
    return voxel("jobs", "submit", "--provider", "openai", "--role", "builder", "--train", "t.jsonl", "--yes")


MISTAKES: list[tuple[str, Callable[[Path], Try], str]] = [
    ("wrong Python", wrong_python, r"Voxel needs Python 3\.11.* sudo apt-get install python3\.11-venv, or .*uv"),
    ("too old pip", old_pip, r"voxel: installing failed; .*rm -r \.venv && \./quick_start_training\.sh"),
    ("no space", no_space, r"voxel: no space left on the disk of .*; free some and run the same command again"),
    ("no bubblewrap", lambda f: voxel("check", script(f), PATH="/nowhere"), r"apt install bubblewrap"),
    ("no Blender", no_blender, r"voxel: no Blender found; install one with: voxel blender add 4\.5$"),
    ("no key", no_key, r"OPENAI_API_KEY"),
    ("wrong token", wrong_token, r"GITHUB_TOKEN"),
    ("no network", no_network, r"voxel: the hub cannot be reached: "),
    ("wrong folder", lambda _: voxel("run", "nowhere"), r"voxel: no such file or folder: nowhere$"),
    ("a path that an unset variable left empty", lambda _: voxel("run", ""), r"an empty path names nothing"),
    ("a file as data directory", lambda f: voxel("run", "files", "--data-dir", script(f)),
     r"a file stands where a folder should be; move it or take another --data-dir$"),
    ("unwritable directory", lambda _: voxel("run", "files", "--data-dir", "/sys/voxel"),
     r"voxel: cannot write /sys/voxel.*; make it writable or take another --data-dir$"),
    ("an old checkpoint", old_checkpoint, r"is not a checkpoint: "),
    ("a ledger of a newer Voxel", newer_ledger, r"was made by a newer Voxel .*; update Voxel$"),
    ("a damaged ledger", lambda f: (
        written(f, "training_data/checkpoints/ledger.sqlite", b"garbage" * 99), voxel("status")
    )[1], r"is damaged; move it away and run again: the outputs are made anew$"),
    ("half-deleted data directory", half_deleted, r"does not exist yet; collect files first: voxel scrape$"),
    ("a bad line in files.jsonl", lambda f: (
        written(f, "training_data/scraped/files.jsonl", "{bad\n"), voxel("parse")
    )[1], r"files\.jsonl:1: .*; make it anew with: voxel scrape$"),
    ("two runs at once", two_at_once,
     r"training_data is in use by process 1 \(voxel run\); wait for it, or take another --data-dir$"),
    ("unknown Blender version", lambda f: voxel("check", script(f), "--blender", "3.6"),
     r"voxel: Blender 3\.6 is not installed; add it with: voxel blender add 3\.6$"),
    ("no Blender version", lambda _: voxel("blender", "add", "latest"),
     r"latest is not a Blender version; write one such as 4\.5$"),
    ("unknown role", lambda _: voxel("evaluate", "reference", "--role", "bulder"), r"bulder.*builder, texture"),
    ("misspelt command", lambda _: voxel("parze"), r"No such command 'parze'\. Did you mean 'parse'\?"),
    ("misspelt option", lambda _: voxel("run", "--sorce", "x"), r"No such option: --sorce .*--source"),
    ("unknown provider", lambda _: voxel("jobs", "estimate", "--provider", "opanai"), r"opanai.*openai"),
    ("unknown model", lambda _: voxel("evaluate", "nonsense"), r"'nonsense' names no model: write "),
    ("no such script", lambda _: voxel("check", "nosuch.py"), r"nosuch\.py"),
    ("missing extra", missing_extra,
     r"voxel: the page needs an optional part: pip install 'voxel-training\[serve\]'$"),
    ("no dataset yet", lambda _: voxel("dataset", "verify"), r"voxel (?:build|run)"),
]  # fmt: skip


@pytest.mark.parametrize(("attempt", "line"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_each_mistake_ends_in_one_line_that_mends_it(tmp_path: Path, attempt: Callable[[Path], Try], line: str) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "LICENSE").write_text((ROOT / "LICENSE").read_text())
    (tmp_path / "files" / "x.blend").write_bytes(b"BLENDER-v405" + bytes(20_000))
    made = attempt(tmp_path)
    environment = {key: value for key, value in os.environ.items() if key not in KEYS} | dict(made.environment)
    with made.during:
        done = subprocess.run(
            made.words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=180,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    told = [said for said in done.stderr.splitlines() if not said.startswith("installing ")]
    # what may pass by itself is no mistake in the set-up, and exits 1
    assert done.returncode == (1 if attempt is no_network else 2), done.stderr + done.stdout
    assert len(told) == 1, done.stderr
    assert re.search(line, told[0]), told[0]
    assert "Traceback" not in done.stdout
