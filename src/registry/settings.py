"""Settings: one frozen Struct, read from the environment once."""

import datetime as dt
import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import msgspec
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

HOSTS = {"sqlite", "postgresql"}
LONGEST_NOTICE = 60
"""Days that a reminder may come before its day, or between two while overdue."""


class BadSetting(Exception):
    """A setting that cannot be used; its text names the setting and stops the start."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the registry keeps its state and where it listens."""

    home: Path
    database: str
    """`sqlite:///…` or `postgresql://…`."""
    host: str
    port: int
    key_file: Path
    """The master keys (0600), made at the first start."""
    key_store: str
    """The database of data keys, apart from the registers': `sqlite:///…`, or `postgresql://…` beside a PostgreSQL database."""
    log_key_file: Path
    """The Ed25519 keys that sign the log's checkpoints (0600), made at the first start."""
    origin: str
    """The log's name is this and the book: `registry.example/440882`."""
    remind_before: tuple[int, ...]
    """So many days before a due day a reminder is sent."""
    county_periods: Mapping[str, int]
    """By rule of the deadline table, the county's own number of days for a period that no law sets."""
    remind_every: int
    """While overdue, one is sent every so many days."""
    book: str
    """The county whose book new keys are for: a 6-digit division code."""
    allow_origins: tuple[str, ...] = ()
    """The origins of pages that may call from a browser: `https://forms.example`."""
    webhook_allow: str
    """Hosts and networks, separated by commas, that webhooks may be sent to though they are private or plain http."""
    earliest: dt.date
    """No event that an entry tells of lies before this day."""
    statistics_threads: int
    statistics_memory: int
    """Megabytes that statistics may take; what needs more is put into files for as long."""
    statistics_rows: int
    """So many versions are kept ready for statistics; beyond, the register that nobody asked for longest goes."""


