"""The shapes of `/v1/webhooks`."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from registry.core.fields import DivisionCode
from registry.core.principals import Purpose
from registry.core.queries import AsOf, CursorParam, LimitParam
from registry.core.schemas import Input

EventType = Annotated[
    str,
    Meta(
        pattern=r"^(\*|[a-z][a-z-]*\.(\*|[a-z_]+))$", min_length=1, max_length=60,
        description="a type, such as `disputes.created`; all of a register: `disputes.*`; all: `*`",
    ),
]  # fmt: skip
EventId = Annotated[
    str, Meta(pattern=r"^wm_[0-9]{6}_[0-9]{1,18}-[0-9]{1,4}$", max_length=40, examples=["wm_440882_812-0"])
]


class WebhookSettings(Input, kw_only=True):
    """What may be changed of a webhook."""

    url: Annotated[str, Meta(min_length=8, max_length=500, title="接收地址", description="https")]
    events: Annotated[list[EventType], Meta(min_length=1, max_length=30, title="事件类型")]
    division: Annotated[
        DivisionCode | None, Meta(description="narrower than the key's own; left out: all of those")
    ] = None  # fmt: skip
    purpose: Annotated[
        Purpose | None, Meta(title="查阅目的", description="what plain personal data is sent for; left out: masked")
    ] = None  # fmt: skip


class WebhookIn(WebhookSettings, kw_only=True):
    """A webhook (推送) to make."""

    principal: Annotated[UUID, Meta(title="密钥", description="id of the API key whose rights it has at each delivery")]
    after: Annotated[AsOf | None, Meta(description="where in the log it begins; left out: now")] = None


class Webhook(msgspec.Struct, kw_only=True):
    """A webhook, without its secret."""

    id: str
    url: str
    principal: str
    events: list[str]
    division: str | None
    purpose: str | None
    status: Literal["active", "paused", "stopped"]
    reason: Annotated[
        str | None,
        Meta(description="why it is paused or stopped: asked, failing, gone, key_revoked, key_expired, division_lost"),
    ]
    next: Annotated[str, Meta(description="watermark: all before it is delivered, given up or waits")]
    waiting: Annotated[int, Meta(description="events read from the log and not yet acknowledged")]
    failing_since: str | None
    not_before: Annotated[
        str | None, Meta(description="until then its receiver, which asked for it or is down, is left in peace")
    ]
    delivered_at: Annotated[str | None, Meta(description="the last success")]
    rotated_at: Annotated[str | None, Meta(description="for 24 hours from then both secrets sign")]
    created_by: str
    created_at: str


class NewWebhook(Webhook, kw_only=True):
    """A webhook with its new secret (Standard Webhooks): it is shown this once."""

    secret: str


class WebhookList(msgspec.Struct, kw_only=True):
    """All webhooks of the book."""

    items: list[Webhook]


class Replay(Input):
    """What to deliver again: everything from a watermark on, or one event."""

    after: AsOf | None = None
    event: EventId | None = None


class Delivery(msgspec.Struct, kw_only=True):
    """One attempt."""

    id: str
    event: str
    attempt: int
    at: str
    outcome: Annotated[
        Literal["delivered", "failed", "given_up", "dropped"],
        Meta(
            description="given_up: after three days; dropped: its reader may no longer see it, or the webhook no longer wants it"
        ),
    ]
    status: Annotated[int | None, Meta(description="of the answer; null where there was none")]
    fault: Annotated[
        str | None,
        Meta(
            description="where there was no answer: url, unresolvable, forbidden_target, https_needed, connect, tls, "
            "timeout, protocol, internal; of what was dropped: out_of_scope, not_wanted"
        ),
    ]
    duration_ms: int
    next_at: Annotated[str | None, Meta(description="when it is tried again")]


class DeliveryList(msgspec.Struct, kw_only=True):
    """Attempts, newest first."""

    items: list[Delivery]
    next_cursor: str | None


class DeliveryQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which attempts."""

    status: Annotated[
        Literal["delivered", "failed", "given_up", "dropped"] | None, Meta(description="Only with this outcome.")
    ] = None  # fmt: skip
    limit: LimitParam = 50
    cursor: CursorParam | None = None
