"""What must hold between somebody in care and the visits to them; no database, no HTTP."""

from collections.abc import Iterator

from registry.core.invariants import BrokenRule, CaseRules, CaseState, EntryField, Invariant, order
from registry.followups.codes import CareStatus
from registry.followups.register import PATIENT_REGISTER, VISIT_REGISTER

BORN, IN_CARE, VISITED = "patients/birth_date", "patients/in_care_since", "visits/visited_on"
DIED = frozenset({"patients/status", "patients/left_care_on", "visits/died_on"})


def deaths(state: CaseState) -> Iterator[tuple[EntryField, str]]:
    """The days of death that the entries give, and where each says so."""
    for visit in state.entries("visits"):
        if visit["died_on"] is not None:
            yield EntryField("visits", visit["id"], "/died_on"), visit["died_on"]
    for patient in state.entries("patients"):
        if patient["status"] == CareStatus.DIED:
            yield EntryField("patients", patient["id"], "/left_care_on"), patient["left_care_on"]


def nobody_dies_twice(state: CaseState) -> Iterator[BrokenRule]:
    """One day of death."""
    told = sorted(deaths(state), key=lambda death: death[1])
    for place, day in told[1:]:
        if day != told[0][1]:
            zh, en = f"与已记录的死亡日期（{told[0][1]}）不同。", f"Another day of death is recorded: {told[0][1]}."
            yield BrokenRule("died_twice", zh, en, (place, told[0][0]))


def nobody_is_seen_after_death(state: CaseState) -> Iterator[BrokenRule]:
    """No visit after the death at which the person was seen."""
    for place, day in deaths(state):
        for visit in state.entries("visits"):
            if visit["seen"] and visit["visited_on"] > day:
                zh = f"该患者已于{day}死亡，{visit['visited_on']}的走访不能为见到本人。"
                en = f"Died on {day}: a visit of {visit['visited_on']} cannot have seen them."
                yield BrokenRule("seen_after_death", zh, en, (EntryField("visits", visit["id"], "/seen"), place))


def the_dead_are_not_in_care(state: CaseState) -> Iterator[BrokenRule]:
    """The roster follows the visit that tells of a death."""
    for patient in state.entries("patients"):
        for visit in state.entries("visits"):
            if visit["died_on"] is not None and patient["status"] in {CareStatus.IN_CARE, CareStatus.LOST}:
                zh, en = f"走访已记录其于{visit['died_on']}死亡。", f"A visit tells of the death on {visit['died_on']}."
                places = EntryField("patients", patient["id"], "/status"), EntryField("visits", visit["id"], "/died_on")
                yield BrokenRule("in_care_after_death", zh, en, places)


PATIENT_CASE = CaseRules(
    PATIENT_REGISTER,
    (VISIT_REGISTER,),
    (
        order(IN_CARE, VISITED, "before_care", "走访日期（{day}）早于建档日期（{since}）。", "The visit of {day} is before the start of care, {since}."),
        order(BORN, "visits/discharged_on", "before_birth", "出院日期（{day}）早于出生日期。", "The discharge of {day} is before the birth."),
        order(BORN, "visits/died_on", "before_birth", "死亡日期（{day}）早于出生日期。", "The death of {day} is before the birth."),
        Invariant(DIED, nobody_dies_twice),
        Invariant(DIED, the_dead_are_not_in_care),
        Invariant(DIED | {VISITED, "visits/seen"}, nobody_is_seen_after_death),
    ),
)  # fmt: skip
