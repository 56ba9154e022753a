"""`registry serve` with one more handler: a constant body without authentication. Argument: how many bytes."""

import sys

from litestar import Litestar, Response, get

from registry import app
from registry.cli import main
from registry.settings import Settings

BODY = b"x" * int(sys.argv[1])
real_create_app = app.create_app


@get("/constant")
async def constant() -> Response[bytes]:
    """What the server could answer at best."""
    return Response(BODY, media_type="application/json")


def create_app(settings: Settings) -> Litestar:
    """The same application, with the constant."""
    made = real_create_app(settings)
    made.register(constant)
    return made


app.create_app = create_app
main.main(["serve"])
