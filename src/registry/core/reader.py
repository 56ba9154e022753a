"""Reads of one register: which versions a caller is shown, and the bytes to answer with."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection

from registry.core.access_log import render
from registry.core.register import Register
from registry.core.sealing import Sealer
from registry.core.valid_time_reads import item_on, page_on, render_on
from registry.core.view import Seen, View, Wanted


@dataclass(frozen=True, slots=True)
class Shown:
    """Versions about to be shown, the bytes of each, and the watermark that they are of."""

    seen: list[Seen]
    bodies: list[bytes]
    watermark: int

    @property
    def one(self) -> Seen:
        """The version, where there is one."""
        (seen,) = self.seen
        return seen


@dataclass(frozen=True, slots=True)
class Reader:
    """One register, as one caller may see it, read on one connection. Out of scope is NotFound."""

    connection: Connection
    view: View
    sealer: Sealer
    register: Register

    def item(self, entry_id: str, on: dt.date | None = None) -> Shown:
        """The version that stands; with `on`, the entry as it was on that day by the domain's own dates."""
        if on is None:
            return self._one(self.view.item(self.connection, self.register, entry_id))
        found = item_on(self.connection, self.view, self.register, entry_id, on)
        return Shown([found.seen], [render_on(self.sealer, self.view.who, self.register, found)], found.seen.watermark)

    def version(self, entry_id: str, number: int, *, recorded: bool = False) -> Shown:
        """One version, by its number; `recorded`: as it was stored, not in today's schema version."""
        seen = self.view.version(self.connection, self.register, entry_id, number)
        return self._one(replace(seen, document=seen.stored) if recorded else seen)

    def versions(self, entry_id: str, limit: int, after: int) -> Shown:
        """Up to `limit` versions past number `after`, first to last."""
        seen = self.view.versions(self.connection, self.register, entry_id, limit, after)
        return self._many(seen, seen[0].watermark if seen else self.view.as_of or 0)

    def page(self, wanted: Wanted, where: Sequence[ColumnElement[bool]] = (), on: dt.date | None = None) -> Shown:
        """The entries that match, last change first; with `on`, those that were there on that day, as they were."""
        if on is None:
            return self._many(*self.view.page(self.connection, self.register, wanted, where))
        found, watermark = page_on(self.connection, self.view, self.register, wanted, where, on)
        bodies = [render_on(self.sealer, self.view.who, self.register, each) for each in found]
        return Shown([each.seen for each in found], bodies, watermark)

    def _one(self, seen: Seen) -> Shown:
        return self._many([seen], seen.watermark)

    def _many(self, seen: list[Seen], watermark: int) -> Shown:
        return Shown(seen, [render(self.sealer, self.view.who, self.register, each) for each in seen], watermark)
