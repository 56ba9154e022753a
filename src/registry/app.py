"""The composition root: settings -> Litestar; the only list of registers and of the bulletin's sections."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property, partial
from typing import Any

import msgspec
from litestar import Litestar
from litestar.exceptions import HTTPException

from registry.access.controller import AccessController, disclosures
from registry.access.erasure import case_registers
from registry.access.erasure_controller import ErasureController
from registry.access.erasure_job import RETRY_EVERY, ErasureJob
from registry.access.keys_controller import KeyController
from registry.access.me_controller import me_handler
from registry.access.refusals_job import NOTE_EVERY, note_refusals
from registry.audit.history.controller import history_handlers
from registry.audit.proof.controller import LogController, receipt_handlers
from registry.audit.proof.sealer_job import SEAL_EVERY, LogSealer
from registry.audit.proof.signing_keys import LogKeys
from registry.audit.proof.witness_controller import WitnessController
from registry.audit.proof.witness_job import ASK_EVERY, ask_witnesses
from registry.core.alerts import ALERT_REGISTER
from registry.core.invariants import CaseRules, Rulebook
from registry.core.principals import Keys
from registry.core.register import Register
from registry.core.sealing import Sealer
from registry.db.database import open_database
from registry.db.key_store import KeyStore
from registry.deadlines.rules import set_by_county
from registry.disputes import controller as disputes
from registry.disputes.bulletin import DISPUTE_SECTION
from registry.disputes.invariants import DISPUTE_CASE
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
from registry.followups.invariants import PATIENT_CASE
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.gatherings import controller as gatherings
from registry.gatherings.bulletin import GATHERING_SECTION, SHED_SECTION
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.ledger.versions import encode
from registry.outbox.feed import asyncapi
from registry.outbox.feed.controller import FeedController
from registry.outbox.feed.events import all_types
from registry.outbox.feed.followers import Followers
from registry.outbox.webhooks.controller import WebhookController
from registry.outbox.webhooks.delivery import Sender
from registry.outbox.webhooks.targets import parse_allowed
from registry.outbox.webhooks.worker import Worker
from registry.reports.bulletin.controller import RestatementController, bulletin_handler
from registry.reports.bulletin.sections import BulletinSection
from registry.reports.due.cadence import Cadence
from registry.reports.due.controller import REMINDER_HANDLERS, CalendarController, DueController
from registry.reports.due.reminder_job import Reminding
from registry.reports.due.reminder_register import REMINDER_REGISTER
from registry.reports.statistics.catalogue import catalogue_handler
from registry.reports.statistics.controller import statistics_handlers
from registry.reports.statistics.mirror import Limits, Mirror
from registry.reports.statistics.warm_up import warm_up
from registry.settings import BadSetting, Settings, read_settings
from registry.tasks import Job, attempt, every, later, running
from registry.web import alerts, meta_endpoints, openapi, problems
from registry.web.call import Call, name_request
from registry.web.context import Context
from registry.web.cors import let_origins_in
from registry.web.form_schemas import SchemaController

BODY_LIMIT = 1024 * 1024
"""Bytes."""
KEPT = 4
"""Connections to the key store that stay open, where it is PostgreSQL."""
SETTLED = 1.0
"""Seconds after its start in which the server does nothing but answer."""
SAVE_EVERY = 60.0
"""Seconds between writing down when keys were last used."""
NOT_NOTED = "refused requests were not recorded yet"
MIRROR_EVERY = 600.0
"""Seconds between writing the files of statistics."""
NOT_MIRRORED = "the files of statistics were not written"
NOT_WARM = "the files of statistics were not read"
NOT_SAVED = "when keys were last used was not saved"

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

CASES: tuple[CaseRules, ...] = (DISPUTE_CASE, PATIENT_CASE)
"""What must hold between the entries of a case."""

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


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Opens the database when the server starts, ends what a crash left half done, closes all when it stops."""
    read: Settings = app.state.settings
    database = open_database(read.database)
    store = KeyStore(read.key_store, kept=KEPT)
    context = app.state.context = Context(database, Sealer(read.key_file, store), Keys(database), rulebook(read))
    sealer = app.state.log_sealer = LogSealer(database, LogKeys(read.log_key_file), read.origin, read.home)
    erasures = app.state.erasures = ErasureJob(context, case_registers(REGISTERS, "patients"))
    mirror = app.state.mirror = Mirror(_limits(read))
    worker = app.state.webhooks = Worker(context, REGISTERS, Sender(parse_allowed(read.webhook_allow)))
    app.state.check_log, app.state.followers = sealer.check, Followers()
    reminding = Reminding(context, REGISTERS, Cadence(before=read.remind_before, every=read.remind_every))
    try:
        await erasures.finish()
        worker.start()
        async with running(background_jobs(context, sealer, erasures, mirror, reminding)):
            yield
    finally:
        context.wakeups.close()
        await worker.close()
        await attempt(partial(asyncio.to_thread, mirror.close), NOT_MIRRORED)
        await shut_down(context, sealer)


