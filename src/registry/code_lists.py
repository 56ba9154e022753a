"""Code lists (代码表): closed lists of values, each with its Chinese and its English title."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Self

Titles = Mapping[str, tuple[str, str]]
"""The Chinese and the English title of each value."""


class CodeList(StrEnum):
    """A code list. A member is its value, as it is stored and sent; beside it stand its titles: `VALUE = "value", "中文", "English"`."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        """A member, from the three texts of its line; titles may be left out only where a value is looked up."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.zh, code.en = zh, en
        return code


def titles_of(codes: type[CodeList]) -> Titles:
    """The titles of a code list, by value."""
    return {code.value: (code.zh, code.en) for code in codes}


@lru_cache(maxsize=256)
def titles_among(values: Sequence[str]) -> Sequence[tuple[str, str]]:
    """The titles of values that are a code list, in their order; none where no list has just these."""
    found = next((codes for codes in CodeList.__subclasses__() if set(codes) == set(values)), None)
    return [titles_of(found)[value] for value in values] if found else []
