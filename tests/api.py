"""The test's client: calls as any caller, and holds every answer to the published document."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
import msgspec

from registry.app import document

OFFICES = {"clerk", "neighbour", "village_clerk", "supervisor"}
"""Callers who say what they look for, unless a test's headers say otherwise."""
PROBLEM = "application/problem+json"


class Api:
    """Calls the application with the key of a named caller; None is nobody."""

    def __init__(self, client: httpx.Client, keys: dict[str, str]) -> None:
        self.client = client
        self.keys = keys
        client.event_hooks = {"response": [check_answer]}

    def call(self, method: str, path: str, who: str | None = "clerk", **more: Any) -> httpx.Response:
        usual = {"Purpose-Of-Use": "visit"} if who and who.partition("-")[0] in OFFICES else {}
        headers = {name: value for name, value in (usual | more.pop("headers", {})).items() if value is not None}
        if who is not None:
            headers["Authorization"] = f"Bearer {self.keys[who]}"
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, who: str | None = "clerk", **more: Any) -> httpx.Response:
        return self.call("GET", path, who, **more)

    def post(self, path: str, body: Any = None, who: str | None = "clerk", **more: Any) -> httpx.Response:
        return self.call("POST", path, who, json=body, **more)

    def put(self, path: str, body: Any = None, who: str | None = "clerk", **more: Any) -> httpx.Response:
        return self.call("PUT", path, who, json=body, **more)

    def patch(self, path: str, body: Any, version: object = "*", who: str = "clerk", **more: Any) -> httpx.Response:
        return self.call(
            "PATCH", path, who, json=body, headers={"If-Match": tag(version), **more.pop("headers", {})}, **more
        )

    def act(self, path: str, body: Any, version: object = "*", who: str = "clerk", **more: Any) -> httpx.Response:
        """A verb of the domain, with If-Match."""
        return self.call("POST", path, who, json=body, headers={"If-Match": tag(version)}, **more)

    def made(self, path: str, body: Any, who: str = "clerk") -> dict[str, Any]:
        """The entry that a POST makes."""
        response = self.post(path, body, who)
        assert response.status_code == 201, response.text
        entry: dict[str, Any] = response.json()
        return entry


def tag(version: object) -> str | None:
    return None if version is None else "*" if version == "*" else f'"{version}"'


def pointers(response: httpx.Response) -> set[str]:
    """Where the faults are that a problem lists."""
    return {error["pointer"] for error in response.json()["errors"]}


def codes(response: httpx.Response) -> set[str]:
    """The codes of the faults that a problem lists."""
    return {error["code"] for error in response.json()["errors"]}


@cache
def published() -> dict[str, Any]:
    """The published document."""
    decoded: dict[str, Any] = msgspec.json.decode(document())
    return decoded


@cache
def _validator(reference: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({"$ref": reference, "components": published()["components"]})


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(published()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "/?"), path) for path in paths]


def check_answer(response: httpx.Response) -> None:
    """Every answer is one that the document promises: its status, its media type, its body."""
    request = response.request
    path = next((path for pattern, path in _patterns() if pattern.fullmatch(request.url.path)), None)
    operation = published()["paths"].get(path, {}).get(request.method.lower())
    if operation is None:
        return
    response.read()
    status = str(response.status_code)
    assert status in operation["responses"], f"{request.method} {path} answered {status}: {response.text[:500]}"
    promised = operation["responses"][status]
    if "$ref" in promised:
        promised = published()["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    if status == "304":
        assert not response.content
        return
    media = response.headers["content-type"].partition(";")[0]
    assert media in promised["content"], f"{request.method} {path} answered {media}"
    schema = promised["content"][media]["schema"]
    partial = "fields" in request.url.params
    if reference := schema.get("$ref") or schema.get("anyOf", [{}])[partial].get("$ref"):
        _validator(reference).validate(response.json())
