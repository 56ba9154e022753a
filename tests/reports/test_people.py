"""What dashboards and bots are told of people in care: what was done exactly, who they are not at all (docs/decisions/0012)."""

import asyncio
import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from registry.followups.register import PATIENT_REGISTER, VISIT_REGISTER
from registry.ledger.tables import BOOKS
from registry.reports.due.reminder_register import OF_PEOPLE
from registry.reports.due.service import kinds_of_people
from registry.reports.statistics.people import rounded
from registry.settings import Settings
from tests import factories
from tests.api import Api, codes, pointers
from tests.outbox.feed.feeds import follow
from tests.reports.strangers import Stranger
from tests.reports.test_reminders import die, looking

COUNTY, KELU, BAISHA = "440882", "440882102", "440882100"
VILLAGE, SISTER, BAISHA_VILLAGE = "440882102204", "440882102200", "440882100200"
EndMonth = Callable[[], None]
OUTSIDE = pytest.mark.parametrize("who", ["dashboard", "bot"])
UNSEEN = {"seen": False, "not_seen_reason": "refused", "risk_level": None, "stability": None}
PATIENTS, VISITS = "/v1/statistics/patients", "/v1/statistics/visits"


def enrol(api: Api, number: int, village: str = VILLAGE, **more: Any) -> list[str]:
    body = factories.patient(division=village, id_number=None, **{"stability": "basically_stable", **more})
    return [api.made("/v1/patients", body, "supervisor")["id"] for _ in range(number)]


def visit(api: Api, patients: list[str], day: str = "2020-02-14", **more: Any) -> None:
    for patient in patients:
        api.made("/v1/visits", factories.visit(patient, visited_on=day, **more), "supervisor")


def told(api: Api, path: str, who: str = "dashboard") -> dict[str, Any]:
    answer = api.get(path, who)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@OUTSIDE
def test_what_was_done_is_told_exactly_by_town_and_day(api: Api, who: str) -> None:
    visit(api, enrol(api, 2))
    visit(api, enrol(api, 1, BAISHA_VILLAGE), "2020-02-15", **UNSEEN)
    answer = told(api, f"{VISITS}?group_by=town,month", who)
    assert [each["name"] for each in answer["measures"]] == [
        "visits",
        "visits_joint",
        "visits_seen",
        "visits_not_seen",
        "visits_in_time",
        "visits_late",
    ]
    assert all(each["additive"] for each in answer["measures"])
    assert [(cell["town"], cell["measures"]["visits"], cell["measures"]["visits_seen"]) for cell in answer["cells"]] == [
        (BAISHA, 1, 0), (KELU, 2, 2),
    ]  # fmt: skip
    assert (answer["as_of_day"], answer["rounded_to"], answer["total"]["rows"]) == (None, None, None)
    assert set(answer["cells"][0]["measure_rows"].values()) == {None}
    by_day = told(api, f"{VISITS}?group_by=town,day,week&measures=visits", who)["cells"]
    assert [(cell["day"], cell["week"], cell["measures"]["visits"]) for cell in by_day] == [
        ("2020-02-15", "2020-W07", 1), ("2020-02-14", "2020-W07", 2),
    ]  # fmt: skip
    one_day = told(api, f"{VISITS}?division={KELU}&from=2020-02-14&to=2020-02-14&measures=visits", who)
    assert one_day["total"]["measures"] == {"visits": 2}
    assert told(api, f"{VISITS}?joint=true&seen=false&measures=visits", who)["total"]["measures"] == {"visits": 1}


@OUTSIDE
def test_people_are_counted_at_the_last_month_end_and_rounded(api: Api, end_month: EndMonth, who: str) -> None:
    enrol(api, 3, risk_level=3, stability="unstable")
    enrol(api, 4, risk_level=1)
    enrol(api, 4, BAISHA_VILLAGE, risk_level=1)
    visit(api, enrol(api, 1, risk_level=1), risk_level=1, stability="basically_stable")
    end_month()
    enrol(api, 50)
    roster = f"{PATIENTS}?measures=patients_on_roster&to=2199-12-31"
    county = told(api, roster, who)
    assert (county["total"]["measures"], county["total"]["small"]) == ({"patients_on_roster": 12}, {})
    assert (county["rounded_to"], county["measures"][0]["additive"]) == (None, False)  # the county's roster is exact
    day = dt.date.fromisoformat(county["as_of_day"])
    assert (day + dt.timedelta(1)).day == 1
    by_risk = told(api, f"{roster}&group_by=risk", who)
    assert (by_risk["rounded_to"], by_risk["as_of_day"]) == (5, county["as_of_day"])
    assert [(cell["risk"], cell["measures"], cell["small"]) for cell in by_risk["cells"]] == [
        (1, {"patients_on_roster": 10}, {}), (3, {"patients_on_roster": None}, {"patients_on_roster": True}),
    ]  # fmt: skip
    by_town = told(api, f"{roster}&group_by=town", who)
    assert [(cell["town"], cell["measures"], cell["small"]) for cell in by_town["cells"]] == [
        (BAISHA, {"patients_on_roster": None}, {}), (KELU, {"patients_on_roster": None}, {}),
    ]  # fmt: skip
    met = told(api, f"{VISITS}?measures=patients_visited", who)
    assert (met["total"]["measures"], met["total"]["small"]) == ({"patients_visited": None}, {"patients_visited": True})


