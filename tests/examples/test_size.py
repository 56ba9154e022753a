"""The examples stay small enough to be read at one sitting."""

import pytest

from tests.examples.conftest import ROOT


@pytest.mark.parametrize("name", ["form", "dashboard", "bot"])
def test_an_example_is_small_and_has_a_page(name: str) -> None:
    folder = ROOT / "examples" / name
    assert (folder / "README.md").is_file()
    code = [path.read_text("utf-8") for path in folder.iterdir() if path.suffix in {".py", ".js", ".html", ".css"}]
    assert sum(1 for text in code for line in text.splitlines() if line.strip()) < 320
