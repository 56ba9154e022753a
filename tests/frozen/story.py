"""What happens in the frozen county, day by day. Nobody in it is real: people are called 示范…, their numbers are made up."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.frozen.old_server import Home, Office, beijing

COUNTY, KELU, BAISHA = "440882", "440882102", "440882100"
MAIGANG, KELU_VILLAGE, BAISHA_VILLAGE, SMALL, NEW = (
    "440882102204", "440882102200", "440882100200", "440882102290", "440882102299",
)  # fmt: skip
PLACES = [
    (COUNTY, "雷州市", "county", None),
    (KELU, "客路镇", "town", COUNTY),
    (BAISHA, "白沙镇", "town", COUNTY),
    (MAIGANG, "迈港村委会", "village", KELU),
    (KELU_VILLAGE, "客路村委会", "village", KELU),
    (BAISHA_VILLAGE, "白沙村委会", "village", BAISHA),
    (SMALL, "小村委会(示范)", "village", KELU),
]
CALLERS = {
    "clerk": ("clerk", KELU),
    "neighbour": ("clerk", BAISHA),
    "village_clerk": ("clerk", MAIGANG),
    "supervisor": ("supervisor", COUNTY),
    "dashboard": ("dashboard", COUNTY),
    "town_dashboard": ("dashboard", KELU),
    "bot": ("bot", COUNTY),
    "auditor": ("auditor", COUNTY),
    "revoked": ("bot", COUNTY),
    "expired": ("bot", COUNTY),
}
NAMES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
RECEIVER = "http://127.0.0.1:18977"
FIRST, LAST = "2026-08-03", "2026-11-24"


@dataclass
class World:
    """What the story made, by the names that it calls things."""

    home: Home
    ids: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    """By file name, what offices save on the day: receipts, documents, checkpoints."""


def person(number: int) -> str:
    return f"示范{NAMES[number % len(NAMES)]}{number // len(NAMES) or ''}"


def phone(number: int) -> str:
    return f"1990000{1000 + number:04d}"


def id_number(birth: str, serial: int) -> str:
    """Eighteen characters with a right check digit, as in the standard's own example."""
    text = f"110105{birth.replace('-', '')}{serial:03d}"
    weights = [2 ** (17 - place) % 11 for place in range(17)]
    total = sum(weight * int(digit) for weight, digit in zip(weights, text, strict=True))
    return text + "10X98765432"[total % 11]


def reason(text: str = "录入有误(示范)") -> dict[str, str]:
    return {"code": "typing_error", "text": text}


def gathering(number: int, day: str, **more: Any) -> dict[str, Any]:
    kinds = ("nianli", "opera", "temple_fair", "wedding", "market")
    return {
        "division": MAIGANG, "title": f"活动第{number}场(示范)", "kind": kinds[number % 5], "measure": "cancelled",
        "sessions": 1 + number % 4, "planned_from": "2026-12-20", "decided_on": day,
        "organiser": {"name": person(number), "phone": phone(number), "role": "理事会(示范)"}, "handled_by": ["客路镇综治办"],
        **more,
    }  # fmt: skip


def shed(number: int, day: str, **more: Any) -> dict[str, Any]:
    return {
        "division": MAIGANG, "place": f"村口第{number}处(示范)", "use": ("gambling", "mahjong", "other")[number % 3],
        "count": 1 + number, "structure": "iron_sheet", "area_m2": "12.5", "owner": {"name": person(number + 30)},
        "found_on": day, "demolished_on": day, "method": "assisted", **more,
    }  # fmt: skip


def patient(number: int, **more: Any) -> dict[str, Any]:
    birth = f"19{50 + number % 45}-0{1 + number % 9}-1{number % 9}"
    return {
        "division": MAIGANG, "name": person(number), "sex": ("female", "male")[number % 2], "birth_date": birth,
        "diagnosis": ("bipolar", "schizophrenia", "other")[number % 3], "risk_level": number % 2,
        "stability": ("stable", "basically_stable")[number % 2],
        "in_care_since": f"2026-0{1 + number % 6}-15", "consent": True, "id_number": id_number(birth, number),
        "phone": phone(number), "address": f"示范路{number}号", "hamlet": "示范自然村", "hospital": "示范医院",
        "guardian": {"name": person(number + 50), "relation": "sibling", "phone": phone(number + 50)},
        "medication": [{"name": "示范片", "morning_mg": 5}], **more,
    }  # fmt: skip


