"""What patients, visits and campaigns must satisfy, and when the next visit is due; no database, no HTTP."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Protocol

from registry.core.fields import birth_date_in
from registry.core.register import Applies
from registry.core.schemas import Irregularity
from registry.deadlines.periods import add_months
from registry.deadlines.rules import ends_on, version_of
from registry.errors import Fault
from registry.followups.codes import (
    DOCTORS,
    CareStatus,
    Confinement,
    DeathCause,
    HospitalStay,
    Interviewed,
    NotSeen,
    Sex,
    Stability,
    VisitorRole,
)
from registry.followups.schemas import CampaignIn, PatientIn
from registry.followups.visit_schemas import VisitIn

SET = "visit_set"
"""The row of the deadline table for a day that the visitor set."""
MISSES = 3
"""失访: so many visits in a row at which nobody was at home."""
SERIOUS_FROM = 5
"""The risk level of an incident with a weapon, or against strangers in public."""
POLICE_FROM = 3
"""From this risk level a joint visit needs police."""
CLINICAL = (
    "insight", "sleep", "diet", "functions", "incidents", "adherence", "adverse_reaction",
    "adverse_reaction_note", "effect", "lab_tested", "serious_physical_illness", "symptoms", "medication", "rehabilitation",
)  # fmt: skip
ONSET = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


NOT_IN_CARE = frozenset(CareStatus) - {CareStatus.IN_CARE}
PATIENT_FIELDS = (
    Applies(
        field="left_care_on", where="status", values=NOT_IN_CARE, needed=True, code="left_care_on", missing="left_care_on",
        zh="终止管理须填终止管理日期，在管不填。", en="Needed once out of care, and only then.",
    ),
    Applies(
        field="lost_reason", where="status", values=frozenset({CareStatus.LOST}), needed=True, code="lost_reason", missing="lost_reason",
        zh="失访须填原因，其他状态不填。", en="Needed when lost, and only then.",
    ),
)  # fmt: skip
"""When fields of a patient apply."""
_SEEN = partial(Applies, where="seen", values=frozenset({True}), code="not_seen")
_NOT_SEEN = "未见到对象的不填此项。", "Only where the patient was seen."
VISIT_FIELDS = (
    Applies(
        field="not_seen_reason", where="seen", values=frozenset({False}), needed=True, code="was_seen",
        zh="未见到对象须填原因，见到的不填。", en="Needed where the patient was not seen, and only then.",
    ),
    _SEEN(field="risk_level", needed=True, zh="见到对象须评估危险性，未见到的不填。", en="A patient who was seen is assessed, and only then."),
    _SEEN(field="stability", needed=True, zh="见到对象须填病情分类，未见到的不填。", en="A patient who was seen is classed, and only then."),
    *(_SEEN(field=name, zh=_NOT_SEEN[0], en=_NOT_SEEN[1]) for name in CLINICAL),
    Applies(
        field="died_on", where="not_seen_reason", values=frozenset({NotSeen.DECEASED}), needed=True, code="died_on", missing="died_on",
        zh="死亡须填日期，否则不填。", en="Needed where the patient died, and only then.",
    ),
    Applies(field="death_cause", where="died_on", code="died_on", zh="未填死亡日期的，不填死亡原因。", en="Only where the patient died."),
    Applies(
        field="death_illness", where="death_cause", values=frozenset({DeathCause.PHYSICAL_ILLNESS}), code="death_cause",
        zh="死亡原因为躯体疾病的，才填此项。", en="Only of a physical illness.",
    ),
    Applies(
        field="discharged_on", where="hospital_stay", values=frozenset({HospitalStay.PAST}), needed=True, code="discharged_on",
        missing="discharged_on", zh="曾住院须填末次出院时间，否则不填。", en="Needed after a stay, and only then.",
    ),
)  # fmt: skip
"""When fields of a visit apply; the causes of death are those of the national form."""


def check_patient(data: PatientIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a patient."""
    if data.birth_date > today:
        yield Fault("/birth_date", "in_future", "出生日期不能晚于今天。", "Must not be after today.")
    if not data.birth_date <= data.in_care_since <= today:
        yield Fault("/in_care_since", "wrong_date", "建档日期须在出生日期与今天之间。", "Between birth and today.")
    if data.id_number is not None:
        yield from _check_identity(data, data.id_number)
    yield from check_stability(data.risk_level, data.stability)
    yield from _check_status(data, today)
    yield from _check_history(data, today)


