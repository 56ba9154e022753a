"""What a parameter cannot find for its own fault is refused, not answered with nothing; and the filters that all lists have."""

from typing import Any

import pytest

from registry.core.principals import Role
from registry.ledger.clock import wall_clock
from tests import factories
from tests.api import Api, codes, pointers, published
from tests.conftest import BAISHA, CALLERS, COUNTY, KELU
from tests.test_registers import REASON

NEEDED = {"/v1/restatements": "then=wm_440882_0&"}
"""Parameters without which nothing is answered."""


def reader(path: str) -> str:
    """Who may ask it."""
    return "administrator" if path.startswith("/v1/divisions") else "supervisor"


def endpoints(parameter: str) -> list[str]:
    return [
        path
        for path, methods in published()["paths"].items()
        if any(each["name"] == parameter for each in methods.get("get", {}).get("parameters", ()))
    ]


def ranges() -> list[tuple[str, str]]:
    """Every range of every endpoint that is of days."""
    found = []
    for path, methods in published()["paths"].items():
        named = {each["name"]: each["schema"] for each in methods.get("get", {}).get("parameters", ())}
        found += [(path, n.removesuffix("from")) for n in named if n.endswith("from") and f"{n[:-4]}to" in named]
    return [(path, stem) for path, stem in found if "{" not in path and path != "/v1/log/proof"]


@pytest.mark.parametrize("path", endpoints("division"))
@pytest.mark.parametrize("code", ["440882998", "440882102999", "440883", "440881101"])
def test_a_division_that_there_is_not_is_refused(api: Api, path: str, code: str) -> None:
    answer = api.get(f"{path}?{NEEDED.get(path, '')}division={code}", reader(path))
    assert (answer.status_code, codes(answer), pointers(answer)) == (422, {"unknown_division"}, {"#division"}), path


@pytest.mark.parametrize("path", endpoints("division"))
def test_a_division_that_there_is_or_was_is_not(api: Api, path: str) -> None:
    gone = api.made("/v1/divisions", factories.division(code="440882102399"), "administrator")
    api.act(f"/v1/divisions/{gone['id']}/void", {"reason": REASON}, "*", "administrator")
    if path == "/v1/changes/stream":
        return  # without end
    for code in ("440882", KELU, "440882102204"):
        assert api.get(f"{path}?{NEEDED.get(path, '')}division={code}", reader(path)).status_code == 200, code
    if path.count("/") == 2 and path not in {"/v1/bulletin", "/v1/restatements"}:
        assert api.get(f"{path}?division=440882102399", reader(path)).status_code == 200


@pytest.mark.parametrize(("path", "stem"), ranges())
def test_a_range_that_ends_before_it_starts_is_refused(api: Api, path: str, stem: str) -> None:
    asked = f"{path}?{NEEDED.get(path, '')}{stem}from=2020-03-02&{stem}to="
    wrong = api.get(f"{asked}2020-03-01", reader(path))
    assert (wrong.status_code, codes(wrong), pointers(wrong)) == (422, {"ends_before_start"}, {f"#{stem}from"}), path
    assert api.get(f"{asked}2020-03-02", reader(path)).status_code == 200
    assert api.get(f"{asked}2020-03-03", reader(path)).status_code == 200


def test_there_are_many_of_them() -> None:
    assert len(ranges()) > 30
    assert len(endpoints("division")) > 15


def test_a_dispute_is_found_by_its_number(api: Api) -> None:
    one, _ = (api.made("/v1/disputes", factories.dispute()) for _ in range(2))
    found = api.get("/v1/disputes", params={"case_number": one["case_number"]}).json()["items"]
    assert [each["id"] for each in found] == [one["id"]]


