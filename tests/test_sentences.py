"""Every Chinese sentence that the server can say: its punctuation, and no words in it that a clerk need not know."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.app import document

SOURCE = Path(__file__).parent.parent / "src" / "registry"
DATA = ("demo", "migrations")
"""Folders whose Chinese is data: the demo county's entries, and what older versions migrated."""
HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"
WIDE = r"[\u3400-\u4dbf\u4e00-\u9fff\u3001-\u3017\uff01-\uff1f\x00]"
"""A character of Chinese, or (NUL) what a sentence is filled with."""
HALF_WIDTH = re.compile(rf"{HAN}\s?[,:;?!()]|[,;:?!]\s?{HAN}|\){HAN}|{HAN}\(|\x00,\s?{WIDE}|\({HAN}")
WORD = re.compile(r"[A-Za-z][A-Za-z_.-]*[A-Za-z]")
KNOWN = {
    "API": "what the key is for", "JSON": "the format", "UUID": "", "UUIDv": "UUIDv7", "URL": "", "HTTP": "", "https": "a scheme",
    "Authorization": "a header", "Bearer": "a scheme of that header", "If-Match": "a header", "If-None-Match": "a header",
    "Idempotency-Key": "a header", "Purpose-Of-Use": "a header", "application": "a media type", "json": "a media type",
    "merge-patch": "a media type", "MiB": "a unit", "KiB": "a unit", "errors": "a member of problems", "current": "a member of problems",
    "conflicts": "a member of problems", "request_id": "a member of problems", "docs": "a path", "true": "JSON", "false": "JSON",
    "null": "JSON", "wm_": "a watermark", "wm": "a watermark", "wa": "a position of the access log", "as_of": "a parameter",
    "add-checkpoint": "a format (C2SP)", "cosignature": "a format (C2SP)", "old": "a line of that format", "http": "a scheme",
    "position": "a parameter", "from": "a parameter", "after": "a parameter", "event": "a parameter", "since": "a parameter",
    "cursor": "a parameter", "person": "a field", "rename": "a path", "close": "a path", "correct": "a path", "transfer": "a path",
    "disputes": "a path", "agreements": "a path",
    "children": "a member of a voiding", "void-request": "a path", "on": "a parameter", "sort": "a parameter",
    "given_up": "a state of deliveries", "Registry": "this software",
}  # fmt: skip
"""Names of formats, headers and members that a sentence cannot do without, and why."""


def literals() -> Iterator[tuple[str, str]]:
    """Where each text stands, and the text, without docstrings; what an f-string is filled with is a NUL."""
    for path in sorted(SOURCE.rglob("*.py")):
        if not set(DATA) & set(path.parts):
            tree = ast.parse(path.read_text("utf-8"))
            prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            parts = prose | {
                id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
            }
            for node in ast.walk(tree):
                if (text := _text(node)) is not None and id(node) not in parts:
                    yield f"{path.relative_to(SOURCE)}:{node.lineno}", text  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "\x00" for part in values)
    return None


def is_chinese(text: str) -> bool:
    """Whether it is a Chinese sentence or title; English ones name Chinese terms in brackets, docstrings are English."""
    han, words = len(re.findall(HAN, text)), len(re.findall(r"[A-Za-z]{2,}", text))
    return han > 0 and "\n\n" not in text and (words == 0 or han >= 2.5 * words)


SENTENCES = [(at, text) for at, text in literals() if is_chinese(text)]


def test_there_are_sentences() -> None:
    assert len(SENTENCES) > 900


def test_punctuation_is_full_width() -> None:
    assert [(at, text) for at, text in SENTENCES if HALF_WIDTH.search(text)] == []


def test_no_word_is_foreign() -> None:
    found = [
        (at, text, sorted(set(WORD.findall(re.sub(r"\{\w+\}", "", text))) - KNOWN.keys())) for at, text in SENTENCES
    ]
    assert [each for each in found if each[2]] == []


def test_no_document_cites_our_own_notes() -> None:
    assert b"domain.md" not in document()
    assert [str(path) for path in SOURCE.rglob("*.py") if "domain.md" in path.read_text("utf-8")] == []


@pytest.mark.parametrize("gone", ["惯例", "平安公约", "和睦公约", "公安移送", "客路调", "疏散"])
def test_what_is_no_longer_said_is_said_nowhere(gone: str) -> None:
    assert [(at, text) for at, text in literals() if gone in text] == []
