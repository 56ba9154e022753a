"""Which area a bulletin covers: the division asked for, as far as the caller's own divisions go, by its right name."""

from dataclasses import dataclass

from sqlalchemy import Connection

from registry.core.divisions import name_of, names_at
from registry.core.principals import Principal
from registry.core.view import View
from registry.errors import Fault, Refused

LISTED = 3
"""More divisions than this are counted, not named."""


@dataclass(frozen=True, slots=True)
class CoverageArea:
    """A division, the name to print for what the caller sees of it, and the places right below it."""

    division: str
    name: str
    county: str
    whole: bool
    """Whether the caller sees all of the division."""
    several: bool
    """Whether the caller sees several divisions of it, not one."""
    below: dict[str, str]
    """The names, by code, of the towns or villages right below it that the caller sees."""

    def title(self, issue: int) -> str:
        """What a bulletin of it is called: 雷州市客路镇综治维稳日报（第65期）; of several divisions that are not all of the one asked
        for: 雷州市综治维稳日报（第65期，仅含客路镇、白沙镇）.
        """
        place = "" if self.several or self.name == self.county else self.name
        only = f"，仅含{self.name}" if self.several else ""
        return f"{self.county}{place}综治维稳日报（第{issue}期{only}）"


def coverage_area(connection: Connection, view: View, asked: str | None) -> CoverageArea:
    """The area of the division asked for; without one, of the book's.

    Raises Refused, naming `division`, where there is no such division or nothing of it is the caller's.
    """
    who, division = view.who, asked or view.who.book
    names = names_at(connection, view)
    if division != who.book and division not in names and division not in names_at(connection, View(who)):
        text = "没有这个行政区划代码。", "There is no such division."
        raise Refused(faults=[Fault("#division", "unknown_division", *text)])
    whole, own = who.covers(division), [code for code in who.divisions if code.startswith(division)]
    if not whole and not own:
        text = "该行政区划不在您的辖区之内。", "This division is not one of yours."
        raise Refused(faults=[Fault("#division", "outside_division", *text)])
    name = name_of(names, division) if whole else _own_name(names, own)
    return CoverageArea(
        division=division,
        name=name,
        county=names.get(who.book, who.book),
        whole=whole,
        several=not whole and len(own) > 1,
        below=_below(names, who, division),
    )


def _own_name(names: dict[str, str], own: list[str]) -> str:
    return "、".join(name_of(names, code) for code in own) if len(own) <= LISTED else f"本辖区{len(own)}个镇街和村居"


def _below(names: dict[str, str], who: Principal, division: str) -> dict[str, str]:
    size = len(division) + 3
    inside = [code for code in names if len(code) == size and code.startswith(division)]
    return {
        code: names[code] for code in inside if who.covers(code) or any(own.startswith(code) for own in who.divisions)
    }
