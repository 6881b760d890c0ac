"""The page as a server of this machine alone."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable

import uvicorn

from voxel.errors import SetupError
from voxel.stages import DataDir
from voxel.ui.app import application

TOKEN_BYTES = 24


def serve(data: DataDir, *, port: int, told: Callable[[str, str], None]) -> None:
    """Serves the page over `data` at `port` of 127.0.0.1 (0: any free one) until it is interrupted.

    `told` is called with the address and with the address that unlocks changing things, once the page can be asked
    for. SetupError when the port is taken.
    """
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise SetupError(f"port {port} cannot be used ({why}); take another with --port N") from error
    with listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        app = application(data, port=port, token=token)
        config = uvicorn.Config(app, log_level="error", access_log=False, server_header=False, date_header=False)
        told(f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/?token={token}")
        uvicorn.Server(config).run(sockets=[listening])
