"""The log as outsiders check it: checkpoint, tiles, proofs, receipts (C2SP tlog-checkpoint, tlog-tiles, tlog-proof)."""

import base64
import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta
from sqlalchemy import Connection

from registry import errors
from registry.audit.proof import checkpoints, merkle
from registry.audit.proof.checkpoints import checkpoint, receipt_of
from registry.audit.proof.leaves import leaves
from registry.audit.proof.merkle import parse_tile_path
from registry.audit.proof.sealer_job import LogSealer
from registry.audit.proof.signed_notes import Kind
from registry.core.principals import Principal, Role
from registry.core.queries import AsOfQuery
from registry.core.register import Register, Right
from registry.errors import Fault, Forbidden, NotFound, NotSealed, Refused
from registry.ledger.versions import encode
from registry.web.call import Call, view_of
from registry.web.contract import GUARDED, Contract

Answer = Response[bytes]
TEXT = "text/plain; charset=utf-8"
ENTRIES = re.compile(r"entries/((?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?)")
LOG_READERS = frozenset({Role.AUDITOR, Role.SUPERVISOR})
"""Who may read leaves of the whole book; hashes tell nobody anything, so any key may read those."""


class LogKey(msgspec.Struct, kw_only=True):
    """A public key (C2SP signed-note)."""

    vkey: str
    kind: Annotated[str, Meta(description="`checkpoint`: signs our checkpoints; `witness`: cosigns for neighbours")]


class LogKeyList(msgspec.Struct, kw_only=True):
    """What checkpoints are checked against."""

    origin: str
    items: list[LogKey]


class ProofQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"from_": "from"}):
    """Which proof: that a position is in the tree, or that a later tree contains an earlier one whole."""

    tree: Annotated[Literal["log", "access"], Meta(description="The log of versions, or that of access events.")] = (
        "log"
    )
    position: Annotated[int, Meta(ge=0, le=2**53, description="Of inclusion: the leaf's place.")] | None = None
    size: Annotated[int, Meta(ge=1, le=2**53, description="Of inclusion: in the tree of this size; left out: of the checkpoint.")] | None = None  # fmt: skip
    from_: Annotated[int, Meta(ge=1, le=2**53, description="Of consistency: the earlier size.")] | None = None
    to: Annotated[int, Meta(ge=1, le=2**53, description="Of consistency: the later size; left out: of the checkpoint.")] | None = None  # fmt: skip


class Proof(msgspec.Struct, kw_only=True):
    """An inclusion proof (position, size) or a consistency proof (from, size), with the checkpoint it was made under."""

    tree: str
    position: int | None
    from_: Annotated[int | None, Meta()] = msgspec.field(name="from", default=None)
    size: int
    leaf_hash: str | None
    root: Annotated[str, Meta(description="of the tree of this size, base64")]
    hashes: Annotated[list[str], Meta(description="base64; from the leaf's sibling up (RFC 6962)")]
    checkpoint: str


GUARDS = (*GUARDED, errors.NotFound, errors.LogRolledBack)
CHECKPOINT = Contract(None, media="text/plain", problems=(*GUARDED, errors.LogRolledBack))
KEYS = Contract(LogKeyList)
TILE = Contract(None, media="application/octet-stream", problems=GUARDS)
PROOF = Contract(Proof, query=ProofQuery, problems=GUARDS)
RECEIPT = Contract(None, media="text/plain", query=AsOfQuery, problems=(*GUARDS, NotSealed))


class LogController(Controller):
    """The log (防篡改日志)."""

    path = "/v1/log"

    @get("/checkpoint", operation_id="readCheckpoint", opt={"contract": CHECKPOINT})
    async def read_checkpoint(self, request: Call) -> Answer:
        """Read the newest signed checkpoint, with the cosignatures of witnesses (C2SP tlog-checkpoint)."""
        who = await request.caller()
        request.no_params()
        await log_sealer(request).seal()
        return _text(await request.context.read(partial(checkpoint, who.book)))

    @get("/keys", operation_id="listLogKeys", opt={"contract": KEYS})
    async def list_log_keys(self, request: Call) -> Answer:
        """List the public keys that checkpoints are checked against. Keep them outside: from here they prove nothing."""
        who = await request.caller()
        request.no_params()
        return _json(await request.context.read(partial(_keys, request, who)))

    @get("/tile/{place:path}", operation_id="readLogTile", opt={"contract": TILE})
    async def read_log_tile(self, request: Call, place: FromPath[str]) -> Answer:
        """Read a tile of the log's tree, or a bundle of leaves (`entries/…`, for auditors) (C2SP tlog-tiles)."""
        return await _tile(request, "log", place)

    @get("/access/tile/{place:path}", operation_id="readAccessTile", opt={"contract": TILE})
    async def read_access_tile(self, request: Call, place: FromPath[str]) -> Answer:
        """Read a tile of the access events' tree, or a bundle of them (`entries/…`, for auditors)."""
        return await _tile(request, "access", place)

    @get("/proof", operation_id="readProof", opt={"contract": PROOF})
    async def read_proof(self, request: Call) -> Answer:
        """Read a proof: `position` (is in the tree) or `from` and `to` (the later tree contains the earlier one)."""
        who = await request.caller()
        query = request.params(ProofQuery)
        _check_query(query)
        await log_sealer(request).seal()
        return _json(await request.context.scan(partial(_proof, who.book, query)))


