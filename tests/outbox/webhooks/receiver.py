"""A receiver of webhooks on loopback: real HTTP, answers as it is told, keeps what it received."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Received:
    """One delivery, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """Answers with what `reply` says, 204 unless told otherwise."""

    reply: Callable[[Received], Reply] = lambda _received: (204, {}, b"")
    received: list[Received] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the sender was killed
                got = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body, 0)
                got.status, headers, text = receiver.reply(got)
                try:
                    self.send_response(got.status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    got.status = 0  # it went away
                with receiver._more:
                    receiver.received.append(got)
                    receiver._more.notify_all()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def good(self) -> list[dict[str, Any]]:
        """The events that were acknowledged, in the order of their acknowledgement."""
        return [each.event for each in list(self.received) if 200 <= each.status < 300]

    def wait(self, until: Callable[[], bool], seconds: float = 20) -> None:
        """Until the condition holds, looked at after each delivery and now and then."""
        ends = time.monotonic() + seconds
        with self._more:
            while not until():
                assert time.monotonic() < ends, [(each.status, each.event.get("id")) for each in self.received][-20:]
                self._more.wait(0.02)
