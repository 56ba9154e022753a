"""The dispute of the article between Maigang and Longqiu (迈港村、龙秋村): over ten years through rulings, reconsideration and
judgments, settled within six days with two agreements. Offices are named, people are not.
"""

import datetime as dt
import random
from collections.abc import Iterator
from uuid import UUID

from registry.demo.steps import ARTICLE, KELU, DemoStep, act, change, create
from registry.disputes import case_service, service
from registry.disputes.case_schemas import (
    AgreementIn,
    Attendee,
    Mediator,
    Meeting,
    ProceedingIn,
    ReturnVisitIn,
    SessionIn,
    Signatory,
    Statement,
    Term,
)
from registry.disputes.codes import (
    AgreementKind,
    Cause,
    DisputeKind,
    FoundBy,
    Outcome,
    PartyKind,
    Performance,
    Risk,
    Scale,
    SessionResult,
    Stage,
    Subject,
    Track,
)
from registry.disputes.schemas import DisputeIn, Move, Party, Response

FOUND, MEETING, SIGNED = dt.date(2020, 2, 18), dt.date(2020, 2, 20), dt.date(2020, 2, 26)
"""The article: 2月18日 the incident, 2月20日 the meeting, 6天内 both agreements."""
MAIGANG, LONGQIU = "迈港村", "龙秋村"
VILLAGE = "440882102204"
REPORTED: dict[str, object] = {
    "kind": "article",
    "note": f"日期、双方、专班、两份协议据{ARTICLE};面积、人数、条款、文号等报道未载,为合成",
}
UNDATED: dict[str, object] = {"kind": "synthetic", "note": "报道只说历经多次裁决、复议、判决;机关、文号、日期为合成"}
PROCEEDINGS = (
    (Track.ADMIN_DECISION, "雷州市人民政府(示范)", Outcome.DECIDED, "示范政决〔2010〕1号", dt.date(2010, 6, 1)),
    (Track.RECONSIDERATION, "湛江市人民政府(示范)", Outcome.REVOKED, "示范府行复〔2011〕2号", dt.date(2011, 3, 10)),
    (Track.ADMIN_DECISION, "雷州市人民政府(示范)", Outcome.DECIDED, "示范政决〔2012〕3号", dt.date(2012, 8, 20)),
    (Track.RECONSIDERATION, "湛江市人民政府(示范)", Outcome.UPHELD, "示范府行复〔2013〕4号", dt.date(2013, 1, 15)),
    (Track.FIRST_INSTANCE, "湛江市中级人民法院(示范)", Outcome.DISMISSED, "(2013)示范行初字第5号", dt.date(2013, 11, 5)),
    (Track.SECOND_INSTANCE, "广东省高级人民法院(示范)", Outcome.UPHELD, "(2014)示范行终字第6号", dt.date(2014, 9, 30)),
)  # fmt: skip


def steps(noise: random.Random) -> Iterator[DemoStep]:
    """The dispute's days, one after another."""
    dispute_id, reported = create(FOUND, KELU, service.report_dispute, _dispute(), noise, REPORTED)
    yield reported
    yield from _past(dispute_id, noise)
    yield from _mediation(dispute_id, noise)
    yield from _settlement(dispute_id, noise)


def _dispute() -> DisputeIn:
    return DisputeIn(
        division=KELU,
        title="客路镇迈港村与龙秋村土地权属纠纷",
        kind=DisputeKind.OWNERSHIP,
        category="0999",
        cause=Cause.HISTORICAL_CLAIM,
        scale=Scale.MASS_GENERAL,
        people_involved=200,
        discovered_on=FOUND,
        found_by=FoundBy.ON_SITE,
        parties=[
            Party(kind=PartyKind.VILLAGE, name=MAIGANG, division=VILLAGE, claim="主张争议土地归本村集体所有(示范)"),
            Party(
                kind=PartyKind.VILLAGE,
                name=LONGQIU,
                division=KELU,
                hamlet=LONGQIU,
                claim="主张争议土地历来由本村耕种(示范)",
            ),
        ],
        risk=Risk.MAJOR,
        place_name="迈港村与龙秋村交界处(示范)",
        area_mu="120.50",
        since_year=2009,
        found_by_unit="客路镇综治办",
        responsible_unit="客路镇人民政府",
        response=Response(
            arrived_on=FOUND, units=["市委政法委", "派出所民警", "客路镇干部"], result="迅速控制局面、平息事态"
        ),
        status_quo_order=True,
        summary="因涉土问题引发纠纷;两村争议长达10余年之久,历经多次裁决、复议、判决。",
    )


