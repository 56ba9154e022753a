"""The endpoints of what is due (应办事项), of its calendar, and of reminders."""

from litestar import Controller, get, post

from registry import errors
from registry.reports.due import calendar_feed, list_endpoint
from registry.reports.due.calendar_feed import MEDIA, CalendarQuery, DueLink, DueLinkIn
from registry.reports.due.reminder_register import REMINDER_REGISTER
from registry.reports.due.schemas import DueList, DueQuery, DueRules, RulesQuery
from registry.web import contract
from registry.web.call import Call
from registry.web.contract import GUARDED, Contract
from registry.web.entry_routes import ReadTexts, read_routes
from registry.web.reads import Answer

MAKES_LINK = Contract(DueLink, 201, body=DueLinkIn, problems=(*GUARDED, errors.TooLarge, errors.WrongMediaType))
CALENDAR = Contract(None, media=MEDIA, query=CalendarQuery, headers=("If-None-Match",), problems=GUARDED, public=True)


class DueController(Controller):
    """What is due (应办事项)."""

    path = "/v1/due"

    @get("/", operation_id="listDue", opt=contract.reads(DueList, DueQuery))
    async def list_due(self, request: Call) -> Answer:
        """List what is due or overdue, earliest first, each with the rule that says so."""
        return await list_endpoint.list_due(request, request.app.state.registers)

    @get("/rules", operation_id="listDueRules", opt=contract.reads(DueRules, RulesQuery))
    async def list_rules(self, request: Call) -> Answer:
        """Read the deadline table (期限规则表): every period, its source, and from when to when it holds."""
        return await list_endpoint.list_rules(request)


class CalendarController(Controller):
    """What is due, as a calendar (日历订阅)."""

    path = "/v1"

    @post("/due/links", operation_id="createDueLink", opt={"contract": MAKES_LINK})
    async def create_link(self, request: Call) -> Answer:
        """Make a signed link to the calendar of your divisions, for a phone to subscribe to. To revoke the key revokes it."""
        return await calendar_feed.make_link(request)

    @get("/due.ics", operation_id="readDueCalendar", opt={"contract": CALENDAR})
    async def read_calendar(self, request: Call) -> Answer:
        """Read what is due as an iCalendar feed (RFC 5545), by a signed link instead of a key."""
        return await calendar_feed.read_calendar(request, request.app.state.registers)


REMINDER_HANDLERS = read_routes(
    REMINDER_REGISTER,
    ReadTexts(
        list="List the reminders that were sent (到期提醒), last first.",
        read="Read a reminder.",
        versions="List the versions of a reminder; there is one.",
        version="Read one version of a reminder.",
    ),
)
