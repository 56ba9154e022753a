"""registry verify | evidence: what anybody can check, and what to hand to somebody who will."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress as Bar

from registry.command import attempt, settings
from registry.ledger.seals import read_head
from registry.verifying import MOST, Head, Progress, Question, Report, verify_database


@click.command()
@click.option("--all", "everything", is_flag=True, help=f"List all that is wrong (at most {MOST}), not only the first.")
@click.option(
    "--key", "keys", multiple=True, metavar="VKEY", help="A public key of the log, got elsewhere. [the home's own]"
)
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint kept elsewhere: the log must continue it.",
)
def verify(*, everything: bool, keys: tuple[str, ...], checkpoint: Path | None) -> None:
    """Check the whole database against its log. Status 1, and the first bad entry, where something was changed."""
    question = Question(keys, _checkpoint(checkpoint), MOST if everything else 1)
    read = settings()
    with _bar() as progress:
        report = attempt(lambda: verify_database(read, question, progress))
    _tell(report)


def _checkpoint(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        note = file.read_text("utf-8")
        read_head(note)
    except ValueError as fault:
        _wrong(f"{file}: is no checkpoint of a registry ({fault})")
    return note


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar, where somebody watches."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _all: None
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("leaves")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _tell(report: Report) -> None:
    for finding in report.findings:
        click.echo(str(finding))
    if report.findings:
        sys.exit(1)
    for head in report.heads:
        for line in _lines(head):
            click.echo(line)


def _lines(head: Head) -> Iterator[str]:
    """What is said of a book in which nothing is wrong."""
    log, access = head.trees["log"].leaves, head.trees["access"].leaves
    yield f"book {head.book}: OK, {log} versions, {access} access events"
    if head.sealed.checkpoint is not None:
        origin, size, root, *_ = head.sealed.checkpoint.split("\n")
        yield f"  checkpoint {origin}, size {size}, root {root}"
    for note in head.notes:
        yield f"  note: {note}"


def _wrong(line: str) -> None:
    click.echo(line)
    sys.exit(1)
