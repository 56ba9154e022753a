"""The registers, declared."""

from registry.core.divisions import DIVISIONS
from registry.core.filters import Filters
from registry.core.principals import EVERYONE, Role
from registry.core.register import Names, Register
from registry.divisions.models import STAFF
from registry.divisions.projection import (
    DIVISION_DAYS,
    STAFF_DAYS,
    division_label,
    matching_divisions,
    matching_staff,
    staff_label,
)
from registry.divisions.schemas import Division, DivisionIn, DivisionQuery, Staff, StaffIn, StaffQuery

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})

DIVISION_REGISTER = Register(
    "divisions",
    "行政区划",
    DIVISIONS,
    DivisionIn,
    Division,
    Names("a division", "divisions", "Divisions"),
    Filters(DivisionQuery, matching_divisions),
    readers=EVERYONE,
    writers=ADMINISTRATORS,
    voiders=ADMINISTRATORS,
    open=True,
    label=division_label,
    days=DIVISION_DAYS,
)

STAFF_REGISTER = Register(
    "grid-staff",
    "网格员台账",
    STAFF,
    StaffIn,
    Staff,
    Names("a member of staff", "grid staff", "Staff"),
    Filters(StaffQuery, matching_staff),
    label=staff_label,
    days=STAFF_DAYS,
)
