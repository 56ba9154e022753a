"""Texts: which characters any field or parameter takes, by Unicode's general categories, and that every validator can tell."""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from msgspec.inspect import ListType, Metadata, StrType, StructType, Type, UnionType, type_info
from sqlalchemy import Connection, select

from registry.app import create_app, document
from registry.core.fields import BARE, CONTROLS, DIRECTIONS, INVISIBLE, LONG, SHORT, UNMASKED
from registry.core.validation import convert
from registry.disputes.models import DISPUTES
from registry.disputes.rules import stored_moves
from registry.errors import Malformed
from registry.gatherings.schemas import GatheringIn
from registry.settings import read_settings
from tests import factories
from tests.api import Api, codes, pointers
from tests.core.test_validation import BODIES

FILLERS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f"
TURNED = ["示\u202e范", "\u2067示范", "示范\u200f", "\u061c示"]
IN_NO_LINE = [
    "示\u2028范",
    "示\u2029范",
    "示\n范",
    "示范\n",
    "示\t范",
    "\x00示",
    "示\x85范",
    "示\u200b范",
    "\ufeff示范",
    "示\u3164范",
]
NOTHING = [
    "\u200b",
    "\u3164",
    "\u2800",
    "\u00ad",
    "\u2060\ufeff",
    "\u3000\u200b\u3000",
    "\u1680\u2003",
    "\ufe0f",
    "\U000e0100",
    "\u0301",
]
FINE = [
    "示范·甲",
    "示•范",
    "𠮷示",
    "辻\U000e0100示",
    "示\ufe00范",
    "\ue000示",
    "\U000f0000示",
    "示范 甲",
    "示\u3000范",
    "O'示—范（一）",
    "\U00030000",
]
PARSED = re.compile(r"\.(url|measures|group_by|registers|first_onset)$")
"""Texts that a rule takes apart: an address, lists of names, a date that may be no more than a year."""


def shapes() -> list[type[msgspec.Struct]]:
    """Whatever is taken: the bodies and parameters of every endpoint."""
    contracts = [
        handler.opt["contract"]
        for route in create_app(read_settings({})).routes
        for handler in getattr(route, "route_handlers", ())
        if "contract" in handler.opt
    ]
    found = {shape for each in contracts for shape in (each.body, each.corrects, each.query) if shape is not None}
    return sorted(found, key=lambda shape: shape.__name__)


def texts(
    node: Type, at: str = "", extra: dict[str, Any] | None = None
) -> Iterator[tuple[str, StrType, dict[str, Any]]]:
    """The texts in a shape: where, what msgspec enforces, what is published."""
    match node:
        case Metadata(type=inner, extra_json_schema=more):
            yield from texts(inner, at, {**(extra or {}), **(more or {})})
        case UnionType(types=types):
            for each in types:
                yield from texts(each, at, extra)
        case ListType(item_type=item):
            yield from texts(item, at)
        case StructType(cls=cls, fields=fields):
            for field in fields:
                yield from texts(field.type, f"{cls.__name__}.{field.encode_name}")
        case StrType(pattern=pattern):
            yield at, pattern


TEXTS = {at: pattern for shape in shapes() for at, pattern in texts(type_info(shape)) if pattern}
WITHOUT = {at for shape in shapes() for at, pattern in texts(type_info(shape)) if not pattern}
LINES = {SHORT, UNMASKED, LONG}


def test_the_ranges_are_those_of_unicodes_categories() -> None:
    """Of the characters that this Python knows; what Unicode adds later is fine until it is looked at."""
    bare, unseen = re.compile(f"[{BARE}]"), re.compile(f"[{CONTROLS}{DIRECTIONS}{INVISIBLE}]")
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        category = unicodedata.category(character)
        if category in {"Cc", "Cf", "Zl", "Zp"} or (character in FILLERS and category != "Mn"):
            assert unseen.match(character), hex(code)
        elif category == "Zs":
            assert bare.match(character), hex(code)
        elif category[0] in "LNPS" or category == "Co":
            assert not bare.match(character), hex(code)
            assert not unseen.match(character), hex(code)


def test_every_text_has_a_pattern_or_is_parsed_where_it_is_used() -> None:
    assert {at for at in WITHOUT if not PARSED.search(at)} == set()


@pytest.mark.parametrize("at", TEXTS)
def test_what_cannot_be_seen_is_refused_in_every_text(at: str) -> None:
    pattern, validator = re.compile(TEXTS[at]), _validator(TEXTS[at])
    taken = [] if TEXTS[at] == LONG else IN_NO_LINE
    for text in [*TURNED, *taken, *NOTHING, "", " "]:
        assert not validator.is_valid(text), (at, text.encode("unicode_escape"))
        assert text[-1:] == "\n" or not pattern.search(text), (at, text.encode("unicode_escape"))


@pytest.mark.parametrize("at", [at for at, pattern in TEXTS.items() if pattern in LINES])
def test_names_are_taken_as_they_are_written(at: str) -> None:
    for text in FINE:
        assert re.search(TEXTS[at], text), (at, text)
        assert _validator(TEXTS[at]).is_valid(text), (at, text)


def test_a_note_has_lines_and_joiners() -> None:
    for text in ["一\n二", "\t一\n", "\ufeff一\u200b二", "👩\u200d⚕\ufe0f"]:
        assert re.search(LONG, text), text.encode("unicode_escape")