def test_a_town_is_told_its_roster_from_ten_on(api: Api, end_month: EndMonth) -> None:
    enrol(api, 12)
    enrol(api, 9, BAISHA_VILLAGE)
    end_month()
    roster = f"{PATIENTS}?measures=patients_on_roster&to=2199-12-31"
    cells = told(api, f"{roster}&group_by=town")["cells"]
    assert [cell["measures"]["patients_on_roster"] for cell in cells] == [None, 10]
    assert told(api, f"{roster}&division={KELU}")["total"]["measures"] == {"patients_on_roster": 10}
    assert told(api, roster, "town_dashboard")["total"]["measures"] == {"patients_on_roster": 10}


@pytest.mark.parametrize(
    ("path", "pointer", "code"),
    [
        (f"{VISITS}?group_by=village", "#group_by", "below_town"),
        (f"{VISITS}?division={VILLAGE}", "#division", "below_town"),
        (f"{VISITS}?division={KELU}&division_only=true", "#division", "below_town"),
        (f"{VISITS}?patient_id=019fca48-fe6d-7f0d-8000-000000000000", "#patient_id", "not_told"),
        (f"{VISITS}?visited_from=2020-02-14", "#visited_from", "not_told"),
        (f"{VISITS}?absent=campaign_id", "#absent", "not_told"),
        (f"{VISITS}?on=2020-02-14", "#on", "not_told"),
        (f"{VISITS}?group_by=town,team", "#group_by", "county_only"),
        (f"{VISITS}?group_by=town&not_seen_reason=refused", "#group_by", "county_only"),
        (f"{VISITS}?division={KELU}&risk_level=3", "#division", "county_only"),
        (f"{VISITS}?group_by=town&measures=patients_visited", "#group_by", "county_only"),
        (f"{VISITS}?group_by=campaign&measures=patients_visited", "#campaign_id", "not_told"),
        (f"{VISITS}?campaign_id=019fca48-fe6d-7f0d-8000-000000000000", "#campaign_id", "below_town"),
        (f"{VISITS}?measures=visits,patients_visited", "#measures", "people_apart"),
        (f"{VISITS}?measures=patients_visited&from=2020-02-02", "#from", "whole_months"),
        (f"{VISITS}?measures=patients_visited&group_by=week", "#group_by", "whole_months"),
        (f"{VISITS}?group_by=day,risk", "#group_by", "whole_months"),
        (f"{PATIENTS}?measures=patients_on_roster&to=2020-02-28", "#to", "whole_months"),
        (f"{PATIENTS}?measures=patients_enrolled&division={KELU}", "#division", "county_only"),
        (f"{PATIENTS}?risk_from=3&measures=patients_on_roster", "#risk_from", "not_told"),
        (f"{PATIENTS}?overdue_on=2020-02-14", "#overdue_on", "not_told"),
        (f"{PATIENTS}?group_by=diagnosis,town&measures=patients_on_roster", "#group_by", "county_only"),
    ],
)
def test_what_is_not_told_is_refused_by_its_name(api: Api, path: str, pointer: str, code: str) -> None:
    refused = api.get(path, "dashboard")
    assert (refused.status_code, pointers(refused), codes(refused)) == (422, {pointer}, {code})
    assert api.get(path, "supervisor").status_code == 200
    assert api.get(path, "auditor").status_code == 200


