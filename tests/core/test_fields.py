"""Fields: ID numbers, which fields are personal, their masks, and how strings are kept."""

import copy
import datetime as dt
import unicodedata
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.fields import (
    BLANKS,
    MASK,
    MASKS,
    Address,
    BirthDate,
    IdNumber,
    Note,
    Path,
    PersonName,
    Phone,
    Sensitive,
    birth_date_in,
    canonical,
    is_resident_id,
    personal_paths,
    personal_values,
    put,
    tidy,
)
from registry.core.validation import convert
from registry.disputes.case_schemas import AgreementIn, ProceedingIn, ReturnVisitIn, SessionIn
from registry.disputes.schemas import DisputeIn, PersonSearch
from registry.divisions.schemas import DivisionIn, PhoneSearch, StaffIn
from registry.errors import Malformed
from registry.followups.schemas import CampaignIn, PatientIn, PatientSearch
from registry.followups.visit_schemas import VisitIn
from registry.gatherings.schemas import GatheringIn, ShedIn

WOMAN, MAN = "11010519491231002X", "440524188001010014"
"""The examples of GB 11643-1999 itself; nobody's."""
PERSONAL = {
    PersonName: "name",
    Phone: "phone",
    IdNumber: "id_number",
    Address: "text",
    Sensitive: "text",
    BirthDate: "date",
    Note: "text",
}
SHAPES = [
    PatientIn, VisitIn, CampaignIn, DisputeIn, ProceedingIn, SessionIn, AgreementIn, ReturnVisitIn, GatheringIn, ShedIn,
    DivisionIn, StaffIn, PersonSearch, PatientSearch, PhoneSearch,
]  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def with_check_digit(first17: str) -> str:
    """The ID number by ISO 7064 MOD 11-2, computed another way than by the table of weights."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first17))
    return first17 + "0123456789X"[(12 - total) % 11]


def patient() -> dict[str, Any]:
    return {
        "name": "示范甲",
        "birth_date": "1988-01-01",
        "id_number": None,
        "guardian": {"name": "示范乙", "phone": "13800000000"},
        "medication": [{"name": "示范药一"}, {"name": "示范药二"}],
        "care_team": [],
    }


@pytest.mark.parametrize("number", [WOMAN, MAN, "11010519491231002x"])
def test_the_standards_own_examples_are_id_numbers(number: str) -> None:
    assert is_resident_id(number)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("110105194912310021", id="wrong check digit"),
        pytest.param("440524188001010015", id="wrong last digit"),
        pytest.param("44052418800101001X", id="X where a digit belongs"),
        pytest.param(with_check_digit("11010519490230002"), id="30 February"),
        pytest.param(with_check_digit("11010519491331002"), id="month 13"),
        pytest.param(with_check_digit("11010519490001002"), id="month 0"),
        pytest.param(with_check_digit("11010519491200002"), id="day 0"),
        pytest.param(with_check_digit("11010500001231002"), id="year 0"),
        pytest.param(with_check_digit("11010519000229002"), id="1900 was no leap year"),
        pytest.param(with_check_digit("11010529991231002"), id="born in 2999"),
        pytest.param(with_check_digit("01010519491231002"), id="no province begins with 0"),
        pytest.param("110105491231002", id="15 digits"),
        pytest.param("11010519491231002", id="17 digits"),
        pytest.param("110105194912310020X", id="19 characters"),
        pytest.param("１１０１０５１９４９１２３１００２Ｘ", id="full width"),
        pytest.param("44052418800101001٤", id="an Arabic digit"),
        pytest.param(" " + MAN, id="blank before"),
        pytest.param(MAN + "\n", id="line end after"),
        pytest.param("1101**********002X", id="a mask"),
        pytest.param("", id="empty"),
        pytest.param(None, id="null"),
        pytest.param(440524188001010014, id="a number"),
    ],
)
def test_what_is_no_id_number(value: object) -> None:
    assert not is_resident_id(value)


@given(
    area=st.integers(100000, 999999),
    born=st.dates(dt.date(1850, 1, 1), dt.date(2020, 12, 31)),
    sequence=st.integers(0, 999),
)
def test_every_number_with_a_right_check_digit_and_date_is_taken(area: int, born: dt.date, sequence: int) -> None:
    number = with_check_digit(f"{area}{born:%Y%m%d}{sequence:03}")
    assert is_resident_id(number)
    assert birth_date_in(number) == born


@pytest.mark.parametrize("place", range(17))
def test_one_wrong_digit_is_always_found(place: int) -> None:
    others = set("0123456789") - {MAN[place]}
    assert not any(is_resident_id(MAN[:place] + digit + MAN[place + 1 :]) for digit in others)


@pytest.mark.parametrize(
    ("number", "born"),
    [(WOMAN, dt.date(1949, 12, 31)), (MAN, dt.date(1880, 1, 1)), ("110105190002290020", None)],
)
def test_the_birth_date_stands_in_the_number(number: str, born: dt.date | None) -> None:
    assert birth_date_in(number) == born


@pytest.mark.parametrize(
    ("shape", "paths"),
    [
        (
            PatientIn,
            {
                "name": "name",
                "birth_date": "date",
                "id_number": "id_number",
                "address": "text",
                "hamlet": "text",
                "phone": "phone",
                "guardian/name": "name",
                "guardian/phone": "phone",
                "guardian/id_number": "id_number",
                "guardian/address": "text",
                "medication/*/name": "text",
                "hospital": "text",
                "care_team/*/name": "name",
                "care_team/*/phone": "phone",
                "note": "text",
            },
        ),
        (
            DisputeIn,
            {
                "parties/*/person/name": "name",
                "parties/*/person/id_number": "id_number",
                "parties/*/person/phone": "phone",
                "parties/*/representative/name": "name",
                "parties/*/representative/phone": "phone",
                "parties/*/claim": "text",
                "responsible/name": "name",
                "responsible/phone": "phone",
                "summary": "text",
                "settled_on_the_spot/agreed": "text",
                "settled_on_the_spot/mediators/*/name": "name",
            },
        ),
        (
            VisitIn,
            {
                "team/*/name": "name",
                "medication/*/name": "text",
                "adverse_reaction_note": "text",
                "referral/reason": "text",
                "referral/to": "text",
                "next_visit_reason": "text",
                "findings": "text",
            },
        ),
        (GatheringIn, {"organiser/name": "name", "organiser/phone": "phone", "note": "text"}),
        (ShedIn, {"owner/name": "name", "owner/phone": "phone", "gambling_evidence": "text", "note": "text"}),
        (StaffIn, {"name": "name", "phone": "phone"}),
        (CampaignIn, {}),
    ],
)
def test_the_personal_fields_of_a_shape(shape: type[msgspec.Struct], paths: dict[str, str]) -> None:
    assert {"/".join(path): mask for path, mask in personal_paths(shape)} == paths


def personal_in(hint: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The personal fields by the annotations themselves: a second way to find them."""
    origin = get_origin(hint)
    if origin is Annotated:
        kinds = [kind for alias, kind in PERSONAL.items() if get_args(alias)[1] in hint.__metadata__]
        yield from [(path, kinds[0])] if kinds else personal_in(get_args(hint)[0], path)
    elif origin in {Union, UnionType}:
        for each in get_args(hint):
            yield from personal_in(each, path)
    elif origin in {list, tuple, set, frozenset, dict}:
        for each in get_args(hint):
            yield from personal_in(each, (*path, "*"))
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        for name, each in get_type_hints(hint, include_extras=True).items():
            if name in hint.__struct_fields__:
                yield from personal_in(each, (*path, name))