def visit(patient_id: str, day: str, **more: Any) -> dict[str, Any]:
    return {
        "patient_id": patient_id, "visited_on": day, "form": "home", "seen": True, "risk_level": 0,
        "stability": "stable", "findings": "情况平稳(示范)", "sleep": "good",
        "team": [{"role": "grid_worker", "name": "示范周"}, {"role": "police", "name": "示范吴", "unit": "派出所(示范)"}],
        **more,
    }  # fmt: skip


def dispute(number: int, day: str, **more: Any) -> dict[str, Any]:
    return {
        "division": MAIGANG, "title": f"第{number}宗林地纠纷(示范)", "kind": "forest", "category": "0903",
        "cause": "boundary_unclear", "scale": "individual", "people_involved": 2 + number, "discovered_on": day,
        "found_by": "screening", "place_name": "示范坡", "area_mu": "12.50", "since_year": 2010 + number,
        "summary": "两户相争(示范)",
        "parties": [
            {"kind": "person", "person": {"name": person(number + 70), "phone": phone(number + 70),
                                          "id_number": id_number("1960-05-05", 100 + number)}},
            {"kind": "village", "name": "迈港村", "division": MAIGANG, "claim": "归本村所有(示范)"},
        ], **more,
    }  # fmt: skip


def session(dispute_id: str, day: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "held_on": day, "place": "镇政府(示范)", "result": "adjourned",
        "mediators": [{"unit": "综治办", "name": "示范王"}], "attended": [{"party": "甲方", "name": "示范郑"}],
        "statements": [{"party": "甲方", "asked": "按原界(示范)"}], **more,
    }  # fmt: skip


def agreement(dispute_id: str, day: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "kind": "people_mediation", "title": "人民调解协议书", "subject": "boundary_upkeep",
        "signed_on": day, "mediator_signed": True, "sealed_by": "调解委员会(示范)",
        "signatories": [{"party": "甲方", "name": "示范郑"}, {"party": "乙方", "name": "示范冯"}],
        "terms": [{"text": "埋设界桩(示范)", "due_on": "2026-10-20"}], **more,
    }  # fmt: skip


def proceeding(dispute_id: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "track": "reconsideration", "body": "示范机关", "outcome": "upheld",
        "decided_on": "2015-05-01", "document_number": "示范〔2015〕1号", "note": "经过(示范)", **more,
    }  # fmt: skip


def return_visit(dispute_id: str, day: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "visited_on": day, "performance": "performed", "satisfied": True,
        "visitors": [{"unit": "综治办", "name": "示范陈"}], "findings": "双方相安(示范)", **more,
    }  # fmt: skip


def staff(number: int, **more: Any) -> dict[str, Any]:
    return {
        "division": MAIGANG, "name": person(number + 10), "duty": "grid_worker", "tier": "village",
        "phone": phone(number + 200), "since": "2026-01-01", "households": 10 + number, **more,
    }  # fmt: skip


def begin(world: World) -> None:
    """3 August: the tables, the first key, the divisions, the other keys."""
    home, now = world.home, beijing(FIRST)
    home.command(now, "migrate")
    home.keys["administrator"] = home.command(now, "keys", "create", "管理员(示范)", "--role", "administrator").strip()
    with home.served(now) as office:
        for code, name, level, parent in PLACES:
            body = {"name": name, "level": level, "valid_from": "1994-01-01", "code": code, "parent": parent}
            made = office.post("/v1/divisions", body, "administrator")
            world.ids[code] = made["id"]
        for name, (role, code) in CALLERS.items():
            body = {"name": f"{name}(示范)", "role": role, "divisions": [code]}
            if name == "expired":
                body["expires_at"] = "2026-09-01T00:00:00+08:00"
            made = office.post("/v1/keys", body, "administrator")
            home.keys[name], world.ids[f"key {name}"] = made["key"], made["id"]


