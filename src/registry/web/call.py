"""One HTTP request as the registers meet it: who calls, with which parameters, body and preconditions."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import jsonschema_rs
import msgspec
from litestar import Request
from litestar.types import Message, Scope
from msgspec import Meta
from sqlalchemy import Connection

from registry.core.fields import canonical, tidy
from registry.core.principals import Principal, Purpose, Role, open_glasses
from registry.core.queries import NoQuery
from registry.core.register import Register, Right
from registry.core.schemas import Change, Reason
from registry.core.validation import convert, faults_of, patch_schema, readable, refusal, validator
from registry.core.view import View
from registry.core.watermarks import resolve_as_of
from registry.errors import Fault, Malformed, PreconditionNeeded, Unauthenticated, WrongMediaType
from registry.ledger.ids import new_id
from registry.web.context import Context
from registry.web.queries import Q, parse_query
from registry.web.strict_json import parse

T = TypeVar("T", bound=msgspec.Struct)

VERSION_TAG = re.compile(r'"([1-9][0-9]{0,8})(-masked|-erased)?(-s[0-9]{1,4})?"')
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Call(Request[Any, Any, Any]):
    """The request class of the whole API."""

    @property
    def context(self) -> Context:
        context: Context = self.app.state.context
        return context

    async def caller(self) -> Principal:
        """Who calls. Raises Unauthenticated."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Unauthenticated
        who = await self.context.keys.authenticate(key.strip())
        self.scope["state"]["principal"] = who  # for the record, should the request be refused
        purpose = self.purpose()
        if purpose is None:
            return who
        if who.role is not Role.AUDITOR:
            return replace(who, purpose=purpose)
        glasses = await self.context.read(lambda connection: open_glasses(connection, who))
        return replace(who, purpose=purpose, glasses=glasses)

    @property
    def request_id(self) -> str:
        """What finds this request in the access log and the server's log; answered as Request-Id."""
        known: str = self.scope["state"].setdefault("request_id", new_id())
        return known

    def purpose(self) -> Purpose | None:
        """What personal data is looked at for. Raises Malformed for a purpose that is none of the list."""
        text = self.headers.get("purpose-of-use")
        if text is None:
            return None
        try:
            return Purpose(text.strip())
        except ValueError:
            said = "Purpose-Of-Use 不是规定的查阅目的。", "Purpose-Of-Use is none of the list."
            fault = Fault("#Purpose-Of-Use", "purpose", *said, tuple(Purpose))
            raise Malformed(faults=[fault]) from None

    async def enter(self, register: Register, right: Right) -> Principal:
        """Who calls, if their role has this right to the register. Raises Unauthenticated or Forbidden."""
        who = await self.caller()
        register.require(who.role, right)
        return who

    def params(self, shape: type[Q]) -> Q:
        """The query parameters. Raises Malformed for any that are unknown or wrong."""
        return parse_query(self.scope["query_string"], shape)

    def no_params(self) -> None:
        """Raises Malformed for any query parameter."""
        if self.scope["query_string"]:
            self.params(NoQuery)

    async def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body as strict JSON. Raises WrongMediaType or Malformed."""
        media, _, parameters = self.headers.get("content-type", "").partition(";")
        allowed = (
            {"application/json", "application/merge-patch+json"} if self.method == "PATCH" else {"application/json"}
        )
        charset = parameters.strip().lower()
        if media.strip().lower() not in allowed or charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
            raise WrongMediaType
        return tidy(parse(await self.body()))

    async def sent(self, shape: type[T]) -> T:
        """The body as a value of this shape. Raises Malformed with all its faults."""
        return convert(await self.json(), shape)

    async def readable(self, shape: type[T]) -> tuple[T, Sequence[Fault]]:
        """As `sent`, with what is wrong beside the value where that can be read all the same."""
        return readable(await self.json(), shape)

    async def patch(self, shape: type[msgspec.Struct]) -> dict[str, Any]:
        """The body as a merge patch of this shape."""
        patch: dict[str, Any] = canonical(await self.json(), shape)
        if wrong := check_patch(patch, shape):
            raise refusal(wrong)
        return patch

    async def change(self, shape: type[msgspec.Struct]) -> Change:
        """A PATCH: what to change, from which version."""
        expected = self.expected_version()
        patch: dict[str, Any] = canonical(await self.json(), shape)
        return Change(patch, expected, wrong=check_patch(patch, shape))

    async def correction(self, shape: type[msgspec.Struct]) -> Change:
        """A correction: what was wrong, and why."""
        expected = self.expected_version()
        sent = await self.sent(Correction)
        changes = canonical(sent.changes, shape)
        return Change(changes, expected, sent.reason, check_patch(changes, shape, "/changes"))

    def expected_version(self) -> int | None:
        """The version in If-Match; None for `*`. Raises PreconditionNeeded without one."""
        tag = self.headers.get("if-match")
        if tag is None:
            raise PreconditionNeeded
        if tag.strip() == "*":
            return None
        match = VERSION_TAG.fullmatch(tag.strip())
        if match is None:
            text = 'If-Match 须为 "版本号" 或 *。', 'If-Match must be "<version>" or *.'
            raise Malformed(faults=[Fault("#If-Match", "if_match", *text)])
        return int(match[1])

    def only_if_new(self) -> bool:
        """Whether If-None-Match: * was sent. Raises Malformed for any other tag: a PUT only creates."""
        tag = self.headers.get("if-none-match")
        if tag is not None and tag.strip() != "*":
            text = "新建时 If-None-Match 只能为 *。", "For a creation, If-None-Match can only be *."
            raise Malformed(faults=[Fault("#If-None-Match", "if_none_match", *text)])
        return tag is not None

    def idempotency_key(self) -> str | None:
        """The Idempotency-Key, 1 to 255 visible ASCII characters."""
        key = self.headers.get("idempotency-key")
        if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
            text = (
                "Idempotency-Key 须为 1 至 255 个可见字符。",
                "Idempotency-Key must be 1 to 255 visible ASCII characters.",
            )
            raise Malformed(faults=[Fault("#Idempotency-Key", "idempotency_key", *text)])
        return key

    async def fingerprint(self) -> bytes:
        """SHA-256 of the preconditions and the body, to know a repeated request by."""
        tag = self.headers.get("if-match", "")
        return hashlib.sha256(tag.encode() + b"\0" + await self.body()).digest()


class Correction(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A correction (更正): what was wrong in the record, as a merge patch, and why."""

    reason: Reason
    changes: dict[str, Any]


