"""`fields=`: less of an entry, of every register, and less of a person than all."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import fields

from registry.app import REGISTERS
from registry.core.fields import personal_paths
from registry.core.register import Register
from tests import factories
from tests.api import Api, codes, pointers
from tests.test_registers import KINDS, made

BY_NAME = {register.name: register for register in REGISTERS}


def reads(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/v1/access-log?kind=read&limit=200", "auditor").json()["items"]
    return found


def names_of(register: Register) -> list[str]:
    return [field.encode_name for field in fields(register.entry)]


@pytest.mark.parametrize("name", KINDS)
def test_a_part_has_the_values_of_the_whole(api: Api, name: str) -> None:
    entry, register = made(api, name), BY_NAME[name]
    at, who = f"/v1/{name}/{entry['id']}", KINDS[name].writer
    whole, listed = api.get(at, who), api.get(f"/v1/{name}?limit=200", who).json()["items"]
    for field in names_of(register):
        expected = {key: value for key, value in whole.json().items() if key in {"id", "meta", field}}
        part = api.get(f"{at}?fields={field}", who)
        assert part.json() == expected, field
        assert part.headers["ETag"] != whole.headers["ETag"]
        items = api.get(f"/v1/{name}?limit=200&fields={field}", who).json()["items"]
        assert items == [{key: each[key] for key in each if key in {"id", "meta", field}} for each in listed]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_not_personal_is_not_recorded_as_read(api: Api, name: str) -> None:
    entry, register = made(api, name), BY_NAME[name]
    at, who = f"/v1/{name}/{entry['id']}", KINDS[name].writer
    personal = {path[0] for path, _ in personal_paths(register.entry)}
    others = [field for field in names_of(register) if field not in personal]
    before = len(reads(api))
    for path in (at, f"/v1/{name}", f"{at}?on=2199-12-31"):
        joined = "&" if "?" in path else "?"
        assert api.get(f"{path}{joined}fields={','.join(others)}", who).status_code in {200, 404}
    assert len(reads(api)) == before


def test_what_is_personal_is_shown_in_plain_and_recorded_by_its_classes(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())
    at = f"/v1/patients/{patient['id']}"
    assert api.get(f"{at}?fields=name").json()["name"] == patient["name"]
    assert reads(api)[0]["details"]["fields"] == ["name"]
    assert api.get("/v1/patients?fields=name,status").json()["items"][0]["name"] == patient["name"]
    assert (reads(api)[0]["details"]["fields"], reads(api)[0]["details"]["path"]) == (["name"], "list")
    before = len(reads(api))
    masked = api.get(f"{at}?fields=name", headers={"Purpose-Of-Use": None}).json()["name"]
    assert masked == "示*"
    assert len(reads(api)) == before


@pytest.mark.parametrize("name", KINDS)
def test_an_unknown_field_is_refused_with_those_that_there_are(api: Api, name: str) -> None:
    at, who = f"/v1/{name}", KINDS[name].writer
    answer = api.get(f"{at}?fields=id,nonsense", who)
    assert (answer.status_code, codes(answer), pointers(answer)) == (422, {"unknown_name"}, {"#fields"})
    assert answer.json()["errors"][0]["allowed"] == names_of(BY_NAME[name])
    assert api.get(f"{at}?fields=", who).status_code == 400
    assert api.get(f"{at}?fields=parties/0", who).status_code == 400


def test_a_part_is_known_by_its_tag_and_pages_as_the_whole(api: Api) -> None:
    for day in ("2020-02-01", "2020-02-02", "2020-02-03"):
        api.made(
            "/v1/gatherings", factories.gathering(decided_on=day, planned_from=day, planned_to=day, postponed_to=None)
        )
    first = api.get("/v1/gatherings?limit=2&fields=decided_on")
    again = api.get("/v1/gatherings?limit=2&fields=decided_on", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    second = api.get(f"/v1/gatherings?limit=2&fields=kind&cursor={first.json()['next_cursor']}").json()
    assert [set(each) for each in second["items"]] == [{"id", "kind", "meta"}]
    assert msgspec.json.decode(first.content)["items"][0]["decided_on"] == "2020-02-03"
