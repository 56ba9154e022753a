"""The composition root: settings -> Litestar; the only list of registers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from litestar import Litestar
from litestar.exceptions import HTTPException

from registry.access.erasure import case_registers
from registry.access.principals import Keys
from registry.access.register import Register
from registry.access.sealing import Sealer
from registry.db.database import open_database
from registry.db.key_store import KeyStore
from registry.disputes.case_controller import (
    AgreementController,
    ProceedingController,
    ReturnVisitController,
    SessionController,
)
from registry.disputes.controller import DisputeController
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.divisions.controller import DivisionController, StaffController
from registry.divisions.register import DIVISION_REGISTER, STAFF_REGISTER
from registry.errors import RegistryError
from registry.followups.controller import CampaignController, PatientController
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.followups.visit_controller import VisitController
from registry.gatherings.controller import GatheringController, ShedController
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.ledger.log_keys import LogKeys
from registry.ledger.notary import Notary
from registry.ledger.versions import encode
from registry.reports.controller import BulletinController, RestatementController
from registry.settings import Settings, read_settings
from registry.web import history, openapi, problems, server
from registry.web.access_log import AccessController, disclosures
from registry.web.call import Call
from registry.web.context import Context
from registry.web.erasures import ErasureController
from registry.web.keys import KeyController
from registry.web.proof import LogController
from registry.web.witness import WitnessController

BODY_LIMIT = 1024 * 1024
"""Bytes."""

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
)

CONTROLLERS = [
    DivisionController,
    StaffController,
    DisputeController,
    ProceedingController,
    SessionController,
    AgreementController,
    ReturnVisitController,
    PatientController,
    VisitController,
    CampaignController,
    GatheringController,
    ShedController,
    BulletinController,
    RestatementController,
]


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Opens the database when the server starts, ends what a crash left half done, closes all when it stops."""
    read: Settings = app.state.settings
    database = open_database(read.database)
    notary = Notary(database, LogKeys(read.log_key_file), read.origin, read.home)
    context = Context(database, Sealer(read.key_file, KeyStore(read.key_store)), Keys(database), notary)
    app.state.context = context
    try:
        await context.finish_erasures(case_registers(REGISTERS, "patients"))
        context.start()
        yield
    finally:
        await context.close()


def create_app(settings: Settings) -> Litestar:
    """The application. The database is opened when it starts, and must have been migrated."""
    app = Litestar(
        route_handlers=[
            *CONTROLLERS,
            KeyController,
            LogController,
            AccessController,
            ErasureController,
            disclosures(PATIENT_REGISTER),
            WitnessController,
            *history.handlers(REGISTERS),
            *server.HANDLERS,
        ],
        lifespan=[lifespan],
        request_class=Call,
        before_request=server.answer_options,
        before_send=[server.name_request],
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
    app.state.methods = server.methods_by_path(app)
    app.state.document = msgspec.json.format(encode(openapi.build(app)), indent=2) + b"\n"
    return app


def document() -> bytes:
    """The published document, as it is committed and served."""
    text: bytes = create_app(read_settings({})).state.document
    return text
