"""What a row of a past day costs."""

from typing import Any, cast

import pytest

from registry.core import valid_time_reads
from registry.core.fields import class_stamp
from registry.core.valid_time import Document
from registry.core.valid_time_reads import OnDay, render_on
from registry.core.view import Seen
from registry.gatherings.register import GATHERING_REGISTER


def test_what_is_shown_as_it_is_stored_is_read_and_turned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document that filters were asked of is the one that is answered."""

    def again(_: Document) -> Document:
        raise AssertionError("turned again")

    monkeypatch.setattr(valid_time_reads, "msgspec", None)
    stamp = class_stamp(GATHERING_REGISTER.entry)
    stored = b'{"title":"stored"}'
    seen = Seen("e", 1, 1, "e", "440882102", stored, None, False, stamp, 0, 2, stored)
    nobody = cast(Any, None)
    found = OnDay(seen, {"title": "of the day"}, again)
    assert render_on(nobody, nobody, GATHERING_REGISTER, found) == b'{"title":"of the day"}'
