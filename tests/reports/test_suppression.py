"""Done when: for random entries and callers, every count of people that is told is that of its release, of its rows and of its
parts, and whoever puts all answers together cannot solve for a hidden one.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import factories
from tests.api import Api
from tests.reports.outsider import Cell, Shown, leaks, tables
from tests.reports.test_statistics import walked

COUNTY, TOWNS = "440882", ["440882100", "440882102", "440882112"]
VILLAGES = ["440882100200", "440882102200", "440882102204", "440882112200"]
CALLERS = ["dashboard", "bot", "auditor", "town_dashboard"]
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
DIMENSIONS = {
    "patients": ["risk", "status", "stability", "diagnosis"],
    "visits": ["month", "risk", "seen", "not_seen_reason", "joint", "form", "campaign"],
}
MEASURE = {"patients": "on_roster", "visits": "made"}
CHOOSING = {"visits_overdue": ("overdue", "true"), "joint": ("joint", "true"), "seen": ("seen", "true"), "not_seen": ("seen", "false")}  # fmt: skip
"""Measures that count one value of a dimension."""
TWINS = [
    (("visits/seen", "true"), ("visits/not_seen_reason", "none")),
    (("visits/seen", "false"), ("visits/risk", "none")),
]
FIGURES = {
    "patients_on_roster": ("patients/", ""),
    "visits_made": ("visits/", ""),
    "visits_joint": ("visits/joint", "true"),
}
STATES = ("on_roster", "visited_jointly", "visited_otherwise", "not_yet")


class Story:
    """Months of random entries in three towns, some of them with few people."""

    def __init__(self, api: Api, luck: random.Random) -> None:
        self.api, self.luck = api, luck
        self.patients: list[str] = []
        self.gone: set[str] = set()
        town = {"code": TOWNS[2], "name": "示范镇", "level": "town", "parent": COUNTY, "valid_from": "1994-01-01"}
        for place in (town, {**town, "code": VILLAGES[3], "level": "village", "parent": TOWNS[2]}):
            api.made("/v1/divisions", place, "administrator")
        self.drive = api.made("/v1/campaigns", factories.campaign(divisions=[COUNTY]), "supervisor")["id"]

    def month(self) -> None:
        for village in VILLAGES:
            for _ in range(self.luck.choice([0, 1, 2, 3, 6, 9])):
                self.enrol(village)
        standing = [each for each in self.patients if each not in self.gone]
        for patient in self.luck.sample(standing, len(standing) * 2 // 3):
            self.visit(patient)
        for patient in self.luck.sample(standing, min(len(standing), self.luck.randint(0, 3))):
            self.leave(patient)

    def enrol(self, village: str) -> None:
        risk, stability = self.luck.choice([(0, "stable"), (0, "stable"), (1, "unstable"), (4, "unstable")])
        kind = self.luck.choice(["bipolar", "bipolar", "other"])
        body = factories.patient(division=village, id_number=None, risk_level=risk, stability=stability, diagnosis=kind)
        self.patients.append(self.api.made("/v1/patients", body, "supervisor")["id"])

    def leave(self, patient: str) -> None:
        body = {"status": "moved", "left_care_on": self.luck.choice(["2020-04-01", "2020-05-01"])}
        assert self.api.patch(f"/v1/patients/{patient}", body, who="supervisor").status_code == 200
        self.gone.add(patient)

    def visit(self, patient: str) -> None:
        luck = self.luck
        missed = luck.choice([None, None, None, None, "not_home", "refused"])
        told: dict[str, Any] = {"risk_level": luck.choice([0, 1]), "stability": "unstable"}
        if missed:
            told = {"seen": False, "not_seen_reason": missed, "risk_level": None, "stability": None}
        team = [{"role": "police", "name": "示范吴"}, {"role": "grid_worker", "name": "示范周"}][: luck.randint(1, 2)]
        on = f"2020-0{luck.choice([2, 2, 3])}-14"
        form, drive = luck.choice(["home", "home", "phone"]), luck.choice([self.drive, None])
        body = factories.visit(patient, visited_on=on, team=team, form=form, campaign_id=drive, **told)
        made = self.api.made("/v1/visits", body, "supervisor")["id"]
        if luck.random() < 0.1:
            void = self.api.act(f"/v1/visits/{made}/void", {"reason": REASON}, who="supervisor")
            assert void.status_code == 200


def code(value: object) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


class Reader:
    """What one caller is told of people at one watermark, by cell: of every published table, in every way it is told."""

    def __init__(self, api: Api, who: str, mark: str) -> None:
        self.api, self.who, self.mark = api, who, mark
        figures = self.bulletin("")
        self.released, self.day = next(iter({(each["released"], each["released_on"]) for each in figures.values()}))
        self.told: dict[Cell, int | None] = {}
        for register, dimensions in DIMENSIONS.items():
            for dimension in ("", *dimensions):
                for by in ("", "town"):
                    self._count(register, dimension, by)

    def statistics(self, register: str, **asked: str) -> dict[str, Any]:
        path = f"/v1/statistics/{register}?{urlencode({**asked, 'as_of': self.mark})}"
        answer: dict[str, Any] = self.api.get(path, self.who).json()
        assert answer["released"] == self.released
        return answer

    def _count(self, register: str, dimension: str, by: str) -> None:
        measures = [MEASURE[register], *(each for each in CHOOSING if not dimension and self._has(register, each))]
        asked = {"group_by": ",".join(filter(None, [by, dimension]))} if by or dimension else {}
        answer = self.statistics(register, measures=",".join(measures), **asked)
        for cell in answer["cells"] if asked else [answer["total"]]:
            where = cell["town"] if by else self.area
            for measure in measures:
                value = (dimension, code(cell[dimension]) if dimension else "")
                name, value_of = value if measure == MEASURE[register] else CHOOSING[measure]
                self._tell((where, f"{register}/{name}", value_of), cell["measures"][measure])
        self._add_up(answer)

    @staticmethod
    def _has(register: str, measure: str) -> bool:
        return (register == "patients") is (measure == "visits_overdue")

    @property
    def area(self) -> str:
        return TOWNS[1] if self.who == "town_dashboard" else COUNTY

    def _tell(self, cell: Cell, count: int | None) -> None:
        """However often it is asked for, the same is told."""
        assert self.told.setdefault(cell, count) == count, cell

    @staticmethod
    def _add_up(answer: Mapping[str, Any]) -> None:
        for measure in answer["measures"]:
            parts = [cell["measures"][measure["name"]] for cell in answer["cells"]]
            total = answer["total"]["measures"][measure["name"]]
            if parts and None not in [*parts, total]:
                assert sum(parts) == total

    def bulletin(self, query: str) -> dict[str, Any]:
        figures = self.api.get(f"/v1/bulletin?to=2199-12-31&as_of={self.mark}{query}", self.who).json()["figures"]
        return {each["name"]: each for each in figures if each["name"] in FIGURES}

    def figures(self) -> Iterator[tuple[Cell, int | None]]:
        """The bulletin's figures, by the cells that they are."""
        for area in [COUNTY, *TOWNS] if self.area == COUNTY else [self.area]:
            for name, figure in self.bulletin(f"&division={area}").items():
                yield (area, *FIGURES[name]), figure["value"]


