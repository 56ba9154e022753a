"""From JSON to typed values, with all faults at once.

msgspec stops at the first fault, so on the failure path only, what was sent is checked again with jsonschema-rs against
msgspec's own schema: the document that is published is the document that is enforced.
"""

import copy
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar, cast

import jsonschema_rs
import msgspec

from registry.code_lists import titles_among
from registry.core.fields import MASK, UNSEEN, canonical, is_resident_id, put, values_at
from registry.errors import Fault, Malformed, Refused, step_of

T = TypeVar("T", bound=msgspec.Struct)
MAX_FAULTS = 100


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


FORMATS = {"resident-id": is_resident_id, "date": _is_date}

TEXTS = {
    "required": ("缺少必填项。", "This field is required."),
    "unknown_field": ("没有这一项。", "There is no such field."),
    "type": ("类型不对，应为{zh}。", "Wrong type; it must be {en}."),
    "enum": ("不在可选值之内{zh}。", "Not one of the allowed values{en}."),
    "minimum": ("不得小于 {limit}。", "Must be at least {limit}."),
    "maximum": ("不得大于 {limit}。", "Must be at most {limit}."),
    "too_short": ("内容过短或为空。", "Too short, or empty."),
    "too_long": ("内容过长，最多 {limit}。", "Too long; at most {limit}."),
    "names": ("须为可选的名称，以英文逗号分隔。", "Must be of the allowed names, separated by commas."),
    "pattern": ("格式不对。", "Not of the required form."),
    "invisible": ("含有看不见的字符（{what}），请删去。", "Has a character that cannot be seen ({what}); take it out."),
    "format": ("不是有效的{zh}。", "Not a valid {en}."),
    "check_digit": ("身份证号码校验位或出生日期不对。", "The ID number's check digit or birth date is wrong."),
    "masked_value": (
        "这是遮蔽后的内容（含 *），不能作为数据提交。",
        "This is a mask, not a value; send the plain value.",
    ),
    "shape": ("与任何一种允许的形式都不符。", "Not one of the allowed shapes."),
}

NAMES = {
    "string": ("文本", "a text"),
    "integer": ("整数", "a whole number"),
    "number": ("数字", "a number"),
    "boolean": ("是或否（true 或 false）", "true or false"),
    "array": ("列表", "a list"),
    "object": ("一组字段（对象）", "an object"),
    "null": ("空（null）", "null"),
    "date": ("日期（如 2020-02-21）", "date (such as 2020-02-21)"),
    "date-time": ("时间（须带时区）", "time with an offset"),
    "uuid": ("编号（UUID）", "id (a UUID)"),
}
"""What the types and formats of JSON Schema are called."""

NAMES_AND_COMMAS = re.compile(r"\^\(([a-z_|-]+)\)\(,\(\1\)\)\*\$")
"""The pattern of a list of names in one text."""


def convert(tree: object, shape: type[T], stood: object = None) -> T:
    """The typed value. Raises Malformed with every fault of the shape, or Refused where only a check digit is wrong.

    What stands alike in `stood`, an older document, is not held against the tree: its texts are kept as they are.
    """
    value, found = readable(tree, shape, stood)
    if found:
        raise refusal(found)
    return value


def readable(tree: object, shape: type[T], stood: object = None) -> tuple[T, list[Fault]]:
    """As `convert`, with what is wrong beside the value where that can be read all the same: a check digit, a mask sent back."""
    tree = canonical(tree, shape)
    try:
        value = msgspec.convert(tree, shape)
        found = list(faults_of(tree, schema_of(shape))) if has_formats(shape) else []
    except (msgspec.ValidationError, RecursionError):
        found = list(faults_of(tree, schema_of(shape))) or [UNEXPLAINED]
        value = None
    old = [fault for fault in found if fault.code in OF_TEXTS and is_alike(tree, stood, fault.pointer)]
    new = [fault for fault in found if fault not in old]
    if value is None:
        if new:
            raise refusal(new)
        value = _with_old_texts(tree, shape, old)
    return value, new


