"""The last section of a bulletin (明日重点): how much falls due the day after its last day, and what is late, by kind of duty."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from registry.core.duties import Window
from registry.core.register import Register
from registry.deadlines.periods import add_days
from registry.reports.bulletin.figures import Totals
from registry.reports.bulletin.schemas import Section
from registry.reports.bulletin.wording import UNTOLD
from registry.reports.due.service import Asked, due_items, titles, withheld

TITLE = "明日重点"


def tomorrow(totals: Totals, registers: Sequence[Register], to: dt.date) -> Section:
    """As the due list tells it on the last day, to the same caller."""
    named, untold = titles(registers), withheld(totals.view.who, registers)
    kinds = {kind: title for kind, title in named.items() if kind not in untold}
    asked = Asked(Window(to, add_days(to, 1)), frozenset(kinds), totals.division)
    days = Counter((item.kind, item.due_on) for item in due_items(totals.connection, totals.view, registers, asked))
    told = list(_told(kinds, days, to))
    if untold:
        told.append("、".join(title for kind, title in named.items() if kind in untold) + f"：{UNTOLD}。")
    return Section(title=TITLE, rates=[], told=told)


def _told(kinds: Mapping[str, str], days: Counter[tuple[str, dt.date]], to: dt.date) -> Iterator[str]:
    yield f"明日到期：{_listed(kinds, days, lambda day: day > to)}。"
    yield f"今日到期：{_listed(kinds, days, lambda day: day == to)}。"
    yield f"已逾期：{_listed(kinds, days, lambda day: day < to)}。"


def _listed(
    kinds: Mapping[str, str], days: Counter[tuple[str, dt.date]], of: Callable[[dt.date], bool]
) -> str:  # fmt: skip
    """How many of each kind are due on such days: 调解期限1项、随访12项."""
    counts = {title: sum(days[key] for key in days if key[0] == kind and of(key[1])) for kind, title in kinds.items()}
    return "、".join(f"{title}{count}项" for title, count in counts.items() if count) or "无"
