"""What the article gives only as totals: 2,339 gatherings, 584 sheds; and patients, visits, other disputes. All synthetic."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from uuid import UUID

from registry.demo.leizhou import DemoPlace, split, towns, villages_by_town
from registry.demo.steps import COUNTY, LAST_DAY, DemoStep, act, create, days, fictional_name, fictional_phone
from registry.disputes import case_service
from registry.disputes import service as dispute_service
from registry.disputes.case_schemas import AgreementIn, Signatory
from registry.disputes.codes import AgreementKind, Cause, DisputeKind, FoundBy, PartyKind, Scale, Stage, Subject
from registry.disputes.schemas import DisputeIn, Move, Party, PartyPerson
from registry.followups import service as patient_service
from registry.followups.codes import Diagnosis, NotSeen, Relation, Sex, Stability, VisitForm, VisitorRole
from registry.followups.schemas import CampaignIn, Guardian, PatientIn
from registry.followups.visit_schemas import VisitIn, Visitor
from registry.followups.visit_service import record_visit
from registry.gatherings.codes import DemolitionMethod, GatheringKind, GatheringMeasure, ShedStructure, ShedUse
from registry.gatherings.schemas import GatheringIn, Notice, Organiser, ShedIn, ShedNotice, ShedOwner
from registry.gatherings.service import GATHERING_WRITES, SHED_WRITES

SESSIONS, SHEDS = 2339, 584
"""The article: 取消或暂停各类聚集活动2339场, 铲除简易棚584个."""
PATIENTS = 1050
GATHERING_DAYS = days(dt.date(2020, 1, 22), LAST_DAY)
CAMPAIGN_DAYS = days(dt.date(2020, 2, 12), LAST_DAY)
"""2月12日: the county's video conference that began the house-by-house visits."""
NOTICE = Notice(
    issuer="雷州市人民政府",
    title="雷州市人民政府关于全面禁止开展聚集型活动及聚众赌博的通告",
    dated=dt.date(2020, 1, 22),
)
TITLES = {
    GatheringKind.NIANLI: "年例",
    GatheringKind.DEITY_PARADE: "游神",
    GatheringKind.OPERA: "雷剧演出",
    GatheringKind.EVENING_SHOW: "春节晚会",
    GatheringKind.PARTY_BANQUET: "聚会宴席",
}
RISKS = (0,) * 14 + (1, 1, 2, 3, 4)


def gathering_steps(all_places: Sequence[DemoPlace], noise: random.Random) -> Iterator[DemoStep]:
    """Gatherings whose sessions add up to the article's, over the 21 towns."""
    villages = villages_by_town(all_places)
    shares = split(SESSIONS, [len(villages[town.code]) for town in towns(all_places)])
    for town, share in zip(towns(all_places), shares, strict=True):
        for sessions in _parts(share, 4, noise):
            yield _gathering(noise.choice(villages[town.code]), sessions, noise)


def _parts(total: int, most: int, noise: random.Random) -> Iterator[int]:
    while total:
        part = min(total, noise.randint(1, most))
        yield part
        total -= part


def _gathering(village: DemoPlace, sessions: int, noise: random.Random) -> DemoStep:
    kind = noise.choice(list(TITLES))
    decided = noise.choice(GATHERING_DAYS)
    data = GatheringIn(
        division=village.code,
        title=f"{village.name.removesuffix('委会')}{TITLES[kind]}(示范)",
        kind=kind,
        disposition=noise.choice([GatheringMeasure.CANCELLED, GatheringMeasure.CANCELLED, GatheringMeasure.SUSPENDED]),
        sessions=sessions,
        planned_from=decided + dt.timedelta(days=noise.randint(1, 30)),
        decided_on=decided,
        organiser=Organiser(name=fictional_name(noise), phone=fictional_phone(noise), role="理事会"),
        expected_people=noise.randint(3, 60) * 10,
        handled_by=["镇(街)综治办", "派出所"],
        notice=NOTICE,
    )
    return create(decided, village.parent, GATHERING_WRITES.record, data, noise)[1]


