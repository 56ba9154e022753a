"""The types of fields that registers use, and the personal ones among them: which they are, how they are masked.

A field is personal because its type says so (`x-personal` in its schema, with the kind of mask). Whoever declares a field `PersonName` cannot
forget to seal it. 精神卫生法 §4(3) makes confidential whatever identifies a patient; free text that may name people is
treated alike.
"""

import copy
import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Annotated, TypeVar, cast

import msgspec
from msgspec import Meta
from msgspec.inspect import ListType, Metadata, StructType, Type, UnionType, type_info

from registry.ledger.clock import beijing_day, wall_clock

T = TypeVar("T")

# Patterns end in `$`, as JSON Schema has it; Python's also matches before a last line break, so that what msgspec took is tried once more by
# the schema's own rules (`validation.convert`).
#
# What texts are made of, by Unicode's general categories; a test compares the ranges with Python's own table. They stand in the
# patterns as characters: there is no escape for those above U+00FF that Python, JavaScript, Go and Rust all know.
CONTROLS = r"\x00-\x1f\x7f-\x9f"
"""Cc."""
DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Of Cf, those that turn the direction of what follows: a text that reads otherwise than it is stored."""
INVISIBLE = (
    "\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200d\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufdd0-\ufdef\ufff0-\ufff8\ufffe\uffff\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
)
"""The rest of Cf, Zl and Zp; the fillers of Hangul, Khmer and Braille, which are letters and symbols by category; noncharacters."""
BARE = (
    "\x20\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
    "\u0300-\u036f\u180b-\u180d\u180f\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef"
)
"""Zs, and marks (Mn, Me) that show only on another character: variation selectors are part of names, but none alone."""
IN_NO_LINE = CONTROLS + DIRECTIONS + INVISIBLE
SHORT = f"^[{BARE}]*[^{IN_NO_LINE}{BARE}][^{IN_NO_LINE}]*$"
"""One line with something to be seen in it, and nothing that cannot be."""
LONG = rf"^[\t\n{INVISIBLE}{BARE}]*[^{IN_NO_LINE}{BARE}][^\x00-\x08\x0b-\x1f\x7f-\x9f{DIRECTIONS}]*$"
"""Something to be seen, in any number of lines: tabs and joiners are fine, what turns the direction is not."""
UNMASKED = f"^[{BARE}]*[^*{IN_NO_LINE}{BARE}][^*{IN_NO_LINE}]*$"
"""As SHORT, and without `*`: a mask that is sent back (张*) is refused, never stored."""
UNSEEN = re.compile(f"[{DIRECTIONS}{INVISIBLE}]")
MASK = "[已隐去]"
ERASED = "[已删除]"
"""What stands in place of every personal field after an erasure by law."""
HIDDEN: dict[str, object] = {"x-personal": "text", "not": {"enum": [MASK, ERASED]}}
"""Of a text that is hidden whole: its mask is refused as a value."""

Line = Annotated[str, Meta(pattern=SHORT, min_length=1, max_length=100)]
PublicName = Annotated[str, Meta(min_length=1, max_length=100, pattern=SHORT, extra_json_schema={"x-names": "public"})]
"""The name of a village or an organisation, which is public though somebody may be called alike."""
LongLine = Annotated[str, Meta(pattern=SHORT, min_length=1, max_length=200)]
DivisionCode = Annotated[str, Meta(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="行政区划代码", max_length=12)]
DivisionName = Annotated[str, Meta(title="行政区划名称")]
EntryId = Annotated[str, Meta(title="记录号")]
AreaMu = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,7}(\.[0-9]{1,2})?$",
        title="面积（亩）",
        description="mu, 1/15 ha",
        extra_json_schema={"x-form": "decimal"},
    ),
]
AreaM2 = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,9}(\.[0-9]{1,2})?$",
        title="面积（平方米）",
        description="m²",
        extra_json_schema={"x-form": "decimal"},
    ),
]
Money = Annotated[str, Meta(pattern=r"^[0-9]{1,9}\.[0-9]{2}$", title="金额（元）", description="yuan, two decimals")]
Count = Annotated[int, Meta(ge=0, le=999_999)]
Positive = Annotated[int, Meta(ge=1, le=999_999)]
Moment = Annotated[dt.datetime, Meta(tz=True)]

PersonName = Annotated[
    str,
    Meta(
        pattern=UNMASKED,
        min_length=1,
        max_length=80,
        title="姓名",
        extra_json_schema={"x-personal": "name", "not": {"enum": [ERASED]}},
    ),
]
Phone = Annotated[
    str,
    Meta(
        pattern=r"^(1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?|[48]00[0-9]{7})$",
        title="联系电话",
        description="kept as 13800001111, 0759-8812345, 0759-8812345-801 or 4008008820; `+86`, blanks, brackets and other dashes are taken out",
        max_length=20,
        extra_json_schema={"x-personal": "phone", "x-form": "phone"},
    ),
]
IdNumber = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{5}[0-9]{8}[0-9]{3}[0-9Xx]$",
        title="公民身份号码",
        description="GB 11643-1999: 18 characters, the last is a check digit; `x` is kept as `X`",
        max_length=18,
        extra_json_schema={"x-personal": "id_number", "format": "resident-id", "x-form": "id-number"},
    ),
]
Address = Annotated[str, Meta(pattern=UNMASKED, min_length=1, max_length=200, title="地址", extra_json_schema=HIDDEN)]
Sensitive = Annotated[str, Meta(pattern=UNMASKED, min_length=1, max_length=100, extra_json_schema=HIDDEN)]
"""One line that identifies somebody or tells of their health: a hamlet's few houses, a drug."""
BirthDate = Annotated[dt.date, Meta(title="出生日期", extra_json_schema={"x-personal": "date"})]
Note = Annotated[str, Meta(pattern=LONG, min_length=1, max_length=2000, extra_json_schema=HIDDEN)]
"""Free text; it may name people, so it is sealed as personal data is."""

