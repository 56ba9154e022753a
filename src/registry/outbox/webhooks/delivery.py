"""One attempt: a signed POST to an address that was checked, and to no other."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import httpx

from registry.ledger.clock import Clock, wall_clock
from registry.outbox.webhooks.backoff import parse_retry_after
from registry.outbox.webhooks.queue import DeliveryResult
from registry.outbox.webhooks.targets import (
    Address,
    Allowed,
    BadTarget,
    Resolver,
    Target,
    addresses_of,
    parse_target,
    system_resolver,
    unresolvable,
)

TIMEOUT = 15.0
"""Seconds for one attempt in all: name, connection, answer."""
CONNECTING = 4.0
"""Of it, for the connection to one address: a name may have another that answers."""
MOST_BYTES = 64 * 1024
"""Read of an answer; what comes after it is not waited for."""
HEADERS = {
    "Content-Type": "application/cloudevents+json",
    "User-Agent": "registry-webhooks",
    "Accept-Encoding": "identity",
}


@cache
def _tls() -> ssl.SSLContext:
    """The system's certificates, read once: it takes longer than all else that a server does when it starts."""
    return ssl.create_default_context()


def _client() -> httpx.AsyncClient:
    # No connection is kept: the next attempt checks its address anew, and two names at one address share no TLS session.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    timeout = httpx.Timeout(TIMEOUT, connect=CONNECTING)
    return httpx.AsyncClient(
        verify=_tls(), trust_env=False, follow_redirects=False, http2=False, timeout=timeout, limits=limits
    )


@dataclass(slots=True)
class Sender:
    """Makes attempts at deliveries. Made when the server starts, closed when it stops."""

    allowed: Allowed
    resolver: Resolver = system_resolver
    clock: Clock = wall_clock
    timeout: float = TIMEOUT
    _client: httpx.AsyncClient = field(default_factory=_client)

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
        begun = time.monotonic()
        status, fault, retry_after = None, None, None
        try:
            async with asyncio.timeout(self.timeout):
                target = parse_target(url)
                found = await addresses_of(target, self.allowed, self.resolver)
                status, text = await self._post(target, found, headers, body)
                retry_after = parse_retry_after(text, self.clock()) if status in {429, 503} else None
        except BadTarget as refused:
            fault = refused.code
        except (TimeoutError, httpx.TimeoutException):
            fault = "timeout"
        except httpx.ConnectError as failure:
            fault = "tls" if "SSL" in str(failure) or "certificate" in str(failure).lower() else "connect"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
            fault = "protocol"
        return DeliveryResult(status, fault, round((time.monotonic() - begun) * 1000), retry_after)

    async def _post(
        self, target: Target, addresses: list[Address], headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None]:
        """To the first address that takes the connection."""
        for address in addresses[:-1]:
            try:
                return await self._post_to(target, address, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._post_to(target, addresses[-1], headers, body)

    async def _post_to(
        self, target: Target, address: Address, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None]:
        sent = {**HEADERS, **headers, "Host": target.authority}
        # The certificate is checked against the name, though the connection goes to the address.
        named = {"sni_hostname": target.host}
        async with self._client.stream(
            "POST", target.at(address), content=body, headers=sent, extensions=named
        ) as answer:
            received = 0
            async for part in answer.aiter_raw():
                received += len(part)
                if received >= MOST_BYTES:
                    break
            return answer.status_code, answer.headers.get("retry-after")

    async def close(self) -> None:
        await self._client.aclose()
