"""registry evidence: what to hand to somebody who will check it."""

from pathlib import Path

import click

from registry.audit.verify.evidence import EvidenceRequest, evidence_of
from registry.cli.runner import fail, registers, run_with_keys
from registry.core.principals import Purpose


@click.command()
@click.argument("entry", metavar="REGISTER/ENTRY_ID")
@click.option(
    "-o", "target", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The zip file to write."
)
@click.option(
    "--plain", is_flag=True, help="With the personal data in plain: a disclosure, written to the access log first."
)
@click.option(
    "--purpose", type=click.Choice(["subject_request", "audit"]), default="subject_request", show_default=True
)
@click.option("--reason", help="Why it is disclosed; goes with --plain.")
def evidence(entry: str, target: Path, *, plain: bool, purpose: str, reason: str | None) -> None:
    """Write one entry with its whole history, access log, proofs and a verifier into one file for a third party."""
    from registry.app import document

    if plain != bool(reason and reason.strip()):
        fail("--plain needs a --reason, and --reason goes with --plain")
    name, _, entry_id = entry.partition("/")
    register = next((each for each in registers() if each.name == name), None)
    if register is None:
        fail(f"{name}: no such register; there are {', '.join(each.name for each in registers())}")
    request = EvidenceRequest(register, entry_id, plain, Purpose(purpose), reason)
    made = run_with_keys(lambda read, database, store: evidence_of(read, database, store, request, document()))
    target.write_bytes(made)
    click.echo(f"{target}: {len(made)} bytes; check it with: unzip it, python verify.py")
