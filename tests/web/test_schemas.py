"""The published schemas of what is sent: complete, and of one mind with the server."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from msgspec.structs import fields

from registry.app import REGISTERS
from registry.core.fields import DivisionCode
from registry.core.register import Applies, Register
from registry.core.validation import FORMATS, convert
from registry.errors import RegistryError
from registry.web.form_schemas import form_schema, in_words
from tests import factories
from tests.api import Api

SOME_ID = "01a209d8-2208-7857-ad56-0c039969eb4c"
BODIES: dict[str, dict[str, Any]] = {
    "divisions": factories.division(),
    "grid-staff": factories.staff(since="2019-01-01"),
    "disputes": factories.dispute(
        geometry={"type": "Point", "coordinates": [110.1, 20.9]}, area_mu="63.00", summary="经过(示范)"
    ),
    "proceedings": factories.proceeding(SOME_ID),
    "mediation-sessions": factories.session(SOME_ID, statements=[{"party": "甲方", "asked": "界线(示范)"}]),
    "agreements": factories.agreement(SOME_ID, terms=[{"text": "条款(示范)", "due_on": "2020-05-01"}]),
    "return-visits": factories.return_visit(SOME_ID),
    "patients": factories.patient(medication=[{"name": "示范药", "morning_mg": 5, "depot_every_weeks": 4}]),
    "visits": factories.visit(
        SOME_ID,
        symptoms=["suspicion"],
        incidents={"minor": 1},
        functions=dict.fromkeys(("self_care", "housework", "work", "learning", "social"), "good"),
    ),
    "campaigns": factories.campaign(),
    "gatherings": factories.gathering(notice={"issuer": "示范", "title": "示范", "dated": "2020-01-24"}),
    "sheds": factories.shed(area_m2="20.5"),
}
TAKING = [register for register in REGISTERS if register.writers]
WRONG: list[Any] = [None, True, -1, 3.5, 10**7, "", " ", "甲", "*", "[已隐去]", "2020-02-30", "x" * 3000, [], {}, ["x"]]


def broken(body: Any) -> Iterator[Any]:
    """The body with each part of it, one after the other, left out or replaced by each wrong thing, or with one more."""
    yield from WRONG
    if isinstance(body, dict):
        yield {**body, "unknown": 1}
        for name, value in body.items():
            yield {key: kept for key, kept in body.items() if key != name}
            yield from ({**body, name: other} for other in broken(value))
    elif isinstance(body, list):
        yield body * 60
        for place, value in enumerate(body):
            yield from ([*body[:place], other, *body[place + 1 :]] for other in broken(value))


def takes(register: Register, body: Any) -> bool:
    """Whether the server takes it for what the register's shape is."""
    try:
        convert(body, register.shape)
    except RegistryError:
        return False
    return True


@pytest.mark.parametrize("register", TAKING, ids=lambda register: register.name)
def test_the_schema_takes_and_refuses_what_the_server_does(register: Register) -> None:
    body = BODIES[register.name]
    judge = jsonschema_rs.validator_for(form_schema(register), validate_formats=True, formats=FORMATS)
    assert judge.is_valid(body)
    assert takes(register, body)
    verdicts = [(other, judge.is_valid(other), takes(register, other)) for other in broken(body)]
    known = register.choices  # these the schema refuses, where the server's rule does
    differ = [other for other, said, taken in verdicts if said != taken and not known.keys() & set(other)]
    assert differ == []
    assert {said for _, said, _ in verdicts} == {True, False}


def test_a_code_of_no_table_is_refused_by_both(api: Api) -> None:
    schema = api.get("/v1/schemas/disputes").json()
    body = factories.dispute(category="9876")
    assert not jsonschema_rs.validator_for(schema, formats=FORMATS).is_valid(body)
    assert api.post("/v1/disputes", body).status_code == 422


