"""Reminders: the table of steps; each due item reminded of exactly once a step, with two servers, restarts and missed days."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from registry.access.principals import Keys
from registry.access.sealing import Sealer
from registry.app import REGISTERS
from registry.db.database import open_database
from registry.db.key_store import KeyStore
from registry.ledger.clock import BEIJING, microseconds
from registry.ledger.ids import check_chosen_id
from registry.ledger.log_keys import LogKeys
from registry.ledger.notary import Notary
from registry.reports.due import Item
from registry.reports.reminders import LONGEST_OVERDUE, Cadence, reminder_id
from registry.reports.reminding import A_WRITE, LOOK_EVERY, Reminding, pause
from registry.settings import Settings
from registry.web.context import Context
from tests import factories
from tests.api import Api

CADENCE = Cadence()
DUE = dt.date(2020, 3, 3)
"""When the mediation period of a dispute accepted on 3 February 2020 ends."""
Entry = dict[str, Any]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def noon(date: dt.date) -> int:
    return microseconds(dt.datetime.combine(date, dt.time(12), BEIJING))


@pytest.mark.parametrize(
    ("due_on", "today", "step"),
    [
        ("2020-03-03", "2020-02-24", None),
        ("2020-03-03", "2020-02-25", -7),
        ("2020-03-03", "2020-03-01", -7),
        ("2020-03-03", "2020-03-02", -1),
        ("2020-03-03", "2020-03-03", 0),
        ("2020-03-03", "2020-03-09", 0),
        ("2020-03-03", "2020-03-10", 7),
        ("2020-03-03", "2020-03-16", 7),
        ("2020-03-03", "2020-03-17", 14),
        pytest.param("2020-03-07", "2020-02-29", -7, id="a leap day"),
        pytest.param("2020-02-29", "2020-03-07", 7, id="from a leap day"),
        pytest.param("2021-03-01", "2021-02-22", -7, id="a February of 28 days"),
        pytest.param("2020-01-02", "2019-12-31", -7, id="over the new year"),
        pytest.param("2020-01-01", "2019-12-31", -1, id="the last of the year"),
        pytest.param("2020-03-03", "2021-03-03", 364, id="the last week of a year"),
        pytest.param("2020-03-03", "2021-03-04", None, id="later than a year"),
    ],
)
def test_the_last_step_that_was_reached(due_on: str, today: str, step: int | None) -> None:
    assert CADENCE.step(day(due_on), day(today)) == step


@pytest.mark.parametrize(
    ("before", "every", "late", "step"),
    [((3,), 30, -4, None), ((3,), 30, -3, -3), ((3,), 30, 29, -3), ((3,), 30, 30, 30), ((0,), 1, 5, 5)],
)
def test_the_steps_are_set_by_the_office(before: tuple[int, ...], every: int, late: int, step: int | None) -> None:
    assert Cadence(before=before, every=every).step(DUE, DUE + dt.timedelta(days=late)) == step


@given(late=st.integers(-40, 500))
def test_steps_only_go_forward(late: int) -> None:
    step = CADENCE.step(DUE, DUE + dt.timedelta(days=late))
    before = CADENCE.step(DUE, DUE + dt.timedelta(days=late - 1))
    if step is None:
        assert late < -7 or late > LONGEST_OVERDUE
    else:
        assert step <= late
        assert before is None or before <= step


def item(**more: Any) -> Item:
    known = {
        "due_on": DUE, "register": "disputes", "kind": "mediation", "entry_id": "a", "part": "", "case_id": "a", "number": 1,
        "division": "440882102204", "rule": "people_mediation_conclude", "starts_on": DUE, "title": "", "candidate": False,
    }  # fmt: skip
    return Item(**{**known, **more})


def test_an_id_is_of_one_book_duty_day_and_step() -> None:
    ids = {
        reminder_id(book, each, step)
        for book in ("440882", "440883")
        for each in (item(), item(entry_id="b"), item(part="1"), item(due_on=DUE + dt.timedelta(days=1)))
        for step in (-7, 0, 7)
    }
    assert len(ids) == 24
    assert {check_chosen_id(each) for each in ids} == ids
    assert reminder_id("440882", item(title="other"), 0) == reminder_id("440882", item(), 0)


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        ("2020-03-03T12:00:00+08:00", LOOK_EVERY),
        ("2020-03-03T23:59:00+08:00", 65.0),
        ("2020-03-03T23:59:59+08:00", 6.0),
        ("2020-03-04T00:00:05+08:00", LOOK_EVERY),
    ],
)
def test_the_next_look_is_soon_after_midnight(now: str, seconds: float) -> None:
    assert pause(microseconds(dt.datetime.fromisoformat(now))) == seconds


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Context]:
    """One server process's context on the test's database."""
    database = open_database(settings.database)
    sealer = Sealer(settings.key_file, KeyStore(settings.key_store))
    notary = Notary(database, LogKeys(settings.log_key_file), settings.origin, settings.home)
    context = Context(database, sealer, Keys(database), notary)
    try:
        yield context
    finally:
        await context.close()


Remind = Callable[..., int]


@pytest.fixture
def remind(settings: Settings) -> Remind:
    """Look what is due on a day, as so many servers at once; kill them after so many writes where `dies` says so."""

    def run(date: dt.date, servers: int = 1, dies: int | None = None) -> int:
        return asyncio.run(looking(settings, date, servers, dies))

    return run


async def looking(settings: Settings, date: dt.date, servers: int, dies: int | None) -> int:
    async with contexts(settings, servers) as running:
        looks = [Reminding(each, REGISTERS, CADENCE, lambda: noon(date)).remind() for each in running]
        tasks = [asyncio.create_task(look) for look in looks]
        if dies is not None:
            for _ in range(dies):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result
        return sum(result for result in results if isinstance(result, int))


@asynccontextmanager
async def contexts(settings: Settings, servers: int) -> AsyncIterator[list[Context]]:
    async with serving(settings) as first:
        if servers == 1:
            yield [first]
        else:
            async with contexts(settings, servers - 1) as rest:
                yield [first, *rest]


def sent(api: Api, who: str = "clerk") -> list[Entry]:
    items: list[Entry] = []
    cursor = ""
    while True:
        page = api.get(f"/v1/reminders?limit=200{cursor}", who).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items[::-1]
        cursor = f"&cursor={page['next_cursor']}"


def accepted(api: Api, on: str = "2020-02-03") -> str:
    entry = api.made("/v1/disputes", factories.dispute())["id"]
    assert api.act(f"/v1/disputes/{entry}/move", {"to": "accepted", "on": on}).status_code == 200
    return str(entry)


def test_each_step_is_reminded_of_once(api: Api, remind: Remind) -> None:
    entry = accepted(api)
    for days in (-8, -7, -7, -6, -2, -1, -1, 0, 0, 1, 6, 7, 7, 8, 13, 14):
        fresh = days not in {each["step"] for each in sent(api)}
        assert remind(DUE + dt.timedelta(days=days)) == (days in {-7, -1, 0, 7, 14} and fresh), days
    found = sent(api)
    assert [each["step"] for each in found] == [-7, -1, 0, 7, 14]
    first = found[0]
    assert first["entry"] == f"/v1/disputes/{entry}"
    assert (first["due_on"], first["reminded_on"], first["days_left"]) == ("2020-03-03", "2020-02-25", 7)
    assert first["rule"]["id"] == "people_mediation_conclude"
    assert first["meta"]["recorded_by"] == {"id": "", "name": "registry", "role": "server", "office": ""}
    assert first["meta"]["version"] == 1


def test_days_on_which_no_server_ran_are_made_up_by_the_latest_step(api: Api, remind: Remind) -> None:
    accepted(api)
    assert remind(DUE + dt.timedelta(days=16)) == 1
    assert [each["step"] for each in sent(api)] == [14]
    assert remind(DUE + dt.timedelta(days=21)) == 1


def test_what_was_done_is_reminded_of_no_more(api: Api, remind: Remind) -> None:
    entry = accepted(api)
    assert remind(DUE) == 1
    moved = {"to": "referred", "on": "2020-03-04", "referred_to": "示范单位"}
    assert api.act(f"/v1/disputes/{entry}/move", moved).status_code == 200
    assert remind(DUE + dt.timedelta(days=7)) == 0


def test_a_day_that_is_moved_starts_its_steps_anew(api: Api, remind: Remind) -> None:
    entry = api.made("/v1/disputes", factories.dispute(resolve_by="2020-03-03"))["id"]
    assert remind(DUE) == 1
    assert api.patch(f"/v1/disputes/{entry}", {"resolve_by": "2020-03-10"}).status_code == 200
    assert remind(DUE) == 1
    assert [(each["due_on"], each["step"]) for each in sent(api)] == [("2020-03-03", 0), ("2020-03-10", -7)]


def test_what_is_late_by_years_is_passed_over(api: Api, remind: Remind) -> None:
    accepted(api)
    assert remind(dt.date(2026, 11, 24)) == 0


def test_reminders_are_of_the_town(api: Api, remind: Remind) -> None:
    accepted(api)
    remind(DUE)
    (found,) = sent(api)
    for who in ("supervisor", "dashboard", "bot", "auditor", "town_dashboard", "village_clerk"):
        assert sent(api, who) == [found]
    assert sent(api, "neighbour") == []
    at = f"/v1/reminders/{found['id']}"
    assert api.get(at).json() == found
    assert api.get(at, "neighbour").status_code == 404
    assert api.get(at, "administrator").status_code == 403
    assert api.get(f"{at}/versions").json()["items"] == [found]
    assert api.get(f"{at}/versions/1").json() == found
    assert api.get("/v1/reminders", None).status_code == 401
    assert api.get("/v1/reminders", "administrator").status_code == 403
    assert api.get("/v1/reminders?kind=visit").json()["items"] == []
    assert api.get("/v1/reminders?kind=mediation&due_from=2020-03-03&due_to=2020-03-03").json()["items"] == [found]
    assert api.post("/v1/reminders", {}).status_code == 405


def test_a_patient_is_not_named(api: Api, remind: Remind) -> None:
    api.made("/v1/patients", factories.patient(in_care_since="2020-02-18"))
    remind(DUE)
    (found,) = sent(api)
    assert (found["kind"], found["title"]) == ("visit", "随访 0级 稳定")
    assert "示范孙" not in str(found)


def test_two_servers_say_it_once_and_many_take_several_writes(api: Api, remind: Remind) -> None:
    for number in range(A_WRITE + 10):
        api.made("/v1/patients", factories.patient(id_number=None, in_care_since=f"2020-02-{number % 10 + 10}"))
    due = dt.date(2020, 3, 5)
    assert remind(due, servers=2) == A_WRITE + 10
    found = sent(api)
    assert len({each["id"] for each in found}) == len(found) == A_WRITE + 10
    positions = [each["meta"]["position"] for each in found]
    assert positions == sorted(positions)


def duties(api: Api) -> dict[str, dt.date]:
    """A few due days of two kinds, by duty."""
    found = {}
    for number in range(4):
        in_care = dt.date(2020, 2, 10 + number)
        person = factories.patient(id_number=None, in_care_since=in_care.isoformat())
        found[f"patients/{api.made('/v1/patients', person)['id']}/visit"] = in_care + dt.timedelta(days=14)
    return {**found, f"disputes/{accepted(api)}/mediation": DUE}


looks = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 2), st.none() | st.integers(0, 40)), min_size=3, max_size=8
)


@pytest.fixture
def owed(api: Api) -> dict[str, dt.date]:
    return duties(api)


@examples(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=looks)
def test_exactly_once_whatever_runs_and_dies(
    api: Api, remind: Remind, owed: dict[str, dt.date], data: list[tuple[int, int, int | None]]
) -> None:
    """Servers look on days, one or two at once, and are killed in the middle; on each day one more gets through. Then the
    log holds, for every duty, the latest step reached on each day looked at, once, and no other.
    """
    before = {(each["duty"], each["step"]) for each in sent(api)}
    date = max((day(each["reminded_on"]) for each in sent(api)), default=dt.date(2020, 2, 15))
    expected = set(before)
    for forward, servers, dies in data:
        date += dt.timedelta(days=forward)
        remind(date, servers, dies)
        remind(date, servers)
        steps = {duty: CADENCE.step(due_on, date) for duty, due_on in owed.items()}
        expected |= {(duty, step) for duty, step in steps.items() if step is not None}
    found = Counter((each["duty"], each["step"]) for each in sent(api))
    assert set(found.values()) <= {1}
    assert set(found) == expected