def test_a_drive_of_a_village_is_told_with_the_visits_of_none(api: Api) -> None:
    patients = enrol(api, 3)
    drives = {
        code: api.made("/v1/campaigns", factories.campaign(divisions=[code]), "supervisor")["id"]
        for code in (KELU, VILLAGE)
    }
    visit(api, patients[:1], campaign_id=drives[KELU])
    visit(api, patients[1:2], campaign_id=drives[VILLAGE])
    visit(api, patients[2:])
    cells = told(api, f"{VISITS}?group_by=campaign,town&measures=visits")["cells"]
    assert [(cell["campaign"], cell["measures"]["visits"]) for cell in cells] == [(drives[KELU], 1), (None, 2)]
    asked = f"{VISITS}?measures=visits&campaign_id="
    assert told(api, asked + drives[KELU])["total"]["measures"] == {"visits": 1}
    assert codes(api.get(asked + drives[VILLAGE], "dashboard")) == {"below_town"}


def test_a_key_of_a_village_is_told_nothing(api: Api) -> None:
    key = {"name": "村大屏(示范)", "role": "dashboard", "divisions": [VILLAGE]}
    api.keys["village_dashboard"] = api.post("/v1/keys", key, "administrator").json()["key"]
    visit(api, enrol(api, 1))
    assert codes(api.get(f"{VISITS}?measures=visits", "village_dashboard")) == {"below_town"}
    figures = {each["name"]: each for each in told(api, "/v1/bulletin?to=2020-03-05", "village_dashboard")["figures"]}
    assert [figures[name]["value"] for name in ("patients_on_roster", "visits", "visits_joint")] == [None] * 3
    counts = {each["kind"]: each["due"] for each in told(api, "/v1/due?on=2020-03-05", "village_dashboard")["counts"]}
    assert {counts[kind] for kind in OF_PEOPLE} == {None}


def test_the_bulletin_of_any_day_says_how_many_visits_were_made(api: Api, end_month: EndMonth) -> None:
    enrol(api, 7)
    visit(api, enrol(api, 5))
    visit(api, enrol(api, 2, BAISHA_VILLAGE), "2020-02-15")
    end_month()
    inside = told(api, "/v1/bulletin?to=2020-02-15", "supervisor")
    public = told(api, "/v1/bulletin?to=2020-02-15", "dashboard")
    assert (inside["edition"], public["edition"]) == ("internal", "public")
    for name, value, today in (("visits", 7, 2), ("visits_joint", 7, 2)):
        for bulletin in (inside, public):
            (figure,) = [each for each in bulletin["figures"] if each["name"] == name]
            assert (figure["value"], figure["today"]) == (value, today)
    later = told(api, "/v1/bulletin?to=2199-12-31", "dashboard")
    (roster,) = [each for each in later["figures"] if each["name"] == "patients_on_roster"]
    assert (roster["value"], roster["today"], roster["small"], roster["rounded_to"]) == (14, None, False, None)
    assert roster["as_of_day"] == later["as_of_day"]
    town = told(api, f"/v1/bulletin?to=2199-12-31&division={KELU}", "dashboard")
    (roster,) = [each for each in town["figures"] if each["name"] == "patients_on_roster"]
    assert (roster["value"], roster["rounded_to"]) == (10, 5)
    text = api.get(f"/v1/bulletin?to=2199-12-31&division={KELU}&format=text", "dashboard").text
    assert "约10人（截至" in text
    assert "公开版" in text
    assert "公开版" not in api.get("/v1/bulletin?to=2199-12-31&format=text", "supervisor").text


def test_what_is_due_is_told_as_totals_of_towns(api: Api) -> None:
    visit(api, enrol(api, 2))
    visit(api, enrol(api, 1, BAISHA_VILLAGE))
    asked = "/v1/due?on=2020-12-01&before=2020-12-31&kinds=visit"
    for query, due in (("", 3), (f"&division={KELU}", 2), (f"&division={VILLAGE}", None)):
        answer = told(api, asked + query)
        assert answer["items"] == []
        assert [(each["due"], each["overdue"]) for each in answer["counts"]] == [(due, due)]
    assert len(told(api, asked, "auditor")["items"]) == 3


def test_an_auditor_counts_as_an_office_does(api: Api) -> None:
    visit(api, enrol(api, 2, risk_level=3, stability="unstable"))
    for path in (
        f"{PATIENTS}?group_by=village,risk",
        f"{VISITS}?group_by=village,team,month",
        "/v1/bulletin?to=2020-03-05",
    ):
        assert told(api, path, "auditor") == told(api, path, "supervisor")


