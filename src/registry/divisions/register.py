"""The registers, declared."""

from registry.core.divisions import DIVISIONS
from registry.core.principals import EVERYONE, Role
from registry.core.register import Register
from registry.divisions.codes import TITLES
from registry.divisions.models import STAFF
from registry.divisions.projection import DIVISION_DAYS, STAFF_DAYS
from registry.divisions.schemas import Division, DivisionIn, Staff, StaffIn

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
