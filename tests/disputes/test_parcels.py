"""Which lines on the map bound a parcel."""

import random
from math import cos, pi, sin

import pytest

from registry.disputes import parcels
from registry.disputes.parcels import Position, TooComplex, crossing, has_area, outside

Ring = list[Position]


def ring(*points: Position) -> Ring:
    return [*points, points[0]]


SQUARE = ring((0, 0), (4, 0), (4, 4), (0, 4))


@pytest.mark.parametrize(
    "line",
    [
        SQUARE,
        SQUARE[::-1],
        ring((0, 0), (2, 0), (4, 0), (4, 4)),  # a point on a side
        ring((0, 0), (0, 0), (4, 0), (4, 4)),  # a point twice
        ring((0, 0), (4, 0), (4, 4), (2, 1), (0, 4)),
    ],
)
def test_parcels(line: Ring) -> None:
    assert has_area(line)
    assert crossing([line]) is None


@pytest.mark.parametrize(
    "line", [ring((0, 0), (4, 0), (2, 0)), ring((0, 0), (4, 4), (2, 2)), ring((1, 1), (1, 1), (1, 1))]
)
def test_a_line_to_and_fro_has_no_area(line: Ring) -> None:
    assert not has_area(line)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (ring((0, 0), (4, 4), (4, 0), (0, 4)), (2, 2)),  # a bow tie
        (ring((0, 0), (4, 0), (2, 2), (4, 4), (0, 4), (2, 2)), (2, 2)),  # a corner on a corner
        (ring((0, 0), (4, 0), (4, 4), (2, 0), (0, 4)), (2, 0)),  # a corner on a side
        (ring((0, 0), (4, 0), (4, 4), (6, 6), (4, 4), (0, 4)), (4, 4)),  # a spike
    ],
)
def test_a_line_that_crosses_or_touches_itself_is_none(line: Ring, where: Position) -> None:
    assert crossing([line]) == pytest.approx(where)


def test_holes_lie_within_and_may_touch_the_line_at_a_point() -> None:
    inside, touching = ring((1, 1), (2, 1), (2, 2)), ring((0, 0), (2, 1), (1, 2))
    assert crossing([SQUARE, inside]) is outside([SQUARE, inside]) is None
    assert crossing([SQUARE, touching]) is outside([SQUARE, touching]) is None
    assert crossing([SQUARE, ring((3, 1), (5, 1), (3, 3))]) is not None
    assert crossing([SQUARE, ring((0, 1), (0, 3), (2, 2))]) is not None  # along a side
    far = ring((8, 8), (9, 8), (9, 9))
    assert (crossing([SQUARE, far]), outside([SQUARE, far])) == (None, (8, 8))


def test_where_it_begins_and_which_way_it_goes_makes_no_difference() -> None:
    luck = random.Random(5)
    for _ in range(300):
        points = [(luck.randint(0, 9), luck.randint(0, 9)) for _ in range(luck.randint(3, 7))]
        turned = [*points[2:], *points[:2]]
        found = {crossing([ring(*each)]) is None for each in (points, points[::-1], turned)}
        assert len(found) == 1, points


def test_what_is_too_complex_is_not_looked_at_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    circle = ring(*((cos(at / 100 * 2 * pi), sin(at / 100 * 2 * pi)) for at in range(100)))
    assert crossing([circle]) is None
    monkeypatch.setattr(parcels, "MOST", 50)
    with pytest.raises(TooComplex):
        crossing([circle])
