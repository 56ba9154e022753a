"""One permission rule on every path: what a caller gets is what everything holds, filtered and masked."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, text

from registry.ledger.tables import EVENTS
from tests import factories
from tests.api import Api

Run = Callable[[Callable[[Connection], Any]], Any]
LISTS = [
    "disputes", "proceedings", "mediation-sessions", "agreements", "return-visits", "patients", "visits", "gatherings",
    "sheds", "grid-staff",
]  # fmt: skip
TOWNS = {"clerk": "440882102", "neighbour": "440882100", "village_clerk": "440882102204", "town_dashboard": "440882102"}


def fill(api: Api) -> None:
    """An entry of every kind in each of three villages."""
    for who, village in (("clerk", "440882102204"), ("clerk", "440882102200"), ("neighbour", "440882100200")):
        parties = factories.dispute()["parties"]
        parties[1]["division"] = village
        case = api.made("/v1/disputes", factories.dispute(division=village, parties=parties), who)["id"]
        for path, make in (
            ("proceedings", factories.proceeding), ("mediation-sessions", factories.session),
            ("agreements", factories.agreement), ("return-visits", factories.return_visit),
        ):  # fmt: skip
            api.made(f"/v1/{path}", make(case), who)
        person = api.made("/v1/patients", factories.patient(division=village, id_number=None), who)["id"]
        api.made("/v1/visits", factories.visit(person), who)
        for path, make in (
            ("gatherings", factories.gathering),
            ("sheds", factories.shed),
            ("grid-staff", factories.staff),
        ):
            api.made(f"/v1/{path}", make(division=village), who)


def test_a_list_is_the_whole_list_filtered(api: Api) -> None:
    fill(api)
    for path in LISTS:
        everything = api.get(f"/v1/{path}?limit=200", "supervisor").json()["items"]
        masked = api.get(f"/v1/{path}?limit=200", "auditor").json()["items"]
        assert len(everything) == 3
        for who, mine in TOWNS.items():
            if "dashboard" in who and path in {"patients", "visits"}:
                continue  # of which it sees none
            source = masked if "dashboard" in who else everything
            expected = [entry for entry in source if entry["division"].startswith(mine)]
            assert api.get(f"/v1/{path}?limit=200", who).json()["items"] == expected, (path, who)
            assert api.get(f"/v1/{path}?limit=200&division={mine}", "supervisor").json()["items"] == [
                entry for entry in everything if entry["division"].startswith(mine)
            ]


def test_totals_are_those_of_the_lists(api: Api) -> None:
    fill(api)
    for who in ("supervisor", "clerk", "neighbour", "village_clerk"):
        bulletin = api.get("/v1/bulletin", who).json()
        gatherings = api.get("/v1/gatherings?limit=200", who).json()["items"]
        assert bulletin["gatherings_cancelled"] == sum(entry["sessions"] for entry in gatherings)
        assert bulletin["visits"] == len(api.get("/v1/visits?limit=200", who).json()["items"])
        assert bulletin["disputes_found"] == len(api.get("/v1/disputes?limit=200", who).json()["items"])


def test_a_dashboard_is_told_visits_and_not_whom(api: Api) -> None:
    fill(api)
    bulletin = api.get("/v1/bulletin", "dashboard").json()
    assert (bulletin["visits"], bulletin["patients_on_roster"]) == (3, 0)  # on the roster since this month only
    town = api.get("/v1/bulletin", "town_dashboard").json()
    assert town["patients_on_roster"] is None
    assert "在管严重精神障碍患者未公布" in town["paragraph"]
    assert api.get("/v1/bulletin", "supervisor").json()["patients_on_roster"] == 3
    for path in ("patients", "visits"):
        assert api.get(f"/v1/{path}", "dashboard").status_code == 403


def test_a_search_finds_by_number_and_phone_without_putting_them_in_a_url(api: Api) -> None:
    made = api.made("/v1/patients", factories.patient())
    for body in ({"id_number": "11010519491231002x"}, {"phone": factories.PHONE}, {"phone": "19900005678"}):
        found = api.post("/v1/patients/search", body)
        assert [entry["id"] for entry in found.json()["items"]] == [made["id"]]
        assert api.post("/v1/patients/search", body, "neighbour").json()["items"] == []
    both = {"id_number": factories.OTHER_ID_NUMBER, "phone": factories.PHONE}
    assert api.post("/v1/patients/search", both).json()["items"] == []


def test_a_search_finds_what_stands_not_what_stood(api: Api) -> None:
    made = api.made("/v1/patients", factories.patient())
    api.patch(f"/v1/patients/{made['id']}", {"phone": "19900009999"}, 1)
    assert api.post("/v1/patients/search", {"phone": factories.PHONE}).json()["items"] == []
    assert len(api.post("/v1/patients/search", {"phone": "19900009999"}).json()["items"]) == 1


@pytest.mark.parametrize("who", ["dashboard", "bot", "auditor", "administrator"])
def test_those_who_see_masks_may_not_search_behind_them(api: Api, who: str) -> None:
    assert api.post("/v1/patients/search", {"phone": factories.PHONE}, who).status_code == 403


def test_the_same_id_number_in_another_town_gives_nothing_away(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    again = api.post("/v1/patients", factories.patient(name="示范他"))
    assert (again.status_code, again.json()["code"]) == (409, "entry_exists")
    elsewhere = factories.patient(division="440882100200")
    assert api.post("/v1/patients", elsewhere, "neighbour").status_code == 201


def test_plain_personal_data_is_nowhere_in_the_database(api: Api, run: Run) -> None:
    secret = "示范独一无二"
    api.made("/v1/patients", factories.patient(name=secret, phone="19912345678", address=secret + "路"))

    def dump(connection: Connection) -> str:
        tables = ["patients", "log", "blind_index", "idempotency", "access_events", "erasures", "break_glass"]
        return " ".join(str(row) for table in tables for row in connection.execute(text(f"select * from {table}")))

    raw = run(dump).encode("unicode_escape").decode()
    for text_ in (secret, factories.ID_NUMBER, "19912345678"):
        assert text_ not in raw
        assert text_.encode().hex() not in raw
        assert repr(text_.encode())[2:-1] not in raw


def plain_reads(run: Run) -> list[dict[str, Any]]:
    """What all reads in plain tell, first to last."""
    query = select(EVENTS.c.document).where(EVENTS.c.kind == "read").order_by(EVENTS.c.position)
    return [msgspec.json.decode(document)["details"] for document in run(lambda c: c.scalars(query).all())]


def test_reads_of_plain_personal_data_are_written_down(api: Api, run: Run) -> None:
    made = api.made("/v1/patients", factories.patient())
    api.get(f"/v1/patients/{made['id']}")
    api.get("/v1/patients")
    api.get(f"/v1/patients/{made['id']}/versions")
    api.get(f"/v1/patients/{made['id']}", "dashboard")
    api.get(f"/v1/patients/{made['id']}", "auditor")
    shown = plain_reads(run)
    assert [(read["path"], read["entries"]) for read in shown] == [
        ("item", [made["id"]]),
        ("list", [made["id"]]),
        ("versions", [made["id"]]),
    ]
    assert len({read["request_id"] for read in shown}) == 3
    assert {read["purpose"] for read in shown} == {"visit"}


def test_a_dispute_under_a_patients_id_opens_nothing(api: Api) -> None:
    """Ids are unique in a register only: what is shared is a case of its own kind."""
    at = f"/v1/patients/{api.made('/v1/patients', factories.patient())['id']}"
    moved = {"to_division": "440882100200", "on": "2020-03-01", "reason": "随家人迁居"}
    assert api.act(f"{at}/transfer", moved, 1, "supervisor").status_code == 200
    villages = [
        {"kind": "village", "name": "迈港村", "division": "440882102204"},
        {"kind": "village", "name": "白沙村", "division": "440882100200"},
    ]
    forged = api.put(at.replace("patients", "disputes"), factories.dispute(parties=villages))
    assert forged.status_code == 201
    assert api.get(at).status_code == 404
    assert api.get(at, "neighbour").status_code == 200
    api.patch(at.replace("patients", "disputes"), {"parties": [villages[0], villages[0]]}, 1)
    assert len(api.get(f"{at}/versions", "neighbour").json()["items"]) == 2


def test_what_a_write_shows_beyond_what_was_sent_is_written_down(api: Api, run: Run) -> None:
    made = api.made("/v1/patients", factories.patient())
    at = f"/v1/patients/{made['id']}"
    api.patch(at, {"on_dibao": True}, 1, "supervisor")
    assert api.patch(at, {"on_dibao": False}, 99).status_code == 412
    shown = [(read["path"], read["entries"]) for read in plain_reads(run)]
    assert shown == [("write", [made["id"]]), ("conflict", [made["id"]])]


def test_a_search_for_nothing_lists_nobody(api: Api) -> None:
    api.made("/v1/patients", factories.patient())
    assert api.post("/v1/patients/search", {}).status_code == 422


def test_a_mask_with_blanks_around_it_is_a_mask(api: Api) -> None:
    assert api.post("/v1/patients", factories.patient(note=" [已隐去] ")).status_code == 422
