"""A real server with the small county, pages served beside it, and a headless Chromium."""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from litestar import Litestar
from playwright.sync_api import Browser, Page, sync_playwright

from registry.settings import Settings
from tests.api import Api
from tests.conftest import Template

ROOT = Path(__file__).parent.parent.parent
SCREENSHOTS = bool(os.environ.get("REGISTRY_TEST_SCREENSHOTS"))
"""Whether to take pictures for the docs: a test run leaves the tree as it was."""
IMAGES = ROOT / "docs" / "images"
PATIENCE = 15
"""Seconds that a server may take to begin or end."""


def chromium() -> str:
    """Where Chromium is; without it the test is skipped with the reason, or fails where nothing may be skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        (pytest.fail if os.environ.get("REGISTRY_TEST_NO_SKIP") else pytest.skip)("Chromium is not installed")
    return found


@pytest.fixture(scope="module")
def browser(template: Template) -> Iterator[Browser]:
    """Playwright keeps an event loop running in this thread until it ends: the template, made by another, must be there before."""
    assert template.kind == "sqlite"  # a copy of which takes no loop
    path = chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which any error of its own fails the test."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1100, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE * 1000)
    errors: list[Any] = []
    opened.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright marks it
    yield opened
    context.close()
    assert errors == []


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def files() -> Iterator[str]:
    """The examples' folder, as `python -m http.server` serves it. Yields its origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=ROOT / "examples"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Running:
    """Where the server listens."""

    url: str
    process: uvicorn.Server

    def cut(self) -> None:
        """Break off all connections, as a network does."""
        for connection in list(self.process.server_state.connections):
            connection.loop.call_soon_threadsafe(connection.transport.abort)  # type: ignore[union-attr]


@pytest.fixture
def server(app: Litestar, settings: Settings, files: str) -> Iterator[Running]:
    """The application on the test's database."""
    with serving(app, settings, files) as running:
        yield running


@contextmanager
def serving(app: Litestar, settings: Settings, files: str) -> Iterator[Running]:
    """The application on a port, as uvicorn serves it, open to the examples' pages."""
    app.state.settings = msgspec.structs.replace(settings, allow_origins=(files,))
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=running.run)
    thread.start()
    end = time.monotonic() + PATIENCE
    while not running.started and time.monotonic() < end:
        time.sleep(0.01)
    (listening,) = running.servers[0].sockets
    yield Running(f"http://127.0.0.1:{listening.getsockname()[1]}", running)
    running.should_exit = True
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture
def there(server: Running, template: Template) -> Iterator[Api]:
    """The tests' client, of that server."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield Api(client, template.keys)


def screenshot(page: Page, name: str) -> None:
    """A picture for the docs, where they are asked for."""
    if SCREENSHOTS:
        IMAGES.mkdir(exist_ok=True)
        page.screenshot(path=IMAGES / name, full_page=True)


def stored(page: Page) -> dict[str, Any]:
    """What the page keeps in the browser."""
    kept: dict[str, Any] = json.loads(page.evaluate("JSON.stringify({...localStorage})"))
    return {name: msgspec.json.decode(value) for name, value in kept.items()}
