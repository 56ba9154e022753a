"""The standard endpoints of a register, made from its declaration and its use cases.

What only one register has (a search, a move to another stage) stands in that register's own `controller.py`.
"""

from typing import NamedTuple
from uuid import UUID

from litestar import get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from registry.core.queries import VersionQuery
from registry.core.register import Register
from registry.core.use_cases import Writes
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.reads import Answer

LISTED = (
    "Of the caller's divisions, and what others opened to them. `sort` gives another order, `fields` less of each entry; all pages are of "
    "the moment of the first."
)
READ = "With `as_of` as it was known then, with `on` as it was on that day by its own dates; `fields` gives less of it."
VERSIONS = "Nothing is ever rubbed out: each version says who recorded it, when, and why."
VERSION = "It never changes; only who may see its personal fields does."
RECORDED = "Sent again with the same Idempotency-Key it is recorded once."
PUT = "Sent again alike it is answered alike, so that a form may send until it has an answer."
CHANGED = "A merge patch (RFC 7396) of the version named in If-Match: null takes a field out."
CORRECTED = "The changes are a merge patch; the reason is shown to every reader. What was recorded wrongly stays in the versions."
VOIDED = "It can still be read, and counts nowhere any more."


class ReadTexts(NamedTuple):
    """What the published document says of the four reads."""

    list: str
    read: str
    versions: str
    version: str


def entry_routes(register: Register, uses: Writes) -> list[HTTPRouteHandler]:
    """All ten: list, record (POST and PUT), read, change, correct, void, ask to void, versions, one version."""
    return [*read_routes(register), *_write_routes(register, uses), *_void_routes(register, uses)]


def read_routes(register: Register, texts: ReadTexts | None = None) -> list[HTTPRouteHandler]:
    """List, read, versions, one version: what a register that only the server writes has too, with texts of its own."""
    path, name, plural = f"/v1/{register.name}", register.entry.__name__, register.names.plural
    said = texts or _texts(register)
    entry = f"{path}/{{entry_id:uuid}}"

    @get(path, operation_id=f"list{plural}", description=f"{said.list}\n\n{LISTED}", opt=contract.lists(register))
    async def list_entries(request: Call) -> Answer:
        return await reads.page(request, register)

    @get(entry, operation_id=f"read{name}", description=f"{said.read}\n\n{READ}", opt=contract.item(register))
    async def read_entry(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await reads.item(request, register, str(entry_id))

    versions, version = f"{entry}/versions", f"{entry}/versions/{{number:int}}"

    @get(
        versions,
        operation_id=f"list{name}Versions",
        description=f"{said.versions}\n\n{VERSIONS}",
        opt=contract.lists_versions(register),
    )
    async def list_versions(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await reads.versions(request, register, str(entry_id))

    @get(
        version,
        operation_id=f"read{name}Version",
        description=f"{said.version}\n\n{VERSION}",
        opt=contract.reads(register.entry, VersionQuery),
    )
    async def read_version(request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        return await reads.version(request, register, str(entry_id), number)

    return [list_entries, read_entry, list_versions, read_version]


def _texts(register: Register) -> ReadTexts:
    one, many = register.names.one, register.names.many
    return ReadTexts(
        list=f"List {many} ({register.title}), last change first.",
        read=f"Read {one} as it stands, or stood.",
        versions=f"List the versions of {one}, first to last.",
        version=f"Read one version of {one}.",
    )


def _write_routes(register: Register, uses: Writes) -> list[HTTPRouteHandler]:
    path, name, one = f"/v1/{register.name}", register.entry.__name__, register.names.one
    entry = f"{path}/{{entry_id:uuid}}"

    record_text = f"Record {one}.\n\n{RECORDED}"
    put_text = f"Record {one} under the form's own id (UUIDv7).\n\n{PUT}"
    change_text = f"Change {one}: the world moved on.\n\n{CHANGED}"
    correct_text = f"Correct {one} that was recorded wrongly (更正).\n\n{CORRECTED}"
    verb = register.names.record

    @post(path, operation_id=f"{verb}{name}", description=record_text, opt=contract.creates(register))
    async def record(request: Call) -> Answer:
        return await writes.create(request, register, uses.record)

    @put(entry, operation_id=f"put{name}", description=put_text, opt=contract.puts(register), status_code=201)
    async def put_entry(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await writes.create(request, register, uses.record, str(entry_id))

    @patch(entry, operation_id=f"change{name}", description=change_text, opt=contract.changes(register))
    async def change(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await writes.change(request, register, uses.change, str(entry_id))

    correct_path, corrects = f"{entry}/correct", contract.corrects(register)

    @post(correct_path, operation_id=f"correct{name}", description=correct_text, opt=corrects, status_code=200)
    async def correct(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await writes.correct(request, register, uses.change, str(entry_id))

    return [record, put_entry, change, correct]


def _void_routes(register: Register, uses: Writes) -> list[HTTPRouteHandler]:
    name, one = register.entry.__name__, register.names.one
    entry = f"/v1/{register.name}/{{entry_id:uuid}}"
    void_text = f"Void {one} that should never have been entered (作废).\n\n{VOIDED}"

    @post(
        f"{entry}/void",
        operation_id=f"void{name}",
        description=void_text,
        opt=contract.voids(register),
        status_code=200,
    )
    async def void(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await writes.void(request, register, uses.void, str(entry_id))

    asked, ask_text = (
        f"{entry}/void-request",
        f"Ask the supervisor to void {one} (申请作废): later than a day after it was made.",
    )

    @post(asked, operation_id=f"askToVoid{name}", description=ask_text, opt=contract.asks_to_void(), status_code=201)
    async def ask_to_void(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await writes.ask_to_void(request, register, str(entry_id))

    return [void, ask_to_void]