def test_every_published_pattern_can_be_enforced_without_looking_ahead() -> None:
    """By an engine of Rust's kind (Go's is another), as by Python's."""
    found = set(re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', document().decode()))
    assert len(found) > 10
    for text in found:
        _validator(msgspec.json.decode(f'"{text}"'))
        assert "(?" not in text


def _validator(pattern: str) -> jsonschema_rs.Validator:
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.validator_for({"type": "string", "pattern": pattern}, pattern_options=options)


@pytest.mark.parametrize(
    ("text", "character"), [("示\u202e范", "U+202E"), ("示\u200b范", "U+200B"), ("示\u3164", "U+3164")]
)
def test_the_character_is_named(text: str, character: str) -> None:
    with pytest.raises(Malformed) as malformed:
        convert({**BODIES[GatheringIn], "title": text}, GatheringIn)
    (fault,) = malformed.value.faults
    assert (fault.pointer, fault.code) == ("/title", "invisible")
    assert character in fault.zh
    assert character in fault.en


OLD = "示\u202e范\u3164"
"""A text that 0.3.0 took."""


def test_an_old_text_is_no_hindrance_to_change_and_none_to_read() -> None:
    stood = {**BODIES[GatheringIn], "title": OLD, "handled_by": ["\u200b", "示范派出所"], "organiser": {"name": OLD}}
    kept = convert({**stood, "sessions": 4}, GatheringIn, stood)
    assert (kept.title, kept.handled_by, kept.sessions) == (OLD, ["\u200b", "示范派出所"], 4)
    assert kept.organiser is not None
    assert kept.organiser.name == OLD
    assert msgspec.to_builtins(kept)["title"] == OLD


@pytest.mark.parametrize("patch", [{"title": OLD + "二"}, {"venue": OLD}, {"handled_by": ["示范派出所", "\u200b"]}])
def test_what_a_change_brings_is_held_to_todays_rules(patch: dict[str, Any]) -> None:
    stood = {**BODIES[GatheringIn], "title": OLD, "handled_by": ["\u200b", "示范派出所"]}
    with pytest.raises(Malformed):
        convert({**stood, **patch}, GatheringIn, stood)


def test_old_moves_are_read() -> None:
    moves = [{"number": 1, "to": "accepted", "on": "2020-03-01", "reason": OLD, "referred_to": None}]
    assert stored_moves(moves)[0].reason == OLD


def test_an_entry_with_an_old_text_goes_on_living(api: Api, run: Callable[[Callable[[Connection], Any]], Any]) -> None:
    """It is read, moved, changed elsewhere; only where that text is sent again is it held to today's rules."""
    made = api.made("/v1/disputes", factories.dispute(title="旧名"))
    at = f"/v1/disputes/{made['id']}"

    def age(connection: Connection) -> None:
        (stored,) = connection.scalars(select(DISPUTES.c.document).where(DISPUTES.c.entry_id == made["id"])).all()
        connection.execute(
            DISPUTES.update()
            .where(DISPUTES.c.entry_id == made["id"])
            .values(document=stored.replace("旧名".encode(), OLD.encode()))
        )

    run(age)
    assert api.get(at).json()["title"] == OLD
    assert api.act(f"{at}/move", {"to": "accepted", "on": "2020-02-02"}).status_code == 200
    changed = api.patch(at, {"people_involved": 7})
    assert (changed.status_code, changed.json()["title"]) == (200, OLD)
    refused = api.patch(at, {"title": OLD})
    assert (refused.status_code, pointers(refused), codes(refused)) == (400, {"/title"}, {"invisible"})
    assert api.patch(at, {"title": "林地纠纷(示范)"}).status_code == 200


def test_the_same_value_in_another_form_is_no_change(api: Api) -> None:
    made = api.made("/v1/disputes", factories.dispute(area_mu="12.50"))
    at = f"/v1/disputes/{made['id']}"
    assert made["area_mu"] == "12.5"
    person = {"name": "示范郑", "id_number": factories.ID_NUMBER.lower(), "phone": "+86 199 0000 1234"}
    parties = [{"kind": "person", "person": person}, factories.dispute()["parties"][1]]
    same = api.patch(at, {"area_mu": "12.500"[:-1], "parties": parties})
    assert (same.status_code, same.json()["meta"]["version"]) == (200, 1)
    for sought in (person["phone"], factories.PHONE):
        found = api.post("/v1/disputes/search", {"phone": sought}).json()["items"]
        assert [each["id"] for each in found] == [made["id"]]


def test_land_as_field_apps_send_it(api: Api) -> None:
    ring = [[110.0, 20.9, 3.5], [110.1, 20.9, 3.5], [110.1, 21.0, 3.5], [110.0, 20.9, 3.5]]
    two = {"type": "MultiPolygon", "coordinates": [[ring], [[[lon + 1, lat, up] for lon, lat, up in ring]]]}
    made = api.made("/v1/disputes", factories.dispute(geometry=two))
    assert made["geometry"]["coordinates"][0][0] == [position[:2] for position in ring]
    crossed = {"type": "Polygon", "coordinates": [[[110, 20], [110.1, 20.1], [110.1, 20], [110, 20.1], [110, 20]]]}
    refused = api.post("/v1/disputes", factories.dispute(geometry=crossed))
    assert (refused.status_code, codes(refused), pointers(refused)) == (
        422,
        {"crosses_itself"},
        {"/geometry/coordinates"},
    )
