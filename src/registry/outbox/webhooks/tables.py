"""Webhooks, what waits to be delivered, and the delivery log.

They are state beside the log, no register: who is sent what, and how that went, says nothing about the county, changes at
every attempt, and may be forgotten after 30 days. What must not be forgotten (who made, changed or paused one; who was sent plain
personal data) are access events (`docs/decisions/0014`).
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from registry.db.schema import metadata

WEBHOOKS = Table(
    "webhooks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book", String(6), nullable=False),
    Column("url", Text, nullable=False),
    Column("principal_id", String(36), nullable=False, comment="the key whose rights it has at each delivery"),
    Column("events", Text, nullable=False, comment="event types, separated by blanks; a last part may be *"),
    Column("division", String(12), comment="narrower than the key's own; null: all of those"),
    Column("purpose", String(16), comment="what plain personal data is sent for; null: masked"),
    Column("status", String(8), nullable=False, comment="active, paused or stopped"),
    Column("reason", String(24), comment="why it is paused or stopped"),
    Column("next_position", BigInteger, nullable=False, comment="of the log; all before is delivered or in the queue"),
    Column("secrets", LargeBinary, nullable=False, comment="sealed under a data key of its own"),
    Column("secrets_number", Integer, nullable=False, comment="how often they were sealed"),
    Column("rotated_at", BigInteger, comment="the older secret signs along for 24 hours from then"),
    Column("failing_since", BigInteger, comment="the first failure since the last success"),
    Column(
        "failures", Integer, nullable=False, server_default="0", comment="since the last success, of whatever entries"
    ),
    Column("not_before", BigInteger, comment="until then its receiver is left in peace"),
    Column("warned_at", BigInteger, comment="the last alert that events were given up, or that too many wait"),
    Column("delivered_at", BigInteger, comment="the last success"),
    Column("leased_by", String(36), comment="the server process that delivers it"),
    Column("leased_until", BigInteger),
    Column("created_by", Text, nullable=False, comment="name of the key, as it was"),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "book"),
    comment="who is sent the changes (推送); times are microseconds since 1970, UTC",
)

QUEUE = Table(
    "webhook_queue",
    metadata,
    Column("webhook_id", String(36), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(48), primary_key=True),
    Column("subject", String(80), nullable=False, comment="the entry: its events go out one after another"),
    Column("attempts", Integer, nullable=False),
    Column("first_at", BigInteger, comment="of the first attempt"),
    Column("due_at", BigInteger, nullable=False, comment="of the next"),
    Index(None, "webhook_id", "due_at", "position"),
    Index(None, "webhook_id", "subject", "position"),
    comment="events that wait to be acknowledged by a webhook's receiver",
)

DELIVERIES = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String(36), primary_key=True, comment="UUIDv7: rises with the time"),
    Column("webhook_id", String(36), nullable=False),
    Column("event_id", String(48), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("outcome", String(12), nullable=False, comment="delivered, failed, given_up, dropped"),
    Column("status", Integer, comment="of the answer; null where there was none"),
    Column("fault", String(24), comment="what went wrong, where it was no answer"),
    Column("duration_ms", Integer, nullable=False),
    Column("next_at", BigInteger, comment="of the next attempt; null: none"),
    Index(None, "webhook_id", "id"),
    Index(None, "at"),
    comment="the delivery log: one row for each attempt, kept 30 days",
)
