"""What a check of the whole finds, and which stretch of a log it is asked to look at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written. Never tells personal data."""

    book: str
    place: str
    """Where: a position and its entry, an access event, a key, a tile."""
    text: str

    def __str__(self) -> str:
        return f"book {self.book}, {self.place}: {self.text}" if self.book else f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one tree of a book, from `start` to before `stop`; its first `sealed` leaves are in the tiles already.

    `start` is a multiple of 256, so that a stretch begins with a tile.
    """

    book: str
    tree: str
    start: int
    stop: int
    sealed: int


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one stretch: what is wrong, and the hashes of its leaves, joined."""

    findings: list[Finding]
    hashes: bytes


def entry_place(position: int, register: str, entry_id: str, number: int) -> str:
    """How a version is named."""
    return f"position {position}, {register}/{entry_id} version {number}"
