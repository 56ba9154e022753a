"""Query parameters and cursors."""

import base64
import datetime as dt
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.fields import tidy
from registry.core.queries import ListQuery, NoQuery
from registry.disputes.case_schemas import CaseQuery
from registry.disputes.codes import Stage
from registry.disputes.schemas import ClockQuery, DisputeQuery
from registry.errors import Fault, Malformed, Refused
from registry.gatherings.codes import GatheringKind
from registry.gatherings.schemas import GatheringQuery
from registry.web.cursors import Cursor, read_cursor
from registry.web.queries import parse_query
from tests.api import Api, codes

DISPUTE_ID = "018f0000-0000-7000-8000-000000000001"
numbers = st.integers(0, 2**62 - 1)
PATH = "/v1/gatherings"
cursor_texts = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=60)


def faults_in(raw: bytes, shape: type[msgspec.Struct] = GatheringQuery) -> tuple[Fault, ...]:
    with pytest.raises(Malformed) as malformed:
        parse_query(raw, shape)
    assert all(fault.zh and fault.en for fault in malformed.value.faults)
    return malformed.value.faults


def told(raw: bytes, shape: type[msgspec.Struct] = GatheringQuery) -> set[tuple[str, str]]:
    return {(fault.pointer, fault.code) for fault in faults_in(raw, shape)}


def packed(*parts: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).rstrip(b"=").decode()


def filters_of(query: ListQuery) -> str:
    text = Cursor(0, 0).text(query, PATH)
    return str(msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))[2])


def query(**values: Any) -> ListQuery:
    return ListQuery(**{"division": "440882102", **values})


def test_without_parameters_the_defaults_hold() -> None:
    assert parse_query(b"", GatheringQuery) == GatheringQuery()
    assert GatheringQuery().limit == 50


@pytest.mark.parametrize(
    ("raw", "shape", "name", "value"),
    [
        (b"limit=1", GatheringQuery, "limit", 1),
        (b"limit=200", GatheringQuery, "limit", 200),
        (b"limit=%31%30", GatheringQuery, "limit", 10),
        (b"%6cimit=10", GatheringQuery, "limit", 10),
        (b"division=440882", GatheringQuery, "division", "440882"),
        (b"division=440882102204", GatheringQuery, "division", "440882102204"),
        (b"include_voided=true", GatheringQuery, "include_voided", True),
        (b"include_voided=false", GatheringQuery, "include_voided", False),
        (b"kind=opera", GatheringQuery, "kind", GatheringKind.OPERA),
        (b"decided_from=2020-02-29", GatheringQuery, "decided_from", dt.date(2020, 2, 29)),
        (b"as_of=2020-02-21", GatheringQuery, "as_of", "2020-02-21"),
        (b"as_of=2020-02-21T09%3A00%3A00%2B08%3A00", GatheringQuery, "as_of", "2020-02-21T09:00:00+08:00"),
        (b"stage=mediating", DisputeQuery, "stage", Stage.MEDIATING),
        (b"land=false", DisputeQuery, "land", False),
        (b"land=true", DisputeQuery, "land", True),
        (b"on=2020-02-25", ClockQuery, "on", dt.date(2020, 2, 25)),
    ],
)
def test_what_is_documented_is_taken(raw: bytes, shape: type[msgspec.Struct], name: str, value: object) -> None:
    taken = getattr(parse_query(raw, shape), name)
    assert taken == value
    assert type(taken) is type(value)


def test_an_id_is_taken() -> None:
    assert str(parse_query(f"dispute_id={DISPUTE_ID}".encode(), CaseQuery).dispute_id) == DISPUTE_ID


@pytest.mark.parametrize("raw", [b"foo=1", b"foo", b"foo=", b"Limit=5", b"limit%20=5", b"kind[]=opera"])
def test_an_unknown_parameter_is_told(raw: bytes) -> None:
    ((pointer, code),) = told(raw)
    assert code == "unknown_parameter"
    assert pointer.startswith("#")


def test_where_nothing_is_taken_everything_is_unknown() -> None:
    assert told(b"limit=5", NoQuery) == {("#limit", "unknown_parameter")}


def test_the_known_parameters_are_named() -> None:
    with pytest.raises(Malformed) as malformed:
        parse_query(b"foo=1", DisputeQuery)
    assert {"stage", "limit", "cursor", "division"} <= set(malformed.value.faults[0].allowed)


