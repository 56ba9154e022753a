"""registry verify: check the whole database, or one receipt."""

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.progress import Progress as Bar

from registry.audit.proof.checkpoints import read_head
from registry.audit.verify.database import (
    MOST,
    BookState,
    Progress,
    Report,
    VerifyOptions,
    verifiers_of,
    verify_database,
)
from registry.audit.verify.receipts import BadReceipt, VerifiedReceipt, check_document, check_receipt
from registry.cli.runner import attempt, fail, registers, settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--all", "everything", is_flag=True, help=f"List all that is wrong (at most {MOST}), not only the first.")
@click.option("--key", "keys", multiple=True, metavar="VKEY", help="A public key, got elsewhere. [the home's own]")
@click.option("--checkpoint", type=FILE, help="A checkpoint kept elsewhere: the log must continue it.")
@click.option("--receipt", type=FILE, help="Check this receipt instead, without any database.")
@click.option("--document", type=FILE, help="With --receipt: the document that it should be of, as JSON.")
def verify(
    *, everything: bool, keys: tuple[str, ...], checkpoint: Path | None, receipt: Path | None, document: Path | None
) -> None:
    """Check the whole database against its log. Status 1, and the first bad entry, where something was changed."""
    if document and not receipt:
        fail("--document goes with --receipt")
    if receipt:
        _verify_receipt(receipt, document, keys)
        return
    options = VerifyOptions(registers, keys, _checkpoint(checkpoint), MOST if everything else 1)
    read = settings()
    with _bar() as progress:
        report = attempt(lambda: verify_database(read, options, progress))
    _tell(report)


def _verify_receipt(file: Path, document: Path | None, keys: tuple[str, ...]) -> None:
    read = settings()
    try:
        text = file.read_text("utf-8")
        proved = attempt(lambda: check_receipt(text, lambda origin: verifiers_of(read, keys, origin)))
    except (BadReceipt, UnicodeDecodeError) as fault:
        _wrong(f"{file}: {fault}")
    try:
        if document is not None:
            check_document(proved.leaf, document.read_bytes())
    except BadReceipt as fault:
        _wrong(f"{document}: {fault}")
    for line in _facts(proved):
        click.echo(line)
    if document is not None:
        click.echo(f"  document    {document} is this version")


def _facts(proved: VerifiedReceipt) -> Iterator[str]:
    """What a receipt proves, a line each."""
    leaf, checkpoint = proved.leaf, proved.checkpoint
    yield "receipt: OK"
    yield f"  entry       {leaf.register}/{leaf.entry}"
    yield f"  version     {leaf.number} ({leaf.action})"
    yield f"  recorded    {leaf.recorded_at}"
    yield f"  position    {leaf.position} of book {leaf.book}"
    yield f"  checkpoint  {checkpoint.origin}, size {checkpoint.size}"
    for signer in proved.signers:
        name = f"{signer.name}+{signer.key_id.hex()}"
        if signer.seconds is None:
            yield f"  signed by   {name}"
        else:
            yield f"  witness     {name}, {dt.datetime.fromtimestamp(signer.seconds, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


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
        yield lambda _step, _all: None
        return
    with Bar(console=console, transient=True) as bar:

        def show(step: int, total: int) -> None:
            task = bar.task_ids[0] if bar.task_ids else bar.add_task("leaves", total=total)
            bar.advance(task, step)

        yield show


def _tell(report: Report) -> None:
    for finding in report.findings:
        click.echo(str(finding))
    if report.findings:
        sys.exit(1)
    if not report.heads:
        click.echo("OK, there is no book yet")
    for head in report.heads:
        for line in _lines(head):
            click.echo(line)


def _lines(head: BookState) -> Iterator[str]:
    """What is said of a book in which nothing is wrong."""
    log, access = head.trees["log"].leaves, head.trees["access"].leaves
    yield f"book {head.book}: OK, {log} versions, {access} access events"
    if head.sealed.checkpoint is not None:
        origin, size, root, *_ = head.sealed.checkpoint.split("\n")
        yield f"  checkpoint {origin}, size {size}, root {root}"
    for note in head.notes:
        yield f"  note: {note}"


def _wrong(line: str) -> NoReturn:
    click.echo(line)
    sys.exit(1)