def _check_identity(data: PatientIn, id_number: str) -> Iterator[Fault]:
    """The ID number says when somebody was born and of which sex (GB 11643)."""
    if birth_date_in(id_number) != data.birth_date:
        yield Fault(
            "/birth_date", "differs_from_id", "与身份证号码中的出生日期不符。", "Not the birth date in the ID number."
        )
    sex = Sex.MALE if int(id_number[16]) % 2 else Sex.FEMALE
    if data.sex in {Sex.MALE, Sex.FEMALE} and data.sex is not sex:
        yield Fault("/sex", "differs_from_id", "与身份证号码中的性别不符。", "Not the sex in the ID number.")


def check_stability(risk_level: int, stability: Stability) -> Iterator[Fault]:
    """病情分类: from risk level 3 only unstable, at 1 and 2 never stable (管理治疗工作规范 2018)."""
    if risk_level >= POLICE_FROM and stability is not Stability.UNSTABLE:
        yield Fault(
            "/stability", "risk_forbids", "危险性 3 级及以上须为不稳定。", "From risk level 3: unstable.", ("unstable",)
        )
    elif risk_level > 0 and stability is Stability.STABLE:
        allowed = (Stability.BASICALLY_STABLE, Stability.UNSTABLE)
        yield Fault(
            "/stability", "risk_forbids", "危险性 1、2 级不能为稳定。", "At risk level 1 and 2 never stable.", allowed
        )


def _check_status(data: PatientIn, today: dt.date) -> Iterator[Fault]:
    for each in PATIENT_FIELDS:
        yield from each.fault(data)
    if data.left_care_on is not None and not data.in_care_since <= data.left_care_on <= today:
        yield Fault(
            "/left_care_on",
            "wrong_date",
            "终止管理日期须在建档日期与今天之间。",
            "Between the start of care and today.",
        )


def _check_history(data: PatientIn, today: dt.date) -> Iterator[Fault]:
    if data.consented_on is not None and not (data.consent and data.birth_date <= data.consented_on <= today):
        yield Fault("/consented_on", "wrong_date", "签字日期须在出生日期与今天之间，且已同意。", "Consent is needed; between birth and today.")  # fmt: skip
    asked_on = data.consent_asked_on
    if asked_on is not None and not data.birth_date <= asked_on <= today:
        yield Fault("/consent_asked_on", "wrong_date", "询问日期须在出生日期与今天之间。", "Between birth and today.")
    if data.last_incident_on is not None and not data.birth_date <= data.last_incident_on <= today:
        yield Fault("/last_incident_on", "wrong_date", "日期须在出生日期与今天之间。", "Between birth and today.")
    if (data.last_incident_on is not None) and data.incident_count == 0:
        yield Fault(
            "/incident_count", "no_incidents", "有上次肇事肇祸日期，次数不能为 0。", "There is a last one: not 0."
        )
    if data.first_onset is not None and not _is_onset(data.first_onset, data.birth_date, today):
        yield Fault(
            "/first_onset", "wrong_date", "须为出生之后的年、年月或年月日。", "A year, month or day since birth."
        )
    yield from _check_awards(data, today)


def _check_awards(data: PatientIn, today: dt.date) -> Iterator[Fault]:
    """监护补助: one a year, paid in its year or later."""
    for index, award in enumerate(data.awards):
        if award.year > today.year:
            yield Fault(f"/awards/{index}/year", "in_future", "补助年度不能晚于今年。", "Must not be after this year.")
        if award.paid_on is not None and award.paid_on > today:
            yield Fault(f"/awards/{index}/paid_on", "in_future", "发放日期不能晚于今天。", "Must not be after today.")
        if award.paid_on is not None and award.paid_on.year < award.year:
            said = "发放日期早于补助年度。", "Paid before the year that it is for."
            yield Fault(f"/awards/{index}/paid_on", "before_year", *said)
    years = [award.year for award in data.awards]
    if len(set(years)) < len(years):
        yield Fault("/awards", "repeated_year", "同一年度不能有两笔补助。", "Two awards of one year.")


def _is_onset(text: str, birth_date: dt.date, today: dt.date) -> bool:
    """Whether it is a year, month or day from birth on; a year or month counts to its last day."""
    match = ONSET.fullmatch(text)
    if match is None:
        return False
    year, month, day = match.groups()
    try:
        earliest = dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    span = 0 if day else 1 if month else 12
    latest = add_months(earliest, span) - dt.timedelta(days=1) if span else earliest
    return latest >= birth_date and earliest <= today