@pytest.mark.parametrize("shape", SHAPES)
def test_no_field_of_a_personal_type_is_overlooked(shape: type[msgspec.Struct]) -> None:
    assert set(personal_paths(shape)) == set(personal_in(shape))


def test_a_personal_field_is_found_inside_lists_of_lists() -> None:
    class Row(msgspec.Struct):
        names: list[list[PersonName | None]]

    class Sheet(msgspec.Struct):
        rows: list[Row] | None = None

    assert personal_paths(Sheet) == ((("rows", "*", "names", "*", "*"), "name"),)


def test_a_field_renamed_on_the_wire_is_found_under_that_name() -> None:
    class Renamed(msgspec.Struct, rename="camel"):
        full_name: PersonName

    assert personal_paths(Renamed) == ((("fullName",), "name"),)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (("name",), [("/name", "示范甲")]),
        (("guardian", "phone"), [("/guardian/phone", "13800000000")]),
        (("medication", "*", "name"), [("/medication/0/name", "示范药一"), ("/medication/1/name", "示范药二")]),
        (("care_team", "*", "name"), []),
        (("id_number",), []),
        (("address",), []),
        (("guardian", "address"), []),
        (("name", "first"), []),
    ],
)
def test_the_values_at_a_path(path: Path, values: list[tuple[str, str]]) -> None:
    assert list(personal_values(patient(), path)) == values