def shed_steps(all_places: Sequence[DemoPlace], noise: random.Random) -> Iterator[DemoStep]:
    """Sheds whose count adds up to the article's, over the 21 towns."""
    villages = villages_by_town(all_places)
    shares = split(SHEDS, [len(villages[town.code]) for town in towns(all_places)])
    for town, share in zip(towns(all_places), shares, strict=True):
        for count in _parts(share, 2, noise):
            yield _shed(noise.choice(villages[town.code]), count, noise)


def _shed(village: DemoPlace, count: int, noise: random.Random) -> DemoStep:
    demolished = noise.choice(GATHERING_DAYS[7:])
    data = ShedIn(
        division=village.code,
        place=f"{village.name.removesuffix('委会')}村口(示范)",
        use=noise.choice([ShedUse.GAMBLING, ShedUse.MAHJONG, ShedUse.SHOP_GATHERING]),
        count=count,
        structure=noise.choice(list(ShedStructure)),
        area_m2=f"{noise.randint(8, 60)}.00",
        owner=ShedOwner(name=fictional_name(noise), phone=fictional_phone(noise)),
        found_on=demolished - dt.timedelta(days=6),
        notice=ShedNotice(served_on=demolished - dt.timedelta(days=5), period_days=3),
        demolished_on=demolished,
        method=noise.choice([DemolitionMethod.SELF_REMOVED, DemolitionMethod.ASSISTED]),
        demolished_by=["镇(街)综治办", "派出所", "村委会"],
    )
    return create(demolished, village.parent, SHED_WRITES.record, data, noise)[1]


def followup_steps(all_places: Sequence[DemoPlace], noise: random.Random) -> Iterator[DemoStep]:
    """The drive, the roster, and the visits: most jointly, some otherwise, some not yet."""
    campaign = CampaignIn(
        name="2020年严重精神障碍患者排查走访专项行动", starts_on=CAMPAIGN_DAYS[0], divisions=[COUNTY],
        purpose="疫情防控期间地毯式走访排查",
    )  # fmt: skip
    campaign_id, step = create(CAMPAIGN_DAYS[0], COUNTY, patient_service.CAMPAIGN_WRITES.record, campaign, noise)
    yield step
    villages = villages_by_town(all_places)
    shares = split(PATIENTS, [len(villages[town.code]) for town in towns(all_places)])
    for town, share in zip(towns(all_places), shares, strict=True):
        for _ in range(share):
            yield from _patient(noise.choice(villages[town.code]), campaign_id, noise)


def _patient(village: DemoPlace, campaign_id: str, noise: random.Random) -> Iterator[DemoStep]:
    risk = noise.choice(RISKS)
    data = PatientIn(
        division=village.code,
        name=fictional_name(noise),
        sex=noise.choice([Sex.MALE, Sex.FEMALE]),
        birth_date=dt.date(1950, 1, 1) + dt.timedelta(days=noise.randrange(18_000)),
        diagnosis=noise.choice(list(Diagnosis)[:6]),
        risk_level=risk,
        stability=_stability(risk, noise),
        in_care_since=dt.date(2015, 1, 1) + dt.timedelta(days=noise.randrange(1_700)),
        consent=True,
        address=f"{village.name.removesuffix('委会')}示范路{noise.randint(1, 99)}号",
        phone=fictional_phone(noise),
        guardian=Guardian(name=fictional_name(noise), relation=noise.choice(list(Relation)[:5]), phone=fictional_phone(noise)),
    )  # fmt: skip
    enrolled = dt.date(2020, 1, 2) + dt.timedelta(days=noise.randrange(10))
    patient_id, step = create(enrolled, village.parent, patient_service.enrol_patient, data, noise)
    yield step
    if noise.random() < 0.86:
        yield _visit(village.parent, patient_id, campaign_id, risk, noise)


def _stability(risk: int, noise: random.Random) -> Stability:
    if risk >= 3:
        return Stability.UNSTABLE
    return Stability.BASICALLY_STABLE if risk else noise.choice([Stability.STABLE, Stability.BASICALLY_STABLE])


