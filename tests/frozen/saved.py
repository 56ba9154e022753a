"""What the frozen home answered, and how an answer of today differs from it."""

import base64
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

RENAMED = (
    (r"/v1/restatements\?", {"from": "then", "to": "now"}),
    (r"/v1/(history|access-log)\?", {"from": "recorded_from", "to": "recorded_to"}),
    (r"/v1/[a-z-]+\?", {"missing": "absent", "given": "present"}),
)
"""Parameters that have another name since the one break of /v1: of which paths, and old → new (CHANGELOG.md)."""
MEASURES = {
    "disputes": {
        "found": "disputes_found",
        "accepted": "disputes_accepted",
        "settled": "disputes_settled",
        "open": "disputes_open",
        "overdue": "disputes_overdue",
        "failed": "disputes_failed",
        "referred": "disputes_referred",
        "median_days": "disputes_days_median",
        "p90_days": "disputes_days_p90",
        "people": "disputes_people",
        "area": "disputes_area",
    },
    "agreements": {
        "signed": "agreements_signed",
        "performed": "agreements_performed",
        "confirmed": "agreements_confirmed",
        "overdue": "agreements_overdue",
    },
    "patients": {
        "on_roster": "patients_on_roster",
        "enrolled": "patients_enrolled",
        "left": "patients_left",
        "visits_due": "patients_due",
        "visits_overdue": "patients_overdue",
    },
    "visits": {
        "made": "visits",
        "joint": "visits_joint",
        "seen": "visits_seen",
        "not_seen": "visits_not_seen",
        "in_time": "visits_in_time",
        "late": "visits_late",
        "patients": "patients_visited",
    },
    "gatherings": {"records": "gatherings_entries", "sessions": "gatherings", "cancelled": "gatherings_cancelled"},
    "sheds": {
        "records": "sheds_entries",
        "area": "sheds_area",
        "demolished": "sheds_demolished",
        "demolished_area": "sheds_demolished_area",
        "standing": "sheds_standing",
    },
}
"""Measures that statistics call otherwise since then, by register."""
PRINTED = {"visits_made": "visits"}
"""Those that the bulletin calls otherwise."""
KEYED = {"", "measures", "measure_rows", "small", "withheld"}
"""Where in an answer measures are keys; the first is its top."""
REQUEST_ID = re.compile(rb'"request_id":"[0-9a-f-]{36}"')
"""In a problem; made anew for each request."""
NOT_THERE = "(nothing)"
SHOWN = 120


@dataclass(frozen=True)
class Difference:
    """One place where today's answer is another: a JSON Pointer into the body, `line 3` of a text, `header etag`, `status`."""

    asked: str
    pointer: str
    was: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.asked}\n    {self.pointer}: was {_short(self.was)}, is {_short(self.now)}"


@dataclass(frozen=True)
class Allowed:
    """A difference that is meant. The pattern of the request is looked for in `caller METHOD path`, that of the pointer is whole."""

    changelog: str
    """Words of the entry in CHANGELOG.md that says so."""
    asked: str
    pointer: str
    reworded: bool = False
    """Only where it says the same, but for the width of its punctuation and for terms that were replaced."""

    def covers(self, found: Difference) -> bool:
        if self.reworded and _reworded(found.was) != _reworded(found.now):
            return False
        return bool(re.search(self.asked, found.asked) and re.fullmatch(self.pointer, found.pointer))


WIDE = str.maketrans("，：；（）？！", ",:;()?!")
TERMS = {
    "疏散": "劝散", "离管": "终止管理", "结案": "终止管理", "公安移送": "公安机关移交", "随访": "走访", "走访、走访": "走访", "本次走访分类": "病情分类",
    "和睦公约": "和谐共建协议", "平安公约": "和谐共建协议", "公约约定": "和谐共建协议约定", "综治办工作惯例": "本县设定", "卫生院工作惯例": "本县设定",
}  # fmt: skip


def _reworded(value: Any) -> str:
    text = str(value).translate(WIDE)
    for old, new in TERMS.items():
        text = text.replace(old, new)
    return text


@dataclass
class Replay:
    """Asks the saved requests, in their order, and holds the answers to the saved ones."""

    client: httpx.Client
    keys: dict[str, str]
    allowed: Sequence[Allowed] = ()
    moved: dict[str, str] = field(default_factory=dict)
    """ETags and cursors that are others now because their bodies are, or what they are made of is, as is allowed."""

    def differences(self, saved: dict[str, Any]) -> list[Difference]:
        """What is not as it was, and not allowed to be otherwise."""
        answer = self._ask(saved)
        saved = renamed_answer(saved)
        found = list(compare(saved, answer))
        meant = [each for each in found if any(allowed.covers(each) for allowed in self.allowed)]
        self.moved |= {each.was: each.now for each in meant if each.pointer == "/next_cursor" and each.now}
        old = saved["answer"]["headers"].get("etag")
        if old is not None and (meant or old in self.moved):
            self.moved[old] = answer.headers.get("etag", old)
            meant += [each for each in found if each.pointer == "header etag"]
        return [each for each in found if each not in meant]

    def _ask(self, saved: dict[str, Any]) -> httpx.Response:
        headers = dict(saved["headers"])
        if "If-None-Match" in headers:
            headers["If-None-Match"] = self.moved.get(headers["If-None-Match"], headers["If-None-Match"])
        if saved["who"] is not None:
            headers["Authorization"] = f"Bearer {self.keys[saved['who']]}"
        body = {"json": saved["body"]} if "body" in saved else {}
        return self.client.request(saved["method"], self._path(renamed(saved["path"])), headers=headers, **body)

    def _path(self, path: str) -> str:
        return re.sub(r"(?<=[?&]cursor=)[\w-]+", lambda found: self.moved.get(found[0], found[0]), path)


