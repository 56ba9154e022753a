"""A bad setting stops the start with one line that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry.app import create_app
from registry.settings import BadSetting, read_settings

BAD = {
    "REGISTRY_PORT": "eighty",
    "REGISTRY_DATABASE": "mysql://x",
    "REGISTRY_BOOK": "44088",
    "REGISTRY_PROT": "8000",
    "REGISTRY_REMIND_BEFORE": "7,x",
    "REGISTRY_REMIND_EVERY": "0",
    "REGISTRY_ALLOW_ORIGINS": "*",
    "REGISTRY_STATISTICS_MEMORY": "64",
    "REGISTRY_STATISTICS_THREADS": "0",
    "REGISTRY_STATISTICS_ROWS": "many",
}


def test_everything_has_a_default() -> None:
    settings = read_settings({})
    assert (settings.host, settings.port, settings.book) == ("127.0.0.1", 8000, "440882")
    assert settings.home == Path("var").absolute()
    assert settings.database == f"sqlite:///{settings.home / 'registry.db'}"


@pytest.mark.parametrize(("name", "value"), BAD.items())
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}: "):
        read_settings({name: value})


def test_origins_are_a_list() -> None:
    text = "https://forms.example, http://127.0.0.1:8080"
    read = read_settings({"REGISTRY_ALLOW_ORIGINS": text})
    assert read.allow_origins == ("https://forms.example", "http://127.0.0.1:8080")
    assert read_settings({}).allow_origins == ()


@pytest.mark.parametrize("origin", ["forms.example", "https://forms.example/", "https://*.example", "null"])
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(BadSetting, match="^REGISTRY_ALLOW_ORIGINS: "):
        read_settings({"REGISTRY_ALLOW_ORIGINS": f"http://127.0.0.1:8080,{origin}"})


@pytest.mark.parametrize("port", ["65536", "-1", "８０００"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(BadSetting):
        read_settings({"REGISTRY_PORT": port})


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(BadSetting, match="^REGISTRY_HOME: "):
        read_settings({"REGISTRY_HOME": str(tmp_path / "home")})


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/nothing", "postgresql://127.0.0.1:bad/x", "sqlite:////proc/registry/x.db"]
)
def test_a_database_that_cannot_be_reached_is_named(tmp_path: Path, url: str) -> None:
    environ = {**os.environ, "REGISTRY_HOME": str(tmp_path), "REGISTRY_DATABASE": url}
    done = subprocess.run(
        [sys.executable, "-m", "registry", "migrate"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("registry: REGISTRY_DATABASE: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_command_stops_with_one_line(tmp_path: Path) -> None:
    environ = {**os.environ, "REGISTRY_HOME": str(tmp_path), "REGISTRY_PORT": "x"}
    done = subprocess.run(
        [sys.executable, "-m", "registry", "serve"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "registry: REGISTRY_PORT: 'x' is not a port (0 to 65535)"


def test_the_countys_own_periods_are_read() -> None:
    assert read_settings({"REGISTRY_COUNTY_PERIODS": "visit_first=7, return_visit=60"}).county_periods == {
        "visit_first": 7,
        "return_visit": 60,
    }
    for wrong in ("visit_first", "visit_first=0", "visit_first=7d", "Visit=7"):
        with pytest.raises(BadSetting, match="REGISTRY_COUNTY_PERIODS"):
            read_settings({"REGISTRY_COUNTY_PERIODS": wrong})
    with pytest.raises(BadSetting, match="visit_stable is no period that a county sets"):
        create_app(read_settings({"REGISTRY_COUNTY_PERIODS": "visit_stable=7"}))
