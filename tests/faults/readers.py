"""The readers: clients that ask at random and note what they were shown in plain, judged by the answers alone."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import count, cycle
from random import Random
from typing import Any, NamedTuple

from registry.app import REGISTERS
from registry.core.fields import ERASED, MASK, personal_paths, personal_values
from tests.faults.crash import CUT, START_SECONDS, Answer, connected

CHANGED = 2
"""Entries of each register that the readers change, so that they collide."""
PHONES = 40
PURPOSES = (None, "visit", "supervision", "emergency")
SHAPES = {register.name: register.entry for register in REGISTERS}
NOTES = {
    "patients": "note",
    "visits": "findings",
    "disputes": "summary",
    "mediation-sessions": "note",
    "gatherings": "note",
}
"""The registers that are read, and the field of each that is changed."""
CASE_PARTS = {"dispute": "disputes"} | {
    name.replace("-", "_"): name for name in ("proceedings", "mediation-sessions", "agreements", "return-visits")
}
URLS = {
    "item": "/v1/{register}/{entry}",
    "list": "/v1/{register}?limit=50",
    "versions": "/v1/{register}/{entry}/versions",
    "version": "/v1/{register}/{entry}/versions/1",
}
KINDS = (*URLS, "case", "search", "write", "item", "stale")
"""What is asked, in turn."""

Book = dict[str, list[str]]
"""The ids of what is in each register."""


class Key(NamedTuple):
    """Somebody's API key."""

    id: str
    key: str


class Ask(NamedTuple):
    """One request: what is asked, of which register, what for."""

    path: str
    """As the access log names it; of a change that collides, the log says `conflict` instead."""
    register: str
    method: str
    url: str
    purpose: str | None
    body: object = None
    match: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        purpose = {"Purpose-Of-Use": self.purpose} if self.purpose else {}
        return purpose | ({"If-Match": self.match} if self.match else {})


class Shown(NamedTuple):
    """What one answer showed in plain of one register; and what one event of the log says that it did."""

    request_id: str
    register: str
    path: str
    purpose: str | None
    who: str
    entries: tuple[str, ...]
    cases: tuple[str, ...]


def shown_by(ask: Ask, who: str, answer: Answer) -> Iterator[Shown]:
    """What a client sees in plain in an answer, judged by the answer alone."""
    path = "conflict" if answer.status == 412 else ask.path
    for register, documents in documents_of(ask, answer):
        plain = [document for document in documents if is_plain(register, document)]
        if plain:
            entries = tuple(sorted({document["id"] for document in plain}))
            cases = tuple(sorted({case_of(document) for document in plain}))
            yield Shown(answer.headers["request-id"], register, path, ask.purpose, who, entries, cases)


def documents_of(ask: Ask, answer: Answer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The entries in an answer, by register."""
    body = answer.body
    if answer.status == 412:
        yield ask.register, [body["current"]]
    elif ask.path == "case":
        for name, register in CASE_PARTS.items():
            yield register, [body[name]] if register == "disputes" else body[name]
    else:
        yield ask.register, body.get("items", [body])


def is_plain(register: str, document: dict[str, Any]) -> bool:
    """Whether any personal field of an entry is not a mask."""
    texts = (text for path, _ in personal_paths(SHAPES[register]) for _, text in personal_values(document, path))
    return any("*" not in text and text not in {MASK, ERASED} for text in texts)


def case_of(document: dict[str, Any]) -> str:
    """The case that an entry belongs to."""
    case: str = document.get("patient_id") or document.get("dispute_id") or document["id"]
    return case


class Readers:
    """The clients: what they asked, what they saw in plain, what came back wrong."""

    def __init__(self, keys: list[Key], book: Book, size: int, chance: Random) -> None:
        self._keys = keys
        self._book = book
        self._size = size
        self._chance = chance
        self._kinds = cycle(KINDS)
        self._number = count(1)
        self.tried = 0
        self.answered: set[str] = set()
        """The Request-Ids of all answers that came whole."""
        self.shown: list[Shown] = []
        self.faults: Counter[str] = Counter()
        self._saw = asyncio.Event()

    async def read(self, port: int) -> None:
        """All readers read until the server dies."""
        await asyncio.gather(*(self._read(port, self._keys[n % len(self._keys)]) for n in range(self._size)))

    async def see(self) -> None:
        """Wait for the next answer that shows personal data."""
        self._saw.clear()
        async with asyncio.timeout(START_SECONDS):
            await self._saw.wait()

    async def _read(self, port: int, key: Key) -> None:
        with suppress(*CUT):
            async with connected(port, key.key) as wire:
                while True:
                    ask = self._next()
                    self.tried += 1
                    self._take(ask, key, await wire.send(ask.method, ask.url, ask.body, ask.headers))

    def _take(self, ask: Ask, key: Key, answer: Answer) -> None:
        """Note what an answer shows, as soon as it was read whole."""
        self.answered.add(answer.headers["request-id"])
        if answer.status != 200 and (answer.status, ask.path) != (412, "write"):
            self.faults[f"{ask.method} was answered {answer.status}: {answer.text.decode()}"] += 1
            return
        shown = list(shown_by(ask, key.id, answer))
        self.shown += shown
        if shown:
            self._saw.set()

    def _next(self) -> Ask:
        """Each kind of request in turn, of any entry, for any purpose or without one."""
        register, purpose = self._chance.choice(list(self._book)), self._chance.choice(PURPOSES)
        entry = self._chance.choice(self._book[register])
        match next(self._kinds):
            case "case":
                dispute = self._chance.choice(self._book["disputes"])
                return Ask("case", "disputes", "GET", f"/v1/disputes/{dispute}/case", purpose)
            case "search":
                return self._search(purpose)
            case "write":
                return self._change(register, purpose, "*")
            case "stale":
                return self._change(register, purpose, '"999999"')
            case path:
                return Ask(path, register, "GET", URLS[path].format(register=register, entry=entry), purpose)

    def _search(self, purpose: str | None) -> Ask:
        register = self._chance.choice(("patients", "disputes"))
        wanted = {"phone": phone(self._chance.randrange(PHONES))}
        return Ask("search", register, "POST", f"/v1/{register}/search", purpose, wanted)

    def _change(self, register: str, purpose: str | None, match: str) -> Ask:
        """A change like no other, so that it changes something; the answer shows more than was sent."""
        at = f"/v1/{register}/{self._chance.choice(self._book[register][:CHANGED])}"
        return Ask("write", register, "PATCH", at, purpose, {NOTES[register]: f"情况 {next(self._number)}"}, match)


def phone(number: int) -> str:
    """A phone of the right form."""
    return f"199000{number:05d}"
