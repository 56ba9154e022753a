"""Entry ids: UUIDv7, which a server or an offline form may choose."""

import re
import secrets
import time

from registry.errors import Fault, Refused

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(milliseconds: int | None = None, noise: int | None = None) -> str:
    """A UUIDv7 (RFC 9562 5.7) of now, or of the given time and 74 given bits (for data that must come out alike)."""
    at = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    noise = secrets.randbits(74) if noise is None else noise
    value = at << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def check_chosen_id(entry_id: str) -> str:
    """The id that a client chose, if it is a UUIDv7."""
    if not UUID7.fullmatch(entry_id):
        fault = Fault("#entry_id", "not_uuid7", "编号须为 UUIDv7。", "The id must be a UUIDv7.")
        raise Refused(faults=[fault])
    return entry_id
