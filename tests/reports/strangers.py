"""A stranger with a dashboard's or a bot's key, who asks all that the published document has and looks for people in the answers."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from tests.api import Api, published

VILLAGE_CODE = re.compile(r"\b440882[0-9]{6}\b")
ABOUT_PEOPLE = re.compile(r"/v1/(statistics/)?(patients|visits)|/v1/due\b")
"""Paths whose answers may tell no village: what others answer, such as the list of divisions, may."""
HOW_ILL = re.compile(r"不稳定|[随走]访 [0-9]级|stability\":|diagnosis\":\"")
NO_ENTRY = ("/v1/schemas", "/v1/statistics", "/v1/due/rules")
"""Paths that tell of states of health, and of nobody: forms, rules, the county's counts."""
FILTERS = ("risk_level=4", "stability=unstable", "diagnosis=bipolar", "seen=true", "joint=true", "in_time=false", "form=home",
           "division=440882102", "division=440882102204", "from=2020-02-14&to=2020-02-14", "from=2020-02-01&to=2020-02-29")  # fmt: skip
FORMATS = ("json", "text", "markdown", "html")


class Stranger:
    """Asks, and keeps what was found: the request, and the entry, village or state of health that its answer tells."""

    def __init__(self, api: Api, who: str) -> None:
        self._api = api
        self._who = who
        self._entries = dict(self._known())
        self.asked = 0
        self.found: list[tuple[str, str]] = []
        for path in self._paths():
            self._ask(path)

    def _known(self) -> Iterator[tuple[str, str]]:
        """The ids that must not be told, and their registers: as an auditor sees them."""
        for register in ("patients", "visits", "reminders"):
            for item in self._api.get(f"/v1/{register}?limit=200", "auditor").json()["items"]:
                if register != "reminders" or item["due_register"] == "patients":
                    yield item["id"], register

    def _paths(self) -> Iterator[str]:
        campaigns = [each["id"] for each in self._api.get("/v1/campaigns", "auditor").json()["items"]]
        for path, methods in published()["paths"].items():
            if "get" not in methods or path.endswith("/stream"):
                continue
            names = re.findall(r"\{(\w+)\}", path)
            if not names:
                yield from (path, f"{path}?limit=200", f"{path}?include_voided=true")
            register = (path + "//").split("/")[2]
            ids = [one for one, of in self._entries.items() if of == register] or campaigns
            for one in ids[:3] if names else []:
                yield re.sub(r"\{\w+\}", "1", path.replace("{entry_id}", one).replace("{campaign_id}", one))
        yield from self._counts()
        yield from self._feeds(campaigns)

    def _counts(self) -> Iterator[str]:
        for register in ("patients", "visits"):
            operation = published()["paths"][f"/v1/statistics/{register}"]["get"]
            names = next(each["schema"]["pattern"] for each in operation["parameters"] if each["name"] == "group_by")
            dimensions = names[2:].partition(")")[0].split("|")
            for by in [*combinations(dimensions, 1), *combinations(dimensions, 2)]:
                yield f"/v1/statistics/{register}?group_by={','.join(by)}"
                yield from (f"/v1/statistics/{register}?group_by={','.join(by)}&{each}" for each in FILTERS[::3])
            yield from (f"/v1/statistics/{register}?{each}" for each in FILTERS)
            yield from (f"/v1/statistics/{register}?patient_id={each}" for each in list(self._entries)[:2])

    def _feeds(self, campaigns: list[str]) -> Iterator[str]:
        yield from (
            f"/v1/changes?after=wm_440882_0&limit=200{more}"
            for more in ("", "&registers=patients", "&registers=reminders")
        )
        yield from (
            f"/v1/due?on=2020-12-01{more}"
            for more in ("", "&division=440882102", "&division=440882102204", "&kinds=visit")
        )
        for form in FORMATS:
            for division in ("440882", "440882102", "440882102204"):
                yield f"/v1/bulletin?to=2020-03-05&division={division}&format={form}"
        for division in ("440882", "440882102"):
            yield f"/v1/restatements?then=wm_440882_3&period_to=2020-12-31&division={division}"
        yield from (f"/v1/campaigns/{each}/coverage?on=2020-03-05" for each in campaigns)

    def _ask(self, path: str) -> None:
        answer = self._api.get(path, self._who)
        self.asked += 1
        body = answer.text if answer.status_code == 200 else self._said(answer.json())
        shown = [f"{of} {one}" for one, of in self._entries.items() if one in body and one not in path]
        if ABOUT_PEOPLE.match(path):
            shown += VILLAGE_CODE.findall(body)
        if not path.startswith(NO_ENTRY):
            shown += HOW_ILL.findall(body)
        self.found += [(path, each) for each in shown]

    @staticmethod
    def _said(problem: dict[str, Any]) -> str:
        """A refusal repeats the path that was asked; all else of it counts."""
        return str({name: value for name, value in problem.items() if name not in {"instance", "errors"}})
