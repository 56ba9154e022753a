"""The bulletin: its figures are those of the lists, its watermark gives them again, its paragraph tells them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from sqlalchemy import Connection

from registry.access.keys_service import issue_key
from registry.app import REGISTERS, SECTIONS, create_app
from registry.core.measures import Measure
from registry.core.principals import READERS, Role
from registry.disputes.register import DISPUTE_REGISTER
from registry.gatherings.models import GATHERINGS
from registry.gatherings.register import GATHERING_REGISTER
from registry.reports.bulletin.schemas import Bulletin
from registry.reports.bulletin.sections import BulletinSection, PrintedMeasure, printed_measures
from registry.settings import Settings
from tests import factories
from tests.api import Api, codes, pointers
from tests.conftest import BAISHA, CALLERS, Template

AT = "/v1/bulletin"
COUNTY, KELU, VILLAGE, SISTER, BAISHA_VILLAGE = "440882", "440882102", "440882102204", "440882102200", "440882100200"
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
OFFICE = {VILLAGE: "clerk", SISTER: "clerk", BAISHA_VILLAGE: "neighbour"}
CALLED_OFF = {"cancelled", "suspended", "postponed"}
OF_PEOPLE = {"patients_on_roster", "visits", "visits_joint"}
Entry = dict[str, Any]

MEASURES: dict[str, tuple[str, str | None, Callable[[Entry], int]]] = {
    "disputes_found": ("disputes", "discovered_on", lambda _: 1),
    "disputes_accepted": ("disputes", "accepted_on", lambda _: 1),
    "disputes_settled": ("disputes", "settled_on", lambda _: 1),
    "disputes_open": ("disputes", None, lambda _: 1),
    "disputes_overdue": ("disputes", None, lambda e: e["stage"] != "failed"),
    "disputes_failed": ("disputes", None, lambda _: 1),
    "agreements_signed": ("agreements", "signed_on", lambda _: 1),
    "patients_on_roster": ("patients", None, lambda _: 1),
    "visits": ("visits", "visited_on", lambda _: 1),
    "visits_joint": ("visits", "visited_on", lambda e: e["joint"]),
    "gatherings_cancelled": ("gatherings", "decided_on", lambda e: e["sessions"] * (e["disposition"] in CALLED_OFF)),
    "sheds_demolished": ("sheds", "demolished_on", lambda e: e["count"]),
}


def fill(api: Api) -> None:
    """Something of everything, on many days, in three villages."""
    for step, (village, who) in enumerate(OFFICE.items()):
        for day, measure in enumerate(("cancelled", "suspended", "postponed", "scaled_down", "dispersed", "dissuaded")):
            more = {"postponed_to": "2020-12-01"} if measure == "postponed" else {}
            body = factories.gathering(
                division=village, disposition=measure, sessions=day + 1 + step, decided_on=f"2020-01-{20 + day}", **more
            )
            api.made("/v1/gatherings", body, who)
        api.made(
            "/v1/sheds", factories.shed(division=village, count=2 + step, demolished_on=f"2020-02-{10 + step}"), who
        )
        api.made("/v1/sheds", factories.shed(division=village, demolished_on=None, method=None), who)
        for number in range(2 + step):
            person = factories.patient(division=village, id_number=None)
            patient = api.made("/v1/patients", person, who)["id"]
            team = [{"role": "police", "name": "示范吴"}, {"role": "grid_worker", "name": "示范周"}][: 1 + number % 2]
            api.made("/v1/visits", factories.visit(patient, visited_on=f"2020-02-{10 + number}", team=team), who)
        api.made("/v1/patients", factories.patient(division=village, id_number=None, status="closed", left_care_on="2020-02-01"), who)  # fmt: skip
        settled(api, village, who)
        api.made("/v1/disputes", factories.dispute(division=village, discovered_on="2020-02-20"), who)
    for step in range(3):
        unsettled(api, step)


def unsettled(api: Api, step: int) -> None:
    """Accepted, and then still in mediation (0), failed (1), or handed on (2)."""
    case = api.made("/v1/disputes", factories.dispute(division=SISTER, discovered_on="2020-01-02"))["id"]
    moves = [
        ("accepted", "2020-01-03"),
        ("mediating", "2020-01-04"),
        ("failed", "2020-02-09"),
        ("referred", "2020-02-10"),
    ]
    for to, on in moves[: 2 + step]:
        more = {"referred_to": "市自然资源局(示范)"} if to == "referred" else {}
        assert api.act(f"/v1/disputes/{case}/move", {"to": to, "on": on, **more}).status_code == 200


def settled(api: Api, village: str, who: str) -> None:
    case = api.made("/v1/disputes", factories.dispute(division=village), who)["id"]
    api.made("/v1/agreements", factories.agreement(case), who)
    for to, on in (("accepted", "2020-02-03"), ("mediating", "2020-02-04"), ("agreed", "2020-02-08")):
        assert api.act(f"/v1/disputes/{case}/move", {"to": to, "on": on}, "*", who).status_code == 200


def total(lists: dict[str, list[Entry]], name: str, within: str, since: str, to: str) -> int:
    """A figure, added up from the entries of its list."""
    register, dated, amount = MEASURES[name]
    return sum(
        amount(entry)
        for entry in lists[register]
        if entry["division"].startswith(within)
        and (counts(name, entry, since, to) if dated is None else since <= (entry[dated] or "9999") <= to)
    )


def counts(name: str, entry: Entry, since: str, to: str) -> bool:
    """Whether a dispute was open or overdue, or a patient in care, at the end of a day; or failed in the period."""
    if name == "patients_on_roster":
        return bool(entry["in_care_since"] <= to < (entry["left_care_on"] or "9999"))
    ended = ended_on(entry)
    if name == "disputes_failed":
        failed = entry["stage"] in {"referred", "closed"} and entry["accepted_on"] and not entry["settled_on"]
        return bool(failed) and since <= ended <= to
    if name == "disputes_overdue":
        return bool((entry["mediation_due_on"] or "9999") < to < ended)
    return bool(entry["discovered_on"] <= to < ended)


def ended_on(dispute: Entry) -> str:
    ended = "9999"
    for move in dispute["moves"]:
        open_again = move["to"] not in {"agreed", "performed", "closed", "referred", "withdrawn"}
        ended = "9999" if open_again else min(ended, move["on"])
    return ended


def lists_of(api: Api, who: str) -> dict[str, list[Entry]]:
    found = {}
    for register in {register for register, _, _ in MEASURES.values()}:
        hidden = "dashboard" in who and register in {"patients", "visits"}
        page = api.get(f"/v1/{register}?limit=200", "supervisor" if hidden else who).json()
        assert page["next_cursor"] is None
        own = CALLERS[who][1] if hidden else [""]
        found[register] = [item for item in page["items"] if item["division"].startswith(tuple(own))]
    return found


def test_the_oracle_knows_every_total() -> None:
    assert list(MEASURES) == [printed.name for printed in printed_measures(SECTIONS)]
    assert MEASURES.keys().isdisjoint(Bulletin.__struct_fields__)  # so that each stands under its own name


def test_what_is_printed_adds_up_and_is_of_registers_that_are_kept() -> None:
    """A restatement adds up what single versions did to a total; a rate is of totals that are printed."""
    printed = printed_measures(SECTIONS)
    assert all(each.measure.number.additive and each.register in REGISTERS for each in printed)
    assert {name for section in SECTIONS for rate in section.rates for name in (rate.good, rate.bad)} <= MEASURES.keys()
    with pytest.raises(TypeError):
        _ = PrintedMeasure(DISPUTE_REGISTER, "disputes_days_median", "化解用时中位数").total


def test_the_figures_are_the_sums_of_the_lists(api: Api) -> None:
    fill(api)
    for who in ("supervisor", "clerk", "neighbour", "village_clerk", "dashboard", "town_dashboard"):
        lists = lists_of(api, who)
        own = CALLERS[who][1][0]
        for within in (COUNTY, KELU, SISTER, BAISHA_VILLAGE):
            if not own.startswith(within) and not within.startswith(own):
                continue  # refused: see test_what_lies_outside_is_refused
            for since, to in (("", "2020-12-31"), ("", "2020-02-03"), ("2020-01-22", "2020-02-11"), ("2020-02-12", "2020-02-12")):  # fmt: skip
                query = f"?division={within}&to={to}" + (f"&from={since}" if since else "")
                bulletin = api.get(AT + query, who).json()
                for name in MEASURES:
                    value = total(lists, name, within, since, to)
                    if "dashboard" in who and name in OF_PEOPLE:  # people are told by month: test_people
                        value = None if len(within) > len(KELU) else bulletin[name] if "patients" in name else value
                    assert bulletin[name] == value, (who, query, name)


def test_there_is_something_to_add_up(api: Api) -> None:
    fill(api)
    bulletin = api.get(AT, "supervisor").json()
    assert {name: bulletin[name] for name in MEASURES} == {
        "disputes_found": 9, "disputes_accepted": 6, "disputes_settled": 3, "disputes_open": 5, "disputes_overdue": 1,
        "disputes_failed": 1, "agreements_signed": 3,
        "patients_on_roster": 9, "visits": 9, "visits_joint": 4, "gatherings_cancelled": 6 + 9 + 12,
        "sheds_demolished": 2 + 3 + 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "counted"),
    [
        ("cancelled", 3),
        ("suspended", 3),
        ("postponed", 3),
        ("scaled_down", 0),
        ("dispersed", 0),
        ("dissuaded", 0),
    ],
)
def test_what_counts_as_called_off(api: Api, measure: str, counted: int) -> None:
    more = {"postponed_to": "2020-12-01"} if measure == "postponed" else {}
    api.made("/v1/gatherings", factories.gathering(disposition=measure, **more))
    assert api.get(AT).json()["gatherings_cancelled"] == counted


def test_a_period_that_ends_before_it_begins_is_refused(api: Api) -> None:
    for query in ("from=2020-03-02&to=2020-03-01", "from=2999-01-01"):
        answer = api.get(f"{AT}?{query}")
        assert (answer.status_code, pointers(answer)) == (422, {"#from"}), query
    assert api.get(f"{AT}?from=2020-03-01&to=2020-03-01").status_code == 200


def test_the_ends_of_the_calendar(api: Api) -> None:
    for day in ("0001-01-01", "1899-12-31"):
        answer = api.get(f"{AT}?to={day}")
        assert (answer.status_code, pointers(answer)) == (422, {"#to"}), day
    for query in ("to=1900-01-01", "from=0001-01-01&to=9999-12-31", "to=9999-12-31&format=html"):
        assert api.get(f"{AT}?{query}").status_code == 200, query


@pytest.mark.parametrize("query", ["", f"division={KELU}&from=2020-01-01&to=2020-03-05"])
def test_a_watermark_gives_the_same_bytes_again(api: Api, query: str) -> None:
    gathering = api.made("/v1/gatherings", factories.gathering())
    shed = api.made("/v1/sheds", factories.shed())
    case = api.made("/v1/disputes", factories.dispute())
    then = api.get(f"{AT}?{query}" if query else AT)
    api.patch(f"/v1/gatherings/{gathering['id']}", {"sessions": 9}, 1)
    api.act(f"/v1/sheds/{shed['id']}/void", {"reason": REASON}, 1, "supervisor")
    api.act(f"/v1/disputes/{case['id']}/move", {"to": "accepted", "on": "2020-02-03"}, 1)
    api.made("/v1/patients", factories.patient())
    now = api.get(f"{AT}?{query}" if query else AT).json()
    assert (now["gatherings_cancelled"], now["sheds_demolished"], now["disputes_accepted"]) == (9, 0, 1)
    again = api.get(f"{AT}?{query}&as_of={then.json()['watermark']}".replace("?&", "?"))
    assert again.content == then.content
    assert again.headers["Registry-Watermark"] == then.headers["Registry-Watermark"] == then.json()["watermark"]


def test_the_figures_have_the_names_of_the_totals(api: Api) -> None:
    api.made("/v1/gatherings", factories.gathering())
    bulletin = api.get(AT).json()
    assert [figure["name"] for figure in bulletin["figures"]] == list(MEASURES)
    assert {figure["name"]: figure["value"] for figure in bulletin["figures"]} == {
        name: bulletin[name] for name in MEASURES
    }


def test_a_register_more_brings_its_own_total(
    settings: Settings, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its declaration and that of its section are all: the figure and the published shape follow."""
    held = Measure("fairs_held", "举办", "Held", "次", dated="decided", clauses=(GATHERINGS.c.sessions > 0,))
    fairs = replace(GATHERING_REGISTER, name="fairs", title="圩日台账", measures=(held,), event="fair.held")
    section = BulletinSection("圩日台账", (PrintedMeasure(fairs, "fairs_held", "圩日活动"),))
    monkeypatch.setattr("registry.app.REGISTERS", (*REGISTERS, fairs))
    monkeypatch.setattr("registry.app.SECTIONS", (*SECTIONS, section))
    app = create_app(settings)
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {template.keys['clerk']}"
        assert client.post("/v1/gatherings", json=factories.gathering()).status_code == 201
        bulletin = client.get(AT).json()
        text = client.get(f"{AT}?format=text").text
    shape = msgspec.json.decode(app.state.published.document)["components"]["schemas"]["Bulletin"]
    assert (bulletin["fairs_held"], bulletin["gatherings_cancelled"]) == (1, 3)
    assert bulletin.keys() == set(shape["required"]) == shape["properties"].keys()
    assert shape["properties"]["fairs_held"] == {"type": "integer", "description": "圩日活动 (Held)."}
    assert "）圩日台账\n圩日活动：今日0次，累计1次" in text
    assert bulletin["paragraph"].endswith("，圩日活动1次。")


