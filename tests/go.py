"""Go's own implementation of notes and trees (golang.org/x/mod/sumdb), as a program that judges what we write."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOPATH = Path("/usr/share/gocode")
SOURCE = Path(__file__).parent / "audit" / "proof" / "go" / "verify.go"
Case = dict[str, Any]
Go = Callable[[list[Case]], dict[str, str]]


def missing() -> str | None:
    if shutil.which("go") is None:
        return "go is not installed"
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        return "golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)"
    return None


def build(folder: Path) -> Go:
    """Run the verifier over a list of cases: its verdict by name."""
    if reason := missing():
        (pytest.fail if os.environ.get("REGISTRY_TEST_NO_SKIP") else pytest.skip)(reason)
    here = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "GOCACHE": str(folder / "cache")}
    program = folder / "verify"
    subprocess.run(["go", "build", "-o", program, SOURCE], check=True, env={**os.environ, **here}, timeout=300)

    def verify(cases: list[Case]) -> dict[str, str]:
        run = subprocess.run(
            [program], input=json.dumps(cases), capture_output=True, text=True, check=False, timeout=60
        )
        verdicts = dict(line.split(": ", 1) for line in run.stdout.splitlines())
        assert len(verdicts) == len(cases), run.stderr
        assert run.returncode == (0 if set(verdicts.values()) == {"ok"} else 1)
        return verdicts

    return verify
