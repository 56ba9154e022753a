"""The composition root: settings -> Litestar; the only list of registers and of the bulletin's sections."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
from litestar import Litestar
from litestar.exceptions import HTTPException

from registry.access.controller import AccessController, disclosures
from registry.access.erasure import case_registers
from registry.access.erasure_controller import ErasureController
from registry.access.keys_controller import KeyController
from registry.audit.history.controller import history_handlers
from registry.audit.proof.controller import LogController, receipt_handlers
from registry.audit.proof.sealer_job import Notary
from registry.audit.proof.signing_keys import LogKeys
from registry.audit.proof.witness_controller import WitnessController
from registry.core.alerts import ALERT_REGISTER
from registry.core.principals import Keys
from registry.core.register import Register
from registry.core.sealing import Sealer
from registry.db.database import open_database
from registry.db.key_store import KeyStore
from registry.disputes import controller as disputes
from registry.disputes.bulletin import DISPUTE_SECTION
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.divisions import controller as divisions
from registry.divisions.register import DIVISION_REGISTER, STAFF_REGISTER
from registry.errors import RegistryError
from registry.followups import controller as followups
from registry.followups.bulletin import FOLLOWUP_SECTION
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.gatherings import controller as gatherings
from registry.gatherings.bulletin import GATHERING_SECTION, SHED_SECTION
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.ledger.versions import encode
from registry.outbox.feed import asyncapi
from registry.outbox.feed.controller import FeedController
from registry.outbox.feed.followers import Followers
from registry.outbox.webhooks.controller import WebhookController
from registry.outbox.webhooks.delivery import Sender
from registry.outbox.webhooks.targets import parse_allowed
from registry.outbox.webhooks.worker import Worker
from registry.reports.bulletin.controller import RestatementController, bulletin_handler
from registry.reports.bulletin.sections import BulletinSection
from registry.reports.due.controller import REMINDER_HANDLERS, CalendarController, DueController
from registry.reports.due.reminder_job import Reminding
from registry.reports.due.reminder_register import REMINDER_REGISTER, Cadence
from registry.reports.statistics.controller import statistics_handlers
from registry.reports.statistics.disclosure.publication import publish
from registry.settings import Settings, read_settings
from registry.tasks import end_tasks
from registry.web import alerts, meta_endpoints, openapi, problems
from registry.web.call import Call
from registry.web.context import Context
from registry.web.cors import let_origins_in
from registry.web.form_schemas import SchemaController

BODY_LIMIT = 1024 * 1024
"""Bytes."""
SETTLED = 1.0
"""Seconds after its start in which the server does nothing but answer."""

REGISTERS: tuple[Register, ...] = (
    DIVISION_REGISTER,
    STAFF_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    SESSION_REGISTER,
    AGREEMENT_REGISTER,
    RETURN_VISIT_REGISTER,
    PATIENT_REGISTER,
    VISIT_REGISTER,
    CAMPAIGN_REGISTER,
    GATHERING_REGISTER,
    SHED_REGISTER,
    ALERT_REGISTER,
    REMINDER_REGISTER,
)

REGISTER_HANDLERS = [
    *divisions.HANDLERS,
    *disputes.HANDLERS,
    *followups.HANDLERS,
    *gatherings.HANDLERS,
    *alerts.HANDLERS,
    *REMINDER_HANDLERS,
]
"""The endpoints of the registers."""

SECTIONS: tuple[BulletinSection, ...] = (DISPUTE_SECTION, FOLLOWUP_SECTION, GATHERING_SECTION, SHED_SECTION)
"""Of the bulletin (日报), in the order in which they are printed."""

CONTROLLERS = [
    RestatementController,
    FeedController,
    DueController,
    CalendarController,
]


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Opens the database when the server starts, ends what a crash left half done, closes all when it stops."""
    read: Settings = app.state.settings
    database = open_database(read.database)
    notary = Notary(database, LogKeys(read.log_key_file), read.origin, read.home)
    context = Context(database, Sealer(read.key_file, KeyStore(read.key_store)), Keys(database), notary)
    app.state.context, app.state.followers = context, Followers()
    worker = app.state.webhooks = Worker(context, REGISTERS, Sender(parse_allowed(read.webhook_allow)))
    try:
        await context.finish_erasures(case_registers(REGISTERS, "patients"))
        context.start()
        worker.start()
        reminding = Reminding(context, REGISTERS, Cadence(before=read.remind_before, every=read.remind_every))
        async with beside(_background(context, reminding)):
            yield
    finally:
        await worker.close()
        await context.close()


async def _background(context: Context, reminding: Reminding) -> None:
    """Loads what statistics are counted from, then looks what is due, again and again."""
    await asyncio.sleep(SETTLED)
    counted = [each for each in REGISTERS if each.measures]
    context.facts.warm(counted, partial(publish, counted))
    await reminding.run()


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs something in the background for as long as the server serves."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end_tasks([task])


def create_app(settings: Settings) -> Litestar:
    """The application. The database is opened when it starts, and must have been migrated."""
    app = Litestar(
        route_handlers=[
            *REGISTER_HANDLERS,
            *CONTROLLERS,
            KeyController,
            WebhookController,
            LogController,
            AccessController,
            ErasureController,
            disclosures(PATIENT_REGISTER),
            WitnessController,
            SchemaController,
            bulletin_handler(SECTIONS, REGISTERS),
            *history_handlers(REGISTERS),
            *receipt_handlers(REGISTERS),
            *statistics_handlers(REGISTERS),
            *meta_endpoints.HANDLERS,
        ],
        lifespan=[lifespan],
        request_class=Call,
        before_request=meta_endpoints.answer_options,
        before_send=[meta_endpoints.name_request, let_origins_in],
        request_max_body_size=BODY_LIMIT,
        exception_handlers={
            RegistryError: problems.on_registry_error,
            HTTPException: problems.on_http_exception,
            Exception: problems.on_exception,
        },
        openapi_config=None,
        logging_config=None,
    )
    app.state.settings = settings
    app.state.registers = REGISTERS
    app.state.sections = SECTIONS
    app.state.methods = meta_endpoints.methods_by_path(app)
    published = openapi.build(app)
    app.state.document = _pretty(published)
    app.state.event_types = asyncapi.all_types(REGISTERS, published["paths"], "patients")
    app.state.asyncapi = _pretty(asyncapi.build(published, REGISTERS, "patients"))
    return app


def _pretty(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(encode(document), indent=2) + b"\n"


def documents() -> dict[str, bytes]:
    """The published documents (OpenAPI, AsyncAPI) by file name, as they are committed and served."""
    state = create_app(read_settings({})).state
    return {"registry.json": state.document, "asyncapi.json": state.asyncapi}


def document() -> bytes:
    """The published OpenAPI document."""
    return documents()["registry.json"]
