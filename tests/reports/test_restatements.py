"""Restatements: rows that add up, cell by cell, to the difference of two bulletins, for every caller, division and period."""

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from registry.app import SECTIONS
from registry.core.principals import READERS
from registry.reports.bulletin.sections import printed_measures
from tests import factories
from tests.api import Api, codes, pointers
from tests.conftest import CALLERS

AT = "/v1/restatements"
COUNTY, KELU, BAISHA = "440882", "440882102", "440882100"
VILLAGE, SISTER, BAISHA_VILLAGE = "440882102204", "440882102200", "440882100200"
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
MEASURES = [printed.name for printed in printed_measures(SECTIONS)]
SENSITIVE = {"patients_on_roster", "visits", "visits_joint"}
EXAMPLES = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "8"))
Entry = dict[str, Any]


def head(api: Api) -> int:
    """The watermark now."""
    return int(api.get("/v1/bulletin", "supervisor").json()["watermark"].rpartition("_")[2])


def mark(number: int) -> str:
    return f"wm_{COUNTY}_{number}"


def whole(api: Api, query: str, who: str = "supervisor", limit: int = 200) -> Entry:
    """A restatement with the rows of all its pages."""
    first: Entry = api.get(f"{AT}?{query}&limit={limit}", who).json()
    page, rows = first, list(first["rows"])
    while page["next_cursor"]:
        page = api.get(f"{AT}?{query}&limit={limit}&cursor={page['next_cursor']}", who).json()
        assert {**page, "rows": [], "next_cursor": ""} == {**first, "rows": [], "next_cursor": ""}
        rows += page["rows"]
    return {**first, "rows": rows, "next_cursor": None}


def changed(restatement: Entry) -> dict[str, int]:
    """The cells that changed, and by how much."""
    return {cell["name"]: cell["difference"] for cell in restatement["cells"] if cell["difference"]}


def brief(restatement: Entry) -> list[tuple[str, int, str | None]]:
    return [(row["measure"], row["difference"], row["action"]) for row in restatement["rows"]]


# Random histories

DAYS = st.sampled_from(["2020-02-03", "2020-02-10", "2020-02-17", "2020-02-24"])
PLACES = st.sampled_from([VILLAGE, SISTER, BAISHA_VILLAGE])
VERBS = ["create", "change", "correct", "void", "move"]
REGISTERS = ["disputes", "gatherings", "sheds", "patients", "visits"]
DATED = {
    "disputes": "discovered_on",
    "gatherings": "decided_on",
    "sheds": "demolished_on",
    "patients": "in_care_since",
    "visits": "visited_on",
}
steps = st.lists(
    st.tuples(
        st.sampled_from(VERBS), st.sampled_from(REGISTERS), PLACES, st.integers(0, 9), DAYS, st.integers(1, 4)
    ),
    min_size=3,
    max_size=8,
)  # fmt: skip
questions = st.lists(
    st.tuples(
        st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted),
        st.sampled_from([COUNTY, KELU, BAISHA, VILLAGE, BAISHA_VILLAGE]),
        st.sampled_from([("", "2020-12-31"), ("", "2020-02-12"), ("2020-02-05", "2020-02-20"), ("2020-02-17", "2020-02-17")]),
        st.sampled_from(["clerk", "neighbour", "village_clerk", "supervisor", "dashboard", "town_dashboard", "auditor"]),
    ),
    min_size=3,
    max_size=3,
)  # fmt: skip


def perform(api: Api, entries: dict[str, list[str]], step: tuple[str, str, str, int, str, int]) -> None:
    verb, register, place, which, day, amount = step
    known = entries[register]
    if verb == "create" or not known:
        create(api, entries, register, place, which, day, amount)
        return
    at = f"/v1/{register}/{known[which % len(known)]}"
    if verb == "void":
        answer = api.act(f"{at}/void", {"reason": REASON, "children": True}, who="supervisor")
    elif verb == "move" and register == "patients":
        moved = {"to_division": place, "on": day, "reason": "随家人迁居(示范)"}
        answer = api.act(f"{at}/transfer", moved, who="supervisor")
    elif verb == "move" and register != "visits":
        answer = api.patch(at, {"division": place}, who="supervisor")
    else:
        patch = patch_of(register, day, amount)
        answer = (
            api.act(f"{at}/correct", {"reason": REASON, "changes": patch}, who="supervisor")
            if verb == "correct"
            else api.patch(at, patch, who="supervisor")
        )
    assert answer.status_code in {200, 409, 422}, answer.text
    event(f"{verb} {answer.status_code}")


