"""Small counts of people: under five they could tell who it is, so they are not shown to those who may not see personal data."""

from registry.access.principals import Principal

SMALLEST = 5


def shown(who: Principal, count: int) -> int | None:
    """The count, or None where it is from 1 to 4 and the caller may not see personal data."""
    return None if 0 < count < SMALLEST and not who.sees_personal else count
