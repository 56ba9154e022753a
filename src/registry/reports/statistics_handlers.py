"""The endpoints of statistics: one for each register that declares them, with the filters of the register's own list."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta
from msgspec.structs import FieldInfo, fields

from registry.access.register import Register
from registry.access.statistics import Statistics
from registry.reports import statistics
from registry.reports.schemas import StatisticsAnswer, StatisticsQuery
from registry.web import contract
from registry.web.call import Call
from registry.web.queries import ListQuery
from registry.web.serve import Answer


def statistics_handlers(registers: Sequence[Register]) -> list[HTTPRouteHandler]:
    """`GET /v1/statistics/{register}` for each register that declares statistics: its parameters are the list's own filters."""
    return [_statistics(each, each.statistics) for each in registers if each.statistics is not None]


def _statistics(register: Register, declared: Statistics) -> HTTPRouteHandler:
    shape, name = _query(register, declared), register.entry.__name__

    async def count(request: Call) -> Answer:
        return await statistics.read_statistics(request, register, shape)

    count.__doc__ = f"Count {register.name} ({register.title}) by any of their dimensions."
    path = f"/v1/statistics/{register.name}"
    return get(path, operation_id=f"count{name}Entries", opt=contract.reads(StatisticsAnswer, shape))(count)


def _query(register: Register, declared: Statistics) -> type[msgspec.Struct]:
    """The parameters: those of statistics, and the filters of the register's list without its paging."""
    names = {
        "measures": [each.name for each in declared.statistics],
        "group_by": [each.name for each in declared.dimensions],
    }
    of_lists = {each.name for each in fields(ListQuery)} - {"division", "division_only"}
    filters = [_field(each) for each in fields(declared.query) if each.name not in of_lists]
    own = [(name, _names(known) | None, None) for name, known in names.items()]
    return msgspec.defstruct(
        f"{register.entry.__name__}StatisticsQuery",
        [*own, *filters],
        bases=(StatisticsQuery,),
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _field(each: FieldInfo) -> tuple[str, Any, Any]:
    return each.name, each.type, each.default


def _names(known: Sequence[str]) -> Any:  # noqa: ANN401 - a type
    either = "|".join(known)
    pattern = {"pattern": f"^({either})(,({either}))*$"}
    return Annotated[
        str, Meta(description=f"Of {', '.join(known)}; separated by commas.", extra_json_schema=pattern, max_length=400)
    ]