def people(api: Api, register: str, reader: Reader) -> Counter[tuple[str, ...]]:
    """Who stood in a register at a release, by town and values: counted from the office's own list, row by row."""
    on = f"&on_roster_on={reader.day}" if register == "patients" else ""
    found: Counter[tuple[str, ...]] = Counter()
    for item in walked(api, f"/v1/{register}?as_of={reader.released}{on}", "supervisor"):
        found[item["division"][:9], *(code(each) for each in _values(register, item, reader.day))] += 1
    return found


def _values(register: str, item: Mapping[str, Any], day: str) -> Sequence[object]:
    if register == "patients":
        overdue = item["next_visit_on"] is not None and item["next_visit_on"] < day
        return item["risk_level"], item["status"], item["stability"], item["diagnosis"], overdue
    names = ("risk_level", "seen", "not_seen_reason", "joint", "form", "campaign_id")
    return item["visited_on"][:7], *(item[name] for name in names)


def truth(api: Api, reader: Reader) -> dict[Cell, int]:
    """Every table of a release, of both registers."""
    found = {}
    for register, names in {**DIMENSIONS, "patients": [*DIMENSIONS["patients"], "overdue"]}.items():
        known = people(api, register, reader) or Counter({("440882100", *["none"] * len(names)): 0})
        for (area, dimension, value), number in tables(known, names, COUNTY).items():
            found[area, f"{register}/{dimension}", value] = number
    return found