def test_what_is_told_stays_until_the_month_is_over(api: Api, end_month: EndMonth) -> None:
    """Nobody is followed: enrolment, a new class, a move, leaving change nothing that is told of people."""
    patients = enrol(api, 11, risk_level=3, stability="unstable")
    end_month()
    asked = [
        f"{PATIENTS}?measures=patients_on_roster{by}"
        for by in ("", "&group_by=risk", "&group_by=town", "&group_by=stability,diagnosis")
    ]
    before = [api.get(path, "bot").json()["cells"] for path in asked]
    enrol(api, 7)
    for patient, change in zip(patients, ({"risk_level": 4}, {"diagnosis": "bipolar"}), strict=False):
        assert api.patch(f"/v1/patients/{patient}", change, "*", "supervisor").status_code == 200
    assert [api.get(path, "bot").json()["cells"] for path in asked] == before


@pytest.mark.parametrize("seed", range(3))
def test_numbers_follow_the_rule_and_nothing_else(api: Api, end_month: EndMonth, seed: int) -> None:
    """Against the rows that a supervisor sees, counted by the test."""
    luck = random.Random(seed)
    for _ in range(luck.randint(8, 16)):
        village = luck.choice([VILLAGE, SISTER, BAISHA_VILLAGE])
        made = enrol(
            api,
            luck.choice([1, 1, 3]),
            village,
            risk_level=luck.randint(0, 2),
            diagnosis=luck.choice(["bipolar", "schizophrenia"]),
        )
        if luck.random() < 0.7:
            visit(api, made, luck.choice(["2020-02-14", "2020-02-20"]))
    end_month()
    people = api.get("/v1/patients?limit=200", "supervisor").json()["items"]
    visits = api.get("/v1/visits?limit=200", "supervisor").json()["items"]
    roster = f"{PATIENTS}?measures=patients_on_roster&to=2199-12-31"
    assert told(api, roster)["total"]["measures"]["patients_on_roster"] == len(people)
    for dimension, field in (("risk", "risk_level"), ("diagnosis", "diagnosis")):
        real = Counter(each[field] for each in people)
        cells = {
            cell[dimension]: cell["measures"]["patients_on_roster"]
            for cell in told(api, f"{roster}&group_by={dimension}")["cells"]
        }
        assert cells == {value: rounded(count) if count >= 5 else None for value, count in real.items()}
    real = Counter(each["division"][:9] for each in people)
    cells = {
        cell["town"]: cell["measures"]["patients_on_roster"] for cell in told(api, f"{roster}&group_by=town")["cells"]
    }
    assert cells == {town: rounded(count) if count >= 10 else None for town, count in real.items()}
    work = Counter((each["division"][:9], each["visited_on"]) for each in visits)
    for (town, day), count in work.items():
        asked = f"{VISITS}?measures=visits&division={town}&from={day}&to={day}"
        assert told(api, asked)["total"]["measures"] == {"visits": count}


@pytest.mark.parametrize("who", ["dashboard", "bot", "town_dashboard"])
def test_no_answer_on_any_path_names_an_entry_or_a_village(
    api: Api, settings: Settings, end_month: EndMonth, who: str
) -> None:
    """A stranger with the key asks everything that the published document has, with every id, filter and grouping."""
    patients = enrol(api, 4) + enrol(api, 12, SISTER, risk_level=4, stability="unstable")
    visit(api, patients[:5], campaign_id=api.made("/v1/campaigns", factories.campaign(), "supervisor")["id"])
    end_month()
    assert asyncio.run(looking(settings, dt.date(2020, 12, 1), 1, None, die)) > 0
    stranger = Stranger(api, who)
    assert stranger.asked > 400
    assert stranger.found == []


def test_a_feed_says_once_that_people_are_hidden(api: Api, run: Callable[[Any], Any]) -> None:
    """After the upgrade of a home whose dashboards saw them."""
    visit(api, enrol(api, 1))
    at = int(api.get("/v1/patients").json()["watermark"].rpartition("_")[2])
    run(lambda connection: connection.execute(update(BOOKS).values(people_hidden_at=at)))
    assert "scope.left" not in {each["type"] for each in follow(api, "bot")}  # nothing came since
    api.made("/v1/gatherings", factories.gathering())
    for after in (0, at):
        made, left = follow(api, "bot", after)[-2:]
        assert (made["type"], left["type"]) == ("gatherings.created", "scope.left")
        assert (left["subject"], left["data"]) == ("registers/patients+visits", {"registers": ["patients", "visits"]})
    assert "scope.left" not in {each["type"] for each in follow(api, "bot", at + 1)}
    assert "scope.left" not in {each["type"] for each in follow(api, "bot", more="&registers=gatherings")}
    assert "scope.left" not in {each["type"] for each in follow(api, "supervisor")}


def test_the_kinds_of_reminders_that_are_kept_back_are_those_owed_to_people() -> None:
    assert kinds_of_people([PATIENT_REGISTER, VISIT_REGISTER]) == OF_PEOPLE
