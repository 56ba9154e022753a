"""Every number is that of the rows behind its link, and the sum of its parts: for random data, callers, filters and moments."""

import datetime as dt
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from registry.app import REGISTERS
from registry.core.measures import Count, Distinct, Measure, Sum
from registry.disputes.codes import Cause, DisputeKind
from registry.gatherings.codes import GatheringKind, GatheringMeasure, ShedStructure, ShedUse
from registry.reports.statistics.question import measures_of
from tests import factories
from tests.api import Api, codes, pointers

COUNTED = {register.name: register for register in REGISTERS if register.measures}
every_counted = pytest.mark.parametrize("name", COUNTED)
VILLAGES = ["440882102204", "440882102200", "440882102", "440882100200"]
CALLERS = ["clerk", "neighbour", "village_clerk", "supervisor", "dashboard", "town_dashboard", "auditor"]
SEEDS = range(3)
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
DAYS = [f"2020-0{month}-{day:02}" for month in (1, 2, 3) for day in (5, 28)]


def writer(division: str) -> str:
    return "neighbour" if division.startswith("440882100") else "clerk"


def gatherings(api: Api, luck: random.Random) -> None:
    for _ in range(8):
        division, decided = luck.choice(VILLAGES), luck.choice(DAYS)
        notice = {"issuer": "示范市", "title": f"第{luck.randint(1, 2)}号通告", "dated": "2020-01-01"}
        body = factories.gathering(
            division=division, kind=luck.choice([*GatheringKind][:3]), sessions=luck.randint(1, 9), decided_on=decided,
            disposition=luck.choice([GatheringMeasure.CANCELLED, GatheringMeasure.DISSUADED]), planned_from="2020-03-29",
            notice=luck.choice([None, notice]),
        )  # fmt: skip
        entry = api.made("/v1/gatherings", body, writer(division))
        move_on(api, luck, f"/v1/gatherings/{entry['id']}", {"sessions": luck.randint(1, 9)}, writer(division))


def sheds(api: Api, luck: random.Random) -> None:
    for _ in range(8):
        division, found = luck.choice(VILLAGES), luck.choice(DAYS)
        down = luck.choice([None, found])
        body = factories.shed(
            division=division, use=luck.choice([*ShedUse]), structure=luck.choice([None, *ShedStructure]), count=luck.randint(1, 5),
            found_on=luck.choice([None, found]), demolished_on=down, method="assisted" if down else None,
            area_m2=luck.choice([None, "12.5", "0.01", "30"]),
        )  # fmt: skip
        entry = api.made("/v1/sheds", body, writer(division))
        move_on(api, luck, f"/v1/sheds/{entry['id']}", {"count": luck.randint(1, 9)}, writer(division))


def disputes(api: Api, luck: random.Random) -> list[tuple[str, str]]:
    made = []
    for _ in range(6):
        division, found = luck.choice(VILLAGES), luck.choice(DAYS)
        other = luck.choice(VILLAGES)
        parties = [{"kind": "village", "name": "示范村", "division": each} for each in (division, other)]
        body = factories.dispute(
            division=division, kind=luck.choice([*DisputeKind][:3]), cause=luck.choice([*Cause][:2]), discovered_on=found,
            since_year=luck.choice([None, 1987, 2001]), area_mu=luck.choice([None, "63", "0.15"]), parties=parties,
            people_involved=luck.randint(2, 90),
        )  # fmt: skip
        who = writer(division)
        at = f"/v1/disputes/{api.made('/v1/disputes', body, who)['id']}"
        made.append((at.rpartition("/")[2], who))
        for stage in ("accepted", "mediating", luck.choice(["failed", "mediating", "agreed"]))[: luck.randint(1, 3)]:
            if stage == "agreed":
                settle(api, at, who, luck.choice(["2020-03-29", "2020-03-30", "2020-04-01"]))
            else:
                api.act(f"{at}/move", {"to": stage, "on": found}, who=who)
        move_on(api, luck, at, {"people_involved": luck.randint(2, 90)}, who)
    return made