@pytest.mark.parametrize("seed", range(3))
def test_no_hidden_count_can_be_solved_for_from_all_that_is_told(
    api: Api, end_month: Callable[[], None], seed: int
) -> None:
    luck = random.Random(seed)
    story, marks = Story(api, luck), []
    for _ in range(3):
        story.month()
        end_month()
        story.month()  # what comes after the release is not told before the next
        marks.append(api.get("/v1/visits?limit=1", "supervisor").json()["watermark"])
    readers = [Reader(api, "dashboard", mark) for mark in marks]
    real = [truth(api, reader) for reader in readers]
    for reader, each in zip(readers, real, strict=True):
        check(api, reader, each, luck.choice(CALLERS[1:]), luck)
        assert (
            api.get(f"/v1/campaigns/{story.drive}/coverage?as_of={reader.mark}", luck.choice(CALLERS)).json()["towns"]
            == []
        )
    restated(readers)
    cells = sorted({cell for each in real for cell in each})
    counts = [{cell: each.get(cell, 0) for cell in cells} for each in real]
    shown: list[Shown] = [{cell: told(reader, cell) for cell in cells} for reader in readers]
    assert None in shown[-1].values()
    assert leaks(counts, shown, COUNTY, TWINS) == []


def told(reader: Reader, cell: Cell) -> int | None:
    """What is not listed is nobody; who is not overdue cannot be asked for, and is subtracted."""
    area, dimension, value = cell
    if (dimension, value) != ("patients/overdue", "false"):
        return reader.told.get(cell, 0)
    everybody, others = (told(reader, (area, *each)) for each in (("patients/", ""), (dimension, "true")))
    return None if everybody is None or others is None else everybody - others


def check(api: Api, reader: Reader, counts: Mapping[Cell, int], other: str, luck: random.Random) -> None:
    """What is told is the count at the release, the same to every caller, in statistics and in the bulletin, and that of its rows."""
    for cell, count in reader.told.items():
        assert count in {None, counts.get(cell, 0)}, cell
    again = Reader(api, other, reader.mark)
    assert again.told == {cell: told(reader, cell) for cell in again.told}
    for each in (reader, again):
        assert {cell: count for cell, count in each.figures() if count != told(each, cell)} == {}
    register = luck.choice(list(DIMENSIONS))
    answer = again.statistics(
        register, group_by=f"town,{luck.choice(DIMENSIONS[register])}", measures=MEASURE[register]
    )
    for cell in luck.sample(answer["cells"], min(3, len(answer["cells"]))):
        link = cell["measure_rows"][MEASURE[register]]
        assert (link is None) is (cell["measures"][MEASURE[register]] is None)
        assert link is None or len(walked(api, link, other)) == cell["measures"][MEASURE[register]]


def restated(readers: Sequence[Reader]) -> None:
    """A restatement tells what the bulletins told, and no more."""
    first, last = readers[0], readers[-1]
    asked = f"from={first.mark}&to={last.mark}&period_to=2199-12-31"
    answer = first.api.get(f"/v1/restatements?{asked}", "bot").json()
    cells = {each["name"]: (each["before"], each["after"], each["rows_count"]) for each in answer["cells"]}
    for name, cell in FIGURES.items():
        assert cells[name] == (told(first, (COUNTY, *cell)), told(last, (COUNTY, *cell)), None)
    assert not {row["register"] for row in answer["rows"]} & set(DIMENSIONS)