OF_TEXTS = {"pattern", "invisible", "masked_value"}
"""Codes of faults that only texts have, and that an older version may have taken."""
STAND_IN = "旧文本"


def is_alike(tree: object, stood: object, pointer: str) -> bool:
    """Whether the same value stands at a JSON Pointer in both."""
    path = tuple(pointer.split("/")[1:])
    return list(values_at(tree, path)) == list(values_at(stood, path)) != []


def _with_old_texts(tree: object, shape: type[T], old: Sequence[Fault]) -> T:
    """The typed value of a tree with texts that msgspec refuses: each is put in again where a stand-in was converted."""
    lent = copy.deepcopy(cast(dict[str, object], tree))
    for fault in old:
        put(lent, fault.pointer, STAND_IN)
    value = msgspec.convert(lent, shape)
    for fault in old:
        ((_, text),) = values_at(tree, tuple(fault.pointer.split("/")[1:]))
        _set(value, fault.pointer, text)
    return value


def _set(value: Any, pointer: str, text: object) -> None:  # noqa: ANN401 - Structs and lists of them
    *parents, last = pointer.split("/")[1:]
    for step in parents:
        value = value[int(step)] if isinstance(value, list) else getattr(value, step)
    if isinstance(value, list):
        value[int(last)] = text
    else:
        setattr(value, last, text)


def refusal(faults: Sequence[Fault]) -> Malformed | Refused:
    """The error that tells of these faults: Refused where only check digits and masks are wrong, else Malformed."""
    if {fault.code for fault in faults} <= {"check_digit", "masked_value"}:
        return Refused(faults=faults)
    return Malformed(faults=faults)


UNEXPLAINED = Fault("", "shape", *TEXTS["shape"])
"""What msgspec refuses and the schema does not, if there is such a thing."""


@lru_cache(maxsize=256)
def has_formats(shape: type[msgspec.Struct]) -> bool:
    """Whether the shape has rules that msgspec does not know, or takes lightly: check digits, masks sent back, UUIDs, and the `$` of a
    pattern, before which Python lets a line break stand.
    """
    text = msgspec.json.encode(msgspec.json.schema(shape))
    return any(rule in text for rule in (b'"resident-id"', b'"not"', b'"uuid"', b'"pattern"'))


@lru_cache(maxsize=256)
def schema_of(shape: type[msgspec.Struct]) -> jsonschema_rs.Validator:
    """The validator of a shape's own JSON Schema."""
    return validator(msgspec.json.schema(shape))


def validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """A validator that knows our formats."""
    return jsonschema_rs.validator_for(schema, validate_formats=True, formats=FORMATS)


def faults_of(tree: object, schema: jsonschema_rs.Validator) -> Iterator[Fault]:
    """Every fault, at most a hundred."""
    yield from islice((fault for error in schema.iter_errors(tree) for fault in _explain(error)), MAX_FAULTS)


