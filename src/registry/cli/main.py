"""The command line. The file of a command is imported when it is called: `registry --help` need not wait for all of them."""

import os
from importlib import import_module

import click

from registry import __version__

COMMANDS = {
    "asyncapi": ("documents", "Write the document of the events that go out to openapi/asyncapi.json."),
    "demo": ("server", "Load the demo county leizhou-2020 into an empty home, and write a key for each role."),
    "erase": ("erase", "Ask for the erasure of PATIENT's personal data; a supervisor confirms it."),
    "evidence": ("evidence", "Write one entry with its whole history, proofs and a verifier for a third party."),
    "keys": ("keys", "API keys, and the master key that seals personal data."),
    "log": ("log", "The log's signing keys and checkpoints, and how to go on after a restored backup."),
    "migrate": ("server", "Make or update the tables."),
    "openapi": ("documents", "Write the published document to openapi/registry.json."),
    "serve": ("server", "Serve the API."),
    "verify": ("verify", "Check the whole database against its log."),
    "witness": ("witness", "Others who cosign our checkpoints, and the logs that we cosign."),
}
"""By name: the file that a command stands in, and what it is for."""


class Commands(click.Group):
    """The commands of the table above."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"registry.cli.{COMMANDS[name][0]}"), name)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=Commands)
@click.version_option(__version__)
def main() -> None:
    """Registers in which nothing is ever rubbed out (综治台账)."""
    os.umask(0o077)  # what it makes is its owner's alone
