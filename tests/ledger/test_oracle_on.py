"""Random histories against a second oracle: for every watermark and every day, what must be answered by the domain's own dates.

The oracle starts from what the reads without `on` show at the watermark (`test_oracle` holds those), and works out the day by
itself, from documents alone: it shares no line with the code under test but the calendar of working days.

    REGISTRY_TEST_EXAMPLES=5000 .venv/bin/python -m pytest -p no:xdist tests/ledger/test_oracle_on.py
"""

import datetime as dt
import os
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from registry.core.reader import Reader
from registry.core.sealing import Sealer
from registry.core.view import View
from registry.db.key_store import KeyStore
from registry.deadlines.periods import months_after
from registry.disputes import case, case_service
from registry.disputes import projection as dispute_filters
from registry.disputes import service as disputes
from registry.disputes.case_schemas import AgreementIn, ProceedingIn
from registry.disputes.codes import NEXT, Stage
from registry.disputes.register import AGREEMENT_REGISTER, DISPUTE_REGISTER, PROCEEDING_REGISTER
from registry.disputes.schemas import DisputeIn, DisputeQuery, Move
from registry.errors import NotFound
from registry.followups import projection as patient_filters
from registry.followups import service as patients
from registry.followups import visit_service as visits
from registry.followups.codes import CareStatus
from registry.followups.register import PATIENT_REGISTER, VISIT_REGISTER
from registry.followups.schemas import PatientIn, PatientQuery, Transfer
from registry.followups.visit_schemas import VisitIn
from registry.ledger.ids import new_id
from registry.settings import Settings
from tests import factories
from tests.ledger.histories import WHO, Document, History, change, correction, day, undone

EXAMPLES = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "20"))
VILLAGES = ("440882102204", "440882100200")
MANY = hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DAYS = st.lists(st.integers(-8, 26), min_size=3, max_size=3, unique=True)


def steps(*verbs: str) -> Any:
    """What happens: a verb, to which entry, how long ago, and which of the choices."""
    step = st.tuples(st.sampled_from(verbs), st.integers(0, 1), st.sampled_from([0, 1, 3, 4, 6, 9]), st.integers(0, 7))
    return st.lists(step, min_size=2, max_size=7)


def reached(date: str | None, on: str) -> str | None:
    return date if date is not None and date <= on else None


# Disputes: the stage follows from the moves made by the day.


def dispute_on(entry: Document, on: str) -> Document | None:
    if entry["discovered_on"] > on:
        return None
    stage, accepted, agreed = "reported", None, None
    made = []
    for step in entry["moves"]:
        if step["on"] > on:
            break
        made.append(step)
        reopened = stage in {"closed", "withdrawn", "referred"} and step["to"] == "mediating"
        if reopened or step["to"] == "accepted":
            accepted = dt.date.fromisoformat(step["on"])
        if step["to"] == "agreed":
            agreed = dt.date.fromisoformat(step["on"])
        elif step["to"] not in {"performed", "closed"}:
            agreed = None
        stage = step["to"]
    team = entry["task_force"]
    if team is not None:
        team = {**team, "stationed_to": reached(team["stationed_to"], on)} if team["stationed_from"] <= on else None
    return entry | {
        "stage": stage,
        "moves": made,
        "accepted_on": accepted and accepted.isoformat(),
        "settled_on": agreed and agreed.isoformat(),
        "days_to_settle": (agreed - accepted).days if agreed and accepted else None,
        "mediation_due_on": accepted and months_after(accepted, 1).isoformat(),
        "task_force": team,
    }


def agreement_on(entry: Document, on: str) -> Document | None:
    if entry["signed_on"] > on:
        return None
    effective = reached(entry["effective_on"], on)
    return entry | {
        "effective_on": effective,
        "confirmation_due_on": entry["confirmation_due_on"] if effective else None,
        "performed_on": reached(entry["performed_on"], on),
        "signatories": [s | {"signed_on": reached(s["signed_on"], on)} for s in entry["signatories"]],
        "terms": [t | {"performed_on": reached(t["performed_on"], on)} for t in entry["terms"]],
    }