def first_entries(world: World, office: Office) -> None:
    """4 August: every register but those of a case is begun."""
    made, day = world.ids, "2026-08-04"
    for number in range(6):
        made[f"gathering {number}"] = office.post("/v1/gatherings", gathering(number, day))["id"]
    theirs = gathering(6, day, division=BAISHA_VILLAGE, notice=NOTICE)
    made["gathering 6"] = office.post("/v1/gatherings", theirs, "neighbour")["id"]
    for number in range(4):
        made[f"shed {number}"] = office.post("/v1/sheds", shed(number, day))["id"]
    notice = {"served_on": day, "number": "示范〔2026〕3号", "period_days": 15}
    standing = shed(4, day, demolished_on=None, method=None, notice=notice)
    made["shed 4"] = office.post("/v1/sheds", standing)["id"]
    for number in range(4):
        made[f"staff {number}"] = office.post("/v1/grid-staff", staff(number))["id"]
    made["staff 4"] = office.post("/v1/grid-staff", staff(4, division=BAISHA_VILLAGE), "neighbour")["id"]
    for number in range(14):
        made[f"patient {number}"] = office.post("/v1/patients", patient(number))["id"]
    for number in range(14, 20):
        theirs = patient(number, division=BAISHA_VILLAGE, consent=number != 15)
        made[f"patient {number}"] = office.post("/v1/patients", theirs, "neighbour")["id"]


NOTICE = {"issuer": "示范机关", "title": "通告(示范)", "dated": "2026-08-01", "number": "示范〔2026〕1号"}


def disputes_begin(world: World, office: Office) -> None:
    """5 August: six disputes, one of them between two towns; a form sends twice; a key is misused."""
    made, day = world.ids, "2026-08-05"
    for number in range(5):
        made[f"dispute {number}"] = office.post("/v1/disputes", dispute(number, day))["id"]
    both = dispute(5, day, kind="ownership", category="0999", scale="mass_general", risk="major")
    both |= LARGE
    both["parties"].append({"kind": "village", "name": "白沙村", "division": BAISHA_VILLAGE, "claim": "归白沙村(示范)"})
    made["dispute 5"] = office.post("/v1/disputes", both)["id"]
    once = gathering(7, day)
    for _ in range(2):
        made["gathering 7"] = office.post("/v1/gatherings", once, Idempotency_Key="form-2026-0001")["id"]
    made["put"] = "019ffffe-0000-7000-8000-00000000f001"
    office.ask("clerk", "PUT", f"/v1/gatherings/{made['put']}", gathering(8, day)).raise_for_status()
    assert office.ask("bot", "GET", "/v1/keys").status_code == 403
    drive = {"name": "排查走访专项行动(示范)", "starts_on": day, "ends_on": "2026-09-30", "divisions": [KELU, BAISHA]}
    made["campaign 0"] = office.post("/v1/campaigns", drive, "supervisor")["id"]
    made["calendar"] = office.post("/v1/due/links", {"days": 1})["url"]


LARGE = {
    "geometry": {"type": "Polygon", "coordinates": [[[110.1, 20.9], [110.15, 20.9], [110.15, 20.95], [110.1, 20.9]]]},
    "responsible": {"name": "示范责任人", "phone": phone(150), "position": "镇长"},
    "response": {"arrived_on": "2026-08-05", "units": ["派出所(示范)", "客路镇干部"], "result": "平息事态(示范)"},
    "task_force": {
        "lead_unit": "政法委(示范)", "leader": "副书记", "stationed_at": "客路镇", "stationed_from": "2026-08-05",
        "members": ["综治办(示范)"],
    },
    "resolve_by": "2026-11-20", "status_quo_order": True,
}  # fmt: skip


