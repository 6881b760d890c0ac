"""A round of retraining for real: `bench/retrain.py DATA_DIR --model NAME [--minutes FIRST SECOND] [--role ROLE]`.

DATA_DIR is a data directory of the samples (`voxel run --source samples --data-dir DATA_DIR`), or an empty one. Every
step is a command as a user gives it:

1. `voxel retrain` trains and deploys a first model, since nothing serves the role yet.
2. 30 failures are injected through the gateway (`voxel deploy serve --judge 1`). A third of the prompts are those of
   test examples, word for word; the others are those of train with other numbers. The answers are broken as models
   break them: today's script in the API of yesterday. What stands behind the gateway in place of the model gives them.
3. `voxel failures mend` mends what the schema can, `voxel failures fix` takes a person's script for the rest.
4. `voxel retrain`, twice at once: one makes the round, the other one ends at once. Then once more: nothing is new.

Prints what each command said, and what became of the 30.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from voxel import models
from voxel.records import SPLITS, Example
from voxel.records.prompt import user_prompt
from voxel.stages import DataDir
from voxel.training.dataset_builder.repairs import aged, drifts
from voxel.training.deployment.model_deployer import ModelDeployer

INJECTED = 30
OF_TEST = 10
VOXEL = [sys.executable, "-m", "voxel"]


def examples(data: DataDir, split: str) -> list[Example]:
    """The lines of a split."""
    lines = (data.datasets / f"{split}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Example) for line in lines]


def broken(code: str) -> str:
    """The script with every call as it was before Blender's API changed; the same where no change touches it."""
    for drift in drifts():
        if drift.until < "4.5":
            code = aged(code, drift)
    return code


def varied(example: Example) -> Example:
    """The same wish with other numbers, as the next user has it: what the dataset does not hold yet."""
    numbers = sorted(set(re.findall(r"(?<![\w.])0\.\d{1,4}(?![\w.])", example.completion)))
    other = {number: f"{float(number) * 0.83:.3g}" for number in numbers}

    def told(text: str) -> str:
        return re.sub(r"(?<![\w.])0\.\d{1,4}(?![\w.])", lambda found: other.get(found[0], found[0]), text)

    return msgspec.structs.replace(example, instruction=told(example.instruction), completion=told(example.completion))


def whole(example: Example, answer: str) -> str:
    """A script that runs by itself: what is given, then the answer."""
    return f"{example.context}\n{answer}" if example.context else answer


@contextmanager
def answering(answers: dict[str, str]) -> Iterator[str]:
    """A server of OpenAI's chat API that answers by the last message; yields its address."""

    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            text = f"Here you go:\n```python\n{answers[asked['messages'][-1]['content']]}\n```\n"
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            body = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@contextmanager
def gateway(data: DataDir, behind: str) -> Iterator[str]:
    """`voxel deploy serve` in front of that address."""
    words = [*VOXEL, "deploy", "serve", "--port", "0", "--judge", "1", "--blender", "4.5", "--data-dir", str(data.root)]
    environment = {**os.environ, "VOXEL_LOCAL_URL": behind}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        found = re.search(r"http\S+/v1", running.stderr.readline())
        assert found is not None
        yield found[0]
        running.terminate()


def inject(data: DataDir, role: str) -> dict[str, Example]:
    """Asks until 30 answers were judged as wrong and kept; the examples that they were about, by the failure's id."""
    kept = data.deployment / "failures"
    about: dict[str, Example] = {}
    wanted = {"test": OF_TEST, "train": INJECTED - OF_TEST}
    chosen = [
        (split, one if split == "test" else varied(one)) for split in wanted for one in examples(data, split)
        if one.role == role and one.category != "repair" and broken(one.completion) != one.completion
        and (split == "test" or not one.context)
    ]  # fmt: skip
    answers = {user_prompt(one): whole(one, broken(one.completion)) for _, one in chosen}
    with (
        answering(answers) as behind,
        gateway(data, behind) as address,
        models.for_role(role, gateway=address) as client,
    ):
        for split, one in chosen:
            if not wanted[split]:
                continue
            before = set(kept.glob("*.json"))
            client.ask(user_prompt(one), conversation=one.id)
            made = after(kept, before)
            if made is not None:
                about[made.stem] = one
                wanted[split] -= 1
    return about