def proceeding_on(entry: Document, on: str) -> Document | None:
    return None if (entry["decided_on"] or on) > on else entry | {"served_on": reached(entry["served_on"], on)}


def happen(history: History, ids: list[str], step: tuple[str, int, int, int]) -> None:
    """One step of a dispute's history."""
    verb, which, ago, choice = step
    then = history.today - ago
    if verb == "create" or not ids:
        other = VILLAGES[1 - which] if choice % 2 else VILLAGES[which]
        parties = [*factories.dispute()["parties"][:1], {"kind": "village", "name": "示范村", "division": other}]
        body = factories.dispute(division=VILLAGES[which], discovered_on=day(then), parties=parties)
        new = new_id()
        if history.write(lambda tx: disputes.report_dispute(tx, new, msgspec.convert(body, DisputeIn))):
            ids.append(new)
        return
    entry_id = ids[which % len(ids)]
    now = next(e for e in history.plain(DISPUTE_REGISTER, history.marks[-1], "supervisor") if e["id"] == entry_id)
    dates = [now["discovered_on"], *(move["on"] for move in now["moves"])]
    since = (dt.date.fromisoformat(dates[-1]) - dt.date.fromisoformat(day(0))).days
    if verb == "move":
        onwards(history, entry_id, now, max(since, then), choice)
    elif verb == "agree":
        terms = [{"text": "修界(示范)", "performed_on": day(history.today)}] if choice % 2 else []
        signed = [{"party": "甲方", "signed_on": day(max(since, then) + choice % 3)}, {"party": "乙方"}]
        body = factories.agreement(entry_id, signed_on=day(max(since, then)), terms=terms, signatories=signed)
        history.write(lambda tx: case_service.AGREEMENT_WRITES.record(tx, new_id(), msgspec.convert(body, AgreementIn)))
    elif verb == "judge":
        dates = {"decided_on": day(then), "served_on": day(then + choice)} if choice % 4 else {"decided_on": None}
        body = factories.proceeding(entry_id, **dates)
        history.write(
            lambda tx: case_service.PROCEEDING_WRITES.record(tx, new_id(), msgspec.convert(body, ProceedingIn))
        )
    elif verb == "correct":
        history.write(lambda tx: disputes.change_dispute(tx, entry_id, correction(discovered_on=day(then))))
    elif verb == "station":
        team = {
            "lead_unit": "综治办",
            "leader": "组长",
            "stationed_at": "村委会",
            "stationed_from": day(max(since, then)),
        }
        team |= {"stationed_to": day(max(since, then) + choice)} if choice % 2 else {}
        history.write(lambda tx: disputes.change_dispute(tx, entry_id, change(task_force=team)))
    else:
        history.write(lambda tx: disputes.DISPUTE_WRITES.void(tx, entry_id, correction()))


def onwards(history: History, entry_id: str, now: Document, on: int, choice: int) -> None:
    """A move to one of the stages that may follow; before an agreement can be reached, one is signed."""
    following = sorted(NEXT[Stage(now["stage"])])
    to = following[choice % len(following)]
    if to is Stage.AGREED:
        body = factories.agreement(entry_id, signed_on=day(on))
        history.write(lambda tx: case_service.AGREEMENT_WRITES.record(tx, new_id(), msgspec.convert(body, AgreementIn)))
    referred = "土地管理部门(示范)" if to is Stage.REFERRED else None
    move = Move(to=to, on=dt.date.fromisoformat(day(on)), reason="复查(示范)", referred_to=referred)
    history.write(lambda tx: disputes.move_dispute(tx, entry_id, move, change()))


