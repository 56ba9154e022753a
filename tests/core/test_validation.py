"""From JSON to typed values: every fault at once, each where it stands, and RFC 7396."""

import copy
import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.fields import MASK
from registry.core.validation import MAX_FAULTS, TEXTS, convert, fault, merge
from registry.disputes.schemas import DisputeIn
from registry.divisions.schemas import DivisionIn, StaffIn
from registry.errors import Fault, Malformed, Refused
from registry.followups.schemas import CampaignIn, PatientIn
from registry.followups.visit_schemas import VisitIn
from registry.gatherings.schemas import GatheringIn

GONE = object()
"""As a seed's value: the field is left out."""
Shape = type[msgspec.Struct]
Body = dict[str, Any]

BODIES: dict[Shape, Body] = {
    GatheringIn: {
        "division": "440882102204",
        "title": "示范村年例",
        "kind": "nianli",
        "disposition": "cancelled",
        "sessions": 3,
        "planned_from": "2020-02-08",
        "decided_on": "2020-01-25",
        "organiser": {"name": "示范甲", "phone": "13800000000"},
        "handled_by": ["示范派出所", "示范村委会"],
        "notice": {"issuer": "示范市政府", "title": "示范通告", "dated": "2020-01-24"},
    },
    PatientIn: {
        "division": "440882102204",
        "name": "示范甲",
        "sex": "male",
        "birth_date": "1988-01-01",
        "diagnosis": "bipolar",
        "risk_level": 0,
        "stability": "stable",
        "in_care_since": "2018-01-01",
        "consent": True,
        "id_number": "440524188001010014",
        "guardian": {"name": "示范乙", "relation": "parent", "phone": "0759-8888888"},
        "medication": [{"name": "示范药一"}, {"name": "示范药二", "night_mg": 5}],
        "awards": [{"year": 2020, "amount": "2400.00"}],
    },
    DisputeIn: {
        "division": "440882102204",
        "title": "甲村与乙村涉土纠纷",
        "kind": "ownership",
        "category": "0999",
        "cause": "historical_claim",
        "scale": "mass_general",
        "people_involved": 20,
        "discovered_on": "2020-02-18",
        "found_by": "on_site",
        "parties": [
            {"kind": "village", "name": "甲村", "representative": {"name": "示范丙"}},
            {"kind": "household", "person": {"name": "示范丁", "phone": "13900000000"}},
        ],
        "area_mu": "63.50",
        "task_force": {
            "lead_unit": "示范政法委",
            "leader": "副书记",
            "stationed_at": "客路镇",
            "stationed_from": "2020-02-20",
        },
    },
    VisitIn: {
        "patient_id": "018f0000-0000-7000-8000-000000000001",
        "visited_on": "2020-02-18",
        "form": "home",
        "team": [{"role": "police", "name": "示范戊"}],
        "seen": True,
    },
    StaffIn: {"division": "440882102204", "name": "示范己", "duty": "grid_worker", "tier": "village"},
    DivisionIn: {"name": "示范村", "level": "village", "valid_from": "1994-01-01", "code": "440882102299"},
    CampaignIn: {"name": "示范专项行动", "starts_on": "2020-02-01", "divisions": ["440882102"]},
}