@pytest.mark.parametrize("raw", [b"limit=5&limit=5", b"limit=5&limit=6", b"limit=5&kind=opera&%6cimit=7"])
def test_a_parameter_given_twice_is_told(raw: bytes) -> None:
    assert told(raw) == {("#limit", "repeated_parameter")}


def test_unknown_and_repeated_parameters_are_told_together() -> None:
    assert told(b"foo=1&limit=5&bar=2&limit=6&kind=opera") == {
        ("#foo", "unknown_parameter"),
        ("#bar", "unknown_parameter"),
        ("#limit", "repeated_parameter"),
    }


@pytest.mark.parametrize(
    ("raw", "shape", "name"),
    [
        (b"limit=0", GatheringQuery, "limit"),
        (b"limit=-1", GatheringQuery, "limit"),
        (b"limit=201", GatheringQuery, "limit"),
        (b"limit=99999999999999999999", GatheringQuery, "limit"),
        (b"limit=x", GatheringQuery, "limit"),
        (b"limit=", GatheringQuery, "limit"),
        (b"limit", GatheringQuery, "limit"),
        (b"limit=5.5", GatheringQuery, "limit"),
        (b"limit=1e1", GatheringQuery, "limit"),
        (b"limit=null", GatheringQuery, "limit"),
        (b"limit=true", GatheringQuery, "limit"),
        (b"limit=%D9%A5", GatheringQuery, "limit"),
        (b"division=44", GatheringQuery, "division"),
        (b"division=4408821", GatheringQuery, "division"),
        (b"division=", GatheringQuery, "division"),
        (b"division=440882%0A", GatheringQuery, "division"),
        (b"division=440882%25", GatheringQuery, "division"),
        (b"include_voided=yes", GatheringQuery, "include_voided"),
        (b"include_voided=2", GatheringQuery, "include_voided"),
        (b"include_voided=", GatheringQuery, "include_voided"),
        (b"include_voided=null", GatheringQuery, "include_voided"),
        (b"kind=concert", GatheringQuery, "kind"),
        (b"kind=", GatheringQuery, "kind"),
        (b"kind=null", GatheringQuery, "kind"),
        (b"kind=OPERA", GatheringQuery, "kind"),
        (b"decided_from=2020-02-30", GatheringQuery, "decided_from"),
        (b"decided_from=2019-02-29", GatheringQuery, "decided_from"),
        (b"decided_from=2020-2-3", GatheringQuery, "decided_from"),
        (b"decided_from=0000-01-01", GatheringQuery, "decided_from"),
        (b"decided_from=20200203", GatheringQuery, "decided_from"),
        (b"decided_from=1580688000", GatheringQuery, "decided_from"),
        (b"decided_from=2020-02-03T00:00:00Z", GatheringQuery, "decided_from"),
        (b"decided_from=", GatheringQuery, "decided_from"),
        (b"decided_from=null", GatheringQuery, "decided_from"),
        (b"as_of=2020", GatheringQuery, "as_of"),
        (b"as_of=2020-02-21%00", GatheringQuery, "as_of"),
        (b"as_of=" + b"2" * 49, GatheringQuery, "as_of"),
        (b"cursor=", GatheringQuery, "cursor"),
        (b"cursor=a%20b", GatheringQuery, "cursor"),
        (b"cursor=" + b"a" * 201, GatheringQuery, "cursor"),
        (b"land=2", DisputeQuery, "land"),
        (b"overdue_on=null", DisputeQuery, "overdue_on"),
        (b"stage=found", DisputeQuery, "stage"),
        (b"on=yesterday", ClockQuery, "on"),
        (b"dispute_id=1", CaseQuery, "dispute_id"),
        (b"dispute_id=null", CaseQuery, "dispute_id"),
    ],
)
def test_a_wrong_value_is_told_of_its_parameter(raw: bytes, shape: type[msgspec.Struct], name: str) -> None:
    found = told(raw, shape)
    assert {pointer for pointer, _ in found} == {f"#{name}"}
    assert {code for _, code in found} <= {
        "minimum",
        "maximum",
        "too_short",
        "too_long",
        "type",
        "enum",
        "pattern",
        "format",
    }


