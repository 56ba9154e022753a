"""Every value of every code list has its titles, in Chinese and in English."""

import re

import pytest
from msgspec.inspect import type_info

from registry.access.erasure import Basis
from registry.app import REGISTERS
from registry.code_lists import CodeList, titles_of
from registry.core.principals import Purpose, Role
from registry.core.schemas import ReasonCode
from registry.disputes.codes import CATEGORIES
from registry.web.form_schemas import code_lists

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SHAPES = [shape for register in REGISTERS for shape in (register.shape, register.entry)]
LISTS = {codes for shape in SHAPES for codes in code_lists(type_info(shape))} | {Basis, Purpose, ReasonCode, Role}


@pytest.mark.parametrize("codes", sorted(LISTS, key=lambda codes: codes.__name__))
def test_every_value_has_both_titles(codes: type[CodeList]) -> None:
    assert issubclass(codes, CodeList)
    said = titles_of(codes)
    for chinese, english in said.values():
        assert CHINESE.search(chinese)
        assert english
        assert english.isascii()
    assert len({chinese for chinese, _ in said.values()}) == len(said)


def test_every_category_has_both_titles() -> None:
    for chinese, english in CATEGORIES.values():
        assert CHINESE.search(chinese)
        assert english.isascii()
