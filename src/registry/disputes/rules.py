"""What a dispute and its moves must satisfy; no database, no HTTP."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from registry.deadlines.rules import current, ends_on
from registry.disputes import parcels
from registry.disputes.codes import CATEGORIES, ENDED, NEXT, PENDING, SETTLED, PartyKind, Stage
from registry.disputes.schemas import (
    DisputeIn,
    DoneMove,
    Move,
    MultiPolygonGeometry,
    Party,
    PolygonGeometry,
    StoredMove,
)
from registry.errors import Fault

MEDIATION, CONFIRMATION = "people_mediation_conclude", "judicial_confirm_apply"
"""Rows of the deadline table."""
MEDIATION_RULE = current(MEDIATION).cited
CONFIRMATION_RULE = current(CONFIRMATION).cited
COUNTING_RULE = "民法典第二百零一条至第二百零三条：期间的计算"


def check_dispute(data: DisputeIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a dispute."""
    if data.discovered_on > today:
        yield Fault("/discovered_on", "in_future", "发现日期不能晚于今天。", "Must not be after today.")
    if data.category not in CATEGORIES:
        yield Fault(
            "/category", "unknown_category", "没有这个事件类别代码。", "There is no such category.", tuple(CATEGORIES)
        )
    if data.since_year is not None and not 1900 <= data.since_year <= data.discovered_on.year:  # noqa: PLR2004 - a year
        yield Fault(
            "/since_year", "wrong_year", "起始年份须在 1900 年至发现年份之间。", "From 1900 to the year it was found."
        )
    for index, party in enumerate(data.parties):
        yield from _check_party(f"/parties/{index}", party)
    yield from _check_team(data, today)


def check_settled_on_the_spot(data: DisputeIn, today: dt.date) -> Iterator[Fault]:
    """The fault of a settlement on the spot when it is reported; later its steps and its agreement are corrected."""
    spot = data.settled_on_the_spot
    if spot is not None and not data.discovered_on <= spot.settled_on <= today:
        said = "化解日期须在发现日期与今天之间。", "Between discovery and today."
        yield Fault("/settled_on_the_spot/settled_on", "wrong_date", *said)


def _check_party(pointer: str, party: Party) -> Iterator[Fault]:
    public = party.kind in {PartyKind.VILLAGE, PartyKind.ORGANISATION}
    if public and party.name is None:
        yield Fault(f"{pointer}/name", "required", "村或单位须填名称。", "A village or organisation needs its name.")
    if not public and party.person is None:
        yield Fault(
            f"{pointer}/person", "required", "户或个人须填当事人姓名。", "A household or person needs the person."
        )
    if not public and party.name is not None:
        yield Fault(
            f"{pointer}/name",
            "personal_name",
            "个人姓名请填在“当事人”（person）中。",
            "A person's name belongs into person.",
        )


def check_parcels(geometry: PolygonGeometry | MultiPolygonGeometry) -> Iterator[Fault]:
    """Rings are closed, and each parcel has an area that its line does not cross (RFC 7946 §3.1.6, OGC simple features)."""
    at = "/geometry/coordinates"
    if isinstance(geometry, PolygonGeometry):
        found = {at: geometry.coordinates}
    else:
        found = {f"{at}/{number}": rings for number, rings in enumerate(geometry.coordinates)}
    for pointer, rings in found.items():
        still_open = [
            Fault(f"{pointer}/{index}", "open_ring", "多边形须首尾相接。", "A ring must end where it begins.")
            for index, ring in enumerate(rings)
            if ring[0] != ring[-1]
        ]
        yield from still_open or _check_area(pointer, rings)


def _check_area(pointer: str, rings: Sequence[Sequence[tuple[float, float]]]) -> Iterator[Fault]:
    if not parcels.has_area(rings[0]):
        yield Fault(pointer, "no_area", "地块面积为零。", "The parcel has no area.")
        return
    try:
        where = parcels.crossing(rings)
    except parcels.TooComplex:
        yield Fault(
            pointer, "too_complex", "地块边线过于复杂，请简化后再报。", "The parcel's line is too complex; simplify it."
        )
        return
    if where is not None:
        at = f"{where[0]}, {where[1]}"
        yield Fault(
            pointer,
            "crosses_itself",
            f"地块边线自相交（{at}）。",
            f"The parcel's line crosses or touches itself at {at}.",
        )
    elif (hole := parcels.outside(rings)) is not None:
        at = f"{hole[0]}, {hole[1]}"
        yield Fault(
            pointer, "hole_outside", f"挖空部分（{at}）不在地块之内。", f"The hole at {at} is not within the parcel."
        )