def renamed(path: str) -> str:
    """A saved path as it is asked today."""
    for pattern, names in RENAMED:
        if re.match(pattern, path):
            path = re.sub(r"(?<=[?&])(\w+)(?==)", lambda found: names.get(found[1], found[1]), path)  # noqa: B023 - used at once
    return path


def renamed_answer(saved: dict[str, Any]) -> dict[str, Any]:
    """A saved request with its answer as measures are called today."""
    old, path = saved["answer"], saved["path"]
    counted = re.match(r"/v1/statistics/([a-z]+)", path)
    names = MEASURES.get(counted[1]) if counted else PRINTED if re.match("/v1/(bulletin|restatements)", path) else None
    if not names or old["status"] != httpx.codes.OK or "json" not in old["headers"]["content-type"]:
        return saved
    text = json.dumps(_renamed("", json.loads(old["text"]), names), ensure_ascii=False, separators=(",", ":"))
    return saved | {"answer": old | {"text": text}}


def _renamed(at: str, value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return value if at == "dimensions" else [_renamed(at, each, names) for each in value]
    if isinstance(value, dict):
        keys = names if at in KEYED else {}
        return {keys.get(name, name): _renamed(name, each, names) for name, each in value.items()}
    return names.get(value, value) if at in {"name", "measure"} else value


def read_answers(folder: Path) -> list[dict[str, Any]]:
    """The saved requests with their answers."""
    return [json.loads(line) for line in gzip.decompress((folder / "answers.ndjson.gz").read_bytes()).splitlines()]


def compare(saved: dict[str, Any], answer: httpx.Response) -> Iterator[Difference]:
    """All differences between a saved answer and today's."""
    asked, old = f"{saved['who']} {saved['method']} {saved['path']}", saved["answer"]
    if saved["headers"]:
        asked += f" {saved['headers']}"
    if answer.status_code != old["status"]:
        yield Difference(asked, "status", old["status"], f"{answer.status_code} {answer.text[:SHOWN]}")
        return
    was = old["text"].encode() if "text" in old else base64.b64decode(old["base64"])
    for pointer, before, now in _bodies(was, answer.content, old["headers"].get("content-type", "")):
        yield Difference(asked, pointer, before, now)
    for name, value in old["headers"].items():
        now = answer.headers.get(name, NOT_THERE)
        if _header(name, value) != _header(name, now):
            yield Difference(asked, f"header {name}", value, now)


def _header(name: str, value: str) -> str:
    """What of a header counts: the order of the methods in Allow does not."""
    return ", ".join(sorted(value.split(", "))) if name == "allow" else value


def _bodies(was: bytes, now: bytes, media: str) -> Iterator[tuple[str, Any, Any]]:
    if "problem+json" in media:
        was, now = (REQUEST_ID.sub(b'"request_id":""', each) for each in (was, now))
    if was == now:
        return
    if "json" in media:
        found = list(_values("", json.loads(was), json.loads(now)))
        yield from found or [("bytes", was[:SHOWN], now[:SHOWN])]
    elif media.startswith("text/"):
        yield from _lines(was.decode().split("\n"), now.decode("utf-8", "replace").split("\n"))
    else:
        yield "bytes", was[:SHOWN], now[:SHOWN]


def _values(at: str, was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ, as deep as it goes."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in was | now:
            step = name.replace("~", "~0").replace("/", "~1")
            yield from _values(f"{at}/{step}", was.get(name, NOT_THERE), now.get(name, NOT_THERE))
    elif isinstance(was, list) and isinstance(now, list):
        for index in range(max(len(was), len(now))):
            pair = [each[index] if index < len(each) else NOT_THERE for each in (was, now)]
            yield from _values(f"{at}/{index}", *pair)
    elif was != now or type(was) is not type(now):
        yield at, was, now


def _lines(was: list[str], now: list[str]) -> Iterator[tuple[str, str, str]]:
    for index in range(max(len(was), len(now))):
        pair = [each[index] if index < len(each) else NOT_THERE for each in (was, now)]
        if pair[0] != pair[1]:
            yield f"line {index + 1}", pair[0], pair[1]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