def _visit(office: str, patient_id: str, campaign_id: str, risk: int, noise: random.Random) -> DemoStep:
    joint = noise.random() < 0.88
    seen = noise.random() < 0.95
    roles = [VisitorRole.COMPREHENSIVE_GOVERNANCE_OFFICER]
    roles += [VisitorRole.POLICE, VisitorRole.MENTAL_HEALTH_DOCTOR, VisitorRole.GRID_WORKER] if joint else []
    data = VisitIn(
        patient_id=UUID(patient_id),
        campaign_id=UUID(campaign_id),
        visited_on=noise.choice(CAMPAIGN_DAYS),
        form=VisitForm.HOME,
        team=[Visitor(role=role, name=fictional_name(noise)) for role in roles],
        seen=seen,
        not_seen_reason=None if seen else noise.choice([NotSeen.NOT_HOME, NotSeen.FAMILY_ONLY]),
        risk_level=risk if seen else None,
        stability=_stability(risk, noise) if seen else None,
    )
    return create(data.visited_on, office, record_visit, data, noise)[1]


def dispute_steps(all_places: Sequence[DemoPlace], noise: random.Random) -> Iterator[DemoStep]:
    """Two more disputes a town: one settled, with a term performed and a court that could confirm it; one in mediation."""
    villages = villages_by_town(all_places)
    codes = [town.code for town in towns(all_places)]
    for index, code in enumerate(codes):
        other = villages[codes[index - 1]] if index == 1 else villages[code]
        day = dt.date(2020, 1, 6) + dt.timedelta(days=noise.randrange(20))
        yield from _settled(villages[code], day, noise)
        yield from _in_mediation(noise.choice(villages[code]), noise.choice(other), day, noise)


def _settled(villages: Sequence[DemoPlace], day: dt.date, noise: random.Random) -> Iterator[DemoStep]:
    village = noise.choice(villages)
    office = village.parent
    names = [fictional_name(noise), fictional_name(noise)]
    parties = [Party(kind=PartyKind.PERSON, person=PartyPerson(name=name), division=village.code) for name in names]
    data = _land_dispute(village, DisputeKind.HOMESTEAD, "0902", parties, day)
    dispute_id, step = create(day, office, dispute_service.report_dispute, data, noise)
    yield step
    yield act(day, office, dispute_service.move_dispute, dispute_id, Move(to=Stage.ACCEPTED, on=day))
    yield act(day, office, dispute_service.move_dispute, dispute_id, Move(to=Stage.MEDIATING, on=day))
    signed = day + dt.timedelta(days=noise.randint(3, 25))
    agreement = AgreementIn(
        dispute_id=UUID(dispute_id),
        kind=AgreementKind.PEOPLE_MEDIATION,
        title="人民调解协议书",
        subject=Subject.BOUNDARY_UPKEEP,
        signed_on=signed,
        signatories=[Signatory(party="甲方", name=names[0]), Signatory(party="乙方", name=names[1])],
        mediator_signed=True,
        sealed_by="村人民调解委员会",
    )
    yield create(signed, office, case_service.AGREEMENT_WRITES.record, agreement, noise)[1]
    for stage in (Stage.AGREED, Stage.PERFORMED):
        yield act(signed, office, dispute_service.move_dispute, dispute_id, Move(to=stage, on=signed))


def _in_mediation(village: DemoPlace, other: DemoPlace, day: dt.date, noise: random.Random) -> Iterator[DemoStep]:
    parties = [Party(kind=PartyKind.VILLAGE, name=place.name, division=place.code) for place in (village, other)]
    data = _land_dispute(village, DisputeKind.FOREST, "0903", parties, day)
    dispute_id, step = create(day, village.parent, dispute_service.report_dispute, data, noise)
    yield step
    for stage in (Stage.ACCEPTED, Stage.MEDIATING):
        yield act(day, village.parent, dispute_service.move_dispute, dispute_id, Move(to=stage, on=day))


def _land_dispute(
    village: DemoPlace, kind: DisputeKind, category: str, parties: list[Party], day: dt.date
) -> DisputeIn:
    return DisputeIn(
        division=village.code,
        title=f"{village.name.removesuffix('委会')}{'宅基地' if kind is DisputeKind.HOMESTEAD else '林地'}纠纷(示范)",
        kind=kind,
        category=category,
        cause=Cause.BOUNDARY_UNCLEAR,
        scale=Scale.INDIVIDUAL,
        people_involved=2,
        discovered_on=day,
        found_by=FoundBy.SCREENING,
        parties=parties,
        found_by_unit="村委会",
    )
