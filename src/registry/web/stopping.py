"""The HTTP server, told to end its streams as soon as it is told to stop: it waits for open requests before anything else."""

import asyncio
from types import FrameType
from typing import Any

import uvicorn
from litestar import Litestar

STARTUP_FAILED = 3
"""The exit status of a server that did not start, as uvicorn's own."""


class StoppingServer(uvicorn.Server):
    """Rings the closing bell at the first signal."""

    def __init__(self, app: Litestar, **settings: Any) -> None:  # noqa: ANN401 - uvicorn's own settings
        super().__init__(uvicorn.Config(app, **settings))
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        context = self._app.state.get("context")
        if context is not None:
            # A signal comes in the middle of anything: the loop rings when it next turns.
            asyncio.get_running_loop().call_soon_threadsafe(context.bells.close)
        super().handle_exit(sig, frame)