MASKS: dict[str, Callable[[str], str]] = {
    "name": lambda text: text[:1] + "*" if text else "",
    "phone": lambda text: text[:3] + "****" + text[-4:] if len(text) >= len("0759123456") else MASK,
    "id_number": lambda text: text[:4] + "*" * 10 + text[-4:] if len(text) == len("11010519491231002X") else MASK,
    "date": lambda text: text[:4] + "-**-**" if len(text) == len("1949-12-31") else MASK,
    "text": lambda _: MASK,
}
"""A mask is masked to itself, and what is not of the field's form (kept before it was personal) is hidden whole."""

BLANKS = " \u3000\u00a0"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_resident_id(text: object) -> bool:
    """Whether the check digit is right and the birth date in it is a real, past one (GB 11643-1999)."""
    if not isinstance(text, str) or not re.fullmatch(r"[1-9][0-9]{16}[0-9Xx]", text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=False))
    born = birth_date_in(text)
    return "10X98765432"[total % 11] == text[17].upper() and born is not None and born <= beijing_day(wall_clock())


def birth_date_in(id_number: str) -> dt.date | None:
    """The birth date in an ID number, if it is a date."""
    try:
        return dt.date.fromisoformat(f"{id_number[6:10]}-{id_number[10:12]}-{id_number[12:14]}")
    except ValueError:
        return None


Path = tuple[str, ...]
"""Where a personal field stands in a document; `*` is every item of a list."""


@lru_cache(maxsize=256)
def personal_paths(shape: type[msgspec.Struct]) -> tuple[tuple[Path, str], ...]:
    """The personal fields of a shape and the mask of each, found from the types."""
    return tuple(_walk(type_info(shape), (), "x-personal"))


@lru_cache(maxsize=256)
def class_stamp(shape: type[msgspec.Struct]) -> str:
    """A short stamp of which fields of a shape are personal: a version with another stamp was masked by other rules."""
    return hashlib.sha256(msgspec.json.encode(sorted(personal_paths(shape)))).hexdigest()[:8]


@lru_cache(maxsize=4096)
def mask_kind(shape: type[msgspec.Struct], pointer: str) -> str:
    """How the value at a JSON Pointer is masked; empty where it is not personal."""
    path = tuple("*" if step.isdigit() else step for step in pointer.split("/")[1:])
    return dict(personal_paths(shape)).get(path, "")


def mask_again(document: dict[str, object], shape: type[msgspec.Struct]) -> None:
    """Mask, in place, whatever the shape calls personal today; masks of masks are the same masks."""
    for path, kind in personal_paths(shape):
        for pointer, value in list(values_at(document, path)):
            if value != ERASED:
                put(document, pointer, MASKS[kind](value) if isinstance(value, str) else MASK)


def _walk(node: Type, path: Path, key: str) -> Iterator[tuple[Path, str]]:
    """The fields whose schema has this key, and what it says there."""
    match node:
        case Metadata(type=inner, extra_json_schema=extra):
            if extra and key in extra:
                yield path, extra[key]
            else:
                yield from _walk(inner, path, key)
        case UnionType(types=types):
            for each in types:
                yield from _walk(each, path, key)
        case ListType(item_type=item):
            yield from _walk(item, (*path, "*"), key)
        case StructType(fields=fields):
            for field in fields:
                yield from _walk(field.type, (*path, field.encode_name), key)
        case _:
            return


def personal_values(document: object, path: Path) -> Iterator[tuple[str, str]]:
    """The texts that stand at a path: (JSON Pointer, plain text) for each that is there."""
    return ((pointer, value) for pointer, value in values_at(document, path) if isinstance(value, str))