@pytest.mark.parametrize("who", ["clerk", "dashboard"])
def test_the_paragraph_tells_every_figure(api: Api, who: str) -> None:
    api.made("/v1/gatherings", factories.gathering(sessions=17))
    api.made("/v1/patients", factories.patient())
    bulletin = api.get(f"{AT}?division={KELU}&from=2020-01-01&to=2020-03-05", who).json()
    told = [
        figure["title"] + ("未公布" if figure["value"] is None else f"{figure['value']}{figure['unit']}")
        for figure in bulletin["figures"]
    ]
    assert bulletin["paragraph"] == "自2020年1月1日至2020年3月5日，客路镇" + "，".join(told) + "。"
    assert "17场" in bulletin["paragraph"]
    assert ("患者未公布" in bulletin["paragraph"]) is (who == "dashboard")


def test_without_a_first_day_the_paragraph_says_until_when(api: Api) -> None:
    assert api.get(f"{AT}?to=2020-03-05", "bot").json()["paragraph"].startswith("截至2020年3月5日，雷州市排查")


@pytest.mark.parametrize(
    ("who", "division", "name", "whole"),
    [
        ("supervisor", COUNTY, "雷州市", True),
        ("clerk", KELU, "客路镇", True),
        ("clerk", VILLAGE, "客路镇迈港村委会", True),
        ("clerk", COUNTY, "客路镇", False),
        ("town_dashboard", COUNTY, "客路镇", False),
        ("village_clerk", KELU, "客路镇迈港村委会", False),
    ],
)
def test_it_is_named_after_what_the_caller_sees(api: Api, who: str, division: str, name: str, whole: bool) -> None:
    for asked in {division, ""} if division == COUNTY else {division}:
        bulletin = api.get(f"{AT}?to=2020-03-05" + (f"&division={asked}" if asked else ""), who).json()
        assert (bulletin["division"], bulletin["division_name"], bulletin["whole"]) == (division, name, whole)
        assert bulletin["paragraph"].startswith(f"截至2020年3月5日，{name}排查")
        place = "" if name == "雷州市" else name
        assert bulletin["title"] == f"雷州市{place}综治维稳日报（第65期）"


