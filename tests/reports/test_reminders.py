"""Reminders: the table of steps; each due item reminded of exactly once a step, with two servers, restarts and missed days."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Connection

from registry.app import REGISTERS
from registry.core.principals import Keys
from registry.core.sealing import Sealer
from registry.db.database import open_database
from registry.db.key_store import KeyStore
from registry.ledger.batch import Batch, Deferred, Work, WriteOutcome
from registry.ledger.clock import BEIJING, beijing_day, microseconds, wall_clock
from registry.ledger.ids import check_chosen_id
from registry.reports.due.cadence import LONGEST_OVERDUE, Cadence
from registry.reports.due.reminder_job import A_WRITE, LOOK_EVERY, Reminding, pause
from registry.reports.due.reminder_register import reminder_id
from registry.reports.due.service import Item
from registry.settings import Settings
from registry.web.context import Context
from tests import factories
from tests.api import Api
from tests.conftest import COUNTY, RULEBOOK
from tests.reports.conftest import Amend

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


RUN = Reminding.run
"""The loop itself, which the test's application does without."""


def test_a_server_looks_again_and_again_whatever_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[int] = []

    async def remind(_self: Reminding) -> int:
        looks.append(len(looks))
        if len(looks) == 1:
            raise Killed
        raise asyncio.CancelledError

    monkeypatch.setattr(Reminding, "remind", remind)
    monkeypatch.setattr("registry.reports.due.reminder_job.pause", lambda _now: 0.0)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(RUN(Reminding(cast(Context, None), (), CADENCE)))
    assert looks == [0, 1]
    assert "nothing was looked at" in caplog.text


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
    context = Context(database, sealer, Keys(database), RULEBOOK)
    try:
        yield context
    finally:
        await context.drain()
        await context.close()


class Point(StrEnum):
    """Where a server dies."""

    AFTER_THE_SCAN = "after the scan"
    INSIDE_THE_WRITE = "inside the write"
    AFTER_THE_COMMIT = "after the commit"


class Killed(Exception):
    """A server died here."""


@dataclass
class Hooked:
    """A context that stops at a point of the look: there it dies, or something else is done first. It counts its stops."""

    context: Context
    point: Point
    at: Callable[[], None]
    stops: int = 0

    async def read(self, work: Callable[[Connection], Any]) -> Any:
        return await self.context.read(work)

    async def scan(self, work: Callable[[Connection], Any]) -> Any:
        found = await self.context.scan(work)
        self._stop(Point.AFTER_THE_SCAN)
        return found

    async def write(self, book: str, work: Work) -> WriteOutcome:
        def stopping(batch: Batch) -> WriteOutcome:
            outcome = work(batch)
            self._stop(Point.INSIDE_THE_WRITE)
            return outcome

        outcome = await self.context.write(book, stopping)
        self._stop(Point.AFTER_THE_COMMIT)
        return outcome

    def _stop(self, point: Point) -> None:
        if point is self.point:
            self.stops += 1
            self.at()


def die() -> None:
    raise Killed


Remind = Callable[..., int]


@pytest.fixture
def remind(settings: Settings) -> Remind:
    """Look what is due at noon of a day, as so many servers at once; they die at a point where `dies` says so, or do `at` there."""

    def run(date: dt.date, servers: int = 1, dies: Point | None = None, at: Callable[[], None] = die) -> int:
        return asyncio.run(looking(settings, date, servers, dies, at))

    return run


async def looking(
    settings: Settings, date: dt.date, servers: int, dies: Point | None, at: Callable[[], None]
) -> int:  # fmt: skip
    async with contexts(settings, servers) as running:
        hooked = [each if dies is None else Hooked(each, dies, at) for each in running]
        looks = (Reminding(cast(Context, each), REGISTERS, CADENCE, lambda: noon(date)).remind() for each in hooked)
        return sum(await asyncio.gather(*looks))


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


@pytest.fixture
def owed(api: Api) -> dict[str, dt.date]:
    """A few due days of two kinds, by duty."""
    return duties(api)


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


def test_what_is_late_and_known_for_years_is_passed_over(api: Api, remind: Remind) -> None:
    """A year from the day on which it was due and the day on which it was recorded, whichever is later."""
    accepted(api)
    recorded = beijing_day(wall_clock())
    assert remind(recorded + dt.timedelta(days=LONGEST_OVERDUE + 1)) == 0
    assert remind(recorded + dt.timedelta(days=LONGEST_OVERDUE)) == 1


def test_what_is_newly_recorded_is_not_silent_however_late(api: Api, remind: Remind) -> None:
    accepted(api)
    assert remind(beijing_day(wall_clock())) == 1
    (found,) = sent(api)
    assert (found["due_on"], found["overdue"]) == ("2020-03-03", True)


