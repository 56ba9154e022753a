"""The committer: takes the waiting writes of a book, commits them together, answers each."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.db.database import Database
from registry.db.outages import is_outage
from registry.errors import ID_TAKEN, ON_ROSTER, EntryExists, OutcomeUnknown, RegistryError, Unavailable
from registry.ledger.batch import Batch, Deferred, Work, WriteOutcome
from registry.ledger.clock import Clock, wall_clock
from registry.ledger.events import Event
from registry.tasks import end_tasks

BATCH = 64
"""At most this many writes in one transaction."""
QUEUE = 1024
"""At most this many waiting; past it, writes are answered 503 at once."""

log = logging.getLogger(__name__)

Result = WriteOutcome | Exception


def commit(
    connection: Connection, book: str, works: Sequence[Work], clock: Clock = wall_clock, replayed_at: int | None = None
) -> list[Result]:
    """Run the services one after another in the connection's transaction and write what they return, together.

    A service that refuses gets its error back and leaves no trace; `Deferred` in the result means: again in the next batch.
    """
    batch = Batch(connection, book, clock, replayed_at=replayed_at)
    results: list[Result] = []
    for work in works:
        try:
            outcome = work(batch)
        except (RegistryError, Deferred) as refusal:
            results.append(refusal)
        else:
            batch.accept(outcome)
            results.append(outcome)
    batch.flush()
    return results


def note(connection: Connection, book: str, *events: Event) -> None:
    """Record events of access in the connection's own transaction."""
    commit(connection, book, [lambda _: WriteOutcome(events=list(events))])


@dataclass(slots=True)
class _Waiting:
    work: Work
    answer: asyncio.Future[WriteOutcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, result: Result) -> None:
        if self.answer.done():  # the client went away; its write is committed all the same
            return
        if isinstance(result, WriteOutcome):
            self.answer.set_result(result)
        else:
            self.answer.set_exception(result)


class Committer:
    """The one writer of a book in this process. While one batch commits, the next gathers (group commit)."""

    def __init__(self, database: Database, book: str, clock: Clock = wall_clock) -> None:
        self._database = database
        self._book = book
        self._clock = clock
        self._committing = False
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(QUEUE)
        self._task = asyncio.create_task(self._run(), name=f"committer-{book}")

    async def submit(self, work: Work) -> WriteOutcome:
        """Wait until the write is committed. Raises what its service raised, or Unavailable: then nothing was
        written; or OutcomeUnknown, where the database broke off while it committed.
        """
        waiting = _Waiting(work)
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Unavailable from None
        return await waiting.answer

    async def close(self) -> None:
        """Commit what waits, then stop."""
        await self._queue.join()
        await end_tasks([self._task])

    async def _run(self) -> None:
        deferred: list[_Waiting] = []
        while True:
            batch = deferred or [await self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            deferred = await self._commit(batch)
            for _ in range(len(batch) - len(deferred)):
                self._queue.task_done()

    async def _commit(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Commit a batch, answer its writes; the deferred ones come back, for the next."""
        try:
            results = await self._transact(batch)
        except Exception as failure:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            # A unique rule, or a service that broke: again one by one, so that only the guilty one fails.
            if len(batch) > 1 and not is_outage(failure):
                return [late for waiting in batch for late in await self._commit([waiting])]
            results = [self._explain(failure)] * len(batch)
        deferred = []
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Deferred):
                deferred.append(waiting)
            else:
                waiting.settle(result)
        return deferred

    async def _transact(self, batch: list[_Waiting]) -> list[Result]:
        self._committing = False
        return await self._database.write(lambda connection: self._run_services(connection, batch))

    def _run_services(self, connection: Connection, batch: list[_Waiting]) -> list[Result]:
        results = commit(connection, self._book, [waiting.work for waiting in batch], self._clock)
        self._committing = True  # all that is left is COMMIT itself
        return results

    def _explain(self, failure: Exception) -> Exception:
        """What a write that failed is told: whether it is certain that nothing was written."""
        if isinstance(failure, IntegrityError):
            return EntryExists(faults=[ON_ROSTER if "identity" in str(failure.orig) else ID_TAKEN])
        if is_outage(failure):
            log.error("a batch failed", exc_info=failure)
            return OutcomeUnknown() if self._committing else Unavailable()
        return failure
