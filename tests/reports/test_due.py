"""What is due: each kind of duty, from the event that begins it to what ends it; scope, paging, the past."""

import datetime as dt
from typing import Any

import pytest

from registry.app import REGISTERS
from registry.deadlines.rules import RULES
from tests import factories
from tests.api import Api, codes
from tests.reports.conftest import Amend

Entry = dict[str, Any]
REASON = {"reason": {"code": "wrong_entry", "text": "录入错误"}}
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
    api.made("/v1/visits", missed(patient, visited_on="2020-08-20"))  # seeing nobody is none of the four
    wrong = api.made("/v1/visits", factories.visit(patient, visited_on="2020-08-21"))["id"]
    assert api.act(f"/v1/visits/{wrong}/void", REASON, who="supervisor").status_code == 200
    (item,) = due(api, "2020-12-01", kinds="yearly_visits")
    assert (item["due_on"], item["title"]) == ("2020-12-31", "2020年走访 已3次，至少4次")
    (late,) = due(api, "2021-01-01", kinds="yearly_visits")  # it stays on New Year's Day, until they are seen
    assert (late["id"], late["title"]) == (item["id"], "2020年走访 仅3次，至少4次")
    seen = api.made("/v1/visits", factories.visit(patient, visited_on="2021-01-14"))["id"]
    assert due(api, "2021-01-20", kinds="yearly_visits") == []
    assert api.act(f"/v1/visits/{seen}/void", REASON, who="supervisor").status_code == 200
    api.made("/v1/visits", factories.visit(patient, visited_on="2020-11-14"))
    assert due(api, "2020-12-01", kinds="yearly_visits") == []


def test_those_who_refused_are_asked_every_year(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient(consent=False, in_care_since="2019-05-01"))["id"]
    assert due(api, "2020-11-01", kinds="consent") == []
    (item,) = due(api, "2020-12-01", kinds="consent")
    assert (item["due_on"], item["candidate"]) == ("2020-12-31", True)
    (late,) = due(api, "2021-01-01", kinds="consent")  # it stays on New Year's Day
    assert (late["id"], late["overdue"]) == (item["id"], True)
    assert api.patch(f"/v1/patients/{patient}", {"consent_asked_on": "2020-12-20"}).status_code == 200
    assert due(api, "2020-12-21", kinds="consent") == []
    (following,) = due(api, "2021-12-21", kinds="consent")
    assert (following["due_on"], following["candidate"]) == ("2021-12-31", False)


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


def missed(patient: str, **more: Any) -> Entry:
    return factories.visit(patient, seen=False, not_seen_reason="not_home", risk_level=None, stability=None, **more)