def test_who_returns_to_care_is_reminded_of(api: Api, remind: Remind) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    api.made("/v1/visits", factories.visit(patient))
    lost = {"status": "lost", "left_care_on": "2020-03-01", "lost_reason": "missing"}
    assert api.patch(f"/v1/patients/{patient}", lost).status_code == 200
    assert remind(beijing_day(wall_clock())) == 0
    back = {"status": "in_care", "left_care_on": None, "lost_reason": None}
    returned = day(api.patch(f"/v1/patients/{patient}", back).json()["returned_on"])
    assert [remind(returned + dt.timedelta(days)) for days in (6, 7, 13, 14)] == [0, 1, 1, 1]
    assert {each["rule"]["id"] for each in sent(api)} == {"visit_return"}


def test_the_day_is_beijings(api: Api, settings: Settings) -> None:
    """Half past midnight there is still the day before in Greenwich."""
    accepted(api)

    async def look(clock: str) -> int:
        now = microseconds(dt.datetime.fromisoformat(clock))
        async with serving(settings) as context:
            return await Reminding(context, REGISTERS, CADENCE, lambda: now).remind()

    assert asyncio.run(look("2020-02-24T23:30:00+08:00")) == 0
    assert asyncio.run(look("2020-02-25T00:30:00+08:00")) == 1


def test_a_new_day_is_looked_at_though_nothing_was_recorded(api: Api, settings: Settings) -> None:
    accepted(api)
    days = [DUE - dt.timedelta(days) for days in (8, 8, 7, 7, 7, 1, 1, 0)]

    async def looks() -> list[int]:
        async with serving(settings) as context:
            now = iter(days)
            reminding = Reminding(context, REGISTERS, CADENCE, lambda: noon(next(now)))
            return [await reminding.remind() for _ in days]

    assert asyncio.run(looks()) == [0, 0, 1, 0, 0, 1, 0, 1]


def test_what_was_done_since_the_look_is_not_reminded_of(api: Api, remind: Remind) -> None:
    """The write looks once more whether it is still owed."""
    entry = accepted(api)
    moved = {"to": "referred", "on": "2020-03-02", "referred_to": "示范单位"}

    def move() -> None:
        assert api.act(f"/v1/disputes/{entry}/move", moved).status_code == 200

    assert remind(DUE, dies=Point.AFTER_THE_SCAN, at=move) == 0
    assert sent(api) == []


def test_a_case_that_the_same_batch_changes_waits_for_the_next(
    api: Api, settings: Settings, run: Callable[[Callable[[Connection], Any]], Any]
) -> None:
    entry = accepted(api)

    async def work() -> Work:
        async with serving(settings) as context:
            reminding = Reminding(context, REGISTERS, CADENCE, lambda: noon(DUE))
            found = await context.scan(partial(reminding._unsaid, COUNTY, DUE))
            return reminding._saying(COUNTY, DUE, found)

    reminds = asyncio.run(work())

    def together(connection: Connection) -> None:
        batch = Batch(connection, COUNTY, wall_clock)
        batch._cases.add(entry)
        with pytest.raises(Deferred):
            reminds(batch)

    run(together)