@MANY
@given(
    history=steps("create", "move", "move", "move", "move", "agree", "judge", "correct", "station", "void"),
    days=DAYS,
    who=st.sampled_from(sorted(WHO)),
    query=st.one_of(
        st.sampled_from(sorted(Stage)).map(lambda stage: DisputeQuery(stage=stage)),
        st.integers(20, 60).map(lambda late: DisputeQuery(overdue_on=dt.date.fromisoformat(day(late)))),
    ),
)
def test_disputes_on_every_day(settings: Settings, request: pytest.FixtureRequest, **drawn: Any) -> None:
    run = request.getfixturevalue("scratch")
    run(partial(try_disputes, Sealer(settings.key_file, KeyStore(settings.key_store)), *drawn.values()))


def try_disputes(
    sealer: Sealer, happened: list[tuple[str, int, int, int]], days: list[int], who: str, query: DisputeQuery,
    connection: Connection,
) -> None:  # fmt: skip
    history, ids = History(connection, sealer), list[str]()
    for step in happened:
        happen(history, ids, step)
    for watermark in sorted(set(history.marks)):
        check_disputes(history, ids, watermark, who, days, query)


def check_disputes(
    history: History, ids: list[str], watermark: int, who: str, days: list[int], query: DisputeQuery
) -> None:
    """Items, lists with and without filters, and whole cases of one caller at one watermark, on every day."""
    known = history.plain(DISPUTE_REGISTER, watermark, who)
    parts = {
        "agreements": (agreement_on, history.plain(AGREEMENT_REGISTER, watermark, who)),
        "proceedings": (proceeding_on, history.plain(PROCEEDING_REGISTER, watermark, who)),
    }
    for on in map(day, days):
        all_then = [then for entry in known if (then := dispute_on(entry, on))]
        standing = [entry for entry in all_then if not entry["meta"]["voided"]]
        assert history.listed(DISPUTE_REGISTER, watermark, who, on, voided=True) == all_then
        where = list(dispute_filters.matching_disputes(query))
        found = history.listed(DISPUTE_REGISTER, watermark, who, on, where, limit=1)
        assert found == [entry for entry in standing if is_asked(entry, query)]
        for entry_id in ids:
            expected = next((entry for entry in all_then if entry["id"] == entry_id), None)
            assert history.item(DISPUTE_REGISTER, watermark, who, entry_id, on) == expected
            assert whole(history, watermark, who, entry_id, on) == expected_case(expected, parts, on)


def is_asked(entry: Document, query: DisputeQuery) -> bool:
    late = entry["stage"] in {"accepted", "mediating"} and (entry["mediation_due_on"] or "9") < str(query.overdue_on)
    return (query.stage is None or entry["stage"] == query.stage) and (query.overdue_on is None or late)


def expected_case(dispute: Document | None, parts: dict[str, Any], on: str) -> dict[str, Any] | None:
    if dispute is None:
        return None
    told = {"dispute": dispute, "mediation_sessions": [], "return_visits": []}
    for name, (turn, entries) in parts.items():
        mine = [e for e in reversed(entries) if e["dispute_id"] == dispute["id"] and not e["meta"]["voided"]]
        told[name] = [then for entry in mine if (then := turn(entry, on))]
    return told


def whole(history: History, watermark: int, who: str, entry_id: str, on: str) -> dict[str, Any] | None:
    view, day = View(WHO[who], watermark), dt.date.fromisoformat(on)
    reader = Reader(history.connection, view, history.sealer, DISPUTE_REGISTER)
    try:
        dispute = reader.item(entry_id, day)
    except NotFound:
        return None
    parts = [case._part(replace(reader, register=part), entry_id, day) for part in case.PARTS.values()]
    told: dict[str, Any] = msgspec.json.decode(case._joined([dispute, *parts], f"wm_440882_{watermark}"))
    assert told.pop("watermark") == f"wm_440882_{watermark}"
    return told


# Patients: risk, class, and when they are due follow from the visits made by the day.


