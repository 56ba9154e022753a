"""The registers, declared."""

from registry.access.places import DIVISIONS
from registry.access.principals import EVERYONE, Role
from registry.access.register import Register
from registry.divisions.days import DIVISION_DAYS, STAFF_DAYS
from registry.divisions.models import STAFF
from registry.divisions.schemas import Division, DivisionIn, Staff, StaffIn
from registry.divisions.titles import TITLES

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})

DIVISION_REGISTER = Register(
    "divisions",
    "行政区划",
    DIVISIONS,
    DivisionIn,
    Division,
    readers=EVERYONE,
    writers=ADMINISTRATORS,
    voiders=ADMINISTRATORS,
    open=True,
    days=DIVISION_DAYS,
    titles=TITLES,
)

STAFF_REGISTER = Register("grid-staff", "网格员台账", STAFF, StaffIn, Staff, days=STAFF_DAYS, titles=TITLES)
