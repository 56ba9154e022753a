"""What time it is: microseconds since 1970, UTC; days are counted in Beijing time."""

import datetime as dt
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

Clock = Callable[[], int]

BEIJING = ZoneInfo("Asia/Shanghai")
UTC = dt.UTC
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)


def wall_clock() -> int:
    """The machine's time. The ledger corrects it where it runs backwards."""
    return time.time_ns() // 1000


def microseconds(moment: dt.datetime) -> int:
    """A moment with an offset, as microseconds since 1970."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


def moment(microseconds: int) -> dt.datetime:
    """Microseconds since 1970, as a moment in UTC."""
    return EPOCH + dt.timedelta(microseconds=microseconds)


def timestamp(microseconds: int) -> str:
    """As it stands in documents: RFC 3339, UTC, six places."""
    return moment(microseconds).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def beijing_day(microseconds: int) -> dt.date:
    """The calendar day in Beijing."""
    return moment(microseconds).astimezone(BEIJING).date()
