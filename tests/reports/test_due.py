"""What is due: each kind of duty, from the event that begins it to what ends it; scope, paging, the past."""

import datetime as dt
from typing import Any

import pytest

from registry.app import REGISTERS
from registry.deadline_rules import RULES
from tests import factories
from tests.api import Api, codes

Entry = dict[str, Any]
READERS = ("clerk", "supervisor", "dashboard", "bot", "auditor", "town_dashboard", "village_clerk")


def due(api: Api, on: str, who: str = "clerk", **params: Any) -> list[Entry]:
    answer = api.get("/v1/due", who, params={"on": on, **params})
    assert answer.status_code == 200, answer.text
    items: list[Entry] = answer.json()["items"]
    return items


def told(items: list[Entry]) -> list[tuple[str, str, str]]:
    return [(item["kind"], item["rule"]["id"], item["due_on"]) for item in items]


def case(api: Api, *moves: tuple[str, str], **more: Any) -> str:
    """A dispute, moved on."""
    entry = api.made("/v1/disputes", factories.dispute(**more))
    for to, on in moves:
        assert api.act(f"/v1/disputes/{entry['id']}/move", {"to": to, "on": on}).status_code == 200
    return str(entry["id"])


@pytest.mark.parametrize(
    ("stability", "risk", "rule", "due_on"),
    [
        ("stable", 0, "visit_stable", "2020-05-14"),
        ("basically_stable", 1, "visit_basically_stable", "2020-02-28"),
        ("unstable", 3, "visit_unstable", "2020-02-28"),
    ],
)
def test_the_next_visit_is_due_by_class(api: Api, stability: str, risk: int, rule: str, due_on: str) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    assert told(due(api, "2020-02-14")) == [("visit", "visit_first", "2018-01-15")]
    api.made("/v1/visits", factories.visit(patient, stability=stability, risk_level=risk))
    assert due(api, "2020-02-14", before="2020-02-27") == []
    (item,) = due(api, "2020-05-16")
    assert (item["kind"], item["rule"]["id"], item["due_on"], item["overdue"]) == ("visit", rule, due_on, True)
    assert item["days_left"] == (dt.date.fromisoformat(due_on) - dt.date(2020, 5, 16)).days
    assert item["entry"] == f"/v1/patients/{patient}"
    assert item["division_name"] == "客路镇迈港村委会"


