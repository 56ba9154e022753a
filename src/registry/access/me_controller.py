"""Who the caller is: what their key may do, and where."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from registry.core.divisions import name_of, names_at
from registry.core.fields import personal_paths
from registry.core.principals import Principal, Purpose, Role
from registry.core.register import Register, Right
from registry.core.view import View
from registry.ledger.clock import timestamp
from registry.ledger.versions import encode
from registry.web import reads
from registry.web.call import Call
from registry.web.contract import GUARDED, Contract
from registry.web.reads import Answer


class OwnDivision(msgspec.Struct, kw_only=True):
    """A division that the key reaches, with all below it."""

    code: Annotated[str, Meta(description="Its code.")]
    name: Annotated[str | None, Meta(description="Its name today; null where there is no entry of it.")]


class RegisterRights(msgspec.Struct, kw_only=True):
    """What the key may do with a register."""

    register: Annotated[str, Meta(description="Its name, as in the path.")]
    title: Annotated[str, Meta(description="Its Chinese title.")]
    rights: Annotated[
        list[Literal["read", "write", "void", "transfer", "count"]],
        Meta(description="`count`: statistics, also where single entries are not shown."),
    ]
    personal: Annotated[
        Literal["none", "masked", "plain", "plain_with_purpose"],
        Meta(
            description="How personal fields are shown: there are none or no entry is shown; masked; in plain; in plain to who sends Purpose-Of-Use."
        ),
    ]


class Me(msgspec.Struct, kw_only=True):
    """The key that was called with, without the key itself."""

    id: Annotated[str, Meta(description="Stands in `recorded_by` of what it writes.")]
    name: Annotated[str, Meta(description="What it is called.")]
    role: Annotated[Role, Meta(description="What it may do.")]
    role_title: Annotated[str, Meta(description="The role in Chinese.")]
    book: Annotated[str, Meta(description="The county whose book it opens.")]
    divisions: Annotated[list[OwnDivision], Meta(description="Where.")]
    registers: Annotated[list[RegisterRights], Meta(description="What it may do with each register.")]
    purpose: Annotated[Purpose | None, Meta(description="What this request said by Purpose-Of-Use; null: nothing.")]
    expires_at: Annotated[str | None, Meta(description="When it ends; null: it does not.")]


def me_handler(registers: Sequence[Register]) -> HTTPRouteHandler:
    """`GET /v1/me`."""

    @get("/v1/me", operation_id="readMe", opt={"contract": Contract(Me, problems=GUARDED)})
    async def read_me(request: Call) -> Answer:
        """Read who the key is (当前密钥): its role, divisions, and rights by register."""
        who = await request.caller()
        request.no_params()
        names = await request.context.read(lambda connection: names_at(connection, View(who)))
        return reads.plain_json(encode(_told(who, names, registers)))

    return read_me


def _told(who: Principal, names: dict[str, str], registers: Sequence[Register]) -> Me:
    return Me(
        id=who.id,
        name=who.name,
        role=who.role,
        role_title=who.role.zh,
        book=who.book,
        divisions=[
            OwnDivision(code=code, name=name_of(names, code) if code in names else None) for code in who.divisions
        ],
        registers=[_rights(who, register) for register in registers],
        purpose=who.purpose,
        expires_at=None if who.expires_at is None else timestamp(who.expires_at),
    )


def _rights(who: Principal, register: Register) -> RegisterRights:
    rights: list[Literal["read", "write", "void", "transfer", "count"]] = [
        right.value for right in Right if register.allows(who.role, right)
    ]
    if register.measures and who.role in register.counters:
        rights.append("count")
    return RegisterRights(
        register=register.name, title=register.title, rights=rights, personal=_personal(who, register)
    )


def _personal(who: Principal, register: Register) -> Literal["none", "masked", "plain", "plain_with_purpose"]:
    if who.role not in register.readers or not personal_paths(register.entry):
        return "none"
    if not who.sees_personal:
        return "masked"
    return "plain_with_purpose" if register.needs_purpose else "plain"
