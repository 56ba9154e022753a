"""The registers, declared."""

from registry.core.filters import Filters
from registry.core.measures import By, Dimension, Measure, Sum, dates, places
from registry.core.register import Names, Register
from registry.gatherings.codes import CALLED_OFF, GatheringKind, GatheringMeasure, ShedStructure, ShedUse
from registry.gatherings.duties import SHED_DUTIES
from registry.gatherings.models import GATHERINGS, SHEDS
from registry.gatherings.projection import (
    GATHERING_DAYS,
    SHED_DAYS,
    gathering_columns,
    gathering_label,
    gathering_upgrade,
    matching_gatherings,
    matching_sheds,
    shed_columns,
    shed_label,
)
from registry.gatherings.rules import DEMOLITION_RULE, GATHERING_FIELDS, SHED_FIELDS
from registry.gatherings.schemas import (
    GATHERING_GROUPS,
    SHED_GROUPS,
    Gathering,
    GatheringIn,
    GatheringQuery,
    Shed,
    ShedIn,
    ShedQuery,
)

_sheds, _area = Sum(SHEDS.c.count), Sum(SHEDS.c.area_hundredths, hundredths=True)
_demolished = {"demolished": "true"}

GATHERING_REGISTER = Register(
    "gatherings",
    "取消聚集活动台账",
    GATHERINGS,
    GatheringIn,
    Gathering,
    Names("a gathering that was called off", "gatherings that were called off", "Gatherings"),
    Filters(GatheringQuery, matching_gatherings),
    label=gathering_label,
    applies=GATHERING_FIELDS,
    upgrade=gathering_upgrade,
    days=GATHERING_DAYS,
    groups=GATHERING_GROUPS,
    columns=gathering_columns,
    measures=(
        Measure("gatherings_entries", "记录", "Entries", "条", dated="decided"),
        Measure("gatherings", "场次", "Gatherings", "场", Sum(GATHERINGS.c.sessions), dated="decided"),
        Measure("gatherings_irregular", "不规范", "Irregular", "条", dated="decided", where={"irregular": "true"}),
        Measure(
            "gatherings_cancelled",
            "取消或暂停",
            "Cancelled or suspended",
            "场",
            Sum(GATHERINGS.c.sessions),
            dated="decided",
            clauses=(GATHERINGS.c.measure.in_(CALLED_OFF),),
        ),
    ),
    dimensions=(
        *places(GATHERINGS),
        Dimension("kind", "活动类型", "Kind of gathering", GATHERINGS.c.kind, codes=GatheringKind),
        Dimension(
            "disposition",
            "处置方式",
            "What was done",
            GATHERINGS.c.measure,
            codes=GatheringMeasure,
        ),
        *dates("处置", "decided", GATHERINGS.c.decided_on, "decided"),
        Dimension("notice", "依据的通告", "Notice", GATHERINGS.c.notice),
    ),
)

SHED_REGISTER = Register(
    "sheds",
    "简易棚拆除台账",
    SHEDS,
    ShedIn,
    Shed,
    Names("a shed", "sheds", "Sheds"),
    Filters(ShedQuery, matching_sheds),
    label=shed_label,
    applies=SHED_FIELDS,
    days=SHED_DAYS,
    groups=SHED_GROUPS,
    columns=shed_columns,
    measures=(
        Measure("sheds_entries", "记录", "Entries", "条"),
        Measure("sheds", "简易棚", "Sheds", "个", _sheds),
        Measure("sheds_area", "面积", "Area", "平方米", _area),
        Measure("sheds_demolished", "已拆除", "Demolished", "个", _sheds, dated="demolished", where=_demolished),
        Measure(
            "sheds_demolished_area",
            "已拆除面积",
            "Area demolished",
            "平方米",
            _area,
            dated="demolished",
            where=_demolished,
        ),
        Measure("sheds_standing", "未拆除", "Standing", "个", _sheds, day="standing_on"),
        Measure(
            "sheds_irregular",
            "拆除不规范",
            "Demolished irregularly",
            "个",
            _sheds,
            dated="demolished",
            where={"irregular": "true"},
        ),
    ),
    dimensions=(
        *places(SHEDS),
        Dimension("use", "用途", "Use", SHEDS.c.use, codes=ShedUse),
        Dimension("structure", "结构", "Structure", SHEDS.c.structure, codes=ShedStructure),
        *dates("拆除", "demolished", SHEDS.c.demolished_on, "demolished"),
        Dimension("found", "发现月份", "Month found", SHEDS.c.found_on, By.MONTH),
    ),
    duties=SHED_DUTIES,
    rules=(DEMOLITION_RULE,),
)
