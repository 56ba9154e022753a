"""Refused requests in the access log: alike ones as one event, so that nobody can fill the log by being refused."""

from collections import Counter

from registry.core.access_log import noting
from registry.ledger.events import Event, EventKind
from registry.web.context import Context, RefusedRequest

NOTE_EVERY = 1.0
"""Seconds between records."""


async def note_refusals(context: Context) -> None:
    """Record the requests that were refused since the last time. What could not be recorded is kept for the next."""
    refused, context.refusals = context.refusals, Counter()
    try:
        for book in {who.book for who, *_ in refused}:
            events = [_refusal(each, times) for each, times in refused.items() if each[0].book == book]
            await context.write(book, noting(*events))
    except Exception:
        context.refusals += refused
        raise


def _refusal(refused: RefusedRequest, times: int) -> Event:
    who, method, path, code = refused
    details: dict[str, object] = {"method": method, "path": path, "code": code, "times": times}
    return Event(EventKind.REFUSAL, who.actor, details)
