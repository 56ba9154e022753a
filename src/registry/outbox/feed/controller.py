"""The endpoints of the change feed."""

from litestar import Controller, get
from litestar.response import Stream

from registry.errors import TooManyFollowers
from registry.outbox.feed import stream
from registry.outbox.feed.stream import Changes, ChangesQuery, StreamQuery
from registry.web.call import Call
from registry.web.contract import GUARDED, Contract
from registry.web.reads import Answer

PROBLEMS = (*GUARDED, TooManyFollowers)
POLLED = Contract(Changes, query=ChangesQuery, headers=("Purpose-Of-Use",), problems=PROBLEMS)
STREAMED = Contract(
    None, query=StreamQuery, headers=("Purpose-Of-Use", "Last-Event-ID"), media="text/event-stream", problems=PROBLEMS
)  # fmt: skip


class FeedController(Controller):
    """The change feed (变更流)."""

    path = "/v1/changes"

    @get("/", operation_id="listChanges", opt={"contract": POLLED})
    async def list_changes(self, request: Call) -> Answer:
        """Read what changed after a cursor, in the order of the log, as CloudEvents; may wait for it (long poll).

        What an event shows is what the caller may see when it is delivered. When an entry leaves the caller's scope, `scope.left`
        says so once, and nothing of it follows.
        """
        return await stream.poll(request)

    @get("/stream", operation_id="streamChanges", opt={"contract": STREAMED})
    async def stream_changes(self, request: Call) -> Stream:
        """Follow what changes as server-sent events: `id` is the cursor after the event, `event` its type, `data` the CloudEvent."""
        return await stream.stream(request)