def test_a_book_that_fails_keeps_no_other_from_being_looked_at(
    api: Api, remind: Remind, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    accepted(api)
    whole = Reminding._remind

    async def broken(self: Reminding, book: str, today: dt.date) -> int:
        return await whole(self, book, today) if book == COUNTY else die()

    monkeypatch.setattr("registry.reports.due.reminder_job._books", lambda _connection: ["440881", COUNTY])
    monkeypatch.setattr(Reminding, "_remind", broken)
    assert remind(DUE) == 1
    assert "reminders of 440881 were not sent" in caplog.text


@pytest.mark.parametrize(
    ("point", "written"), [(Point.AFTER_THE_SCAN, 0), (Point.INSIDE_THE_WRITE, 0), (Point.AFTER_THE_COMMIT, 2)]
)
def test_where_a_server_dies_decides_what_was_said_and_the_next_says_the_rest(
    api: Api, remind: Remind, owed: dict[str, dt.date], monkeypatch: pytest.MonkeyPatch, point: Point, written: int
) -> None:
    monkeypatch.setattr("registry.reports.due.reminder_job.A_WRITE", 2)
    assert remind(DUE, dies=point) == 0
    assert len(sent(api)) == written
    assert remind(DUE, servers=2) == len(owed) - written
    assert remind(DUE) == 0
    assert Counter(each["duty"] for each in sent(api)) == dict.fromkeys(owed, 1)


PERFORMED = dt.date(2020, 2, 20)
"""Thirty days later is 21 March, a Saturday: due on the 23rd."""


def test_a_rule_that_changes_leaves_the_steps_of_what_has_begun(api: Api, remind: Remind, amend: Amend) -> None:
    """The rule becomes sixty days for what is performed since 1 March; what was performed in February keeps its thirty."""

    def performed(on: dt.date) -> None:
        entry = api.made("/v1/disputes", factories.dispute())["id"]
        terms = [{"text": "一(示范)", "due_on": "2020-03-31", "performed_on": on.isoformat()}]
        api.made("/v1/agreements", factories.agreement(entry, terms=terms))

    performed(PERFORMED)
    assert remind(dt.date(2020, 3, 16)) == 1
    amend("return_visit", "2020-03-01", 60)
    performed(dt.date(2020, 3, 31))
    table = {
        (3, 16): 0,
        (3, 22): 1,
        (3, 23): 1,
        (3, 29): 0,
        (3, 30): 1,
        (4, 6): 1,
        (5, 24): 1,
        (5, 25): 2,
        (5, 31): 1,
        (6, 1): 2,
    }
    for (month, date), count in table.items():
        assert remind(dt.date(2020, month, date)) == count, (month, date)
    steps = [(each["due_on"], each["step"], each["rule"]["source"]) for each in sent(api)]
    old, new = "本县设定", "新办法"
    assert [step for due_on, step, source in steps if source == old and due_on == "2020-03-23"] == [
        -7,
        -1,
        0,
        7,
        14,
        56,
        63,
        70,
    ]
    assert [(due_on, step) for due_on, step, source in steps if source == new] == [
        ("2020-06-01", -7),
        ("2020-06-01", -1),
        ("2020-06-01", 0),
    ]


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
    assert (found["kind"], found["title"]) == ("visit", "走访 0级 稳定")
    assert "示范孙" not in str(found)


def test_two_servers_say_it_once_and_many_take_several_writes(
    api: Api, remind: Remind, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    for number in range(A_WRITE + 10):
        api.made("/v1/patients", factories.patient(id_number=None, in_care_since=f"2020-02-{number % 10 + 10}"))
    due = dt.date(2020, 3, 5)
    assert remind(due, servers=2) == A_WRITE + 10
    found = sent(api)
    assert len({each["id"] for each in found}) == len(found) == A_WRITE + 10
    positions = [each["meta"]["position"] for each in found]
    assert positions == sorted(positions)
    assert [
        record for record in caplog.records if record.levelname == "ERROR"
    ] == []  # neither ran into what the other said


def duties(api: Api) -> dict[str, dt.date]:
    """A few due days of two kinds, by duty."""
    found = {}
    for number in range(4):
        in_care = dt.date(2020, 2, 10 + number)
        person = factories.patient(id_number=None, in_care_since=in_care.isoformat())
        found[f"patients/{api.made('/v1/patients', person)['id']}/visit"] = in_care + dt.timedelta(days=14)
    return {**found, f"disputes/{accepted(api)}/mediation": DUE}


looks = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 2), st.none() | st.sampled_from(Point), st.integers(1, 3)),
    min_size=3, max_size=8,
)  # fmt: skip


def dying(stops: int) -> Callable[[], None]:
    """Dies when it is called for the so many-th time, and ever after."""
    left = iter(range(stops - 1))
    return lambda: None if next(left, None) is not None else die()


@examples(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=looks)
def test_exactly_once_whatever_runs_and_dies(
    api: Api, remind: Remind, owed: dict[str, dt.date], data: list[tuple[int, int, Point | None, int]]
) -> None:
    """Servers look on days, one or two at once, and die at a point of the first write or a later one; on each day one more gets through. Then the
    log holds, for every duty, the latest step reached on each day looked at, once, and no other.
    """
    before = {(each["duty"], each["step"]) for each in sent(api)}
    date = max((day(each["reminded_on"]) for each in sent(api)), default=dt.date(2020, 2, 15))
    expected = set(before)
    for forward, servers, dies, stops in data:
        date += dt.timedelta(days=forward)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("registry.reports.due.reminder_job.A_WRITE", 2)
            remind(date, servers, dies, dying(stops))
        remind(date, servers)
        steps = {duty: CADENCE.step(due_on, date) for duty, due_on in owed.items()}
        expected |= {(duty, step) for duty, step in steps.items() if step is not None}
    found = Counter((each["duty"], each["step"]) for each in sent(api))
    assert set(found.values()) <= {1}
    assert set(found) == expected
