"""What each endpoint promises: what it takes and answers. The published document is made from these, and they are what
the handlers enforce.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from registry import errors
from registry.core.alerts import Alert
from registry.core.queries import AsOfQuery, DayQuery, NoQuery, PageQuery
from registry.core.register import Register
from registry.errors import RegistryError
from registry.web.call import Correction, Voiding, VoidRequest

Problems = tuple[type[RegistryError], ...]

GUARDED: Problems = (
    errors.Malformed, errors.Unauthenticated, errors.Forbidden, errors.Refused, errors.Unavailable
)  # fmt: skip
WRITING: Problems = (
    *GUARDED,
    errors.TooLarge,
    errors.WrongMediaType,
    errors.KeyReused,
    errors.EntryErased,
    errors.EntryExists,
    errors.Conflict,
    errors.OutcomeUnknown,
)
CHANGING: Problems = (
    *WRITING,
    errors.EntryVoided,
    errors.NotFound,
    errors.PreconditionFailed,
    errors.PreconditionNeeded,
)


@dataclass(frozen=True, slots=True)
class Other:
    """An answer that is neither what was asked for nor a problem, where a published format wants it so."""

    status: int
    media: str
    about: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One endpoint's promise."""

    answer: type[msgspec.Struct] | None
    status: int = 200
    many: bool = False
    """Whether the answer is a page of these."""
    body: type[msgspec.Struct] | None = None
    patch: bool = False
    """Whether the body is a merge patch of that shape."""
    corrects: type[msgspec.Struct] | None = None
    """For a correction: the shape that its changes patch."""
    query: type[msgspec.Struct] = NoQuery
    headers: tuple[str, ...] = ()
    problems: Problems = GUARDED
    public: bool = False
    """Whether it answers without a key."""
    media: str | None = None
    """The media type of an answer that is no JSON."""
    also: tuple[str, ...] = ()
    """Media types that the same answer comes in besides JSON."""
    sends: str | None = None
    """The media type of a body that is no JSON."""
    other: Other | None = None


def _opt(contract: Contract) -> dict[str, Any]:
    return {"contract": contract}


def lists(register: Register) -> dict[str, Any]:
    """A page of entries, last change first."""
    return _opt(Contract(register.entry, many=True, query=register.filters.query, headers=("If-None-Match",)))


def searches(register: Register, body: type[msgspec.Struct]) -> dict[str, Any]:
    """Entries that have this ID number or phone."""
    problems = (*GUARDED, errors.TooLarge, errors.WrongMediaType)
    return _opt(Contract(register.entry, many=True, query=PageQuery, body=body, problems=problems))


def item(register: Register) -> dict[str, Any]:
    """One entry, perhaps as it was on a day."""
    return reads(register.entry, DayQuery)


def reads(
    answer: type[msgspec.Struct], query: type[msgspec.Struct] = AsOfQuery, also: tuple[str, ...] = ()
) -> dict[str, Any]:  # fmt: skip
    """One answer about one entry."""
    problems = (*GUARDED, errors.NotFound)
    return _opt(Contract(answer, query=query, headers=("If-None-Match",), problems=problems, also=also))


def publishes(answer: type[msgspec.Struct]) -> dict[str, Any]:
    """What is the same for every caller with a key and tells of no record."""
    return _opt(Contract(answer, headers=("If-None-Match",), problems=(*GUARDED, errors.NotFound)))


def lists_versions(register: Register) -> dict[str, Any]:
    """The versions of one entry, first to last."""
    problems = (*GUARDED, errors.NotFound)
    return _opt(Contract(register.entry, many=True, query=PageQuery, headers=("If-None-Match",), problems=problems))


def creates(register: Register) -> dict[str, Any]:
    """A new entry, whose id the server chooses."""
    return _opt(Contract(register.entry, 201, body=register.shape, headers=("Idempotency-Key",), problems=WRITING))


def puts(register: Register) -> dict[str, Any]:
    """A new entry, whose id the client chose."""
    problems = (*WRITING, errors.PreconditionFailed, errors.NotFound)
    headers = ("Idempotency-Key", "If-None-Match")
    return _opt(Contract(register.entry, 201, body=register.shape, headers=headers, problems=problems))


def changes(register: Register) -> dict[str, Any]:
    """A merge patch."""
    headers = ("If-Match", "Idempotency-Key")
    return _opt(Contract(register.entry, body=register.shape, patch=True, headers=headers, problems=CHANGING))


def acts(register: Register, body: type[msgspec.Struct]) -> dict[str, Any]:
    """A verb of the domain, done to an entry."""
    return _opt(Contract(register.entry, body=body, headers=("If-Match", "Idempotency-Key"), problems=CHANGING))


def corrects(register: Register) -> dict[str, Any]:
    """A correction (更正)."""
    headers = ("If-Match", "Idempotency-Key")
    return _opt(Contract(register.entry, body=Correction, corrects=register.shape, headers=headers, problems=CHANGING))


def asks_to_void() -> dict[str, Any]:
    """A request for a voiding (申请作废), answered with the alert that the supervisor gets."""
    return _opt(Contract(Alert, 201, body=VoidRequest, headers=("If-Match", "Idempotency-Key"), problems=CHANGING))


def voids(register: Register) -> dict[str, Any]:
    """A voiding (作废)."""
    return acts(register, Voiding)