def august(world: World, office: Office) -> None:
    """20 August: visits, corrections, the disputes move; webhooks, one of whose receivers fails."""
    made, day = world.ids, "2026-08-20"
    for number in range(8):
        body = visit(made[f"patient {number}"], day, campaign_id=made["campaign 0"])
        made[f"visit {number}"] = office.post("/v1/visits", body)["id"]
    missed = {"seen": False, "not_seen_reason": "not_home", "risk_level": None, "stability": None, "sleep": None}
    made["visit 8"] = office.post("/v1/visits", visit(made["patient 8"], day, **missed))["id"]
    made["visit 9"] = office.post("/v1/visits", visit(made["patient 14"], day), "neighbour")["id"]
    cared = {
        "on_dibao": True, "treatment": "medicated_at_home", "first_onset": "2010-05",
        "care_team": [{"role": "police", "name": "示范吴", "phone": phone(160), "cycle_days": 30}],
        "awards": [{"year": 2025, "amount": "2400.00", "result": "passed", "paid_on": "2026-01-20"}],
    }  # fmt: skip
    office.patch(f"/v1/patients/{made['patient 0']}", cared)
    office.act(f"/v1/patients/{made['patient 0']}/correct", {"reason": reason(), "changes": {"phone": phone(99)}})
    office.patch(f"/v1/gatherings/{made['gathering 0']}", {"sessions": 5})
    office.act(f"/v1/gatherings/{made['gathering 0']}/correct", {"reason": reason(), "changes": {"sessions": 6}})
    office.patch(f"/v1/grid-staff/{made['staff 0']}", {"households": 44})
    office.act(f"/v1/sheds/{made['shed 0']}/correct", {"reason": reason(), "changes": {"count": 3}})
    office.patch(f"/v1/visits/{made['visit 0']}", {"diet": "fair"})
    office.act(f"/v1/visits/{made['visit 0']}/correct", {"reason": reason(), "changes": {"findings": "更正(示范)"}})
    for number in (0, 1, 2, 5):
        for stage in ("accepted", "mediating"):
            office.act(f"/v1/disputes/{made[f'dispute {number}']}/move", {"to": stage, "on": day})
        made[f"session {number}"] = office.post("/v1/mediation-sessions", session(made[f"dispute {number}"], day))["id"]
        made[f"proceeding {number}"] = office.post("/v1/proceedings", proceeding(made[f"dispute {number}"]))["id"]
    _webhooks(world, office)


def _webhooks(world: World, office: Office) -> None:
    wanted = {
        "good": {"url": f"{RECEIVER}/good", "principal": world.ids["key clerk"], "events": ["gatherings.*", "sheds.*"]},
        "bad": {"url": f"{RECEIVER}/bad", "principal": world.ids["key bot"], "events": ["*"], "after": "wm_440882_0"},
        "stopped": {"url": f"{RECEIVER}/good", "principal": world.ids["key auditor"], "events": ["disputes.*"]},
    }
    for name, body in wanted.items():
        world.ids[f"webhook {name}"] = office.post("/v1/webhooks", body, "administrator")["id"]
    time.sleep(4)
    for name, verb in (("bad", "pause"), ("stopped", "stop"), ("good", "rotate")):
        office.post(f"/v1/webhooks/{world.ids[f'webhook {name}']}/{verb}", None, "administrator")