NO_NEXT_VISIT = {"next_visit_on": None, "next_visit_rule": None, "next_visit_from": None}


def next_visit_of(visit: Document) -> Document:
    """The day, and the rule that gives it; the visits here set no day of their own."""
    if visit["next_visit_on"] is None:
        return NO_NEXT_VISIT
    days = (dt.date.fromisoformat(visit["next_visit_on"]) - dt.date.fromisoformat(visit["visited_on"])).days
    again = "visit_basically_stable" if days == 14 else "visit_recheck"
    rule = f"visit_{visit['stability']}" if visit["stability"] != "basically_stable" else again
    return {
        "next_visit_on": visit["next_visit_on"],
        "next_visit_rule": rule if visit["seen"] else "visit_not_seen",
        "next_visit_from": visit["visited_on"],
    }


def patient_on(entry: Document, made: list[Document], on: str) -> Document | None:
    if entry["in_care_since"] > on:
        return None
    there = entry["left_care_on"] is None or entry["left_care_on"] > on
    told = entry | {"risk_level": entry["entered_risk_level"], "stability": entry["entered_stability"]}
    told |= {"last_visited_on": None, "consecutive_misses": 0, **NO_NEXT_VISIT}
    if there:
        told |= {"status": "in_care", "left_care_on": None, "lost_reason": None}
    for visit in sorted(made, key=lambda each: (each["visited_on"], each["meta"]["position"])):
        if visit["visited_on"] > on:
            break
        told |= next_visit_of(visit) if there else NO_NEXT_VISIT
        missed = visit["not_seen_reason"] == "not_home"
        told["consecutive_misses"] = told["consecutive_misses"] + 1 if missed else 0
        if visit["seen"]:
            told["last_visited_on"] = visit["visited_on"]
            if visit["visited_on"] >= entry["entered_on"] or entry["entered_on"] > on:
                told |= {"risk_level": visit["risk_level"], "stability": visit["stability"]}
    told["lost_proposed"] = told["consecutive_misses"] >= 3
    return told


SEEN: list[dict[str, Any]] = [
    {"risk_level": 0, "stability": "stable"},
    {"risk_level": 1, "stability": "basically_stable"},
    {"risk_level": 4, "stability": "unstable"},
]
MISSED = {"seen": False, "risk_level": None, "stability": None, "not_seen_reason": "not_home"}


def visit_body(patient_id: str, on: int, choice: int) -> dict[str, Any]:
    told = SEEN[choice] if choice < len(SEEN) else MISSED
    if choice == 7:
        told = MISSED | {"not_seen_reason": "deceased", "died_on": day(on)}
    return factories.visit(patient_id, visited_on=day(on), **told)


def befall(history: History, ids: list[str], made: list[str], step: tuple[str, int, int, int]) -> None:
    """One step of a patient's history."""
    verb, which, ago, choice = step
    then = history.today - ago
    if verb == "enrol" or not ids:
        new = new_id()
        body = factories.patient(division=VILLAGES[which], in_care_since=day(then), id_number=None)
        if history.write(lambda tx: patients.enrol_patient(tx, new, msgspec.convert(body, PatientIn))):
            ids.append(new)
        return
    entry_id = ids[which % len(ids)]
    if verb == "visit" or (verb in {"redate", "unvisit"} and not made):
        new = new_id()
        body = visit_body(entry_id, then, choice)
        if history.write(lambda tx: visits.record_visit(tx, new, msgspec.convert(body, VisitIn))):
            made.append(new)
    elif verb == "redate":
        wrong = made[choice % len(made)]
        history.write(lambda tx: visits.change_visit(tx, wrong, correction(visited_on=day(then), died_on=None)))
    elif verb == "unvisit":
        wrong = made[choice % len(made)]
        history.write(lambda tx: visits.void_visit(tx, wrong, correction()))
    elif verb == "reassess":
        history.write(lambda tx: patients.change_patient(tx, entry_id, change(**SEEN[choice % 3])))
    elif verb == "leave":
        left = {"status": "lost", "lost_reason": "missing"} if choice % 2 else {"status": "moved"}
        history.write(lambda tx: patients.change_patient(tx, entry_id, change(left_care_on=day(then), **left)))
    elif verb == "transfer":
        move = Transfer(to_division=VILLAGES[choice % 2], on=dt.date.fromisoformat(day(then)), reason="迁居")
        history.write(lambda tx: patients.transfer_patient(tx, entry_id, move, change()))
    else:
        history.write(lambda tx: patients.PATIENT_WRITES.void(tx, entry_id, correction()))