def test_no_values_in_what_is_no_document() -> None:
    assert list(personal_values(None, ("name",))) == []


def test_items_without_the_field_keep_the_others_places() -> None:
    document = {"medication": [{}, {"name": "示范药"}, {"name": None}]}
    assert list(personal_values(document, ("medication", "*", "name"))) == [("/medication/1/name", "示范药")]


def test_values_put_back_where_they_stood_change_nothing() -> None:
    document = patient()
    for path, _ in personal_paths(PatientIn):
        for pointer, text in personal_values(patient(), path):
            put(document, pointer, text)
    assert document == patient()


def test_putting_a_value_changes_that_place_only() -> None:
    document = patient()
    put(document, "/medication/1/name", MASK)
    expected = patient()
    expected["medication"][1]["name"] = MASK
    assert document == expected


def test_a_missing_value_is_taken_out() -> None:
    document = patient()
    put(document, "/guardian/phone", None, missing=True)
    assert document["guardian"] == {"name": "示范乙"}


def test_a_missing_item_of_a_list_becomes_null_so_that_the_others_stay() -> None:
    document: dict[str, object] = {"names": ["示范甲", "示范乙"]}
    put(document, "/names/0", None, missing=True)
    assert document == {"names": [None, "示范乙"]}


@pytest.mark.parametrize(
    ("kind", "text", "mask"),
    [
        ("name", "示范甲", "示*"),
        ("name", "示", "示*"),
        ("phone", "13812345678", "138****5678"),
        ("phone", "0759-8888888", "075****8888"),
        ("id_number", WOMAN, "1101**********002X"),
        ("date", "1988-01-01", "1988-**-**"),
        ("text", "示范村三巷一号", MASK),
    ],
)
def test_masks(kind: str, text: str, mask: str) -> None:
    assert MASKS[kind](text) == mask


def test_every_kind_of_personal_field_has_a_mask() -> None:
    assert set(PERSONAL.values()) == set(MASKS)


@given(texts.filter(lambda text: len(text) > 1))
def test_a_masked_name_does_not_tell_how_long_the_name_is(name: str) -> None:
    assert len(MASKS["name"](name)) == 2


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (" 示范甲 ", "示范甲"),
        ("\u3000示范\u3000甲\u00a0 ", "示范\u3000甲"),
        ("e\u0301", "é"),
        ("", ""),
        (63.0, 63),
        (63.5, 63.5),
        (-0.0, 0),
        (True, True),
        (None, None),
        ({"a": [" b ", {"c": 2.0}]}, {"a": ["b", {"c": 2}]}),
        ((110.0, 20.5), [110, 20.5]),
    ],
)
def test_how_values_are_kept(value: object, kept: object) -> None:
    assert tidy(value) == kept
    assert type(tidy(value)) is type(kept)