def september(world: World, office: Office) -> None:
    """3 September: after a month's end. A settlement, a failure, a transfer, a receipt and a checkpoint to keep."""
    made, day = world.ids, "2026-09-03"
    at = f"/v1/disputes/{made['dispute 0']}"
    office.act(
        f"/v1/mediation-sessions/{made['session 0']}/correct", {"reason": reason(), "changes": {"place": "村委(示范)"}}
    )
    made["session 3"] = office.post("/v1/mediation-sessions", session(made["dispute 0"], day, result="agreed"))["id"]
    made["agreement 0"] = office.post("/v1/agreements", agreement(made["dispute 0"], day))["id"]
    office.act(f"{at}/move", {"to": "agreed", "on": day})
    office.patch(at, {"people_involved": 9})
    office.act(f"{at}/correct", {"reason": reason(), "changes": {"area_mu": "13.00"}})
    office.act(f"/v1/disputes/{made['dispute 1']}/move", {"to": "failed", "on": day, "reason": "各执一词(示范)"})
    sent = {"to": "referred", "on": day, "referred_to": "示范法院"}
    office.act(f"/v1/disputes/{made['dispute 1']}/move", sent)
    office.act(f"/v1/disputes/{made['dispute 3']}/move", {"to": "withdrawn", "on": day})
    moved = {"to_division": BAISHA_VILLAGE, "on": day, "reason": "随家人迁居"}
    office.act(f"/v1/patients/{made['patient 1']}/transfer", moved, "supervisor")
    made["visit 10"] = office.post("/v1/visits", visit(made["patient 1"], day), "neighbour")["id"]
    for name in ("gathering 0", "patient 0", "dispute 0"):
        _keep(world, office, f"september-{name.replace(' ', '-')}", name)
    world.kept["september-checkpoint.txt"] = office.get("/v1/log/checkpoint")
    made["gathering 9"] = office.post("/v1/gatherings", gathering(9, day, kind="opera"))["id"]


REGISTERS = {
    "division": "divisions", "staff": "grid-staff", "dispute": "disputes", "proceeding": "proceedings",
    "session": "mediation-sessions", "agreement": "agreements", "return": "return-visits", "patient": "patients",
    "visit": "visits", "campaign": "campaigns", "gathering": "gatherings", "shed": "sheds",
}  # fmt: skip


def _keep(world: World, office: Office, to: str, name: str) -> None:
    """Save the receipt of the version that stands, and the document as an office and as an auditor read it."""
    at = f"/v1/{REGISTERS[name.partition(' ')[0]]}/{world.ids[name]}"
    number = office.get(at)["meta"]["version"]
    world.kept[f"{to}.receipt.txt"] = office.get(f"{at}/versions/{number}/receipt")
    for kind, who in (("plain", "supervisor"), ("masked", "auditor")):
        world.kept[f"{to}.{kind}.json"] = office.ask(who, "GET", f"{at}/versions/{number}").text


def october(world: World, office: Office) -> None:
    """12 October: places are renamed and merged, a person's data is erased, an auditor looks, a key is narrowed."""
    made, day = world.ids, "2026-10-12"
    office.post("/v1/divisions", {
        "name": "新村委会(示范)", "level": "village", "code": NEW, "parent": KELU, "valid_from": "2026-10-01",
    }, "administrator")  # fmt: skip
    renamed = {"name": "客路新村委会(示范)", "on": "2026-10-01"}
    office.act(f"/v1/divisions/{made[KELU_VILLAGE]}/rename", renamed, "administrator")
    merged = {"on": "2026-10-10", "merged_into": MAIGANG}
    office.act(f"/v1/divisions/{made[SMALL]}/close", merged, "administrator")
    hamlet = {"name": "示范自然村", "level": "hamlet", "parent": MAIGANG, "valid_from": "2000-01-01"}
    made["hamlet"] = office.post("/v1/divisions", hamlet, "administrator")["id"]
    office.patch(f"/v1/divisions/{made[MAIGANG]}", {"hamlets": 7}, "administrator")
    wrong = {"reason": reason(), "changes": {"hamlets": 8}}
    office.act(f"/v1/divisions/{made[MAIGANG]}/correct", wrong, "administrator")
    order = {"patient_id": made["patient 2"], "basis": "consent_withdrawn", "note": "示范〔2026〕2号"}
    made["erasure"] = office.post("/v1/erasures", order, "administrator")["id"]
    office.post(f"/v1/erasures/{made['erasure']}/confirm", None, "supervisor")
    waits = {"patient_id": made["patient 3"], "basis": "other_law", "note": "示范〔2026〕4号"}
    office.post("/v1/erasures", waits, "administrator")
    glass = {"register": "patients", "entry_id": made["patient 0"], "reason": "核查投诉(示范)", "minutes": 15}
    office.post("/v1/break-glass", glass, "auditor")
    office.get(f"/v1/patients/{made['patient 0']}", Purpose_Of_Use="audit")
    office.post(f"/v1/keys/{made['key revoked']}/revoke", None, "administrator")
    narrowed = {"divisions": [MAIGANG, KELU_VILLAGE]}
    office.patch(f"/v1/keys/{made['key town_dashboard']}", narrowed, "administrator", If_Match=None)
    assert office.ask("expired", "GET", "/v1/gatherings").status_code == 401
    for number in range(3, 8):
        visited = office.post("/v1/visits", visit(made[f"patient {number}"], day, stability="basically_stable"))
        made[f"visit {number + 8}"] = visited["id"]
    office.act(f"/v1/visits/{made['visit 15']}/void", {"reason": reason("误录(示范)")}, "supervisor")