def after(folder: Path, before: set[Path]) -> Path | None:
    """The file that the judge's verdict adds within ten seconds; None when the answer was right after all."""
    for _ in range(100):
        time.sleep(0.1)
        more = set(folder.glob("*.json")) - before
        if more:
            return more.pop()
    return None


def voxel(data: DataDir, *words: str, wanted: int = 0) -> str:
    """What a command wrote to standard output."""
    print(f"\n$ voxel {' '.join(words)}", flush=True)
    done = subprocess.run(
        [*VOXEL, *words, "--data-dir", str(data.root)], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    print(done.stdout[-3000:] + done.stderr[-1500:], flush=True)
    if done.returncode != wanted:
        raise SystemExit(f"exit status {done.returncode}, not {wanted}")
    return done.stdout


def main() -> int:
    """Runs the two rounds; 1 when a failure stands outside train, or an example of test was changed."""
    parser = argparse.ArgumentParser(description="A round of retraining with 30 injected failures.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", help="a folder of files in place of the samples")
    parser.add_argument("--model", required=True, help="what is trained: a folder or a name, as of voxel jobs submit")
    parser.add_argument("--role", default="texture")
    parser.add_argument("--minutes", type=float, nargs=2, default=(1.0, 2.0), help="of training, in each round")
    parser.add_argument("--num-examples", default="30")
    given = parser.parse_args()
    data = DataDir(given.data).create()

    files = [given.folder] if given.folder else ["--source", "samples"]

    def round_of(minutes: float) -> list[str]:
        return [
            "retrain", *files, "--role", given.role, "--provider", "local", "--model", given.model,
            "--set", f"max_minutes={minutes:g}", "--num-examples", given.num_examples, "--quiet",
        ]  # fmt: skip

    voxel(data, *round_of(given.minutes[0]))
    deployer = ModelDeployer(data.root)
    if given.role not in deployer.deployments().roles:
        newest = next(data.evaluation.glob("*/report.json"))
        model = json.loads(newest.read_bytes())["model"]
        voxel(data, "deploy", "promote", model, "--role", given.role, "--force")
    test = {one.id for one in examples(data, "test")}
    about = inject(data, given.role)
    print(f"\n{len(about)} answers were judged as wrong and kept", flush=True)
    mended = [json.loads(line) for line in voxel(data, "failures", "mend", "--json").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        right = Path(folder) / "right.py"
        for failure in mended:
            if failure["state"] == "left":
                right.write_text(whole(about[failure["id"]], about[failure["id"]].completion))
                voxel(data, "failures", "fix", failure["id"], str(right))
    told = two_at_once(data, round_of(given.minutes[1]))
    voxel(data, *round_of(given.minutes[1]))
    voxel(data, "deploy", "list")
    return report(data, test, told)


def two_at_once(data: DataDir, words: list[str]) -> dict[str, Any]:
    """One makes the round and its report is returned; the other one has to end at once."""
    command = [*VOXEL, *words, "--json", "--data-dir", str(data.root)]
    print(f"\n$ voxel {' '.join(words)} --json &", flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        lock = data.deployment / "retraining.lock"
        begun = time.time()
        while lock.stat().st_mtime < begun:
            time.sleep(0.05)
        voxel(data, *words, wanted=2)
        assert first.stdout is not None
        line = first.stdout.read()
    print(line, flush=True)
    if first.returncode:
        raise SystemExit(f"exit status {first.returncode}")
    told: dict[str, Any] = json.loads(line)
    return told


def report(data: DataDir, test: set[str], told: dict[str, Any]) -> int:
    """Where the failures are now, and whether the test split is what it was."""
    where = Counter(
        split for split in SPLITS for one in examples(data, split) if one.provenance.source == "failures"
    )  # fmt: skip
    now = {one.id for one in examples(data, "test")}
    print(f"mended failures taken in: {told['new_failures']}")
    print(f"examples of failures: {where['train']} in train, {where['val']} in val, {where['test']} in test")
    print(f"that gave none: {told['failures_left_out']}")
    print(f"test split: {len(now)} examples, {len(now - test)} more and {len(test - now)} fewer than before")
    return int(bool(where["val"] or where["test"] or now ^ test))


if __name__ == "__main__":
    raise SystemExit(main())
