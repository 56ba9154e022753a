"""`on=` over HTTP: an entry and a list as they were on a day, of every register."""

import datetime as dt
from collections.abc import Callable
from typing import Any, get_args

import httpx
import msgspec
import pytest
from sqlalchemy import Column, Connection, func, select
from sqlalchemy.sql.visitors import iterate

from registry.app import REGISTERS
from registry.core.queries import ListQuery
from registry.core.valid_time_reads import _holds
from registry.ledger.tables import EVENTS
from tests import factories
from tests.api import Api, codes, published
from tests.test_registers import KINDS, made, scoped_registers

every_register = pytest.mark.parametrize("name", KINDS)
FILTERED = ["divisions", "grid-staff", "disputes", "patients", "visits", "gatherings", "sheds"]
"""Registers whose lists have filters of their own, beside the case that an entry belongs to."""
COPIED = {
    "disputes": {"ended_on", "referred_on"},
    "agreements": {"confirmed_on", "next_due_on", "performed_late"},
    "sheds": {"notice_served_on"},
}
"""Columns that differ from day to day and that are copied from a document, by register."""
BEGINS = {
    "divisions": "2020-01-01", "disputes": "2020-02-01", "mediation-sessions": "2020-02-05", "agreements": "2020-02-06",
    "return-visits": "2020-02-20", "patients": "2018-01-01", "visits": "2020-02-14", "campaigns": "2020-02-12",
    "gatherings": "2020-01-25", "sheds": "2020-02-10", "proceedings": "2015-05-01",
}  # fmt: skip
"""The first day of the entries that the factories make; staff have none."""


