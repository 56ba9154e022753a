"""What a data set is made of: steps, each a use case done by an office on a day."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from registry.core.schemas import Change
from registry.core.unit_of_work import Tx
from registry.ledger.clock import BEIJING, microseconds
from registry.ledger.ids import new_id
from registry.ledger.versions import Append

COUNTY = "440882"
KELU = "440882102"
FIRST_DAY = dt.date(2020, 1, 1)
LAST_DAY = dt.date(2020, 3, 5)
"""The day of the article."""

ARTICLE = "雷州政法 2020-03-05《雷州:发挥政法职能作用,六大举措助力疫情防控阻击战》"
SYNTHETIC: dict[str, object] = {"kind": "synthetic", "note": "示范数据,由固定种子生成,不对应任何真实的人或事"}

Written = Append | None | tuple[Append | None, ...]


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One use case: who does it (a division's office; the county's is the supervisor), on which day."""

    day: dt.date
    office: str
    run: Callable[[Tx], Written]
    provenance: dict[str, object]
    wave: int = 1
    """Steps of a later wave of the day build on those of the earlier ones."""


def create(day: dt.date, office: str, service: Callable[..., Written], data: Any, noise: random.Random,  # noqa: ANN401
           provenance: dict[str, object] = SYNTHETIC) -> tuple[str, DemoStep]:  # fmt: skip
    """A new entry, with an id that comes out alike every time."""
    entry_id = new_id(microseconds(dt.datetime.combine(day, dt.time(9), BEIJING)) // 1000, noise.getrandbits(74))
    return entry_id, DemoStep(day, office, lambda tx: service(tx, entry_id, data), provenance)


def act(day: dt.date, office: str, service: Callable[..., Written], entry_id: str, data: Any,  # noqa: ANN401
        provenance: dict[str, object] = SYNTHETIC) -> DemoStep:  # fmt: skip
    """A verb of the domain, done to an entry as it stands."""
    return DemoStep(day, office, lambda tx: service(tx, entry_id, data, Change({}, None)), provenance)


def change(day: dt.date, office: str, service: Callable[..., Written], entry_id: str, patch: dict[str, Any],
           provenance: dict[str, object] = SYNTHETIC) -> DemoStep:  # fmt: skip
    """A merge patch of an entry as it stands."""
    return DemoStep(day, office, lambda tx: service(tx, entry_id, Change(patch, None)), provenance)


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    """All days from the first to the last."""
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"


def fictional_name(noise: random.Random) -> str:
    """A name that nobody has: 示范陈0417."""
    return f"示范{noise.choice(SURNAMES)}{noise.randrange(10_000):04d}"


def fictional_phone(noise: random.Random) -> str:
    """A phone number of the right form."""
    return f"1990000{noise.randrange(10_000):04d}"