@MANY
@given(
    history=steps(
        "enrol", "visit", "visit", "visit", "visit", "redate", "unvisit", "reassess", "leave", "transfer", "void"
    ),
    days=DAYS,
    who=st.sampled_from(sorted(WHO)),
    query=st.one_of(
        st.integers(0, 4).map(lambda risk: PatientQuery(risk_from=risk)),
        st.sampled_from(sorted(CareStatus)).map(lambda status: PatientQuery(status=status)),
        st.integers(0, 60).map(lambda due: PatientQuery(due_by=dt.date.fromisoformat(day(due)))),
    ),
)
def test_patients_on_every_day(settings: Settings, request: pytest.FixtureRequest, **drawn: Any) -> None:
    run = request.getfixturevalue("scratch")
    run(partial(try_patients, Sealer(settings.key_file, KeyStore(settings.key_store)), *drawn.values()))


def try_patients(
    sealer: Sealer, happened: list[tuple[str, int, int, int]], days: list[int], who: str, query: PatientQuery,
    connection: Connection,
) -> None:  # fmt: skip
    history, ids = History(connection, sealer), list[str]()
    made = list[str]()
    for step in happened:
        befall(history, ids, made, step)
    for watermark in sorted(set(history.marks)):
        told = history.plain(VISIT_REGISTER, watermark, "supervisor")
        by_patient = {
            entry_id: [v for v in told if v["patient_id"] == entry_id and not v["meta"]["voided"]] for entry_id in ids
        }
        check_patients(history, by_patient, watermark, who, days, query)


def check_patients(
    history: History, made: dict[str, list[Document]], watermark: int, who: str, days: list[int], query: PatientQuery
) -> None:
    """Items and lists, with and without filters, of patients and visits of one caller at one watermark, on every day."""
    known = history.plain(PATIENT_REGISTER, watermark, who)
    visible = history.plain(VISIT_REGISTER, watermark, who)
    for on in map(day, days):
        all_then = [then for entry in known if (then := patient_on(entry, made[entry["id"]], on))]
        standing = [entry for entry in all_then if not entry["meta"]["voided"]]
        assert history.listed(PATIENT_REGISTER, watermark, who, on, voided=True) == all_then
        where = list(patient_filters.matching_patients(query))
        found = history.listed(PATIENT_REGISTER, watermark, who, on, where, limit=1)
        assert found == [entry for entry in standing if is_wanted(entry, query)]
        for entry_id in made:
            expected = next((entry for entry in all_then if entry["id"] == entry_id), None)
            assert history.item(PATIENT_REGISTER, watermark, who, entry_id, on) == expected
        visited = [v for v in visible if v["visited_on"] <= on and not v["meta"]["voided"]]
        assert history.listed(VISIT_REGISTER, watermark, who, on, limit=2) == visited


def is_wanted(entry: Document, query: PatientQuery) -> bool:
    due = entry["next_visit_on"] is not None and entry["next_visit_on"] <= str(query.due_by)
    return (
        (query.status is None or entry["status"] == query.status)
        and (query.risk_from is None or entry["risk_level"] >= query.risk_from)
        and (query.due_by is None or due)
    )


@pytest.fixture
def scratch(settings: Settings) -> Any:
    with undone(settings) as run:
        yield run