def check_visit(data: VisitIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a visit."""
    if data.visited_on > today:
        yield Fault("/visited_on", "in_future", "走访日期不能晚于今天。", "Must not be after today.")
    for each in VISIT_FIELDS:
        yield from each.fault(data)
    if data.risk_level is not None and data.stability is not None:
        yield from check_stability(data.risk_level, data.stability)
    if not data.seen:
        yield from _check_not_seen(data, today)
    if data.discharged_on is not None and data.discharged_on > data.visited_on:
        yield Fault("/discharged_on", "wrong_date", "出院时间不能晚于走访日期。", "Not after the visit.")
    if data.next_visit_on is not None and data.next_visit_on <= data.visited_on:
        yield Fault("/next_visit_on", "not_later", "下次走访须晚于本次。", "Must be after this visit.")


def _check_not_seen(data: VisitIn, today: dt.date) -> Iterator[Fault]:
    if Interviewed.PATIENT in data.interviewed:
        yield Fault("/interviewed", "not_seen", "未见到对象，访谈对象不能是本人。", "The patient was not seen.")
    if data.died_on is not None and data.died_on > min(data.visited_on, today):
        yield Fault("/died_on", "wrong_date", "死亡日期不能晚于走访日期。", "Not after the visit.")
    if data.not_seen_reason is NotSeen.DECEASED and data.next_visit_on is not None:
        yield Fault("/next_visit_on", "died_on", "已死亡的不再走访。", "There is no next visit.")


def is_joint(data: VisitIn) -> bool:
    """A joint visit: two roles at least, police or a doctor among them; from risk level 3, police."""
    roles = {visitor.role for visitor in data.team}
    guarded = VisitorRole.POLICE in roles or ((data.risk_level or 0) < POLICE_FROM and bool(roles & DOCTORS))
    return len(roles) > 1 and guarded


class Made(Protocol):
    """What decides when the next visit is due: a visit as it is sent, or as it is known."""

    @property
    def visited_on(self) -> dt.date: ...
    @property
    def seen(self) -> bool: ...
    @property
    def not_seen_reason(self) -> str | None: ...
    @property
    def stability(self) -> str | None: ...


def next_visit_due_on(visit: Made, before: str | None) -> dt.date | None:
    """When the next visit is due by the rule (管理治疗工作规范 2018, 基本公共卫生服务规范 第三版); `before` is the class
    at the last visit at which the patient was seen.

    Unstable: 14 days. Basically stable: 14 days; at the recheck still so: one month. Stable: three months.
    Not seen: 14 days, unless the patient died.
    """
    rule = visit_rule(visit, before)
    due = ends_on(rule, visit.visited_on) if rule else None
    return due if due is not None and due > visit.visited_on else None


def visit_rule(visit: Made, before: str | None) -> str | None:
    """The row of the deadline table that the next visit is due by."""
    if not visit.seen:
        return None if visit.not_seen_reason == NotSeen.DECEASED else "visit_not_seen"
    if visit.stability == Stability.STABLE:
        return "visit_stable"
    if visit.stability == Stability.UNSTABLE:
        return "visit_unstable"
    return "visit_recheck" if before == Stability.BASICALLY_STABLE else "visit_basically_stable"


def check_next_visit(data: VisitIn, due: dt.date | None) -> Iterator[Fault]:
    """Another day than the rule's needs a reason."""
    if data.next_visit_on is not None and data.next_visit_on != due and data.next_visit_reason is None:
        text = f"与规定的 {due} 不同，须填理由。", f"Not the rule's day, {due}: give a reason."
        yield Fault("/next_visit_reason", "required", *text)


def irregular_visit(data: VisitIn, due_on: dt.date | None, rule: str | None) -> Iterator[Irregularity]:
    """What is true of a visit, but not as it should be: made after the day that it was due on, by this row of the deadline table."""
    if due_on is not None and data.visited_on > due_on:
        zh, en = f"应于{due_on}前走访。", f"It was due by {due_on}."
        cited = version_of(rule, due_on).cited if rule and rule != SET else "走访时约定的日期"
        yield Irregularity(code="late", pointer="/visited_on", rule=cited, zh=zh, en=en)


def incidents(acts: Mapping[str, int] | None) -> int:
    """How many of what a visit tells of are incidents (肇事、肇祸)."""
    return acts["disturbance"] + acts["serious"] if acts else 0


def alerts(data: VisitIn) -> list[str]:
    """What the office must see to at once."""
    found = ["confined"] if data.confinement is Confinement.CONFINED else []
    acts = data.incidents
    if acts and (acts.serious or acts.suicide_attempt or data.risk_level == SERIOUS_FROM):
        found.append("serious_incident")
    if acts and (acts.serious or acts.suicide_attempt) and (data.risk_level or 0) < 4:  # noqa: PLR2004 - a risk level
        found.append("risk_too_low")
    return found


def check_campaign(data: CampaignIn) -> Iterator[Fault]:
    """The faults of a drive."""
    if data.ends_on is not None and data.ends_on < data.starts_on:
        yield Fault("/ends_on", "ends_before_start", "结束日期早于开始日期。", "Ends before it starts.")
