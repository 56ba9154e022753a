"""The feed: one order for everybody, nothing twice, nothing missing, and no more than the reader may see."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from sqlalchemy import Connection, select

from registry.ledger.tables import SHARING
from tests import factories
from tests.api import Api, codes, pointers
from tests.conftest import COUNTY
from tests.outbox.feed.feeds import OWN, Oracle, Span, follow, told

Run = Callable[[Callable[[Connection], Any]], Any]
MAIGANG, KELU_VILLAGE, BAISHA_VILLAGE = "440882102204", "440882102200", "440882100200"
READERS = ["clerk", "neighbour", "village_clerk", "town_dashboard", "dashboard", "supervisor", "auditor"]


def between(*villages: str) -> dict[str, Any]:
    """A dispute between villages."""
    parties = [{"kind": "village", "name": "示范村", "division": village} for village in villages]
    return factories.dispute(parties=parties)


def transfer(api: Api, person: str, village: str, reason: str = "搬家(示范)") -> None:
    body = {"to_division": village, "on": "2020-03-01", "reason": reason}
    answer = api.act(f"/v1/patients/{person}/transfer", body, who="supervisor")
    assert answer.status_code == 200, answer.text


def test_an_event_is_a_cloudevent(api: Api) -> None:
    entry = api.made("/v1/gatherings", factories.gathering())
    page = api.get(f"/v1/changes?after=wm_440882_{entry['meta']['position']}")
    (event,) = page.json()["events"]
    import msgspec

    message = HTTPMessage({"content-type": "application/cloudevents+json"}, msgspec.json.encode(event))
    parsed = from_structured_event(message, JSONFormat())
    assert parsed.get_id() == f"wm_440882_{entry['meta']['position']}-0"
    assert parsed.get_type() == "gatherings.created"
    assert parsed.get_subject() == f"gatherings/{entry['id']}"
    assert parsed.get_source() == "/v1/books/440882"
    assert parsed.get_attributes()["entryversion"] == 1
    assert parsed.get_data() == entry
    assert event["sequence"] == f"{entry['meta']['position']:016d}"
    assert event["time"] == entry["meta"]["recorded_at"]


def test_the_feed_begins_now_and_goes_on_from_its_cursor(api: Api) -> None:
    api.made("/v1/gatherings", factories.gathering())
    now = api.get("/v1/changes").json()
    assert now["events"] == []
    assert now["next"] == now["watermark"]
    made = [api.made("/v1/sheds", factories.shed())["id"] for _ in range(3)]
    first = api.get(f"/v1/changes?after={now['next']}&limit=2").json()
    rest = api.get(f"/v1/changes?after={first['next']}&limit=2").json()
    assert [event["data"]["id"] for event in first["events"] + rest["events"]] == made
    assert rest["next"] == rest["watermark"]


def test_wrong_cursors_and_registers_are_refused_by_name(api: Api) -> None:
    for cursor, status in (("wm_440882_999999", 422), ("wm_440883_0", 422), ("wm_440882_x", 400), ("x", 400)):
        answer = api.get(f"/v1/changes?after={cursor}")
        assert (answer.status_code, pointers(answer)) == (status, {"#after"})
    answer = api.get("/v1/changes?registers=disputes,nonsense")
    assert (answer.status_code, codes(answer)) == (400, {"names"})
    assert "gatherings" in answer.json()["errors"][0]["allowed"]
    assert api.get("/v1/changes?registers=gatherings", "administrator").status_code == 403
    assert api.get("/v1/changes?wait=61").status_code == 400
    for cursor, status in (("wm_440882_999999", 422), ("x", 400)):
        answer = api.get("/v1/changes/stream", headers={"Last-Event-ID": cursor})
        assert (answer.status_code, pointers(answer)) == (status, {"#Last-Event-ID"})
    assert api.get("/v1/changes", None).status_code == 401


def test_masks_and_purpose_are_the_readers(api: Api) -> None:
    person = api.made("/v1/patients", factories.patient())
    at = f"/v1/changes?after=wm_440882_{person['meta']['position']}"
    before = len(api.get("/v1/access-log?kind=read", "auditor").json()["items"])
    (masked,) = api.get(at, headers={"Purpose-Of-Use": None}).json()["events"]
    assert masked["data"]["name"] == "示*"
    assert len(api.get("/v1/access-log?kind=read", "auditor").json()["items"]) == before
    answer = api.get(at)
    (plain,) = answer.json()["events"]
    assert plain["data"] == person
    read = api.get("/v1/access-log?kind=read", "auditor").json()["items"][0]
    assert (read["details"]["path"], read["details"]["purpose"]) == ("changes", "visit")
    assert read["details"]["entries"] == [person["id"]]
    assert read["details"]["request_id"] == answer.headers["Request-Id"]


def test_a_transfer_takes_an_entry_out_of_the_old_towns_scope(api: Api) -> None:
    person = api.made("/v1/patients", factories.patient())
    start = person["meta"]["position"]
    visit = api.made("/v1/visits", factories.visit(person["id"]))["id"]
    transfer(api, person["id"], BAISHA_VILLAGE)
    api.patch(f"/v1/patients/{person['id']}", {"hospital": "示范医院"}, who="neighbour")
    old = told(follow(api, "clerk", start))
    assert [kind for _, kind, _ in old] == ["patients.created", "visits.created", "patients.changed", "scope.left"]
    assert old[-1][2] == f"patients/{person['id']}"
    new = [kind for _, kind, _ in told(follow(api, "neighbour", start))]
    expected = ["patients.created", "visits.created", "patients.changed", "patients.transferred", "patients.changed"]
    assert new == expected
    transfer(api, person["id"], KELU_VILLAGE)  # and back: the visit of the old town leaves with the person
    left = [event["data"] for event in follow(api, "neighbour", start) if event["type"] == "scope.left"]
    assert left == [
        {"register": "patients", "entry_id": person["id"]},
        {"register": "visits", "entry_id": visit},
    ]
    only = [event["data"] for event in follow(api, "neighbour", start, more="&registers=visits")]
    assert only == [{"register": "visits", "entry_id": visit}]


def test_a_case_that_is_closed_to_a_town_leaves_its_scope_whole(api: Api) -> None:
    case = api.made("/v1/disputes", between(MAIGANG, BAISHA_VILLAGE))
    theirs = api.made("/v1/proceedings", factories.proceeding(case["id"]))["id"]
    own = api.made("/v1/mediation-sessions", factories.session(case["id"]), "neighbour")["id"]
    api.patch(f"/v1/disputes/{case['id']}", {"parties": between(MAIGANG, KELU_VILLAGE)["parties"]})
    api.made("/v1/proceedings", factories.proceeding(case["id"], note="以后(示范)"))
    events = follow(api, "neighbour", case["meta"]["position"])
    assert [(event["type"], event["subject"]) for event in events] == [
        ("mediation-sessions.created", f"mediation-sessions/{own}"),
        ("scope.left", f"disputes/{case['id']}"),
        ("scope.left", f"proceedings/{theirs}"),
    ]
    assert len({event["id"] for event in events}) == 3


def test_an_entry_that_moves_out_of_the_asked_division_leaves_it(api: Api) -> None:
    entry = api.made("/v1/gatherings", factories.gathering())
    api.patch(f"/v1/gatherings/{entry['id']}", {"division": KELU_VILLAGE})
    at = entry["meta"]["position"]
    kinds = [event["type"] for event in follow(api, "clerk", at, more=f"&division={MAIGANG}")]
    assert kinds == ["gatherings.created", "scope.left"]
    assert [event["type"] for event in follow(api, "village_clerk", at)] == kinds
    kinds = [event["type"] for event in follow(api, "dashboard", at, more=f"&division={KELU_VILLAGE}")]
    assert kinds == ["gatherings.changed"]


def act(api: Api, chance: Random, made: dict[str, list[str]]) -> None:
    """Something that one of two towns does."""
    town, village = chance.choice([("clerk", MAIGANG), ("clerk", KELU_VILLAGE), ("neighbour", BAISHA_VILLAGE)])
    villages = [village, chance.choice([MAIGANG, BAISHA_VILLAGE])]
    match chance.choice(["gathering", "move", "void", "dispute", "parties", "part", "patient", "visit", "transfer"]):
        case "gathering":
            made["gatherings"].append(api.made("/v1/gatherings", factories.gathering(division=village), town)["id"])
        case "move" if made["gatherings"]:
            at = f"/v1/gatherings/{chance.choice(made['gatherings'])}"
            api.patch(at, {"division": chance.choice([MAIGANG, KELU_VILLAGE, BAISHA_VILLAGE])}, who="supervisor")
        case "void" if made["gatherings"]:
            reason = {"reason": {"code": "typing_error", "text": "录入有误(示范)"}}
            api.act(f"/v1/gatherings/{chance.choice(made['gatherings'])}/void", reason, who="supervisor")
        case "dispute":
            body = {**between(*villages), "division": village}
            made["disputes"].append(api.made("/v1/disputes", body, town)["id"])
        case "parties" if made["disputes"]:
            at = f"/v1/disputes/{chance.choice(made['disputes'])}"
            api.patch(at, {"parties": between(*villages)["parties"]}, who="supervisor")
        case "part" if made["disputes"]:
            api.post("/v1/proceedings", factories.proceeding(chance.choice(made["disputes"])), town)
        case "patient":
            body = factories.patient(division=village, id_number=None)
            made["patients"].append(api.made("/v1/patients", body, town)["id"])
        case "visit" if made["patients"]:
            api.post("/v1/visits", factories.visit(chance.choice(made["patients"])), town)
        case "transfer" if made["patients"]:
            body = {"to_division": village, "on": "2020-03-01", "reason": "搬家(示范)"}
            api.act(f"/v1/patients/{chance.choice(made['patients'])}/transfer", body, who="supervisor")


def spans(connection: Connection) -> list[Span]:
    rows = connection.execute(select(SHARING.c["kind", "case_id", "town", "since", "until"]))
    return [Span(*row) for row in rows]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_reader_is_told_everything_filtered(api: Api, run: Run, seed: int) -> None:
    """Whatever two towns did: from any cursor, in pages of any size, the same events in the same order."""
    chance = Random(seed)
    made: dict[str, list[str]] = {"gatherings": [], "disputes": [], "patients": []}
    for _ in range(50):
        act(api, chance, made)
    everything = follow(api, "supervisor")
    assert [event["data"]["meta"]["position"] for event in everything] == list(range(len(everything)))
    masked = {event["id"]: event for event in follow(api, "auditor")}
    opened = run(spans)
    for who in READERS:
        expected = list(Oracle(everything, opened, who).told())
        assert told(follow(api, who)) == expected, who
        start, limit = chance.randrange(len(everything)), chance.choice([1, 3, 7])
        rest = [each for each in expected if int(each[0].split("_")[2].split("-")[0]) >= start]
        assert told(follow(api, who, start, limit)) == rest, who
        for village in (MAIGANG, "440882100"):
            inside = list(Oracle(everything, opened, who, village).told())
            assert told(follow(api, who, more=f"&division={village}")) == inside, (who, village)
    assert any(kind == "scope.left" for who in OWN for _, kind, _ in Oracle(everything, opened, who).told())
    for event in follow(api, "town_dashboard"):
        assert event["type"] == "scope.left" or event == masked[event["id"]]


def test_a_poll_that_waits_is_woken_by_a_write(api: Api) -> None:
    wakeups = api.client.app.state.context.wakeups  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.get, "/v1/changes?wait=30")
        while COUNTY not in wakeups._events:
            assert not waiting.done()
        entry = api.made("/v1/gatherings", factories.gathering())
        page = waiting.result(timeout=10).json()
    assert [event["data"]["id"] for event in page["events"]] == [entry["id"]]


def test_a_poll_that_waits_sees_what_another_process_wrote(api: Api, run: Run) -> None:
    from registry.core.alerts import AlertIn, AlertKind, raised
    from registry.ledger.batch import WriteOutcome
    from registry.ledger.committer import commit

    wakeups = api.client.app.state.context.wakeups  # type: ignore[attr-defined]
    alert = raised(AlertIn(kind=AlertKind.WEBHOOK_PAUSED, title="推送暂停(示范)"), COUNTY)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.get, "/v1/changes?wait=30", "administrator")
        while COUNTY not in wakeups._events:
            assert not waiting.done()
        run(lambda connection: commit(connection, COUNTY, [lambda _: WriteOutcome(appends=[alert])]))
        page = waiting.result(timeout=10).json()
    assert [event["type"] for event in page["events"]] == ["alert.raised"]
