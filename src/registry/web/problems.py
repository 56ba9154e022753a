"""Errors as answers: RFC 9457 problem+json. The only place that builds them; their texts are those of `errors.py`."""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from registry.db.outages import is_outage
from registry.errors import (
    Broken,
    Forbidden,
    Malformed,
    MethodNotAllowed,
    NotFound,
    RegistryError,
    RouteNotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    WrongMediaType,
)
from registry.ledger.ids import new_id
from registry.ledger.versions import encode

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class ProblemFault(msgspec.Struct, kw_only=True):
    """One thing wrong with what was sent."""

    pointer: str
    """JSON Pointer of the field; `#name` for a parameter or header."""
    code: str
    message: str
    allowed: list[str]


class Problem(msgspec.Struct, kw_only=True):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[ProblemFault]
    current: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    """For 412: the version that stands."""
    conflicts: list[str] | msgspec.UnsetType = msgspec.UNSET
    """For 412: JSON Pointers that both changed."""
    entry: str | msgspec.UnsetType = msgspec.UNSET
    """For 409 `entry_exists`: the entry that is there, if you may see it."""


RANGE = re.compile(
    r"\s*([a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*\s*(?:;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?", re.IGNORECASE
)


def language(headers: Mapping[str, str]) -> str:
    """`zh` or `en`, whichever Accept-Language weighs more (RFC 9110 §12.5.4); Chinese where neither is asked for, or both alike
    and Chinese no later. What is no language range is passed over.
    """
    weights: dict[str, tuple[float, int]] = {}
    for place, text in enumerate(headers.get("accept-language", "").split(",")):
        if found := RANGE.fullmatch(text):
            weights.setdefault(found[1].lower(), (float(found[2] or 1), -place))
    usual = weights.get("*", (0.0, -len(weights)))
    english, chinese = (weights.get(name, usual) for name in ("en", "zh"))
    return "en" if english[0] and english > chinese else "zh"


def answer(request: Request[Any, Any, Any], error: RegistryError) -> Response[bytes]:
    """The answer that tells of an error."""
    request_id = request.scope["state"].setdefault("request_id", new_id())
    spoken = language(request.headers)
    if isinstance(error, Broken):
        log.error("request %s failed", request_id, exc_info=error.__cause__)
    body = {
        "type": f"/problems/{error.code}",
        "title": title(type(error), spoken),
        "status": error.status,
        "detail": error.detail[spoken],
        "instance": request.url.path,
        "code": error.code,
        "request_id": request_id,
        "errors": [
            {"pointer": f.pointer, "code": f.code, "message": getattr(f, spoken), "allowed": list(f.allowed)}
            for f in error.faults
        ],
        **error.members,
    }
    headers = {"Cache-Control": "no-store", "Content-Language": spoken, **error.headers}
    return Response(encode(body), status_code=error.status, headers=headers, media_type=MEDIA_TYPE)


def title(kind: type[RegistryError], spoken: str) -> str:
    """The short form: the first sentence of the detail, without what varies."""
    text = kind.zh if spoken == "zh" else kind.en
    return text.split("。" if spoken == "zh" else ".")[0]


def on_registry_error(request: Request[Any, Any, Any], error: RegistryError) -> Response[bytes]:
    """A refusal of somebody known is recorded, grouped, within a second or so."""
    who = error.who if isinstance(error, Unauthenticated) else request.scope["state"].get("principal")
    if who is not None and isinstance(error, Forbidden | Unauthenticated):
        path = request.scope.get("path_template", "")
        request.app.state.context.refusals[who, request.method, path, error.code] += 1
    return answer(request, error)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Litestar's own: an unknown path, a wrong method, a body over the limit."""
    kinds: dict[int, type[RegistryError]] = {
        404: RouteNotFound, 405: MethodNotAllowed, 413: TooLarge, 415: WrongMediaType, 400: Malformed,
    }  # fmt: skip
    kind = kinds.get(error.status_code)
    if kind is RouteNotFound and any(_is_of(request.url.path, template) for template in request.app.state.methods):
        kind = NotFound  # the id in it is no UUID
    if kind is None:
        return on_exception(request, error)
    return answer(request, kind(headers=dict(error.headers or {})))


def _is_of(path: str, template: str) -> bool:
    """Whether a path is of a route, whatever stands in it for an id: `/v1/disputes/17`."""
    steps, wanted = path.strip("/").split("/"), template.strip("/").split("/")
    return len(steps) == len(wanted) and all(
        want in {step, "{entry_id}"} for step, want in zip(steps, wanted, strict=True)
    )


def on_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Whatever else: the database is away, or a fault of ours."""
    if is_outage(error):
        log.error("the database failed", exc_info=error)
        return answer(request, Unavailable())
    broken = Broken()
    broken.__cause__ = error
    return answer(request, broken)


def kinds() -> Iterator[type[RegistryError]]:
    """Every kind of error, for the pages that explain them."""
    waiting = [RegistryError]
    while waiting:
        kind = waiting.pop(0)
        if kind is not RegistryError:
            yield kind
        waiting.extend(kind.__subclasses__())
