"""What reading streams costs with httpx and with aiohttp: `bench/gateway_clients.py [--clients 200]`.

The same streams of a stub model, read by as many tasks at once. Prints processor seconds of this process for each
library, which other load hardly changes, and their ratio.
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


def main() -> None:
    """Prints both and their ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=200)
    given = parser.parse_args()
    words = [sys.executable, str(Path(__file__).parent / "gateway_stub.py"), "--tokens", "20", "--pause", "0.05"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as stub:
        assert stub.stdout is not None
        url = f"http://127.0.0.1:{int(stub.stdout.readline())}/v1/chat/completions"
        took: dict[str, float] = {"httpx": 0.0, "aiohttp": 0.0}
        for _ in range(2):
            for name, read in (("httpx", with_httpx), ("aiohttp", with_aiohttp)):
                begun = time.process_time()
                asyncio.run(read(url, given.clients))
                took[name] += time.process_time() - begun
        stub.terminate()
    for name, seconds in took.items():
        print(f"{name:8} {1000 * seconds / 2 / given.clients:6.2f} ms of processor time a stream of 20 tokens")
    print(f"ratio    {took['httpx'] / took['aiohttp']:6.2f}")


if __name__ == "__main__":
    main()