def november(world: World, office: Office) -> None:
    """5 November: what was agreed is performed and closed, two towns agree, entries are voided."""
    made, day = world.ids, "2026-11-05"
    terms = [{"text": "埋设界桩(示范)", "due_on": "2026-10-20", "performed_on": "2026-10-18"}]
    office.patch(f"/v1/agreements/{made['agreement 0']}", {"terms": terms})
    office.act(f"/v1/agreements/{made['agreement 0']}/correct", {"reason": reason(), "changes": {"copies": 4}})
    for stage in ("performed", "closed"):
        office.act(f"/v1/disputes/{made['dispute 0']}/move", {"to": stage, "on": day})
    made["return 0"] = office.post("/v1/return-visits", return_visit(made["dispute 0"], day))["id"]
    office.patch(f"/v1/return-visits/{made['return 0']}", {"lawsuit": False, "escalation_signs": True})
    wrong = {"reason": reason(), "changes": {"escalation_signs": False}}
    office.act(f"/v1/return-visits/{made['return 0']}/correct", wrong)
    meeting = {"held_on": "2026-11-01", "eligible": 300, "attended": 240, "in_favour": 220}
    both = agreement(made["dispute 5"], day, kind="land_mediation", subject="land_ownership", title="土地调解协议",
                     terms=[], authorised_by=meeting)  # fmt: skip
    made["agreement 1"] = office.post("/v1/agreements", both)["id"]
    office.act(f"/v1/disputes/{made['dispute 5']}/move", {"to": "agreed", "on": day})
    confirmed = {
        "applied_on": day, "court": "示范法院", "number": "(2026)示范1号", "decided_on": day, "result": "confirmed",
    }  # fmt: skip
    made["agreement 2"] = office.post(
        "/v1/agreements", agreement(made["dispute 2"], "2026-10-30", terms=[], confirmation=confirmed)
    )["id"]
    office.act(f"/v1/disputes/{made['dispute 2']}/move", {"to": "agreed", "on": day})
    again = {"to": "mediating", "on": day, "reason": "双方愿再调解(示范)"}
    office.act(f"/v1/disputes/{made['dispute 1']}/move", again)
    changes = {"reason": reason(), "changes": {"outcome": "revoked"}}
    office.act(f"/v1/proceedings/{made['proceeding 5']}/correct", changes)
    office.patch(f"/v1/proceedings/{made['proceeding 5']}", {"note": "另见卷宗(示范)"})
    office.patch(f"/v1/campaigns/{made['campaign 0']}", {"purpose": "逐户走访(示范)"}, "supervisor")
    office.act(
        f"/v1/campaigns/{made['campaign 0']}/correct",
        {"reason": reason(), "changes": {"ends_on": "2026-10-31"}}, "supervisor",
    )  # fmt: skip
    for name, register in (("gathering 1", "gatherings"), ("shed 1", "sheds"), ("staff 1", "grid-staff")):
        office.act(f"/v1/{register}/{made[name]}/void", {"reason": reason("不应录入(示范)")}, "supervisor")
    gone = {"status": "moved", "left_care_on": day}
    office.patch(f"/v1/patients/{made['patient 9']}", gone)