SENTENCES = [
    (b"limit=201", GatheringQuery, "不得大于 200。", "Must be at most 200."),
    (b"limit=x", GatheringQuery, "类型不对，应为整数。", "Wrong type; it must be a whole number."),
    (b"include_voided=yes", GatheringQuery, "类型不对，应为是或否（true 或 false）。", "Wrong type; it must be true or false."),
    (b"division=44", GatheringQuery, "格式不对。", "Not of the required form."),
    (b"decided_from=2020-02-30", GatheringQuery, "不是有效的日期（如 2020-02-21）。", "Not a valid date (such as 2020-02-21)."),
    (b"dispute_id=1", CaseQuery, "不是有效的编号（UUID）。", "Not a valid id (a UUID)."),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "shape", "zh", "en"), SENTENCES)
def test_what_is_wrong_is_told_in_both_languages(raw: bytes, shape: type[msgspec.Struct], zh: str, en: str) -> None:
    (fault,) = faults_in(raw, shape)
    assert (fault.zh, fault.en) == (zh, en)


def test_a_code_that_is_none_is_told_with_those_that_are_and_their_titles() -> None:
    (fault,) = faults_in(b"kind=concert", GatheringQuery)
    assert set(fault.allowed) == set(GatheringKind)
    titles = "、".join(GatheringKind(value).zh for value in fault.allowed)
    assert fault.zh == f"不在可选值之内：{titles}。"
    assert fault.en.startswith("Not one of the allowed values: ")


@pytest.mark.parametrize("raw", [b"absent=notice,name", b"present=", b"absent=Notice"])
def test_a_list_of_names_is_told_which_there_are(raw: bytes) -> None:
    assert [(fault.code, fault.allowed) for fault in faults_in(raw)] == [("names", ("notice",))]


def test_all_that_is_wrong_is_told_at_once() -> None:
    raw = b"foo=1&limit=0&kind=concert&division=44&division=45&decided_from=soon"
    assert told(raw) == {
        ("#foo", "unknown_parameter"), ("#limit", "minimum"), ("#kind", "enum"), ("#division", "repeated_parameter"),
        ("#decided_from", "format"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "asked", ["通告\uf9b5", "\u3000通告\u9234 ", "e\u0301"], ids=["compatibility", "wide blank", "decomposed"]
)
def test_a_text_is_asked_for_as_it_was_kept(asked: str) -> None:
    """`tidy` is what bodies go through."""
    assert parse_query(urlencode({"notice": asked}).encode(), GatheringQuery).notice == tidy(asked)


def test_a_text_may_be_null() -> None:
    assert parse_query(b"notice=null", GatheringQuery).notice == "null"


def test_a_number_of_any_length_is_no_fault_of_ours() -> None:
    assert told(b"limit=" + b"9" * 5000) == {("#limit", "type")}


@pytest.mark.parametrize("raw", [b"kind=%ff", b"%ff=1", b"\xff", b"kind=\xe9", b"kind=%ED%A0%80"])
def test_what_is_not_utf_8_is_told(raw: bytes) -> None:
    assert told(raw) == {("#query", "not_utf8")}


def test_more_than_a_hundred_parameters_are_refused_and_not_blamed_on_the_encoding() -> None:
    codes = {code for _, code in told(b"&".join([b"a=1"] * 101))}
    assert codes
    assert "not_utf8" not in codes


@given(st.binary(max_size=40))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(parse_query(raw, DisputeQuery), DisputeQuery)


@given(
    name=st.sampled_from(sorted(DisputeQuery.__struct_fields__)),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
def test_no_value_breaks_the_parser(name: str, value: str) -> None:
    with suppress(Malformed):
        taken = parse_query(urlencode({name: value}).encode(), DisputeQuery)
        assert getattr(taken, name) is not None


@given(limit=st.integers(1, 200), days=st.dates(), voided=st.booleans())
def test_what_a_client_encodes_is_read_back(limit: int, days: dt.date, voided: bool) -> None:
    raw = urlencode({"limit": limit, "decided_to": days.isoformat(), "include_voided": str(voided).lower()}).encode()
    expected = GatheringQuery(limit=limit, decided_to=days, include_voided=voided)
    assert parse_query(raw, GatheringQuery) == expected


def test_without_a_cursor_there_is_none() -> None:
    assert read_cursor(query(), PATH) is None


@given(watermark=numbers, last=numbers, limit=st.integers(1, 200))
def test_a_cursor_reads_as_it_was_written_whatever_the_limit(watermark: int, last: int, limit: int) -> None:
    cursor = Cursor(watermark, last)
    assert read_cursor(query(cursor=cursor.text(query(), PATH), limit=limit), PATH) == cursor


@given(watermark=numbers, last=numbers)
def test_a_cursor_is_a_parameter_that_is_taken(watermark: int, last: int) -> None:
    text = Cursor(watermark, last).text(query(), PATH)
    assert parse_query(f"cursor={text}".encode(), ListQuery).cursor == text


@pytest.mark.parametrize(
    "other",
    [query(division="440882100"), query(include_voided=True), ListQuery()],
)
def test_a_cursor_of_other_filters_is_refused(other: ListQuery) -> None:
    made = Cursor(812, 40).text(other, PATH)
    with pytest.raises(Refused) as refused:
        read_cursor(query(cursor=made), PATH)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("#cursor", "cursor")]


def test_a_cursor_is_the_same_whatever_as_of_it_was_asked_with() -> None:
    """The watermark stands in the cursor, so an answer asked for again with it as `as_of` is the same, cursor and all."""
    assert Cursor(812, 40).text(query(as_of="wm_440882_812"), PATH) == Cursor(812, 40).text(query(), PATH)


def test_a_cursor_of_another_list_is_refused() -> None:
    made = Cursor(812, 40).text(GatheringQuery(kind=GatheringKind.OPERA), PATH)
    with pytest.raises(Refused):
        read_cursor(DisputeQuery(cursor=made), PATH)


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (812, 40),
        (812, 40, "", 1),
        ("812", 40, filters_of(query())),
        (812, None, filters_of(query())),
        (812, 40, 5),
        (812, 40, ""),
        (812, 40, filters_of(query())[:-1]),
        (812, 40, filters_of(query()).upper() + "X"),
        (-1, 40, filters_of(query())),
        (812, -1, filters_of(query())),
        (2**62, 40, filters_of(query())),
        (812, 2**62, filters_of(query())),
        (2**70, 40, filters_of(query())),
        (812.5, 40, filters_of(query())),
        (True, 40, filters_of(query())),
    ],
)
def test_a_forged_cursor_is_refused(parts: tuple[object, ...]) -> None:
    with pytest.raises(Refused):
        read_cursor(query(cursor=packed(*parts)), PATH)


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_cursor_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(Refused):
        read_cursor(query(cursor=Cursor(812, 40).text(query(), PATH)[:-cut]), PATH)