def settle(api: Api, at: str, who: str, on: str) -> None:
    api.made("/v1/agreements", factories.agreement(at.rpartition("/")[2], signed_on=on), who)
    assert api.act(f"{at}/move", {"to": "agreed", "on": on}, who=who).status_code == 200


def agreements(api: Api, luck: random.Random) -> None:
    for dispute_id, who in disputes(api, luck):
        terms = [
            {
                "text": "履行(示范)",
                "due_on": luck.choice(["2020-04-02", None]),
                "performed_on": luck.choice([None, "2020-04-01"]),
            }
        ]
        body = factories.agreement(dispute_id, signed_on="2020-03-30", terms=terms)
        if luck.random() < 0.5:
            body["confirmation"] = {
                "applied_on": "2020-04-02",
                "court": "示范法院",
                "decided_on": "2020-04-09",
                "result": "confirmed",
            }
        api.post("/v1/agreements", body, who)  # refused where the dispute was voided
        if api.act(f"/v1/disputes/{dispute_id}/move", {"to": "agreed", "on": "2020-04-01"}, who=who).status_code == 200:
            api.act(f"/v1/disputes/{dispute_id}/move", {"to": "performed", "on": "2020-04-03"}, who=who)


def patients(api: Api, luck: random.Random) -> list[tuple[str, str]]:
    made = []
    for _ in range(6):
        division = luck.choice([each for each in VILLAGES if len(each) == 12])
        body = factories.patient(
            division=division, id_number=None, risk_level=luck.randint(0, 2), stability="basically_stable"
        )
        made.append((api.made("/v1/patients", body, writer(division))["id"], writer(division)))
    if luck.random() < 0.5:
        moved = {
            "to_division": luck.choice(["440882100200", "440882102200"]),
            "on": "2020-02-20",
            "reason": "迁居(示范)",
        }
        api.act(f"/v1/patients/{made[0][0]}/transfer", moved, who="supervisor")
    return made


def visits(api: Api, luck: random.Random) -> None:
    drive = api.made("/v1/campaigns", factories.campaign(divisions=["440882102"]), "supervisor")["id"]
    for patient_id, who in patients(api, luck):
        for _ in range(luck.randint(0, 3)):
            team = [
                {"role": role, "name": "示范周"} for role in luck.choice([["grid_worker"], ["police", "grid_worker"]])
            ]
            seen = luck.random() < 0.7
            told = {} if seen else {"not_seen_reason": "not_home", "risk_level": None, "stability": None}
            body = factories.visit(
                patient_id,
                visited_on=luck.choice(DAYS),
                team=team,
                seen=seen,
                campaign_id=luck.choice([None, drive]),
                **told,
            )
            answer = api.post("/v1/visits", body, who)
            if answer.status_code == 201:
                move_on(api, luck, f"/v1/visits/{answer.json()['id']}", {"form": "clinic"}, who)


def move_on(api: Api, luck: random.Random, at: str, change: dict[str, Any], who: str) -> None:
    """Leave the entry as it is, change it, or void it."""
    if luck.random() < 0.3:
        assert api.patch(at, change, who=who).status_code == 200
    if luck.random() < 0.15:
        assert api.act(f"{at}/void", {"reason": REASON, "children": True}, who="supervisor").status_code == 200


MADE: dict[str, Callable[[Api, random.Random], object]] = {
    "gatherings": gatherings, "sheds": sheds, "disputes": disputes, "agreements": agreements, "patients": visits,
    "visits": visits,
}  # fmt: skip


def rows(api: Api, link: str, who: str) -> list[dict[str, Any]]:
    """All rows of a list, page by page; a link names its watermark, so it is walked once."""
    known: dict[tuple[str, str], list[dict[str, Any]]] = api.__dict__.setdefault("walked", {})
    if (link, who) not in known:
        assert "as_of=wm_" in link
        known[link, who] = walked(api, link, who)
    return known[link, who]