def _explain(error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    """One fault of the schema in our words. A choice (oneOf, anyOf) is explained by its most telling branch."""
    kind: Any = error.kind  # one of 30 classes, each with attributes of its own
    name = type(kind).__name__
    pointer = "".join(step_of(step) for step in error.instance_path)
    match name:
        case "AnyOf" | "OneOfNotValid":
            branches = [branch for branch in kind.context if not _is_other_branch(branch, pointer)]
            if len(branches) == 1:
                for inner in branches[0]:
                    yield from _explain(inner)
            else:
                yield fault(pointer, "shape")
        case "Required":
            yield fault(pointer + step_of(kind.property), "required")
        case "AdditionalProperties":
            for unexpected in kind.unexpected:
                yield fault(pointer + step_of(unexpected), "unknown_field")
        case "Pattern":
            yield _of_pattern(pointer, kind.pattern, str(error.instance))
        case _:
            yield _simple(pointer, name, kind, error.instance)


def _is_other_branch(branch: list[jsonschema_rs.ValidationError], pointer: str) -> bool:
    """Whether a branch of a choice was plainly not meant: it is null, or its `type` tag is another."""
    for error in branch:
        at = "".join(step_of(step) for step in error.instance_path)
        tagged = type(error.kind).__name__ in {"Constant", "Enum"} and at == pointer + "/type"
        if tagged or getattr(error.kind, "types", None) == ["null"]:
            return True
    return False


LIMITS = {
    "Minimum": "minimum",
    "ExclusiveMinimum": "minimum",
    "Maximum": "maximum",
    "ExclusiveMaximum": "maximum",
    "MinLength": "too_short",
    "MinItems": "too_short",
    "MaxLength": "too_long",
    "MaxItems": "too_long",
}


def _simple(pointer: str, name: str, kind: Any, instance: object) -> Fault:  # noqa: ANN401 - one of 30 classes
    if name in LIMITS:
        return fault(pointer, LIMITS[name], limit=kind.limit)
    match name:
        case "Not" if instance == MASK:
            return fault(pointer, "masked_value")
        case "Type":
            return fault(pointer, "type", **_named(kind.types))
        case "Enum" | "Constant":
            return _of_options(pointer, getattr(kind, "options", None) or [getattr(kind, "expected_value", None)])
        case "Format":
            return fault(pointer, "check_digit" if kind.format == "resident-id" else "format", **_named([kind.format]))
        case _:
            return fault(pointer, "shape")


def _named(names: Sequence[str]) -> dict[str, Any]:
    known = [NAMES.get(name, (name, name)) for name in names]
    return {"zh": "或".join(zh for zh, _ in known), "en": " or ".join(en for _, en in known)}


def _of_options(pointer: str, options: Sequence[object]) -> Fault:
    """The values that would do, and in the same order their titles, where they have any."""
    allowed = tuple(str(option) for option in options)
    titles = titles_among(allowed)
    zh, en = "、".join(title for title, _ in titles), ", ".join(title for _, title in titles)
    return fault(pointer, "enum", allowed=allowed, zh=zh and f"：{zh}", en=en and f": {en}")


def _of_pattern(pointer: str, pattern: str, text: str) -> Fault:
    if names := NAMES_AND_COMMAS.fullmatch(pattern):
        return fault(pointer, "names", allowed=tuple(names[1].split("|")))
    if "*" in text:
        return fault(pointer, "masked_value")
    if unseen := UNSEEN.search(text):
        return fault(pointer, "invisible", what=f"U+{ord(unseen[0]):04X}")
    return fault(pointer, "pattern")


def fault(pointer: str, code: str, *, allowed: tuple[str, ...] = (), **values: object) -> Fault:
    """A fault of the shape, from the table of texts."""
    text = TEXTS[code]
    return Fault(pointer, code, text[0].format(**values), text[1].format(**values), allowed)


def merge(target: object, patch: object) -> object:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def patch_schema(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Every field may be left out; those that may be absent from the entry may be set to null, which takes them out."""
    schema = msgspec.json.schema(shape)
    name = schema["$ref"].rpartition("/")[2]
    return {**as_patch(schema["$defs"][name]), "$defs": schema["$defs"]}


def as_patch(component: dict[str, Any]) -> dict[str, Any]:
    """The patch of an object schema."""
    required = set(component.get("required", ()))
    return {
        "type": "object",
        "title": component.get("title", "") + "Patch",
        "description": "JSON merge patch (RFC 7396) of " + component.get("title", ""),
        "properties": {
            name: _without_default(field) if name in required else _nullable(_without_default(field))
            for name, field in component["properties"].items()
        },
        "additionalProperties": False,
    }


def _without_default(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key != "default"}


def _nullable(field: dict[str, Any]) -> dict[str, Any]:
    branches = field.get("anyOf", [field])
    if {"type": "null"} in branches:
        return field
    return {"anyOf": [*branches, {"type": "null"}]}
