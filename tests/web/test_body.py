"""Bodies: what is strict JSON, and what is told of what is not."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.errors import Fault, Malformed
from registry.web.strict_json import DEPTH, parse

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


def faults_in(raw: bytes) -> list[Fault]:
    with pytest.raises(Malformed) as malformed:
        parse(raw)
    return list(malformed.value.faults)


def told(raw: bytes) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults_in(raw)]


def nested(depth: int, opening: str = "[", closing: str = "]", inside: str = "") -> bytes:
    return (opening * depth + inside + closing * depth).encode()


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("raw", [b"", b" ", b"\n\t \r\n"])
def test_an_empty_body_is_told_to_be_empty(raw: bytes) -> None:
    assert told(raw) == [("", "empty")]


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"nul", b"{}x", b"{} {}", b"{'a':1}", b"{a:1}", b"[1,]", b'{"a":1,}', b"[1 2]", b"01", b"+1", b".5", b"1.",
        b"0x10", b"1e", b"-", b"True", b'"a\nb"', b'"\x00"', b'"\\x41"', b'"open', b"// no", b"\x00", b"\xc2\xa0{}",
        "１".encode(),
    ],
)  # fmt: skip
def test_what_is_not_json(raw: bytes) -> None:
    assert told(raw) == [("", "not_json")]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", '[1,{"a":1e400}]', "[NaN]"])
def test_numbers_that_are_not_finite_are_not_json(text: str) -> None:
    assert told(text.encode()) == [("", "not_json")]


@pytest.mark.parametrize(
    "raw",
    [
        b'"\xff"', b"\xff", b'"\xc0\xaf"', b'"\xe9\x9b"', '"é"'.encode("latin-1"), b'{"\xfe":1}',
        '"示范"'.encode("gb18030"), '{"a":"示范"}'.encode("utf-16"), '"é"'.encode("utf-16-le"), b"[1]".decode().encode("utf-32-be"),
    ],
)  # fmt: skip
def test_what_is_not_utf_8_is_not_json(raw: bytes) -> None:
    assert told(raw) == [("", "not_json")]


@pytest.mark.parametrize(
    "raw",
    [b'{"a":1,"a":2}', b'{"a":1,"a":1}', b'{"x":[{"b":1,"a":0,"b":null}]}', b'{"a":1,"\\u0061":2}', b'{"":1,"":2}'],
)
def test_a_key_that_stands_twice_is_told(raw: bytes) -> None:
    assert told(raw) == [("", "duplicate_key")]


def test_the_key_that_stands_twice_is_named() -> None:
    (fault,) = faults_in('{"甲":1,"乙":2,"丙":{"乙":0},"乙":3}'.encode())
    assert "乙" in fault.zh
    assert "乙" in fault.en


def test_the_same_key_in_different_objects_is_fine() -> None:
    assert parse(b'[{"a":1},{"a":{"a":2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_a_key_that_stands_twice_is_found_fast_among_many() -> None:
    keys = [*range(10_000), 9_999]
    raw = ("{" + ",".join(f'"key{number:05}":0' for number in keys) + "}").encode()
    start = time.process_time()
    assert told(raw) == [("", "duplicate_key")]
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    "raw",
    [
        nested(DEPTH),
        nested(DEPTH, inside="1"),
        nested(DEPTH, '{"a":', "}", "1"),
        nested(DEPTH // 2, '[{"a":', "}]", '"x"'),
        b"[" + nested(DEPTH - 1) + b"," + nested(DEPTH - 1) + b"]",
    ],
)
def test_a_depth_of_32_is_fine(raw: bytes) -> None:
    assert parse(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        nested(DEPTH + 1),
        nested(DEPTH + 1, '{"a":', "}", "1"),
        nested(DEPTH // 2 + 1, '[{"a":', "}]", '"x"'),
        nested(100),
        nested(990),
        nested(100_000),
        nested(100_000, '{"a":', "}", "1"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=["33", "33 objects", "34 mixed", "100", "990", "100000", "100000 objects", "open", "open objects"],
)
def test_deeper_nesting_is_refused(raw: bytes) -> None:
    assert [code for _, code in told(raw)] == ["too_deep"]


def test_nesting_too_deep_is_told_where_it_starts() -> None:
    assert told(b'{"a":[0,' + nested(DEPTH - 1) + b"]}") == [("/a/1" + "/0" * (DEPTH - 2), "too_deep")]


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, -1])
def test_numbers_of_64_bits_are_fine(number: int) -> None:
    assert parse(str(number).encode()) == number


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64, 10**100])
def test_larger_numbers_are_told(number: int) -> None:
    assert told(json.dumps({"a": [0, number]}).encode()) == [("/a/1", "too_big")]


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert [pointer for pointer, _ in told(b"1" * 5_000)] == [""]


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (rb'"\ud800"', ""),
        (rb'["x","\udc00"]', "/1"),
        (rb'{"a":{"b":"\ud83d"}}', "/a/b"),
        (rb'"\ude00\ud83d"', ""),
        (rb'{"\ud800":1}', ""),
        (rb'{"a":[{"\udfff":1}]}', "/a/0"),
    ],
)
def test_a_surrogate_without_its_half_is_told(raw: bytes, pointer: str) -> None:
    assert told(raw) == [(pointer, "surrogate")]


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse(rb'"\ud83d\ude00"') == "\U0001f600"


def test_all_faults_are_told_at_once() -> None:
    raw = rb'{"a":9223372036854775808,"b":["\ud800",1],"c":[{"d":-9223372036854775809}]}'
    assert told(raw) == [("/a", "too_big"), ("/b/0", "surrogate"), ("/c/0/d", "too_big")]


def test_at_most_a_hundred_faults_are_told() -> None:
    assert len(told(json.dumps([2**63] * 150).encode())) == 100


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [(b'{"a/b":9223372036854775808}', "/a~1b"), (b'{"c~d":[9223372036854775808]}', "/c~0d/0")],
)
def test_pointers_are_escaped_as_rfc_6901_says(raw: bytes, pointer: str) -> None:
    assert told(raw) == [(pointer, "too_big")]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        rb'{"\ud800":1,"\ud800":2}',
        rb'["\ud800"]',
        b"[NaN]",
        b"\xff",
        nested(33),
        b"9" * 30,
    ],
)
def test_every_fault_has_texts_that_can_be_sent(raw: bytes) -> None:
    for fault in faults_in(raw):
        assert fault.zh.encode()
        assert fault.en.encode()
        assert fault.pointer.encode().decode() == fault.pointer


@given(value=values, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
@settings(deadline=None)
def test_what_json_writes_within_the_limits_is_read_back(value: object, ascii_only: bool, indent: int | None) -> None:
    assume(depth_of(value) <= DEPTH)
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent, allow_nan=False).encode()
    assert parse(raw) == value


def read(raw: bytes) -> list[object]:
    """The value, if it is one."""
    with suppress(Malformed):
        return [parse(raw)]
    return []


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_bytes_are_malformed_or_a_value_that_reads_the_same_when_written_again(raw: bytes) -> None:
    for value in read(raw):
        assert parse(json.dumps(value).encode()) == value


def test_a_whole_number_written_with_a_point_is_one_to_the_shape_too() -> None:
    value = parse(b"[3.0, 3.5, -0.0]")
    assert value == [3, 3.5, 0]
    assert [type(item) for item in value] == [int, float, int]  # type: ignore[attr-defined]