def create(
    api: Api, entries: dict[str, list[str]], register: str, place: str, which: int, day: str, amount: int
) -> None:
    more: Entry = {"division": place, **patch_of(register, day, amount)}
    if register == "visits":
        patients = [
            e for e in entries["patients"] if not api.get(f"/v1/patients/{e}", "supervisor").json()["meta"]["voided"]
        ]
        if not patients:
            return
        body = factories.visit(patients[which % len(patients)], **patch_of(register, day, amount))
    elif register == "patients":
        body = factories.patient(id_number=None, **more)
    else:
        make = {"disputes": factories.dispute, "gatherings": factories.gathering, "sheds": factories.shed}[register]
        body = make(**more)
    answer = api.post(f"/v1/{register}", body, "supervisor")
    assert answer.status_code in {201, 422}, answer.text  # a visit before care began is refused
    if answer.status_code == 201:
        entries[register].append(answer.json()["id"])


def patch_of(register: str, day: str, amount: int) -> Entry:
    """What a change or a correction says: another day, another amount."""
    team = [{"role": "police", "name": "示范吴"}, {"role": "grid_worker", "name": "示范周"}][: 1 + amount % 2]
    day = day.replace("2020-", "2018-") if register == "patients" and amount > 1 else day
    more: dict[str, Entry] = {
        "gatherings": {
            "sessions": amount,
            "disposition": "cancelled" if amount < 4 else "dispersed",
            "planned_from": "2020-02-25",
        },
        "sheds": {"count": amount},
        "visits": {"team": team},
    }
    return {DATED[register]: day, **more.get(register, {})}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],  # the histories before stay in the database, so that a shrunk one would be another
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=steps, asked=questions)
def test_the_rows_are_the_difference_of_two_bulletins(
    api: Api,
    history: list[tuple[str, str, str, int, str, int]],
    asked: list[tuple[list[int], str, tuple[str, str], str]],
) -> None:
    start = head(api)
    entries: dict[str, list[str]] = {register: [] for register in REGISTERS}
    first = [("create", register, VILLAGE, 0, "2020-02-10", 1) for register in REGISTERS]
    for step in [*first, *history]:
        perform(api, entries, step)
    written = head(api) - start
    check(api, 0, head(api), COUNTY, ("", "2020-12-31"), "supervisor", limit=200)
    for (one, two), division, period, who in asked:
        if not any(own.startswith(division) or division.startswith(own) for own in CALLERS[who][1]):
            continue  # refused, as the bulletin itself is
        # Mostly within this history; the histories before it lie under `start`.
        check(api, start + min(one, written), start + min(two, written), division, period, who)


def check(api: Api, start: int, end: int, division: str, period: tuple[str, str], who: str, limit: int = 7) -> None:
    since, to = period
    query = f"then={mark(start)}&now={mark(end)}&division={division}&period_to={to}"
    restatement = whole(api, query + (f"&period_from={since}" if since else ""), who, limit)
    bulletin = f"/v1/bulletin?division={division}&to={to}" + (f"&from={since}" if since else "")
    before, after = (api.get(f"{bulletin}&as_of={mark(n)}", who).json() for n in (start, end))
    sums = dict.fromkeys(MEASURES, 0)
    counts = dict.fromkeys(MEASURES, 0)
    for row in restatement["rows"]:
        assert start <= row["position"] < end
        assert row["difference"] != 0
        sums[row["measure"]] += row["difference"]
        counts[row["measure"]] += 1
    assert [cell["name"] for cell in restatement["cells"]] == MEASURES
    for cell in restatement["cells"]:
        name = cell["name"]
        assert (cell["before"], cell["after"]) == (before[name], after[name]), (query, who, name)
        if cell["rows_count"] is None:
            assert "dashboard" in who
            assert name in SENSITIVE
            assert counts[name] == 0
        else:
            assert cell["difference"] == after[name] - before[name] == sums[name], (query, who, name)
            assert cell["rows_count"] == counts[name]
    places = [(row["position"], list(sums).index(row["measure"])) for row in restatement["rows"]]
    assert all(one < two for one, two in pairwise(places))


# What rows say


