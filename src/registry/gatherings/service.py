"""One function a use case: what it reads, what it refuses, what it appends."""

from decimal import Decimal

from registry.core.unit_of_work import Change, Current, Draft, Tx
from registry.errors import refuse
from registry.gatherings import rules
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.gatherings.schemas import GatheringIn, ShedIn
from registry.ledger.versions import Append


def record_gathering(tx: Tx, entry_id: str, data: GatheringIn) -> Append:
    """A gathering was called off."""
    return tx.create(GATHERING_REGISTER, entry_id, _gathering(tx, data))


def change_gathering(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """It changed, or was recorded wrongly."""
    current = tx.to_change(GATHERING_REGISTER, entry_id, change)
    return tx.change(current, _gathering(tx, current.changed(GatheringIn, change), current), change)


def void_gathering(tx: Tx, entry_id: str, change: Change) -> Append:
    """It should never have been entered."""
    current = tx.to_change(GATHERING_REGISTER, entry_id, change)
    return tx.void(current, change)


def _gathering(tx: Tx, data: GatheringIn, kept: Current | None = None) -> Draft:
    refuse(rules.check_gathering(data, tx.today))
    columns = {
        "kind": data.kind,
        "measure": data.measure,
        "sessions": data.sessions,
        "planned_from": data.planned_from,
        "decided_on": data.decided_on,
        "notice": data.notice.title if data.notice else None,
    }
    return Draft(data, data.division, columns, {"division_name": tx.place(data.division, data.decided_on, kept=kept)})


def record_shed(tx: Tx, entry_id: str, data: ShedIn) -> Append:
    """A shed was found, or demolished."""
    return tx.create(SHED_REGISTER, entry_id, _shed(tx, data))


def change_shed(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """It was demolished, rechecked, or recorded wrongly."""
    current = tx.to_change(SHED_REGISTER, entry_id, change)
    return tx.change(current, _shed(tx, current.changed(ShedIn, change), current), change)


def void_shed(tx: Tx, entry_id: str, change: Change) -> Append:
    """It should never have been entered."""
    current = tx.to_change(SHED_REGISTER, entry_id, change)
    return tx.void(current, change)


def _shed(tx: Tx, data: ShedIn, kept: Current | None = None) -> Draft:
    refuse(rules.check_shed(data, tx.today))
    columns = {
        "use": data.use,
        "count": data.count,
        "demolished_on": data.demolished_on,
        "notice_served_on": data.notice.served_on if data.notice else None,
        "police_case_number": data.police_case_number,
        "structure": data.structure,
        "area_hundredths": int(Decimal(data.area_m2) * 100) if data.area_m2 else None,
        "found_on": data.found_on,
    }
    return Draft(
        data, data.division, columns, {"division_name": tx.place(data.division, data.demolished_on, kept=kept)}
    )
