"""The endpoints of statistics: one for each register that declares measures, with the filters of the register's own list."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta
from msgspec.structs import FieldInfo, fields

from registry.core.measures import Dimension, Measure
from registry.core.queries import ListQuery
from registry.core.register import Register
from registry.reports.statistics import service
from registry.reports.statistics.periods import DATED
from registry.reports.statistics.question import measures_of, usual_measures
from registry.reports.statistics.schemas import StatisticsAnswer, StatisticsCell, StatisticsQuery
from registry.web import contract
from registry.web.call import Call
from registry.web.reads import Answer


def statistics_handlers(registers: Sequence[Register]) -> list[HTTPRouteHandler]:
    """`GET /v1/statistics/{register}` for each register that declares measures: its parameters are the list's own filters."""
    by_name = {each.name: each for each in registers}
    return [_statistics(each, by_name) for each in registers if measures_of(each)]


def _statistics(register: Register, registers: Mapping[str, Register]) -> HTTPRouteHandler:
    shape, name = _query(register), register.entry.__name__

    async def count(request: Call) -> Answer:
        return await service.read_statistics(request, register, registers, shape)

    count.__doc__ = f"Count {register.name} ({register.title}) by any of their dimensions."
    path = f"/v1/statistics/{register.name}"
    return get(path, operation_id=f"count{name}Entries", opt=contract.reads(_answer(register), shape))(count)


def _answer(register: Register) -> type[msgspec.Struct]:
    """The answer: its cells have the register's own dimensions."""
    name = register.entry.__name__
    values = [(each.name, _value(each), msgspec.UNSET) for each in register.dimensions]
    cell = msgspec.defstruct(f"{name}Cell", values, bases=(StatisticsCell,), kw_only=True)
    cell.__doc__ = StatisticsCell.__doc__
    cells: Any = list[cell]  # type: ignore[valid-type] # made at run time
    answer = msgspec.defstruct(f"{name}Statistics", [("cells", cells)], bases=(StatisticsAnswer,), kw_only=True)
    answer.__doc__ = StatisticsAnswer.__doc__
    return answer


def _value(dimension: Dimension) -> Any:  # noqa: ANN401 - a type
    """What a dimension's values are."""
    kind = str if dimension.by in DATED else dimension.column.type.python_type
    value: Any = kind | None | msgspec.UnsetType if dimension.column.nullable else kind | msgspec.UnsetType
    return Annotated[value, Meta(description=f"{dimension.title_en} ({dimension.title}).")]


def _query(register: Register) -> type[msgspec.Struct]:
    """The parameters: those of statistics, and the filters of the register's list without its paging."""
    every, usual = measures_of(register), usual_measures(register)
    untold = (
        "" if usual == every else f" Left out: all but {', '.join(each.name for each in every if each not in usual)}."
    )
    names = {"measures": _names(every, untold), "group_by": _names(register.dimensions)}
    of_lists = {each.name for each in fields(ListQuery)} - {"division", "division_only"} | {"parties"}
    filters = [_field(each) for each in fields(register.list_filters.query) if each.name not in of_lists]
    own = [(name, kind | None, None) for name, kind in names.items()]
    return msgspec.defstruct(
        f"{register.entry.__name__}StatisticsQuery",
        [*own, *filters],
        bases=(StatisticsQuery,),
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _field(each: FieldInfo) -> tuple[str, Any, Any]:
    return each.name, each.type, each.default


def _names(declared: Sequence[Measure | Dimension], untold: str = "") -> Any:  # noqa: ANN401 - a type
    known = [each.name for each in declared]
    either, told = "|".join(known), f"Of {', '.join(known)}; separated by commas.{untold}"
    pattern = {"pattern": f"^({either})(,({either}))*$"}
    return Annotated[str, Meta(description=told, extra_json_schema=pattern, max_length=400)]
