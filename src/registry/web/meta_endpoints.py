"""What the server says about itself: health, readiness, the document, its UI, the pages that explain problems."""

import html
import inspect
from collections.abc import Awaitable, Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.params import FromPath
from litestar.routes import HTTPRoute
from sqlalchemy import Connection, text

from registry import __version__
from registry.db.migrate import at_head
from registry.errors import LogRolledBack, NotFound, Unavailable
from registry.web.call import Call
from registry.web.contract import Contract
from registry.web.problems import kinds

UI_FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

UI_PAGE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>Registry 综治台账 API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null})</script></body></html>
"""


class Health(msgspec.Struct, kw_only=True):
    """How the server is."""

    status: str
    version: str


PUBLIC = Contract(Health, problems=(), public=True)


@get("/healthz", operation_id="readHealth", opt={"contract": PUBLIC})
async def health() -> Health:
    """Whether the process answers."""
    return Health(status="ok", version=__version__)


READY = Contract(Health, problems=(Unavailable, LogRolledBack), public=True)


@get("/readyz", operation_id="readReadiness", opt={"contract": READY})
async def readiness(request: Call) -> Health:
    """Whether it can serve: the database answers, is migrated, and is the one that was sealed last."""
    if not await request.context.read(_is_ready):
        raise Unavailable
    check_log: Callable[[], Awaitable[None]] = request.app.state.check_log
    await check_log()
    return Health(status="ready", version=__version__)


def _is_ready(connection: Connection) -> bool:
    return connection.execute(text("select 1")).scalar() == 1 and at_head(connection)


@get("/openapi.json")
async def document(request: Call) -> Response[bytes]:
    """The published document."""
    request.no_params()
    return Response(request.app.state.published.document, media_type="application/json")


@get("/asyncapi.json")
async def events_document(request: Call) -> Response[bytes]:
    """The document of the events that go out (AsyncAPI 3)."""
    request.no_params()
    return Response(request.app.state.published.asyncapi, media_type="application/json")


@get("/docs", media_type=MediaType.HTML)
async def ui() -> str:
    """The document as pages to read and try; nothing is fetched from elsewhere."""
    return UI_PAGE


@get("/docs/{name:str}")
async def ui_file(name: FromPath[str]) -> Response[bytes]:
    """Swagger UI's own files, from its package."""
    if name not in UI_FILES:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(_ui_bytes(name), media_type=UI_FILES[name], headers=headers)


@lru_cache
def _ui_bytes(name: str) -> bytes:
    package = find_spec("flask_swagger_ui")  # found, never imported: it would want Flask
    assert package is not None  # noqa: S101 - it is in the lock file
    folders = package.submodule_search_locations
    assert folders  # noqa: S101 - it is a package
    return (Path(folders[0]) / "dist" / name).read_bytes()


@get("/problems/{code:str}", media_type=MediaType.HTML)
async def problem_page(code: FromPath[str]) -> str:
    """What a problem's `type` points to."""
    kind = next((kind for kind in kinds() if kind.code == code), None)
    if kind is None:
        raise NotFound
    about = html.escape(inspect.getdoc(kind) or "")
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{code}</title>'
        f"<h1>{kind.status} {code}</h1><p>{html.escape(kind.zh)}</p><p>{html.escape(kind.en)}</p><p>{about}</p></html>"
    )


async def answer_options(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """OPTIONS: all methods of the path. Litestar's own answer knows only those of one handler."""
    if request.method != "OPTIONS":
        return None
    allowed = request.app.state.methods[request.scope["path_template"]]
    return Response(b"", status_code=204, headers={"Allow": ", ".join(sorted(allowed))})


def methods_by_path(app: Litestar) -> dict[str, set[str]]:
    """What each path can do."""
    return {route.path_format: set(route.methods) for route in app.routes if isinstance(route, HTTPRoute)}


HANDLERS: list[Any] = [health, readiness, document, events_document, ui, ui_file, problem_page]
