"""What is asked of the frozen county, in this order: first what grows by being asked (the log's checkpoint, the access log)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.frozen.old_server import headers_of
from tests.frozen.story import BAISHA, COUNTY, KELU, LAST, MAIGANG, REGISTERS, World, gathering, phone

READERS = ("clerk", "supervisor", "auditor", "dashboard")
EVERYBODY = (*READERS, "neighbour", "village_clerk", "town_dashboard", "bot", "administrator", None)
NOBODY_KNOWS = "019ffffe-0000-7000-8000-000000000000"
ENGLISH = {"Accept-Language": "en"}


@dataclass(frozen=True)
class Ask:
    """One request. The headers are those beside the caller's key; None takes a usual one away."""

    who: str | None
    path: str
    method: str = "GET"
    headers: dict[str, str | None] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Marks:
    """How long the log and the access log were when the home was frozen, and the published document of then."""

    log: int
    access: int
    document: dict[str, Any]

    @property
    def now(self) -> str:
        return f"wm_{COUNTY}_{self.log}"

    def values(self, path: str, name: str) -> list[str]:
        """The codes that a parameter of the published document takes."""
        (found,) = [each for each in self.document["paths"][path]["get"]["parameters"] if each.get("name") == name]
        return sorted(set(_codes(found["schema"])))

    def statistics(self) -> list[str]:
        return [path for path in self.document["paths"] if path.startswith("/v1/statistics/")]