class Voiding(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A voiding (作废): why the entry should never have been entered."""

    reason: Reason
    children: Annotated[
        bool,
        Meta(
            description="Void what belongs to it with it, in one transaction; else it is refused while something does."
        ),
    ] = False


class VoidRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request for a voiding (申请作废): why the entry should never have been entered."""

    reason: Reason


def check_patch(tree: object, shape: type[msgspec.Struct], pointer: str = "") -> Sequence[Fault]:
    """The faults of a merge patch that can be read all the same (check digits). Raises Malformed or Refused with all of any others."""
    found = [replace(fault, pointer=pointer + fault.pointer) for fault in faults_of(tree, _patch_validator(shape))]
    if {fault.code for fault in found} - {"check_digit"}:
        raise refusal(found)
    return found


@lru_cache(maxsize=64)
def _patch_validator(shape: type[msgspec.Struct]) -> jsonschema_rs.Validator:
    return validator(patch_schema(shape))


def view_of(connection: Connection, who: Principal, as_of: str | None) -> View:
    """The caller's view, as of what was asked."""
    return View(who, None if as_of is None else resolve_as_of(connection, who.book, as_of))


async def name_request(message: Message, scope: Scope) -> None:
    """Answer with the request's id, which finds it in the access log and in the server's log."""
    if message["type"] == "http.response.start":
        known = scope["state"].setdefault("request_id", new_id())
        message["headers"] = [*message["headers"], (b"request-id", known.encode())]
