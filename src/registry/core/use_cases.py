"""A register's use cases, the plain ones of a register that has nothing of its own to do when it is written, and their end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from registry.core.access_log import plain_of
from registry.core.alerts import AlertIn, AlertKind, raised
from registry.core.fields import value_at
from registry.core.invariants import CaseRules, CaseState, too_early
from registry.core.register import Register
from registry.core.schemas import Change
from registry.core.unit_of_work import Current, Draft, Tx
from registry.errors import Fault, refuse
from registry.ledger.batch import WriteOutcome
from registry.ledger.versions import Append

T = TypeVar("T", bound=msgspec.Struct)

Written = Append | None | tuple[Append | None, ...]
"""What a use case appends: the first is the answer; None where nothing changes."""


@dataclass(frozen=True)
class Writes:
    """The use cases behind the standard endpoints: POST and PUT, PATCH and `correct`, `void`."""

    record: Callable[[Tx, str, Any], Written]
    change: Callable[[Tx, str, Change], Written]
    void: Callable[[Tx, str, Change], Written]


def plain_writes(register: Register, draft: Callable[[Tx, T, Current | None], Draft]) -> Writes:
    """The use cases of a register whose `draft` says all: what is kept of what was sent, beside what stands (None: nothing yet).

    `draft` raises Refused where a rule does not hold.
    """
    shape: type[T] = register.shape  # type: ignore[assignment]

    def record(tx: Tx, entry_id: str, data: T) -> Append:
        return tx.create(register, entry_id, draft(tx, data, None))

    def change(tx: Tx, entry_id: str, change: Change) -> Append | None:
        current = tx.to_change(register, entry_id, change)
        return tx.change(current, draft(tx, current.changed(shape, change), current), change)

    return Writes(record, change, plain_void(register))


def plain_void(register: Register) -> Callable[[Tx, str, Change], Written]:
    """The use case of voiding, with what belongs to the entry where that is asked for."""

    def void(tx: Tx, entry_id: str, change: Change) -> Written:
        entry = tx.void(tx.to_change(register, entry_id, change), change)
        return (entry, *_void_children(tx, register, entry_id, change)) if change.children else entry

    return void


def _void_children(tx: Tx, register: Register, case_id: str, change: Change) -> Iterator[Append]:
    """All that belongs to a case that is voided. Raises Forbidden where another office keeps some of it."""
    case = tx.rulebook.cases.get(register.name)
    for part in case.parts if case else ():
        for child in tx.of_case(part, case_id):
            yield tx.void(tx.to_change(part, child["id"], replace(change, expected=None)), change)


def outcome(tx: Tx, written: Written) -> WriteOutcome:
    """What a use case comes to: the versions to append. Raises Refused where a case would not hold as it would be."""
    appends = [each for each in (written if isinstance(written, tuple) else (written,)) if each is not None]
    refuse(fault for each in appends for fault in _too_early(tx, each))
    for kind, case_id in dict.fromkeys((each.case_kind, each.case_id) for each in appends):
        if kind in tx.rulebook.cases:
            case = tx.rulebook.cases[kind]
            mine = [each for each in appends if (each.case_kind, each.case_id) == (kind, case_id)]
            before = _standing(tx, case, case_id, mine)
            written_now = {(each.register, each.entry_id) for each in mine}
            refuse(case.faults(before, _after(case, before, mine), written_now))
    return WriteOutcome(appends=[*appends, *(alert for each in appends for alert in _alerts(tx, each))])


def _alerts(tx: Tx, append: Append) -> Iterator[Append]:
    """What the supervisor is told of a version that the one before it did not say."""
    register = tx.rulebook.registers[append.register]
    if append.voided:
        if tx.who.role not in register.voiders:
            yield _alert(register, append.entry_id, append.division, AlertKind.VOIDED, "录入人在 24 小时内作废。")
        return
    told = _telling(append.document)
    if told:
        before = tx.current(register, append.entry_id).document if append.number > 1 else {}
        for kind, title in sorted(told - _telling(before)):
            yield _alert(register, append.entry_id, append.division, kind, title)


def _alert(register: Register, entry_id: str, division: str, kind: AlertKind, title: str) -> Append:
    told = AlertIn(kind=kind, title=f"{register.title}：{title}", register=register.name, entry_id=entry_id)
    return raised(told, division)


def ask_to_void(tx: Tx, register: Register, entry_id: str, change: Change) -> Append:
    """An office asks for an entry to be voided: the supervisor is told. The entry stays as it is."""
    current = tx.to_change(register, entry_id, change)
    reason = change.reason.code.zh if change.reason else ""
    return _alert(register, entry_id, current.seen.division, AlertKind.VOID_REQUESTED, f"申请作废（{reason}）。")


def _telling(document: Mapping[str, Any]) -> set[tuple[AlertKind, str]]:
    """The alerts that an entry is about. A late visit is no news: lists and statistics tell of those."""
    irregular = {
        (AlertKind.IRREGULARITY, each["zh"]) for each in document.get("irregularities", ()) if each["code"] != "late"
    }
    serious = "serious_incident" in document.get("alerts", ())
    return irregular | ({(AlertKind.SERIOUS_INCIDENT, "走访中记录到肇祸、自杀未遂等严重情况。")} if serious else set())


def _too_early(tx: Tx, append: Append) -> list[Fault]:
    """The dates of a version that lie before all that an entry can tell of; what stood before it stays."""
    register = tx.rulebook.registers[append.register]
    found = list(too_early(register, append.document, tx.rulebook.earliest, tx.today))
    if not found or append.number == 1 or append.voided:
        return [] if append.voided else found
    before = tx.current(register, append.entry_id).document
    after = plain_of(append)
    return [fault for fault in found if value_at(before, fault.pointer) != value_at(after, fault.pointer)]


def _standing(tx: Tx, case: CaseRules, case_id: str, appends: Sequence[Append]) -> CaseState:
    """The case before the write."""
    if any(each.register == case.head.name and each.number == 1 for each in appends):
        return CaseState(None, {register.name: [] for register in case.parts})
    head = tx.current(case.head, case_id)
    parts = {register.name: tx.of_case(register, case_id) for register in case.parts}
    return CaseState(None if head.seen.voided else head.document, parts)


def _after(case: CaseRules, before: CaseState, appends: Sequence[Append]) -> CaseState:
    """The case after it."""
    entries = {name: {entry["id"]: entry for entry in found} for name, found in before.parts.items()}
    entries[case.head.name] = {entry["id"]: entry for entry in before.entries(case.head.name)}
    for append in appends:
        entries[append.register].pop(append.entry_id, None)
        if not append.voided:
            entries[append.register][append.entry_id] = plain_of(append) if append.plain else append.document
    heads = list(entries.pop(case.head.name).values())
    return CaseState(heads[0] if heads else None, {name: list(found.values()) for name, found in entries.items()})
