"""How legal periods are counted."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deadlines.periods import (
    FIXED,
    LUNAR,
    PUBLISHED_UNTIL,
    _warn_once,
    add_months,
    days_after,
    is_provisional,
    is_rest_day,
    months_after,
    rolled,
    surely_over,
    working_days_after,
)
from registry.deadlines.rules import RULES, Rule, Unit, current, ends_on, rule_on, set_by_county, table, version_of

ordinary_days = st.dates(dt.date(1950, 1, 1), dt.date(2100, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2020-02-18", 1, "2020-03-18"),
        ("2020-01-31", 1, "2020-02-29"),
        ("2019-01-31", 1, "2019-02-28"),
        ("2100-01-31", 1, "2100-02-28"),
        ("2000-01-30", 1, "2000-02-29"),
        ("2020-01-29", 1, "2020-02-29"),
        ("2020-02-29", 12, "2021-02-28"),
        ("2020-02-29", 48, "2024-02-29"),
        ("2020-02-29", 1, "2020-03-29"),
        ("2020-03-31", 1, "2020-04-30"),
        ("2020-05-31", 6, "2020-11-30"),
        ("2019-11-30", 3, "2020-02-29"),
        ("2020-11-30", 3, "2021-02-28"),
        ("2020-12-31", 1, "2021-01-31"),
        ("2020-12-01", 1, "2021-01-01"),
        ("2020-11-15", 2, "2021-01-15"),
        ("2020-02-18", 0, "2020-02-18"),
        ("2020-06-30", 24, "2022-06-30"),
    ],
)
def test_some_months_later_is_the_same_day_or_the_months_last(start: str, months: int, end: str) -> None:
    assert add_months(day(start), months) == day(end)


@given(start=ordinary_days, months=st.integers(0, 240))
def test_some_months_later_is_in_that_month_and_never_a_later_day(start: dt.date, months: int) -> None:
    end = add_months(start, months)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == start.day or (end.day < start.day and (end + dt.timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("date", "rest"),
    [
        pytest.param("2020-01-19", False, id="a worked Sunday"),
        pytest.param("2020-01-23", False, id="the day before the holiday"),
        pytest.param("2020-01-24", True, id="New Year's Eve, a Friday"),
        pytest.param("2020-01-27", True, id="a Monday in the holiday"),
        pytest.param("2020-01-31", True, id="the holiday made longer in 2020"),
        pytest.param("2020-02-02", True, id="its last day"),
        pytest.param("2020-02-03", False, id="the first day after"),
        pytest.param("2020-02-22", True, id="a Saturday"),
        pytest.param("2020-02-23", True, id="a Sunday"),
        pytest.param("2020-02-24", False, id="a Monday"),
        pytest.param("2020-05-09", False, id="a worked Saturday"),
        pytest.param("2020-04-06", True, id="Monday after Qingming"),
        pytest.param("2020-10-01", True, id="National Day"),
        pytest.param("2003-10-01", False, id="National Day before the tables: a Wednesday"),
        pytest.param("2035-10-01", True, id="National Day past the tables: a Monday"),
        pytest.param("2035-10-04", False, id="the day after it, a Thursday"),
        pytest.param("2035-10-06", True, id="a Saturday past the tables"),
        pytest.param("2027-01-01", True, id="New Year 2027, a Friday"),
        pytest.param("2027-02-05", True, id="除夕 2027, a Friday"),
        pytest.param("2027-02-08", True, id="the third day of the Spring Festival, a Monday"),
        pytest.param("2027-02-09", False, id="the day after it"),
        pytest.param("2027-04-05", True, id="Qingming 2027, a Monday"),
        pytest.param("2027-06-09", True, id="Dragon Boat 2027, a Wednesday"),
        pytest.param("2027-09-15", True, id="Mid-Autumn 2027, a Wednesday"),
        pytest.param("2036-10-01", True, id="National Day past the lunar table"),
        pytest.param("2036-01-28", False, id="past the lunar table: a Monday"),
    ],
)
def test_days_of_rest(date: str, rest: bool) -> None:
    assert is_rest_day(day(date)) is rest


@pytest.mark.parametrize(
    ("date", "end"),
    [
        ("2020-01-19", "2020-01-19"),
        ("2020-01-23", "2020-01-23"),
        ("2020-01-24", "2020-02-03"),
        ("2020-01-29", "2020-02-03"),
        ("2020-02-01", "2020-02-03"),
        ("2020-02-02", "2020-02-03"),
        ("2020-02-03", "2020-02-03"),
        ("2020-02-29", "2020-03-02"),
        ("2020-05-01", "2020-05-06"),
        ("2020-05-09", "2020-05-09"),
        ("2020-05-10", "2020-05-11"),
        ("2020-10-01", "2020-10-09"),
        ("2035-10-01", "2035-10-04"),
        ("2027-01-01", "2027-01-04"),
        ("2027-02-05", "2027-02-09"),
        ("2035-10-06", "2035-10-08"),
        ("2035-10-07", "2035-10-08"),
    ],
)
def test_a_day_of_rest_rolls_to_the_first_working_day(date: str, end: str) -> None:
    assert rolled(day(date)) == day(end)


@given(ordinary_days)
def test_rolling_ends_on_a_working_day_and_skips_none(date: dt.date) -> None:
    end = rolled(date)
    assert end >= date
    assert not is_rest_day(end)
    assert all(is_rest_day(date + dt.timedelta(days=skipped)) for skipped in range((end - date).days))


@given(ordinary_days)
def test_rolling_twice_is_rolling_once(date: dt.date) -> None:
    assert rolled(rolled(date)) == rolled(date)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        pytest.param("2020-02-24", 30, "2020-03-25", id="the first day does not count"),
        pytest.param("2020-02-20", 30, "2020-03-23", id="over a weekend"),
        pytest.param("2019-12-26", 30, "2020-02-03", id="over the Spring Festival"),
        pytest.param("2020-04-09", 30, "2020-05-09", id="a worked Saturday is a working day"),
        pytest.param("2020-02-24", 0, "2020-02-24", id="none"),
    ],
)
def test_a_period_of_days(start: str, days: int, end: str) -> None:
    assert days_after(day(start), days) == day(end)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        pytest.param("2020-02-20", 1, "2020-03-20", id="the same day"),
        pytest.param("2020-01-31", 1, "2020-03-02", id="29 February 2020 is a Saturday"),
        pytest.param("2019-12-24", 1, "2020-02-03", id="into the Spring Festival"),
        pytest.param("2020-04-09", 1, "2020-05-09", id="a worked Saturday is a working day"),
        pytest.param("2035-09-01", 1, "2035-10-04", id="past the tables, the statutory holidays"),
        pytest.param("2035-09-06", 1, "2035-10-08", id="past the tables, a Saturday"),
    ],
)
def test_a_period_of_months(start: str, months: int, end: str) -> None:
    assert months_after(day(start), months) == day(end)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        pytest.param("2020-02-24", 5, "2020-03-02", id="over a weekend"),
        pytest.param("2020-01-17", 6, "2020-02-03", id="a worked Sunday counts, the Spring Festival does not"),
        pytest.param("2020-01-23", 1, "2020-02-03", id="the whole holiday between"),
        pytest.param("2020-02-22", 1, "2020-02-24", id="from a Saturday"),
        pytest.param("2020-09-30", 7, "2020-10-16", id="National Day, and the Saturday worked for it"),
        pytest.param("2020-02-24", 0, "2020-02-24", id="none"),
    ],
)
def test_a_period_of_working_days(start: str, days: int, end: str) -> None:
    assert working_days_after(day(start), days) == day(end)


@given(start=ordinary_days, days=st.integers(1, 30))
def test_working_days_are_counted_one_by_one(start: dt.date, days: int) -> None:
    end = working_days_after(start, days)
    passed = [start + dt.timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(not is_rest_day(each) for each in passed) == days
    assert not is_rest_day(end)


def test_the_lunar_holidays_are_where_the_calendar_has_them() -> None:
    """Spring Festival between 21 January and 21 February, Qingming on 4 or 5 April, the others four and seven months on."""
    for year, days in LUNAR.items():
        spring, qingming, boat, autumn = (dt.date(year, month, date) for month, date in days)
        assert dt.date(year, 1, 21) <= spring <= dt.date(year, 2, 21)
        assert qingming in {dt.date(year, 4, 4), dt.date(year, 4, 5)}
        assert (boat - spring).days in {121, 122, 123, 152}
        assert (autumn - boat).days in {98, 99, 128}
    assert len(FIXED) == 6


def test_a_day_past_what_is_published_is_provisional() -> None:
    after = PUBLISHED_UNTIL + dt.timedelta(1)
    assert (is_provisional(PUBLISHED_UNTIL), is_provisional(after)) == (False, True)
    apply, visit = version_of("judicial_confirm_apply", after), version_of("visit_stable", after)
    assert (apply.may_move(after), apply.may_move(PUBLISHED_UNTIL), visit.may_move(after)) == (True, False, False)
    assert surely_over(PUBLISHED_UNTIL, after)
    assert [surely_over(after, after + dt.timedelta(days)) for days in (0, 1, 10, 11)] == [False, False, False, True]


def test_that_holidays_are_guessed_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    _warn_once.cache_clear()
    assert [is_rest_day(day("2030-03-05")) for _ in range(3)] == [False] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]


D, W, M, Y, SET = Unit.DAYS, Unit.WORKING_DAYS, Unit.MONTHS, Unit.YEARS, Unit.SET
PETITION = "2005-05-01", "2022-05-01"
CIVIL = "2013-01-01", "2022-01-01"
REVIEW = "1999-10-01", "2024-01-01"
HEALTH = "2011-04-25", "2017-02-28", "2018-05-28"
TABLE: list[tuple[str, int, Unit, bool, tuple[str | None, ...]]] = [
    ("people_mediation_conclude", 1, M, True, ("2002-11-01",)),
    ("judicial_confirm_apply", 30, D, True, ("2011-01-01", "2022-01-01", "2024-01-01")),
    ("judicial_confirm_accept", 3, D, True, ("2011-03-30",)),
    ("enforcement_apply", 2, Y, True, ("2013-01-01", "2022-01-01", "2024-01-01")),
    ("land_accept_opinion", 7, W, True, ("2003-03-01",)),
    ("land_send_copy", 5, W, True, ("2003-03-01",)),
    ("land_respond", 30, D, True, ("2003-03-01",)),
    ("land_opinion", 6, M, True, ("2003-03-01",)),
    ("land_submit_to_gov", 5, W, True, ("2003-03-01",)),
    ("land_serve_mediation", 15, D, True, ("2003-03-01",)),
    ("land_decision_sue", 30, D, True, ("1999-01-01", "2020-01-01")),
    ("reconsider_apply", 60, D, True, REVIEW),
    ("reconsider_accept", 5, W, True, REVIEW),
    ("reconsider_decide", 60, D, True, REVIEW),
    ("reconsider_decide_simple", 30, D, True, ("2024-01-01",)),
    ("reconsider_then_sue", 15, D, True, ("2015-05-01", "2024-01-01")),
    ("admin_sue_direct", 6, M, True, ("2015-05-01",)),
    ("admin_first_instance", 6, M, True, ("2015-05-01",)),
    ("admin_second_instance", 3, M, True, ("2015-05-01",)),
    ("appeal_judgment", 15, D, True, ("2015-05-01", "2022-01-01")),
    ("appeal_ruling", 10, D, True, ("2015-05-01", "2022-01-01")),
    ("civil_first_instance", 6, M, True, CIVIL),
    ("civil_second_judgment", 3, M, True, CIVIL),
    ("civil_second_ruling", 30, D, True, CIVIL),
    ("civil_limitation", 3, Y, True, ("2017-10-01", "2021-01-01")),
    ("rural_arb_apply", 2, Y, True, ("2010-01-01",)),
    ("rural_arb_accept_serve", 5, W, True, ("2010-01-01",)),
    ("rural_arb_finish", 60, D, True, ("2010-01-01",)),
    ("rural_arb_sue", 30, D, True, ("2010-01-01",)),
    ("petition_transfer", 15, D, True, PETITION),
    ("petition_object", 5, W, True, ("2022-05-01",)),
    ("petition_finish", 60, D, True, PETITION),
    ("petition_review", 30, D, True, PETITION),
    ("petition_review_answer", 30, D, True, PETITION),
    ("petition_re_review", 30, D, True, PETITION),
    ("petition_re_review_answer", 30, D, True, PETITION),
    ("visit_unstable", 14, D, False, HEALTH),
    ("visit_basically_stable", 14, D, False, HEALTH),
    ("visit_recheck", 1, M, False, HEALTH),
    ("visit_stable", 3, M, False, HEALTH),
    ("visit_not_seen", 14, D, False, (None,)),
    ("visit_set", 0, SET, False, (None,)),
    ("visit_first", 14, D, False, (None,)),
    ("visit_return", 14, D, False, (None,)),
    ("visits_a_year", 0, SET, False, HEALTH),
    ("consent_yearly", 0, SET, False, ("2018-05-28",)),
    ("resolve_by", 0, SET, False, (None,)),
    ("next_session", 0, SET, False, (None,)),
    ("agreement_term", 0, SET, False, ("2011-01-01",)),
    ("agreement_term_land", 0, SET, False, (None,)),
    ("agreement_term_rural", 0, SET, False, (None,)),
    ("agreement_term_contract", 0, SET, False, ("1999-10-01", "2021-01-01")),
    ("agreement_term_pact", 0, SET, False, (None,)),
    ("return_visit", 30, D, True, (None,)),
    ("shed_notice", 0, SET, False, ("2012-01-01",)),
]
"""The deadline table, written out a second time: id, limit, unit, rolled, first day of each version."""
COURT_REVIEW = [(15, D, "2011-03-30"), (30, D, "2013-01-01")]
"""The one rule whose period was changed."""


@pytest.mark.parametrize(("rule_id", "limit", "unit", "rolls", "since"), TABLE, ids=[row[0] for row in TABLE])
def test_a_rule_is_as_the_domain_says(
    rule_id: str, limit: int, unit: Unit, rolls: bool, since: tuple[str | None, ...]
) -> None:
    found = versions(rule_id)
    assert [rule.since and rule.since.isoformat() for rule in found] == list(since)
    assert {(rule.limit, rule.unit, rule.rolls) for rule in found} == {(limit, unit, rolls)}


def test_every_rule_is_held_to_the_domain() -> None:
    court = [(rule.limit, rule.unit, str(rule.since)) for rule in versions("judicial_confirm_court")]
    assert court == COURT_REVIEW
    assert {rule.id for rule in RULES} == {row[0] for row in TABLE} | {"judicial_confirm_court"}


def test_what_a_law_says_has_the_day_since_which_it_says_so() -> None:
    assert [
        rule.id for rule in RULES if rule.holds(day("1900-01-01")) and ("法" in rule.source or "规范" in rule.source)
    ] == []


def test_what_began_before_a_rule_names_its_first_version() -> None:
    assert version_of("petition_finish", day("2004-01-01")).since == day("2005-05-01")
    assert version_of("petition_finish", day("2022-05-01")).since == day("2022-05-01")


@pytest.mark.parametrize(
    ("rule", "start", "end"),
    [
        pytest.param(
            "people_mediation_conclude", "2020-01-31", "2020-03-02", id="a month's end in a leap year, rolled"
        ),
        pytest.param("people_mediation_conclude", "2019-12-24", "2020-02-03", id="into the Spring Festival of 2020"),
        pytest.param("people_mediation_conclude", "2023-01-31", "2023-02-28", id="a month's end, no leap year"),
        pytest.param("judicial_confirm_apply", "2019-12-26", "2020-02-03", id="thirty days, into the Spring Festival"),
        pytest.param("judicial_confirm_apply", "2020-02-24", "2020-03-25", id="thirty days"),
        pytest.param("land_accept_opinion", "2020-01-20", "2020-02-06", id="seven working days"),
        pytest.param("land_opinion", "2019-08-31", "2020-03-02", id="six months, to a month's end that is a Saturday"),
        pytest.param("land_decision_sue", "2020-02-21", "2020-03-23", id="thirty days, rolled over a weekend"),
        pytest.param("reconsider_apply", "2020-02-18", "2020-04-20", id="sixty days, a Saturday"),
        pytest.param("reconsider_then_sue", "2020-02-05", "2020-02-20", id="fifteen days"),
        pytest.param("enforcement_apply", "2020-02-29", "2022-02-28", id="two years from a leap day"),
        pytest.param("civil_limitation", "2021-02-28", "2024-02-28", id="three years"),
        pytest.param("appeal_ruling", "2020-01-17", "2020-02-03", id="ten calendar days, into the holiday"),
        pytest.param("visit_stable", "2019-11-30", "2020-02-29", id="three months, not rolled off a Saturday"),
        pytest.param("visit_recheck", "2020-01-31", "2020-02-29", id="one month, not rolled"),
        pytest.param("visit_unstable", "2020-01-20", "2020-02-03", id="two weeks"),
        pytest.param("petition_finish", "2004-01-01", None, id="before the rule was in force"),
        pytest.param("agreement_term", "2020-02-22", "2020-02-22", id="a day that was set stays"),
    ],
)
def test_a_rule_ends_on(rule: str, start: str, end: str | None) -> None:
    assert ends_on(rule, day(start)) == (day(end) if end else None)


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("reconsider_apply", "2023-12-31", "2024-01-01"),
        ("judicial_confirm_apply", "2023-12-31", "2024-01-01"),
        ("judicial_confirm_apply", "2021-12-31", "2022-01-01"),
        ("land_decision_sue", "2019-12-31", "2020-01-01"),
        ("petition_finish", "2022-04-30", "2022-05-01"),
        ("enforcement_apply", "2021-12-31", "2022-01-01"),
    ],
)
def test_the_day_that_a_period_starts_decides_the_version(rule: str, before: str, after: str) -> None:
    old, new = rule_on(rule, day(before)), rule_on(rule, day(after))
    assert old is not None
    assert new is not None
    assert old.source != new.source


def versions(rule_id: str) -> list[Rule]:
    return [rule for rule in RULES if rule.id == rule_id]


@pytest.mark.parametrize("rule_id", sorted({rule.id for rule in RULES}))
def test_the_versions_of_a_rule_never_overlap_and_leave_no_gap_unsaid(rule_id: str) -> None:
    rules = versions(rule_id)
    assert current(rule_id) is rules[-1]
    for older, newer in pairwise(rules):
        assert older.until is not None
        assert newer.since is not None
        assert older.until < newer.since
        gap = (newer.since - older.until).days
        assert gap == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.id}-{rule.since}")
def test_a_row_of_the_table_is_whole(rule: Rule) -> None:
    assert rule.name
    assert rule.starts
    assert rule.source
    assert (rule.limit == 0) is (rule.unit is Unit.SET)
    assert rule.id.replace("_", "").isalnum()


@given(start=ordinary_days, rule=st.sampled_from(RULES))
def test_a_period_never_ends_before_it_starts(start: dt.date, rule: Rule) -> None:
    end = rule.ends(start)
    assert end >= start
    assert not (rule.rolls and is_rest_day(end))


def test_a_county_sets_the_periods_that_no_law_sets() -> None:
    day = dt.date(2020, 3, 2)
    try:
        set_by_county({"visit_first": 7})
        assert ends_on("visit_first", day) == dt.date(2020, 3, 9)
        assert current("visit_first").says == "本县定为7日"
        assert ends_on("visit_not_seen", day) == dt.date(2020, 3, 16)
        for taken in ("visit_stable", "shed_notice", "nonsense"):
            with pytest.raises(ValueError, match=f"{taken} is no period that a county sets"):
                set_by_county({taken: 7})
    finally:
        set_by_county({})
    assert ends_on("visit_first", day) == dt.date(2020, 3, 16)
    assert list(table()) == list(RULES)
