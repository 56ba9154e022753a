"""Disputes over HTTP: numbers, stages, the clock, the whole case, and cases between two towns."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from registry.ledger.ids import new_id
from tests import factories
from tests.api import Api, codes, pointers

AT = "/v1/disputes"
BAISHA_VILLAGE = "440882100200"
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
CHILDREN: dict[str, Callable[..., dict[str, Any]]] = {
    "proceedings": factories.proceeding,
    "mediation-sessions": factories.session,
    "agreements": factories.agreement,
    "return-visits": factories.return_visit,
}
PARTS = ("proceedings", "mediation_sessions", "agreements", "return_visits")


def reported(api: Api, who: str = "clerk", **more: Any) -> str:
    return str(api.made(AT, factories.dispute(**more), who)["id"])


def move(api: Api, case: str, to: str, on: str, **more: Any) -> httpx.Response:
    return api.act(f"{AT}/{case}/move", {"to": to, "on": on, **more})


def moved(api: Api, case: str, *steps: tuple[str, str]) -> dict[str, Any]:
    """The dispute after these moves."""
    entry: dict[str, Any] = {}
    for to, on in steps:
        answer = move(api, case, to, on)
        assert answer.status_code == 200, answer.text
        entry = answer.json()
    return entry


def in_mediation(api: Api, **more: Any) -> str:
    case = reported(api, **more)
    moved(api, case, ("accepted", "2020-02-03"), ("mediating", "2020-02-04"))
    return case


def agreed(api: Api, **more: Any) -> str:
    case = in_mediation(api)
    api.made("/v1/agreements", factories.agreement(case, **more))
    moved(api, case, ("agreed", "2020-02-06"))
    return case


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def party_of(division: str) -> list[dict[str, Any]]:
    """A person of Maigang, and a village."""
    return [factories.dispute()["parties"][0], {"kind": "village", "name": "示范村", "division": division}]


def between_two_towns(api: Api) -> str:
    """A dispute of Kelu with a village of Baisha, and a part of each kind."""
    case = reported(api, parties=party_of(BAISHA_VILLAGE))
    for path, make in CHILDREN.items():
        api.made(f"/v1/{path}", make(case))
    return case


def test_case_numbers_run_by_town_and_year_without_gaps(api: Api) -> None:
    def number(who: str = "clerk", **more: Any) -> str:
        return str(api.made(AT, factories.dispute(**more), who)["case_number"])

    assert number() == "440882102-2020-0001"
    assert api.post(AT, factories.dispute(category="0000")).status_code == 422
    assert number(division="440882102200") == "440882102-2020-0002"
    assert number(discovered_on="2019-12-31") == "440882102-2019-0001"
    assert number("neighbour", division=BAISHA_VILLAGE) == "440882100-2020-0001"
    assert number("supervisor") == "440882102-2020-0003"


def test_a_case_keeps_its_number_when_it_changes_and_when_it_is_voided(api: Api) -> None:
    case = reported(api)
    assert moved(api, case, ("accepted", "2020-02-03"))["case_number"] == "440882102-2020-0001"
    changed = api.patch(f"{AT}/{case}", {"discovered_on": "2020-02-02", "division": "440882102200"}, 2)
    assert changed.json()["case_number"] == "440882102-2020-0001"
    voided = api.act(f"{AT}/{case}/void", {"reason": REASON}, 3, "supervisor")
    assert voided.json()["case_number"] == "440882102-2020-0001"
    assert api.made(AT, factories.dispute())["case_number"] == "440882102-2020-0002"


def test_a_dispute_runs_from_report_to_closing(api: Api) -> None:
    case = reported(api)
    accepted = moved(api, case, ("accepted", "2020-02-03"))
    assert (accepted["accepted_on"], accepted["mediation_due_on"]) == ("2020-02-03", "2020-03-03")
    moved(api, case, ("mediating", "2020-02-04"))
    api.made("/v1/agreements", factories.agreement(case))
    settled = moved(api, case, ("agreed", "2020-02-06"))
    assert (settled["settled_on"], settled["days_to_settle"]) == ("2020-02-06", 3)
    closed = moved(api, case, ("performed", "2020-02-07"), ("closed", "2020-02-08"))
    assert (closed["stage"], closed["settled_on"], closed["days_to_settle"]) == ("closed", "2020-02-06", 3)
    assert [step["to"] for step in closed["moves"]] == ["accepted", "mediating", "agreed", "performed", "closed"]
    assert closed["meta"]["version"] == 6


def test_the_mediation_period_rolls_over_a_weekend(api: Api) -> None:
    entry = moved(api, reported(api), ("accepted", "2020-02-07"))  # 7 March 2020 was a Saturday
    assert entry["mediation_due_on"] == "2020-03-09"


def test_a_forbidden_move_lists_the_allowed_ones(api: Api) -> None:
    answer = move(api, reported(api), "agreed", "2020-02-03")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/to", "forbidden_move")
    assert error["allowed"] == ["accepted", "referred", "withdrawn"]


def test_all_faults_of_a_move_come_at_once(api: Api) -> None:
    case = reported(api)
    answer = move(api, case, "referred", "2020-01-31")
    assert (answer.status_code, pointers(answer)) == (422, {"/on", "/referred_to"})
    assert pointers(move(api, case, "accepted", "2999-01-01")) == {"/on"}
    wrong = move(api, case, "settled", "yesterday")
    assert (wrong.status_code, pointers(wrong)) == (400, {"/to", "/on"})
    assert "accepted" in next(error for error in wrong.json()["errors"] if error["pointer"] == "/to")["allowed"]
    assert api.get(f"{AT}/{case}").json()["meta"]["version"] == 1


def test_a_move_is_not_before_the_one_before(api: Api) -> None:
    case = in_mediation(api)
    assert pointers(move(api, case, "failed", "2020-02-03")) == {"/on"}
    assert move(api, case, "failed", "2020-02-04").status_code == 200


@pytest.mark.parametrize("signed", [None, {"sealed_by": None}, {"mediator_signed": False}, {"signed_on": "2020-02-07"}])
def test_agreed_needs_an_agreement_in_effect(api: Api, signed: dict[str, Any] | None) -> None:
    case = in_mediation(api)
    if signed is not None:
        api.made("/v1/agreements", factories.agreement(case, **signed))
    answer = move(api, case, "agreed", "2020-02-06")
    assert (answer.status_code, codes(answer)) == (422, {"no_agreement"})
    api.made("/v1/agreements", factories.agreement(case))
    assert move(api, case, "agreed", "2020-02-06").status_code == 200


def test_a_voided_agreement_settles_nothing(api: Api) -> None:
    case = in_mediation(api)
    signed = api.made("/v1/agreements", factories.agreement(case))["id"]
    assert api.act(f"/v1/agreements/{signed}/void", {"reason": REASON}, 1, "supervisor").status_code == 200
    assert codes(move(api, case, "agreed", "2020-02-06")) == {"no_agreement"}


def test_performed_waits_for_every_term(api: Api) -> None:
    case = agreed(api, terms=[{"text": "埋设界桩(示范)", "due_on": "2020-04-30"}])
    refused = move(api, case, "performed", "2020-05-01")
    assert (refused.status_code, codes(refused)) == (422, {"not_performed"})
    (signed,) = api.get(f"{AT}/{case}/case").json()["agreements"]
    assert signed["performed_on"] is None
    terms = [{**signed["terms"][0], "performed_on": "2020-04-29"}]
    done = api.patch(f"/v1/agreements/{signed['id']}", {"terms": terms}, 1)
    assert done.json()["performed_on"] == "2020-04-29"
    assert move(api, case, "performed", "2020-05-01").status_code == 200


def test_reopening_needs_a_reason_and_starts_the_period_again(api: Api) -> None:
    case = agreed(api)
    moved(api, case, ("performed", "2020-02-07"), ("closed", "2020-02-08"))
    assert pointers(move(api, case, "mediating", "2020-03-02")) == {"/reason"}
    again = move(api, case, "mediating", "2020-03-02", reason="界桩被移(示范)").json()
    assert (again["stage"], again["settled_on"], again["days_to_settle"]) == ("mediating", None, None)
    assert (again["accepted_on"], again["mediation_due_on"]) == ("2020-03-02", "2020-04-02")


def test_a_referral_names_the_authority(api: Api) -> None:
    case = reported(api)
    referred = move(api, case, "referred", "2020-02-03", referred_to="示范法院")
    assert referred.json()["moves"][-1]["referred_to"] == "示范法院"
    assert moved(api, case, ("closed", "2020-02-05"))["settled_on"] is None


@pytest.mark.parametrize(
    ("on", "stage", "days_open", "overdue", "days_overdue"),
    [
        ("2020-02-02", "reported", 1, False, 0),
        ("2020-02-03", "accepted", 2, False, 0),
        ("2020-03-03", "mediating", 31, False, 0),
        ("2020-03-04", "mediating", 32, True, 1),
    ],
)
def test_the_clock_tells_of_any_day(
    api: Api, on: str, stage: str, days_open: int, overdue: object, days_overdue: int
) -> None:
    clock = api.get(f"{AT}/{in_mediation(api)}/clock?on={on}").json()
    assert (clock["on"], clock["stage"], clock["days_open"]) == (on, stage, days_open)
    assert (clock["overdue"], clock["days_overdue"]) == (overdue, days_overdue)
    assert clock["mediation_due_on"] == (None if stage == "reported" else "2020-03-03")


def test_the_clock_stops_at_the_settlement_and_begins_at_discovery(api: Api) -> None:
    case = agreed(api)
    clock = api.get(f"{AT}/{case}/clock?on=2020-12-31").json()
    assert (clock["stage"], clock["days_open"], clock["overdue"]) == ("agreed", 5, False)
    early = api.get(f"{AT}/{case}/clock?on=2020-01-31")
    assert (early.status_code, pointers(early)) == (422, {"#on"})


def test_the_list_of_the_overdue(api: Api) -> None:
    late, done, new = in_mediation(api), agreed(api), reported(api)
    assert ids(api.get(f"{AT}?overdue_on=2020-03-04")) == [late]
    assert ids(api.get(f"{AT}?overdue_on=2020-03-03")) == []
    assert {late, done, new} == set(ids(api.get(AT)))
    assert ids(api.get(f"{AT}?stage=agreed")) == [done]


def test_a_case_is_read_whole_now_and_then(api: Api) -> None:
    case = reported(api)
    made = [api.made(f"/v1/{path}", make(case)) for path, make in CHILDREN.items()]
    reported(api)
    whole = api.get(f"{AT}/{case}/case")
    assert whole.json()["dispute"] == api.get(f"{AT}/{case}").json()
    assert [whole.json()[part] for part in PARTS] == [[entry] for entry in made]
    second = api.made("/v1/mediation-sessions", factories.session(case, held_on="2020-02-06"))
    api.patch(f"/v1/proceedings/{made[0]['id']}", {"outcome": "revoked"}, 1)
    moved(api, case, ("accepted", "2020-02-03"))
    now = api.get(f"{AT}/{case}/case").json()
    assert now["mediation_sessions"] == [made[1], second]
    assert (now["proceedings"][0]["outcome"], now["dispute"]["stage"]) == ("revoked", "accepted")
    assert api.get(f"{AT}/{case}/case?as_of={whole.json()['watermark']}").content == whole.content


def test_a_voided_part_is_absent_from_the_case(api: Api) -> None:
    case = reported(api)
    for path, make in CHILDREN.items():
        entry = api.made(f"/v1/{path}", make(case))
        api.act(f"/v1/{path}/{entry['id']}/void", {"reason": REASON}, 1, "supervisor")
    whole = api.get(f"{AT}/{case}/case").json()
    assert [whole[part] for part in PARTS] == [[], [], [], []]


def test_a_dispute_between_two_towns_is_seen_whole_by_both(api: Api) -> None:
    case = between_two_towns(api)
    mine, theirs = api.get(f"{AT}/{case}/case"), api.get(f"{AT}/{case}/case", "neighbour")
    assert theirs.status_code == 200
    assert theirs.json() == mine.json()
    assert all(len(theirs.json()[part]) == 1 for part in PARTS)
    assert ids(api.get(AT, "neighbour")) == ids(api.get(AT)) == [case]
    for path in CHILDREN:
        assert api.get(f"/v1/{path}", "neighbour").json()["items"] == api.get(f"/v1/{path}").json()["items"]


def test_only_the_office_that_keeps_a_dispute_changes_it(api: Api) -> None:
    case = between_two_towns(api)
    step = {"to": "accepted", "on": "2020-02-03"}
    assert api.patch(f"{AT}/{case}", {"people_involved": 9}, 1, "neighbour").status_code == 403
    assert api.act(f"{AT}/{case}/move", step, 1, "neighbour").status_code == 403
    correction = {"reason": REASON, "changes": {"people_involved": 9}}
    assert api.act(f"{AT}/{case}/correct", correction, 1, "neighbour").status_code == 403
    (session,) = api.get("/v1/mediation-sessions", "neighbour").json()["items"]
    assert api.patch(f"/v1/mediation-sessions/{session['id']}", {"result": "failed"}, 1, "neighbour").status_code == 403
    assert api.patch(f"{AT}/{case}", {"people_involved": 9}, 1).status_code == 200


def test_the_other_town_may_add_a_session_that_both_see(api: Api) -> None:
    case = between_two_towns(api)
    added = api.made("/v1/mediation-sessions", factories.session(case, held_on="2020-02-07"), "neighbour")
    assert api.patch(f"/v1/mediation-sessions/{added['id']}", {"result": "failed"}, 1, "neighbour").status_code == 200
    for who in ("neighbour", "clerk", "supervisor"):
        sessions = api.get(f"{AT}/{case}/case", who).json()["mediation_sessions"]
        assert added["id"] in [session["id"] for session in sessions], who


def test_a_party_corrected_away_takes_the_case_with_it(api: Api) -> None:
    case = between_two_towns(api)
    mark = api.get(AT, "neighbour").json()["watermark"]
    correction = {"reason": REASON, "changes": {"parties": party_of("440882102200")}}
    assert api.act(f"{AT}/{case}/correct", correction, 1).status_code == 200
    for path in ("", "/case", "/clock", "/versions", "/versions/1", f"?as_of={mark}", f"/case?as_of={mark}"):
        assert api.get(f"{AT}/{case}{path}", "neighbour").status_code == 404, path
    for path in ("disputes", *CHILDREN):
        assert ids(api.get(f"/v1/{path}", "neighbour")) == []
        assert ids(api.get(f"/v1/{path}?as_of={mark}", "neighbour")) == []
    answer = api.post("/v1/mediation-sessions", factories.session(case), "neighbour")
    assert pointers(answer) == {"/dispute_id"}


@pytest.mark.parametrize("path", CHILDREN)
def test_a_part_needs_a_dispute_that_stands(api: Api, path: str) -> None:
    unknown = api.post(f"/v1/{path}", CHILDREN[path](new_id()))
    assert (unknown.status_code, pointers(unknown), codes(unknown)) == (422, {"/dispute_id"}, {"unknown_entry"})
    case = reported(api)
    outside = api.post(f"/v1/{path}", CHILDREN[path](case), "neighbour")
    assert (outside.status_code, outside.json()["errors"]) == (422, unknown.json()["errors"])
    api.act(f"{AT}/{case}/void", {"reason": REASON}, 1, "supervisor")
    voided = api.post(f"/v1/{path}", CHILDREN[path](case))
    assert (voided.status_code, pointers(voided), codes(voided)) == (422, {"/dispute_id"}, {"entry_voided"})


@pytest.mark.parametrize("path", CHILDREN)
def test_a_part_stays_with_its_dispute(api: Api, path: str) -> None:
    case, other = reported(api), reported(api)
    entry = api.made(f"/v1/{path}", CHILDREN[path](case))
    answer = api.patch(f"/v1/{path}/{entry['id']}", {"dispute_id": other}, 1)
    assert (answer.status_code, pointers(answer), codes(answer)) == (422, {"/dispute_id"}, {"other_dispute"})
    assert api.patch(f"/v1/{path}/{entry['id']}", {"dispute_id": case}, 1).json() == entry
    assert ids(api.get(f"/v1/{path}?dispute_id={other}")) == []
    assert ids(api.get(f"/v1/{path}?dispute_id={case}")) == [entry["id"]]


def test_a_return_visit_looks_at_an_agreement_of_its_dispute(api: Api) -> None:
    case, other = reported(api), reported(api)
    signed = [api.made("/v1/agreements", factories.agreement(each))["id"] for each in (case, other)]
    answer = api.post("/v1/return-visits", factories.return_visit(case, agreement_id=signed[1]))
    assert (answer.status_code, pointers(answer)) == (422, {"/agreement_id"})
    unknown = api.post("/v1/return-visits", factories.return_visit(case, agreement_id=new_id()))
    assert pointers(unknown) == {"/agreement_id"}
    assert api.post("/v1/return-visits", factories.return_visit(case, agreement_id=signed[0])).status_code == 201


def test_judicial_confirmation_has_its_limits(api: Api) -> None:
    case = reported(api)

    def sign(applied_on: str, **more: Any) -> httpx.Response:
        asked = {"applied_on": applied_on, "court": "示范法院"}
        return api.post("/v1/agreements", factories.agreement(case, confirmation=asked, **more))

    ownership = sign("2020-02-10", subject="land_ownership")
    assert (pointers(ownership), codes(ownership)) == ({"/confirmation"}, {"not_confirmable"})
    assert codes(sign("2020-02-10", kind="peace_pact")) == {"not_confirmable"}
    late = sign("2020-03-10")  # the thirtieth day is a Saturday, so Monday 9 March is the last
    (told,) = late.json()["irregularities"]
    assert (late.status_code, told["code"], told["pointer"]) == (201, "too_late", "/confirmation/applied_on")
    assert "人民调解法第三十三条" in told["rule"]
    assert [each["id"] for each in api.get("/v1/agreements?irregular=true").json()["items"]] == [late.json()["id"]]
    (alert,) = api.get("/v1/alerts?kind=irregularity", "supervisor").json()["items"]
    assert (alert["register"], alert["entry_id"]) == ("agreements", late.json()["id"])
    assert sign("2020-03-09").json()["confirmation_due_on"] == "2020-03-09"


RING = [[110.1, 20.9], [110.2, 20.9], [110.2, 21.0], [110.1, 20.9]]


def test_a_polygon_is_kept_and_a_bad_ring_is_found(api: Api) -> None:
    area = {"type": "Polygon", "coordinates": [RING]}
    entry = api.made(AT, factories.dispute(geometry=area))
    assert api.get(f"{AT}/{entry['id']}").json()["geometry"] == area
    for ring, status, pointer in (
        ([*RING[:3], [110.1, 20.8]], 422, "/geometry/coordinates/1"),
        (RING[:3], 400, "/geometry/coordinates/1"),
        ([RING[0], [110.2, 99], *RING[2:]], 400, "/geometry/coordinates/1/1/1"),
    ):
        answer = api.post(AT, factories.dispute(geometry={"type": "Polygon", "coordinates": [RING, ring]}))
        assert (answer.status_code, pointers(answer)) == (status, {pointer})


def test_a_dispute_is_found_by_a_partys_id_number(api: Api) -> None:
    case = reported(api)
    shared = reported(api, parties=party_of(BAISHA_VILLAGE))
    reported(api, parties=[{"kind": "person", "person": {"name": "示范吕"}}] * 2)
    for body in ({"id_number": factories.ID_NUMBER}, {"phone": factories.PHONE}):
        assert set(ids(api.post(f"{AT}/search", body))) == {case, shared}
        assert ids(api.post(f"{AT}/search", body, "neighbour")) == [shared]
    assert ids(api.post(f"{AT}/search", {"id_number": factories.OTHER_ID_NUMBER})) == []


def test_a_dashboard_reads_villages_but_no_persons(api: Api) -> None:
    case = reported(api)
    for path in (f"{AT}/{case}", f"{AT}/{case}/case"):
        body = api.get(path, "dashboard").json()
        person, village = body.get("dispute", body)["parties"]
        assert person["person"] == {"name": "示*", "id_number": "1101**********002X", "phone": "199****1234"}
        assert (village["name"], village["claim"]) == ("迈港村", "[已隐去]")