@pytest.mark.parametrize(
    ("divisions", "name", "title"),
    [
        ([KELU, BAISHA], "白沙镇、客路镇", "雷州市综治维稳日报（第65期，仅含白沙镇、客路镇）"),
        ([VILLAGE, SISTER, BAISHA_VILLAGE, "440882100201"], "本辖区4个镇街和村居", "雷州市综治维稳日报（第65期，仅含本辖区4个镇街和村居）"),
    ],
)  # fmt: skip
def test_of_several_divisions_it_names_them(
    api: Api, run: Callable[[Callable[[Connection], Any]], Any], divisions: list[str], name: str, title: str
) -> None:
    key = run(lambda connection: issue_key(connection, COUNTY, "示范", Role.CLERK, divisions)[1])
    api.keys = {**api.keys, "several": key}
    bulletin = api.get(f"{AT}?to=2020-03-05", "several").json()
    assert (bulletin["division_name"], bulletin["title"]) == (name, title)
    assert f"范围：仅含{name}" in api.get(f"{AT}?to=2020-03-05&format=text", "several").text


@pytest.mark.parametrize("at", [AT, f"/v1/restatements?then=wm_{COUNTY}_0"])
def test_what_lies_outside_is_refused(api: Api, at: str) -> None:
    joint = "&" if "?" in at else "?"
    for who, division, code in (
        ("clerk", "440882100", "outside_division"),
        ("clerk", BAISHA_VILLAGE, "outside_division"),
        ("village_clerk", SISTER, "outside_division"),
        ("town_dashboard", "440882100", "outside_division"),
        ("supervisor", "440882999", "unknown_division"),
        ("supervisor", "440883", "unknown_division"),
    ):
        answer = api.get(f"{at}{joint}division={division}", who)
        assert (answer.status_code, pointers(answer), codes(answer)) == (422, {"#division"}, {code}), (who, division)


def test_administrators_get_no_bulletin(api: Api) -> None:
    for who, (role, _) in CALLERS.items():
        assert api.get(AT, who).status_code == (200 if role in READERS else 403), who
    assert api.get(AT, "administrator").status_code == 403
