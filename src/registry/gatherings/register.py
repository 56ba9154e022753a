"""The registers, declared."""

from sqlalchemy import func

from registry.access.register import Measure, Register
from registry.gatherings.days import GATHERING_DAYS, SHED_DAYS
from registry.gatherings.models import CALLED_OFF, GATHERINGS, SHEDS
from registry.gatherings.rules import DEMOLITION_RULE
from registry.gatherings.schemas import Gathering, GatheringIn, Shed, ShedIn

GATHERING_REGISTER = Register(
    "gatherings",
    "取消聚集活动台账",
    GATHERINGS,
    GatheringIn,
    Gathering,
    days=GATHERING_DAYS,
    measures=(
        Measure(
            "gatherings_cancelled",
            "取消或暂停各类聚集活动",
            "场",
            func.coalesce(func.sum(GATHERINGS.c.sessions), 0),
            GATHERINGS.c.decided_on,
            where=(GATHERINGS.c.measure.in_(CALLED_OFF),),
        ),
    ),
)

SHED_REGISTER = Register(
    "sheds",
    "简易棚拆除台账",
    SHEDS,
    ShedIn,
    Shed,
    days=SHED_DAYS,
    rules=(DEMOLITION_RULE,),
    measures=(
        Measure(
            "sheds_demolished",
            "铲除易诱发聚集赌博(娱乐)场所(简易棚)",
            "个",
            func.coalesce(func.sum(SHEDS.c.count), 0),
            SHEDS.c.demolished_on,
        ),
    ),
)
