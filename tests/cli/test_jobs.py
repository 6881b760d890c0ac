"""`voxel jobs` and `voxel models` as a person and a script meet them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.providers.openai_server import KEY, OpenAIServer, write_openai  # noqa: E402

from voxel.cli.main import main  # noqa: E402


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OpenAIServer]:
    held = OpenAIServer()
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", held.url)
    monkeypatch.chdir(tmp_path)
    yield held
    held.close()


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


Voxel = Callable[..., Ran]


@pytest.fixture
def voxel(capsys: pytest.CaptureFixture[str]) -> Voxel:
    def run(*words: str) -> Ran:
        status = main(words)
        told = capsys.readouterr()
        return Ran(status, told.out, told.err)

    return run


def files(tmp_path: Path, *roles: str) -> None:
    for role in roles:
        folder = tmp_path / "training_data/fine_tuning/openai" / role
        folder.mkdir(parents=True)
        write_openai(folder / "train_openai.jsonl", 12, role)
        write_openai(folder / "val_openai.jsonl", 2, "v" + role)


def test_the_first_cost_table_comes_out_of_its_inputs(voxel: Voxel, tmp_path: Path) -> None:
    ran = voxel(
        "jobs", "estimate", "--examples", "10000", "--tokens", "200", "--epochs", "3", "--roles", "5", "--json",
        "--data-dir", str(tmp_path),
    )  # fmt: skip
    assert ran.status == 0
    found = {
        (line["provider"], line["model"]): (line["cost_low"], line["cost_high"], line["total_low"], line["total_high"])
        for line in ran.lines
    }
    assert {line["trained_tokens"] for line in ran.lines} == {6_000_000}
    assert found["openai", "gpt-3.5-turbo"] == (10, 10, 50, 50)
    assert found["openai", "gpt-4"] == (48, 48, 240, 240)
    assert found["bedrock", "anthropic.claude-3-haiku"] == (25, 50, 125, 250)
    assert found["openai", "gpt-4o-mini"] == (18, 18, 90, 90)
    assert found["local", ""] == (0, 0, 0, 0)


def test_the_users_own_prices_win(voxel: Voxel, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(
        "date = 2030-01-02\nlocal = {tokens_per_second_per_core = 1, parameters_millions = 1}\n"
        '[[price]]\nprovider = "openai"\nmodel = ""\nusd = [1, 2]\ntokens = 1000000\nsource = "my contract"\n'
    )
    ran = voxel(
        "jobs", "estimate", "--model", "gpt-9", "--examples", "1000", "--roles", "1", "--data-dir", str(tmp_path)
    )
    assert "$0.60 to $1.20 a role" in ran.out
    assert "prices: my contract, 2030-01-02)" in ran.out
    (tmp_path / "prices.toml").write_text("date = 2030-01-02\n")
    ran = voxel("jobs", "estimate", "--data-dir", str(tmp_path))
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "is not a price table" in ran.err


def test_roles_that_differ_are_summed_and_a_plan_says_so(
    voxel: Voxel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("jobs", "estimate", "--provider", "openai", "--model", "gpt-4")
    assumes = (
        "where there are no files under training_data/fine_tuning, this assumes 10,000 examples a role of 200 tokens; "
        "--examples and --tokens say otherwise"
    )
    change = "to change prices, edit a copy: training_data/prices.toml"
    price, *rest = voxel(*words).out.splitlines()
    assert rest == [assumes, change]
    assert " $240.00 for 5 roles, $48.00 a role (6,000,000 trained tokens a role; prices: the " in price
    files(tmp_path, "builder")
    write_openai(tmp_path / "training_data/fine_tuning/openai/builder/train_openai.jsonl", 600, "builder")
    files(tmp_path, "texture")
    (builder,), (texture,), (both,) = (
        voxel(*words, *role, "--json").lines for role in (("--role", "builder"), ("--role", "texture"), ())
    )
    assert both["trained_tokens"] == builder["trained_tokens"] != texture["trained_tokens"]
    assert both["total_low"] == pytest.approx(builder["cost_low"] + texture["cost_low"], abs=1e-4)  # type: ignore[operator]
    price, *rest = voxel(*words).out.splitlines()
    assert rest == [change]
    assert " for 2 roles, at most $" in price


def test_submit_list_monitor_show_cancel(voxel: Voxel, server: OpenAIServer, tmp_path: Path) -> None:
    files(tmp_path, "builder", "texture")
    ran = voxel("jobs", "submit", "--provider", "openai", "--model", "gpt-3.5-turbo", "--yes", "--json")
    assert ran.status == 0
    assert [(line["role"], line["state"]) for line in ran.lines] == [("builder", "queued"), ("texture", "queued")]
    assert "builder   ok   key         OpenAI takes the key" in ran.err
    assert "warn model       OpenAI takes no new organisations" in ran.err
    builder, texture = ran.lines
    assert isinstance(builder["service_id"], str) and isinstance(builder["job_id"], str)
    server.set_state(builder["service_id"], "running")
    server.add_event(builder["service_id"], "Step 5/10", {"step": 5, "total_steps": 10, "train_loss": 0.5})

    ran = voxel("jobs", "monitor", "--once", "--json")
    assert (ran.status, [line["state"] for line in ran.lines]) == (0, ["running", "queued"])
    assert (ran.lines[0]["progress"], ran.lines[0]["loss"], ran.lines[0]["step"]) == (0.5, 0.5, 5)
    assert "5/10" in ran.err

    ran = voxel("jobs", "show", builder["service_id"])
    assert "loss 0.500" in ran.out
    assert "Step 5/10" in ran.out

    ran = voxel("jobs", "cancel", builder["job_id"], "--json")
    assert ran.lines[0]["state"] == "cancelled"
    server.set_state(str(texture["service_id"]), "failed", error={"code": "x", "message": "bad luck", "param": None})
    ran = voxel("jobs", "monitor", "--interval", "0.2")
    assert ran.status == 1
    assert "bad luck" in ran.out
    assert [line["state"] for line in voxel("jobs", "list", "--json").lines] == ["cancelled", "failed"]


def test_what_stops_a_job_is_said_and_nothing_is_sent(voxel: Voxel, server: OpenAIServer, tmp_path: Path) -> None:
    ran = voxel("jobs", "submit", "--provider", "openai", "--yes")
    assert (ran.status, ran.err) == (
        2,
        "voxel: there are no training files for openai in training_data; write them with: voxel format\n",
    )
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"messages": [{"role": "user", "content": "x"}]}\n' * 10)
    words = ("jobs", "submit", "--provider", "openai", "--role", "builder", "--train", str(bad), "--yes")
    ran = voxel(*words)
    assert ran.status == 2
    assert f"the last message must come from the assistant @ {bad}:1 $.messages[0].role" in ran.err
    write_openai(bad)
    ran = voxel(*words, "--model", "gpt-unheard-of")
    assert ran.status == 2
    assert "STOP model       OpenAI does not tune this model (The model 'gpt-unheard-of' does not exist)" in ran.err
    assert server.jobs == {}
    assert not (tmp_path / "training_data").exists()
    ran = voxel(*words, "--set", "n_epochs")
    assert (ran.status, ran.err) == (2, "voxel: --set takes NAME=VALUE, not 'n_epochs'\n")


def test_without_yes_it_asks(
    voxel: Voxel, server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    files(tmp_path, "builder")
    words = ("jobs", "submit", "--provider", "openai", "--model", "gpt-3.5-turbo", "--role", "builder", "--json")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert voxel(*words).status == 130
    assert server.jobs == {}
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    ran = voxel(*words)
    assert (ran.status, len(ran.lines), len(server.jobs)) == (0, 1, 1)


def test_nothing_yet(voxel: Voxel, tmp_path: Path) -> None:
    for words in (("list",), ("monitor",)):
        ran = voxel("jobs", *words, "--data-dir", str(tmp_path / "none"))
        assert (ran.status, ran.out) == (0, "")
        assert ran.err == "voxel: there are no jobs; submit one with: voxel jobs submit --role builder\n"
    ran = voxel("models", "list", "--data-dir", str(tmp_path / "none"))
    assert ran.err == "voxel: no model is at hand; fetch one with: voxel models pull SmolLM2-135M-Instruct\n"
    assert not (tmp_path / "none").exists()