def test_who_was_not_seen_is_visited_again(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    api.made("/v1/visits", factories.visit(patient))
    api.made("/v1/visits", missed(patient, visited_on="2020-03-01"))
    (item,) = due(api, "2020-03-10", kinds="visit")
    assert (item["rule"]["id"], item["rule"]["source"], item["due_on"]) == (
        "visit_not_seen",
        "本县设定",
        "2020-03-15",
    )


def test_a_recheck_that_finds_no_change_is_named(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    for on in ("2020-02-14", "2020-02-28"):
        api.made("/v1/visits", factories.visit(patient, visited_on=on, stability="basically_stable", risk_level=1))
    assert told(due(api, "2020-03-10", kinds="visit")) == [("visit", "visit_recheck", "2020-03-28")]
    entry = api.get(f"/v1/patients/{patient}").json()
    assert (entry["next_visit_rule"], entry["next_visit_from"]) == ("visit_recheck", "2020-02-28")


def test_a_day_that_the_visitor_set_is_no_rules_day(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    chosen = {"next_visit_on": "2020-02-20", "next_visit_reason": "家属要求"}
    api.made("/v1/visits", factories.visit(patient, **chosen))
    assert told(due(api, "2020-03-10", kinds="visit")) == [("visit", "visit_set", "2020-02-20")]


def test_a_class_changed_since_leaves_the_day_its_rule(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    api.made("/v1/visits", factories.visit(patient))
    worse = {"risk_level": 3, "stability": "unstable"}
    assert api.patch(f"/v1/patients/{patient}", worse).status_code == 200
    assert told(due(api, "2020-05-10", kinds="visit")) == [("visit", "visit_stable", "2020-05-14")]


LOST = {"status": "lost", "left_care_on": "2020-03-01", "lost_reason": "missing"}
BACK = {"status": "in_care", "left_care_on": None, "lost_reason": None}


def test_who_returns_to_care_is_visited_within_two_weeks(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    visit = api.made("/v1/visits", factories.visit(patient))["id"]
    assert api.patch(f"/v1/patients/{patient}", LOST).status_code == 200
    assert due(api, "2026-12-31", kinds="visit", before="2030-01-01") == []
    back = api.patch(f"/v1/patients/{patient}", BACK).json()
    returned = dt.date.fromisoformat(back["returned_on"])
    within = (returned + dt.timedelta(14)).isoformat()
    assert told(due(api, returned.isoformat(), kinds="visit")) == [("visit", "visit_return", within)]
    assert (back["next_visit_on"], back["next_visit_from"]) == (within, back["returned_on"])
    assert (
        api.patch(f"/v1/visits/{visit}", {"visited_on": "2020-02-15"}).status_code == 200
    )  # an old one decides nothing
    assert told(due(api, returned.isoformat(), kinds="visit")) == [("visit", "visit_return", within)]
    api.made("/v1/visits", factories.visit(patient, visited_on=back["returned_on"]))
    assert {rule for _, rule, _ in told(due(api, within, kinds="visit", before="2030-01-01"))} == {"visit_stable"}


def test_a_remedy_runs_from_service_however_late(api: Api) -> None:
    late = {"track": "admin_decision", "outcome": "decided", "decided_on": "2015-12-20", "served_on": "2020-02-20"}
    api.made("/v1/proceedings", factories.proceeding(case(api), **late))
    assert {rule for _, rule, _ in told(due(api, "2020-02-25", kinds="remedy"))} == {"land_decision_sue"}
    assert len(due(api, "2020-02-25", kinds="remedy", before="2020-05-01")) == 2


def test_the_law_of_the_day_of_service_is_cited(api: Api) -> None:
    served = {"decided_on": "2020-02-04", "served_on": "2020-02-05"}
    api.made("/v1/proceedings", factories.proceeding(case(api), **served))
    (item,) = due(api, "2020-02-06", kinds="remedy")
    assert item["rule"]["source"] == "行政诉讼法（2014、2017年文本）第四十五条"


def test_a_petition_is_reviewed_and_reviewed_again_and_then_over(api: Api) -> None:
    entry = case(api)
    found = []
    for month in ("01", "02", "03"):
        answer = {"decided_on": f"2020-{month}-10", "served_on": f"2020-{month}-10"}
        api.made("/v1/proceedings", factories.proceeding(entry, track="petition", outcome="decided", **answer))
        found.append(told(due(api, f"2020-{month}-11", kinds="remedy")))
    assert found == [
        [("remedy", "petition_review", "2020-02-10")],
        [("remedy", "petition_re_review", "2020-03-11")],
        [],
    ]


def test_duties_stay_until_they_are_done(api: Api) -> None:
    entry = agreement(api, terms=[{"text": "一(示范)", "due_on": "2020-02-20", "performed_on": "2020-02-19"}])
    session = factories.session(entry["dispute_id"], next_session_on="2021-12-01")
    api.made("/v1/mediation-sessions", session)
    land = {"kind": "land_authority_mediation", "subject": "land_use", "sealed_by": "自然资源局(示范)"}
    letter = api.made("/v1/agreements", factories.agreement(entry["dispute_id"], **land))
    kinds = "return_visit,session,service"
    assert {item["kind"] for item in due(api, "2021-11-20", kinds=kinds)} == set(kinds.split(","))
    (service,) = due(api, "2020-02-20", kinds="service")
    assert (service["due_on"], service["rule"]["id"], service["overdue"]) == (
        "2020-02-21",
        "land_serve_mediation",
        False,
    )
    assert api.patch(f"/v1/agreements/{letter['id']}", {"served_on": "2020-03-01"}).status_code == 200
    assert due(api, "2021-11-20", kinds="service") == []
    assert api.patch(f"/v1/agreements/{letter['id']}", {"served_on": "2020-01-01"}).status_code == 422


def test_a_confirmed_agreement_may_be_enforced_for_two_years(api: Api) -> None:
    confirmed = {"applied_on": "2020-02-10", "court": "示范人民法院", "decided_on": "2020-02-20", "result": "confirmed"}
    terms = [{"text": "一(示范)", "due_on": "2020-02-20"}, {"text": "二(示范)", "due_on": "2020-03-20"}]
    agreement(api, terms=terms, confirmation=confirmed)
    window = {"kinds": "enforcement", "before": "2022-12-31"}
    (item,) = due(api, "2022-03-21", **window)
    assert (item["rule"]["id"], item["due_on"], item["candidate"]) == ("enforcement_apply", "2022-03-21", True)
    assert "2012、2017" in item["rule"]["source"]
    assert due(api, "2022-03-22", **window) == []  # 20 March 2022 is a Sunday


SOURCES = {
    "people_mediation": "人民调解法第三十一条",
    "oral": "人民调解法第三十一条",
    "land_authority_mediation": "土地权属争议调解书的约定",
    "rural_contract_mediation": "承包纠纷调解协议书的约定",
    "land_mediation": "合同法第六十条",
    "peace_pact": "和谐共建协议的约定",
}


@pytest.mark.parametrize(("kind", "source"), SOURCES.items())
def test_a_term_cites_what_its_agreement_rests_on(api: Api, kind: str, source: str) -> None:
    """By the law of the day on which it took effect: the Civil Code came between."""
    agreement(api, kind=kind, subject="other", terms=[{"text": "一(示范)", "due_on": "2021-03-01"}])
    (item,) = due(api, "2021-02-10", kinds="term")
    assert item["rule"]["source"] == source


def test_what_is_not_in_effect_owes_nothing(api: Api) -> None:
    agreement(api, sealed_by=None, terms=[{"text": "一(示范)", "due_on": "2020-03-01"}])
    assert due(api, "2020-02-10", kinds="term") == []


def test_nothing_that_an_office_typed_is_repeated(api: Api) -> None:
    entry = agreement(api, title="示范甲宅基地协议", number="示范甲1号", terms=[{"text": "一", "due_on": "2020-03-01"}])
    dispute = entry["dispute_id"]
    session = factories.session(dispute, place="示范甲家中", next_session_on="2020-02-12")
    api.made("/v1/mediation-sessions", session)
    served = {
        "decided_on": "2020-02-04",
        "served_on": "2020-02-05",
        "document_number": "示范甲诉乙",
        "body": "示范甲机关",
    }
    api.made("/v1/proceedings", factories.proceeding(dispute, **served))
    notice = {"served_on": "2020-02-05", "period_days": 15, "number": "示范甲通告"}
    api.made("/v1/sheds", factories.shed(place="示范甲家旁", demolished_on=None, method=None, notice=notice))
    number = api.get(f"/v1/disputes/{dispute}").json()["case_number"]
    items = due(api, "2020-02-10", "bot")
    assert {item["kind"] for item in items} == {"session", "confirmation", "term", "remedy", "notice"}
    assert "示范甲" not in str(items)
    assert all(item["title"].endswith(number) for item in items if item["register"] != "sheds")


def test_a_changed_rule_leaves_periods_that_have_begun(api: Api, amend: Amend) -> None:
    performed = [{"text": "一(示范)", "due_on": "2020-03-01", "performed_on": "2020-02-20"}]
    agreement(api, terms=performed)
    new = api.made("/v1/patients", factories.patient(id_number=None, in_care_since="2020-01-10"))["id"]
    seen = api.made("/v1/patients", factories.patient())["id"]
    api.made("/v1/visits", factories.visit(seen))
    expected = [
        (f"patients/{new}/visit", "2020-01-24", "本县设定"),
        ("return_visit", "2020-03-23", "本县设定"),
        (
            f"patients/{seen}/visit",
            "2020-05-14",
            "国家基本公共卫生服务规范（第三版）；严重精神障碍管理治疗工作规范（2018年版）",
        ),
    ]
    for rule, since, limit in (
        ("return_visit", "2020-03-01", 60),
        ("visit_first", "2020-01-15", 30),
        ("visit_stable", "2020-04-01", 2),
    ):
        amend(rule, since, limit)
    items = due(api, "2020-05-01", kinds="return_visit,visit")
    found = [(each["id"], each["due_on"], each["rule"]["source"]) for each in items]
    assert [(name if "/visit" in name else "return_visit", *rest) for name, *rest in found] == expected


def test_a_day_that_holidays_may_move_is_provisional(api: Api) -> None:
    terms = [{"text": "一(示范)", "due_on": "2027-03-01"}]
    entry = case(api, resolve_by="2027-03-01")
    agreed = {"signed_on": "2026-11-20", "terms": terms}
    api.made("/v1/agreements", factories.agreement(entry, **agreed))
    served = {"track": "admin_decision", "outcome": "decided", "decided_on": "2026-11-20", "served_on": "2026-11-20"}
    api.made("/v1/proceedings", factories.proceeding(case(api), **served))
    items = due(api, "2026-11-25", before="2027-06-01")
    told = {(item["rule"]["id"], item["due_on"], item["provisional"]) for item in items}
    assert told == {
        ("judicial_confirm_apply", "2026-12-21", False),
        ("land_decision_sue", "2026-12-21", False),
        ("reconsider_apply", "2027-01-19", True),
        ("resolve_by", "2027-03-01", False),
        ("agreement_term", "2027-03-01", False),
    }


def test_an_answer_asked_for_again_is_the_same_cursor_and_all(api: Api) -> None:
    for number in range(3):
        api.made("/v1/patients", factories.patient(id_number=None, in_care_since=f"2019-0{number + 1}-01"))
    first = api.get("/v1/due?limit=2").json()
    assert first["next_cursor"]
    again = f"as_of={first['watermark']}&on={first['today']}"
    assert api.get(f"/v1/due?limit=2&{again}").json() == first
    rest = api.get(f"/v1/due?limit=2&cursor={first['next_cursor']}").content
    assert api.get(f"/v1/due?limit=2&{again}&cursor={first['next_cursor']}").content == rest
    listed = api.get("/v1/patients?limit=2").json()
    assert api.get(f"/v1/patients?limit=2&as_of={listed['watermark']}").json() == listed


def test_nobody_gets_in_without_a_key_and_administrators_read_none(api: Api) -> None:
    assert api.get("/v1/due", None).status_code == 401
    assert api.get("/v1/due/rules", None).status_code == 401
    assert api.get("/v1/due", "administrator").status_code == 403


def test_another_town_has_its_own_duties(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    case(api, ("accepted", "2020-02-03"))
    assert due(api, "2020-03-01", "neighbour") == []
    for who in READERS:
        shown = {"mediation"} if who in {"dashboard", "bot", "town_dashboard"} else {"visit", "mediation"}
        assert {item["kind"] for item in due(api, "2020-03-01", who)} == shown
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
        mine = [item for item in whole if item["division"].startswith(own)]
        assert due(api, "2020-02-20", "supervisor", division=own) == mine
        seen = [item for item in mine if who == "village_clerk" or item["register"] != "patients"]
        assert due(api, "2020-02-20", who) == seen
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
    assert {"kind": "visit", "title": "走访", "due": 5, "overdue": 5} in whole["counts"]


def test_what_is_due_to_people_is_counted_for_everybody(api: Api) -> None:
    """Dashboards see none of it: tests/reports/test_people.py."""
    api.made("/v1/patients", factories.patient())
    for who, told in (("clerk", 1), ("supervisor", 1), ("dashboard", 1), ("bot", 1), ("auditor", 1)):
        counts = {each["kind"]: each for each in api.get("/v1/due?on=2020-12-20", who).json()["counts"]}
        assert counts["yearly_visits"]["due"] == told
        assert (counts["visit"]["due"] is None) == (told is None)
        assert (counts["mediation"]["due"], counts["mediation"]["overdue"]) == (0, 0)


def test_the_past_is_answered_as_it_was_known(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    then = api.get("/v1/due?on=2020-02-01")
    api.made("/v1/patients", factories.patient(id_number=None, birth_date="1968-01-01", sex="male"))
    mark = then.json()["watermark"]
    assert api.get(f"/v1/due?on=2020-02-01&as_of={mark}").content == then.content
    assert api.get("/v1/due?on=2020-02-01").json()["counts"] != then.json()["counts"]
    held = api.get("/v1/due?on=2020-02-01", headers={"If-None-Match": api.get("/v1/due?on=2020-02-01").headers["ETag"]})
    assert held.status_code == 304


def test_before_anything_was_recorded_nothing_was_due(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    answer = api.get("/v1/due?as_of=wm_440882_0")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


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
