"""One attempt: a signed POST to an address that was checked, and to no other."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.ledger.clock import Clock, wall_clock
from registry.outbox.webhooks.backoff import parse_retry_after
from registry.outbox.webhooks.queue import DeliveryResult
from registry.outbox.webhooks.targets import (
    Allowed,
    BadTarget,
    Resolver,
    addresses_of,
    parse_target,
    system_resolver,
    unresolvable,
)

if TYPE_CHECKING:
    from registry.outbox.webhooks.wire import Wire

TIMEOUT = 15.0
"""Seconds for one attempt in all: name, connection, answer."""


@dataclass(slots=True)
class Sender:
    """Makes attempts at deliveries. Made when the server starts, closed when it stops."""

    allowed: Allowed
    resolver: Resolver = system_resolver
    clock: Clock = wall_clock
    timeout: float = TIMEOUT
    _wire: "Wire | None" = None

    async def check(self, url: str) -> None:
        """Raise BadTarget for a URL that nothing may be sent to."""
        target = parse_target(url)
        try:
            async with asyncio.timeout(self.timeout):
                await addresses_of(target, self.allowed, self.resolver)
        except TimeoutError:
            raise unresolvable() from None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> DeliveryResult:
        """POST; whatever happens is a result, a failure one with its kind."""
        wire = await self._connected()
        begun = time.monotonic()
        status, fault, retry_after = None, None, None
        try:
            async with asyncio.timeout(self.timeout):
                target = parse_target(url)
                found = await addresses_of(target, self.allowed, self.resolver)
                status, fault, text = await wire.post(target, found, headers, body)
                retry_after = parse_retry_after(text, self.clock()) if status in {429, 503} else None
        except BadTarget as refused:
            fault = refused.code
        except TimeoutError:
            fault = "timeout"
        except (OSError, ValueError):
            fault = "protocol"
        return DeliveryResult(status, fault, round((time.monotonic() - begun) * 1000), retry_after)

    async def _connected(self) -> "Wire":
        """The client. With the first delivery it is loaded, in a thread: it takes longer than all else that a server's start does."""
        if self._wire is None:
            await asyncio.to_thread(_load)
        return self._made()

    def _made(self) -> "Wire":
        if self._wire is None:
            self._wire = _load()(TIMEOUT)
        return self._wire

    async def close(self) -> None:
        if self._wire is not None:
            await self._wire.close()


def _load() -> "type[Wire]":
    from registry.outbox.webhooks import wire

    wire.tls()
    return wire.Wire
