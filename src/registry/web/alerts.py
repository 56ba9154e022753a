"""Alerts (警示) over HTTP, for supervisors, auditors and administrators. The server alone writes them."""

from registry.core.alerts import ALERT_REGISTER
from registry.web.entry_routes import ReadTexts, read_routes

HANDLERS = read_routes(
    ALERT_REGISTER,
    ReadTexts(
        list="List alerts (警示), last first: break-glass, paused webhooks, narrowed keys; for supervisors, auditors, administrators.",
        read="Read an alert (警示).",
        versions="List the versions of an alert: there is one.",
        version="Read a version of an alert.",
    ),
)
