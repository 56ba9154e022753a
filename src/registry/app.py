"""The composition root: settings -> Litestar; the only list of registers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.exceptions import HTTPException

from registry.access.principals import Keys
from registry.access.register import Register
from registry.access.sealing import Sealer
from registry.db.database import open_database
from registry.errors import RegistryError
from registry.gatherings.controller import GatheringController, ShedController
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.settings import Settings
from registry.web import problems
from registry.web.call import Call
from registry.web.context import Context

BODY_LIMIT = 1024 * 1024
"""Bytes."""

REGISTERS: tuple[Register, ...] = (
    GATHERING_REGISTER,
    SHED_REGISTER,
)

CONTROLLERS = [
    GatheringController,
    ShedController,
]


def create_app(settings: Settings) -> Litestar:
    """The application. The database is opened when it starts, and must have been migrated."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        database = open_database(settings.database)
        context = Context(database, Sealer(settings.key_file), Keys(database))
        context.start()
        app.state.context = context
        try:
            yield
        finally:
            await context.close()

    return Litestar(
        route_handlers=CONTROLLERS,
        lifespan=[lifespan],
        request_class=Call,
        request_max_body_size=BODY_LIMIT,
        exception_handlers={
            RegistryError: problems.on_registry_error,
            HTTPException: problems.on_http_exception,
            Exception: problems.on_exception,
        },
        openapi_config=None,
        pdb_on_exception=False,
    )
