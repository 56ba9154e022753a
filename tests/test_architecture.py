"""Rules of the house that no linter knows."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.app import REGISTERS
from registry.errors import RegistryError
from registry.web.problems import kinds

SRC = Path(__file__).parent.parent / "src" / "registry"
FILES = sorted(path for path in SRC.rglob("*.py") if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def files_with(pattern: str) -> set[str]:
    return {str(path.relative_to(SRC)) for path in FILES if re.search(pattern, path.read_text("utf-8"))}


def test_only_the_ledger_writes_versions() -> None:
    assert files_with(r"version_row|log_row") == {"ledger/batch.py", "ledger/versions.py"}
    inserting = files_with(r"\binsert\(|\bupdate\(")
    assert inserting == {
        "ledger/batch.py", "ledger/erasing.py", "audit/proof/checkpoints.py", "audit/proof/witnesses.py", "audit/proof/cosigner.py",
        "core/principals.py", "access/keys_service.py", "access/erasure.py", "db/key_store.py",
        "outbox/webhooks/service.py", "outbox/webhooks/queue.py",
    }  # fmt: skip


def test_only_db_commits() -> None:
    assert files_with(r"\.commit\(\)|\.rollback\(\)") == set()
    assert files_with(r"\.begin\(") == {"db/database.py", "db/key_store.py"}


def test_only_the_view_writes_clauses_of_scope_and_time() -> None:
    """Table declarations name the column for their indexes; queries over it are the view's and the ledger's alone."""
    queries = files_with(r"\.superseded_at")
    assert queries == {"core/scope.py", "core/divisions.py", "ledger/batch.py"}
    assert files_with(r"\bSHARING\b") == {
        "core/scope.py",
        "core/log_reader.py",
        "core/unit_of_work.py",
        "ledger/batch.py",
        "ledger/tables.py",
    }


def test_only_problems_builds_error_answers() -> None:
    assert files_with(r"application/problem\+json") == {"web/problems.py"}


def test_only_db_knows_the_dialects() -> None:
    assert {path.split("/")[0] for path in files_with(r"sqlite3|asyncpg|PRAGMA")} == {"db"}


def test_functions_are_short() -> None:
    lengths = [node.end_lineno - node.lineno + 1 for path in FILES for node in functions(path) if node.end_lineno]
    assert sorted(lengths)[len(lengths) // 2] < 15
    assert max(lengths) <= 45


def test_handlers_are_short() -> None:
    handlers = [node for path in FILES for node in functions(path) if is_handler(node)]
    assert len(handlers) > 40
    for node in handlers:
        assert (node.end_lineno or 0) - node.lineno + 1 <= 12, node.name


def is_handler(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is decorated as an endpoint."""
    names = {
        each.func.id for each in node.decorator_list if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
    }
    return bool(names & {"get", "post", "put", "patch", "delete"})


def test_files_are_short() -> None:
    long = {str(path.relative_to(SRC)): n for path in FILES if (n := len(path.read_text("utf-8").splitlines())) > 350}
    assert long == {}


def test_packages_are_small() -> None:
    """A folder that one can take in at a glance; migrations come one by one and are never looked through."""
    sizes = Counter(str(path.parent.relative_to(SRC)) for path in FILES)
    assert {folder: size for folder, size in sizes.items() if size > 24} == {}


def test_a_class_is_found_by_its_name() -> None:
    """No two classes of one name. `_Notice` beside `Notice` are two names: the private one is what its own file reads of the other's
    document, and nobody outside the file meets it.
    """
    places = defaultdict(set)
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].add(str(path.relative_to(SRC)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("name", ["disputes", "followups", "gatherings", "divisions"])
def test_a_register_package_has_the_same_files(name: str) -> None:
    names = {path.stem for path in (SRC / name).glob("*.py")}
    assert names >= {"register", "models", "schemas", "rules", "service", "controller"}


def test_error_codes_are_unique_and_explained() -> None:
    found = list(kinds())
    assert len({kind.code for kind in found}) == len(found)
    for kind in found:
        assert kind.__doc__
        assert kind.zh != RegistryError.zh
        assert kind.en != RegistryError.en


def test_registers_are_unique() -> None:
    assert len({register.name for register in REGISTERS}) == len(REGISTERS)
    assert len({register.table.name for register in REGISTERS}) == len(REGISTERS)
