"""Patients, visits and drives over HTTP: a visit moves the roster, a transfer parts two towns, a drive is counted."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests import factories
from tests.api import Api, codes, pointers

AT = "/v1/patients"
NOBODY = "018f0000-0000-7000-8000-000000000001"
BAISHA, BAISHA_VILLAGE = "440882100", "440882100200"
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
UNSEEN: dict[str, Any] = {"seen": False, "not_seen_reason": "not_home", "risk_level": None, "stability": None}
WORSE: dict[str, Any] = {"risk_level": 3, "stability": "unstable"}


def enrolled(api: Api, who: str = "clerk", **more: Any) -> str:
    return str(api.made(AT, factories.patient(**{"id_number": None, **more}), who)["id"])


def visited(api: Api, patient: str, on: str = "2020-02-14", who: str = "clerk", **more: Any) -> dict[str, Any]:
    return api.made("/v1/visits", factories.visit(patient, visited_on=on, **more), who)


def roster(api: Api, patient: str, who: str = "clerk") -> dict[str, Any]:
    entry: dict[str, Any] = api.get(f"{AT}/{patient}", who).json()
    return entry


def known(api: Api, patient: str) -> tuple[Any, ...]:
    """What visits say of a patient: risk, class, last and next visit."""
    entry = roster(api, patient)
    return tuple(entry[name] for name in ("risk_level", "stability", "last_visited_on", "next_visit_on"))


def void(api: Api, visit: dict[str, Any]) -> httpx.Response:
    return api.act(f"/v1/visits/{visit['id']}/void", {"reason": REASON}, "*", "supervisor")


def transfer(api: Api, patient: str, to: str = BAISHA_VILLAGE, who: str = "supervisor") -> httpx.Response:
    return api.act(
        f"{AT}/{patient}/transfer", {"to_division": to, "on": "2020-03-01", "reason": "随家人迁居"}, "*", who
    )


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def numbers(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [item["meta"]["version"] for item in answer.json()["items"]]


def test_a_visit_moves_the_roster_in_the_same_commit(api: Api) -> None:
    patient = enrolled(api)
    assert known(api, patient) == (0, "stable", None, None)
    visit = visited(api, patient, **WORSE)
    assert known(api, patient) == (3, "unstable", "2020-02-14", "2020-02-28")
    meta = roster(api, patient)["meta"]
    assert (meta["version"], meta["action"], meta["position"]) == (2, "changed", visit["meta"]["position"] + 1)
    assert numbers(api.get(f"{AT}/{patient}/versions")) == [1, 2]


def test_a_visit_entered_late_does_not_move_the_roster_back(api: Api) -> None:
    patient = enrolled(api)
    visited(api, patient)
    before = roster(api, patient)
    visited(api, patient, "2020-01-14", **WORSE)
    assert roster(api, patient) == before


def test_a_village_that_takes_over_counts_the_visits_of_the_village_before(api: Api) -> None:
    patient = enrolled(api, division="440882102200")
    visited(api, patient, "2020-02-14", **WORSE)
    assert api.patch(f"{AT}/{patient}", {"division": factories.VILLAGE}).status_code == 200
    visited(api, patient, "2020-02-01", "village_clerk")
    assert known(api, patient) == (3, "unstable", "2020-02-14", "2020-02-28")
    for who in ("village_clerk", "clerk"):
        assert api.get(f"{AT}/{patient}?on=2020-02-20", who).json() == roster(api, patient, who)


def test_of_two_visits_on_one_day_the_one_recorded_last_decides(api: Api) -> None:
    patient = enrolled(api)
    first = visited(api, patient, **WORSE)
    visited(api, patient)
    assert known(api, patient)[0] == 0
    api.act(f"/v1/visits/{first['id']}/correct", {"reason": REASON, "changes": {"sleep": "poor"}}, 1)
    assert known(api, patient)[0] == 3
    visited(api, patient, "2020-01-14")
    assert known(api, patient)[0] == 3
    assert api.get(f"{AT}/{patient}?on=2020-02-14").json() == roster(api, patient)


def test_correcting_the_latest_visit_corrects_the_roster(api: Api) -> None:
    patient = enrolled(api)
    visited(api, patient, "2020-01-14")
    visit = visited(api, patient, **WORSE)
    changes = {"risk_level": 1, "stability": "basically_stable", "visited_on": "2020-02-15", "next_visit_on": None}
    answer = api.act(f"/v1/visits/{visit['id']}/correct", {"reason": REASON, "changes": changes}, 1)
    assert answer.status_code == 200
    assert known(api, patient) == (1, "basically_stable", "2020-02-15", "2020-02-29")


def test_the_rules_day_moves_with_a_correction_that_does_not_name_it(api: Api) -> None:
    patient = enrolled(api)
    visit = visited(api, patient, **WORSE)
    changes = {"risk_level": 0, "stability": "stable"}
    answer = api.act(f"/v1/visits/{visit['id']}/correct", {"reason": REASON, "changes": changes}, 1)
    assert answer.status_code == 200, answer.text
    assert known(api, patient) == (0, "stable", "2020-02-14", "2020-05-14")


def test_voiding_the_latest_visit_gives_the_roster_the_one_before(api: Api) -> None:
    patient = enrolled(api)
    visited(api, patient, "2020-01-14")
    before = known(api, patient)
    assert void(api, visited(api, patient, **WORSE)).status_code == 200
    assert known(api, patient) == before == (0, "stable", "2020-01-14", "2020-04-14")


def test_voiding_the_only_visit_leaves_the_patient_unvisited(api: Api) -> None:
    patient = enrolled(api)
    assert void(api, visited(api, patient)).status_code == 200
    assert known(api, patient) == (0, "stable", None, None)


def test_voiding_the_only_visit_takes_its_risk_off_the_roster(api: Api) -> None:
    patient = enrolled(api)
    assert void(api, visited(api, patient, **WORSE)).status_code == 200
    assert known(api, patient) == (0, "stable", None, None)


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"visited_on": "1949-12-30"}, "/visited_on", "before_care"),
        ({"visited_on": "2017-12-31"}, "/visited_on", "before_care"),
        ({"visited_on": "2999-01-01"}, "/visited_on", "in_future"),
        ({**UNSEEN, "risk_level": 0}, "/risk_level", "not_seen"),
        ({**UNSEEN, "symptoms": ["suspicion"]}, "/symptoms", "not_seen"),
        ({"risk_level": None}, "/risk_level", "required"),
        ({"risk_level": 3}, "/stability", "risk_forbids"),
        ({"next_visit_on": "2020-02-20"}, "/next_visit_reason", "required"),
        ({"next_visit_on": "2020-02-14", "next_visit_reason": "示范"}, "/next_visit_on", "not_later"),
        ({"campaign_id": NOBODY}, "/campaign_id", "unknown_entry"),
        ({"patient_id": NOBODY}, "/patient_id", "unknown_entry"),
    ],
)
def test_a_visit_that_cannot_be_is_refused(api: Api, more: dict[str, Any], pointer: str, code: str) -> None:
    patient = enrolled(api)
    answer = api.post("/v1/visits", {**factories.visit(patient), **more})
    assert (answer.status_code, pointers(answer), codes(answer)) == (422, {pointer}, {code})
    assert roster(api, patient)["meta"]["version"] == 1


def test_another_day_than_the_rules_has_its_reason(api: Api) -> None:
    patient = enrolled(api)
    visit = visited(api, patient, next_visit_on="2020-02-20", next_visit_reason="家属要求(示范)")
    assert (visit["next_visit_on"], visit["next_visit_due_on"]) == ("2020-02-20", "2020-05-14")
    assert roster(api, patient)["next_visit_on"] == "2020-02-20"
    assert ids(api.get(f"{AT}?due_by=2020-02-20")) == [patient]
    assert ids(api.get(f"{AT}?due_by=2020-02-19")) == []


def test_three_misses_in_a_row_propose_the_patient_as_lost(api: Api) -> None:
    patient = enrolled(api)
    proposed = []
    for day in ("2020-02-14", "2020-02-15", "2020-02-16"):
        visited(api, patient, day, **UNSEEN)
        proposed.append(roster(api, patient)["lost_proposed"])
    entry = roster(api, patient)
    assert proposed == [False, False, True]
    assert (entry["consecutive_misses"], entry["status"], entry["last_visited_on"]) == (3, "in_care", None)
    visited(api, patient, "2020-02-17")
    assert (roster(api, patient)["consecutive_misses"], roster(api, patient)["lost_proposed"]) == (0, False)


def test_a_visit_that_finds_a_death_ends_the_care(api: Api) -> None:
    patient = enrolled(api)
    died = {**UNSEEN, "not_seen_reason": "deceased", "died_on": "2020-02-10"}
    assert visited(api, patient, **died)["next_visit_due_on"] is None
    entry = roster(api, patient)
    assert (entry["status"], entry["left_care_on"], entry["next_visit_on"]) == ("died", "2020-02-10", None)


def test_who_came_along_makes_a_visit_joint(api: Api) -> None:
    patient = enrolled(api)
    for roles, more, joint in (
        (("grid_worker", "police"), {}, True),
        (("grid_worker", "village_doctor"), {}, True),
        (("police", "police"), {}, False),
        (("grid_worker", "village_cadre"), {}, False),
        (("grid_worker", "mental_health_doctor"), WORSE, False),
        (("grid_worker", "police"), WORSE, True),
    ):
        team = [{"role": role, "name": "示范周"} for role in roles]
        assert visited(api, patient, team=team, **more)["joint"] is joint, (roles, more)
    assert len(ids(api.get("/v1/visits?joint=true"))) == 3


def test_a_visit_raises_alerts(api: Api) -> None:
    patient = enrolled(api)
    assert visited(api, patient)["alerts"] == []
    alarming = visited(api, patient, confinement="confined", incidents={"serious": 1})
    assert alarming["alerts"] == ["confined", "serious_incident", "risk_too_low"]
    (alert,) = api.get("/v1/alerts?kind=serious_incident", "supervisor").json()["items"]
    assert (alert["register"], alert["entry_id"]) == ("visits", alarming["id"])


def test_the_roster_follows_the_incidents_that_visits_tell_of(api: Api) -> None:
    patient = enrolled(api)

    def told() -> tuple[int, str | None]:
        found = api.get(f"{AT}/{patient}").json()
        return found["incident_count"], found["last_incident_on"]

    before = told()[0]
    visit = visited(api, patient, incidents={"disturbance": 2, "serious": 1})
    assert told() == (before + 3, visit["visited_on"])
    version = api.get(f"{AT}/{patient}").json()["meta"]["version"]
    entered = api.patch(f"{AT}/{patient}", {"incident_count": 7, "last_incident_on": "2019-05-01"}, version)
    assert entered.json()["incident_count"] == 7
    assert api.act(f"/v1/visits/{visit['id']}/void", {"reason": REASON}, who="supervisor").status_code == 200
    assert told() == (7, "2019-05-01")


def test_the_old_town_keeps_the_history_up_to_a_transfer(api: Api) -> None:
    patient = enrolled(api)
    old = visited(api, patient)
    mark = api.get(AT).json()["watermark"]
    before = api.get(f"{AT}/{patient}").json()
    moved = transfer(api, patient)
    assert (moved.status_code, moved.json()["meta"]["action"]) == (200, "transferred")
    assert moved.json()["division_name"] == "白沙镇白沙村委会"
    new = visited(api, patient, "2020-03-02", "neighbour")
    assert api.get(f"{AT}/{patient}").status_code == 404
    assert numbers(api.get(f"{AT}/{patient}/versions")) == [1, 2]
    assert api.get(f"{AT}/{patient}/versions/3").status_code == 404
    assert api.get(f"{AT}/{patient}?as_of={mark}").json() == before
    assert api.get(f"{AT}?as_of={mark}").json()["items"] == [before]
    assert ids(api.get(AT)) == []
    assert ids(api.get("/v1/visits")) == [old["id"]]
    assert api.get(f"/v1/visits/{new['id']}").status_code == 404


def test_the_new_town_takes_over_the_whole_history(api: Api) -> None:
    patient = enrolled(api)
    old = visited(api, patient)
    assert api.get(f"{AT}/{patient}/versions", "neighbour").status_code == 404
    transfer(api, patient)
    new = visited(api, patient, "2020-03-02", "neighbour")
    assert numbers(api.get(f"{AT}/{patient}/versions", "neighbour")) == [1, 2, 3, 4]
    assert api.get(f"{AT}/{patient}/versions/1", "neighbour").json()["name"] == "示范孙"
    assert ids(api.get(f"/v1/visits?patient_id={patient}", "neighbour")) == [new["id"], old["id"]]
    assert api.get(f"/v1/visits/{old['id']}", "neighbour").json() == old
    assert roster(api, patient, "neighbour")["last_visited_on"] == "2020-03-02"
    assert roster(api, patient, "neighbour")["meta"]["version"] == 4


def test_the_old_town_visits_no_more(api: Api) -> None:
    patient = enrolled(api)
    old = visited(api, patient)
    transfer(api, patient)
    answer = api.post("/v1/visits", factories.visit(patient, visited_on="2020-03-02"))
    assert (answer.status_code, pointers(answer)) == (422, {"/patient_id"})
    changed = api.patch(f"/v1/visits/{old['id']}", WORSE, 1)
    assert changed.status_code in {403, 422}
    assert roster(api, patient, "neighbour")["risk_level"] == 0


def test_a_transfer_is_the_countys(api: Api) -> None:
    patient = enrolled(api)
    assert transfer(api, patient, who="clerk").status_code == 403
    for who in ("clerk", "supervisor"):
        answer = api.patch(f"{AT}/{patient}", {"division": BAISHA_VILLAGE}, 1, who)
        assert (answer.status_code, codes(answer)) == (422, {"needs_transfer"})
    assert transfer(api, patient, "440882102200").status_code == 409
    assert api.patch(f"{AT}/{patient}", {"division": "440882102200"}, 1).status_code == 200
    assert pointers(transfer(api, patient, "440882100999")) == {"/to_division"}


def test_a_patient_may_be_transferred_back(api: Api) -> None:
    patient = enrolled(api)
    old = visited(api, patient)
    transfer(api, patient)
    theirs = visited(api, patient, "2020-03-02", "neighbour")
    assert transfer(api, patient, factories.VILLAGE).status_code == 200
    assert numbers(api.get(f"{AT}/{patient}/versions")) == [1, 2, 3, 4, 5]
    assert ids(api.get("/v1/visits")) == [theirs["id"], old["id"]]
    visited(api, patient, "2020-03-03")
    assert api.get(f"{AT}/{patient}", "neighbour").status_code == 404
    assert numbers(api.get(f"{AT}/{patient}/versions", "neighbour")) == [3, 4]
    assert ids(api.get("/v1/visits", "neighbour")) == [theirs["id"]]


def test_an_id_number_stands_once_in_a_town(api: Api) -> None:
    first = enrolled(api, id_number=factories.ID_NUMBER)
    other = enrolled(api)
    assert api.post(AT, factories.patient()).status_code == 409
    taken = api.patch(f"{AT}/{other}", {"id_number": factories.ID_NUMBER}, 1)
    assert (taken.status_code, taken.json()["code"]) == (409, "entry_exists")
    elsewhere = enrolled(api, "neighbour", division=BAISHA_VILLAGE, id_number=factories.ID_NUMBER)
    assert transfer(api, elsewhere, factories.VILLAGE).status_code == 409
    api.act(f"{AT}/{first}/void", {"reason": REASON}, 1, "supervisor")
    assert api.patch(f"{AT}/{other}", {"id_number": factories.ID_NUMBER}, 1).status_code == 200


def test_a_patient_is_found_by_the_guardians_phone(api: Api) -> None:
    patient = enrolled(api)
    assert ids(api.post(f"{AT}/search", {"phone": "19900005678"})) == [patient]
    guardian = {"name": "示范李", "relation": "sibling", "phone": "19900007777"}
    api.patch(f"{AT}/{patient}", {"guardian": guardian}, 1)
    assert ids(api.post(f"{AT}/search", {"phone": "19900005678"})) == []
    assert ids(api.post(f"{AT}/search", {"phone": "19900007777"})) == [patient]


def drive(api: Api) -> str:
    """Six in Kelu - three visited jointly, one otherwise, two not - and one in Baisha; and two who do not count."""
    campaign = api.made(
        "/v1/campaigns",
        factories.campaign(divisions=["440882"], starts_on="2020-02-12", ends_on="2020-02-29"),
        "supervisor",
    )["id"]
    alone = {"team": [{"role": "grid_worker", "name": "示范周"}]}
    people = [enrolled(api) for _ in range(6)]
    visited(api, people[0], "2020-02-12")
    visited(api, people[1], "2020-02-29")
    visited(api, people[2], "2020-02-20", **alone)
    visited(api, people[2], "2020-02-21")
    visited(api, people[3], "2020-02-20", **alone)
    visited(api, people[4], "2020-02-11")
    visited(api, people[4], "2020-03-01")
    visited(api, people[5], "2020-02-20", **UNSEEN)
    enrolled(api, status="moved", left_care_on="2020-02-11")
    enrolled(api, in_care_since="2020-02-13")
    visited(api, enrolled(api, "neighbour", division=BAISHA_VILLAGE), "2020-02-20", "neighbour")
    return str(campaign)


COUNTS = ("on_roster", "visited_jointly", "visited_otherwise", "not_yet")
KELU_COUNTS = ("440882102", "客路镇", 6, 3, 1, 2)
BAISHA_COUNTS = (BAISHA, "白沙镇", 1, 1, 0, 0)


def covered(api: Api, campaign: str, who: str, query: str = "") -> tuple[list[tuple[Any, ...]], tuple[Any, ...]]:
    answer = api.get(f"/v1/campaigns/{campaign}/coverage{query}", who).json()
    towns = [(town["town"], town["name"], *(town[name] for name in COUNTS)) for town in answer["towns"]]
    return towns, tuple(answer["total"][name] for name in COUNTS)


def test_a_drive_is_counted_town_by_town(api: Api) -> None:
    campaign = drive(api)
    assert covered(api, campaign, "supervisor") == ([BAISHA_COUNTS, KELU_COUNTS], (7, 4, 1, 2))
    assert covered(api, campaign, "clerk") == ([KELU_COUNTS], (6, 3, 1, 2))
    assert covered(api, campaign, "neighbour") == ([BAISHA_COUNTS], (1, 1, 0, 0))


def test_a_dashboard_is_not_told_how_far_a_drive_has_come(api: Api, end_month: Callable[[], None]) -> None:
    """That is how many people were met, town by town; how many visits were made for a drive of a town is told."""
    campaign = drive(api)
    for _ in range(6):
        patient = enrolled(api)
        body = factories.visit(patient, visited_on="2020-02-20", campaign_id=campaign)
        api.made("/v1/visits", body)
    for _ in range(2):
        for who in ("dashboard", "town_dashboard"):
            assert covered(api, campaign, who) == ([], (None, None, None, None))
        end_month()
    asked = f"/v1/statistics/visits?group_by=campaign&measures=visits&campaign_id={campaign}"
    assert api.get(asked.replace("group_by=campaign&", ""), "dashboard").json()["total"]["measures"] == {"visits": 6}


def test_the_coverage_of_a_past_day_stays(api: Api) -> None:
    campaign = drive(api)
    then = api.get(f"/v1/campaigns/{campaign}/coverage", "supervisor")
    late = enrolled(api)
    visited(api, late, "2020-02-25")
    assert covered(api, campaign, "supervisor")[1] == (8, 5, 1, 2)
    mark = then.json()["watermark"]
    assert api.get(f"/v1/campaigns/{campaign}/coverage?as_of={mark}", "supervisor").content == then.content


def test_a_visit_that_met_nobody_leaves_the_risk_that_the_office_raised(api: Api) -> None:
    at = "/v1/patients/" + api.made("/v1/patients", factories.patient())["id"]
    case = at.rpartition("/")[2]
    api.made("/v1/visits", factories.visit(case))
    api.patch(at, {"risk_level": 4, "stability": "unstable"})
    missed = {"seen": False, "not_seen_reason": "not_home", "risk_level": None, "stability": None, "findings": None}
    api.made("/v1/visits", factories.visit(case, visited_on="2020-03-01", **missed))
    assert api.get(at).json()["risk_level"] == 4


def test_nobody_is_due_who_has_left_care(api: Api) -> None:
    at = "/v1/patients/" + api.made("/v1/patients", factories.patient())["id"]
    api.made("/v1/visits", factories.visit(at.rpartition("/")[2]))
    assert len(api.get("/v1/patients?due_by=2020-12-31").json()["items"]) == 1
    api.patch(at, {"status": "died", "left_care_on": "2020-03-01"})
    assert api.get("/v1/patients?due_by=2020-12-31").json()["items"] == []
