from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from voxel.cli.commands import COMMANDS
from voxel.cli.guide import guide
from voxel.cli.main import program

ROOT = Path(__file__).parents[2]


def voxel(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the program as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "voxel", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        timeout=120,
    )


def test_help_lists_every_command_and_is_fast(tmp_path: Path) -> None:
    began = time.monotonic()
    done = voxel("--help", cwd=tmp_path)
    took = time.monotonic() - began
    assert done.returncode == 0
    for command in ("run", "scrape", "parse", "build", "format", "status", "verify"):
        assert f"  {command} " in done.stdout
    assert took < 2.0
    assert voxel(cwd=tmp_path).stdout == done.stdout


def test_help_loads_no_room(tmp_path: Path) -> None:
    code = """
import sys
from voxel.cli.main import main
main(["--help"])
print(sorted(name for name in sys.modules if name.startswith(("voxel.", "numpy", "httpx", "bpy"))), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    for room in ("voxel.blender", "voxel.blendfile", "voxel.training", "voxel.providers", "numpy", "httpx", "bpy"):
        assert f"'{room}'" not in done.stderr


def test_completion_knows_commands_options_and_their_values(tmp_path: Path) -> None:
    def completed(typed: str) -> list[str]:
        words = typed.split(" ")
        asked = {"_VOXEL_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
        return voxel(cwd=tmp_path, **asked).stdout.split()

    assert completed("voxel sta") == ["status"]
    assert completed("voxel dataset ver") == ["verify"]
    assert "--source" in completed("voxel run --s")
    assert completed("voxel run --source ") == ["samples", "folder", "github", "git"]
    assert "_VOXEL_COMPLETE=complete_bash" in voxel(cwd=tmp_path, _VOXEL_COMPLETE="source_bash").stdout


def test_the_command_line_page_says_what_the_code_says() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert page == guide(), "write it anew with: python -m voxel.cli.guide > docs/cli.md"


def test_handoff_is_markdown_with_the_command_that_goes_on(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a|b.blend").write_bytes(b"BLENDER-v405")
    voxel("scrape", "files", "--quiet", cwd=tmp_path)
    done = voxel("status", "--handoff", cwd=tmp_path)
    assert done.stdout.startswith(f"# Handing over `{tmp_path / 'training_data'}`\n\n| phase | state | done |")
    assert "| scrape.folder | complete | 0 of 1 | 0 | 1 | 0 | " in done.stdout
    assert "- scrape.folder: 1 dropped: no licence is known\n" in done.stdout
    assert "voxel dataset verify" in done.stdout
    with (tmp_path / "training_data" / "checkpoints" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "works here. Look again with `voxel status`." in voxel("status", "--handoff", cwd=tmp_path).stdout


def test_quiet_says_nothing_but_the_result_and_colours_go_to_terminals_only(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text((ROOT / "LICENSE").read_text())
    (tmp_path / "x.blend").write_bytes(b"BLENDER-v405")
    quiet = voxel("scrape", ".", "--quiet", cwd=tmp_path)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert quiet.stdout.startswith("scrape: 1 done, 0 dropped, 0 failed in ")
    plain = voxel("scrape", ".", "--data-dir", "other", cwd=tmp_path, FORCE_COLOR="", TERM="xterm-256color")
    assert "scrape" in plain.stderr
    assert "\x1b" not in plain.stdout + plain.stderr
    for words in (["scrape", ".", "--data-dir", "third"], ["status"], ["jobs", "list"], ["nonsense"]):
        there = on_a_terminal([sys.executable, "-m", "voxel", *words], tmp_path, NO_COLOR="1", TERM="xterm-256color")
        assert not re.search(r"\x1b\[[0-9;]*m", there), words


def on_a_terminal(words: list[str], cwd: Path, **environment: str) -> str:
    """What a program writes when both its streams are a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, cwd=cwd, stdout=theirs, stderr=theirs, env=os.environ | environment) as process:
        os.close(theirs)
        told = b""
        try:
            while part := os.read(ours, 4096):
                told += part
        except OSError:
            pass  # Linux ends a terminal whose other side has closed with an error
        process.wait(60)
    os.close(ours)
    return told.decode()