def background_jobs(
    context: Context, sealer: LogSealer, erasures: ErasureJob, mirror: Mirror, reminding: Reminding
) -> list[Job]:
    """All that a server does besides answering and delivering webhooks."""
    return [
        Job("wakeups", context.watch),
        Job("refusals", every(NOTE_EVERY, partial(note_refusals, context), NOT_NOTED)),
        Job("sealing", every(SEAL_EVERY, sealer.try_to_seal, "the log was not sealed")),
        Job("witnesses", every(ASK_EVERY, lambda: ask_witnesses(context.database), "the witnesses were not asked")),
        Job("erasures", every(RETRY_EVERY, erasures.retry, "an erasure is not finished")),
        Job("last used", every(SAVE_EVERY, context.keys.save_last_used, NOT_SAVED)),
        Job("statistics of before", partial(attempt, partial(warm_up, context, mirror, REGISTERS), NOT_WARM)),
        Job("statistics", every(MIRROR_EVERY, partial(asyncio.to_thread, mirror.save), NOT_MIRRORED)),
        Job("reminders", later(SETTLED, reminding.run)),
    ]


def rulebook(read: Settings) -> Rulebook:
    """What all writes are held to."""
    return Rulebook(
        {register.name: register for register in REGISTERS}, {case.head.name: case for case in CASES}, read.earliest
    )


def _limits(read: Settings) -> Limits:
    """What statistics may take."""
    return Limits(read.home / "statistics", read.statistics_threads, read.statistics_memory, read.statistics_rows)


async def shut_down(context: Context, sealer: LogSealer) -> None:
    """Commit what waits, seal it, then close the database."""
    try:
        await attempt(partial(note_refusals, context), NOT_NOTED)
        await context.drain()
        await attempt(context.keys.save_last_used, NOT_SAVED)
        await sealer.try_to_seal()
    finally:
        await context.close()


def _take_periods(settings: Settings) -> None:
    """Count the periods that the county sets as it does. Raises BadSetting for one that a law sets."""
    try:
        set_by_county(settings.county_periods)
    except ValueError as fault:
        raise BadSetting(f"REGISTRY_COUNTY_PERIODS: {fault}") from None


def create_app(settings: Settings) -> Litestar:
    """The application. The database is opened when it starts, and must have been migrated. Raises BadSetting."""
    _take_periods(settings)
    app = Litestar(
        route_handlers=[
            *REGISTER_HANDLERS,
            RestatementController,
            FeedController,
            DueController,
            CalendarController,
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
            catalogue_handler(REGISTERS),
            me_handler(REGISTERS),
            *meta_endpoints.HANDLERS,
        ],
        lifespan=[lifespan],
        request_class=Call,
        before_request=meta_endpoints.answer_options,
        before_send=[name_request, let_origins_in],
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
    app.state.published = Published(app)
    return app


class Published:
    """What is published of an application, made when it is first asked for: a server's start does not wait for it."""

    def __init__(self, app: Litestar) -> None:
        self._app = app

    @cached_property
    def _built(self) -> dict[str, Any]:
        return openapi.build(self._app)

    @cached_property
    def document(self) -> bytes:
        """The OpenAPI document."""
        return _pretty(self._built)

    @cached_property
    def asyncapi(self) -> bytes:
        """The AsyncAPI document."""
        return _pretty(asyncapi.build(self._built, REGISTERS, "patients"))

    @cached_property
    def event_types(self) -> Sequence[str]:
        """All types of events that webhooks may subscribe to."""
        return all_types(REGISTERS, self._built["paths"], "patients")


def _pretty(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(encode(document), indent=2) + b"\n"


def documents() -> dict[str, bytes]:
    """The published documents (OpenAPI, AsyncAPI) by file name, as they are committed and served."""
    published: Published = create_app(read_settings({})).state.published
    return {"registry.json": published.document, "asyncapi.json": published.asyncapi}


def document() -> bytes:
    """The published OpenAPI document."""
    return documents()["registry.json"]
