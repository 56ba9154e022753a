"""What statistics are counted with, alone: cells, ranks, different values, conditions, labels."""

import datetime as dt
import random
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from registry.code_lists import CodeList
from registry.core.measures import Dimension
from registry.followups.models import VISITS
from registry.followups.register import VISIT_DIMENSIONS
from registry.reports.statistics import aggregation, grouping
from registry.reports.statistics.aggregation import ALL, Lot, Pairs, Value, bits_of, ranked
from registry.reports.statistics.columns import Facts, fact_columns, facts_of
from registry.reports.statistics.drill_down import Labels
from registry.reports.statistics.grouping import TooManyCellsError, grouped
from registry.reports.statistics.snapshots import KEPT, ascending, standing_at

MOST = 20_000


@pytest.mark.parametrize(
    ("values", "median", "p80", "p90"),
    [
        ([], None, None, None),
        ([4], 4, 4, 4),
        ([4, 2], 2, 4, 4),
        ([3, 1, 2], 2, 3, 3),
        ([1, 2, 3, 4, 5], 3, 4, 5),
        ([-6, 5, 4, 3, 2, 1], 2, 4, 5),
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 5, 8, 9),
        ([*range(1, 12)], 6, 9, 10),
        ([7] * 9 + [70_000], 7, 7, 7),
        ([7] * 8 + [70_000] * 2, 7, 7, 70_000),
        ([*range(100)], 49, 79, 89),
    ],
)
def test_nearest_ranks(values: list[int], median: int | None, p80: int | None, p90: int | None) -> None:
    array = np.array(values * 2, np.int32)
    cells = np.repeat(np.arange(2), len(values))  # the same in two cells, mixed
    mixed = np.random.default_rng(1).permutation(len(array))
    for percent, rank in ((50, median), (80, p80), (90, p90)):
        assert ranked(array[mixed], cells[mixed], 2, percent) == [rank, rank]


@pytest.mark.parametrize("table", [aggregation.TABLE, 0])
def test_different_values_by_table_and_by_sorting(monkeypatch: pytest.MonkeyPatch, table: int) -> None:
    monkeypatch.setattr(aggregation, "TABLE", table)
    luck = random.Random(2)
    for size, wide in ((1, 1), (40, 3), (900, 70_000), (3000, 600)):
        rows = [(luck.randrange(7), luck.randrange(wide)) for _ in range(size)]
        cells, values = (np.array(each, np.int64) for each in zip(*rows, strict=True))
        found: dict[int, set[int]] = defaultdict(set)
        for cell, value in rows:
            found[cell].add(value)
        told = [len(found[cell]) for cell in range(7)], len(set.union(*found.values()))
        assert Pairs.of(values, cells, 7).counted(ALL) == told
        assert ascending(values).tolist() == sorted(range(size), key=values.tolist().__getitem__)


@pytest.mark.parametrize("places", [aggregation.PLACES, 64])
def test_any_number_of_conditions(monkeypatch: pytest.MonkeyPatch, places: int) -> None:
    monkeypatch.setattr(aggregation, "PLACES", places)
    dice = np.random.default_rng(3)
    cells, conditions = dice.integers(0, 5, 300), [dice.random(300) < share for share in np.linspace(0, 1, 11)]
    found = Lot(cells, 5, bits_of(conditions, 300), 11)
    for cell in range(5):
        inside = cells == cell
        assert found.counts[cell].tolist() == [int((each & inside).sum()) for each in [*conditions, inside]]


def visits(number: int) -> Facts:
    """Facts of visits that differ in everything that they are grouped by."""
    luck = random.Random(4)
    rows = []
    for _ in range(number):
        day = dt.date(2019, 12, 1) + dt.timedelta(days=luck.randrange(70))
        row: dict[str, Any] = dict.fromkeys(column.name for column in fact_columns(VISITS))
        row |= {
            "case_id": f"{luck.randrange(400)}", "division": f"440882{luck.randrange(100, 104)}{luck.randrange(100, 400)}",
            "visited_on": day, "joint": luck.random() < 0.5, "seen": luck.random() < 0.5, "form": luck.choice(["home", "phone"]),
            "team": luck.choice([None, "police"]), "risk_level": luck.choice([None, 2, 4]),
        }  # fmt: skip
        rows.append([row[column.name] for column in fact_columns(VISITS)])
    return facts_of("440882", VISITS, 1, rows)