def test_version(tmp_path: Path) -> None:
    assert voxel("--version", cwd=tmp_path).stdout.startswith("voxel 0.")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["paint"], "voxel: No such command 'paint'. See: voxel --help\n"),
        (["parse", "--frob"], "voxel: No such option: --frob. See: voxel parse --help\n"),
        (["parse", "--workers", "0"], "voxel: Invalid value for '--workers': "),
        (["parse", "--engine", "spark"], "voxel: Invalid value for '--engine': "),
        (["run", "--source", "folder"], "voxel: --source folder needs a PATH: voxel run --source folder ~/my-blends\n"),
        (["run", "--source", "samples", "x"], "voxel: --source samples takes no PATH;"),
        (["parse"], "voxel: training_data/scraped/files.jsonl does not exist yet; collect files first: voxel scrape\n"),
        (["status"], "voxel: training_data/checkpoints/ledger.sqlite does not exist yet; start with: voxel run\n"),
        (["scrape", "nowhere"], "voxel: no such file or folder: nowhere\n"),
        (
            ["status", "--data-dir", ""],
            "voxel: Invalid value for '--data-dir': an empty path names nothing. See: voxel status --help\n",
        ),
        (
            ["run", ""],
            "voxel: Invalid value for 'PATH': an empty path names nothing. See: voxel run --help\n",
        ),
        (["decompile", ""], "voxel: Invalid value for 'PATH...': an empty path names nothing. "),
        (["check", "s.py", "--timeout", "nan"], "voxel: Invalid value for '--timeout': Input should be less than "),
        (["check", "s.py", "--timeout", "inf"], "voxel: Invalid value for '--timeout': Input should be less than "),
        (["check", "s.py", "--timeout", "1e300"], "voxel: Invalid value for '--timeout': Input should be less than "),
    ],
)
def test_what_cannot_be_gets_one_line_and_status_2(tmp_path: Path, words: list[str], line: str) -> None:
    done = voxel(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("group", ["dataset", "jobs", "deploy", "models", "blender"])
def test_a_group_without_a_command_shows_its_help(tmp_path: Path, group: str) -> None:
    done = voxel(group, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == voxel(group, "--help", cwd=tmp_path).stdout
    assert done.stderr.startswith(f"Usage: voxel {group} [OPTIONS] COMMAND [ARGS]...\n")


def test_status_tells_what_is_done_and_why_something_is_not(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "empty.blend").touch()
    scraped = voxel("scrape", "files", "--json", "--quiet", cwd=tmp_path)
    said = "voxel: nothing was collected; what earlier runs collected stays as it is\n"
    assert (scraped.returncode, scraped.stderr) == (1, said)
    assert {key: json.loads(scraped.stdout)[key] for key in ("phase", "done", "dropped", "failed")} == {
        "phase": "scrape",
        "done": 0,
        "dropped": 1,
        "failed": 0,
    }
    told = [json.loads(line) for line in voxel("status", "--json", cwd=tmp_path).stdout.splitlines()]
    assert [(phase["phase"], phase["status"], phase["left"], phase["dropped"]) for phase in told] == [
        ("scrape.folder", "complete", 0, 1)
    ]
    assert [reason["count"] for reason in told[0]["reasons"]] == [1]
    words = voxel("status", cwd=tmp_path).stdout
    assert words.startswith("scrape.folder complete: 0 of 1 done, 0 left, 1 dropped, 0 failed (")
    assert words.endswith("nothing is left to do\n")


def test_scrape_says_what_mends_an_unknown_licence(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x.blend").write_bytes(b"BLENDER-v405")
    told = voxel("scrape", "files", "--quiet", cwd=tmp_path).stdout
    assert "  scrape: 1 dropped: no licence is known\n" in told
    assert told.endswith('or allow them with --policy FILE, a file that says:\n  unknown = "allow"\n')


def test_status_of_a_killed_run_names_the_command_that_goes_on(tmp_path: Path) -> None:
    sys.path.append(str(ROOT))
    from tests.stages.squaring import Squaring

    from voxel.stages import Ledger

    data = tmp_path / "training_data"
    (data / "checkpoints").mkdir(parents=True)
    stage = Squaring(data, ["1", "2"])
    with Ledger(data / "checkpoints" / "ledger.sqlite") as ledger:
        ledger.begin_stage("parse", 1, stage.settings, "voxel run --source folder 'my blends'")
        units = [unit for unit, _ in ledger.plan("parse", stage.units())]
        ledger.begin("parse", units[0].key)
    done = voxel("status", cwd=tmp_path)
    assert done.stdout.startswith("parse    interrupted: 0 of 2 done, 2 left, 0 dropped, 0 failed (")
    assert done.stdout.endswith("go on with: voxel run --source folder 'my blends'\n")


def test_env_file_is_read_and_never_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GITHUB_TOKEN=from_the_file_0001\nAWS_REGION=eu-central-1\n")
    done = voxel("verify", cwd=tmp_path, GITHUB_TOKEN="from_the_environment_9999")
    assert "GITHUB_TOKEN: ****9999\n" in done.stdout
    assert "AWS_REGION: ****\n" in done.stdout
    assert "from_the" not in done.stdout + done.stderr
    assert done.returncode == 1


def test_verify_counts_18_checks_and_creates_nothing(tmp_path: Path) -> None:
    done = voxel("verify", "--json", cwd=tmp_path)
    checks = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(checks) == 18
    assert [check["ok"] for check in checks] == [True] * 10 + [False] * 8
    assert list(tmp_path.iterdir()) == []
    for check in checks[10:]:
        (tmp_path / check["check"].removeprefix("folder ")).mkdir(parents=True)
    done = voxel("verify", cwd=tmp_path)
    assert "18 of 18 checks hold\n" in done.stdout
    assert done.returncode == 0


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m voxel verify | head -n 1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("ok       component BlenderFileScraper")
    assert done.stderr == ""


def test_every_command_can_speak_json() -> None:
    top: Any = typer.main.get_command(program(*(command.name for command in COMMANDS)))

    def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        if hasattr(command, "commands"):
            for word, below in command.commands.items():
                yield from leaves(f"{name} {word}".strip(), below)
        else:
            yield name, command

    silent = {
        name
        for name, command in leaves("", top)
        if not any("--json" in getattr(param, "opts", ()) for param in command.params)
    }
    assert silent == {"mcp"}  # whose standard output is a protocol
