"""Random histories in a transaction that is rolled back: the real services and the real reads, no HTTP, nothing left behind."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection

from registry.core.access_log import render
from registry.core.principals import Principal, Purpose, Role
from registry.core.register import Register
from registry.core.schemas import Change, Reason, ReasonCode
from registry.core.sealing import Sealer
from registry.core.unit_of_work import Tx
from registry.core.use_cases import outcome
from registry.core.valid_time_reads import item_on, page_on, render_on
from registry.core.view import View, Wanted
from registry.core.watermarks import head_of
from registry.db.database import open_database
from registry.errors import NotFound, RegistryError
from registry.ledger.batch import Batch, WriteOutcome
from registry.ledger.clock import BEIJING, microseconds
from registry.ledger.committer import commit
from registry.ledger.ids import new_id
from registry.settings import Settings
from tests.conftest import BAISHA, COUNTY, KELU, RULEBOOK

Document = dict[str, Any]
START = dt.date(2040, 1, 1)
"""The day of the first write; the ledger's clock never goes back, so it lies after every run of these tests."""
WHY = Reason(code=ReasonCode.WRONG_ENTRY, text="误录(示范)")
WHO = {
    name: Principal(new_id(), COUNTY, name, role, (code,), None, None, Purpose.VISIT)
    for name, role, code in [
        ("clerk", Role.CLERK, KELU),
        ("neighbour", Role.CLERK, BAISHA),
        ("supervisor", Role.SUPERVISOR, COUNTY),
        ("auditor", Role.AUDITOR, COUNTY),
    ]
}


class Undo(Exception):
    """Rolls an example back."""


@contextmanager
def undone(settings: Settings) -> Iterator[Callable[[Callable[[Connection], None]], None]]:
    """Runs functions of a connection to the test's database, each in a transaction that is rolled back."""
    with asyncio.Runner() as runner:
        database = open_database(settings.database)

        def run(work: Callable[[Connection], None]) -> None:
            def example(connection: Connection) -> None:
                work(connection)
                raise Undo

            with suppress(Undo):
                runner.run(database.write(example))

        try:
            yield run
        finally:
            runner.run(database.close())


def day(offset: int) -> str:
    """A day, counted from the first write."""
    return (START + dt.timedelta(days=offset)).isoformat()


@dataclass
class History:
    """A book that is being written: a write every third day, by the county."""

    connection: Connection
    sealer: Sealer
    today: int = 0
    marks: list[int] = field(default_factory=list)

    def write(self, service: Callable[[Tx], Any]) -> bool:
        """Whether the service wrote; a refusal leaves everything as it was. Every write has a watermark of its own."""

        def work(batch: Batch) -> WriteOutcome:
            tx = Tx(batch, WHO["supervisor"], self.sealer, RULEBOOK)
            return outcome(tx, service(tx))

        self.today += 3
        noon = dt.datetime.combine(START + dt.timedelta(days=self.today), dt.time(12), BEIJING)
        (result,) = commit(self.connection, COUNTY, [work], lambda: microseconds(noon))
        if isinstance(result, Exception) and not isinstance(result, RegistryError):
            raise result
        self.marks.append(head_of(self.connection, COUNTY))
        return not isinstance(result, Exception)

    def plain(self, register: Register, watermark: int, who: str) -> list[Document]:
        """The list at a watermark, by the path that knows no days."""
        view = View(WHO[who], watermark)
        seen, _ = view.page(self.connection, register, Wanted(200, voided=True))
        return [msgspec.json.decode(render(self.sealer, WHO[who], register, each)) for each in seen]

    def item(self, register: Register, watermark: int, who: str, entry_id: str, on: str) -> Document | None:
        """One entry on a day; None where it is not found."""
        view = View(WHO[who], watermark)
        try:
            found = item_on(self.connection, view, register, entry_id, dt.date.fromisoformat(on))
        except NotFound:
            return None
        shown: Document = msgspec.json.decode(render_on(self.sealer, WHO[who], register, found))
        return shown

    def listed(
        self, register: Register, watermark: int, who: str, on: str, where: Sequence[ColumnElement[bool]] = (),
        limit: int = 200, *, voided: bool = False,
    ) -> list[Document]:  # fmt: skip
        """The list on a day, read in pages of `limit`."""
        view, found = View(WHO[who], watermark), []
        wanted = Wanted(limit, voided=voided)
        while True:
            page, _ = page_on(self.connection, view, register, wanted, where, dt.date.fromisoformat(on))
            found += [render_on(self.sealer, WHO[who], register, each) for each in page]
            if len(page) < limit:
                return [msgspec.json.decode(each) for each in found]
            wanted = replace(wanted, before=page[-1].seen.position)


def change(**patch: Any) -> Change:
    """A change of whichever version stands."""
    return Change(patch, None)


def correction(**patch: Any) -> Change:
    """The same, because the record was wrong."""
    return Change(patch, None, WHY)
