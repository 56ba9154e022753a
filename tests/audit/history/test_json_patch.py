"""What changed between two documents: patches that apply, titles in Chinese, masks."""

import copy
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from registry.app import REGISTERS
from registry.audit.history.json_patch import operations, title_of, titles_of
from registry.core.fields import MASK, MASKS, mask_again
from registry.core.register import Register
from registry.disputes.schemas import Dispute
from registry.followups.schemas import Patient
from tests.patches import apply

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(texts, values, max_size=5)


def patch_of(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    decoded: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(operations(before, after, {})))
    return decoded


@given(documents, documents)
def test_a_patch_makes_the_one_document_into_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    patch = patch_of(before, after)
    assert msgspec.json.encode(apply(before, patch), order="sorted") == msgspec.json.encode(after, order="sorted")
    assert (patch == []) == (msgspec.json.encode(before, order="sorted") == msgspec.json.encode(after, order="sorted"))


@given(documents, documents)
def test_a_step_says_what_stood_there_before(before: dict[str, Any], after: dict[str, Any]) -> None:
    back = [
        {"op": "replace", "path": s["path"], "value": s["before"]}
        for s in patch_of(before, after)
        if s["op"] == "replace"
    ]
    undone = patch_of(apply(after, back), before)
    assert {step["op"] for step in undone} <= {"add", "remove"}


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"n": 1}, {"n": True}, [("replace", "/n", 1, True)]),
        ({"a/b~": 1}, {}, [("remove", "/a~1b~0", 1, None)]),
        ({}, {"x": None}, [("add", "/x", None, None)]),
        ({"p": [{"n": 1}, {"n": 2}]}, {"p": [{"n": 1}, {"n": 3}]}, [("replace", "/p/1/n", 2, 3)]),
        ({"p": [1]}, {"p": [1, 2]}, [("replace", "/p", [1], [1, 2])]),
        ({"p": {"q": 1}}, {"p": None}, [("replace", "/p", {"q": 1}, None)]),
    ],
)  # fmt: skip
def test_steps_are_as_small_as_can_be(before: dict[str, Any], after: dict[str, Any], patch: list[Any]) -> None:
    found = patch_of(before, after)
    assert [(step["op"], step["path"], step.get("before"), step.get("value")) for step in found] == patch
    assert [("before" in step, "value" in step) for step in found] == [
        (op != "add", op != "remove") for op, *_ in patch
    ]


@pytest.mark.parametrize(
    ("shape", "pointer", "title"),
    [
        (Dispute, "/title", "纠纷名称"),
        (Dispute, "/area_mu", "面积（亩）"),
        (Dispute, "/parties", "当事人"),
        (Dispute, "/parties/12/person/name", "姓名"),
        (Dispute, "/parties/0/kind", "当事人类型"),
        (Dispute, "/task_force/members/3", "成员单位"),
        (Dispute, "/parties/0/gone", "当事人"),
        (Dispute, "/gone/since", "gone"),
        (Patient, "/medication/0/morning_mg", "早（毫克）"),
        (Patient, "/guardian/relation", "与患者关系"),
        (Patient, "/birth_date", "出生日期"),
    ],
)
def test_fields_have_their_titles(shape: type[msgspec.Struct], pointer: str, title: str) -> None:
    assert title_of(titles_of(shape), pointer) == title


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_every_field_has_a_title_in_chinese(register: Register) -> None:
    """The header (meta) is no part of a patch."""
    titles = titles_of(register.entry)
    assert {path for path, title in titles.items() if path[0] != "meta" and title.isascii()} == set()


def test_a_field_without_a_title_has_that_of_the_field_around_it() -> None:
    class Inner(msgspec.Struct):
        x: int
        y: Annotated[int | None, Meta(title="纵")]

    class Outer(msgspec.Struct):
        named: Annotated[list[Inner], Meta(title="点")]
        unnamed: Inner

    titles = titles_of(Outer)
    assert [title_of(titles, f"/named/0/{name}") for name in "xy"] == ["点", "纵"]
    assert [title_of(titles, f"/unnamed/{name}") for name in "xy"] == ["x", "纵"]


@pytest.mark.parametrize("kind", MASKS)
@given(text=st.text(max_size=30))
def test_a_mask_is_masked_to_itself(kind: str, text: str) -> None:
    once = MASKS[kind](text)
    assert MASKS[kind](once) == once


def masked(document: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    mask_again(document, shape)
    return document


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_masking_a_masked_document_changes_nothing(register: Register) -> None:
    document = {"name": "示*", "note": MASK, "owner": {"name": "示*", "phone": "199****1234"}, "parties": [None]}
    once = masked(copy.deepcopy(document), register.entry)
    assert masked(copy.deepcopy(once), register.entry) == once


def test_what_an_older_release_kept_in_plain_is_masked() -> None:
    old = {
        "name": "示范孙", "birth_date": "1949", "phone": "无", "guardian": {"name": "示范李", "phone": ["19900005678"]},
        "medication": [{"name": "示范药"}, {"name": None}], "hospital": {"name": "示范医院"}, "sex": "female",
    }  # fmt: skip
    assert masked(old, Patient) == {
        "name": "示*", "birth_date": MASK, "phone": MASK, "guardian": {"name": "示*", "phone": MASK},
        "medication": [{"name": MASK}, {"name": None}], "hospital": MASK, "sex": "female",
    }  # fmt: skip
