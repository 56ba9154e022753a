"""A webhook's signing secrets: sealed like personal data, under a data key of its own that a master key wraps."""

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row
from standardwebhooks import Webhook

from registry.core.sealing import Sealer
from registry.ledger.versions import Sealed
from registry.outbox.webhooks.backoff import SECOND

BOTH_SIGN = 24 * 3600 * SECOND
"""How long after a rotation the older secret signs too, in microseconds."""
BYTES = 32


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: `whsec_` and base64 of 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def seal_secrets(sealer: Sealer, book: str, webhook: str, number: int, newest_first: list[str]) -> Sealed:
    """Seal the secrets; for the first time (`number` 1) under a new data key, which the caller keeps."""
    fields = {str(index): secret for index, secret in enumerate(newest_first)}
    return sealer.seal(book, _subject(webhook), _place(book, webhook, number), fields, (), known=number > 1)


def open_secrets(sealer: Sealer, row: Row[Any], now: int) -> list[str]:
    """The secrets that sign now, the newest first."""
    place = _place(row.book, row.id, row.secrets_number)
    fields = sealer.open(row.book, _subject(row.id), place, row.secrets)
    newest_first = [fields[name] for name in sorted(fields)]
    both = row.rotated_at is not None and now < row.rotated_at + BOTH_SIGN
    return newest_first if both else newest_first[:1]


def signed_headers(secrets_: list[str], event_id: str, body: bytes, now: int) -> dict[str, str]:
    """The headers of Standard Webhooks for one attempt."""
    at = datetime.fromtimestamp(now // SECOND, UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now // SECOND),
        "webhook-signature": " ".join(Webhook(secret).sign(event_id, at, body.decode()) for secret in secrets_),
    }


def _subject(webhook: str) -> str:
    return f"webhooks/{webhook}"


def _place(book: str, webhook: str, number: int) -> str:
    return f"{book}/webhooks/{webhook}/{number}"
