"""Webhooks over HTTP, for administrators (推送)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Controller, get, patch, post
from litestar.params import FromPath
from sqlalchemy import Connection, Row

from registry import errors
from registry.core.principals import Principal, Purpose, Role
from registry.core.queries import NoQuery
from registry.core.watermarks import watermark_text
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.clock import timestamp
from registry.ledger.versions import encode
from registry.outbox.feed.events import LEFT
from registry.outbox.webhooks import queue, service
from registry.outbox.webhooks.schemas import (
    Delivery,
    DeliveryList,
    DeliveryQuery,
    NewWebhook,
    Replay,
    Webhook,
    WebhookIn,
    WebhookList,
    WebhookSettings,
)
from registry.outbox.webhooks.subscription import NoRights, matches, read_one
from registry.outbox.webhooks.targets import BadTarget
from registry.outbox.webhooks.worker import Worker, ping
from registry.web.call import Call
from registry.web.contract import GUARDED, Contract
from registry.web.cursors import refused_cursor
from registry.web.reads import Answer, plain_json

FOUND = (*GUARDED, errors.NotFound)
CHANGED = (*FOUND, errors.Conflict)
SENT = (errors.TooLarge, errors.WrongMediaType)

LISTS = {"contract": Contract(WebhookList)}
READS = {"contract": Contract(Webhook, problems=FOUND)}
CREATES = {"contract": Contract(NewWebhook, 201, body=WebhookIn, problems=(*GUARDED, *SENT))}
PATCHES = {"contract": Contract(Webhook, body=WebhookSettings, patch=True, problems=(*CHANGED, *SENT))}
ROTATES = {"contract": Contract(NewWebhook, problems=CHANGED)}
ACTS = {"contract": Contract(Webhook, problems=CHANGED)}
REPLAYS = {"contract": Contract(Webhook, body=Replay, problems=(*CHANGED, *SENT))}
TESTS = {"contract": Contract(Delivery, problems=CHANGED)}
DELIVERIES = {"contract": Contract(DeliveryList, query=DeliveryQuery, problems=FOUND)}


class WebhookController(Controller):
    """Webhooks: the log's events, signed (Standard Webhooks), retried for three days, in order for each entry."""

    path = "/v1/webhooks"

    @get("/", operation_id="listWebhooks", opt=LISTS)
    async def list_webhooks(self, request: Call) -> Answer:
        """List the webhooks of the book."""
        who = await _administrator(request)
        items = await request.context.read(partial(_list, who))
        return plain_json(encode(WebhookList(items=items)))

    @post("/", operation_id="createWebhook", opt=CREATES)
    async def create_webhook(self, request: Call) -> Answer:
        """Make a webhook; its secret is shown this once."""
        who = await _administrator(request)
        terms = _terms(await request.sent(WebhookIn))
        _check_events(request, terms.events)
        await _check_target(request, terms.url)
        sealer = request.context.sealer
        return await _new(request, lambda connection: service.make_webhook(connection, sealer, who, terms), 201)

    @get("/{webhook_id:uuid}", operation_id="readWebhook", opt=READS)
    async def read_webhook(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Read one webhook."""
        who = await _administrator(request)
        told = await request.context.read(lambda c: _told(c, service.find_webhook(c, who, str(webhook_id))))
        return plain_json(encode(told))

    @patch("/{webhook_id:uuid}", operation_id="changeWebhook", opt=PATCHES)
    async def change_webhook(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Change where it sends, what, of which division, for what purpose; from the next attempt on."""
        who = await _administrator(request)
        changes = await request.patch(WebhookSettings)
        if "url" in changes:
            await _check_target(request, changes["url"])
        if "events" in changes:
            _check_events(request, changes["events"])
            changes["events"] = " ".join(changes["events"])
        return await _write(request, lambda c: service.change_webhook(c, who, str(webhook_id), changes))

    @post("/{webhook_id:uuid}/rotate", operation_id="rotateWebhookSecret", opt=ROTATES, status_code=200)
    async def rotate_secret(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Give it a new secret, shown this once; for 24 hours both sign."""
        who = await _administrator(request)
        sealer = request.context.sealer
        return await _new(request, lambda c: service.rotate_secret(c, sealer, who, str(webhook_id)))

    @post("/{webhook_id:uuid}/pause", operation_id="pauseWebhook", opt=ACTS, status_code=200)
    async def pause_webhook(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Pause it; what happens meanwhile is delivered when it is resumed."""
        who = await _administrator(request)
        return await _write(request, lambda c: service.end_webhook(c, who, str(webhook_id), "paused"))

    @post("/{webhook_id:uuid}/resume", operation_id="resumeWebhook", opt=ACTS, status_code=200)
    async def resume_webhook(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Go on where it stood."""
        who = await _administrator(request)
        return await _write(request, lambda c: service.resume_webhook(c, who, str(webhook_id)))

    @post("/{webhook_id:uuid}/stop", operation_id="stopWebhook", opt=ACTS, status_code=200)
    async def stop_webhook(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Stop it for good; it and its delivery log can still be read."""
        who = await _administrator(request)
        return await _write(request, lambda c: service.end_webhook(c, who, str(webhook_id), "stopped"))

    @post("/{webhook_id:uuid}/replay", operation_id="replayWebhook", opt=REPLAYS, status_code=200)
    async def replay_webhook(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Deliver again: everything from a watermark on (`after`), or one event (`event`)."""
        who = await _administrator(request)
        sent = await request.sent(Replay)
        if (sent.after is None) == (sent.event is None):
            said = "参数 after 与 event 须给出其一。", "Give one of after and event."
            raise Refused(faults=[Fault("/after", "one_of", *said)])
        return await _write(request, partial(_replay, _worker(request), who, str(webhook_id), sent))

    @post("/{webhook_id:uuid}/test", operation_id="testWebhook", opt=TESTS, status_code=200)
    async def test_webhook(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """Send a `ping` event at once, whatever waits; the answer says how that went."""
        who = await _administrator(request)
        row = await request.context.database.write(lambda c: service.open_webhook(c, who, str(webhook_id)))
        return plain_json(encode(_delivery(await ping(_worker(request), row))))

    @get("/{webhook_id:uuid}/deliveries", operation_id="listDeliveries", opt=DELIVERIES)
    async def list_deliveries(self, request: Call, webhook_id: FromPath[UUID]) -> Answer:
        """List the attempts of the last 30 days, newest first."""
        who = await _administrator(request, DeliveryQuery)
        query = request.params(DeliveryQuery)
        return plain_json(encode(await request.context.scan(partial(_deliveries, who, str(webhook_id), query))))


async def _administrator(call: Call, query: type[NoQuery | DeliveryQuery] = NoQuery) -> Principal:
    who = await call.caller()
    if who.role is not Role.ADMINISTRATOR:
        raise Forbidden
    call.params(query)
    return who


def _worker(call: Call) -> Worker:
    worker: Worker = call.app.state.webhooks
    return worker


async def _check_target(call: Call, url: str) -> None:
    try:
        await _worker(call).sender.check(url)
    except BadTarget as bad:
        raise Refused(faults=[Fault("/url", bad.code, bad.zh, bad.en)]) from None


def _check_events(call: Call, wanted: Sequence[str]) -> None:
    """Raise Refused for events that there are not: nothing would ever come, and nobody would be told."""
    known = [*call.app.state.published.event_types, LEFT]
    wrong = [place for place, pattern in enumerate(wanted) if not any(matches(pattern, kind) for kind in known)]
    if wrong:
        said = "没有这类事件。", "There are no such events."
        raise Refused(faults=[Fault(f"/events/{place}", "unknown_event", *said, ("*", *known)) for place in wrong])


def _terms(sent: WebhookIn) -> service.WebhookTerms:
    events = tuple(dict.fromkeys(sent.events))
    return service.WebhookTerms(sent.url, str(sent.principal), events, sent.division, sent.purpose, sent.after)


async def _new(call: Call, work: Callable[[Connection], tuple[Row[Any], str]], status: int = 200) -> Answer:
    def run(connection: Connection) -> NewWebhook:
        row, secret = work(connection)
        return NewWebhook(**_fields(connection, row), secret=secret)

    told = await call.context.database.write(run)
    _worker(call).wake()
    return plain_json(encode(told), status)


async def _write(call: Call, work: Callable[[Connection], Row[Any]]) -> Answer:
    told = await call.context.database.write(lambda connection: _told(connection, work(connection)))
    _worker(call).wake()
    return plain_json(encode(told))


def _list(who: Principal, connection: Connection) -> list[Webhook]:
    return [_told(connection, row) for row in service.list_webhooks(connection, who)]


def _replay(worker: Worker, who: Principal, webhook: str, sent: Replay, connection: Connection) -> Row[Any]:
    if sent.after is not None:
        return service.replay_from(connection, who, webhook, sent.after)
    event_id, sealer = sent.event or "", worker.context.sealer
    row = service.find_webhook(connection, who, webhook)
    try:
        found = read_one(connection, sealer, worker.registers, row, worker.clock(), event_id)
    except NoRights:
        found = None
    if found is None:
        said = "没有这个事件，或该密钥看不到它。", "There is no such event, or the webhook's key does not see it."
        raise Refused(faults=[Fault("/event", "event", *said)])
    return service.replay_event(connection, who, webhook, event_id, found[1].subject)


def _deliveries(who: Principal, webhook: str, query: DeliveryQuery, connection: Connection) -> DeliveryList:
    service.find_webhook(connection, who, webhook)
    try:
        before = str(UUID(query.cursor)) if query.cursor else None
    except ValueError:
        raise refused_cursor() from None
    rows = service.list_deliveries(connection, webhook, query.status, before, query.limit + 1)
    more = rows[query.limit - 1].id if len(rows) > query.limit else None
    return DeliveryList(items=[_delivery(row) for row in rows[: query.limit]], next_cursor=more)


def _told(connection: Connection, row: Row[Any]) -> Webhook:
    return Webhook(**_fields(connection, row))


def _fields(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    times = {
        name: _time(getattr(row, name))
        for name in ("failing_since", "not_before", "delivered_at", "rotated_at", "created_at")
    }
    return {
        **{name: getattr(row, name) for name in ("id", "url", "division", "status", "reason", "created_by")},
        "principal": row.principal_id,
        "events": row.events.split(),
        "purpose": Purpose(row.purpose) if row.purpose else None,
        "next": watermark_text(row.book, row.next_position),
        "waiting": queue.waiting(connection, row.id),
        **times,
    }


def _delivery(row: Row[Any]) -> Delivery:
    same = {name: getattr(row, name) for name in ("id", "attempt", "outcome", "status", "fault", "duration_ms")}
    return Delivery(event=row.event_id, at=timestamp(row.at), next_at=_time(row.next_at), **same)


def _time(at: int | None) -> str | None:
    return None if at is None else timestamp(at)