def test_a_late_entry_is_a_row_with_who_and_when(api: Api) -> None:
    start = head(api)
    late = api.made("/v1/disputes", factories.dispute(discovered_on="2020-02-20"))
    restatement = whole(api, f"then={mark(start)}&period_to=2020-03-05")
    assert changed(restatement) == {"disputes_found": 1, "disputes_open": 1}
    row = restatement["rows"][0]
    assert row == {
        "measure": "disputes_found", "title": "排查发现矛盾纠纷", "unit": "宗", "difference": 1, "position": start,
        "register": "disputes", "entry_id": late["id"], "version": 1, "action": "created", "reason": None,
        "recorded_at": late["meta"]["recorded_at"], "recorded_by": late["meta"]["recorded_by"], "replayed_at": None,
        "division": VILLAGE,
    }  # fmt: skip
    assert (restatement["then"], restatement["now"]) == (mark(start), mark(start + 1))


def test_what_lies_outside_the_period_changes_nothing(api: Api) -> None:
    start = head(api)
    api.made("/v1/disputes", factories.dispute(discovered_on="2020-03-06"))
    restatement = whole(api, f"then={mark(start)}&period_to=2020-03-05")
    assert (changed(restatement), restatement["rows"]) == ({}, [])
    assert restatement["paragraph"] == "截至2020年3月5日，雷州市公布的各项数字没有变化。"


def test_a_correction_is_the_difference_with_its_reason(api: Api) -> None:
    gathering = api.made("/v1/gatherings", factories.gathering(sessions=3))
    start = head(api)
    api.act(f"/v1/gatherings/{gathering['id']}/correct", {"reason": REASON, "changes": {"sessions": 5}}, 1)
    restatement = whole(api, f"then={mark(start)}&period_to=2020-03-05")
    assert brief(restatement) == [("gatherings_cancelled", 2, "corrected")]
    assert restatement["rows"][0]["reason"] == REASON
    assert restatement["rows"][0]["version"] == 2
    assert restatement["paragraph"] == (
        "截至2020年3月5日，雷州市取消或暂停各类聚集活动由3场更正为5场（增加2场）：更正1条。"
    )


def test_a_voiding_takes_away_what_stood(api: Api) -> None:
    kept, voided = (api.made("/v1/disputes", factories.dispute())["id"] for _ in range(2))
    start = head(api)
    api.act(f"/v1/disputes/{voided}/void", {"reason": REASON}, 1, "supervisor")
    restatement = whole(api, f"then={mark(start)}&period_to=2020-03-05&period_from=2020-01-01&division={VILLAGE}")
    assert brief(restatement) == [("disputes_found", -1, "voided"), ("disputes_open", -1, "voided")]
    assert {row["entry_id"] for row in restatement["rows"]} == {voided} != {kept}
    assert restatement["paragraph"] == (
        "自2020年1月1日至2020年3月5日，客路镇迈港村委会排查发现矛盾纠纷由2宗更正为1宗（减少1宗）：作废1条；"
        "在办矛盾纠纷由2宗更正为1宗（减少1宗）：作废1条。"
    )


def test_a_corrected_date_takes_an_entry_out_of_the_period(api: Api) -> None:
    shed = api.made("/v1/sheds", factories.shed(count=4, demolished_on="2020-02-10"))
    start = head(api)
    moved = {"reason": REASON, "changes": {"demolished_on": "2020-02-20"}}
    api.act(f"/v1/sheds/{shed['id']}/correct", moved, 1)
    assert changed(whole(api, f"then={mark(start)}&period_to=2020-02-12")) == {"sheds_demolished": -4}
    assert changed(whole(api, f"then={mark(start)}&period_from=2020-02-12&period_to=2020-02-29")) == {
        "sheds_demolished": 4
    }
    assert whole(api, f"then={mark(start)}&period_to=2020-02-29")["rows"] == []  # -4 and +4 by one version


def test_what_went_and_came_back_is_two_rows_and_no_difference(api: Api) -> None:
    gathering = api.made("/v1/gatherings", factories.gathering(sessions=3))
    start = head(api)
    for sessions in (7, 3):
        api.patch(f"/v1/gatherings/{gathering['id']}", {"sessions": sessions})
    restatement = whole(api, f"then={mark(start)}&period_to=2020-03-05")
    assert brief(restatement) == [("gatherings_cancelled", 4, "changed"), ("gatherings_cancelled", -4, "changed")]
    assert changed(restatement) == {}


