"""Random histories against a small oracle in memory: what was known at every watermark, by every caller."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.api import Api

REASON = {"code": "wrong_entry", "text": "误录(示范)"}
DIVISIONS = {"clerk": "440882102204", "neighbour": "440882100200"}

steps = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "change", "change", "same", "void"]),
        st.sampled_from(sorted(DIVISIONS)),
        st.integers(0, 5),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=12,
)


class Oracle:
    """What every watermark shows: the state of all entries after each write."""

    def __init__(self, head: int) -> None:
        self.head = head
        self.entries: list[str] = []
        self.now: dict[str, dict[str, Any]] = {}
        self.then: dict[int, dict[str, dict[str, Any]]] = {head: {}}

    def wrote(self, entry: dict[str, Any]) -> None:
        self.now = {**self.now, entry["id"]: entry}
        self.head += 1
        assert entry["meta"]["position"] == self.head - 1
        self.then[self.head] = self.now

    def listed(self, watermark: int, who: str) -> list[dict[str, Any]]:
        """The list that a caller must get: last change first, without the voided, within their divisions."""
        mine = DIVISIONS.get(who, "440882")[:9]
        seen = [e for e in self.then[watermark].values() if e["division"].startswith(mine) and not e["meta"]["voided"]]
        return sorted(seen, key=lambda entry: -entry["meta"]["position"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
def test_every_watermark_shows_what_was_known(api: Api, history: list[tuple[str, str, int, int]]) -> None:
    head = int(api.get("/v1/gatherings", "supervisor").json()["watermark"].rpartition("_")[2])
    oracle = Oracle(head)
    earlier = {e["id"] for e in api.get("/v1/gatherings?limit=200&include_voided=true", "supervisor").json()["items"]}
    for verb, who, which, sessions in history:
        perform(api, oracle, verb, who, which, sessions)
    for watermark in oracle.then:
        for who in ("clerk", "neighbour", "supervisor"):
            answer = api.get(f"/v1/gatherings?limit=200&as_of=wm_440882_{watermark}", who).json()
            assert [e for e in answer["items"] if e["id"] not in earlier] == oracle.listed(watermark, who)
        for entry_id in oracle.entries:
            expected = oracle.then[watermark].get(entry_id)
            answer = api.get(f"/v1/gatherings/{entry_id}?as_of=wm_440882_{watermark}", "supervisor")
            assert (answer.json() if answer.status_code == 200 else None) == expected


def perform(api: Api, oracle: Oracle, verb: str, who: str, which: int, sessions: int) -> None:
    if verb == "create" or not oracle.entries:
        entry = api.made("/v1/gatherings", factories.gathering(division=DIVISIONS[who], sessions=sessions), who)
        oracle.entries.append(entry["id"])
        oracle.wrote(entry)
        return
    current = oracle.now[oracle.entries[which % len(oracle.entries)]]
    at = f"/v1/gatherings/{current['id']}"
    if verb == "void":
        answer = api.act(f"{at}/void", {"reason": REASON}, who="supervisor")
    else:
        wanted = current["sessions"] if verb == "same" else sessions
        answer = api.patch(at, {"sessions": wanted}, who="supervisor")
    if current["meta"]["voided"]:
        assert answer.status_code == 409
    elif answer.json() != current:
        oracle.wrote(answer.json())


@pytest.mark.parametrize("who", ["clerk", "neighbour", "supervisor", "dashboard", "auditor"])
def test_pages_are_of_one_moment(api: Api, who: str) -> None:
    for n in range(7):
        api.made("/v1/gatherings", factories.gathering(sessions=n + 1))
    whole = api.get("/v1/gatherings?limit=200", who).json()
    pages: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = api.get(f"/v1/gatherings?limit=3{cursor}", who).json()
        pages += page["items"]
        assert page["watermark"] == whole["watermark"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        if page["items"]:
            api.patch(f"/v1/gatherings/{page['items'][-1]['id']}", {"sessions": 99})
            api.made("/v1/gatherings", factories.gathering())
    assert pages == whole["items"]
