"""Where a webhook may be sent, and that the address that was checked is the one connected to."""

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.outbox.webhooks.delivery import Sender
from registry.outbox.webhooks.targets import (
    Allowed,
    BadTarget,
    Resolver,
    addresses_of,
    is_denied,
    parse_allowed,
    parse_target,
    system_resolver,
)
from tests.outbox.webhooks.receiver import Receiver

NOTHING = Allowed()

ODD = [
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/",
    "https://017700000001/", "https://127.0.0.1./", "https://example.com./", "https://user@example.com/",
    "https://user:pw@example.com/", "https://example.com@127.0.0.1/", "https://example.com:0/", "https://example.com:65536/",
    "https://example.com:/", "https://example.com:x/", "https:///path", "https://", "https:example.com", "//example.com/",
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "https://exa mple.com/", "https://example.com/#x",
    "https://example.com\\@127.0.0.1/", "https://例子.example/", "https://①②⑦.⓪.⓪.①/", "https://[::1/",
    "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://ex..ample/", "https://-a.example/", "https://a/\r\nHost:b",
    "https://" + "a." * 130 + "example/", "https://[v1.x]/", "https://1.2.3/", "https://256.1.1.1/", "https://1.2.3.4.5/",
]  # fmt: skip
DENIED = [
    "0.0.0.1", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a00:1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2001:10::1", "2002:7f00:1::", "2002:a00:1::1",
    "2002:c0a8:101::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]  # fmt: skip


def fixed(*addresses: str) -> Resolver:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


def found(url: str, *addresses: str, allowed: Allowed = NOTHING) -> list[str]:
    return [str(each) for each in asyncio.run(addresses_of(parse_target(url), allowed, fixed(*addresses)))]


@pytest.mark.parametrize("url", ODD)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(BadTarget, match="https URL"):
        parse_target(url)


@pytest.mark.parametrize("address", DENIED)
def test_what_is_not_public_is_refused_by_address_and_by_name(address: str) -> None:
    written = f"[{address}]" if ":" in address else address
    for url, addresses in ((f"https://{written}/", [address]), ("https://a.example/", ["1.1.1.1", address])):
        with pytest.raises(BadTarget) as refused:
            found(url, *addresses)
        assert refused.value.code == "forbidden_target"


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_reached(address: str) -> None:
    assert found("https://a.example/", address) == [str(ip_address(address))]


@given(st.ip_addresses(v=4))
def test_an_address_is_denied_in_all_its_ipv6_forms(address: object) -> None:
    plain = ip_address(str(address))
    number = int(plain)
    for form in (f"::ffff:{plain}", f"64:ff9b::{plain}", f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1"):
        assert is_denied(ip_address(form)) == is_denied(plain)


def test_a_name_that_does_not_resolve_is_refused() -> None:
    with pytest.raises(BadTarget) as refused:
        found("https://a.example/")
    assert refused.value.code == "unresolvable"


def test_a_name_server_that_does_not_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the question nor the end of the loop, which waits for the threads of its own executor."""
    answers = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(30) and [])

    async def ask() -> str:
        sender = Sender(NOTHING, timeout=0.05)
        try:
            await sender.check("https://slow.example/")
        except BadTarget as refused:
            return refused.code
        finally:
            await sender.close()
        return ""

    begun = time.monotonic()
    assert asyncio.run(ask()) == "unresolvable"
    assert time.monotonic() - begun < 10
    answers.set()


def test_the_machines_own_resolver() -> None:
    assert "127.0.0.1" in asyncio.run(system_resolver("127.0.0.1", 80))
    with pytest.raises(OSError):  # noqa: PT011 - its text is the machine's
        asyncio.run(system_resolver("nowhere.invalid", 80))


def test_http_only_to_what_the_setting_lists() -> None:
    with pytest.raises(BadTarget) as refused:
        found("http://a.example/", "1.1.1.1")
    assert refused.value.code == "https_needed"
    assert found("http://a.example/", "1.1.1.1", allowed=parse_allowed(" A.example, ")) == ["1.1.1.1"]
    inside = parse_allowed("10.1.0.0/16, fd00::/8")
    assert found("http://a.example/", "10.1.2.3", "fd00::1", allowed=inside) == ["10.1.2.3", "fd00::1"]
    with pytest.raises(BadTarget):
        found("http://a.example/", "10.1.2.3", "10.2.0.1", allowed=inside)


def test_the_parts_of_a_target() -> None:
    target = parse_target("https://Bot.Example:8443/hook?x=1")
    assert (target.host, target.authority, target.path) == ("bot.example", "bot.example:8443", "/hook?x=1")
    assert target.at(ip_address("2606:4700::1")) == "https://[2606:4700::1]:8443/hook?x=1"
    assert parse_target("https://bot.example").authority == "bot.example"


def test_the_checked_address_is_the_one_connected_to() -> None:
    """A resolver that changes its answer after the check (DNS rebinding) is never asked a second time."""
    asked = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async def send(port: int) -> object:
        sender = Sender(parse_allowed("127.0.0.1/32"), rebinding)
        try:
            first = await sender.send(f"http://bot.example:{port}/hook", {}, b"{}")
            return first, await sender.send(f"http://bot.example:{port}/hook", {}, b"{}")
        finally:
            await sender.close()

    with Receiver() as receiver:
        first, second = asyncio.run(send(receiver.port))
    assert (first.status, asked) == (204, ["bot.example", "bot.example"])
    assert [(each.headers["host"], each.path) for each in receiver.received] == [
        (f"bot.example:{receiver.port}", "/hook")
    ]
    assert (second.status, second.fault) == (None, "forbidden_target")


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(port: int) -> object:
        sender = Sender(parse_allowed("127.0.0.1"))
        try:
            return await sender.send(f"http://127.0.0.1:{port}/", {}, b"{}")
        finally:
            await sender.close()

    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with Receiver() as receiver:
        assert asyncio.run(send(receiver.port)).status == 204