def log_sealer(call: Call) -> LogSealer:
    """The sealer of the server that was called."""
    sealer: LogSealer = call.app.state.log_sealer
    return sealer


def _keys(request: Call, who: Principal, connection: Connection) -> LogKeyList:
    sealer = log_sealer(request)
    origin = checkpoints.origin_of(sealer.origin, who.book, checkpoints.sealed(connection, who.book).epoch)
    keys = [LogKey(vkey=signer.vkey, kind="checkpoint") for signer in sealer.keys.signers(origin)]
    witness = sealer.keys.witness(f"{sealer.origin}/witness").verifier(Kind.COSIGNATURE)
    return LogKeyList(origin=origin, items=[*keys, LogKey(vkey=witness.vkey, kind="witness")])


def _check_query(query: ProofQuery) -> None:
    if (query.position is None) == (query.from_ is None):
        said = "参数 position 与 from 须给出其一。", "Give one of position and from."
        raise Refused(faults=[Fault("#position", "one_of", *said)])
    extra = query.to if query.position is not None else query.size
    if extra is not None:
        said = "size 配 position,to 配 from。", "size goes with position, to goes with from."
        raise Refused(faults=[Fault("#to" if query.position is not None else "#size", "one_of", *said)])


def _proof(book: str, query: ProofQuery, connection: Connection) -> Proof:
    sealed = checkpoints.sealed(connection, book)
    end = sealed.size(query.tree)
    size = query.size or query.to or end
    first = query.position + 1 if query.position is not None else query.from_ or 0
    if not first <= size <= end:
        said = f"树的大小为 {end}。", f"The tree has {end} leaves."
        raise Refused(faults=[Fault("#position" if query.from_ is None else "#from", "out_of_range", *said)])
    tiles = checkpoints.StoredTiles(connection, book, query.tree)
    if query.position is not None:
        hashes = merkle.inclusion(query.position, size, tiles)
        leaf = merkle.leaf_hash(leaves(connection, book, query.tree, query.position, query.position + 1)[0])
    else:
        hashes, leaf = merkle.consistency(query.from_ or 0, size, tiles), None
    return Proof(
        tree=query.tree,
        position=query.position,
        from_=query.from_,
        size=size,
        leaf_hash=_base64(leaf) if leaf else None,
        root=_base64(merkle.root(size, tiles)),
        hashes=[_base64(each) for each in hashes],
        checkpoint=checkpoint(book, connection),
    )


async def _tile(request: Call, tree: str, place: str) -> Answer:
    who = await request.caller()
    request.no_params()
    if "entries/" in place and (who.role not in LOG_READERS or not who.county_wide):
        raise Forbidden
    await log_sealer(request).seal()
    body = await request.context.read(partial(_read_tile, who.book, tree, place.removeprefix("/")))
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(body, media_type="application/octet-stream", headers=headers)


def _read_tile(book: str, tree: str, place: str, connection: Connection) -> bytes:
    bundle = ENTRIES.fullmatch(place)
    try:
        level, index, width = parse_tile_path(f"0/{bundle[1]}" if bundle else place)
    except ValueError:
        raise NotFound from None
    if index * 256 + width > checkpoints.sealed(connection, book).size(tree) >> 8 * level:
        raise NotFound
    if bundle:
        start = index * 256
        found = leaves(connection, book, tree, start, start + width)
        return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in found)
    return checkpoints.StoredTiles(connection, book, tree).tile(level, index, width)


async def receipt(call: Call, register: Register, entry_id: str, number: int) -> Answer:
    """That a version is in the log, as a file to keep (C2SP tlog-proof); its `extra` line is the leaf."""
    who = await call.enter(register, Right.READ)
    query = call.params(AsOfQuery)
    await log_sealer(call).seal()
    return _text(await call.context.scan(partial(_receipt, who, register, entry_id, number, query.as_of)))


def _receipt(
    who: Principal, register: Register, entry_id: str, number: int, as_of: str | None, connection: Connection
) -> str:
    seen = view_of(connection, who, as_of).version(connection, register, entry_id, number)
    return receipt_of(connection, who.book, seen.position)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _text(text: str) -> Answer:
    return Response(text.encode(), media_type=TEXT, headers={"Cache-Control": "private, no-cache"})


def _json(value: msgspec.Struct) -> Answer:
    return Response(encode(value), media_type="application/json", headers={"Cache-Control": "private, no-cache"})


def receipt_handlers(registers: Sequence[Register]) -> list[HTTPRouteHandler]:
    """The receipt (回执) of every version of every register, a path for each of them."""
    return [_receipt_handler(register) for register in registers]


def _receipt_handler(register: Register) -> HTTPRouteHandler:
    async def version_receipt(request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        return await receipt(request, register, str(entry_id), number)

    version_receipt.__doc__ = (
        f"Read the receipt (回执) of a version of {register.name} ({register.title}): proof, to keep, that it is in the log.\n\n"
        "A C2SP tlog-proof. Its `extra` line is the leaf; `registry verify --receipt` checks it offline."
    )
    path = f"/v1/{register.name}/{{entry_id:uuid}}/versions/{{number:int}}/receipt"
    name = f"read{register.entry.__name__}Receipt"
    return get(path, operation_id=name, opt={"contract": RECEIPT})(version_receipt)