def day_before(day: str) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@every_register
def test_past_all_its_dates_an_entry_is_as_it_stands(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    for who in (kind.writer, "auditor"):
        plain = api.get(f"/v1/{name}/{entry['id']}", who)
        told = api.get(f"/v1/{name}/{entry['id']}?on=2090-01-01", who)
        assert told.content == plain.content
        assert told.headers["Registry-On"] == "2090-01-01"
        assert "Registry-On" not in plain.headers
        assert told.headers["ETag"] != plain.headers["ETag"]
        listed = api.get(f"/v1/{name}?on=2090-01-01", who)
        assert listed.content == api.get(f"/v1/{name}", who).content
        assert listed.headers["Registry-On"] == "2090-01-01"


@pytest.mark.parametrize("name", BEGINS)
def test_an_entry_is_there_from_its_first_day(api: Api, name: str) -> None:
    who, entry, begins = KINDS[name].writer, made(api, name), BEGINS[name]
    at = f"/v1/{name}/{entry['id']}"
    assert api.get(f"{at}?on={begins}", who).status_code == 200
    assert api.get(f"{at}?on={day_before(begins)}", who).status_code == 404
    assert entry["id"] in ids(api.get(f"/v1/{name}?on={begins}", who))
    assert entry["id"] not in ids(api.get(f"/v1/{name}?on={day_before(begins)}", who))


@every_register
def test_with_its_watermark_the_answer_is_the_same_for_ever(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    then = {}
    for path in (f"/v1/{name}/{entry['id']}", f"/v1/{name}"):
        first = api.get(f"{path}?on=2020-02-25", kind.writer)
        assert first.status_code == 200
        then[f"{path}?on=2020-02-25&as_of={first.headers['Registry-Watermark']}"] = first
    api.patch(f"/v1/{name}/{entry['id']}", kind.change, 1, kind.writer)
    for path, first in then.items():
        again = api.get(path, kind.writer, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.headers["Registry-On"]) == (304, "2020-02-25")
        assert api.get(path, kind.writer).content == first.content
    now = api.get(f"/v1/{name}/{entry['id']}?on=2020-02-25", kind.writer)
    assert {field: now.json()[field] for field in kind.change} == kind.change


@every_register
def test_the_recorded_axis_takes_no_day(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    for path in ("/versions", "/versions/1"):
        answer = api.get(f"/v1/{name}/{entry['id']}{path}?on=2020-02-25", kind.writer)
        assert (answer.status_code, codes(answer)) == (400, {"unknown_parameter"})
    for wrong in ("", "2020-02-30", "2020-2-5", "null", "2020-02-25T00:00:00Z"):
        assert api.get(f"/v1/{name}/{entry['id']}?on={wrong}", kind.writer).status_code == 400
        assert api.get(f"/v1/{name}?on={wrong}", kind.writer).status_code == 400


@scoped_registers
def test_plain_reads_of_a_day_are_noted_and_others_see_masks(
    api: Api, run: Callable[[Callable[[Connection], Any]], Any], name: str
) -> None:
    entry = made(api, name)

    def noted() -> int:
        return int(run(lambda c: c.scalar(select(func.count()).select_from(EVENTS))))

    before = noted()
    for path in (f"/v1/{name}/{entry['id']}?on=2020-02-25", f"/v1/{name}?on=2020-02-25"):
        assert "示范" in api.get(path, "clerk").text
        for who in ("auditor", "dashboard", "town_dashboard"):
            assert "示范赵" not in api.get(path, who).text
            assert factories.PHONE not in api.get(path, who).text
        assert factories.PHONE not in api.get(path, "neighbour").text
    assert noted() == before + 2


@scoped_registers
def test_another_town_finds_nothing_on_any_day(api: Api, name: str) -> None:
    entry = made(api, name)
    assert api.get(f"/v1/{name}/{entry['id']}?on=2020-02-25", "neighbour").status_code == 404
    assert ids(api.get(f"/v1/{name}?on=2020-02-25", "neighbour")) == []


def some_value(kind: Any) -> Any:
    """A value of a filter's type."""
    while options := [each for each in get_args(kind) if each is not type(None)]:
        kind = options[0]
    examples = {bool: True, int: 1, str: "x", dt.date: dt.date(2020, 2, 20)}
    return examples[kind] if kind in examples else next(iter(kind))


@pytest.mark.parametrize("name", FILTERED)
def test_every_filter_that_changes_with_the_day_can_be_asked_of_a_document(name: str) -> None:
    """Of a document in which nothing is set: the clause must be one that can be answered, whatever the answer."""
    register = next(each for each in REGISTERS if each.name == name)
    filters, asked = register.filters, 0
    for field in msgspec.structs.fields(filters.query):
        if field.name in {*ListQuery.__struct_fields__, "patient_id", "campaign_id", "absent", "present"}:
            continue
        for clause in filters.matching(filters.query(**{field.name: some_value(field.type)})):
            columns = {node.name for node in iterate(clause) if isinstance(node, Column)}
            assert columns
            if columns & register.days.turns:
                assert columns <= {*register.entry.__struct_fields__, *COPIED.get(name, ())}
                assert _holds(clause, dict.fromkeys(columns)) in {True, False}
                asked += 1
    assert (asked > 0) is (name in {"disputes", "patients", "sheds"})


def test_a_list_is_filtered_by_what_was_so_on_the_day_page_by_page(api: Api) -> None:
    made_first = [str(api.made("/v1/disputes", factories.dispute())["id"]) for _ in range(7)]
    for case in made_first[::2]:
        api.act(f"/v1/disputes/{case}/move", {"to": "accepted", "on": "2020-02-03"})
        api.act(f"/v1/disputes/{case}/move", {"to": "mediating", "on": "2020-02-20"})
    at = "/v1/disputes?stage=accepted&on=2020-02-19&limit=2"
    first = api.get(at).json()
    second = api.get(f"{at}&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in first["items"] + second["items"]] == made_first[::2][::-1]
    assert {item["stage"] for item in first["items"]} == {"accepted"}
    assert second["next_cursor"] is None
    other_day = api.get(f"/v1/disputes?stage=accepted&on=2020-02-20&limit=2&cursor={first['next_cursor']}")
    assert (other_day.status_code, codes(other_day)) == (422, {"cursor"})
    assert ids(api.get("/v1/disputes?stage=accepted")) == []
    assert ids(api.get("/v1/disputes?stage=reported&on=2020-02-19")) == made_first[1::2][::-1]
    assert len(ids(api.get("/v1/disputes?stage=mediating&on=2020-02-20"))) == 4


def test_both_times_together(api: Api) -> None:
    """In which stage was it on 20 February: as far as is known today, and as far as was known before a late entry."""
    case = str(api.made("/v1/disputes", factories.dispute())["id"])
    known_then = api.get(f"/v1/disputes/{case}").headers["Registry-Watermark"]
    api.act(f"/v1/disputes/{case}/move", {"to": "accepted", "on": "2020-02-15"})
    at = f"/v1/disputes/{case}?on=2020-02-20"
    assert api.get(at).json()["stage"] == "accepted"
    assert api.get(f"{at}&as_of={known_then}").json()["stage"] == "reported"


def test_personal_fields_stand_where_they_belong_on_the_day(api: Api) -> None:
    """A reason that was sealed at a place which the day does not have yet."""
    case = str(api.made("/v1/disputes", factories.dispute())["id"])
    api.act(f"/v1/disputes/{case}/move", {"to": "withdrawn", "on": "2020-02-03"})
    api.act(f"/v1/disputes/{case}/move", {"to": "mediating", "on": "2020-02-10", "reason": "示范郑反悔"})
    before = api.get(f"/v1/disputes/{case}?on=2020-02-09").json()
    assert ([step["to"] for step in before["moves"]], before["stage"]) == (["withdrawn"], "withdrawn")
    assert before["parties"][0]["person"]["phone"] == factories.PHONE
    after = api.get(f"/v1/disputes/{case}?on=2020-02-10").json()
    assert after["moves"][1]["reason"] == "示范郑反悔"
    assert "反悔" not in api.get(f"/v1/disputes/{case}?on=2020-02-10", "auditor").text


def test_a_whole_case_on_a_day(api: Api) -> None:
    case = str(api.made("/v1/disputes", factories.dispute())["id"])
    for path, make in (
        ("proceedings", factories.proceeding),
        ("mediation-sessions", factories.session),
        ("agreements", factories.agreement),
        ("return-visits", factories.return_visit),
    ):
        api.made(f"/v1/{path}", make(case))

    def parts(day: str) -> list[int]:
        answer = api.get(f"/v1/disputes/{case}/case?on={day}")
        assert answer.headers["Registry-On"] == day
        names = ("proceedings", "mediation_sessions", "agreements", "return_visits")
        return [len(answer.json()[name]) for name in names]

    assert api.get(f"/v1/disputes/{case}/case?on=2020-01-31").status_code == 404
    assert [parts(f"2020-02-{day:02}") for day in (1, 5, 6, 20)] == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1] * 4]
    assert api.get(f"/v1/disputes/{case}/case?on=2020-02-20").content == api.get(f"/v1/disputes/{case}/case").content


def test_the_coverage_of_a_drive_on_a_day(api: Api) -> None:
    drive = api.made("/v1/campaigns", factories.campaign(ends_on="2020-03-12"), "supervisor")["id"]
    patient = api.made("/v1/patients", factories.patient())["id"]
    api.made("/v1/visits", factories.visit(patient, visited_on="2020-02-14"))
    api.made("/v1/visits", factories.visit(patient, visited_on="2020-03-20"))

    def jointly(day: str) -> int:
        return int(api.get(f"/v1/campaigns/{drive}/coverage?on={day}").json()["total"]["visited_jointly"])

    assert api.get(f"/v1/campaigns/{drive}/coverage?on=2020-02-11").status_code == 404
    assert [jointly(day) for day in ("2020-02-13", "2020-02-14", "2020-04-01")] == [0, 1, 1]
    assert api.get(f"/v1/campaigns/{drive}?on=2020-03-13").status_code == 404
    assert [ids(api.get(f"/v1/campaigns?on=2020-03-{day}")) for day in (12, 13)] == [[drive], []]


def test_a_renamed_and_a_closed_division(api: Api) -> None:
    entry = api.made("/v1/divisions", factories.division(), "administrator")
    at = f"/v1/divisions/{entry['id']}"
    api.act(f"{at}/rename", {"name": "改名村委会(示范)", "on": "2020-02-10"}, who="administrator")
    api.act(f"{at}/close", {"on": "2020-03-01"}, who="administrator")
    assert api.get(f"{at}?on=2020-02-09").json()["name"] == entry["name"]
    assert api.get(f"{at}?on=2020-02-29").json()["name"] == "改名村委会(示范)"
    assert api.get(f"{at}?on=2020-03-01").status_code == 404
    there = [entry["id"] in ids(api.get(f"/v1/divisions?on={day}")) for day in ("2020-02-29", "2020-03-01")]
    assert there == [True, False]


def test_the_document_says_which_reads_take_a_day() -> None:
    taking = {
        path
        for path, methods in published()["paths"].items()
        if any(parameter["name"] == "on" for parameter in methods.get("get", {}).get("parameters", ()))
    }
    expected = {f"/v1/{name}" for name in KINDS} | {f"/v1/{name}/{{entry_id}}" for name in KINDS}
    extra = {"/v1/disputes/{entry_id}/case", "/v1/disputes/{entry_id}/clock", "/v1/campaigns/{entry_id}/coverage"}
    counted = {f"/v1/statistics/{register.name}" for register in REGISTERS if register.measures}
    of_the_server = {f"/v1/{name}{at}" for name in ("alerts", "reminders") for at in ("", "/{entry_id}")}
    due = {"/v1/due", "/v1/due/rules"}
    assert taking == expected | extra | counted | of_the_server | due
    for path in taking:
        assert "Registry-On" in published()["paths"][path]["get"]["responses"]["200"]["headers"]
