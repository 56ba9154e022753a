"""What is kept of a gathering and of a shed: the rules looked at, the name of the place added."""

from registry.core.unit_of_work import Current, Draft, Tx
from registry.core.use_cases import plain_writes
from registry.errors import refuse
from registry.gatherings import rules
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.gatherings.schemas import GatheringIn, ShedIn


def gathering(tx: Tx, data: GatheringIn, kept: Current | None) -> Draft:
    """A gathering that was called off, as it shall be kept."""
    refuse(rules.check_gathering(data, tx.today))
    name = tx.place(data.division, data.decided_on, kept=kept, days=("decided_on",))
    return Draft(data, data.division, {"division_name": name, "irregularities": [*rules.irregular_gathering(data)]})


def shed(tx: Tx, data: ShedIn, kept: Current | None) -> Draft:
    """A shed, standing or demolished, as it shall be kept."""
    refuse(rules.check_shed(data, tx.today))
    name = tx.place(data.division, data.demolished_on or data.found_on, kept=kept, days=("demolished_on", "found_on"))
    return Draft(data, data.division, {"division_name": name, "irregularities": [*rules.irregular_shed(data)]})


GATHERING_WRITES = plain_writes(GATHERING_REGISTER, gathering)
SHED_WRITES = plain_writes(SHED_REGISTER, shed)