def test_a_transfer_moves_a_count_between_towns(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())
    start = head(api)
    moved = {"to_division": BAISHA_VILLAGE, "on": "2020-02-20", "reason": "随家人迁居"}
    assert api.act(f"/v1/patients/{patient['id']}/transfer", moved, 1, "supervisor").status_code == 200
    asked = f"then={mark(start)}&period_to=2020-03-05"
    assert brief(whole(api, f"{asked}&division={KELU}")) == [("patients_on_roster", -1, "transferred")]
    assert brief(whole(api, f"{asked}&division={BAISHA}")) == [("patients_on_roster", 1, "transferred")]
    assert whole(api, asked)["rows"] == []


def test_the_old_town_is_told_that_an_entry_left_and_no_more(api: Api) -> None:
    """The new version lies in another town: for the old one it is not there."""
    patient = api.made("/v1/patients", factories.patient())
    start = head(api)
    moved = {"to_division": BAISHA_VILLAGE, "on": "2020-02-20", "reason": "随家人迁居"}
    api.act(f"/v1/patients/{patient['id']}/transfer", moved, 1, "supervisor")
    assert api.get(f"/v1/patients/{patient['id']}").status_code == 404
    restatement = whole(api, f"then={mark(start)}&period_to=2020-03-05", "clerk")
    (row,) = restatement["rows"]
    assert (row["difference"], row["entry_id"]) == (-1, patient["id"])
    unknown = {name for name, value in row.items() if value is None}
    assert unknown == {"version", "action", "reason", "recorded_by", "replayed_at", "division"}
    assert BAISHA not in str(restatement)
    assert restatement["paragraph"].endswith("（减少1人）：转出辖区1条。")


# Small counts of people


def enrol(api: Api, number: int) -> list[str]:
    return [api.made("/v1/patients", factories.patient(id_number=None))["id"] for _ in range(number)]


def cell_of(restatement: Entry, name: str = "patients_on_roster") -> tuple[Any, ...]:
    (cell,) = (cell for cell in restatement["cells"] if cell["name"] == name)
    return cell["before"], cell["after"], cell["difference"], cell["rows_count"]


@pytest.mark.parametrize("who", ["dashboard", "bot"])
def test_counts_of_people_are_those_of_month_ends(api: Api, end_month: Callable[[], None], who: str) -> None:
    marks = []
    for number in (3, 3, 6):
        enrol(api, number)
        end_month()
        marks.append(head(api))
    asked = "then={}&now={}&period_to=2199-12-31"
    first, second = (whole(api, asked.format(mark(a), mark(b)), who) for a, b in pairwise(marks))
    assert (cell_of(first), first["rows"]) == ((3, 6, None, None), [])
    assert (cell_of(second), second["rows"]) == ((6, 12, None, None), [])
    assert "由3人更正为6人。" in first["paragraph"]
    assert cell_of(whole(api, asked.format(mark(marks[0]), mark(marks[1])))) == (3, 6, 3, 3)


def test_people_that_came_since_the_month_end_are_no_change(api: Api, end_month: Callable[[], None]) -> None:
    enrol(api, 7)
    end_month()
    start = head(api)
    enrol(api, 7)
    restatement = whole(api, f"then={mark(start)}&period_to=2199-12-31", "dashboard")
    assert (cell_of(restatement), restatement["rows"]) == ((7, 7, None, None), [])
    assert restatement["paragraph"] == "截至2199年12月31日，雷州市公布的各项数字没有变化。"


# Parameters


def test_without_a_period_it_is_that_of_the_first_bulletin(api: Api) -> None:
    api.made("/v1/disputes", factories.dispute())
    start = head(api)
    then = api.get("/v1/bulletin", "supervisor").json()
    api.made("/v1/disputes", factories.dispute())
    restatement = whole(api, f"then={mark(start)}")
    assert (restatement["period_from"], restatement["period_to"]) == (None, then["to"])
    assert {cell["name"]: cell["before"] for cell in restatement["cells"]} == {
        f["name"]: f["value"] for f in then["figures"]
    }
    assert whole(api, f"then={mark(0)}")["cells"][0]["before"] == 0


