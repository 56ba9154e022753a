"""Bars and lines as SVG: no script, no outside file; each has a title and a description for those who hear it read."""

import datetime as dt
from collections.abc import Iterator, Sequence
from html import escape

WIDTH = 420
"""In units of its own: the page scales it; text of 13 is still read on a phone."""
LABEL, VALUE, LETTERS = 118, 46, 8
"""What a bar chart keeps free for names on the left and numbers on the right, and how much of a name goes there."""
ROW, BAR = 20, 13
HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 150, 24, 26, 34, 12
"""Of a line chart."""
INK, BLUE, PALE, GRID = "#1f2933", "#1d5f9e", "#dbe8f4", "#d0d7de"


def bars(key: str, title: str, unit: str, rows: Sequence[tuple[str, int]]) -> str:
    """Horizontal bars, one a row, each with its name and number. `key` makes the ids of the chart its own."""
    most, room = max([value for _, value in rows] + [1]), WIDTH - LABEL - VALUE
    shapes = [_bar(index, name, value, room * value / most) for index, (name, value) in enumerate(rows)]
    about = f"{title}（{unit}）：" + "、".join(f"{name}{value}" for name, value in rows)
    return _svg(key, title, about, len(rows) * ROW + 6, shapes)


def _bar(index: int, name: str, value: int, length: float) -> str:
    top, middle = index * ROW + 4, index * ROW + 15
    label = name if len(name) <= LETTERS else name[: LETTERS - 1] + "…"
    return (
        f'<text x="{LABEL - 8}" y="{middle}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{BLUE}"/>'
        f'<text x="{LABEL + length + 6:.1f}" y="{middle}">{value}</text>'
    )


def line(key: str, title: str, unit: str, points: Sequence[tuple[dt.date, int]]) -> str:
    """A line over days, with its highest and its last value."""
    most = max([value for _, value in points] + [1])
    step = (WIDTH - LEFT - RIGHT) / max(len(points) - 1, 1)
    bottom = HEIGHT - BOTTOM
    spots = [(LEFT + step * n, bottom - (bottom - TOP) * value / most) for n, (_, value) in enumerate(points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    shapes = [
        *_grid(most, bottom),
        f'<polygon points="{LEFT},{bottom} {path} {spots[-1][0]:.1f},{bottom}" fill="{PALE}"/>',
        f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
        *_marks(points, spots),
        *_dates([day for day, _ in points], [x for x, _ in spots]),
    ]
    about = f"{title}（{unit}）：" + "、".join(f"{_short(day)}{value}" for day, value in points)
    return _svg(key, title, about, HEIGHT, shapes)


def _grid(most: int, bottom: int) -> Iterator[str]:
    for value in sorted({0, most // 2, most}):
        y = bottom - (bottom - TOP) * value / most
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'


def _marks(points: Sequence[tuple[dt.date, int]], spots: Sequence[tuple[float, float]]) -> Iterator[str]:
    """The last day's value, and the highest one."""
    values = [value for _, value in points]
    for index in sorted({values.index(max(values)), len(values) - 1}):
        x, y = spots[index]
        side = "end" if x > WIDTH / 2 else "start"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{BLUE}"/>'
        halo = 'stroke="#fff" stroke-width="3" paint-order="stroke"'
        yield f'<text x="{x:.1f}" y="{y - 7:.1f}" text-anchor="{side}" {halo}>{values[index]}</text>'


def _dates(days: Sequence[dt.date], places: Sequence[float]) -> Iterator[str]:
    """The first day, the last, and some between."""
    every = max(len(days) // 4, 1)
    for index in [*range(0, len(days) - every // 2 - 1, every), len(days) - 1]:
        side = "start" if index == 0 else "end" if index == len(days) - 1 else "middle"
        yield f'<text x="{places[index]:.1f}" y="{HEIGHT - 8}" text-anchor="{side}">{_short(days[index])}</text>'


def _short(day: dt.date) -> str:
    return f"{day.month}月{day.day}日"


def _svg(key: str, title: str, about: str, height: int, shapes: Sequence[str]) -> str:
    name = escape(key, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-size="13" fill="{INK}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(about)}</desc>'
        f"{''.join(shapes)}</svg>"
    )
