"""Text of an iCalendar feed (RFC 5545): all-day events with an alarm at nine on the day before; no database, no HTTP.

Events and not to-dos (VTODO), because the calendars of phones show only those.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LINE = 75
"""Octets that a line may have (RFC 5545 3.1)."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One day in the calendar."""

    uid: str
    """Stays the same when the day moves."""
    sequence: int
    """Grows when the event changes."""
    day: dt.date
    summary: str
    description: str
    location: str
    category: str


def calendar(name: str, stamp: dt.datetime, events: Iterable[CalendarEvent]) -> bytes:
    """The feed. `stamp` is the time of what it is made from: the same data give the same bytes."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//registry//due//ZH", "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H",
    ]  # fmt: skip
    for event in events:
        lines += _event(event, f"{stamp:%Y%m%dT%H%M%SZ}")
    return b"".join(folded(line) for line in (*lines, "END:VCALENDAR"))


def _event(event: CalendarEvent, stamp: str) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{text(event.uid)}"
    yield f"DTSTAMP:{stamp}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{event.day + dt.timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{text(event.summary)}"
    yield f"DESCRIPTION:{text(event.description)}"
    yield f"LOCATION:{text(event.location)}"
    yield f"CATEGORIES:{text(event.category)}"
    yield "TRANSP:TRANSPARENT"
    yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{text(event.summary)}", "TRIGGER:-PT15H", "END:VALARM")
    yield "END:VEVENT"


def text(value: str) -> str:
    """A value of the type TEXT (3.3.11): backslash, semicolon, comma and line break escaped, control characters left out."""
    plain = CONTROL.sub("", value.replace("\r\n", "\n"))
    for sign, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(sign, escaped)
    return plain


def folded(line: str) -> bytes:
    """A content line, folded to 75 octets (3.1) between characters, never inside one, and ended with CRLF."""
    if len(whole := line.encode()) <= LINE:
        return whole + b"\r\n"
    out, room = bytearray(), LINE
    for sign in line:
        octets = sign.encode()
        if len(octets) > room:
            out += b"\r\n "
            room = LINE - 1
        out += octets
        room -= len(octets)
    return bytes(out) + b"\r\n"
