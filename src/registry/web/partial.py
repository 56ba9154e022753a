"""`fields=`: an entry with only some of its fields, so that whoever needs less of a person is shown less."""

from dataclasses import dataclass, replace
from functools import lru_cache

import msgspec
from msgspec.structs import fields

from registry.core.fields import personal_paths
from registry.core.principals import Principal
from registry.core.reader import Shown
from registry.core.register import Register
from registry.errors import Fault, Refused
from registry.ledger.versions import encode

ALWAYS = frozenset({"id", "meta"})
"""Without them nobody could tell which version of what it is."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields of a register's entries that a request asks for; None: all."""

    register: Register
    names: frozenset[str] | None = None

    def masking(self, who: Principal) -> Principal:
        """The caller, who is shown nothing in plain where no personal field is asked for: then none is opened, and none is recorded
        as read.
        """
        if self.names is None or any(path[0] in self.names for path, _ in personal_paths(self.register.entry)):
            return who
        return replace(who, masked=True, glasses=())

    def of(self, shown: Shown) -> Shown:
        """What was found, with these fields only."""
        if self.names is None:
            return shown
        wanted = ALWAYS | self.names
        return replace(shown, bodies=[_part(body, wanted) for body in shown.bodies])


def _part(body: bytes, wanted: frozenset[str]) -> bytes:
    return encode({name: value for name, value in msgspec.json.decode(body).items() if name in wanted})


def selected(register: Register, names: str | None) -> Selection:
    """The selection that the parameter asks for. Raises Refused for fields that entries of the register do not have."""
    if names is None:
        return Selection(register)
    wanted, known = names.split(","), _fields(register.entry)
    if unknown := [name for name in wanted if name not in known]:
        said = f"没有字段 {unknown[0]}。", f"There is no field {unknown[0]}."
        raise Refused(faults=[Fault("#fields", "unknown_name", *said, known)])
    return Selection(register, frozenset(wanted))


@lru_cache(maxsize=64)
def _fields(shape: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in fields(shape))