SEEDS: dict[Shape, list[tuple[str, object, str]]] = {
    GatheringIn: [
        ("/division", "44", "pattern"),
        ("/title", "", "too_short"),
        ("/kind", "concert", "enum"),
        ("/disposition", GONE, "required"),
        ("/sessions", 0, "minimum"),
        ("/planned_from", "2020-02-30", "format"),
        ("/decided_on", None, "type"),
        ("/organiser/name", "示*", "masked_value"),
        ("/organiser/phone", "138****0000", "masked_value"),
        ("/organiser/age", 40, "unknown_field"),
        ("/handled_by/1", 5, "type"),
        ("/notice/dated", GONE, "required"),
        ("/notice/number", " ", "pattern"),
        ("/expected_people", 1_000_000, "maximum"),
        ("/promise_signed", "true", "type"),
        ("/note", "字" * 2001, "too_long"),
        ("/stadium", "x", "unknown_field"),
    ],
    PatientIn: [
        ("/name", "示*", "masked_value"),
        ("/sex", "m", "enum"),
        ("/birth_date", "1988-**-**", "format"),
        ("/risk_level", 6, "maximum"),
        ("/stability", GONE, "required"),
        ("/in_care_since", "2018-1-1", "format"),
        ("/consent", 1, "type"),
        ("/id_number", "1101**********002X", "masked_value"),
        ("/guardian/relation", "friend", "enum"),
        ("/guardian/phone", "12345", "pattern"),
        ("/medication/0/name", GONE, "required"),
        ("/medication/1/night_mg", -1, "minimum"),
        ("/medication/1/depot_every_weeks", 53, "maximum"),
        ("/awards/0/amount", "2400", "pattern"),
        ("/awards/0/year", 2009, "minimum"),
        ("/incident_count", 1.5, "type"),
        ("/address", "*", "masked_value"),
        ("/care_team", "nobody", "type"),
        ("/shoe_size", 42, "unknown_field"),
    ],
    DisputeIn: [
        ("/division", "44088210220", "pattern"),
        ("/category", "land", "pattern"),
        ("/cause", GONE, "required"),
        ("/people_involved", -1, "minimum"),
        ("/discovered_on", "18.2.2020", "format"),
        ("/parties/0/kind", "clan", "enum"),
        ("/parties/0/representative/name", GONE, "required"),
        ("/parties/1/person/phone", "139****0000", "masked_value"),
        ("/parties/1/person/age", 50, "unknown_field"),
        ("/area_mu", 63.5, "type"),
        ("/task_force/leader", "两\n行", "pattern"),
        ("/task_force/stationed_to", "soon", "format"),
        ("/crs", "WGS72", "enum"),
        ("/response", {"arrived_on": "2020-02-18", "units": []}, "too_short"),
        ("/winner", "甲村", "unknown_field"),
    ],
}
"""Where a fault is planted, the value there, and the code that must tell of it."""
PLANTED_AT = {"/response": "/response/units"}

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def body(shape: Shape, **changes: object) -> Body:
    """A body that is right, but for these fields."""
    return copy.deepcopy({**BODIES[shape], **changes})


def planted(shape: Shape, seeds: list[tuple[str, object, str]]) -> Body:
    """A body with these faults and no others."""
    tree = body(shape)
    for pointer, value, _ in seeds:
        *parents, last = pointer.split("/")[1:]
        target: Any = tree
        for step in parents:
            target = target[int(step)] if isinstance(target, list) else target[step]
        if value is GONE:
            del target[last]
        else:
            target[int(last) if isinstance(target, list) else last] = value
    return tree


def faults_in(tree: object, shape: Shape) -> list[Fault]:
    try:
        convert(tree, shape)
    except (Malformed, Refused) as refused:
        return list(refused.faults)
    return []


def resolve(tree: Any, pointer: str) -> Any:
    """What stands at a JSON Pointer (RFC 6901)."""
    for step in pointer.split("/")[1:]:
        assert re.fullmatch(r"(?:[^~]|~[01])*", step)
        name = step.replace("~1", "/").replace("~0", "~")
        tree = tree[int(name)] if isinstance(tree, list) else tree[name]
    return tree


@pytest.mark.parametrize("shape", BODIES)
def test_a_body_that_is_right_has_no_faults(shape: Shape) -> None:
    assert isinstance(convert(body(shape), shape), shape)


@pytest.mark.parametrize(("shape", "seed"), [(shape, seed) for shape, seeds in SEEDS.items() for seed in seeds])
def test_one_fault_is_told_where_it_stands(shape: Shape, seed: tuple[str, object, str]) -> None:
    pointer, _, code = seed
    found = faults_in(planted(shape, [seed]), shape)
    assert {each.pointer for each in found} == {PLANTED_AT.get(pointer, pointer)}
    assert code in {each.code for each in found}


@pytest.mark.parametrize("shape", SEEDS)
@given(data=st.data())
@settings(deadline=None)
def test_of_k_planted_faults_exactly_those_k_are_told(shape: Shape, data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, len(SEEDS[shape]) - 1), min_size=1))
    seeds = [SEEDS[shape][place] for place in places]
    found = faults_in(planted(shape, seeds), shape)
    assert {each.pointer for each in found} == {PLANTED_AT.get(pointer, pointer) for pointer, _, _ in seeds}
    assert {each.code for each in found} >= {code for _, _, code in seeds}


@pytest.mark.parametrize("shape", SEEDS)
def test_all_planted_faults_together_are_all_told(shape: Shape) -> None:
    found = faults_in(planted(shape, SEEDS[shape]), shape)
    assert {each.pointer for each in found} == {PLANTED_AT.get(pointer, pointer) for pointer, _, _ in SEEDS[shape]}


