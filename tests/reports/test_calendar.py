"""The calendar: text that a strict parser of RFC 5545 takes, behind links that end with the key that made them."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from registry.access.keys_service import issue_key, revoke_key
from registry.core.principals import Role, list_keys
from registry.ledger.clock import BEIJING, microseconds, timestamp
from registry.reports.due.icalendar import CalendarEvent, calendar, folded, text
from tests import factories
from tests.api import Api, codes
from tests.conftest import COUNTY

STAMP = dt.datetime(2020, 2, 24, 4, 5, 6, tzinfo=dt.UTC)
NAME = re.compile(r"[A-Z0-9-]+")
NEEDED = {"UID", "DTSTAMP", "SEQUENCE", "DTSTART;VALUE=DATE", "DTEND;VALUE=DATE", "SUMMARY"}
Component = dict[str, Any]


def parse(body: bytes) -> Component:
    """A calendar as nested components; every departure from RFC 5545 is an error."""
    assert body.endswith(b"\r\n")
    raw = body[:-2].split(b"\r\n")
    assert all(len(line) <= 75 for line in raw)
    assert not any(b"\r" in line or b"\n" in line for line in raw)
    lines = body[:-2].replace(b"\r\n ", b"").split(b"\r\n")
    for line in raw:
        line.decode()  # no character is cut in two
    root: Component = {"inside": []}
    open_now = [root]
    for line in lines:
        name, _, value = line.decode().partition(":")
        assert NAME.fullmatch(name.partition(";")[0]), line
        if name == "BEGIN":
            component: Component = {"is": value, "inside": []}
            open_now[-1]["inside"].append(component)
            open_now.append(component)
        elif name == "END":
            assert open_now.pop()["is"] == value
        else:
            assert name not in open_now[-1], f"{name} twice"
            open_now[-1][name] = value
    assert open_now == [root]
    (whole,) = root["inside"]
    assert (whole["is"], whole["VERSION"]) == ("VCALENDAR", "2.0")
    assert whole["PRODID"]
    return whole


def plain(value: str) -> str:
    """A TEXT value without its escapes; a sign that had to be escaped and was not is an error."""
    assert re.fullmatch(r"(?:[^\\;,\n]|\\[\\;,nN])*", value), value
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


def event(**more: Any) -> CalendarEvent:
    known = {
        "uid": "a@b", "sequence": 3, "day": dt.date(2020, 2, 29), "summary": "调解期限", "description": "依据",
        "location": "客路镇", "category": "调解",
    }  # fmt: skip
    return CalendarEvent(**{**known, **more})


def test_an_event_lasts_a_day_and_alarms_the_day_before() -> None:
    (found,) = parse(calendar("日历", STAMP, [event()]))["inside"]
    assert found["is"] == "VEVENT"
    assert found.keys() >= NEEDED
    assert (found["DTSTART;VALUE=DATE"], found["DTEND;VALUE=DATE"]) == ("20200229", "20200301")
    assert (found["DTSTAMP"], found["SEQUENCE"], found["UID"]) == ("20200224T040506Z", "3", "a@b")
    (alarm,) = found["inside"]
    assert (alarm["is"], alarm["ACTION"], alarm["TRIGGER"]) == ("VALARM", "DISPLAY", "-PT15H")
    assert alarm["DESCRIPTION"]


printable = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n,;\\:"'), max_size=200)


@given(summary=printable, description=printable)
def test_any_text_comes_back_as_it_was(summary: str, description: str) -> None:
    (found,) = parse(calendar("日历", STAMP, [event(summary=summary, description=description)]))["inside"]
    assert plain(found["SUMMARY"]) == summary
    assert plain(found["DESCRIPTION"]) == description


@pytest.mark.parametrize(
    ("value", "written"),
    [("a,b;c\\d", "a\\,b\\;c\\\\d"), ("一\r\n二", "一\\n二"), ("a\x07b\rc", "abc"), ("\\n", "\\\\n")],
)
def test_signs_are_escaped(value: str, written: str) -> None:
    assert text(value) == written


@pytest.mark.parametrize("length", [1, 24, 25, 26, 74, 75, 76, 149, 150])
def test_lines_are_folded_between_characters(length: int) -> None:
    for sign in ("a", "é", "调", "𠮷"):
        line = folded(sign * length)
        assert line.replace(b"\r\n ", b"") == (sign * length).encode() + b"\r\n"
        assert all(len(part) <= 75 for part in line.split(b"\r\n"))


def today() -> dt.date:
    return dt.datetime.now(BEIJING).date()


def link(api: Api, who: str = "clerk", **more: Any) -> str:
    answer = api.post("/v1/due/links", more, who)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    return url


def events(api: Api, url: str) -> list[Component]:
    answer = api.get(url, None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    found: list[Component] = parse(answer.content)["inside"]
    return found


def dispute(api: Api, in_days: int = 10, who: str = "clerk", **more: Any) -> str:
    body = factories.dispute(resolve_by=(today() + dt.timedelta(days=in_days)).isoformat(), **more)
    return str(api.made("/v1/disputes", body, who)["id"])


def test_a_link_shows_the_office_what_is_due(api: Api) -> None:
    entry = dispute(api)
    theirs = [{"kind": "village", "name": name, "division": factories.OTHER_VILLAGE} for name in ("甲村", "乙村")]
    dispute(api, who="neighbour", division=factories.OTHER_VILLAGE, parties=theirs)
    url = link(api)
    (found,) = events(api, url)
    assert found["UID"] == f"disputes-{entry}-resolve_by@440882.registry"
    assert found["DTSTART;VALUE=DATE"] == (today() + dt.timedelta(days=10)).strftime("%Y%m%d")
    assert plain(found["LOCATION"]) == "客路镇迈港村委会"
    assert f"/v1/disputes/{entry}" in plain(found["DESCRIPTION"])
    assert "示范" not in str(found)
    assert len(events(api, link(api, "supervisor"))) == 2
    assert events(api, link(api, "supervisor", divisions=["440882100"])) != [found]


def test_a_link_reads_no_more_than_its_divisions(api: Api) -> None:
    here, there = dispute(api), dispute(api, division="440882102200")
    narrow = link(api, "supervisor", divisions=["440882102200"])
    assert [found["UID"] for found in events(api, narrow)] == [f"disputes-{there}-resolve_by@440882.registry"]
    assert {here, there} <= {found["UID"][9:45] for found in events(api, link(api, "supervisor"))}


def test_of_people_there_are_counts_alone(api: Api) -> None:
    """Who has the link reads how many visits are due in a village on a day: not of whom, nor how ill they are."""
    since = (today() - dt.timedelta(days=10)).isoformat()
    for village in (factories.VILLAGE, factories.VILLAGE, "440882102200"):
        person = {"division": village, "risk_level": 4, "stability": "unstable", "in_care_since": since}
        made = api.made("/v1/patients", factories.patient(id_number=None, **person))
    url = link(api)
    found = {plain(each["LOCATION"]): plain(each["SUMMARY"]) for each in events(api, url)}
    assert found == {"客路镇迈港村委会": "走访 2人", "客路镇客路村委会": "走访 1人"}
    body = api.get(url, None).text
    assert made["id"] not in body
    assert "不稳定" not in body
    day = (today() + dt.timedelta(days=4)).isoformat()
    assert events(api, url)[0]["UID"].endswith(f"-{day}@440882.registry")


def test_what_a_calendar_is_made_from_is_looked_at_before_it_is_made(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    dispute(api)
    url = link(api)
    tag = api.get(url, None).headers["ETag"]

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("registry.reports.due.calendar_feed.due_items", never)
    assert api.get(url, None, headers={"If-None-Match": tag}).status_code == 304


def test_a_calendar_is_made_anew_when_something_was_recorded(api: Api) -> None:
    url = link(api)
    tag = api.get(url, None).headers["ETag"]
    dispute(api)
    again = api.get(url, None, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["ETag"] != tag


def test_a_day_that_moves_is_the_same_event_with_a_higher_sequence(api: Api) -> None:
    entry, url = dispute(api), link(api)
    (before,) = events(api, url)
    later = (today() + dt.timedelta(days=20)).isoformat()
    assert api.patch(f"/v1/disputes/{entry}", {"resolve_by": later}, 1).status_code == 200
    (after,) = events(api, url)
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert after["DTSTART;VALUE=DATE"] > before["DTSTART;VALUE=DATE"]
    assert after["DTSTAMP"] >= before["DTSTAMP"]


def test_the_same_data_give_the_same_bytes(api: Api) -> None:
    dispute(api)
    url = link(api)
    first = api.get(url, None)
    assert api.get(url, None).content == first.content
    again = api.get(url, None, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_link_ends_with_the_key_that_made_it(api: Api, run: Callable[[Callable[[Connection], Any]], Any]) -> None:
    url = link(api)
    assert api.get(url, None).status_code == 200

    def revoke(connection: Connection) -> None:
        (mine,) = [row.id for row in list_keys(connection, COUNTY) if row.name == "clerk"]
        revoke_key(connection, COUNTY, mine)

    run(revoke)
    assert api.get(url, None).status_code == 401
    assert api.get(link(api, "supervisor"), None).status_code == 200


def test_a_link_does_not_outlive_its_key(
    api: Api, run: Callable[[Callable[[Connection], Any]], Any]
) -> None:  # fmt: skip
    ends = microseconds(dt.datetime.now(dt.UTC) + dt.timedelta(days=2))
    _, api.keys["guest"] = run(
        lambda connection: issue_key(connection, COUNTY, "guest", Role.CLERK, ["440882102"], ends)
    )
    made = api.post("/v1/due/links", {"days": 30}, "guest").json()
    assert made["expires_at"] == timestamp(ends)


def test_a_link_expires(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    url = link(api, days=1)
    now = dt.datetime.now(dt.UTC) + dt.timedelta(days=1, seconds=1)
    monkeypatch.setattr("registry.reports.due.calendar_feed.wall_clock", lambda: int(now.timestamp() * 1_000_000))
    assert api.get(url, None).status_code == 401


FORGERIES: dict[str, Callable[[str, str], str]] = {
    "another proof": lambda said, proof: f"{said}.{'A' * len(proof)}",
    "another text": lambda _, proof: f"AAAA.{proof}",
    "nothing signed": lambda _said, _proof: "A.A",
    "no proof": lambda said, _: f"{said}.",
    "half": lambda said, proof: f"{said}.{proof[:10]}",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_link_is_refused(api: Api, forge: Callable[[str, str], str]) -> None:
    said, proof = link(api).partition("token=")[2].split(".")
    assert api.get(f"/v1/due.ics?token={forge(said, proof)}", None).status_code in {400, 401}


def test_a_link_is_for_offices_and_their_own_divisions(api: Api) -> None:
    assert api.post("/v1/due/links", {}, None).status_code == 401
    for who in ("dashboard", "bot", "auditor", "administrator"):
        assert api.post("/v1/due/links", {}, who).status_code == 403
    answer = api.post("/v1/due/links", {"divisions": ["440882100"]}, "clerk")
    assert (answer.status_code, codes(answer)) == (422, {"outside_division"})
    answer = api.post("/v1/due/links", {"divisions": ["440882102999"]}, "clerk")
    assert (answer.status_code, codes(answer)) == (422, {"unknown_division"})
    assert api.post("/v1/due/links", {"days": 0}, "clerk").status_code == 400
    assert api.get("/v1/due.ics", None).status_code == 400