def test_entries_that_were_corrected_late(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days are counted from the first version to a correction; a change is none."""
    late, early, changed = (api.made("/v1/gatherings", factories.gathering())["id"] for _ in range(3))

    def correct(entry: str, sessions: int) -> dict[str, Any]:
        body = {"reason": REASON, "changes": {"sessions": sessions}}
        corrected: dict[str, Any] = api.act(f"/v1/gatherings/{entry}/correct", body).json()
        return corrected

    def found(days: int, more: str = "") -> list[str]:
        answer = api.get(f"/v1/gatherings?corrected_after_days={days}{more}")
        return [each["id"] for each in answer.json()["items"]]

    correct(early, 8)
    before = api.get("/v1/gatherings").json()["watermark"]
    now = wall_clock()
    committer = api.client.app.state.context._committers[COUNTY]  # type: ignore[attr-defined] # a test's client
    monkeypatch.setattr(committer, "_clock", lambda: now + 11 * 86_400_000_000)
    correct(late, 9)
    api.patch(f"/v1/gatherings/{changed}", {"sessions": 9})
    assert (found(0), found(10), found(12)) == ([late, early], [late], [])
    assert (found(0, f"&as_of={before}"), found(10, f"&as_of={before}")) == ([early], [])
    assert found(0, "&on=2199-12-31") == [late, early]


def test_every_caller_may_sort_and_filter_what_it_may_list(api: Api) -> None:
    for who, (role, _) in CALLERS.items():
        expected = 403 if role is Role.ADMINISTRATOR else 200
        asked = "/v1/disputes?sort=-case_number&corrected_after_days=3&fields=stage&division=440882"
        assert api.get(asked, who).status_code == expected, who


def test_a_dispute_is_found_by_where_its_parties_are(api: Api) -> None:
    """Kept in one village, between it and others: by the village of any party, by the town of any."""
    parties = [
        {**party, "division": code}
        for party, code in zip(factories.dispute()["parties"], (KELU + "204", KELU + "200"), strict=True)
    ]
    village = api.made("/v1/disputes", factories.dispute(division=KELU + "204", parties=parties))["id"]
    two = [{**party, "division": code} for party, code in zip(parties, (KELU + "204", BAISHA + "200"), strict=True)]
    towns = api.made("/v1/disputes", factories.dispute(division=KELU + "204", parties=two))["id"]
    none = [{**party, "division": None} for party in parties]
    nowhere = api.made("/v1/disputes", factories.dispute(division=KELU + "204", parties=none))["id"]

    def found(asked: str, who: str = "supervisor") -> list[str]:
        answer = api.get(f"/v1/disputes?{asked}", who)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]

    assert found(f"party_division={KELU}200") == [village]
    assert found(f"party_division={KELU}") == [towns, village]
    assert found(f"party_division={BAISHA}") == found(f"party_division={BAISHA}200") == [towns]
    assert found(f"division={KELU}200") == [village]
    assert found(f"division={BAISHA}") == found(f"division={BAISHA}&on=2199-12-31") == [towns]
    assert found(f"division={KELU}204") == [nowhere, towns, village]
    assert found(f"division={BAISHA}&parties=false") == []
    assert found(f"division={BAISHA}200&division_only=true") == []
    assert found(f"division={BAISHA}", "clerk") == [towns]
    assert found(f"division={BAISHA}", "village_clerk") == [towns]
    counted = api.get(f"/v1/statistics/disputes?group_by=town&division={KELU}", "supervisor").json()
    assert [cell["town"] for cell in counted["cells"]] == [KELU]
    assert len(api.get(counted["cells"][0]["rows"], "supervisor").json()["items"]) == 3
    assert codes(api.get("/v1/statistics/disputes?parties=false", "supervisor")) == {"unknown_parameter"}


def test_agreements_that_were_performed_late(api: Api) -> None:
    case = api.made("/v1/disputes", factories.dispute())["id"]

    def agreed(*days: tuple[str | None, str | None]) -> str:
        terms = [{"text": "退还(示范)", "due_on": due, "performed_on": done} for due, done in days]
        made: str = api.made("/v1/agreements", factories.agreement(case, terms=terms))["id"]
        return made

    late = agreed(("2020-02-10", "2020-02-11"), ("2020-02-20", "2020-02-20"))
    in_time = agreed(("2020-02-10", "2020-02-10"), (None, "2020-02-12"))
    agreed(("2020-02-10", None))

    def found(asked: str) -> list[str]:
        return [each["id"] for each in api.get(f"/v1/agreements?{asked}").json()["items"]]

    assert (found("performed_late=true"), found("performed_late=false")) == ([late], [in_time])
    assert found("performed_late=true&on=2020-02-10") == []
    assert found("performed_late=true&on=2020-02-11") == [late]