@pytest.mark.parametrize("shape", SEEDS)
def test_one_fault_of_the_shape_among_masks_makes_it_malformed(shape: Shape) -> None:
    masks = [seed for seed in SEEDS[shape] if seed[2] == "masked_value"]
    required = next(seed for seed in SEEDS[shape] if seed[2] == "required")
    with pytest.raises(Refused):
        convert(planted(shape, masks), shape)
    with pytest.raises(Malformed):
        convert(planted(shape, [*masks, required]), shape)


@pytest.mark.parametrize("tree", [[], None, 5, "text", True])
def test_a_body_must_be_an_object(tree: object) -> None:
    assert [(each.pointer, each.code) for each in faults_in(tree, GatheringIn)] == [("", "type")]


def test_of_an_empty_body_every_required_field_is_told() -> None:
    found = faults_in({}, GatheringIn)
    required = {"division", "title", "kind", "disposition", "sessions", "planned_from", "decided_on"}
    assert {(each.pointer, each.code) for each in found} == {(f"/{name}", "required") for name in required}


def test_an_allowed_value_is_named() -> None:
    (found,) = faults_in(body(GatheringIn, disposition="banned"), GatheringIn)
    assert {"cancelled", "suspended"} <= set(found.allowed)
    assert "banned" not in found.allowed


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"id_number": "440524188001010015"}, "/id_number"),
        ({"id_number": "110105194902300024"}, "/id_number"),
        (
            {"guardian": {"name": "示范乙", "relation": "parent", "id_number": "440524188001010015"}},
            "/guardian/id_number",
        ),
    ],
)
def test_a_wrong_check_digit_alone_is_refused(changes: Body, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        convert(body(PatientIn, **changes), PatientIn)
    assert [(each.pointer, each.code) for each in refused.value.faults] == [(pointer, "check_digit")]


def test_a_wrong_check_digit_is_told_together_with_faults_of_the_shape() -> None:
    with pytest.raises(Malformed) as malformed:
        convert(body(PatientIn, id_number="440524188001010015", risk_level=9), PatientIn)
    found = {(each.pointer, each.code) for each in malformed.value.faults}
    assert found == {("/id_number", "check_digit"), ("/risk_level", "maximum")}


@pytest.mark.parametrize(
    ("shape", "changes", "pointer"),
    [
        (PatientIn, {"name": "欧*"}, "/name"),
        (PatientIn, {"phone": "138****5678"}, "/phone"),
        (PatientIn, {"id_number": "1101**********002X"}, "/id_number"),
        (PatientIn, {"address": MASK}, "/address"),
        (PatientIn, {"hamlet": MASK}, "/hamlet"),
        (PatientIn, {"medication": [{"name": MASK}]}, "/medication/0/name"),
        (PatientIn, {"note": MASK}, "/note"),
        (PatientIn, {"guardian": {"name": "示*", "relation": "parent"}}, "/guardian/name"),
        (StaffIn, {"name": "示*"}, "/name"),
        (StaffIn, {"phone": "075****8888"}, "/phone"),
        (GatheringIn, {"organiser": {"name": "示*"}}, "/organiser/name"),
        (GatheringIn, {"note": MASK}, "/note"),
        (DisputeIn, {"summary": MASK}, "/summary"),
        (VisitIn, {"findings": MASK}, "/findings"),
    ],
)
def test_a_mask_that_is_sent_back_is_refused(shape: Shape, changes: Body, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        convert(body(shape, **changes), shape)
    assert {each.pointer for each in refused.value.faults} == {pointer}
    assert "masked_value" in {each.code for each in refused.value.faults}


@pytest.mark.parametrize("note", ["见 *附件*", "***", f"电话{MASK}"])
def test_free_text_may_have_asterisks(note: str) -> None:
    assert convert(body(GatheringIn, note=note), GatheringIn).note == note


@pytest.mark.parametrize(
    ("shape", "changes", "pointer"),
    [
        (DivisionIn, {"code": "440882102\n"}, "/code"),
        (CampaignIn, {"divisions": ["440882102\n"]}, "/divisions/0"),
        (GatheringIn, {"division": "440882102\n"}, "/division"),
        (GatheringIn, {"title": "年例\n"}, "/title"),
        (VisitIn, {"patient_id": "018f0000000070008000000000000001"}, "/patient_id"),
    ],
)
def test_what_the_published_pattern_or_format_forbids_is_malformed(shape: Shape, changes: Body, pointer: str) -> None:
    with pytest.raises(Malformed) as malformed:
        convert(body(shape, **changes), shape)
    assert {each.pointer for each in malformed.value.faults} == {pointer}


@pytest.mark.parametrize("blank", ["\x85", "\u2028", "\u3000", "\u00a0"])
def test_a_title_of_blanks_only_is_told_where_it_stands(blank: str) -> None:
    assert {each.pointer for each in faults_in(body(GatheringIn, title=blank), GatheringIn)} == {"/title"}


@pytest.mark.parametrize(
    ("geometry", "pointer"),
    [
        ({"type": "Point", "coordinates": [10, 20.9]}, "/geometry/coordinates/0"),
        ({"type": "Point", "coordinates": [110, "北"]}, "/geometry/coordinates/1"),
        ({"type": "Point"}, "/geometry/coordinates"),
        ({"type": "Point", "coordinates": [110, 20.9], "z": 3}, "/geometry/z"),
        ({"type": "Polygon", "coordinates": []}, "/geometry/coordinates"),
        ({"type": "Polygon", "coordinates": [[[110, 20.9]] * 3]}, "/geometry/coordinates/0"),
    ],
)
def test_a_fault_inside_a_geometry_is_told_where_it_stands(geometry: Body, pointer: str) -> None:
    assert {each.pointer for each in faults_in(body(DisputeIn, geometry=geometry), DisputeIn)} == {pointer}


@pytest.mark.parametrize("geometry", [5, {}, {"type": "Line", "coordinates": []}])
def test_what_is_no_geometry_is_told(geometry: object) -> None:
    found = faults_in(body(DisputeIn, geometry=geometry), DisputeIn)
    assert found
    assert all(each.pointer.startswith("/geometry") for each in found)


@pytest.mark.parametrize("shape", SEEDS)
@pytest.mark.parametrize("name", ["a/b", "c~d", "~1", "/"])
def test_pointers_are_escaped_as_rfc_6901_says(shape: Shape, name: str) -> None:
    tree = body(shape, **{name: 1})
    (found,) = faults_in(tree, shape)
    assert resolve(tree, found.pointer) == 1


@pytest.mark.parametrize(
    "tree",
    [
        body(GatheringIn, **{f"x{number}": 1 for number in range(MAX_FAULTS + 50)}),
        body(GatheringIn, handled_by=[""] * (MAX_FAULTS + 50)),
    ],
    ids=["unknown fields", "empty items"],
)
def test_at_most_a_hundred_faults_are_told(tree: Body) -> None:
    assert 0 < len(faults_in(tree, GatheringIn)) <= MAX_FAULTS


@pytest.mark.parametrize("code", TEXTS)
def test_every_code_has_its_text_in_both_languages(code: str) -> None:
    told = fault("/x", code, zh="整数", en="an integer", limit=1, what="U+200B")
    assert re.search(r"[\u4e00-\u9fff]", told.zh)
    assert told.en.isascii()
    assert told.en
    assert "{" not in told.zh + told.en


@pytest.mark.parametrize("shape", SEEDS)
@given(data=st.data())
@settings(deadline=None)
def test_whatever_is_sent_for_a_field_every_fault_has_both_texts_and_a_place(shape: Shape, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(set(shape.__struct_fields__))))
    value = data.draw(anything)
    for told in faults_in(body(shape, **{name: value}), shape):
        assert told.zh
        assert told.en
        assert told.code
        assert told.pointer == "" or told.pointer.startswith(f"/{name}")


@pytest.mark.parametrize("shape", SEEDS)
@given(tree=anything)
@settings(deadline=None)
def test_no_json_value_breaks_the_check(shape: Shape, tree: object) -> None:
    found = faults_in(tree, shape)
    assert found
    assert all(told.zh and told.en for told in found)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
        ('{"a":"b"}', '{"a":null}', "{}"),
        ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
        ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
        ('["a","b"]', '["c","d"]', '["c","d"]'),
        ('{"a":"b"}', '["c"]', '["c"]'),
        ('{"a":"foo"}', "null", "null"),
        ('{"a":"foo"}', '"bar"', '"bar"'),
        ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
        ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
        ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    ],
)
def test_merging_is_that_of_rfc_7396(target: str, patch: str, result: str) -> None:
    assert merge(json.loads(target), json.loads(patch)) == json.loads(result)


@given(target=anything, patch=anything)
def test_merging_leaves_target_and_patch_alone(target: object, patch: object) -> None:
    before = copy.deepcopy((target, patch))
    merge(target, patch)
    assert (target, patch) == before


@given(target=anything, patch=anything)
def test_merging_twice_is_merging_once(target: object, patch: object) -> None:
    once = merge(target, patch)
    assert merge(once, patch) == once
