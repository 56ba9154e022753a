"""The bulletin as JSON."""

import msgspec

from registry.ledger.versions import encode
from registry.reports.bulletin.schemas import Bulletin


def as_json(bulletin: Bulletin) -> bytes:
    """The bulletin as it is, and the total of each figure under its name."""
    return encode({figure.name: figure.value for figure in bulletin.figures} | msgspec.to_builtins(bulletin))
