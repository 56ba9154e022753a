"""Alerts (警示) over HTTP: a list and an item. The server alone writes them."""

from collections.abc import Iterator
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath
from sqlalchemy import ColumnElement

from registry.core.alerts import ALERT_REGISTER, Alert, AlertKind, matching_alerts
from registry.web import contract, reads
from registry.web.call import Call
from registry.web.queries import ListQuery
from registry.web.reads import Answer


class AlertQuery(ListQuery, kw_only=True):
    """Which alerts."""

    kind: AlertKind | None = None


class AlertController(Controller):
    """Alerts (警示)."""

    path = "/v1/alerts"

    @get("/", operation_id="listAlerts", opt=contract.lists(ALERT_REGISTER, AlertQuery))
    async def list_alerts(self, request: Call) -> Answer:
        """List alerts (警示), last first: break-glass, paused webhooks, narrowed keys; for supervisors, auditors, administrators."""
        return await reads.page(request, ALERT_REGISTER, AlertQuery, _matching)

    @get("/{entry_id:uuid}", operation_id="readAlert", opt=contract.item(ALERT_REGISTER))
    async def read_alert(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read an alert (警示)."""
        return await reads.item(request, ALERT_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions", operation_id="listAlertVersions", opt=contract.lists_versions(ALERT_REGISTER))
    async def list_alert_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of an alert: there is one."""
        return await reads.versions(request, ALERT_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readAlertVersion", opt=contract.reads(Alert))
    async def read_alert_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read a version of an alert."""
        return await reads.version(request, ALERT_REGISTER, str(entry_id), number)


def _matching(query: AlertQuery) -> Iterator[ColumnElement[bool]]:
    return matching_alerts(query.kind)
