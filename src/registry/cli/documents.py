"""registry openapi | asyncapi: the published documents."""

from pathlib import Path

import click

from registry.cli.runner import fail

check_only = click.option("--check", is_flag=True, help="Only tell whether the committed document is the enforced one.")


@click.command()
@check_only
def openapi(*, check: bool) -> None:
    """Write the published document to openapi/registry.json."""
    _publish("registry.json", "openapi", check=check)


@click.command()
@check_only
def asyncapi(*, check: bool) -> None:
    """Write the document of the events that go out to openapi/asyncapi.json."""
    _publish("asyncapi.json", "asyncapi", check=check)


def _publish(name: str, command: str, *, check: bool) -> None:
    from registry.app import documents

    target = Path("openapi") / name
    text = documents()[name]
    if check and (not target.exists() or target.read_bytes() != text):
        fail(f"openapi/{name} is not what the code enforces; run: registry {command}")
    if not check:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(text)
