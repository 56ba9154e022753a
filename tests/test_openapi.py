"""The published document is the one that is committed, valid, and complete."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from openapi_spec_validator import validate

from registry.app import document
from registry.web.glossary import FIELDS, PARAMETERS, TAGS
from tests.api import Api, published

COMMITTED = Path(__file__).parent.parent / "openapi" / "registry.json"


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, op) for path, methods in published()["paths"].items() for method, op in methods.items()]


def test_the_committed_document_is_the_enforced_one() -> None:
    assert COMMITTED.read_bytes() == document(), "run: scripts/registry openapi"


def test_the_document_is_valid_openapi() -> None:
    validate(published())


def test_the_document_is_served(api: Api) -> None:
    answer = api.get("/openapi.json", None)
    assert answer.content == COMMITTED.read_bytes()


def test_the_ui_is_local(api: Api) -> None:
    page = api.get("/docs", None).text
    assert "http" not in page.replace("https://www.w3.org", "")
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        answer = api.get(f"/docs/{name}", None)
        assert answer.status_code == 200
        assert len(answer.content) > 100_000
    assert api.get("/docs/other.js", None).status_code == 404


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    names = Counter(op["operationId"] for _, _, op in operations())
    assert [name for name, count in names.items() if count > 1] == []
    for _, _, op in operations():
        assert op["summary"]


def test_every_guarded_operation_refuses_nobody_and_says_so(api: Api) -> None:
    for path, method, op in operations():
        if op.get("security") != []:
            at = re.sub(r"\{\w+_id\}", "01a209d8-2208-7857-ad56-0c039969eb4c", path).replace("{number}", "1")
            assert "401" in op["responses"], path
            assert api.call(method.upper(), at, None, json={}).status_code == 401, path


ADMINISTRATIVE = re.compile(
    r"/v1/(keys|log|break-glass|erasures|changes|schemas|webhooks|me|statistics$|due/rules|due\.ics)\b"
)
"""What is about the register, not in it, and the calendar, which phones read as of now; what they tell is in the access log too, which takes `as_of`."""


def test_every_get_of_a_register_takes_as_of() -> None:
    for path, method, op in operations():
        if method == "get" and path.startswith("/v1/") and not ADMINISTRATIVE.match(path):
            wanted = {"then", "now"} if path == "/v1/restatements" else {"as_of"}  # it compares two moments
            assert wanted <= {parameter["name"] for parameter in op["parameters"]}, path


def test_every_text_of_a_query_says_which_texts_it_takes() -> None:
    """A schema that allows any text allows control characters and `null`, which the server refuses."""
    for path, _, op in operations():
        for parameter in op.get("parameters", ()):
            schema = parameter["schema"]
            if parameter["in"] == "query" and schema.get("type") == "string":
                assert schema.keys() & {"pattern", "enum", "format"}, (path, parameter["name"])


def test_what_is_sent_is_closed_and_personal_fields_are_marked() -> None:
    schemas = published()["components"]["schemas"]
    for _, _, op in operations():
        if "requestBody" in op:
            for media, content in op["requestBody"]["content"].items():
                if media == "text/plain":
                    continue
                schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
                assert schema["additionalProperties"] is False
    assert schemas["PatientIn"]["properties"]["name"]["x-personal"] == "name"
    assert "pattern" not in schemas["Patient"]["properties"]["name"]


def test_every_problem_has_a_page(api: Api) -> None:
    answer = api.get("/v1/gatherings", None)
    page = api.get(answer.json()["type"], None)
    assert page.status_code == 200
    assert "401" in page.text
    assert api.get("/problems/nonsense", None).status_code == 404


def answered(op: dict[str, Any]) -> str:
    """The name of the shape that an operation answers with when it is done."""
    done = op["responses"].get("200") or op["responses"]["201"]
    schema = done["content"]["application/json"]["schema"]
    reference: str = schema.get("$ref") or schema["anyOf"][0]["$ref"]
    return reference.rpartition("/")[2]


MAKES = {
    "testWebhook": "Delivery", "rotateWebhookSecret": "NewWebhook",
    "correctMove": "Dispute", "undoMove": "Dispute", "performTerm": "Agreement",
}  # fmt: skip
"""Actions that make something else (an attempt, a secret that is shown once), and those on a numbered part: the entry it is of."""


def test_an_action_answers_with_the_thing_acted_on() -> None:
    paths, acted = published()["paths"], 0
    for path, method, op in operations():
        thing, _, verb = path.rpartition("/")
        if method == "post" and thing.endswith("}") and verb:
            own = paths.get(thing, {}).get("patch") or paths.get(thing, {}).get("get")
            expected = MAKES.get(op["operationId"]) or (answered(own) if own else "Erasure")
            expected = "Alert" if op["operationId"].startswith("askToVoid") else expected
            assert answered(op) == expected, path
            acted += 1
    assert acted > 30


def about(field: dict[str, Any]) -> str | None:
    """What the document says of a field: beside it, or at what it refers to."""
    if "description" in field or "$ref" not in field:
        return field.get("description")
    said: str | None = published()["components"]["schemas"][field["$ref"].rpartition("/")[2]].get("description")
    return said


def test_every_parameter_and_every_field_is_described() -> None:
    for path, method, op in operations():
        for parameter in op["parameters"]:
            assert parameter.get("description"), (method, path, parameter["name"])
    shapes = published()["components"]["schemas"].items()
    named = [(f"{name}.{key}", field) for name, shape in shapes for key, field in shape.get("properties", {}).items()]
    assert len(named) > 1500
    assert [name for name, field in named if not about(field)] == []
    assert [name for name, shape in shapes if not shape.get("description")] == []


def test_no_operation_says_twice_what_it_does_and_every_tag_is_told() -> None:
    for path, method, op in operations():
        assert op["summary"] not in op.get("description", ""), (method, path)
        assert not op["summary"].endswith("."), (method, path)
    told = {tag["name"]: tag["description"] for tag in published()["tags"]}
    assert set(told) == {tag for _, _, op in operations() for tag in op["tags"]}
    assert all(told.values())


def test_the_glossary_has_no_word_that_nobody_uses() -> None:
    shapes = published()["components"]["schemas"].values()
    assert set(FIELDS) - {name for shape in shapes for name in shape.get("properties", {})} == set()
    assert set(PARAMETERS) - {each["name"] for _, _, op in operations() for each in op["parameters"]} == set()
    assert set(TAGS) - {tag["name"] for tag in published()["tags"]} == set()
