"""Every value of every code list has its titles, in Chinese and in English."""

import re
from collections.abc import Iterator
from enum import StrEnum

import pytest
from msgspec.inspect import EnumType, ListType, Metadata, StructType, TupleType, Type, UnionType, type_info

from registry.access import titles
from registry.app import REGISTERS
from registry.core.register import Register
from registry.disputes.codes import CATEGORIES
from registry.disputes.titles import CATEGORY_TITLES

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def code_lists(node: Type) -> Iterator[type]:
    match node:
        case EnumType(cls=cls):
            yield cls
        case Metadata(type=inner):
            yield from code_lists(inner)
        case UnionType(types=types):
            for each in types:
                yield from code_lists(each)
        case ListType(item_type=item):
            yield from code_lists(item)
        case TupleType(item_types=items):
            for each in items:
                yield from code_lists(each)
        case StructType(fields=fields):
            for field in fields:
                yield from code_lists(field.type)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_every_code_list_of_a_register_has_titles(register: Register) -> None:
    found = set(code_lists(type_info(register.shape))) | set(code_lists(type_info(register.entry)))
    assert found - register.titles.keys() - titles.TITLES.keys() == set()


@pytest.mark.parametrize(
    ("codes", "said"), [item for table in (titles.TITLES, *(r.titles for r in REGISTERS)) for item in table.items()]
)
def test_every_value_has_both_titles(codes: type[StrEnum], said: dict[str, tuple[str, str]]) -> None:
    assert list(said) == [code.value for code in codes]
    for chinese, english in said.values():
        assert CHINESE.search(chinese)
        assert english.isascii()
    assert len({chinese for chinese, _ in said.values()}) == len(said)


def test_every_category_has_both_titles() -> None:
    assert CATEGORY_TITLES.keys() == CATEGORIES.keys()
    assert all(english.isascii() for _, english in CATEGORY_TITLES.values())
