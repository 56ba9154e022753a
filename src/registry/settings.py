"""Settings: one frozen Struct, read from the environment once."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

HOSTS = {"sqlite", "postgresql"}


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
    book: str
    """The county whose book new keys are for: a 6-digit division code."""


NAMES = {
    "REGISTRY_HOME",
    "REGISTRY_DATABASE",
    "REGISTRY_HOST",
    "REGISTRY_PORT",
    "REGISTRY_KEY_FILE",
    "REGISTRY_BOOK",
}


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment gives. Raises BadSetting for the first that cannot be used."""
    for name in environ:
        if name.startswith("REGISTRY_") and not name.startswith("REGISTRY_TEST_") and name not in NAMES:
            raise BadSetting(f"{name}: no such setting; there are {', '.join(sorted(NAMES))}")
    home = Path(environ.get("REGISTRY_HOME") or "var").absolute()
    _check_home(home)
    return Settings(
        home=home,
        database=_database(environ.get("REGISTRY_DATABASE") or f"sqlite:///{home / 'registry.db'}"),
        host=environ.get("REGISTRY_HOST") or "127.0.0.1",
        port=_port(environ.get("REGISTRY_PORT") or "8000"),
        key_file=Path(environ.get("REGISTRY_KEY_FILE") or home / "master.key").absolute(),
        book=_book(environ.get("REGISTRY_BOOK") or "440882"),
    )


def _check_home(home: Path) -> None:
    try:
        there = home.exists()
    except OSError as fault:
        raise BadSetting(f"REGISTRY_HOME: {home} cannot be used ({fault.strerror})") from None
    if there and not home.is_dir():
        raise BadSetting(f"REGISTRY_HOME: {home} is not a folder")


def _database(url: str) -> str:
    if url.partition("://")[0] not in HOSTS:
        raise BadSetting("REGISTRY_DATABASE: must begin with sqlite:/// or postgresql://")
    try:
        make_url(url)
    except (ArgumentError, ValueError) as fault:
        raise BadSetting(f"REGISTRY_DATABASE: is no address of a database ({fault})") from None
    return url


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 <= int(text) <= 65535):  # noqa: PLR2004 - the range of TCP ports
        raise BadSetting(f"REGISTRY_PORT: {text!r} is not a port (0 to 65535)")
    return int(text)


def _book(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) == 6):  # noqa: PLR2004 - a county's code has six digits
        raise BadSetting(f"REGISTRY_BOOK: {text!r} is not a 6-digit division code")
    return text