NAMES = {
    "REGISTRY_ALLOW_ORIGINS",
    "REGISTRY_HOME",
    "REGISTRY_DATABASE",
    "REGISTRY_HOST",
    "REGISTRY_PORT",
    "REGISTRY_KEY_FILE",
    "REGISTRY_KEY_STORE",
    "REGISTRY_LOG_KEY_FILE",
    "REGISTRY_ORIGIN",
    "REGISTRY_BOOK",
    "REGISTRY_WEBHOOK_ALLOW",
    "REGISTRY_REMIND_BEFORE",
    "REGISTRY_REMIND_EVERY",
    "REGISTRY_EARLIEST_YEAR",
    "REGISTRY_COUNTY_PERIODS",
    "REGISTRY_STATISTICS_THREADS",
    "REGISTRY_STATISTICS_MEMORY",
    "REGISTRY_STATISTICS_ROWS",
}


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives. Raises BadSetting for the first that cannot be used."""
    for name in environ:
        if name.startswith("REGISTRY_") and not name.startswith("REGISTRY_TEST_") and name not in NAMES:
            raise BadSetting(f"{name}: no such setting; there are {', '.join(sorted(NAMES))}")
    home = Path(environ.get("REGISTRY_HOME") or "var").absolute()
    _check_home(home)
    database = _database("REGISTRY_DATABASE", environ.get("REGISTRY_DATABASE") or f"sqlite:///{home / 'registry.db'}")
    return Settings(
        home=home,
        database=database,
        host=environ.get("REGISTRY_HOST") or "127.0.0.1",
        port=_port(environ.get("REGISTRY_PORT") or "8000"),
        key_file=Path(environ.get("REGISTRY_KEY_FILE") or home / "master.key").absolute(),
        key_store=_key_store(environ.get("REGISTRY_KEY_STORE") or f"sqlite:///{home / 'keys.db'}", database),
        log_key_file=Path(environ.get("REGISTRY_LOG_KEY_FILE") or home / "log.key").absolute(),
        origin=_origin(environ.get("REGISTRY_ORIGIN") or "registry.example"),
        county_periods=_periods(environ.get("REGISTRY_COUNTY_PERIODS") or ""),
        remind_before=_days("REGISTRY_REMIND_BEFORE", environ.get("REGISTRY_REMIND_BEFORE") or "7,1,0", 0),
        remind_every=_days("REGISTRY_REMIND_EVERY", environ.get("REGISTRY_REMIND_EVERY") or "7", 1)[0],
        book=_book(environ.get("REGISTRY_BOOK") or "440882"),
        allow_origins=_origins(environ.get("REGISTRY_ALLOW_ORIGINS") or ""),
        webhook_allow=_webhook_allow(environ.get("REGISTRY_WEBHOOK_ALLOW") or ""),
        earliest=dt.date(min(_number("REGISTRY_EARLIEST_YEAR", environ, 1949, 1), 9999), 1, 1),
        statistics_threads=_number("REGISTRY_STATISTICS_THREADS", environ, 2, 1),
        statistics_memory=_number("REGISTRY_STATISTICS_MEMORY", environ, 1024, 128),
        statistics_rows=_number("REGISTRY_STATISTICS_ROWS", environ, 20_000_000, 1),
    )


def _check_home(home: Path) -> None:
    try:
        there = home.exists()
    except OSError as fault:
        raise BadSetting(f"REGISTRY_HOME: {home} cannot be used ({fault.strerror})") from None
    if there and not home.is_dir():
        raise BadSetting(f"REGISTRY_HOME: {home} is not a folder")


def _database(name: str, url: str) -> str:
    if url.partition("://")[0] not in HOSTS:
        raise BadSetting(f"{name}: must begin with sqlite:/// or postgresql://")
    try:
        make_url(url)
    except (ArgumentError, ValueError) as fault:
        raise BadSetting(f"{name}: is no address of a database ({fault})") from None
    return url


def _key_store(url: str, database: str) -> str:
    _database("REGISTRY_KEY_STORE", url)
    if url == database:
        raise BadSetting("REGISTRY_KEY_STORE: must be another database than REGISTRY_DATABASE")
    if url.startswith("postgresql") and not database.startswith("postgresql"):
        raise BadSetting("REGISTRY_KEY_STORE: PostgreSQL only where REGISTRY_DATABASE is PostgreSQL too")
    return url


def _origin(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]{1,80}(/[a-z0-9._-]{1,80}){0,4}", text):
        raise BadSetting(f"REGISTRY_ORIGIN: {text!r} is not a name such as registry.example or registry.example/office")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 <= int(text) <= 65535):  # noqa: PLR2004 - the range of TCP ports
        raise BadSetting(f"REGISTRY_PORT: {text!r} is not a port (0 to 65535)")
    return int(text)


def _webhook_allow(text: str) -> str:
    for word in filter(None, (part.strip() for part in text.split(","))):
        try:
            ip_network(word)
        except ValueError:
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", word):
                said = "is neither a host name nor a network such as 10.1.0.0/16"
                raise BadSetting(f"REGISTRY_WEBHOOK_ALLOW: {word!r} {said}") from None
    return text


def _book(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) == 6):  # noqa: PLR2004 - a county's code has six digits
        raise BadSetting(f"REGISTRY_BOOK: {text!r} is not a 6-digit division code")
    return text


def _days(name: str, text: str, least: int) -> tuple[int, ...]:
    numbers = [int(part) if part.isascii() and part.isdigit() else -1 for part in text.split(",")]
    if not all(least <= number <= LONGEST_NOTICE for number in numbers) or (least and len(numbers) > 1):
        raise BadSetting(
            f"{name}: {text!r} is not {'a number' if least else 'numbers'} of days ({least} to {LONGEST_NOTICE})"
        )
    return tuple(sorted(set(numbers), reverse=True))


def _periods(text: str) -> dict[str, int]:
    """The county's own periods: `visit_first=7,return_visit=60`, in days."""
    periods = {}
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"\s*([a-z_]+)=([1-9][0-9]{0,2})\s*", part)
        if match is None:
            raise BadSetting(f"REGISTRY_COUNTY_PERIODS: {part!r} is no period in days such as visit_first=14")
        periods[match[1]] = int(match[2])
    return periods


def _number(name: str, environ: Mapping[str, str], default: int, least: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise BadSetting(f"{name}: {text!r} is not a number ({least} or more)")
    return int(text)


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if not re.fullmatch(r"https?://([a-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\])(:[0-9]{1,5})?", origin):
            raise BadSetting(f"REGISTRY_ALLOW_ORIGINS: {origin!r} is not an origin such as https://forms.example")
    return origins