def _past(dispute_id: str, noise: random.Random) -> Iterator[DemoStep]:
    """The proceedings of ten years, entered when the file was read."""
    for track, body, outcome, number, decided_on in PROCEEDINGS:
        data = ProceedingIn(
            dispute_id=UUID(dispute_id),
            track=track,
            body=body,
            outcome=outcome,
            document_number=number,
            decided_on=decided_on,
        )
        day = FOUND + dt.timedelta(days=1)
        yield create(day, KELU, case_service.PROCEEDING_WRITES.record, data, noise, UNDATED)[1]


def _mediation(dispute_id: str, noise: random.Random) -> Iterator[DemoStep]:
    force = {
        "lead_unit": "市委政法委",
        "leader": "市委政法委副书记",
        "stationed_at": "客路镇",
        "stationed_from": MEETING.isoformat(),
        "members": ["市委政法委", "客路镇人民政府", "迈港村委会"],
    }
    yield act(MEETING, KELU, service.move_dispute, dispute_id, Move(to=Stage.ACCEPTED, on=MEETING), REPORTED)
    yield change(MEETING, KELU, service.change_dispute, dispute_id, {"task_force": force}, REPORTED)
    yield act(MEETING, KELU, service.move_dispute, dispute_id, Move(to=Stage.MEDIATING, on=MEETING), REPORTED)
    for day, result in ((dt.date(2020, 2, 22), SessionResult.ADJOURNED), (SIGNED, SessionResult.AGREED)):
        data = SessionIn(
            dispute_id=UUID(dispute_id),
            held_on=day,
            place="客路镇人民政府",
            mediators=[Mediator(unit="市委政法委工作专班"), Mediator(unit="客路镇综治办")],
            result=result,
            attended=[Attendee(party=MAIGANG, capacity="村委会"), Attendee(party=LONGQIU, capacity="村民代表")],
            statements=[
                Statement(party=MAIGANG, asked="按原界址确认归属(示范)"),
                Statement(party=LONGQIU, asked="保留历来耕种的部分(示范)"),
            ],
        )
        yield create(day, KELU, case_service.SESSION_WRITES.record, data, noise, UNDATED | {"note": "调解经过为合成"})[
            1
        ]


def _settlement(dispute_id: str, noise: random.Random) -> Iterator[DemoStep]:
    land = _agreement(dispute_id, AgreementKind.LAND_MEDIATION, "土地调解协议", Subject.LAND_OWNERSHIP, [
        Term(text="双方按共同指认的界线分割争议土地并埋设界桩(示范)", due_on=dt.date(2020, 4, 30)),
    ])  # fmt: skip
    peace = _agreement(dispute_id, AgreementKind.PEACE_PACT, "和谐共建平安村协议", Subject.PEACE, [])
    for data in (land, peace):
        yield create(SIGNED, KELU, case_service.AGREEMENT_WRITES.record, data, noise, REPORTED)[1]
    yield act(SIGNED, KELU, service.move_dispute, dispute_id, Move(to=Stage.AGREED, on=SIGNED), REPORTED)
    visit = ReturnVisitIn(
        dispute_id=UUID(dispute_id),
        visited_on=dt.date(2020, 3, 4),
        visitors=[Mediator(unit="客路镇综治办")],
        performance=Performance.NOT_DUE,
        satisfied=True,
    )
    yield create(
        visit.visited_on, KELU, case_service.RETURN_VISIT_WRITES.record, visit, noise, UNDATED | {"note": "回访为合成"}
    )[1]


def _agreement(dispute_id: str, kind: AgreementKind, title: str, subject: Subject, terms: list[Term]) -> AgreementIn:
    return AgreementIn(
        dispute_id=UUID(dispute_id),
        kind=kind,
        title=title,
        subject=subject,
        signed_on=SIGNED,
        signed_at="客路镇",
        signatories=[Signatory(party=MAIGANG, capacity="村委会代表"), Signatory(party=LONGQIU, capacity="村民代表")],
        mediators=[Mediator(unit="市委政法委工作专班")],
        mediator_signed=True,
        terms=terms,
        authorised_by=Meeting(held_on=dt.date(2020, 2, 25), eligible=300, attended=240, in_favour=220),
    )
