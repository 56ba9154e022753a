"""A register's use cases, and the plain ones of a register that has nothing of its own to do when it is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from registry.core.register import Register
from registry.core.unit_of_work import Change, Current, Draft, Tx
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


def plain_void(register: Register) -> Callable[[Tx, str, Change], Append]:
    """The use case of voiding where nothing else follows from it."""

    def void(tx: Tx, entry_id: str, change: Change) -> Append:
        return tx.void(tx.to_change(register, entry_id, change), change)

    return void
