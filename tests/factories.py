"""Bodies to post, with defaults. Nobody in them is real; the two ID numbers are the standard's own examples."""

from typing import Any

VILLAGE, OTHER_VILLAGE = "440882102204", "440882100200"
ID_NUMBER = "11010519491231002X"
OTHER_ID_NUMBER = "440524188001010014"
PHONE = "19900001234"


def gathering(**more: Any) -> dict[str, Any]:
    return {
        "division": VILLAGE, "title": "年例(示范)", "kind": "nianli", "disposition": "cancelled", "sessions": 3,
        "planned_from": "2020-02-08", "decided_on": "2020-01-25",
        "organiser": {"name": "示范赵", "phone": PHONE}, **more,
    }  # fmt: skip


def shed(**more: Any) -> dict[str, Any]:
    return {
        "division": VILLAGE, "place": "村口(示范)", "use": "gambling", "count": 2,
        "owner": {"name": "示范钱", "phone": PHONE}, "demolished_on": "2020-02-10", "method": "assisted", **more,
    }  # fmt: skip


def patient(**more: Any) -> dict[str, Any]:
    return {
        "division": VILLAGE, "name": "示范孙", "sex": "female", "birth_date": "1949-12-31", "diagnosis": "bipolar",
        "risk_level": 0, "stability": "stable", "in_care_since": "2018-01-01", "consent": True, "id_number": ID_NUMBER,
        "phone": PHONE, "address": "示范路1号",
        "guardian": {"name": "示范李", "relation": "sibling", "phone": "19900005678"}, **more,
    }  # fmt: skip


def visit(patient_id: str, **more: Any) -> dict[str, Any]:
    return {
        "patient_id": patient_id, "visited_on": "2020-02-14", "form": "home", "seen": True, "risk_level": 0,
        "stability": "stable", "findings": "情况平稳(示范)",
        "team": [{"role": "grid_worker", "name": "示范周"}, {"role": "police", "name": "示范吴"}], **more,
    }  # fmt: skip


def campaign(**more: Any) -> dict[str, Any]:
    return {"name": "排查走访专项行动(示范)", "starts_on": "2020-02-12", "divisions": ["440882102"], **more}


def dispute(**more: Any) -> dict[str, Any]:
    return {
        "division": VILLAGE, "title": "林地纠纷(示范)", "kind": "forest", "category": "0903", "cause": "boundary_unclear",
        "scale": "individual", "people_involved": 2, "discovered_on": "2020-02-01", "found_by": "screening",
        "parties": [
            {"kind": "person", "person": {"name": "示范郑", "id_number": ID_NUMBER, "phone": PHONE}},
            {"kind": "village", "name": "迈港村", "division": VILLAGE, "claim": "归本村所有(示范)"},
        ], **more,
    }  # fmt: skip


def proceeding(dispute_id: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "track": "reconsideration", "body": "示范机关", "outcome": "upheld",
        "decided_on": "2015-05-01", "note": "经过(示范)", **more,
    }  # fmt: skip


def session(dispute_id: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "held_on": "2020-02-05", "place": "镇政府(示范)", "result": "adjourned",
        "mediators": [{"unit": "综治办", "name": "示范王"}], **more,
    }  # fmt: skip


def agreement(dispute_id: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "kind": "people_mediation", "title": "人民调解协议书", "subject": "boundary_upkeep",
        "signed_on": "2020-02-06", "mediator_signed": True, "sealed_by": "调解委员会(示范)",
        "signatories": [{"party": "甲方", "name": "示范郑"}, {"party": "乙方", "name": "示范冯"}], **more,
    }  # fmt: skip


def return_visit(dispute_id: str, **more: Any) -> dict[str, Any]:
    return {
        "dispute_id": dispute_id, "visited_on": "2020-02-20", "performance": "performed",
        "visitors": [{"unit": "综治办", "name": "示范陈"}], **more,
    }  # fmt: skip


def staff(**more: Any) -> dict[str, Any]:
    return {"division": VILLAGE, "name": "示范褚", "duty": "grid_worker", "tier": "village", "phone": PHONE, **more}


def division(**more: Any) -> dict[str, Any]:
    return {
        "name": "新村委会(示范)", "level": "village", "code": "440882102299", "parent": "440882102",
        "valid_from": "2020-01-01", **more,
    }  # fmt: skip
