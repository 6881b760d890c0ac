"""The gateway on a port, until it is told to end."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable

import uvicorn

from voxel.errors import SetupError
from voxel.training.deployment.gateway import Gateway, application

BACKLOG = 2048
KEEP_S = 75
"""An idle connection stays open so long; clients should be the first to close theirs."""
END_S = 30
"""Answers that are on their way may take so long to end after Ctrl-C."""


def listen(gateway: Gateway, host: str, port: int, told: Callable[[str], None]) -> None:
    """Serves until Ctrl-C or SIGTERM; `told` hears the address first. SetupError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)  # from here on nobody is refused, though the first answers wait for the loop below
    except OSError as error:
        listening.close()
        raise SetupError(f"cannot listen on {host}:{port}: {error.strerror}; take another --port") from error
    config = uvicorn.Config(
        application(gateway),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_S,
        timeout_graceful_shutdown=END_S,
    )
    # what has been imported stays: without this, each full collection looks at all of it while every stream waits
    gc.collect()
    gc.freeze()
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    told(f"http://{shown}:{listening.getsockname()[1]}/v1")
    uvicorn.Server(config).run(sockets=[listening])
