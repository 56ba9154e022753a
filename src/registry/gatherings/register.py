"""The registers, declared."""

from sqlalchemy import func

from registry.code_lists import titles_of
from registry.core.filters import Filters
from registry.core.measures import By, Dimension, How, Measure, Split, Statistic, Statistics, places
from registry.core.register import Names, Register
from registry.gatherings.codes import CALLED_OFF, GatheringKind, GatheringMeasure, ShedStructure, ShedUse
from registry.gatherings.duties import SHED_DUTIES
from registry.gatherings.models import GATHERINGS, SHEDS
from registry.gatherings.projection import (
    GATHERING_DAYS,
    SHED_DAYS,
    gathering_columns,
    matching_gatherings,
    matching_sheds,
    shed_columns,
)
from registry.gatherings.rules import DEMOLITION_RULE
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

GATHERING_REGISTER = Register(
    "gatherings",
    "取消聚集活动台账",
    GATHERINGS,
    GatheringIn,
    Gathering,
    Names("a gathering that was called off", "gatherings that were called off", "Gatherings"),
    Filters(GatheringQuery, matching_gatherings),
    days=GATHERING_DAYS,
    groups=GATHERING_GROUPS,
    section="聚集活动管控",
    columns=gathering_columns,
    statistics=Statistics(
        GatheringQuery,
        matching_gatherings,
        (
            Statistic("records", "记录", "条", dated="decided"),
            Statistic("sessions", "场次", "场", How.SUM, GATHERINGS.c.sessions, dated="decided"),
        ),
        (
            *places(GATHERINGS),
            Dimension("kind", "活动类型", GATHERINGS.c.kind, codes=GatheringKind),
            Dimension("disposition", "处置方式", GATHERINGS.c.measure, parameter="measure", codes=GatheringMeasure),
            Dimension("month", "处置月份", GATHERINGS.c.decided_on, By.MONTH, "decided"),
            Dimension("notice", "依据的通告", GATHERINGS.c.notice),
        ),
    ),
    measures=(
        Measure(
            "gatherings_cancelled",
            "取消或暂停各类聚集活动",
            "场",
            func.coalesce(func.sum(GATHERINGS.c.sessions), 0),
            GATHERINGS.c.decided_on,
            where=(GATHERINGS.c.measure.in_(CALLED_OFF),),
            split=Split(GATHERINGS.c.kind, titles_of(GatheringKind)),
            charted=True,
        ),
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
    days=SHED_DAYS,
    groups=SHED_GROUPS,
    section="简易棚清理",
    columns=shed_columns,
    statistics=Statistics(
        ShedQuery,
        matching_sheds,
        (
            Statistic("records", "记录", "条"),
            Statistic("sheds", "简易棚", "个", How.SUM, SHEDS.c.count),
            Statistic("area", "面积", "平方米", How.SUM, SHEDS.c.area_hundredths, hundredths=True),
            Statistic(
                "demolished", "已拆除", "个", How.SUM, SHEDS.c.count, where={"demolished": "true"}, dated="demolished"
            ),
            Statistic(
                "demolished_area",
                "已拆除面积",
                "平方米",
                How.SUM,
                SHEDS.c.area_hundredths,
                hundredths=True,
                where={"demolished": "true"},
                dated="demolished",
            ),
            Statistic("standing", "未拆除", "个", How.SUM, SHEDS.c.count, day="standing_on"),
        ),
        (
            *places(SHEDS),
            Dimension("use", "用途", SHEDS.c.use, codes=ShedUse),
            Dimension("structure", "结构", SHEDS.c.structure, codes=ShedStructure),
            Dimension("month", "拆除月份", SHEDS.c.demolished_on, By.MONTH, "demolished"),
            Dimension("found", "发现月份", SHEDS.c.found_on, By.MONTH),
        ),
    ),
    duties=SHED_DUTIES,
    rules=(DEMOLITION_RULE,),
    measures=(
        Measure(
            "sheds_demolished",
            "铲除易诱发聚集赌博（娱乐）场所（简易棚）",
            "个",
            func.coalesce(func.sum(SHEDS.c.count), 0),
            SHEDS.c.demolished_on,
            split=Split(SHEDS.c.use, titles_of(ShedUse)),
            charted=True,
        ),
    ),
)
