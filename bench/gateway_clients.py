"""What reading streams costs with httpx, aiohttp and the gateway's own client: `bench/gateway_clients.py`.

The same streams of a stub model, read by as many tasks at once. Prints processor time of this process for each client,
which other load hardly changes, and how many times that of the gateway's own it is.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import httpx
import msgspec
import uvloop

from voxel.training.deployment.upstream import Upstream

TOKENS = 20
BODY = {"model": "first", "stream": True, "messages": [{"role": "user", "content": "a cube"}]}


async def with_httpx(url: str, clients: int) -> None:
    """All streams at once with httpx."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=120) as client:

        async def one() -> None:
            async with client.stream("POST", url, json=BODY) as response:
                async for _ in response.aiter_raw():
                    pass

        await asyncio.gather(*(one() for _ in range(clients)))


async def with_aiohttp(url: str, clients: int) -> None:
    """All streams at once with aiohttp."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as session:

        async def one() -> None:
            async with session.post(url, json=BODY) as response:
                while await response.content.readany():
                    pass

        await asyncio.gather(*(one() for _ in range(clients)))


async def with_ours(url: str, clients: int) -> None:
    """All streams at once with what the gateway asks models with."""
    client = Upstream()

    async def one() -> None:
        connection = await client.post(url, {"content-type": "application/json"}, msgspec.json.encode(BODY))
        while await connection.some():
            pass
        connection.done()

    await asyncio.gather(*(one() for _ in range(clients)))
    client.close()


CLIENTS = {"httpx": with_httpx, "aiohttp": with_aiohttp, "own": with_ours}


def main() -> None:
    """Prints each and its ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    words = [sys.executable, str(Path(__file__).parent / "gateway_stub.py"), "--tokens", str(TOKENS), "--pause", "0.05"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as stub:
        assert stub.stdout is not None
        url = f"http://127.0.0.1:{int(stub.stdout.readline())}/v1/chat/completions"
        took = dict.fromkeys(CLIENTS, 0.0)
        for _ in range(given.repeats):
            for name, read in CLIENTS.items():
                begun = time.process_time()
                uvloop.run(read(url, given.clients))
                took[name] += time.process_time() - begun
        stub.terminate()
    for name, seconds in took.items():
        each = 1000 * seconds / given.repeats / given.clients
        print(f"{name:8} {each:6.2f} ms of processor time a stream of {TOKENS} tokens  {seconds / took['own']:5.2f}")


if __name__ == "__main__":
    main()
