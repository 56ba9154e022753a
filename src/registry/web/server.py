"""The HTTP server, told to end its streams as soon as it is told to stop: it waits for open requests before anything else."""

import asyncio
import gc
import socket
from types import FrameType
from typing import Any

import uvicorn
from litestar import Litestar

STALLED = 60_000
"""Milliseconds after which a client that takes nothing of what it is sent is cut off."""
STARTUP_FAILED = 3
"""The exit status of a server that did not start, as uvicorn's own."""


def listener(host: str, port: int) -> socket.socket:
    """A socket to listen on. Its connections are cut off by the system where the client has stalled (Linux); else nobody would
    notice before the client goes away. Raises OSError.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


class ApiServer(uvicorn.Server):
    """Ends streams and long polls at the first signal."""

    def __init__(self, app: Litestar, **settings: Any) -> None:  # noqa: ANN401 - uvicorn's own settings
        super().__init__(uvicorn.Config(app, **settings))
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """What was made by the start stays; to look through it again and again for garbage would hold up long answers."""
        await super().startup(sockets)
        gc.freeze()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        context = self._app.state.get("context")
        if context is not None:
            # A signal comes in the middle of anything: the loop wakes them when it next turns.
            asyncio.get_running_loop().call_soon_threadsafe(context.wakeups.close)
        super().handle_exit(sig, frame)
