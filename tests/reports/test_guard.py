"""Small counts of people cannot be worked out: an outsider with all tables of all releases tries."""

import os
from collections.abc import Sequence

from hypothesis import event, given, settings
from hypothesis import strategies as st

from registry.reports.statistics.disclosure.suppression import PublishedCell, decide, nothing
from tests.reports.outsider import Counts, Shown, growing, leaks, tables

COUNTY, KELU, BAISHA, LIJI = "440882", "440882102", "440882100", "440882112"
EXAMPLES = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "100"))
People = dict[tuple[str, ...], int]

people = st.tuples(st.sampled_from([KELU, BAISHA, LIJI]), st.sampled_from("abc"), st.sampled_from("xy"))
numbers = st.one_of(st.integers(1, 4), st.integers(5, 15), st.integers(-6, -1))
steps = st.lists(st.dictionaries(people, numbers, min_size=1, max_size=7), min_size=1, max_size=5)


def published(counts: Sequence[Counts]) -> list[Shown]:
    """What is shown of one release after the other."""
    release, shown = nothing(), []
    for real in counts:
        release = decide(release, {PublishedCell(*cell): number for cell, number in real.items()}, COUNTY)
        shown.append({tuple(cell): value for cell, value in release.shown().items()})
    return shown


def counted(steps: Sequence[People]) -> list[dict[tuple[str, str, str], int]]:
    return [tables(people, ("class", "sex"), COUNTY) for people in growing(steps)]


@settings(max_examples=EXAMPLES, deadline=None)
@given(steps)
def test_no_hidden_count_can_be_worked_out(steps: list[People]) -> None:
    counts = counted(steps)
    shown = published(counts)
    assert leaks(counts, shown, COUNTY) == []
    assert all(
        value in {None, real[cell]} for real, told in zip(counts, shown, strict=True) for cell, value in told.items()
    )
    event(f"{sum(value is None for value in shown[-1].values()) * 10 // len(shown[-1]) * 10} % hidden")


TWO_TOWNS = {
    (KELU, "a", "x"): 3,
    (KELU, "b", "y"): 20,
    (BAISHA, "a", "x"): 9,
    (BAISHA, "b", "y"): 11,
    (BAISHA, "c", "x"): 8,
}


def by_threshold(counts: Sequence[Counts]) -> list[Shown]:
    """What a threshold of 5 for each number by itself shows."""
    return [{cell: None if 0 < number < 5 else number for cell, number in real.items()} for real in counts]


def one_by_one(counts: Sequence[Counts]) -> list[Shown]:
    """What is shown if each release is decided as if it were the first."""
    return [shown for real in counts for shown in published([real])]


def test_the_outsider_sees_through_a_threshold() -> None:
    counts = counted([TWO_TOWNS])
    told = by_threshold(counts)
    assert told[0][KELU, "class", "a"] is None
    assert leaks(counts, told, COUNTY)
    assert leaks(counts, published(counts), COUNTY) == []


def test_the_outsider_subtracts_one_month_from_the_next() -> None:
    counts = counted([TWO_TOWNS, {(KELU, "b", "y"): 2}])
    told = one_by_one(counts)
    assert [leaks([real], [shown], COUNTY) for real, shown in zip(counts, told, strict=True)] == [[], []]
    assert leaks(counts, told, COUNTY)
    assert leaks(counts, published(counts), COUNTY) == []


def test_two_hidden_counts_do_not_tell_each_other() -> None:
    """1 + 1 = 2: the total of two small counts is as good as the counts."""
    counts = counted(
        [{(KELU, "a", "x"): 1, (KELU, "b", "x"): 1, (KELU, "c", "x"): 30, (BAISHA, "a", "x"): 9, (BAISHA, "b", "x"): 9}]
    )
    shown = published(counts)[0]
    assert [shown[KELU, "class", value] for value in "abc"].count(None) == 3
    assert leaks(counts, [shown], COUNTY) == []


def test_large_counts_are_all_shown() -> None:
    counts = counted([{(town, kind, sex): 5 + len(kind) for town in (KELU, BAISHA) for kind in "abc" for sex in "xy"}])
    assert published(counts) == counts


def test_what_did_not_change_reads_the_same_in_the_next_release() -> None:
    counts = counted([TWO_TOWNS, {}])
    first, second = published(counts)
    assert first == second
    assert None in first.values()
    assert 20 in first.values()


def test_growth_by_five_is_shown_again() -> None:
    more = {(town, kind, sex): 50 for town in (KELU, BAISHA) for kind in "abc" for sex in "xy"}
    counts = counted([TWO_TOWNS, more])
    shown = published(counts)
    assert None in shown[0].values()
    assert shown[1] == counts[1]


@given(steps)
@settings(max_examples=20, deadline=None)
def test_decisions_are_the_same_whenever_they_are_made(steps: list[People]) -> None:
    assert published(counted(steps)) == published([dict(reversed(real.items())) for real in counted(steps)])


def test_nobody_is_nothing_to_hide() -> None:
    none = PublishedCell(COUNTY)
    assert decide(decide(nothing(), {}, COUNTY), {none: 0}, COUNTY).shown() == {none: 0}
