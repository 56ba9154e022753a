"""Witnesses: others who cosign our checkpoints (C2SP tlog-witness), what each is sent, and what its response means.

A witness that has cosigned a tree which ours does not continue proves that an older copy of the database was restored, even
where the whole home was restored with it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Exists, Row, delete, exists, insert, select, update

from registry.audit.proof import checkpoints, merkle
from registry.audit.proof.signed_notes import BadNote, Kind, Verifier, format_add_checkpoint, open_note
from registry.errors import Conflict, Fault, LogRolledBack, NotFound, Refused
from registry.ledger.tables import BOOKS, WITNESSES

SIZE_MEDIA = "text/x.tlog.size"
"""The media type of a witness's answer that names the size which it knows."""
ASK_EVERY = 5_000_000
"""Microseconds between two questions to one witness."""
RETRY_EVERY = 60_000_000
"""Microseconds between two questions to a witness that did not cosign the last time."""
LONGEST = 200
"""Characters of a name that can be kept."""

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,17})\n")
_ROLLED_BACK = LogRolledBack.code
_TOLD = WITNESSES.c.fault.startswith(_ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class CosignRequest:
    """A checkpoint that a witness is to cosign, and what it is told to have seen before."""

    book: str
    epoch: int
    name: str
    vkey: str
    url: str
    note: str
    old: int
    size: int
    body: str


@dataclass(frozen=True, slots=True)
class CosignResponse:
    """What a witness answered; `failure` says why there is nothing."""

    status: int = 0
    media: str = ""
    body: bytes = b""
    failure: str = ""

    def known_size(self) -> int | None:
        """The size that the witness says it knows, where it says so."""
        match = _SIZE.fullmatch(self.body)
        return int(match[1]) if self.status == 409 and self.media == SIZE_MEDIA and match else None  # noqa: PLR2004


def add_witness(connection: Connection, book: str, name: str, vkey: str, url: str) -> None:
    """Ask this witness too from now on. Raises Refused for a key or an address that cannot be one, Conflict for a known name."""
    _check_key(name, vkey)
    _check_url(url)
    if _find(connection, book, name) is not None:
        raise Conflict(zh="已有同名的见证者。", en="There is a witness of this name already.")
    connection.execute(insert(WITNESSES).values(book=book, name=name, vkey=vkey, url=url.rstrip("/"), size=0))


def _check_key(name: str, vkey: str) -> None:
    try:
        found = Verifier.parse(vkey)
    except BadNote as fault:
        raise Refused(faults=[Fault("/vkey", "vkey", f"不是公钥：{fault}", f"VKEY: {fault}")]) from None
    if found.kind is not Kind.COSIGNATURE or found.name != name or len(name) > LONGEST:
        said = "须为同名的 cosignature/v1 公钥。", "VKEY: must be a key for cosignatures (type 0x04) of this name"
        raise Refused(faults=[Fault("/vkey", "vkey", *said)])


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or set(url) & set(" @?#"):
        said = "须为 http 或 https 地址。", "URL: must be http:// or https://, with neither user, query nor fragment"
        raise Refused(faults=[Fault("/url", "url", *said)])


def list_witnesses(connection: Connection, book: str) -> Sequence[Row[Any]]:
    """The witnesses of a book by name."""
    return connection.execute(select(WITNESSES).where(WITNESSES.c.book == book).order_by(WITNESSES.c.name)).all()


def remove_witness(connection: Connection, book: str, name: str) -> None:
    """Ask this witness no more; what it knew of the log is forgotten. Raises NotFound."""
    if not connection.execute(delete(WITNESSES).where(*_this(book, name))).rowcount:
        raise NotFound(zh="没有这位见证者。", en="There is no such witness.")


def forget_answers(connection: Connection, book: str) -> None:
    """The log begins anew: what the witnesses said was about another one."""
    nothing = dict.fromkeys(("checkpoint_sha256", "cosignature", "asked_at", "fault"))
    connection.execute(update(WITNESSES).where(WITNESSES.c.book == book).values(size=0, **nothing))


def accuses(book: ColumnElement[str]) -> Exists:
    """The clause for books of which a witness has cosigned what our log does not continue."""
    return exists().where(WITNESSES.c.book == book, _TOLD)


def check_known(connection: Connection, book: str) -> None:
    """Raise LogRolledBack where a witness has cosigned what our log does not continue."""
    size = connection.scalar(select(WITNESSES.c.size).where(WITNESSES.c.book == book, _TOLD))
    if size is not None:
        raise LogRolledBack("log", size, checkpoints.sealed(connection, book).log_size)


def due(connection: Connection, now: int) -> list[tuple[str, str]]:
    """The witnesses (book, name) that may be asked again."""
    return [
        (row.book, row.name)
        for row in connection.execute(select(WITNESSES).order_by(WITNESSES.c.book, WITNESSES.c.name))
        if row.asked_at is None or now - row.asked_at >= (RETRY_EVERY if row.fault else ASK_EVERY)
    ]


def next_request(connection: Connection, book: str, name: str, old: int | None = None) -> CosignRequest | None:
    """What to ask a witness, who saw the tree of size `old` last; None where it has cosigned the newest checkpoint."""
    row, ours = _find(connection, book, name), checkpoints.sealed(connection, book)
    if row is None or ours.checkpoint is None or row.checkpoint_sha256 == checkpoints.digest_of(ours.checkpoint):
        return None
    size = ours.log_size
    start = min(row.size if old is None else old, size)
    proof = merkle.consistency(start, size, checkpoints.StoredTiles(connection, book, "log"))
    body = format_add_checkpoint(start, proof, ours.checkpoint)
    return CosignRequest(book, ours.epoch, name, row.vkey, row.url, ours.checkpoint, start, size, body)


def settle(connection: Connection, request: CosignRequest, response: CosignResponse, now: int) -> None:
    """Keep what a witness answered: its cosignature, or what is wrong."""
    connection.execute(select(BOOKS.c.book).where(BOOKS.c.book == request.book).with_for_update())
    ours = checkpoints.sealed(connection, request.book)
    if ours.epoch != request.epoch:  # the log was begun anew meanwhile
        return
    same = (*_this(request.book, request.name), WITNESSES.c.vkey == request.vkey)
    # Another server may have sealed and asked since: what counts is how long the log is by now.
    values = _meaning(request, response, ours.log_size)
    connection.execute(update(WITNESSES).where(*same).values(asked_at=now, **values))


def _meaning(request: CosignRequest, response: CosignResponse, ours: int) -> dict[str, object]:
    line = _cosignature(request, response)
    if line is not None:
        digest = checkpoints.digest_of(request.note)
        return {"size": request.size, "checkpoint_sha256": digest, "cosignature": line, "fault": None}
    other = _other_log(request, response, ours)
    if other is not None:
        return {
            "size": other,
            "fault": f"{_ROLLED_BACK}: it cosigned a tree of {other}; ours of {ours} is no later one",
        }
    return {"fault": response.failure or f"answered {response.status}, and no cosignature by its key"}


def _cosignature(request: CosignRequest, response: CosignResponse) -> str | None:
    """The witness's signature line over our checkpoint, if the answer has it."""
    if response.status != 200:  # noqa: PLR2004 - OK
        return None
    try:
        _, verified = open_note(request.note + response.body.decode(), [Verifier.parse(request.vkey)])
    except ValueError:
        return None
    return verified[0].line


def _other_log(request: CosignRequest, response: CosignResponse, ours: int) -> int | None:
    """The size of a tree that the witness cosigned and that ours is no later state of; None where nothing says so."""
    known = response.known_size()
    if known is not None and known > ours:
        return known
    if response.status == 422 and request.old:  # noqa: PLR2004 - the proof from what it saw leads elsewhere
        return request.old
    if response.status == 409 and request.old == request.size and known in {None, request.size}:  # noqa: PLR2004 - another root
        return request.size
    return None


def _find(connection: Connection, book: str, name: str) -> Row[Any] | None:
    return connection.execute(select(WITNESSES).where(*_this(book, name))).one_or_none()


def _this(book: str, name: str) -> tuple[Any, ...]:
    return WITNESSES.c.book == book, WITNESSES.c.name == name
