"""Whether a line on the map bounds a parcel: it has an area, and does not cross itself (RFC 7946 §3.1.6, OGC simple features).

Exact, in whole units of a billionth of a degree (0.1 mm): a parcel that is drawn with care is not refused for a rounding.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

Position = tuple[float, float]
Point = tuple[int, int]
UNIT = 10**9
MOST = 1_000_000
"""Pairs of sides that are looked at; a line that needs more is drawn with other care than a parcel needs."""


class TooComplex(Exception):
    """The line has more sides beside each other than can be looked at."""


class Side(NamedTuple):
    """One side of a ring: from a point to the next, which ring, which of how many sides."""

    start: Point
    end: Point
    ring: int
    place: int
    sides: int


def has_area(ring: Sequence[Position]) -> bool:
    """Whether the outer ring bounds anything at all: its points are not all on one line."""
    points = _points(ring)
    return any(_turn(points[0], points[1], point) for point in points[2:])


def crossing(rings: Sequence[Sequence[Position]]) -> Position | None:
    """Where sides of these rings cross, or a ring touches itself; None where none does. Raises TooComplex.

    Sides are looked at from west to east, each beside those that it overlaps so.
    """
    looked, beside = 0, list[Side]()
    for side in sorted(_sides(rings), key=lambda each: min(each.start[0], each.end[0])):
        west = min(side.start[0], side.end[0])
        beside = [each for each in beside if max(each.start[0], each.end[0]) >= west]
        looked += len(beside)
        if looked > MOST:
            raise TooComplex
        for other in beside:
            if _meet(side, other):
                return _where(side, other)
        beside.append(side)
    return None


def outside(rings: Sequence[Sequence[Position]]) -> Position | None:
    """The first position of a hole that does not lie in the outer ring; None where all do."""
    shell = _points(rings[0])
    for hole in rings[1:]:
        told = (_is_inside(point, shell) for point in _points(hole))
        if next((each for each in told if each is not None), True) is False:
            return hole[0]
    return None


def _points(ring: Sequence[Position]) -> list[Point]:
    """The points of a ring, none twice in a row."""
    points = [(round(lon * UNIT), round(lat * UNIT)) for lon, lat in ring]
    return points[:1] + [point for before, point in pairwise(points) if point != before]


def _sides(rings: Sequence[Sequence[Position]]) -> Iterator[Side]:
    for number, ring in enumerate(rings):
        points = _points(ring)
        for place, (start, end) in enumerate(pairwise(points)):
            yield Side(start, end, number, place, len(points) - 1)


def _turn(a: Point, b: Point, c: Point) -> int:
    """Greater than 0 where c lies left of the line from a to b, 0 where on it."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on(side: Side, point: Point) -> bool:
    """Whether a point of the side's line lies between its ends."""
    (west, east), (south, north) = (sorted(pair) for pair in zip(side.start, side.end, strict=True))
    return west <= point[0] <= east and south <= point[1] <= north


def _meet(one: Side, other: Side) -> bool:
    """Whether two sides have in common what they must not: more than the corner that follows from one to the other; of two rings,
    more than a point.
    """
    turns = (
        _turn(one.start, one.end, other.start), _turn(one.start, one.end, other.end),
        _turn(other.start, other.end, one.start), _turn(other.start, other.end, one.end),
    )  # fmt: skip
    if all(turns):
        return (turns[0] > 0) is not (turns[1] > 0) and (turns[2] > 0) is not (turns[3] > 0)
    if not any(turns):
        return _overlap(one, other)
    if one.ring != other.ring or abs(one.place - other.place) in {1, one.sides - 1}:
        return False
    return next(_touches(one, other), None) is not None


def _touches(one: Side, other: Side) -> Iterator[Point]:
    """The ends of either side that lie on the other."""
    for side, points in ((one, (other.start, other.end)), (other, (one.start, one.end))):
        yield from (point for point in points if _turn(side.start, side.end, point) == 0 and _on(side, point))


def _overlap(one: Side, other: Side) -> bool:
    """Whether two sides on one line have more than a point in common; of one ring that do not follow each other, a point."""
    shared = [max(min(a), min(b)) for a, b in _spans(one, other)], [min(max(a), max(b)) for a, b in _spans(one, other)]
    if any(first > last for first, last in zip(*shared, strict=True)):
        return False
    follows = one.ring != other.ring or abs(one.place - other.place) in {1, one.sides - 1}
    return not follows or any(first < last for first, last in zip(*shared, strict=True))


def _spans(one: Side, other: Side) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return [((one.start[axis], one.end[axis]), (other.start[axis], other.end[axis])) for axis in (0, 1)]


def _where(one: Side, other: Side) -> Position:
    """About where two sides meet, for the one who looks for it on the map."""
    touched = next(_touches(one, other), None)
    if touched is not None:
        return touched[0] / UNIT, touched[1] / UNIT
    first, second = _turn(one.start, one.end, other.start), _turn(one.start, one.end, other.end)
    share = first / (first - second)
    lon, lat = (start + share * (end - start) for start, end in zip(other.start, other.end, strict=True))
    return round(lon / UNIT, 7), round(lat / UNIT, 7)


def _is_inside(point: Point, shell: Sequence[Point]) -> bool | None:
    """Whether a point lies in a ring; None where it lies on it."""
    inside = False
    for place, (start, end) in enumerate(pairwise(shell)):
        turn = _turn(start, end, point)
        if turn == 0 and _on(Side(start, end, 0, place, 0), point):
            return None
        if (start[1] > point[1]) is not (end[1] > point[1]) and (turn > 0) is (end[1] > start[1]):
            inside = not inside
    return inside
