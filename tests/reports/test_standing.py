"""What stands on a day, and what failed: statistics, bulletin and lists say the same, for past days too."""

from typing import Any

import pytest

from registry.core import view
from tests import factories
from tests.api import Api
from tests.conftest import KELU

AT = "/v1/disputes"


def case(api: Api, *moves: tuple[str, str], **more: Any) -> str:
    at = f"{AT}/{api.made(AT, factories.dispute())['id']}"
    for to, on in moves:
        authority = {"referred_to": "示范法院"} if to == "referred" else {}
        assert api.act(f"{at}/move", {"to": to, "on": on, **authority, **more}).status_code == 200
    return at


def statistics(api: Api, register: str, asked: str) -> dict[str, Any]:
    told: dict[str, Any] = api.get(f"/v1/statistics/{register}?division={KELU}&{asked}").json()["total"]
    return told


def bulletin(api: Api, name: str, asked: str) -> int:
    figures = api.get(f"/v1/bulletin?division={KELU}&{asked}").json()["figures"]
    return next(int(each["value"]) for each in figures if each["name"] == name)


def test_overdue_on_a_past_day_counts_what_was_settled_since(api: Api) -> None:
    """Accepted on 3 February, so due on 3 March (人民调解工作若干规定 §33), withdrawn on 20 March."""
    accepted = ("accepted", "2020-02-03")
    case(api, accepted, ("withdrawn", "2020-03-20"))
    case(api, accepted, ("mediating", "2020-02-04"), ("failed", "2020-02-10"))
    case(api, accepted)
    for day, overdue in (("2020-03-03", 0), ("2020-03-10", 2), ("2020-03-20", 1), ("2020-04-01", 1)):
        told = statistics(api, "disputes", f"measures=disputes_overdue&to={day}")
        assert told["measures"]["disputes_overdue"] == overdue, day
        assert bulletin(api, "disputes_overdue", f"to={day}") == overdue
        assert len(api.get(f"{AT}?overdue_on={day}").json()["items"]) == overdue
        assert len(api.get(told["measure_rows"]["disputes_overdue"]).json()["items"]) == overdue
        asked = statistics(api, "disputes", f"measures=disputes_overdue&on={day}")
        assert asked["measures"]["disputes_overdue"] == overdue


def test_failed_and_referred_are_counted_by_the_day_they_ended(api: Api) -> None:
    failed = (("accepted", "2020-02-03"), ("mediating", "2020-02-04"), ("failed", "2020-02-10"))
    case(api, *failed, ("referred", "2020-02-12"))
    case(api, *failed, ("referred", "2020-02-12"), ("closed", "2020-03-05"))
    case(api, *failed)
    case(api, ("referred", "2020-02-13"))
    for period, ended, handed_on in (
        ("from=2020-02-01&to=2020-02-29", 2, 3),
        ("from=2020-03-01&to=2020-03-31", 0, 0),
        ("to=2020-03-31", 2, 3),
        ("to=2020-02-12", 2, 2),
    ):
        told = statistics(api, "disputes", f"measures=disputes_failed,disputes_referred&{period}")
        assert told["measures"] == {"disputes_failed": ended, "disputes_referred": handed_on}, period
        assert bulletin(api, "disputes_failed", period) == ended
        for name, link in told["measure_rows"].items():
            assert len(api.get(link).json()["items"]) == told["measures"][name]


def test_sheds_that_stood_on_a_day(api: Api) -> None:
    for found, down in (("2020-01-20", "2020-02-10"), ("2020-02-05", None), (None, "2020-02-20"), ("2020-03-01", None)):
        method = "assisted" if down else None
        api.made("/v1/sheds", factories.shed(found_on=found, demolished_on=down, method=method))
    for day, standing in (("2020-01-19", 2), ("2020-02-09", 6), ("2020-02-10", 4), ("2020-03-01", 4)):
        told = statistics(api, "sheds", f"measures=sheds_standing&to={day}")
        assert told["measures"]["sheds_standing"] == standing, day
        rows = api.get(told["measure_rows"]["sheds_standing"]).json()["items"]
        assert sum(row["count"] for row in rows) == standing


def test_reads_of_a_day_look_at_many_cases_a_few_at_a_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL takes 32,767 values in a statement."""
    monkeypatch.setattr(view, "AT_A_TIME", 2)
    for _ in range(5):
        patient = api.made("/v1/patients", factories.patient(id_number=None))["id"]
        api.made("/v1/visits", factories.visit(patient))
    assert statistics(api, "patients", "measures=patients_on_roster&on=2020-02-20")["measures"] == {
        "patients_on_roster": 5
    }
    items = api.get("/v1/patients?on=2020-02-20").json()["items"]
    assert {item["last_visited_on"] for item in items} == {"2020-02-14"}


@pytest.mark.parametrize("title", ["关于\u3000禁止聚集的通告(示范)", "关于\u00a0禁止(示范)", "a&b=c #1 %41+(示范)"])
def test_the_link_of_a_text_with_wide_blanks_opens_its_rows(api: Api, title: str) -> None:
    notice = {"issuer": "示范市", "title": title, "dated": "2020-01-01"}
    api.made("/v1/gatherings", factories.gathering(notice=notice))
    (cell,) = api.get("/v1/statistics/gatherings?group_by=notice").json()["cells"]
    assert len(api.get(cell["rows"]).json()["items"]) == 1