def _codes(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("enum", [])
        for value in schema.values():
            yield from _codes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _codes(value)


def questions(world: World, marks: Marks) -> Iterator[Ask]:
    yield from _log(world, marks)
    yield from _access(world, marks)
    for kind, register in (*REGISTERS.items(), ("alert", "alerts"), ("reminder", "reminders")):
        yield from _lists(register)
        for entry_id in _entries(world, kind):
            yield from _entry(f"/v1/{register}/{entry_id}")
    yield from _cases(world)
    yield from _reports(marks)
    yield from _statistics(marks)
    yield from _feed(marks)
    yield from _schemas()
    yield from _searches()
    yield from _refusals(world)


def _log(world: World, marks: Marks) -> Iterator[Ask]:
    """Nothing here is refused or shows a person: both would be written into the access log within a second, and sealed."""
    yield Ask("auditor", "/v1/log/checkpoint")
    yield Ask("clerk", "/v1/log/checkpoint")
    yield Ask("auditor", "/v1/log/keys")
    for tree, size in (("log", marks.log), ("access", marks.access)):
        yield Ask("auditor", f"/v1/log/proof?tree={tree}&position=3&size={size}")
        yield Ask("clerk", f"/v1/log/proof?tree={tree}&from=20&to={size}")
    yield Ask("auditor", f"/v1/log/access/tile/0/000.p/{marks.access}")
    yield Ask("auditor", f"/v1/log/access/tile/entries/000.p/{marks.access}")
    for place in ("0/000", f"0/001.p/{marks.log - 256}", "1/000.p/1", "entries/000", "0/000.p/7"):
        yield Ask("auditor", f"/v1/log/tile/{place}")
    for kind, register in REGISTERS.items():
        who = "administrator" if kind == "division" else "clerk"
        yield Ask(who, f"/v1/{register}/{world.ids[f'{kind} now']}/versions/1/receipt")


def _access(world: World, marks: Marks) -> Iterator[Ask]:
    known = f"as_of=wa_{COUNTY}_{marks.access}"
    for path in ("keys", "webhooks", "erasures", "break-glass"):
        for who in ("administrator", "supervisor", "clerk"):
            yield Ask(who, f"/v1/{path}")
    for name in ("good", "bad", "stopped"):
        yield Ask("administrator", f"/v1/webhooks/{world.ids[f'webhook {name}']}")
    yield Ask("auditor", f"/v1/access-log?{known}&limit=200")
    yield Ask("supervisor", f"/v1/access-log?{known}&limit=20")
    yield Ask("clerk", f"/v1/access-log?{known}")
    for kind in marks.values("/v1/access-log", "kind"):
        yield Ask("auditor", f"/v1/access-log?{known}&kind={kind}&limit=5")
    for name in ("patient 0", "patient 2"):
        for who in ("auditor", "clerk", "neighbour", "dashboard"):
            yield Ask(who, f"/v1/patients/{world.ids[name]}/disclosures?{known}")


def _lists(register: str) -> Iterator[Ask]:
    at = f"/v1/{register}"
    for who in EVERYBODY if register in {"gatherings", "patients", "disputes", "alerts"} else (*READERS, "neighbour"):
        yield Ask(who, f"{at}?limit={20 if who == 'supervisor' else 4}")
    for asked in (
        f"division={KELU}&limit=3", "on=2026-09-15&limit=3", "as_of=2026-09-04&limit=3",
        "include_voided=true&limit=200", "on=2026-08-21&as_of=wm_440882_60&limit=3",
    ):  # fmt: skip
        yield Ask("auditor", f"{at}?{asked}")
    yield Ask("supervisor", f"{at}?nonsense=1&limit=0")
    yield Ask("clerk", f"{at}?limit=2", headers={"Purpose-Of-Use": None})


def _entries(world: World, kind: str) -> list[str]:
    """Of each register the entry with the most versions, and one that is voided, erased, moved or another town's."""
    also = {
        "gathering": ["gathering 1", "gathering 6"], "shed": ["shed 1"], "staff": ["staff 1"], "visit": ["visit 15"],
        "patient": ["patient 1", "patient 2"], "dispute": ["dispute 5"], "agreement": ["agreement 1", "agreement 2"],
        "proceeding": ["proceeding 5"], "session": ["session 5"], "division": ["440882102290", "440882102200"],
    }  # fmt: skip
    first = [world.ids[f"{kind} now"]] if f"{kind} now" in world.ids else []
    return first + [world.ids[name] for name in also.get(kind, [])] + [
        entry_id for name, entry_id in world.ids.items() if name.startswith(f"first {kind}")
    ]  # fmt: skip


def _entry(at: str) -> Iterator[Ask]:
    for who in (*READERS, "neighbour"):
        yield Ask(who, at)
    yield Ask("clerk", at, headers={"Purpose-Of-Use": None})
    yield Ask("auditor", f"{at}?as_of=2026-09-04")
    yield Ask("auditor", f"{at}?on=2026-09-15")
    for who in ("clerk", "auditor"):
        yield Ask(who, f"{at}/versions")
    yield Ask("auditor", f"{at}/history?limit=3")
    yield Ask("auditor", f"{at}/diff?from=1&to=2")
    yield Ask("supervisor", f"{at}/versions/1")


def _cases(world: World) -> Iterator[Ask]:
    for name in ("dispute 0", "dispute 5", "dispute 1"):
        at = f"/v1/disputes/{world.ids[name]}"
        for who in (*READERS, "neighbour"):
            yield Ask(who, f"{at}/case")
        yield Ask("auditor", f"{at}/case?on=2026-09-01")
        yield Ask("auditor", f"{at}/case?as_of=2026-09-01")
        yield Ask("auditor", f"{at}/case/history")
        yield Ask("clerk", f"{at}/clock?on=2026-09-25")
    for name in ("patient 0", "patient 1", "patient 2"):
        for who in ("clerk", "neighbour", "auditor"):
            yield Ask(who, f"/v1/patients/{world.ids[name]}/case/history")
    for who in EVERYBODY:
        yield Ask(who, f"/v1/campaigns/{world.ids['campaign 0']}/coverage?on=2026-09-30")
    yield Ask("dashboard", f"/v1/campaigns/{world.ids['campaign 0']}/coverage?as_of=2026-09-10")
    for asked in ("register=disputes", f"division={BAISHA}", "from=2026-10-12&to=2026-10-12", "action=voided",
                  f"actor={world.ids['key clerk']}"):  # fmt: skip
        yield Ask("auditor", f"/v1/history?limit=8&{asked}")


def _reports(marks: Marks) -> Iterator[Ask]:
    known = f"as_of={marks.now}"
    for who in (*READERS, "bot", "administrator"):
        yield Ask(who, f"/v1/bulletin?to=2026-10-12&{known}&format=json")
        yield Ask(who, f"/v1/due?on=2026-11-10&before=2026-12-20&{known}&limit=20")
    for form in ("json", "text", "markdown", "html"):
        yield Ask("supervisor", f"/v1/bulletin?division={COUNTY}&from=2026-08-01&to=2026-11-05&{known}&format={form}")
    for form in ("text", "html"):
        yield Ask("dashboard", f"/v1/bulletin?division={KELU}&to=2026-11-05&{known}&format={form}")
        yield Ask("clerk", f"/v1/bulletin?to=2026-08-20&as_of=2026-08-20&format={form}")
    yield Ask("auditor", f"/v1/bulletin?to=2026-10-12&since=wm_440882_60&{known}&format=markdown")
    yield Ask("clerk", f"/v1/bulletin?division={BAISHA}&to=2026-10-12&{known}")
    for who in ("supervisor", "dashboard"):
        yield Ask(who, "/v1/restatements?from=2026-08-21&to=2026-11-06&period_to=2026-08-20")
        yield Ask(who, f"/v1/restatements?from=wm_440882_60&to={marks.now}&period_to=2026-11-05&limit=5")
    for day in ("2026-08-25", "2026-09-20", "2026-10-30"):
        for who in ("clerk", "dashboard"):
            yield Ask(who, f"/v1/due?on={day}&{known}&limit=5")
    for kind in marks.values("/v1/due", "kinds") or ["visit", "mediation", "term", "confirmation", "notice"]:
        yield Ask("supervisor", f"/v1/due?on=2026-11-10&{known}&kinds={kind}&limit=3")
    yield Ask("clerk", "/v1/due/rules?on=2026-09-03")
    yield Ask("bot", "/v1/due/rules?on=2020-02-24")


def _statistics(marks: Marks) -> Iterator[Ask]:
    known = f"as_of={marks.now}"
    for path in marks.statistics():
        for who in (*READERS, "neighbour", "bot", "administrator"):
            yield Ask(who, f"{path}?{known}")
        for dimension in marks.values(path, "group_by"):
            yield Ask("supervisor", f"{path}?{known}&group_by={dimension}")
            yield Ask("dashboard", f"{path}?{known}&group_by={dimension}")
        yield Ask("clerk", f"{path}?{known}&from=2026-08-05&to=2026-10-12&group_by=month")
        yield Ask("auditor", f"{path}?as_of=2026-09-10&on=2026-09-01")
        yield Ask("bot", f"{path}?{known}&group_by=nonsense", headers=ENGLISH)


def _feed(marks: Marks) -> Iterator[Ask]:
    for who in EVERYBODY:
        yield Ask(who, f"/v1/changes?after=wm_{COUNTY}_0&limit=12")
        yield Ask(who, f"/v1/changes?after=wm_{COUNTY}_{marks.log - 60}&limit=12")
    for register in (*REGISTERS.values(), "alerts", "reminders"):
        yield Ask("supervisor", f"/v1/changes?after=wm_{COUNTY}_40&registers={register}&limit=4")
    yield Ask("town_dashboard", f"/v1/changes?after=wm_{COUNTY}_90&limit=100")
    yield Ask("clerk", f"/v1/changes?after=wm_{COUNTY}_999999")


def _schemas() -> Iterator[Ask]:
    yield Ask("bot", "/v1/schemas")
    for register in REGISTERS.values():
        yield Ask("clerk", f"/v1/schemas/{register}")
    yield Ask("clerk", "/v1/schemas/nonsense")


def _searches() -> Iterator[Ask]:
    for who in ("clerk", "neighbour", "auditor", "dashboard", "administrator"):
        for register, number in (("patients", 99), ("disputes", 70), ("grid-staff", 200)):
            yield Ask(who, f"/v1/{register}/search", "POST", body={"phone": phone(number)})
    yield Ask("clerk", "/v1/patients/search", "POST", body={"id_number": "110105199902300000"})


def _refusals(world: World) -> Iterator[Ask]:
    """What is refused leaves nothing behind but the count of refusals in the access log."""
    first = world.ids["gathering 0"]
    once = gathering(7, "2026-08-05")
    yield Ask("clerk", "/v1/gatherings", "POST", {"Idempotency-Key": "form-2026-0001"}, once)
    yield Ask("clerk", "/v1/gatherings", "POST", {"Idempotency-Key": "form-2026-0001"}, once | {"sessions": 9})
    yield Ask("clerk", f"/v1/gatherings/{world.ids['put']}", "PUT", {}, gathering(8, "2026-08-05"))
    yield Ask("clerk", f"/v1/gatherings/{world.ids['put']}", "PUT", {"If-None-Match": "*"}, once)
    yield Ask("clerk", f"/v1/gatherings/{first}", "PATCH", {"If-Match": '"1"'}, {"sessions": 99})
    yield Ask("clerk", f"/v1/gatherings/{first}", "PATCH", {}, {"sessions": 99})
    yield Ask("clerk", f"/v1/gatherings/{first}", "PATCH", {"If-Match": "*"}, {"sessions": 0, "nonsense": 1})
    yield Ask("clerk", f"/v1/gatherings/{first}/void", "POST", {"If-Match": "*"}, {})
    for register in REGISTERS.values():
        yield Ask("clerk", f"/v1/{register}", "POST", {}, {"nonsense": 1})
        yield Ask("supervisor", f"/v1/{register}", "POST", ENGLISH, {})
        yield Ask("auditor", f"/v1/{register}/{NOBODY_KNOWS}")
    for who in ("revoked", "expired", None):
        yield Ask(who, "/v1/gatherings")
    yield Ask(None, world.ids["calendar"])
    yield Ask("clerk", "/v1/nonsense")
    yield Ask("clerk", "/v1/patients?limit=2", headers={"Purpose-Of-Use": "curiosity"})
    yield Ask("clerk", f"/v1/gatherings?division={BAISHA}&limit=3")
    yield Ask("supervisor", f"/v1/gatherings?division={MAIGANG}&division_only=true&limit=2")
    yield Ask("supervisor", "/v1/sheds?as_of=2999-01-01", headers=ENGLISH)
    yield Ask("auditor", f"/v1/gatherings/{first}/versions/99", headers=ENGLISH)
    yield Ask("clerk", "/v1/log/access/tile/entries/000.p/9")
    yield Ask("clerk", "/v1/gatherings", "DELETE")
    yield Ask("clerk", f"/v1/due/rules?on={LAST}x", headers=ENGLISH)


def spoken(ask: Ask) -> dict[str, Any]:
    """The request as it is saved."""
    headers = headers_of(ask.who, ask.headers)
    sent = {"who": ask.who, "method": ask.method, "path": ask.path, "headers": headers}
    return json.loads(json.dumps(sent if ask.body is None else sent | {"body": ask.body}))