@given(cursor_texts)
def test_no_text_breaks_the_reader_of_cursors(text: str) -> None:
    with pytest.raises(Refused):
        read_cursor(query(cursor=text), PATH)


def test_a_refused_cursor_leaves_nothing_behind() -> None:
    """An exception that is raised again and again keeps every frame that it passed through."""
    lengths = set()
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            read_cursor(query(cursor="abcd"), PATH)
        trace, length = refused.value.__traceback__, 0
        while trace is not None:
            trace, length = trace.tb_next, length + 1
        lengths.add(length)
    assert len(lengths) == 1


def test_a_cursor_of_another_register_is_refused() -> None:
    made = Cursor(812, 40).text(query(), "/v1/agreements")
    with pytest.raises(Refused):
        read_cursor(query(cursor=made), "/v1/proceedings")


def test_the_table_of_a_lists_parameters_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """msgspec makes it anew whenever it is asked: that was a fifth of a list."""
    parse_query(b"limit=1&kind=nianli", GatheringQuery)
    monkeypatch.setattr(msgspec.json, "schema", None)
    assert parse_query(b"limit=2&kind=opera", GatheringQuery).limit == 2


@pytest.mark.parametrize(
    "path", ["/v1/disputes?case_number=", "/v1/statistics/disputes?case_number=", "/v1/sheds?police_case_number="]
)
@pytest.mark.parametrize("text", ["\u00a0" + "0" * 100, "\ufb2c" * 60])
def test_a_text_is_no_longer_than_told_as_sent_and_as_kept(api: Api, path: str, text: str) -> None:
    """U+FB2C composes to three characters."""
    answer = api.get(path + quote(text))
    assert (answer.status_code, codes(answer)) == (400, {"too_long"})