def walked(api: Api, link: str, who: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = api.get(f"{link}&limit=50{cursor}", who)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if (next_cursor := answer.json()["next_cursor"]) is None:
            return found
        cursor = f"&cursor={next_cursor}"


FIELDS = {"case_id": "patient_id"}


def number(measure: Measure, items: list[dict[str, Any]]) -> int | float | None:
    """The measure of rows, counted one by one."""
    how = measure.number
    if isinstance(how, Count):
        return len(items)
    field = FIELDS.get(how.column.name, how.column.name)
    if isinstance(how, Sum) and how.hundredths:
        area = "area_mu" if "area_mu" in (items or [{}])[0] else "area_m2"
        return sum(round(float(item[area] or 0) * 100) for item in items) / 100
    values = sorted(item[field] for item in items if item[field] is not None)
    if isinstance(how, Sum):
        return sum(values)
    if isinstance(how, Distinct):
        return len(set(values))
    return values[max(math.ceil(len(values) * how.percent / 100), 1) - 1] if values else None


def check(api: Api, name: str, asked: str, who: str) -> dict[str, Any]:
    """Every number of an answer against its rows and its parts."""
    answer = api.get(f"/v1/statistics/{name}?{asked}", who)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    declared = {each.name: each for each in COUNTED[name].measures}
    for cell in [*told["cells"], told["total"]]:
        for measure, value in cell["measures"].items():
            link = cell["measure_rows"][measure]
            if link is None:
                assert value == 0 or value is None, (asked, cell)
            else:
                assert value == number(declared[measure], rows(api, link, who)), (asked, who, link)
        if told["dimensions"] and cell["rows"] is not None and cell is not told["total"]:
            assert rows(api, cell["rows"], who), (asked, who, cell)
    for measure in told["measures"]:
        parts = [cell["measures"][measure["name"]] for cell in told["cells"]]
        if measure["additive"] and None not in parts:
            assert math.isclose(sum(parts), told["total"]["measures"][measure["name"]] or 0), (asked, who, measure)
    return told


def questions(name: str, luck: random.Random) -> Iterator[str]:
    dimensions = [each.name for each in COUNTED[name].dimensions]
    measures = [each.name for each in measures_of(COUNTED[name])]
    yield f"group_by={dimensions[0]}"
    for _ in range(2):
        by = ",".join(luck.sample(dimensions, luck.randint(1, 3)))
        asked = f"group_by={by}&measures={','.join(luck.sample(measures, min(len(measures), 3)))}"
        asked += luck.choice(["", "&from=2020-01-20", "&to=2020-03-05", "&from=2020-02-01&to=2020-04-30"])
        asked += luck.choice(
            ["", "&division=440882102", "&division=440882102204", "&division=440882102&division_only=true"]
        )
        yield asked


@every_counted
@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_is_that_of_its_rows(api: Api, name: str, seed: int) -> None:
    luck = random.Random(f"{name} {seed}")
    MADE[name](api, luck)
    callers = [
        who for who in CALLERS if "dashboard" not in who or not COUNTED[name].people
    ]  # see tests/reports/test_people.py
    middle = api.get(f"/v1/{name}", "supervisor").json()["watermark"]
    early = f"wm_440882_{int(middle.rpartition('_')[2]) * 2 // 3}"
    for asked in questions(name, luck):
        who = luck.choice(callers)
        for moment in luck.sample(["", f"&as_of={early}", "&on=2020-02-28", f"&on=2020-04-05&as_of={early}"], 2):
            check(api, name, f"{asked}{moment}", who)


@every_counted
def test_nobody_counts_what_they_do_not_see(api: Api, name: str) -> None:
    MADE[name](api, random.Random(3))
    assert api.get(f"/v1/statistics/{name}", None).status_code == 401
    assert api.get(f"/v1/statistics/{name}", "administrator").status_code == 403
    for who in CALLERS:
        asked = f"/v1/statistics/{name}?group_by=village"
        if COUNTED[name].people and "dashboard" in who:
            assert codes(api.get(asked, who)) == {"below_town"}
            continue
        mark = api.get(f"/v1/{name}", who).json()["watermark"]
        told = api.get(f"{asked}&as_of={mark}", who).json()
        villages = {item["division"] for item in rows(api, f"/v1/{name}?as_of={mark}", who)}
        assert {cell["village"] for cell in told["cells"]} == villages


def test_what_is_not_declared_is_refused_by_name(api: Api) -> None:
    path = "/v1/statistics/gatherings"
    wrong = api.get(f"{path}?group_by=weather")
    assert (wrong.status_code, pointers(wrong)) == (400, {"#group_by"})
    assert wrong.json()["errors"][0]["allowed"] == [each.name for each in COUNTED["gatherings"].dimensions]
    assert api.get(f"{path}?measures=gatherings_entries,nonsense").status_code == 400
    assert codes(api.get(f"{path}?measures=gatherings_entries,gatherings_entries")) == {"repeated_name"}
    assert api.get(f"{path}?limit=3").status_code == 400
    assert api.get(f"{path}?from=2020-02-01&to=2020-01-01").status_code == 422
    assert api.get(f"{path}?division_only=true").status_code == 422
    assert api.get("/v1/gatherings?division_only=true").status_code == 422


def test_a_blank_filter_is_not_left_out(api: Api) -> None:
    """As in the list: it asks for what cannot be."""
    for path in ("/v1/visits?team=", "/v1/statistics/visits?team=&measures=visits"):
        refused = api.get(path)
        assert (refused.status_code, pointers(refused)) == (400, {"#team"})


def test_teams_and_campaigns_are_told_in_chinese(api: Api) -> None:
    drive = api.made("/v1/campaigns", factories.campaign(divisions=["440882102"]), "supervisor")
    team = [{"role": role, "name": "示范周"} for role in ("grid_worker", "police")]
    patient_id = api.made("/v1/patients", factories.patient())["id"]
    api.made("/v1/visits", factories.visit(patient_id, team=team, campaign_id=drive["id"]))
    (cell,) = api.get("/v1/statistics/visits?group_by=campaign,team").json()["cells"]
    assert (cell["campaign"], cell["team"]) == (drive["id"], "grid_worker,police")
    assert cell["labels"] == {"campaign": drive["name"], "team": "网格员、民警"}


def test_an_answer_is_the_same_for_ever(api: Api) -> None:
    api.made("/v1/gatherings", factories.gathering())
    first = api.get("/v1/statistics/gatherings?group_by=month")
    mark = first.headers["Registry-Watermark"]
    assert (first.json()["watermark"], first.headers["Cache-Control"]) == (mark, "private, no-cache")
    assert first.json()["cells"][0]["labels"] == {"month": "2020年1月"}
    api.made("/v1/gatherings", factories.gathering(kind="opera"))
    assert api.get(f"/v1/statistics/gatherings?group_by=month&as_of={mark}").content == first.content
    assert api.get("/v1/statistics/gatherings?group_by=month").json()["total"]["measures"]["gatherings_entries"] == 2
    again = api.get(
        f"/v1/statistics/gatherings?group_by=month&as_of={mark}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_date_is_grouped_by_any_period_of_the_calendar(api: Api) -> None:
    for day in ("2019-12-30", "2020-01-01", "2020-02-29", "2020-12-31"):
        api.made(
            "/v1/gatherings", factories.gathering(decided_on=day, planned_from=day, planned_to=day, postponed_to=None)
        )
    for period, told in {
        "day": [
            ("2019-12-30", "2019年12月30日"),
            ("2020-01-01", "2020年1月1日"),
            ("2020-02-29", "2020年2月29日"),
            ("2020-12-31", "2020年12月31日"),
        ],
        "week": [("2020-W01", "2020年第1周"), ("2020-W09", "2020年第9周"), ("2020-W53", "2020年第53周")],
        "month": [
            ("2019-12", "2019年12月"),
            ("2020-01", "2020年1月"),
            ("2020-02", "2020年2月"),
            ("2020-12", "2020年12月"),
        ],
        "quarter": [("2019-Q4", "2019年第4季度"), ("2020-Q1", "2020年第1季度"), ("2020-Q4", "2020年第4季度")],
        "year": [("2019", "2019年"), ("2020", "2020年")],
    }.items():
        cells = check(api, "gatherings", f"group_by={period}", "clerk")["cells"]
        assert [(cell[period], cell["labels"][period]) for cell in cells] == told


def test_a_month_of_long_ago_is_a_month_like_any(api: Api) -> None:
    for day in ("1994-01-02", "2020-01-20"):
        api.made(
            "/v1/gatherings", factories.gathering(decided_on=day, planned_from=day, planned_to=day, postponed_to=None)
        )
    cells = check(api, "gatherings", "group_by=month,kind", "clerk")["cells"]
    assert [cell["month"] for cell in cells] == ["1994-01", "2020-01"]


def test_a_visit_is_in_time_by_what_was_planned_when_it_was_recorded(api: Api) -> None:
    patient_id = api.made("/v1/patients", factories.patient())["id"]
    first = api.made("/v1/visits", factories.visit(patient_id, visited_on="2020-02-14"))
    due = dt.date.fromisoformat(first["next_visit_on"])
    late = (due + dt.timedelta(days=1)).isoformat()
    at = f"/v1/visits/{api.made('/v1/visits', factories.visit(patient_id, visited_on=late))['id']}"
    asked = "/v1/statistics/visits?measures=visits,visits_in_time,visits_late"
    assert api.get(asked).json()["total"]["measures"] == {"visits": 2, "visits_in_time": 0, "visits_late": 1}
    assert api.act(f"{at}/correct", {"reason": REASON, "changes": {"visited_on": due.isoformat()}}).status_code == 200
    assert api.get(asked).json()["total"]["measures"] == {"visits": 2, "visits_in_time": 1, "visits_late": 0}
    assert (
        msgspec.json.decode(api.get("/v1/visits?in_time=true&present=due_on").content)["items"][0]["meta"]["version"]
        == 2
    )


def test_disputes_are_settled_in_days_of_a_rank(api: Api) -> None:
    """Of ten that took 1 to 10 days: half took up to 5, nine took up to 9."""
    for days in range(1, 11):
        body = factories.dispute(discovered_on="2020-03-01")
        at = f"/v1/disputes/{api.made('/v1/disputes', body)['id']}"
        for stage in ("accepted", "mediating"):
            assert api.act(f"{at}/move", {"to": stage, "on": "2020-03-20"}).status_code == 200
        settle(api, at, "clerk", f"2020-03-{20 + days:02}")
    told = api.get("/v1/statistics/disputes?measures=disputes_days_median,disputes_days_p90&group_by=town").json()
    assert (
        told["total"]["measures"] == told["cells"][0]["measures"] == {"disputes_days_median": 5, "disputes_days_p90": 9}
    )


def test_different_persons_are_counted_where_they_are_named(api: Api) -> None:
    api.made("/v1/visits", factories.visit(api.made("/v1/patients", factories.patient())["id"]))
    asked = "/v1/statistics/visits"
    assert [*api.get(asked, "supervisor").json()["total"]["measures"]] == [
        "visits",
        "visits_joint",
        "visits_seen",
        "visits_not_seen",
        "visits_in_time",
        "visits_late",
    ]
    assert api.get(f"{asked}?measures=patients_visited", "supervisor").json()["total"]["measures"] == {
        "patients_visited": 1
    }
