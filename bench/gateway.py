"""What the gateway adds to streamed answers under load: `bench/gateway.py [--clients 200] [--rounds 5]`.

Stub models, the gateway (`voxel deploy serve`, as a user starts it) and the clients are three processes. Every client
asks one question after the other and reads the stream to its end. First all ask the stub directly, then through the
gateway, alternating; in the middle of every run through the gateway the role's model is promoted and rolled back.
Once the clients begin spread over the length of an answer, as strangers do; once they all begin within a quarter of
it, as a crowd does, and keep doing so. Both are held to the bars: 10 ms at the median, 50 ms at p99.
Prints both sides and the difference: time to the first token, time of the whole answer, and answers that were lost.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from voxel.records.deployment import Backend
from voxel.training.deployment.model_deployer import ModelDeployer
from voxel.training.deployment.upstream import Upstream

HERE = Path(__file__).parent
JSON = {"content-type": "application/json"}


class Took(NamedTuple):
    """One answer: seconds to the first token and to the end; `whole` when it came to its `[DONE]`."""

    first: float
    end: float
    whole: bool
    said: str
    """The model that it names itself; what came instead when it is not whole."""


async def ask(client: Upstream, url: str, model: str, tokens: int) -> Took:
    """One streamed answer."""
    begun, first, text = time.perf_counter(), 0.0, b""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "a cube"}]}
    try:
        answer = await client.post(f"{url}/chat/completions", JSON, msgspec.json.encode(body))
        while chunk := await answer.some():
            text += chunk
            if not first and b'"content": "' in chunk.replace(b'"content": ""', b""):
                first = time.perf_counter() - begun
    except OSError as error:
        return Took(first, time.perf_counter() - begun, False, repr(error))
    answer.done()
    whole = answer.status == 200 and b"[DONE]" in text and text.count(b'"content": "') == tokens + 1
    said = ("second" if b"second " in text else "first") if whole else f"{answer.status} {text[-300:]!r}"
    return Took(first, time.perf_counter() - begun, whole, said)


class Load(NamedTuple):
    """What is asked at a time."""

    clients: int
    rounds: int
    """Questions of each client, one after the other."""
    tokens: int
    """Of an answer."""
    spread: float
    """Seconds within which the clients begin; as every answer takes the same time, they keep their distances."""


async def run(url: str, model: str, load: Load) -> list[Took]:
    """All clients."""
    client = Upstream()

    async def one(number: int) -> list[Took]:
        await asyncio.sleep(load.spread * number / load.clients)
        return [await ask(client, url, model, load.tokens) for _ in range(load.rounds)]

    found = [took for one in await asyncio.gather(*map(one, range(load.clients))) for took in one]
    client.close()
    return found


async def changed(deployer: ModelDeployer, url: str, load: Load, after: float) -> list[Took]:
    """As `run` through the gateway, with a promotion after `after` seconds and a rollback after twice that."""

    async def change() -> None:
        await asyncio.sleep(after)
        backend = deployer.deployments().roles["builder"].history[0].backend
        assert backend is not None
        second = Backend(base_url=backend.base_url, model="second")
        await asyncio.to_thread(deployer.deploy_model, "second", "stub", "builder", {}, force=True, backend=second)
        await asyncio.sleep(after)
        await asyncio.to_thread(deployer.rollback, "builder")

    changing = asyncio.create_task(change())
    found = await run(url, "builder", load)
    await changing
    return found


def main() -> int:
    """Prints the table; 1 when a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.05)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    words = [sys.executable, str(HERE / "gateway_stub.py"), "--tokens", str(given.tokens), "--pause", str(given.pause)]
    with tempfile.TemporaryDirectory(prefix="voxel-gateway-") as folder:
        stub = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert stub.stdout is not None
        direct_url = f"http://127.0.0.1:{int(stub.stdout.readline())}/v1"
        deployer = ModelDeployer(folder, env_file=Path(folder, ".env"))
        backend = Backend(base_url=direct_url, model="first")
        deployer.deploy_model("first", "stub", "builder", {}, force=True, backend=backend)
        serving = subprocess.Popen(
            [sys.executable, "-m", "voxel", "deploy", "serve", "--port", "0", "--data-dir", folder, "--no-failures"],
            stderr=subprocess.PIPE, text=True, cwd=folder,
        )  # fmt: skip
        assert serving.stderr is not None
        url = serving.stderr.readline().split(" at ")[1].split()[0]
        try:
            answer_s = given.tokens * given.pause
            warm = Load(given.clients, 1, given.tokens, answer_s)
            uvloop.run(run(direct_url, "first", warm))
            uvloop.run(run(url, "builder", warm))
            status = 0
            for spread in (answer_s, answer_s / 4):
                load = warm._replace(rounds=given.rounds, spread=spread)
                print(f"\n{given.clients} clients that begin within {spread:.2f} s; an answer takes {answer_s:.2f} s")
                direct: list[Took] = []
                through: list[Took] = []
                pids = {"gateway": serving.pid, "stub models": stub.pid, "clients": os.getpid()}
                used = {name: -processor_s(pid) for name, pid in pids.items()}
                for _ in range(given.repeats):
                    direct += uvloop.run(run(direct_url, "first", load))
                    through += uvloop.run(changed(deployer, url, load, given.rounds * answer_s / 3))
                for name, pid in pids.items():
                    used[name] += processor_s(pid)
                status |= told(direct, through)
                # models and clients also had the direct answers
                share = {"gateway": len(through), "stub models": 2 * len(through), "clients": 2 * len(through)}
                each = ", ".join(f"{name} {1000 * used[name] / share[name]:.2f}" for name in pids)
                print(f"processor time in ms an answer of {given.tokens} tokens: {each}")
        finally:
            serving.terminate()
            stub.terminate()
            serving.wait(60)
            stub.wait(60)
    return status


def processor_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(direct: list[Took], through: list[Took]) -> int:
    """Prints both sides; 1 when an answer is lost or a bar is missed."""
    print(f"{len(direct)} answers a side, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("                     direct             gateway            difference")
    print("                     median    p99      median    p99      median    p99      (ms)")
    missed = False
    for name in ("first", "end"):
        one = sorted(1000 * getattr(took, name) for took in direct)
        two = sorted(1000 * getattr(took, name) for took in through)
        middle = statistics.median(two) - statistics.median(one)
        tail = two[int(0.99 * len(two))] - one[int(0.99 * len(one))]
        missed |= middle >= 10 or tail >= 50
        print(
            f"{'first token' if name == 'first' else 'whole answer':<18}{statistics.median(one):9.1f}"
            f"{one[int(0.99 * len(one))]:9.1f}{statistics.median(two):10.1f}{two[int(0.99 * len(two))]:9.1f}"
            f"{middle:+10.1f}{tail:+9.1f}"
        )
    lost = [sum(not took.whole for took in side) for side in (direct, through)]
    second = sum(took.said == "second" for took in through)
    print(f"lost: {lost[0]} direct, {lost[1]} through the gateway; {second} answers came from the promoted model")
    for took in [one for one in through if not one.whole][:3]:
        print(f"  {took.said}")
    return int(missed or any(lost) or not second)


if __name__ == "__main__":
    raise SystemExit(main())