def values_at(document: object, path: Path, pointer: str = "") -> Iterator[tuple[str, object]]:
    """Whatever stands at a path (or at the steps of one JSON Pointer): (JSON Pointer, value) for each that is there and not null."""
    if not path:
        if document is not None:
            yield pointer, document
    elif isinstance(document, list):
        for index, item in enumerate(document):
            if path[0] in {"*", str(index)}:
                yield from values_at(item, path[1:], f"{pointer}/{index}")
    elif isinstance(document, dict):
        yield from values_at(document.get(path[0]), path[1:], f"{pointer}/{path[0]}")


def value_at(document: object, pointer: str) -> object:
    """What stands at a JSON Pointer; None where nothing does."""
    found = document
    for step in pointer.split("/")[1:]:
        if isinstance(found, list):
            found = found[int(step)] if int(step) < len(found) else None
        elif isinstance(found, dict):
            found = found.get(step)
        else:
            return None
    return found


def put(document: dict[str, object], pointer: str, value: object, *, missing: bool = False) -> None:
    """Set the value at a JSON Pointer, in place; with `missing`, take it out instead (a list's item becomes null)."""
    *parents, last = pointer.split("/")[1:]
    target: object = document
    for step in parents:
        target = target[int(step)] if isinstance(target, list) else target[step]  # type: ignore[index]
    if isinstance(target, list):
        target[int(last)] = None if missing else value
    elif missing:
        del target[last]  # type: ignore[attr-defined]
    else:
        target[last] = value  # type: ignore[index]


def tidy(value: object) -> object:
    """A value as JSON has it and as it is kept: strings in NFC, without blanks at the ends; 63.0 as 63, so that JSON is canonical."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip(BLANKS)
    if isinstance(value, list | tuple):
        return [tidy(item) for item in value]
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


DASHES = re.compile(r"(?:转|ext\.?|x|[\u2010-\u2015\u2212\u30fc\uff0d\ufe63])")
LANDLINE = re.compile(r"(0[12][0-9]|0[3-9][0-9]{2})-?([0-9]{7,8})(-[0-9]{1,6})?")


def _phone(text: str) -> str:
    """A mobile or 400 number as its digits, a landline as 0759-8812345, an extension after another dash."""
    plain = DASHES.sub("-", unicodedata.normalize("NFKC", text).lower())
    plain = re.sub(r"[\s()]", "", plain)
    plain = re.sub(r"^(\+|00)86-?", "", plain)
    if (
        plain != text
        and re.fullmatch(r"(10|2[0-9]|[3-9][0-9]{2})-?[0-9]{7,8}(-[0-9]{1,6})?", plain)
        and not re.match("[48]00", plain)
    ):
        plain = "0" + plain  # +86 759 8812345
    digits = plain.replace("-", "")
    if re.fullmatch(r"1[3-9][0-9]{9}|[48]00[0-9]{7}", digits):
        return digits
    landline = LANDLINE.fullmatch(plain)
    return f"{landline[1]}-{landline[2]}{landline[3] or ''}" if landline else text


def _decimal(text: str) -> str:
    """12.50 and 012.5 as 12.5."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return text
    whole, _, part = text.partition(".")
    return ".".join(filter(None, (whole.lstrip("0") or "0", part.rstrip("0"))))


def _without_altitude(value: object) -> object:
    """GeoJSON positions as [longitude, latitude]; field apps send the altitude too (RFC 7946 §3.1.1)."""
    if not isinstance(value, list):
        return value
    if len(value) == 3 and all(isinstance(each, int | float) for each in value):  # noqa: PLR2004 - with altitude
        return value[:2]
    return [_without_altitude(each) for each in value]


def _text(form: Callable[[str], str]) -> Callable[[object], object]:
    return lambda value: form(value) if isinstance(value, str) else value


FORMS: dict[str, Callable[[object], object]] = {
    "id-number": _text(str.upper),
    "phone": _text(_phone),
    "decimal": _text(_decimal),
    "positions": _without_altitude,
}
"""By `x-form` of a field's schema: one way to write what can be written in several."""


@lru_cache(maxsize=256)
def _forms_of(shape: type[msgspec.Struct]) -> tuple[tuple[Path, str], ...]:
    return tuple(_walk(type_info(shape), (), "x-form"))


@lru_cache(maxsize=256)
def public_names(shape: type[msgspec.Struct]) -> tuple[tuple[Path, str], ...]:
    """The fields that hold names of places and organisations."""
    return tuple(_walk(type_info(shape), (), "x-names"))


def canonical(document: T, shape: type[msgspec.Struct]) -> T:
    """The document with each value as it is kept, whichever way it was written; what is of no known form is left as it is."""
    changed = {}
    for path, form in _forms_of(shape):
        for pointer, value in values_at(document, path):
            if (kept := FORMS[form](value)) != value:
                changed[pointer] = kept
    if not changed:
        return document
    document = copy.deepcopy(document)
    for pointer, value in changed.items():
        put(cast(dict[str, object], document), pointer, value)
    return document
