"""Which mirror is a database's: that of the server that has it open; a command has one of its own."""

from sqlalchemy import Connection, make_url

from registry.reports.statistics.mirror import Limits, Mirror

_served: dict[str, Mirror] = {}
"""By the address of the database."""
_loose: dict[str, Mirror] = {}
"""That of the database that was asked last outside a server."""


def serve(database: str, limits: Limits) -> Mirror:
    """The mirror of a server's database, for as long as it is not closed."""
    mirror = _served[_address(database)] = Mirror(limits)
    return mirror


def mirror_of(connection: Connection) -> Mirror:
    """The mirror of a connection's database: that of the server; a command has one of its own."""
    address = _address(connection.engine.url.render_as_string(hide_password=False))
    served = _served.get(address)
    if served is not None and not served.closed:
        return served
    if address not in _loose:
        _loose.clear()
        _loose[address] = Mirror()
    return _loose[address]


def _address(url: str) -> str:
    return make_url(url).set(drivername="any").render_as_string()
