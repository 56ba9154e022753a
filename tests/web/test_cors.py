"""Pages of allowed origins may call from a browser; others may not."""

from collections.abc import Iterator

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from registry.settings import Settings
from tests.api import Api
from tests.conftest import Template

HOME, STRANGER = "https://forms.example", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,if-none-match"}


@pytest.fixture
def pages(app: Litestar, settings: Settings, template: Template) -> Iterator[Api]:
    app.state.settings = msgspec.structs.replace(settings, allow_origins=(HOME,))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(client, template.keys)


def test_an_allowed_origin_may_read_answers_and_their_headers(pages: Api) -> None:
    answer = pages.get("/v1/gatherings", headers={"Origin": HOME})
    assert answer.headers["Access-Control-Allow-Origin"] == HOME
    assert {"ETag", "Registry-Watermark", "Location", "Request-Id"} <= set(
        answer.headers["Access-Control-Expose-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert set(answer.headers["Vary"].split(", ")) == {"Authorization", "Purpose-Of-Use", "Origin"}


def test_problems_too_may_be_read(pages: Api) -> None:
    for answer in (
        pages.get("/v1/gatherings", None, headers={"Origin": HOME}),
        pages.get("/nowhere", headers={"Origin": HOME}),
        pages.post("/v1/gatherings", {}, headers={"Origin": HOME}),
    ):
        assert answer.status_code >= 400
        assert answer.headers["Access-Control-Allow-Origin"] == HOME


def test_a_preflight_tells_what_may_be_sent(pages: Api) -> None:
    path = "/v1/visits/01a209d8-2208-7857-ad56-0c039969eb4c"
    answer = pages.call("OPTIONS", path, None, headers={"Origin": HOME, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == HOME
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert {
        "Authorization",
        "Content-Type",
        "If-Match",
        "If-None-Match",
        "Idempotency-Key",
        "Purpose-Of-Use",
        "Last-Event-ID",
    } <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))


def test_other_origins_are_told_nothing(pages: Api) -> None:
    for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = pages.call(method, "/v1/gatherings", headers={"Origin": STRANGER, **more})
        assert [name for name in answer.headers if name.startswith("access-control")] == []
        assert "Origin" in answer.headers["Vary"]


def test_without_the_setting_no_origin_is_let_in(api: Api) -> None:
    answer = api.get("/v1/gatherings", headers={"Origin": HOME})
    assert [name for name in answer.headers if name.startswith("access-control")] == []