@given(documents)
@settings(deadline=None)
def test_tidying_twice_is_tidying_once(document: object) -> None:
    once = tidy(document)
    assert msgspec.json.encode(tidy(once)) == msgspec.json.encode(once)


@given(documents)
@settings(deadline=None)
def test_tidying_leaves_what_was_sent_alone(document: object) -> None:
    before = copy.deepcopy(document)
    tidy(document)
    assert document == before


@given(texts)
def test_a_tidy_text_is_composed_and_has_no_blanks_at_its_ends(text: str) -> None:
    kept = str(tidy(text))
    assert unicodedata.is_normalized("NFC", kept)
    assert kept == kept.strip(BLANKS)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("+8613800001111", "13800001111"),
        ("+86 138 0000 1111", "13800001111"),
        ("0086-138-0000-1111", "13800001111"),
        ("138 0000 1111", "13800001111"),
        ("138-0000-1111", "13800001111"),
        ("１３８００００１１１１", "13800001111"),
        ("0759-8812345", "0759-8812345"),
        ("07598812345", "0759-8812345"),
        ("(0759) 8812345", "0759-8812345"),
        ("（0759）8812345", "0759-8812345"),
        ("0759—8812345", "0759-8812345"),
        ("+86 759 8812345", "0759-8812345"),
        ("0759-8812345-801", "0759-8812345-801"),
        ("0759-8812345转801", "0759-8812345-801"),
        ("02088123456", "020-88123456"),
        ("010 88123456", "010-88123456"),
        ("4008008820", "4008008820"),
        ("400-800-8820", "4008008820"),
        ("8008008820", "8008008820"),
    ],
)
def test_a_phone_is_kept_in_one_form(text: str, kept: str) -> None:
    sent = convert({"phone": text}, PhoneSearch)
    assert sent.phone == kept
    assert convert({"phone": kept}, PhoneSearch).phone == kept
    assert MASKS["phone"](kept) == MASKS["phone"](MASKS["phone"](kept)) != kept


@pytest.mark.parametrize(
    "text",
    [
        "12345",
        "1380000111",
        "138000011112",
        "+8513800001111",
        "0759-881234",
        "电话",
        "0759-8812345-8888888",
        "759 881234",
    ],
)
def test_what_is_no_phone_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        convert({"phone": text}, PhoneSearch)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("12.50", "12.5"), ("12.00", "12"), ("012.5", "12.5"), ("0.00", "0"), ("0.50", "0.5"), ("120", "120")],
)
def test_an_area_is_kept_in_one_form(text: str, kept: str) -> None:
    assert canonical({"area_mu": text}, DisputeIn) == {"area_mu": kept}
    assert canonical({"area_m2": text}, ShedIn) == {"area_m2": kept}


def test_an_id_number_is_kept_in_upper_case_and_only_where_one_belongs() -> None:
    sent = {"id_number": WOMAN.lower(), "address": "x", "guardian": {"id_number": WOMAN.lower(), "name": "x"}}
    kept = canonical(sent, PatientIn)
    assert kept == {"id_number": WOMAN, "address": "x", "guardian": {"id_number": WOMAN, "name": "x"}}
    assert sent["id_number"] == WOMAN.lower()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"type": "Point", "coordinates": [110.0, 20.9, 12.5]}, [110.0, 20.9]),
        ({"type": "Polygon", "coordinates": [[[110, 20, 1], [110.1, 20, 1]]]}, [[[110, 20], [110.1, 20]]]),
        ({"type": "MultiPolygon", "coordinates": [[[[110, 20, 1]]]]}, [[[[110, 20]]]]),
    ],
)
def test_an_altitude_is_dropped(sent: dict[str, Any], kept: object) -> None:
    assert canonical({"geometry": sent}, DisputeIn)["geometry"] == {**sent, "coordinates": kept}


@given(documents)
def test_no_document_breaks_the_forms(document: Any) -> None:
    for shape in SHAPES:
        once = canonical({"phone": document, "geometry": document, "parties": document}, shape)
        assert canonical(once, shape) == once
