"""What dashboards, bots and auditors are told of people: the last month's release, the same to each, and nothing to subtract."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from registry.core.principals import Principal, Role
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of
from registry.followups.register import PATIENT_REGISTER, VISIT_REGISTER
from registry.ledger.clock import beijing_day
from registry.reports.statistics.disclosure.frequency_tables import tally
from registry.reports.statistics.disclosure.publication import FigureQuestion, published, published_count
from registry.reports.statistics.disclosure.releases import stops
from registry.reports.statistics.schemas import Withheld
from registry.reports.statistics.serving import mirror_of
from tests import factories
from tests.api import Api
from tests.reports.outsider import leaks

AT = "/v1/bulletin"
COUNTY, KELU, BAISHA = "440882", "440882102", "440882100"
VILLAGE, SISTER, BAISHA_VILLAGE = "440882102204", "440882102200", "440882100200"
EndMonth = Callable[[], None]
Run = Callable[[Callable[[Connection], Any]], Any]
ANYBODY = Principal("", COUNTY, "test", Role.BOT, (COUNTY,), None, None)
EVER = "to=2199-12-31"


def enrol(api: Api, number: int, village: str = VILLAGE, **more: Any) -> list[str]:
    body = factories.patient(division=village, id_number=None, **more)
    return [api.made("/v1/patients", body, "supervisor")["id"] for _ in range(number)]


def figures(api: Api, who: str, query: str = EVER) -> dict[str, tuple[int | None, str | None]]:
    found = api.get(f"{AT}?{query}", who).json()["figures"]
    return {f["name"]: (f["value"], f["withheld"]) for f in found if f["released"] or f["withheld"]}


def test_nothing_is_told_before_the_first_month_is_over(api: Api, end_month: EndMonth) -> None:
    enrol(api, 7)
    names = ("patients_on_roster", "visits_made", "visits_joint")
    assert figures(api, "dashboard") == dict.fromkeys(names, (None, "not_released"))
    assert figures(api, "supervisor") == {}
    end_month()
    assert figures(api, "dashboard") == {names[0]: (7, None), names[1]: (0, None), names[2]: (0, None)}


@pytest.mark.parametrize("who", ["dashboard", "bot", "auditor"])
def test_a_release_stands_until_the_next_month_is_over(api: Api, end_month: EndMonth, who: str) -> None:
    enrol(api, 7)
    end_month()
    then = api.get(f"{AT}?{EVER}", who)
    enrol(api, 9)
    assert figures(api, who)["patients_on_roster"] == (7, None)
    end_month()
    assert figures(api, who)["patients_on_roster"] == (16, None)
    assert api.get(f"{AT}?{EVER}&as_of={then.json()['watermark']}", who).content == then.content


def test_growth_by_less_than_five_is_not_told(api: Api, end_month: EndMonth) -> None:
    for number, expected in ((7, 7), (2, None), (2, None), (2, 13)):
        enrol(api, number)
        end_month()
        assert figures(api, "dashboard")["patients_on_roster"][0] == expected


def test_every_key_is_told_the_same_of_a_town(api: Api, end_month: EndMonth) -> None:
    enrol(api, 3)
    enrol(api, 6, SISTER)
    enrol(api, 8, BAISHA_VILLAGE)
    end_month()
    for division in (KELU, BAISHA, COUNTY):
        expected = {KELU: 9, BAISHA: 8, COUNTY: 17}[division]
        assert figures(api, "dashboard", f"division={division}&{EVER}")["patients_on_roster"] == (expected, None)
    assert figures(api, "town_dashboard", EVER)["patients_on_roster"] == (9, None)


def test_what_is_not_on_the_menu_is_too_detailed(api: Api, end_month: EndMonth) -> None:
    for patient in enrol(api, 8):
        api.made("/v1/visits", factories.visit(patient, visited_on="2020-02-14"), "supervisor")
    end_month()
    detailed = (None, "too_detailed")
    for query, made, joint in [
        (EVER, (8, None), (8, None)),
        (f"division={VILLAGE}&{EVER}", detailed, detailed),
        ("to=2020-02-14", detailed, detailed),
        ("from=2020-02-01&to=2020-02-28", detailed, detailed),
        ("from=2020-02-01&to=2020-02-29", (8, None), detailed),
        ("from=2020-03-01&to=2020-03-31", (0, None), detailed),
        ("from=2198-03-01&to=2198-03-31", (None, "not_released"), (None, "not_released")),
    ]:
        found = figures(api, "dashboard", query)
        assert (found["visits_made"], found["visits_joint"]) == (made, joint), query


def test_further_values_are_asked_one_at_a_time(api: Api, run: Run, end_month: EndMonth) -> None:
    enrol(api, 6, risk_level=3, stability="unstable", diagnosis="bipolar")
    enrol(api, 6, risk_level=1, stability="unstable", diagnosis="other")
    end_month()
    day = beijing_day(2**53)
    ask = partial(FigureQuestion, PATIENT_REGISTER, "on_roster", COUNTY, None, day, True)
    for choices, count, withheld in [
        ((("risk", "3"),), 6, None),
        ((("diagnosis", "other"),), 6, None),
        ((("risk", "5"),), 0, None),
        ((("risk", "3"), ("diagnosis", "bipolar")), None, Withheld.TOO_DETAILED),
        ((("guardian", "none"),), None, Withheld.TOO_DETAILED),
    ]:
        found = run(lambda c, choices=choices: published_count(c, View(ANYBODY), ask(choices)))
        assert (found.count, found.withheld) == (count, withheld)


def test_what_is_told_depends_on_the_question_alone(api: Api, end_month: EndMonth) -> None:
    """Not on whether the number that is kept back happens to be the released one."""
    for patient in enrol(api, 8):
        api.made("/v1/visits", factories.visit(patient, visited_on="2020-02-14"), "supervisor")
    end_month()
    day = released_on(api)
    at = "/v1/statistics/patients?measures=on_roster,visits_overdue"
    whole: dict[str, dict[str, Any]] = {"measures": {"on_roster": 8, "visits_overdue": 8}, "withheld": {}}
    detailed: dict[str, dict[str, Any]] = {
        "measures": dict.fromkeys(whole["measures"]),
        "withheld": dict.fromkeys(whole["measures"], "too_detailed"),
    }
    for query, expected in [
        ("", whole),
        (f"&to={day}", whole),
        ("&to=2020-02-14", detailed),
        ("&to=2199-12-31", detailed),
    ]:
        total = api.get(at + query, "dashboard").json()["total"]
        assert {name: total[name] for name in expected} == expected, query


def released_on(api: Api) -> str:
    return str(api.get(f"{AT}?{EVER}", "dashboard").json()["released_on"])


@pytest.mark.parametrize("value", ["false", "False", "0"])
def test_a_filter_is_the_same_however_it_is_written(api: Api, end_month: EndMonth, value: str) -> None:
    unseen = {"seen": False, "not_seen_reason": "refused", "risk_level": None, "stability": None}
    for number, patient in enumerate(enrol(api, 8)):
        body = factories.visit(patient, visited_on="2020-02-14", **(unseen if number < 3 else {}))
        api.made("/v1/visits", body, "supervisor")
    end_month()
    answer = api.get(f"/v1/statistics/visits?measures=made&seen={value}", "dashboard")
    assert answer.status_code == 400 or answer.json()["total"]["withheld"] == {"made": "protected"}


@pytest.mark.parametrize(
    ("group_by", "withheld"),
    [("town", None), ("joint", None), ("town,form", None), ("team", "too_detailed"), ("form,risk", "too_detailed"), ("village", "too_detailed")],
)  # fmt: skip
def test_a_grouping_that_is_not_published_says_so(
    api: Api, end_month: EndMonth, group_by: str, withheld: str | None
) -> None:
    asked = f"/v1/statistics/visits?measures=made&group_by={group_by}"
    assert api.get(asked, "dashboard").json()["measures"][0]["withheld"] == "not_released"
    for patient in enrol(api, 8):
        api.made("/v1/visits", factories.visit(patient), "supervisor")
    end_month()
    for query in ("", f"&division={KELU}"):
        answer = api.get(asked + query, "dashboard").json()
        assert (answer["measures"][0]["withheld"], bool(answer["cells"])) == (withheld, withheld is None)
    assert api.get(asked, "supervisor").json()["measures"][0]["withheld"] is None


def random_month(api: Api, dice: random.Random, known: list[str]) -> None:
    for village in (VILLAGE, BAISHA_VILLAGE):
        risk, stability = dice.choice([(0, "stable"), (1, "unstable"), (3, "unstable")])
        kind = dice.choice(["bipolar", "other"])
        known += enrol(api, dice.randint(1, 7), village, risk_level=risk, stability=stability, diagnosis=kind)
    for patient in dice.sample(known, min(6, len(known))):
        team = [{"role": "police", "name": "示范吴"}, {"role": "grid_worker", "name": "示范周"}][: dice.randint(1, 2)]
        on = f"2020-0{dice.randint(2, 3)}-14"
        api.made("/v1/visits", factories.visit(patient, visited_on=on, team=team, risk_level=0), "supervisor")


def test_no_published_table_gives_a_small_count_away(api: Api, run: Run, end_month: EndMonth) -> None:
    dice, known = random.Random(12), list[str]()
    for _ in range(3):
        random_month(api, dice, known)
        end_month()
    for register in (PATIENT_REGISTER, VISIT_REGISTER):
        counts, shown = run(partial(all_tables, register))
        assert len(counts) >= 3
        assert None in shown[-1].values()
        assert leaks(counts, shown, COUNTY) == []


def all_tables(register: Register, connection: Connection) -> tuple[list[dict[Any, int]], list[dict[Any, int | None]]]:
    """Every table of every release: as it is, and as it is shown."""
    assert register.menu is not None
    counts, shown = [], []
    for stop in stops(connection, COUNTY, head_of(connection, COUNTY)):
        made = published(connection, View(ANYBODY, stop.watermark + 1), register)
        assert made is not None
        assert (made.watermark, made.day) == (stop.watermark, stop.day)
        with mirror_of(connection).at(connection, COUNTY, register) as pinned:
            found = tally(register, register.menu, COUNTY, pinned, stop)
        real = Counter({tuple(cell): n for cell, n in found.items()})
        counts.append(real)
        shown.append({tuple(cell): value for cell, value in made.shown.items()})
    cells = list(shown[-1])
    return [{cell: real[cell] for cell in cells} for real in counts], [{c: s.get(c, 0) for c in cells} for s in shown]