def test_nobody_is_named(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    agreement(api)
    text = api.get("/v1/due?on=2020-03-01", "clerk").text
    assert "示范" not in text.replace("调解委员会(示范)", "")
    assert factories.ID_NUMBER not in text


def test_who_has_left_care_is_owed_no_visit(api: Api) -> None:
    api.made("/v1/patients", factories.patient(status="closed", left_care_on="2020-02-01"))
    assert due(api, "2020-12-31") == []


def test_four_visits_a_year(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    for month in (2, 5, 8):
        api.made("/v1/visits", factories.visit(patient, visited_on=f"2020-{month:02}-14"))
    assert due(api, "2020-11-01", kinds="yearly_visits") == []
    (item,) = due(api, "2020-12-01", kinds="yearly_visits")
    assert (item["due_on"], item["title"]) == ("2020-12-31", "2020年随访 已3次,至少4次")
    api.made("/v1/visits", factories.visit(patient, visited_on="2020-11-14"))
    assert due(api, "2020-12-01", kinds="yearly_visits") == []


def test_those_who_refused_are_asked_every_year(api: Api) -> None:
    api.made("/v1/patients", factories.patient(consent=False))
    assert due(api, "2020-11-01", kinds="consent") == []
    (item,) = due(api, "2020-12-01", kinds="consent")
    assert (item["due_on"], item["candidate"]) == ("2020-12-31", True)


def test_the_mediation_period_runs_from_acceptance(api: Api) -> None:
    case(api, ("accepted", "2020-02-03"))
    assert told(due(api, "2020-02-10")) == [("mediation", "people_mediation_conclude", "2020-03-03")]
    (late,) = due(api, "2020-03-10")
    assert (late["overdue"], late["days_left"], late["register"]) == (True, -7, "disputes")


def test_a_settled_dispute_owes_nothing_more(api: Api) -> None:
    entry = case(api, ("accepted", "2020-02-03"), ("mediating", "2020-02-04"), resolve_by="2020-03-01")
    assert {kind for kind, _, _ in told(due(api, "2020-02-10"))} == {"mediation", "resolve_by"}
    api.made("/v1/agreements", factories.agreement(entry))
    api.act(f"/v1/disputes/{entry}/move", {"to": "agreed", "on": "2020-02-08"})
    assert due(api, "2020-02-10", kinds="mediation,resolve_by") == []


def agreement(api: Api, **more: Any) -> Entry:
    return api.made("/v1/agreements", factories.agreement(case(api), **more))


def test_confirmation_may_be_asked_for_within_thirty_days(api: Api) -> None:
    entry = agreement(api)
    assert told(due(api, "2020-02-10", kinds="confirmation")) == [
        ("confirmation", "judicial_confirm_apply", entry["confirmation_due_on"])
    ]
    assert len(due(api, entry["confirmation_due_on"], kinds="confirmation")) == 1
    assert due(api, "2020-03-20", kinds="confirmation") == []  # the right has lapsed
    asked = {"confirmation": {"applied_on": "2020-02-20", "court": "示范人民法院"}}
    assert api.patch(f"/v1/agreements/{entry['id']}", asked, 1).status_code == 200
    assert due(api, "2020-02-21", kinds="confirmation") == []


def test_who_owns_land_is_not_confirmed(api: Api) -> None:
    agreement(api, subject="land_ownership")
    assert due(api, "2020-02-10", kinds="confirmation") == []


def test_terms_are_due_one_by_one(api: Api) -> None:
    terms = [
        {"text": "一(示范)", "due_on": "2020-03-01"},
        {"text": "二(示范)", "due_on": "2020-02-20", "performed_on": "2020-02-19"},
        {"text": "三(示范)", "due_on": "2020-02-25"},
        {"text": "四(示范)"},
    ]
    entry = agreement(api, terms=terms)
    items = due(api, "2020-02-10", kinds="term")
    assert [(item["due_on"], item["id"]) for item in items] == [
        ("2020-02-25", f"agreements/{entry['id']}/term/2"),
        ("2020-03-01", f"agreements/{entry['id']}/term/0"),
    ]


def test_a_return_visit_follows_performance(api: Api) -> None:
    entry = agreement(api, terms=[{"text": "一(示范)", "due_on": "2020-02-20", "performed_on": "2020-02-19"}])
    assert told(due(api, "2020-03-01", kinds="return_visit")) == [("return_visit", "return_visit", "2020-03-20")]
    api.made("/v1/return-visits", factories.return_visit(entry["dispute_id"]))
    assert due(api, "2020-03-01", kinds="return_visit") == []


REMEDIES = [
    ("admin_decision", "decided", "2020-01-10", {("land_decision_sue", "2020-02-10", True), ("reconsider_apply", "2020-03-10", True)}),
    ("admin_decision", "pending", "2020-01-10", set()),
    ("reconsideration", "upheld", "2020-02-05", {("reconsider_then_sue", "2020-02-20", False)}),
    ("first_instance", "revoked", "2020-02-05", {("appeal_judgment", "2020-02-20", False)}),
    ("first_instance", "dismissed", "2020-02-05", {("appeal_judgment", "2020-02-20", True), ("appeal_ruling", "2020-02-17", True)}),
    ("second_instance", "upheld", "2020-02-05", set()),
    ("arbitration", "decided", "2020-02-05", {("rural_arb_sue", "2020-03-06", False)}),
    ("petition", "decided", "2020-02-05", {("petition_review", "2020-03-06", False)}),
]  # fmt: skip


@pytest.mark.parametrize(("track", "outcome", "served_on", "expected"), REMEDIES)
def test_remedies_run_from_service(
    api: Api, track: str, outcome: str, served_on: str, expected: set[tuple[str, str, bool]]
) -> None:
    entry = case(api)
    body = factories.proceeding(entry, track=track, outcome=outcome, decided_on="2020-01-10", served_on=served_on)
    api.made("/v1/proceedings", body)
    items = due(api, "2020-02-05", before="2020-04-01", kinds="remedy")
    assert {(item["rule"]["id"], item["due_on"], item["candidate"]) for item in items} == expected
    assert due(api, "2020-04-01", kinds="remedy") == []


def test_a_remedy_that_was_taken_is_not_due(api: Api) -> None:
    entry = case(api)
    served = {"decided_on": "2020-02-04", "served_on": "2020-02-05"}
    api.made("/v1/proceedings", factories.proceeding(entry, **served))
    assert len(due(api, "2020-02-06", kinds="remedy")) == 1
    more = {"track": "first_instance", "outcome": "pending", "decided_on": None}
    api.made("/v1/proceedings", factories.proceeding(entry, **more))
    assert due(api, "2020-02-06", kinds="remedy") == []


def test_the_next_session_is_due_until_it_is_held(api: Api) -> None:
    entry = case(api)
    api.made("/v1/mediation-sessions", factories.session(entry, next_session_on="2020-02-12"))
    assert told(due(api, "2020-02-06", kinds="session")) == [("session", "next_session", "2020-02-12")]
    api.made("/v1/mediation-sessions", factories.session(entry, held_on="2020-02-12"))
    assert due(api, "2020-02-13", kinds="session") == []


def test_a_notice_served_on_a_shed_runs_out(api: Api) -> None:
    notice = {"served_on": "2020-02-05", "period_days": 15}
    shed = api.made("/v1/sheds", factories.shed(demolished_on=None, method=None, notice=notice))
    assert told(due(api, "2020-02-06")) == [("notice", "shed_notice", "2020-02-20")]
    gone = {"demolished_on": "2020-02-21", "method": "assisted"}
    assert api.patch(f"/v1/sheds/{shed['id']}", gone, 1).status_code == 200
    assert due(api, "2020-02-22") == []


def test_nobody_gets_in_without_a_key_and_administrators_read_none(api: Api) -> None:
    assert api.get("/v1/due", None).status_code == 401
    assert api.get("/v1/due/rules", None).status_code == 401
    assert api.get("/v1/due", "administrator").status_code == 403


def test_another_town_has_its_own_duties(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    case(api, ("accepted", "2020-02-03"))
    assert due(api, "2020-03-01", "neighbour") == []
    for who in READERS:
        assert {item["kind"] for item in due(api, "2020-03-01", who)} == {"visit", "mediation"}
    assert due(api, "2020-03-01", "supervisor", division="440882100") == []
    assert len(due(api, "2020-03-01", "supervisor", division="440882102204")) == 2


def test_what_an_office_sees_is_the_whole_list_filtered(api: Api) -> None:
    theirs = [{"kind": "village", "name": name, "division": factories.OTHER_VILLAGE} for name in ("甲村", "乙村")]
    for village, who in (
        (factories.VILLAGE, "clerk"),
        (factories.OTHER_VILLAGE, "neighbour"),
        ("440882102200", "clerk"),
    ):
        api.made("/v1/patients", factories.patient(division=village, id_number=None), who)
        api.made("/v1/disputes", factories.dispute(division=village, parties=theirs, resolve_by="2020-03-01"), who)
    whole = due(api, "2020-02-20", "supervisor")
    assert len(whole) == 6
    for who, own in {"village_clerk": "440882102204", "town_dashboard": "440882102", "bot": "440882"}.items():
        assert due(api, "2020-02-20", who) == [item for item in whole if item["division"].startswith(own)]
        assert due(api, "2020-02-20", "supervisor", division=own) == due(api, "2020-02-20", who)
    shared = {item["entry_id"] for item in due(api, "2020-02-20", "neighbour") if item["register"] == "disputes"}
    assert len(shared) == 3  # with a party in their town, as in the list of disputes


def test_pages_add_up_and_counts_are_of_all(api: Api) -> None:
    for number in range(5):
        api.made("/v1/patients", factories.patient(id_number=None, in_care_since=f"2019-0{number + 1}-01"))
    whole = api.get("/v1/due?on=2020-02-01").json()
    seen, cursor = [], None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = api.get(f"/v1/due?on=2020-02-01&limit=2{more}").json()
        assert page["counts"] == whole["counts"]
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
        api.made("/v1/patients", factories.patient(id_number=None, in_care_since="2019-01-01"))  # seen by no later page
    assert seen == whole["items"]
    assert [item["due_on"] for item in seen] == sorted(item["due_on"] for item in seen)
    assert {"kind": "visit", "title": "随访", "due": 5, "overdue": 5} in whole["counts"]


def test_who_has_no_personal_rights_is_told_no_count_of_people(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    for who, told in (("clerk", 1), ("supervisor", 1), ("dashboard", None), ("bot", None), ("auditor", None)):
        counts = {each["kind"]: each for each in api.get("/v1/due?on=2020-12-20", who).json()["counts"]}
        assert counts["yearly_visits"]["due"] == told
        assert (counts["visit"]["due"] is None) == (told is None)
        assert (counts["mediation"]["due"], counts["mediation"]["overdue"]) == (0, 0)


def test_the_past_is_answered_as_it_was_known(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    then = api.get("/v1/due?on=2020-02-01")
    api.made(
        "/v1/patients", factories.patient(id_number=factories.OTHER_ID_NUMBER, birth_date="1880-01-01", sex="male")
    )
    mark = then.json()["watermark"]
    assert api.get(f"/v1/due?on=2020-02-01&as_of={mark}").content == then.content
    assert api.get("/v1/due?on=2020-02-01").json()["counts"] != then.json()["counts"]
    held = api.get("/v1/due?on=2020-02-01", headers={"If-None-Match": api.get("/v1/due?on=2020-02-01").headers["ETag"]})
    assert held.status_code == 304


def test_without_a_day_it_is_today(api: Api) -> None:
    assert api.get("/v1/due").json()["today"] == dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date().isoformat()


@pytest.mark.parametrize("query", ["kinds=nonsense", "kinds=visit,nonsense"])
def test_unknown_kinds_are_refused(api: Api, query: str) -> None:
    answer = api.get(f"/v1/due?{query}")
    assert answer.status_code == 422
    assert codes(answer) == {"unknown_kind"}


@pytest.mark.parametrize(
    "query", ["on=0001-01-01", "on=9999-12-31", "on=2020-01-01&before=9999-12-31", "before=0001-01-01"]
)
def test_the_ends_of_the_calendar_are_days_too(api: Api, query: str) -> None:
    api.made("/v1/patients", factories.patient())
    agreement(api, terms=[{"text": "一(示范)", "due_on": "9999-12-31"}])
    assert api.get(f"/v1/due?{query}").status_code == 200


def test_malformed_parameters_are_refused(api: Api) -> None:
    assert api.get("/v1/due?kinds=").status_code == 400
    assert api.get("/v1/due?on=yesterday").status_code == 400
    assert api.get("/v1/due?cursor=AAAA").status_code == 422


def test_the_table_is_published(api: Api) -> None:
    rows = api.get("/v1/due/rules", "administrator").json()["items"]
    assert [row["id"] for row in rows] == [rule.id for rule in RULES]
    of_day = api.get("/v1/due/rules?on=2020-02-24").json()["items"]
    (apply,) = [row for row in of_day if row["id"] == "reconsider_apply"]
    assert (apply["limit"], apply["unit"], apply["valid_to"]) == (60, "days", "2023-12-31")
    assert "2017" in apply["source"]
    (now,) = [row for row in api.get("/v1/due/rules?on=2024-02-24").json()["items"] if row["id"] == "reconsider_apply"]
    assert "2023" in now["source"]
    assert now["source"] != apply["source"]


def test_every_kind_is_declared_once() -> None:
    kinds = [duty.kind for register in REGISTERS for duty in register.duties]
    assert len(set(kinds)) == len(kinds)
    assert all(kind.replace("_", "").isalpha() and kind.islower() for kind in kinds)
