"""One function a use case: what it reads, what it refuses, what it appends."""

import datetime as dt
from typing import Any

from registry.core.register import Register
from registry.core.schemas import Change
from registry.core.scope import inside
from registry.core.unit_of_work import Current, Draft, Tx
from registry.core.use_cases import Writes, Written, plain_writes
from registry.divisions import rules
from registry.divisions.register import DIVISION_REGISTER, STAFF_REGISTER
from registry.divisions.schemas import Closing, DivisionIn, Renaming, StaffIn
from registry.errors import Conflict, Fault, Refused, refuse
from registry.ledger.versions import Append, VersionCause

UNCHANGED: dict[str, object] = {"former_names": [], "closed_on": None, "merged_into": None}


def record_division(tx: Tx, entry_id: str, data: DivisionIn) -> Append:
    """A place there was no entry for."""
    return tx.create(DIVISION_REGISTER, entry_id, _division(tx, data, dict(UNCHANGED)))


def change_division(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """Its counts changed, or it was recorded wrongly. A new name is a renaming."""
    current = tx.to_change(DIVISION_REGISTER, entry_id, change)
    data = current.changed(DivisionIn, change)
    if data.code != current.document["code"]:
        text = "代码不能更改；请作废后重新录入。", "A code cannot change; void the division and enter it anew."
        raise Refused(faults=[Fault("/code", "code_change", *text)])
    if change.reason is None and data.name != current.document["name"]:
        text = (
            "更名请用更名操作（rename）；录错的名称请用更正操作（correct）。",
            "A new name takes rename; a wrong one takes correct.",
        )
        raise Refused(faults=[Fault("/name", "needs_rename", *text)])
    return tx.change(current, _division(tx, data, _kept(current)), change)


def rename_division(tx: Tx, entry_id: str, data: Renaming, change: Change) -> Append | None:
    """It has a new name from a day on."""
    current = _open(tx, entry_id, change)
    if data.on <= dt.date.fromisoformat(current.document["valid_from"]):
        raise Refused(
            faults=[Fault("/on", "before_valid", "更名日期须晚于启用日期。", "It was not valid before that day.")]
        )
    name, former = _renamed(current.document, data)
    renamed = current.changed(DivisionIn, Change({"name": name}, None))
    return tx.change(current, _division(tx, renamed, {**_kept(current), "former_names": former}), change)


def _renamed(document: dict[str, Any], data: Renaming) -> tuple[str, list[dict[str, str]]]:
    """Its name of today and its former ones, by their own dates: a renaming that is recorded late holds until the next one."""
    former: list[dict[str, str]] = [dict(each) for each in document["former_names"]]
    at = sum(each["until"] < data.on.isoformat() for each in former)
    was = former[at]["name"] if at < len(former) else document["name"]
    last_day = (data.on - dt.timedelta(days=1)).isoformat()
    if data.name == was:
        raise Refused(faults=[Fault("/name", "no_change", "与当日的名称相同。", "It had that name on the day.")])
    if at and former[at - 1]["until"] == last_day:
        raise Refused(faults=[Fault("/on", "renamed_that_day", "当日已有一次更名。", "It was renamed on that day.")])
    if at == len(former):
        return data.name, [*former, {"name": was, "until": last_day}]
    former[at]["name"] = data.name
    return document["name"], [*former[:at], {"name": was, "until": last_day}, *former[at:]]


def close_division(tx: Tx, entry_id: str, data: Closing, change: Change) -> Append | None:
    """It ends on a day, perhaps merged into another; entries in it keep their meaning."""
    current = _open(tx, entry_id, change)
    if data.on < dt.date.fromisoformat(current.document["valid_from"]):
        raise Refused(faults=[Fault("/on", "before_valid", "撤销日期早于启用日期。", "It closes before it was valid.")])
    if data.merged_into is not None:
        _check_successor(tx, current, data.merged_into)
    kept = {**_kept(current), "closed_on": data.on.isoformat(), "merged_into": data.merged_into}
    draft = _division(tx, current.data(DivisionIn), kept)
    draft.cause = VersionCause.MERGE if data.merged_into else VersionCause.API
    return tx.change(current, draft, change)


def void_division(tx: Tx, entry_id: str, change: Change) -> Written:
    """It should never have been entered: only while nothing lies in it."""
    current = tx.to_change(DIVISION_REGISTER, entry_id, change)
    code = current.document["code"]
    if code and (held := _holding(tx, code)):
        text = (
            f"该区划内还有记录（{held.title}），不能作废；撤销请用 close。",
            f"Entries lie in it ({held.name}): close it instead.",
        )
        raise Refused(faults=[Fault("", "has_children", *text)])
    return tx.void(current, change)


def _holding(tx: Tx, code: str) -> Register | None:
    """A register with an entry in a division, or a division below it."""
    for register in tx.rulebook.registers.values():
        table = register.table
        below = table.c.parent == code if register is DIVISION_REGISTER else inside(table, code)
        query = tx.view.rows(register, [table.c.entry_id]).where(below).limit(1)
        if tx.batch.connection.execute(query, tx.view.bound({"a": 0, "d": code})).first() is not None:
            return register
    return None


def _open(tx: Tx, entry_id: str, change: Change) -> Current:
    current = tx.to_change(DIVISION_REGISTER, entry_id, change)
    if current.document["closed_on"] is not None:
        raise Conflict(zh="该行政区划已撤销。", en="This division is closed.")
    return current


def _check_successor(tx: Tx, current: Current, code: str) -> None:
    found = tx.find_place(code)
    own = current.document
    if found is None or found.closed_on or found.level != own["level"] or code == own["code"]:
        text = "并入的区划须存在、未撤销、层级相同。", "It must merge into another open division of its level."
        raise Refused(faults=[Fault("/merged_into", "wrong_successor", *text)])


def _kept(current: Current) -> dict[str, object]:
    return {name: current.document[name] for name in UNCHANGED}


def _division(tx: Tx, data: DivisionIn, derived: dict[str, object]) -> Draft:
    book = tx.who.book
    parent = tx.find_place(data.parent) if data.parent else None
    refuse(rules.check_division(data, parent.level if parent else None, book))
    return Draft(data, data.code or data.parent or book, derived)


def staff(tx: Tx, data: StaffIn, kept: Current | None) -> Draft:
    """A member of the grid staff, as they shall be kept."""
    refuse(rules.check_staff(data, tx.today))
    return Draft(
        data, data.division, {"division_name": tx.place(data.division, data.since, kept=kept, days=("since",))}
    )


DIVISION_WRITES = Writes(record_division, change_division, void_division)
STAFF_WRITES = plain_writes(STAFF_REGISTER, staff)
