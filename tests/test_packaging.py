"""What is installed is all that a server needs: code, data files, migrations, the command."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from registry import __version__

ROOT = Path(__file__).parent.parent
NO_PART = {"__pycache__", "registry.egg-info"}


@pytest.mark.slow
def test_the_wheel_holds_everything_under_src(tmp_path: Path) -> None:
    """Built from a copy, without any download."""
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns(*NO_PART))
    build = ("pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", "wheels", ".")
    subprocess.run([sys.executable, "-m", *build], cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "wheels").glob(f"registry-{__version__}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("registry/")}
        commands = archive.read(f"registry-{__version__}.dist-info/entry_points.txt").decode()
    wanted = {path for path in (tmp_path / "src").rglob("*") if path.is_file() and "egg-info" not in str(path)}
    assert names == {str(path.relative_to(tmp_path / "src")) for path in wanted}
    assert "registry = registry.cli.main:main" in commands


def test_development_runs_on_what_a_server_runs_on() -> None:
    """The same versions: requirements-dev.lock holds all of requirements.lock."""
    runtime, development = (pins(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))
    assert runtime
    assert runtime <= development


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^[a-z0-9.\[\]_-]+==\S+", lock.read_text("utf-8"), re.MULTILINE))
