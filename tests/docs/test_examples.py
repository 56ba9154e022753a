"""Every example of the README and the docs is run, and answers as printed."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from registry.app import REGISTERS
from registry.settings import NAMES, Settings, read_settings
from registry.web.problems import kinds

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLE = re.compile(r"```sh\n(?P<command>.*?)\n```\n+```(?P<form>json|text)\n(?P<answer>.*?)\n```", re.DOTALL)
EXAMPLES = [
    pytest.param(page, match, id=f"{page.stem}-{n}")
    for page in PAGES
    for n, match in enumerate(EXAMPLE.finditer(page.read_text("utf-8")))
]


@pytest.fixture(scope="module")
def demo(app: Litestar, loaded_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo county, its log sealed once: each copy would seal all of it when it stops."""
    settings = read_settings({"REGISTRY_HOME": str(tmp_path_factory.mktemp("docs"))})
    shutil.copytree(loaded_demo, settings.home, dirs_exist_ok=True)
    app.state.settings = settings
    with TestClient(app):
        return settings


@pytest.fixture
def client(app: Litestar, demo: Settings, folder: Path) -> Iterator[TestClient[Litestar]]:
    """A copy of it, on a port of the README's."""
    shutil.copytree(demo.home, folder, dirs_exist_ok=True)
    app.state.settings = read_settings({"REGISTRY_HOME": str(folder)})
    with TestClient(app, base_url="http://127.0.0.1:8000") as running:
        yield running


@pytest.mark.parametrize(("page", "example"), EXAMPLES)
def test_an_example_answers_as_printed(
    client: TestClient[Litestar], demo: Settings, page: Path, example: re.Match[str]
) -> None:
    keys = json.loads((demo.home / "demo-keys.json").read_bytes())
    names = {"KELU": keys["clerk-440882102"], **{role.upper(): key for role, key in keys.items()}}
    line = example["command"].splitlines()[-1]
    answer = ask(client, re.sub(r"\$(\w+)", lambda match: names[match[1]], line))
    if example["form"] == "text":
        assert_has_lines(answer.text, example["answer"])
        return
    if page.name == "README.md":
        assert answer.text == example["answer"]
    assert_contains(answer.json(), json.loads(example["answer"]))


def ask(client: TestClient[Litestar], line: str) -> Any:
    """What the curl command in the example asks."""
    words = iter(shlex.split(line))
    assert next(words) == "curl"
    method, url, headers, body = "GET", "", {}, None
    for word in words:
        match word:
            case "-s":
                pass
            case "-X":
                method = next(words)
            case "-d":
                body = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case _:
                url = word
    return client.request(method, url, headers=headers, content=body.encode() if body else None)


def assert_contains(answer: Any, expected: Any) -> None:
    """All that the example prints stands in the answer; objects may have more fields than it shows."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_contains(answer[key], value)
    elif isinstance(expected, list):
        assert len(answer) == len(expected)
        for item, wanted in zip(answer, expected, strict=True):
            assert_contains(item, wanted)
    else:
        assert answer == expected


def assert_has_lines(answer: str, expected: str) -> None:
    """All lines that the example prints stand in the answer, in this order; … stands for some that it does not."""
    lines = iter(answer.splitlines())
    for wanted in expected.splitlines():
        assert wanted == "…" or wanted in lines, wanted


def test_there_are_examples_for_every_user() -> None:
    pages = {parameters.values[0].stem for parameters in EXAMPLES}  # type: ignore[union-attr]
    assert pages == {"README", "offices", "integrators", "auditors", "bulletin"}


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "operators.md").read_text("utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_changelog_is_of_this_version() -> None:
    from registry import __version__

    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## ([0-9.]+)", text, re.MULTILINE)[0] == __version__
    assert 'attr = "registry.__version__"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert len(REGISTERS) == 14
    assert list(kinds())