def test_asked_again_it_is_the_same_bytes(api: Api) -> None:
    start = head(api)
    made = api.made("/v1/gatherings", factories.gathering())
    then = api.get(f"{AT}?then={mark(start)}&period_to=2020-03-05")
    assert then.headers["Registry-Watermark"] == then.json()["now"] == mark(start + 1)
    api.patch(f"/v1/gatherings/{made['id']}", {"sessions": 9}, 1)
    api.made("/v1/gatherings", factories.gathering())
    asked = f"{AT}?then={mark(start)}&now={then.json()['now']}&period_to=2020-03-05"
    again = api.get(asked)
    assert again.content == then.content
    assert api.get(asked, headers={"If-None-Match": again.headers["ETag"]}).status_code == 304
    assert changed(api.get(f"{AT}?then={mark(start)}&period_to=2020-03-05").json()) == {"gatherings_cancelled": 12}


def test_pages_are_of_the_moments_of_the_first(api: Api) -> None:
    start = head(api)
    for _ in range(3):
        api.made("/v1/disputes", factories.dispute())
    asked = f"{AT}?then={mark(start)}&period_to=2020-03-05&limit=4"
    first = api.get(asked).json()
    api.made("/v1/disputes", factories.dispute())
    second = api.get(f"{asked}&cursor={first['next_cursor']}").json()
    assert (len(first["rows"]), len(second["rows"]), second["next_cursor"]) == (4, 2, None)
    assert second["now"] == first["now"] == mark(start + 3)
    assert second["cells"] == first["cells"]
    elsewhere = api.get(f"{AT}?then={mark(start + 1)}&period_to=2020-03-05&limit=4&cursor={first['next_cursor']}")
    assert (elsewhere.status_code, pointers(elsewhere)) == (422, {"#cursor"})


def test_dates_and_timestamps_say_as_of_when(api: Api) -> None:
    made = api.made("/v1/gatherings", factories.gathering())
    api.made("/v1/gatherings", factories.gathering())
    position = made["meta"]["position"]
    found = whole(api, f"then=1999-12-31&now={made['meta']['recorded_at']}&period_to=2020-03-05")
    assert (found["then"], found["now"]) == (mark(0), mark(position + 1))
    assert changed(found) == {"gatherings_cancelled": 3}


@pytest.mark.parametrize(
    ("query", "status", "pointer", "code"),
    [
        ("", 400, "#then", "required"),
        (f"now={mark(1)}", 400, "#then", "required"),
        (f"then={mark(1)}&as_of={mark(2)}", 400, "#as_of", "unknown_parameter"),
        (f"then={mark(1)}&then={mark(2)}", 400, "#then", "repeated_parameter"),
        ("then=yesterday-ish", 400, "#then", "pattern"),
        (f"then={mark(3)}&now={mark(2)}", 422, "#then", "ends_before_start"),
        (f"then={mark(9999)}", 422, "#then", "as_of"),
        (f"then={mark(1)}&now={mark(9999)}", 422, "#now", "as_of"),
        ("then=wm_440881_1", 422, "#then", "as_of"),
        (f"then={mark(1)}&now=2999-01-01", 422, "#now", "as_of"),
        (f"then={mark(1)}&period_from=2020-03-02&period_to=2020-03-01", 422, "#period_from", "ends_before_start"),
        (f"then={mark(1)}&limit=0", 400, "#limit", "minimum"),
        (f"then={mark(1)}&cursor=nonsense", 422, "#cursor", "cursor"),
    ],
)
def test_what_will_not_do_is_refused(api: Api, query: str, status: int, pointer: str, code: str) -> None:
    answer = api.get(f"{AT}?{query}")
    assert (answer.status_code, pointers(answer), codes(answer)) == (status, {pointer}, {code})


def test_readers_may_ask_and_others_may_not(api: Api) -> None:
    for who, (role, _) in CALLERS.items():
        assert api.get(f"{AT}?then={mark(0)}", who).status_code == (200 if role in READERS else 403), who
    assert api.get(f"{AT}?then={mark(0)}", None).status_code == 401


def test_other_towns_change_nothing(api: Api) -> None:
    start = head(api)
    api.made("/v1/gatherings", factories.gathering(division=BAISHA_VILLAGE), "neighbour")
    for asked in ("", f"&division={COUNTY}"):
        restatement = whole(api, f"then={mark(start)}&period_to=2020-03-05{asked}", "clerk")
        assert (changed(restatement), restatement["rows"]) == ({}, [])
        assert changed(whole(api, f"then={mark(start)}&period_to=2020-03-05{asked}", "neighbour"))