def named(*names: str) -> list[Dimension]:
    known = {each.name: each for each in VISIT_DIMENSIONS}
    return [known[name] for name in names]


def plain(facts: Facts, row: int) -> dict[str, Any]:
    """The values of a row by dimension."""
    words = {name: facts.words[name].texts[facts.columns[name][row]] for name in ("division", "form", "team")}
    day = dt.date(1970, 1, 1) + dt.timedelta(days=int(facts.columns["visited_on"][row]))
    risk = int(facts.columns["risk_level"][row])
    return {
        "town": str(words["division"])[:9], "village": words["division"], "month": day.isoformat()[:7], "form": words["form"],
        "team": words["team"], "risk": risk if risk >= 0 else None, "joint": bool(facts.columns["joint"][row]),
        "campaign": None, "not_seen_reason": None,
    }  # fmt: skip


@pytest.mark.parametrize(("space", "table"), [(grouping.SPACE, aggregation.TABLE), (8, aggregation.TABLE), (8, 0)])
def test_each_row_lies_in_the_cell_of_its_values(monkeypatch: pytest.MonkeyPatch, space: int, table: int) -> None:
    monkeypatch.setattr(grouping, "SPACE", space)
    monkeypatch.setattr(grouping, "TABLE", table)
    facts = visits(700)
    for names in (["town"], ["risk", "month", "team"], ["village", "joint", "form", "month", "campaign"]):
        found = grouped(facts, ALL, named(*names), MOST)
        values = list(zip(*(axis.spread(axis.values) for axis in found.axes), strict=True))
        assert [values[cell] for cell in found.cells] == [
            tuple(plain(facts, row)[name] for name in names) for row in range(700)
        ]
        ordered = [values[cell] for cell in found.order()]
        assert ordered == sorted(set(values), key=lambda each: [(value is None, value) for value in each])


def test_too_many_cells() -> None:
    with pytest.raises(TooManyCellsError):
        grouped(visits(300), ALL, named("village", "month"), 100)


def test_without_rows_there_is_no_cell() -> None:
    found = grouped(visits(0), ALL, named("risk", "month", "town"), MOST)
    assert (found.count, found.order(), [axis.values for axis in found.axes]) == (0, [], [[], [], []])


def test_few_moments_are_kept() -> None:
    facts = visits(40)
    facts.position, facts.watermark = np.arange(40) * 3, 200  # the others are of other registers
    first = standing_at(facts, 60)
    assert len(first) == 20
    assert first.columns["case_id"].tolist() == sorted(facts.columns["case_id"][:20].tolist())
    assert standing_at(facts, 58) is standing_at(facts, 60) is first
    for watermark in range(61, 61 + 3 * KEPT, 3):
        assert standing_at(facts, watermark) is not first
    assert len(facts.moments.kept) == KEPT
    assert standing_at(facts, 60) is not first


def test_words_take_no_more_bytes_than_they_need() -> None:
    assert visits(40).columns["case_id"].dtype == np.uint8
    many = visits(2000)
    assert many.columns["case_id"].dtype == np.uint16
    assert many.columns["form"].dtype == np.uint8
    assert all(int(str(many.words["case_id"].texts[number])) < 400 for number in many.columns["case_id"])


class Colour(CodeList):
    RED = "red", "红", "Red"
    BLUE = "blue", "蓝", "Blue"


def test_labels_are_chinese() -> None:
    labels = Labels({"440882102": "客路镇", "01-02": "春季走访"})
    town, month, joint = named("town", "month", "joint")
    team = Dimension("team", "人员", VISITS.c.team, codes=Colour)
    campaign = Dimension("campaign", "专项行动", VISITS.c.campaign_id, entries="campaigns")
    cases: list[tuple[Dimension, Value, str]] = [
        (town, "440882102", "客路镇"), (month, "2020-02", "2020年2月"), (joint, False, "否"), (team, "red,blue", "红、蓝"),
        (team, None, "未填"), (campaign, "01-02", "春季走访"), (campaign, "unseen", "unseen"),
    ]  # fmt: skip
    assert [labels.label(dimension, value) for dimension, value, _ in cases] == [label for *_, label in cases]