def _check_team(data: DisputeIn, today: dt.date) -> Iterator[Fault]:
    team, response = data.task_force, data.response
    if team is not None and team.stationed_from < data.discovered_on:
        yield Fault(
            "/task_force/stationed_from", "before_discovery", "进驻日期早于发现日期。", "Stationed before it was found."
        )
    if team is not None and team.stationed_to is not None and team.stationed_to < team.stationed_from:
        yield Fault("/task_force/stationed_to", "ends_before_start", "撤离日期早于进驻日期。", "Ends before it starts.")
    if response is not None and not data.discovered_on <= response.arrived_on <= today:
        yield Fault(
            "/response/arrived_on", "wrong_date", "到场日期须在发现日期与今天之间。", "Between discovery and today."
        )
    reported = response.police_reported_on if response else None
    if reported is not None and not data.discovered_on <= reported <= today:
        yield Fault(
            "/response/police_reported_on",
            "wrong_date",
            "报警日期须在发现日期与今天之间。",
            "Between discovery and today.",
        )
    if data.resolve_by is not None and data.resolve_by < data.discovered_on:
        yield Fault("/resolve_by", "before_discovery", "化解时限早于发现日期。", "Before it was found.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules need to know of a dispute to judge a move."""

    stage: Stage
    since: dt.date
    """The day of the last move, or of discovery."""
    effective_agreement_on: dt.date | None
    """When the first agreement since then took effect."""
    terms_open: int
    """Agreements with a term not yet performed."""
    lacking: tuple[tuple[str, str], ...] = ()
    """Of each agreement: where it is, and what it lacks or since when it is in effect, in Chinese and English."""


def check_move(now: Standing, move: Move, today: dt.date) -> Iterator[Fault]:
    """The faults of a move to another stage, all of them."""
    if move.to not in NEXT[now.stage]:
        allowed = tuple(sorted(NEXT[now.stage]))
        text = f"“{now.stage.zh}”之后不能是“{move.to.zh}”。", f"{now.stage} cannot become {move.to}."
        yield Fault("/to", "forbidden_move", *text, allowed)
        return
    if not now.since <= move.on <= today:
        yield Fault("/on", "wrong_date", f"日期须在 {now.since} 与今天之间。", f"Between {now.since} and today.")
    if move.to is Stage.REFERRED and move.referred_to is None:
        yield Fault("/referred_to", "required", "移交须填移交单位。", "A referral needs the authority it goes to.")
    if now.stage in ENDED and move.to is Stage.MEDIATING and move.reason is None:
        yield Fault("/reason", "required", "重新调解须填理由。", "Reopening needs a reason.")
    yield from _check_agreed(now, move)


def check_moves(moves: Sequence[Move], discovered_on: dt.date, today: dt.date) -> Iterator[Fault]:
    """The faults of all moves together, where one of them was corrected: each not before the one that it follows."""
    days = [discovered_on, *(move.on for move in moves), today]
    for at, move in enumerate(moves, 1):
        if not days[at - 1] <= move.on <= days[at + 1]:
            zh = f"日期须在前一步（{days[at - 1]}）与后一步（{days[at + 1]}）之间。"
            yield Fault("/changes/on", "wrong_date", zh, f"Between {days[at - 1]} and {days[at + 1]}.")


def _check_agreed(now: Standing, move: Move) -> Iterator[Fault]:
    if move.to is Stage.AGREED and (now.effective_agreement_on is None or now.effective_agreement_on > move.on):
        zh = "；".join(("该日尚无已生效的协议", *(each for each, _ in now.lacking))) + "。"
        en = "; ".join(("There is no agreement in effect on that day", *(each for _, each in now.lacking))) + "."
        yield Fault("/to", "no_agreement", zh, en)
    if move.to is Stage.PERFORMED and now.terms_open:
        text = f"还有 {now.terms_open} 份协议未履行完毕。", f"{now.terms_open} agreements have terms not yet performed."
        yield Fault("/to", "not_performed", *text)


def stored_moves(moves: object) -> list[DoneMove]:
    """The moves of a stored document."""
    return list(msgspec.convert(moves, list[StoredMove]))


def accepted_on(moves: Sequence[Move]) -> dt.date | None:
    """The day of the last acceptance, or of reopening, from which the mediation period runs."""
    days = [move.on for before, move in zip([None, *moves], moves, strict=False) if _starts_period(before, move)]
    return days[-1] if days else None


def _starts_period(before: Move | None, move: Move) -> bool:
    reopened = before is not None and before.to in ENDED and move.to is Stage.MEDIATING
    return move.to is Stage.ACCEPTED or reopened


def settled_on(moves: Sequence[Move]) -> dt.date | None:
    """The day of the agreement, while the dispute stands settled by one."""
    if not moves or moves[-1].to not in SETTLED:
        return None
    agreed: dt.date | None = None
    for move in moves:
        if move.to is Stage.AGREED:
            agreed = move.on
        elif move.to not in SETTLED:  # broken, or taken up again
            agreed = None
    return agreed


def mediation_due_on(accepted: dt.date | None) -> dt.date | None:
    """The end of the mediation period: one month from acceptance (人民调解工作若干规定 §33), rolled over holidays."""
    return ends_on(MEDIATION, accepted) if accepted else None


def derived(moves: Sequence[DoneMove]) -> dict[str, Any]:
    """What follows from the moves: stage, dates, days from acceptance to settlement, the mediation period's end."""
    accepted, settled = accepted_on(moves), settled_on(moves)
    return {
        "stage": moves[-1].to if moves else Stage.REPORTED,
        "moves": list(moves),
        "accepted_on": accepted,
        "settled_on": settled,
        "days_to_settle": (settled - accepted).days if settled and accepted else None,
        "mediation_due_on": mediation_due_on(accepted),
    }


def ended_on(moves: Sequence[Move]) -> dt.date | None:
    """The day the dispute was settled or ended; None while it is open."""
    if not moves or moves[-1].to not in ENDED | SETTLED:
        return None
    first = len(moves) - 1
    while first and moves[first - 1].to in ENDED | SETTLED:
        first -= 1
    return moves[first].on


def referred_on(moves: Sequence[Move]) -> dt.date | None:
    """The day the dispute was last referred to another authority (移交); None if it never was."""
    return max((move.on for move in moves if move.to is Stage.REFERRED), default=None)


def is_overdue(stage: Stage, due: dt.date | None, on: dt.date) -> bool:
    """Whether the mediation period is over and the dispute still in mediation."""
    return stage in PENDING and due is not None and on > due
