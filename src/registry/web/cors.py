"""Which pages of other origins may call from a browser (CORS): those in REGISTRY_ALLOW_ORIGINS. No cookies are involved, so that
a page gets no further than the key that its user gives it.
"""

from litestar.enums import ScopeType
from litestar.types import Message, Scope

ASKED = "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Purpose-Of-Use"
SHOWN = "Content-Language, ETag, Location, Registry-On, Registry-Watermark, Request-Id, Retry-After"
METHODS = "DELETE, GET, PATCH, POST, PUT"
MAX_AGE = 600
"""Seconds for which a browser need not ask again."""


async def let_origins_in(message: Message, scope: Scope) -> None:
    """Tell the browser of an allowed origin that its page may read this answer, and what the page may send."""
    if message["type"] != "http.response.start" or scope["type"] != ScopeType.HTTP:
        return
    allowed: tuple[str, ...] = scope["litestar_app"].state.settings.allow_origins
    if not allowed:
        return
    sent = dict(scope["headers"])
    # Also for strangers: a cache must not give the answer for one origin to another.
    headers = [(b"vary", b"Origin")]
    if (origin := sent.get(b"origin", b"")).decode("latin-1") in allowed:
        headers += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", SHOWN.encode())]
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in sent:
            headers += [
                (b"access-control-allow-methods", METHODS.encode()),
                (b"access-control-allow-headers", ASKED.encode()),
                (b"access-control-max-age", str(MAX_AGE).encode()),
            ]
    message["headers"] = [*message["headers"], *headers]
