"""The section of the bulletin that prints disputes, with a sentence for each major one (重大矛盾纠纷): those settled in the period
(in the year, where it has no first day), and those still open at its end.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, case, literal_column, or_

from registry.core.valid_time import Document
from registry.disputes.codes import ENDED, LAND_CATEGORIES, SETTLED, DisputeKind, PartyKind, Risk, Scale, Stage, Track
from registry.disputes.models import DISPUTES
from registry.disputes.register import AGREEMENT_REGISTER, DISPUTE_REGISTER, PROCEEDING_REGISTER
from registry.reports.bulletin.narrative import MOST, NarrativeSource, sentences, short_day
from registry.reports.bulletin.sections import BulletinSection, PrintedMeasure, Rate, Split

MAJOR = or_(DISPUTES.c.risk == Risk.MAJOR, DISPUTES.c.scale == Scale.MASS_MAJOR)
OPEN = tuple(stage for stage in Stage if stage not in ENDED | SETTLED)
KINDS: dict[str, str] = {
    DisputeKind.OWNERSHIP: "土地权属纠纷",
    DisputeKind.USE_RIGHT: "土地使用权纠纷",
    DisputeKind.CONTRACT: "土地承包纠纷",
    DisputeKind.HOMESTEAD: "宅基地纠纷",
    DisputeKind.FOREST: "林地林木纠纷",
    DisputeKind.EXPROPRIATION: "征收补偿纠纷",
    DisputeKind.BOUNDARY: "行政区域边界纠纷",
    DisputeKind.ENCROACHMENT: "土地侵权纠纷",
    DisputeKind.ILLEGAL_USE: "土地违法纠纷",
    DisputeKind.WATER_SEA: "水域滩涂纠纷",
}
TRACKS: dict[str, str] = {
    Track.ADMIN_DECISION: "裁决",
    Track.RECONSIDERATION: "复议",
    Track.ARBITRATION: "仲裁",
    Track.FIRST_INSTANCE: "判决",
    Track.SECOND_INSTANCE: "判决",
    Track.RETRIAL: "判决",
}
"""The proceedings that ended in a decision by others, as bulletins call them."""
DECADE = 10


def major_dispute_sentences(source: NarrativeSource) -> list[str]:
    """A sentence for each: settled ones first."""
    settled = source.documents(DISPUTE_REGISTER, [MAJOR, *_settled(source)], source.division)
    cases = [each["id"] for each in settled[:MOST]]
    proceedings, agreements = source.parts(PROCEEDING_REGISTER, cases), source.parts(AGREEMENT_REGISTER, cases)
    unsettled = source.documents(DISPUTE_REGISTER, [MAJOR, DISPUTES.c.stage.in_(OPEN)], source.division)

    def ending(each: Document) -> str:
        return settled_sentence(each, proceedings[each["id"]], agreements[each["id"]], source.to)

    still_open = sentences(unsettled, lambda each: open_sentence(each, source.to), "宗在办")
    return sentences(settled, ending, "宗已化解") + still_open


def _settled(source: NarrativeSource) -> list[ColumnElement[bool]]:
    return [DISPUTES.c.settled_on <= source.to, DISPUTES.c.settled_on >= source.first_day]


def settled_sentence(
    dispute: Document, proceedings: Sequence[Document], agreements: Sequence[Document], to: dt.date
) -> str:  # fmt: skip
    """How it began, who came, who mediated, in how many days, what was signed, what lay behind it."""
    steps = [_outbreak(dispute, to), _team(dispute, to), _agreed(dispute, agreements) + _resolved(dispute, proceedings)]
    return f"〔{dispute['case_number']}〕" + "；".join(step for step in steps if step) + "。"


def open_sentence(dispute: Document, to: dt.date) -> str:
    """Who and what it is between, how long it has been open, and by when it is to be settled. Its title is text that an office typed
    (某某与某某宅基地纠纷): told where nobody in it is a person.
    """
    what = f"{dispute['division_name']}{_parties(dispute)}{KINDS.get(dispute['kind'], '纠纷')}"
    days = (to - dt.date.fromisoformat(dispute["discovered_on"])).days
    due = dispute["mediation_due_on"]
    until = f"，调解期限至{_day(due, to)}{'（已超期）' if due < to.isoformat() else ''}" if due else ""
    name = dispute["title"] if _is_public(dispute) else what
    return f"〔{dispute['case_number']}〕{name}：在办{days}天{until}。"


def _outbreak(dispute: Document, to: dt.date) -> str:
    land = "因涉土问题" if dispute["category"] in LAND_CATEGORIES else ""
    town = dispute["division_name"]
    text = f"{_day(dispute['discovered_on'], to)}，{town}{_parties(dispute)}{land}引发纠纷"
    if (response := dispute["response"]) is not None:
        text += f"，{'、'.join(response['units'])}到场处置"
        text += f"，{response['result']}" if response["result"] and _is_public(dispute) else ""
    return text


def _parties(dispute: Document) -> str:
    """Villages and organisations by name; people are never named."""
    names = [each["name"] for each in dispute["parties"]]
    return _joined(names) if _is_public(dispute) else f"{len(names)}方当事人"


def _is_public(dispute: Document) -> bool:
    """Whether all parties are villages or organisations, so that what an office typed of the case names its people at most by mistake."""
    return all(each["kind"] in {PartyKind.VILLAGE, PartyKind.ORGANISATION} for each in dispute["parties"])


def _sides(dispute: Document) -> str:
    """两村 of two villages; else 双方, or 各方 of more."""
    kinds = [each["kind"] for each in dispute["parties"]]
    if kinds == [PartyKind.VILLAGE] * 2:
        return "两村"
    return "双方" if len(kinds) == len("双方") else "各方"


def _team(dispute: Document, to: dt.date) -> str:
    team = dispute["task_force"]
    if team is None:
        return ""
    since = _day(team["stationed_from"], to)
    return f"{since}，{team['lead_unit']}牵头成立工作专班，进驻{team['stationed_at']}开展化解工作"


def _agreed(dispute: Document, agreements: Sequence[Document]) -> str:
    days = dispute["days_to_settle"]
    within = f"{days}天内" if days else "当天"
    titles = [f"《{each['title']}》" for each in agreements]
    signed = _joined(titles) if _is_public(dispute) else f"{len(titles)}份协议" if titles else ""
    return f"{within}促成{_sides(dispute)}签订{signed}，" if signed else f"{within}"


def _resolved(dispute: Document, proceedings: Sequence[Document]) -> str:
    counts = Counter(TRACKS[each["track"]] for each in proceedings if each["track"] in TRACKS)
    past = "、".join(text for text in (_years(dispute), _past(counts)) if text)
    between = "涉及两村" if _sides(dispute) == "两村" else ""
    times = f"（{'、'.join(f'{name}{number}次' for name, number in counts.items())}）" if counts else ""
    return f"成功化解该宗{between}{past}{'的' if between or past else ''}{KINDS.get(dispute['kind'], '纠纷')}{times}"


def _years(dispute: Document) -> str:
    """长达10余年 of eleven years, 长达3年 of three; nothing of a dispute of this year or the last."""
    if dispute["since_year"] is None:
        return ""
    years = int(dispute["discovered_on"][:4]) - dispute["since_year"]
    if years > DECADE and years % DECADE:
        return f"长达{years // DECADE * DECADE}余年之久"
    return f"长达{years}年之久" if years > 1 else ""


def _past(counts: Mapping[str, int]) -> str:
    """历经多次裁决、复议、判决, where there were several of each; how many, the end of the sentence says."""
    often = "多次" if all(times > 1 for times in counts.values()) else ""
    return f"历经{often}{'、'.join(counts)}" if counts else ""


def _joined(names: Sequence[str]) -> str:
    """甲、乙和丙."""
    return "和".join(text for text in ("、".join(names[:-1]), *names[-1:]) if text)


def _day(text: str, to: dt.date) -> str:
    return short_day(dt.date.fromisoformat(text), to)


OF_LAND = Split(
    case((DISPUTES.c.category.in_(LAND_CATEGORIES), literal_column("'land'")), else_=literal_column("'other'")),
    {"land": ("涉土纠纷", "Land disputes")},
)
DISPUTE_SECTION = BulletinSection(
    "矛盾纠纷排查化解",
    measures=(
        PrintedMeasure(
            DISPUTE_REGISTER, "disputes_found", "排查发现矛盾纠纷", OF_LAND, drawn_by=DISPUTES.c.discovered_on
        ),
        PrintedMeasure(DISPUTE_REGISTER, "disputes_accepted", "受理矛盾纠纷", OF_LAND),
        PrintedMeasure(DISPUTE_REGISTER, "disputes_settled", "成功化解矛盾纠纷", OF_LAND),
        PrintedMeasure(DISPUTE_REGISTER, "disputes_open", "在办矛盾纠纷", OF_LAND),
        PrintedMeasure(DISPUTE_REGISTER, "disputes_overdue", "超期未调结矛盾纠纷"),
        PrintedMeasure(DISPUTE_REGISTER, "disputes_failed", "调解不成功矛盾纠纷"),
        PrintedMeasure(AGREEMENT_REGISTER, "agreements_signed", "签订协议"),
    ),
    rates=(Rate("mediation_success", "调解成功率", "disputes_settled", "disputes_failed"),),
    narrative=major_dispute_sentences,
)
