"""Where a webhook may be sent: public addresses over https, and what the setting REGISTRY_WEBHOOK_ALLOW lists besides.

A server that posts to any address it is told to can be used to reach what only it can reach (SSRF, CWE-918). So the name is resolved
here, every address that it has is checked, and the checked address is the one connected to: nobody resolves it a second time,
so a name that changes its answer in between (DNS rebinding) gains nothing.
"""

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a host name. Raises OSError."""

DENIED_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            # Metadata services and resolvers of clouds that stand at public addresses.
            "100.100.100.200/32", "168.63.129.16/32",
        ),
    )
)  # fmt: skip
"""IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast (RFC 5771) and reserved (RFC 1112)."""
GLOBAL_V6 = IPv6Network("2000::/3")
"""The only IPv6 block that is given out for global unicast (RFC 4291)."""
DENIED_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20", "5f00::/16")))
"""Special purposes within it (RFC 6890, RFC 9637); Teredo is within 2001::/23."""
NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
LIKE_A_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like this makes the host an IPv4 address in one of its odd spellings (WHATWG URL, "ends in a number")."""
LONGEST_HOST = 253


class BadTarget(Exception):
    """A target that is not allowed, or not there; `code` is stable, the text is for people."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en


@dataclass(frozen=True, slots=True)
class Allowed:
    """What REGISTRY_WEBHOOK_ALLOW lists: hosts by name, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def covers(self, host: str, address: Address) -> bool:
        return host in self.hosts or any(each.version == address.version and address in each for each in self.networks)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: its host as it is resolved, compared and named in the Host header and in TLS."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, address: Address) -> str:
        """The URL with the address in place of the name."""
        host = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - IPv6
        return f"{self.scheme}://{host}:{self.port}{self.path}"


PORTS = {"http": 80, "https": 443}


def parse_allowed(text: str) -> Allowed:
    """The setting, which `settings` has checked: hosts and CIDRs, separated by commas."""
    hosts, networks = set(), []
    for word in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            networks.append(ip_network(word))
        except ValueError:
            hosts.add(word)
    return Allowed(frozenset(hosts), tuple(networks))


def parse_target(url: str) -> Target:
    """A webhook's URL. Raises BadTarget for any that could be read in two ways."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad_url() from None
    if parts.scheme not in PORTS or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}#'):
        raise _bad_url()
    if "@" in parts.netloc or not parts.hostname or port == 0 or parts.netloc.endswith(":"):
        raise _bad_url()
    host = parts.hostname
    bracketed = "[" in parts.netloc
    if not (_is_ipv6(host) if bracketed else _is_name(host) or _is_ipv4(host)):
        raise _bad_url()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The machine's own resolver, each look-up in a thread that nobody waits for: a name server that does not answer holds up
    neither the loop's own threads nor the server's end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(found: list[str] | OSError | UnicodeError) -> None:
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look_up() -> None:
        found: list[str] | OSError | UnicodeError
        try:
            found = [str(at[0]) for *_, at in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as fault:
            found = fault
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    return await answer


async def addresses_of(target: Target, allowed: Allowed, resolver: Resolver = system_resolver) -> list[Address]:
    """The addresses to connect to, each checked. Raises BadTarget if there are none, or any one may not be reached."""
    try:
        texts = await resolver(target.host, target.port)
        found = list(dict.fromkeys(ip_address(text) for text in texts))
    except (OSError, ValueError):
        found = []
    if not found:
        raise unresolvable()
    for address in found:
        if allowed.covers(target.host, address):
            continue
        if is_denied(address):
            said = "目标地址是内网、本机或保留地址。", "The target's address is private, loopback or reserved."
            raise BadTarget("forbidden_target", *said)
        if target.scheme != "https":
            raise BadTarget("https_needed", "目标须为 https 地址。", "The target must be https.")
    return found


def is_denied(address: Address) -> bool:
    """Whether an address is not one of the public Internet's, or leads to one that is not."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in DENIED_V4)
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_denied(inner)
    return bool(address.scope_id) or address not in GLOBAL_V6 or any(address in network for network in DENIED_V6)


def _is_name(host: str) -> bool:
    fits = len(host) <= LONGEST_HOST and HOST.fullmatch(host) is not None
    return fits and LIKE_A_NUMBER.fullmatch(host.rpartition(".")[2]) is None


def _is_ipv4(host: str) -> bool:
    """Whether it is an address in its one usual spelling: four decimal numbers without leading zeros."""
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _is_ipv6(host: str) -> bool:
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False


def unresolvable() -> BadTarget:
    """Of a name that has no address, or whose name server does not answer in time."""
    return BadTarget("unresolvable", "无法解析该主机名。", "The host name cannot be resolved.")


def _bad_url() -> BadTarget:
    zh = "须为 https 地址，不含用户名、片段或特殊写法的主机。"
    en = "Must be an https URL without user, fragment, or a host in an unusual spelling."
    return BadTarget("url", zh, en)