def properties(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield from node.get("properties", {}).items()
        for value in node.values():
            yield from properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_every_field_has_titles_and_a_place(register: Register) -> None:
    schema = form_schema(register)
    for name, field in properties(schema):
        assert re.search(r"[\u4e00-\u9fff]", field["title"]), name
        assert field["x-title-en"].replace("²", "").isascii()
    groups = [group["title"] for group in schema["x-groups"]]
    ordered = sorted(schema["properties"].values(), key=lambda field: field["x-order"])
    assert [field["x-order"] for field in ordered] == list(range(len(ordered)))
    assert list(dict.fromkeys(field["x-group"] for field in ordered)) == groups


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        node = list(node.values())
    for value in node if isinstance(node, list) else []:
        yield from references(value)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_a_schema_stands_alone(register: Register) -> None:
    schema = form_schema(register)
    used = set(references(schema))
    assert used == {f"#/$defs/{name}" for name in schema["$defs"]}


def holds_a_reference(field: dict[str, Any]) -> bool:
    """Whether a field of this type holds an entry's id or a division's code."""
    nodes = (field, field["items"] if isinstance(field.get("items"), dict) else {})
    values = [value for node in nodes for value in (node, *node.get("anyOf", ()))]
    code = msgspec.json.schema(DivisionCode)["pattern"]
    return any(value.get("format") == "uuid" or value.get("pattern") == code for value in values)


@pytest.mark.parametrize("register", TAKING, ids=lambda register: register.name)
def test_a_field_that_refers_to_another_register_says_which(register: Register) -> None:
    own = {"code"} if register.name == "divisions" else set()
    entries = {each.name: {field.encode_name for field in fields(each.entry)} for each in REGISTERS}
    for name, field in properties(form_schema(register)):
        hint = field["items"] if isinstance(field.get("items"), dict) else field
        assert holds_a_reference(field) == ("x-register" in hint or name in own), name
        if "x-register" in hint:
            assert hint["x-register-key"] in entries[hint["x-register"]]


def test_a_form_knows_where_to_read_its_choices(api: Api) -> None:
    schema = api.get("/v1/schemas/visits").json()["properties"]
    hints = {
        name: (field["x-register"], field["x-register-key"]) for name, field in schema.items() if "x-register" in field
    }
    assert hints == {"patient_id": ("patients", "id"), "campaign_id": ("campaigns", "id")}
    items = api.get("/v1/schemas/campaigns").json()["properties"]["divisions"]["items"]
    assert (items["x-register"], items["x-register-key"]) == ("divisions", "code")
    found = api.get("/v1/divisions").json()["items"]
    assert {division["code"] for division in found} >= {"440882", "440882102"}


def test_codes_are_choices_in_the_forms_own_order(api: Api) -> None:
    schema = api.get("/v1/schemas/visits").json()
    assert schema["$id"] == "/v1/schemas/visits"
    assert schema["properties"]["patient_id"]["title"] == "所属患者"
    assert schema["$defs"]["VisitForm"]["oneOf"] == [
        {"const": "clinic", "title": "门诊", "x-title-en": "At the clinic"},
        {"const": "home", "title": "家庭访视", "x-title-en": "At home"},
        {"const": "phone", "title": "电话", "x-title-en": "By phone"},
    ]
    assert schema["$defs"]["Visitor"]["properties"]["name"]["x-personal"] == "name"


def test_every_role_may_read_schemas_and_nobody_else(api: Api) -> None:
    for who in ("clerk", "dashboard", "bot", "auditor", "administrator"):
        assert api.get("/v1/schemas/sheds", who).status_code == 200
    assert api.get("/v1/schemas", None).status_code == 401
    assert api.get("/v1/schemas/sheds", None).status_code == 401
    assert api.get("/v1/schemas/nothing").status_code == 404
    assert api.get("/v1/schemas/sheds?as_of=2020-01-01").status_code == 400


def test_the_list_leads_to_every_schema(api: Api) -> None:
    links = api.get("/v1/schemas").json()["items"]
    assert [link["register"] for link in links] == [register.name for register in TAKING]
    for link in links:
        assert api.get(link["schema"]).json()["title"] == link["title"]


def test_a_schema_that_the_client_has_is_not_sent_again(api: Api) -> None:
    first = api.get("/v1/schemas/visits")
    assert "Registry-Watermark" not in first.headers
    again = api.get("/v1/schemas/visits", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("visited_on", "Visited on"),
        ("morning_mg", "Morning (mg)"),
        ("area_m2", "Area (m²)"),
        ("id_number", "ID number"),
        ("grid-staff", "Grid staff"),
    ],
)
def test_english_titles_are_the_names_in_words(name: str, title: str) -> None:
    assert in_words(name) == title


APPLIES = [(register, each) for register in REGISTERS for each in register.applies]


@pytest.mark.parametrize(
    ("register", "each"), APPLIES, ids=lambda value: getattr(value, "field", getattr(value, "name", ""))
)
def test_a_form_is_told_when_a_field_applies(api: Api, register: Register, each: Applies) -> None:
    told = api.get(f"/v1/schemas/{register.name}").json()["properties"]
    assert told[each.field]["x-when"]["field"] == each.where
    assert told[each.field]["x-when"]["required"] is each.needed
    values = told[each.field]["x-when"].get("in")
    assert (values is None) is (each.values is None)
    assert each.where in told