def last_day(world: World, office: Office) -> None:
    """24 November: whom a plain read names, and a case whose entries nothing hangs on, to be changed by whoever opens the home."""
    made, day = world.ids, LAST
    made["spare dispute"] = office.post("/v1/disputes", dispute(8, day, division=KELU_VILLAGE))["id"]
    made["spare proceeding"] = office.post("/v1/proceedings", proceeding(made["spare dispute"]))["id"]
    made["spare session"] = office.post("/v1/mediation-sessions", session(made["spare dispute"], day))["id"]
    signed = agreement(made["spare dispute"], day, terms=[{"text": "界桩(示范)"}])
    made["spare agreement"] = office.post("/v1/agreements", signed)["id"]
    made["spare return"] = office.post("/v1/return-visits", return_visit(made["spare dispute"], day))["id"]
    made["spare patient"] = office.post("/v1/patients", patient(20, division=KELU_VILLAGE))["id"]
    made["spare visit"] = office.post("/v1/visits", visit(made["spare patient"], day))["id"]
    drive = {"name": "冬季走访(示范)", "starts_on": day, "divisions": [KELU]}
    made["spare campaign"] = office.post("/v1/campaigns", drive, "supervisor")["id"]
    made["spare division"] = office.post("/v1/divisions", {
        "name": "末村委会(示范)", "level": "village", "code": "440882102298", "parent": KELU, "valid_from": "2026-11-01",
    }, "administrator")["id"]  # fmt: skip
    made["spare staff"], made["spare gathering"], made["spare shed"] = (
        made["staff 2"], made["gathering 2"], made["shed 2"],
    )  # fmt: skip
    for name in ("patient 0", "patient 2", "dispute 0", "dispute 5"):
        office.get(f"/v1/{REGISTERS[name.partition(' ')[0]]}/{made[name]}", "supervisor")
    office.get("/v1/patients?limit=5", "clerk")


def keep_receipts(world: World, office: Office) -> None:
    """25 November: what offices keep outside, of a version of every register."""
    every = {kind: f"{kind} 0" for kind in REGISTERS} | {"division": MAIGANG, "erased": "patient 2"}
    world.ids |= {f"{kind} now": world.ids[name] for kind, name in every.items()}
    for kind in every:
        register = kind if kind != "erased" else "patient"
        world.ids[f"{register} {kind}"] = world.ids[f"{kind} now"]
        _keep(world, office, f"november-{kind}", f"{register} {kind}")
    world.kept["november-checkpoint.txt"] = office.get("/v1/log/checkpoint")


def rotate(world: World, day: str) -> None:
    """The master key and the log's key are made anew; a neighbour's log is cosigned from now on."""
    now, other = beijing(day, 18), Home(world.home.folder.with_name("other"), "", origin="other.example")
    other.folder.mkdir(exist_ok=True)
    other.database = f"sqlite:///{other.folder / 'registry.db'}"
    other.command(now, "migrate")
    vkey = other.command(now, "log", "keys").strip()
    world.home.command(now, "keys", "rotate-master")
    world.home.command(now, "log", "rotate-key")
    world.home.command(now, "witness", "neighbour", "add", "other.example/440882", vkey)


DAYS: list[tuple[str, Callable[[World, Office], None]]] = [
    ("2026-08-04", first_entries),
    ("2026-08-05", disputes_begin),
    ("2026-08-20", august),
    ("2026-09-03", september),
    ("2026-10-12", october),
    ("2026-11-05", november),
    (LAST, last_day),
]


def tell(world: World) -> None:
    """All of it. After each day the server runs on until it has sent its reminders and webhooks."""
    begin(world)
    for day, work in DAYS:
        with world.home.served(beijing(day)) as office:
            work(world, office)
            _settle(office)
        if day == "2026-09-03":
            rotate(world, day)
    with world.home.served(beijing("2026-11-25")) as office:
        _settle(office)
        keep_receipts(world, office)


def _settle(office: Office) -> None:
    """Until nothing was added to the log for three seconds: reminders are looked for a second after the start."""
    seen, since = "", time.monotonic()
    while time.monotonic() - since < 3:
        now = office.get("/v1/gatherings?limit=1")["watermark"]
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)
