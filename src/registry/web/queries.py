"""Query parameters as Structs: what is documented is what is taken; anything else is refused."""

from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta
from msgspec.structs import fields

from registry.errors import Fault, Malformed

Q = TypeVar("Q", bound=msgspec.Struct)

AsOf = Annotated[
    str,
    Meta(
        min_length=10, max_length=48, pattern=r"^(wm_[0-9]{6}_[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+([+ -][0-9:]+|Z))?)$",
        description="What was known then: a past date (its end, Beijing time), a timestamp with offset, or a watermark.",
        examples=["2020-02-21", "wm_440882_812"],
    ),
]  # fmt: skip
DivisionParam = Annotated[
    str,
    Meta(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", max_length=12, description="This division and all below it."),
]
LimitParam = Annotated[int, Meta(ge=1, le=200, description="How many at most.")]
CursorParam = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$", description="`next_cursor` of the page before."),
]


class NoQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """No parameters."""


class AsOfQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of a read of one entry."""

    as_of: AsOf | None = None


class PageQuery(AsOfQuery, kw_only=True):
    """Of a read in pages."""

    limit: LimitParam = 50
    cursor: CursorParam | None = None


class ListQuery(PageQuery, kw_only=True):
    """Of every list; registers add their own filters."""

    division: DivisionParam | None = None
    include_voided: Annotated[bool, Meta(description="Voided entries too.")] = False


def parse_query(raw: bytes, shape: type[Q]) -> Q:
    """The parameters, typed. Raises Malformed for unknown ones, ones given twice, and wrong values."""
    if not raw:
        return shape()
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Malformed(
            faults=[Fault("#query", "not_utf8", "查询参数编码有误。", "The query is not valid UTF-8.")]
        ) from None
    known = {field.encode_name for field in fields(shape)}
    faults = [_unknown(name, known) for name, _ in pairs if name not in known]
    faults += [_null(name) for name, value in pairs if value.lower() == "null"]
    faults += [_twice(name) for name in {name for name, _ in pairs} if [n for n, _ in pairs].count(name) > 1]
    if faults:
        raise Malformed(faults=faults)
    try:
        return msgspec.convert(dict(pairs), shape, strict=False)
    except msgspec.ValidationError as fault:
        name = str(fault).rpartition("$.")[2].rstrip("`") or "query"
        text = str(fault).partition(" - ")[0]
        raise Malformed(faults=[Fault(f"#{name}", "parameter", f"查询参数 {name} 有误:{text}", text)]) from None


def _unknown(name: str, known: set[str]) -> Fault:
    return Fault(
        f"#{name}", "unknown_parameter", "没有这个查询参数。", "There is no such parameter.", tuple(sorted(known))
    )


def _null(name: str) -> Fault:
    """Msgspec reads the text `null` as no value; a parameter without a value is left out instead."""
    return Fault(f"#{name}", "parameter", "没有值的参数请省略。", "Leave out a parameter that has no value.")


def _twice(name: str) -> Fault:
    return Fault(f"#{name}", "repeated_parameter", "查询参数重复。", "This parameter is given twice.")
