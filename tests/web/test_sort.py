"""`sort=` on every list: by the register's own dates and numbers, both ways, the pages of one order without a gap or a repeat."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from registry.app import REGISTERS
from registry.core.register import Register
from registry.disputes.schemas import DisputeQuery
from registry.gatherings.schemas import GatheringQuery, ShedQuery
from registry.web.cursors import Cursor
from tests import factories
from tests.api import Api, codes, published
from tests.test_registers import KINDS, made

BY_NAME = {register.name: register for register in REGISTERS}
DAYS = ("2020-02-03", "2020-02-01", "2020-02-03", "2020-02-02", "2020-02-01")


def sorts(name: str) -> list[str]:
    parameters = published()["paths"][f"/v1/{name}"]["get"]["parameters"]
    (wanted,) = [each["schema"]["enum"] for each in parameters if each["name"] == "sort"]
    return list(wanted)


def walked(api: Api, path: str, who: str = "clerk", limit: int = 2) -> list[dict[str, Any]]:
    """All pages."""
    items, cursor = [], ""
    while True:
        page = api.get(f"{path}&limit={limit}{cursor}", who)
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        if (following := page.json()["next_cursor"]) is None:
            return items
        cursor = f"&cursor={following}"


def value(register: Register, name: str, item: dict[str, Any]) -> Any:
    if name == "recorded_at":
        return item["meta"]["position"]
    told = register.filter_columns(item)[name]
    return told if told is None or isinstance(told, int | str) else str(told)


def is_sorted(values: list[Any], *, down: bool) -> bool:
    told = [each for each in values if each is not None]
    ordered = all(a >= b if down else a <= b for a, b in pairwise(told))
    return ordered and values[len(told) :] == [None] * (len(values) - len(told))


@pytest.mark.parametrize("name", KINDS)
def test_every_order_of_every_register(api: Api, name: str) -> None:
    who, register = KINDS[name].writer, BY_NAME[name]
    for _ in range(3):
        made(api, name)
    everything = {each["id"] for each in walked(api, f"/v1/{name}?", who, 200)}
    for wanted in sorts(name):
        found = walked(api, f"/v1/{name}?sort={wanted}", who, 2)
        assert len(found) == len({each["id"] for each in found}), wanted
        assert {each["id"] for each in found} == everything, wanted
        column, down = wanted.removeprefix("-"), wanted.startswith("-")
        assert is_sorted([value(register, column, each) for each in found], down=down), wanted
        if column not in register.days.turns:
            assert api.get(f"/v1/{name}?sort={wanted}&on=2199-12-31", who).status_code == 200
    assert api.get(f"/v1/{name}?sort=-recorded_at", who).json()["items"] == api.get(f"/v1/{name}", who).json()["items"]


def gatherings(api: Api) -> list[str]:
    return [
        api.made("/v1/gatherings", factories.gathering(decided_on=d, planned_from=d, planned_to=d, postponed_to=None))[
            "id"
        ]
        for d in DAYS
    ]


def test_ties_stand_last_change_first_both_ways(api: Api) -> None:
    a, b, c, d, e = gatherings(api)
    up, down = ([each["id"] for each in walked(api, f"/v1/gatherings?sort={s}decided_on")] for s in ("", "-"))
    assert (up, down) == ([e, b, d, c, a], [c, a, d, e, b])
    on = [each["id"] for each in walked(api, "/v1/gatherings?sort=decided_on&on=2020-02-02")]
    assert on == [e, b, d]
    one = [each["id"] for each in walked(api, "/v1/gatherings?sort=decided_on", limit=1)]
    assert one == up


def test_entries_without_a_value_come_last(api: Api) -> None:
    without = [api.made("/v1/sheds", factories.shed(found_on=None))["id"] for _ in range(3)]
    with_one = [api.made("/v1/sheds", factories.shed(found_on=day))["id"] for day in ("2020-01-02", "2020-01-01")]
    up = [each["id"] for each in walked(api, "/v1/sheds?sort=found_on", limit=1)]
    down = [each["id"] for each in walked(api, "/v1/sheds?sort=-found_on", limit=1)]
    assert (up, down) == ([*with_one[::-1], *without[::-1]], [*with_one, *without[::-1]])


def test_pages_are_of_one_moment_whatever_happens_between(api: Api) -> None:
    gatherings(api)
    first = api.get("/v1/gatherings?sort=decided_on&limit=2").json()
    whole = [each["id"] for each in walked(api, "/v1/gatherings?sort=decided_on")]
    last = whole[-1]
    api.patch(f"/v1/gatherings/{last}", {"sessions": 9})
    gatherings(api)
    second = api.get(f"/v1/gatherings?sort=decided_on&limit=200&cursor={first['next_cursor']}").json()
    assert [each["id"] for each in (*first["items"], *second["items"])] == whole
    assert second["watermark"] == first["watermark"]


def test_what_is_no_order_or_no_cursor_of_it_is_refused(api: Api) -> None:
    for wanted in ("nonsense", "sessions", "+decided_on", "--decided_on", ""):
        assert api.get("/v1/gatherings", params={"sort": wanted}).status_code == 400, wanted
    query = GatheringQuery(sort="decided_on")
    for told in ("2020-13-45", 5, None, "x" * 60):
        cursor = Cursor(1, 1, told).text(query, "/v1/gatherings")
        answer = api.get(f"/v1/gatherings?sort=decided_on&cursor={cursor}")
        assert answer.status_code == (200 if told is None else 422), told
    assert codes(answer) == {"cursor"}
    for told in ("x\x00", "\u2028", 7):
        cursor = Cursor(1, 1, told).text(DisputeQuery(sort="case_number"), "/v1/disputes")
        assert codes(api.get(f"/v1/disputes?sort=case_number&cursor={cursor}")) == {"cursor"}
    other = Cursor(1, 1, "2020-01-01").text(ShedQuery(sort="found_on"), "/v1/sheds")
    assert codes(api.get(f"/v1/sheds?sort=-found_on&cursor={other}")) == {"cursor"}
    assert codes(api.get("/v1/disputes?sort=settled_on&on=2020-03-01")) == {"sort_on_day"}
    assert msgspec.json.decode(api.get("/v1/gatherings?sort=decided_on").content)["items"] == []
