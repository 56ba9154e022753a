"""The HTTP of a delivery: a POST to addresses that were checked. Imported before the first one: a server's start does without httpx."""

import ssl
from collections.abc import Mapping
from functools import cache

import httpx

from registry.outbox.webhooks.targets import Address, Target

CONNECTING = 4.0
"""Seconds for the connection to one address: a name may have another that answers."""
MOST_BYTES = 64 * 1024
"""Read of an answer; what comes after it is not waited for."""
HEADERS = {
    "Content-Type": "application/cloudevents+json",
    "User-Agent": "registry-webhooks",
    "Accept-Encoding": "identity",
}


@cache
def tls() -> ssl.SSLContext:
    """The system's certificates, read once: it takes longer than all else that a server does when it starts."""
    return ssl.create_default_context()


class Wire:
    """Keeps no connection: the next attempt checks its address anew, and two names at one address share no TLS session."""

    def __init__(self, timeout: float) -> None:
        self._client = httpx.AsyncClient(
            verify=tls(),
            trust_env=False,
            follow_redirects=False,
            http2=False,
            timeout=httpx.Timeout(timeout, connect=CONNECTING),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def post(
        self, target: Target, addresses: list[Address], headers: Mapping[str, str], body: bytes
    ) -> tuple[int | None, str | None, str | None]:
        """To the first address that takes the connection. Returns the answer's status or the kind of what went wrong, and how long
        the answer asks to wait.
        """
        try:
            status, retry_after = await self._post(target, addresses, headers, body)
        except (TimeoutError, httpx.TimeoutException):
            return None, "timeout", None
        except httpx.ConnectError as failure:
            text = str(failure)
            return None, "tls" if "SSL" in text or "certificate" in text.lower() else "connect", None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
            return None, "protocol", None
        return status, None, retry_after

    async def _post(
        self, target: Target, addresses: list[Address], headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None]:
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
