"""Checks a whole database: first the heads of every book, then every version and access event in stretches, in several
processes, then the trees over all of them. Only reads.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Table, func, make_url, or_, select
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from registry.audit.proof import checkpoints
from registry.audit.proof.checkpoints import SealState
from registry.audit.proof.findings import Checked, Finding, Span
from registry.audit.proof.sealer_job import kept_checkpoints
from registry.audit.proof.signed_notes import BadNote, Verifier
from registry.audit.proof.signing_keys import LogKeys
from registry.audit.proof.tree_check import Tree, check_checkpoint, check_earlier, check_tree, read_tiles, signed_by
from registry.audit.verify.access_events import KeyCheck, check_events, check_keys
from registry.audit.verify.versions import CheckInputs, check_versions
from registry.core import watermarks
from registry.core.register import Register
from registry.core.sealing import Sealer, check_key_file
from registry.db.database import open_database
from registry.db.key_store import KeyStore
from registry.db.migrate import at_head
from registry.ledger.tables import BLIND_INDEX, BOOKS, EVENT_CASES, EVENTS, LOG, TILES
from registry.settings import BadSetting, Settings

T = TypeVar("T")
STRETCH = 32_768
"""Leaves that a process checks at a time: a multiple of 256."""
FEW = 16_384
"""Leaves that are checked in this process: others would take longer to start."""
MOST = 1000
"""Findings that are listed at most."""


Registers = Callable[[], Sequence[Register]]
"""Gives the registers. Each process that checks calls it: it must be a function that can be pickled, registers cannot."""
Progress = Callable[[int, int], None]
"""Told how many more leaves were checked, of how many."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Which registers are checked, with which keys (none: the home's own), from which earlier checkpoint, for how many findings."""

    registers: Registers
    vkeys: tuple[str, ...] = ()
    earlier: str | None = None
    """A checkpoint that was kept elsewhere."""
    most: int = 1


@dataclass(frozen=True, slots=True)
class BookState:
    """A book as it stood when the check began, and what was wrong with that already."""

    book: str
    sealed: SealState
    trees: dict[str, Tree]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def spans(self) -> Iterator[Span]:
        """The stretches to check."""
        for name in checkpoints.TREES:
            tree = self.trees[name]
            for start in range(0, tree.leaves, STRETCH):
                yield Span(self.book, name, start, min(start + STRETCH, tree.leaves), tree.sealed)


@dataclass(slots=True)
class Report:
    """The result of a check: the books as they stood, and what is wrong."""

    heads: list[BookState] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def verify_database(
    settings: Settings, options: VerifyOptions, progress: Progress = lambda _step, _all: None
) -> Report:
    """Check everything. Stops after `options.most` findings, which are in the log's order. Raises BadSetting where the
    database or its keys are not there.
    """
    _check_files(settings)
    try:
        kept = kept_checkpoints(
            settings.home
        )  # before the database is looked at, which a running server may seal meanwhile
        heads, findings = asyncio.run(_scan(settings, partial(_heads, settings, options, kept)))
    except DatabaseError as fault:
        _reraise_outage(fault)
        return Report([], [Finding("", "database", f"cannot be read ({fault.orig})")])
    report = Report(heads, list(findings))
    hashes = _check_leaves(settings, options, report, progress)
    if len(report.findings) < options.most:
        report.findings += _check_heads(heads, hashes)
    del report.findings[options.most :]
    return report


def _check_files(settings: Settings) -> None:
    """Nothing is made by looking at it: what is not there stays away."""
    for name, url in (("REGISTRY_DATABASE", settings.database), ("REGISTRY_KEY_STORE", settings.key_store)):
        path = make_url(url).database
        if url.startswith("sqlite") and path and not Path(path).exists():
            raise BadSetting(f"{name}: {path} is not there")
    if not settings.key_file.exists():
        raise BadSetting(
            f"REGISTRY_KEY_FILE: {settings.key_file} is not there; without it sealed parts cannot be opened"
        )


async def _scan(settings: Settings, work: Callable[[Connection], T]) -> T:
    database = open_database(settings.database)
    try:
        return await database.scan(work)
    finally:
        await database.close()


def _reraise_outage(fault: DatabaseError) -> None:
    """A database that is away is no finding; one that is damaged is."""
    if isinstance(fault, OperationalError | InterfaceError):
        raise fault


def verifiers_of(settings: Settings, vkeys: Sequence[str], origin: str) -> list[Verifier]:
    """The keys that a log's checkpoints are checked with: those given, or the home's own."""
    if vkeys:
        try:
            return [Verifier.parse(vkey) for vkey in vkeys]
        except BadNote as fault:
            raise BadSetting(f"--key: {fault}") from None
    if not settings.log_key_file.exists():
        file = settings.log_key_file
        raise BadSetting(f"REGISTRY_LOG_KEY_FILE: {file} is not there; give the log's public key with --key")
    return [Verifier.parse(signer.vkey) for signer in LogKeys(settings.log_key_file).signers(origin)]


def _heads(
    settings: Settings, options: VerifyOptions, kept: Mapping[str, str], connection: Connection
) -> tuple[list[BookState], list[Finding]]:
    """All books, and rows that belong to none."""
    if not at_head(connection):
        raise BadSetting("REGISTRY_DATABASE: has not the newest tables; run registry migrate")
    with closing(KeyStore(settings.key_store)) as store:
        check_key_file(store, settings.key_file)
    books = sorted(watermarks.books(connection))
    gone = [
        Finding(book, "checkpoint kept in the home", "the database has no such book") for book in kept.keys() - books
    ]
    heads = [_head(settings, options, kept.get(book), connection, book) for book in books]
    return heads, [*gone, *_of_no_book(connection, options.registers(), books)]


def _head(settings: Settings, options: VerifyOptions, kept: str | None, connection: Connection, book: str) -> BookState:
    sealed, ends = checkpoints.sealed(connection, book), checkpoints.heads(connection, book)
    for tree, table in (("log", LOG), ("access", EVENTS)):
        last = connection.scalar(select(func.max(table.c.position)).where(table.c.book == book))
        ends[tree] = min(ends[tree], (-1 if last is None else last) + 1 + MOST)  # a head far beyond the rows is absurd
    trees = {
        name: Tree(ends[name], sealed.size(name), read_tiles(connection, book, name)) for name in checkpoints.TREES
    }
    origin = checkpoints.origin_of(settings.origin, book, sealed.epoch)
    signed = sealed.checkpoint is not None or options.earlier is not None
    verifiers = verifiers_of(settings, options.vkeys, origin) if signed else []
    keys = check_keys(connection, book)
    findings = [
        *_strays(connection, options.registers(), book, ends),
        *check_checkpoint(book, settings.origin, sealed, trees, verifiers),
        *_continued(settings, options, kept, connection, book, verifiers),
        *keys.findings,
    ]
    return BookState(book, sealed, trees, tuple(findings), tuple(_notes(kept, origin, trees, keys)))


def _continued(
    settings: Settings,
    options: VerifyOptions,
    kept: str | None,
    connection: Connection,
    book: str,
    verifiers: Sequence[Verifier],
) -> Iterator[Finding]:
    """Whether the book continues the checkpoint in the home, and the one that was given."""
    if kept is not None:
        yield from check_earlier(connection, book, settings.origin, kept, "checkpoint kept in the home")
    if options.earlier is not None and _is_of(options.earlier, settings.origin, book):
        reason = signed_by(options.earlier, verifiers)
        if reason is not None:
            yield Finding(book, "checkpoint given", reason)
        yield from check_earlier(connection, book, settings.origin, options.earlier, "checkpoint given")


def _is_of(note: str, origin: str, book: str) -> bool:
    name = checkpoints.read_head(note).origin
    return name == f"{origin}/{book}" or name.startswith(f"{origin}/{book}/")


def _notes(kept: str | None, origin: str, trees: dict[str, Tree], keys: KeyCheck) -> Iterator[str]:
    """What a reader of the verdict should know, though nothing is wrong."""
    for name, what in (("log", "versions"), ("access", "access events")):
        if late := trees[name].leaves - trees[name].sealed:
            yield f"{late} {what} not sealed yet"
    if keys.unproved:
        yield f"{keys.unproved} keys are older than the first event of a key: nothing proves who issued them"
    if kept is None:
        yield "no checkpoint is kept in the home: that the log's end was cut off would not be noticed"
    elif kept.partition("\n")[0] != origin:
        yield "the checkpoint in the home is of another log: it was begun anew, or renamed"


def _strays(
    connection: Connection, registers: Sequence[Register], book: str, ends: dict[str, int]
) -> Iterator[Finding]:
    """Rows past the end of the log, or before its beginning."""
    tables = [(LOG, "log"), (BLIND_INDEX, "log"), *((register.table, "log") for register in registers)]
    for table, tree in [*tables, (EVENTS, "access"), (EVENT_CASES, "access")]:
        outside = or_(table.c.position < 0, table.c.position >= ends[tree])
        query = select(table.c.position).where(table.c.book == book, outside).order_by(table.c.position).limit(MOST)
        for position in connection.scalars(query):
            yield Finding(book, f"position {position}", f"{table.name} has a row beyond the log's {ends[tree]}")


def _of_no_book(connection: Connection, registers: Sequence[Register], books: Sequence[str]) -> Iterator[Finding]:
    tables: list[Table] = [LOG, EVENTS, EVENT_CASES, BLIND_INDEX, TILES, *(register.table for register in registers)]
    for table in tables:
        query = select(table.c.book, func.count()).where(table.c.book.not_in(books)).group_by(table.c.book)
        for book, count in connection.execute(query):
            yield Finding(book, table.name, f"{count} rows of a book that is not in {BOOKS.name}")


def _check_leaves(
    settings: Settings, options: VerifyOptions, report: Report, progress: Progress
) -> dict[tuple[str, str], bytes]:
    """Check all stretches, adding what is found to the report; the leaf hashes of each tree, by book."""
    spans = [span for head in report.heads for span in head.spans()]
    total = sum(span.stop - span.start for span in spans)
    hashes: dict[tuple[str, str], bytes] = {}
    found: list[Finding] = []
    with _workers(total) as each:
        for span, checked in zip(spans, each(partial(check_span, settings, options), spans), strict=False):
            hashes[span.book, span.tree] = hashes.get((span.book, span.tree), b"") + checked.hashes
            found += checked.findings
            progress(span.stop - span.start, total)
            if len(found) >= options.most:
                break
    report.findings[:0] = found
    return hashes


@contextmanager
def _workers(total: int) -> Iterator[Callable[..., Iterator[Checked]]]:
    """How to check many stretches, in their order: here, or in other processes."""
    if total <= FEW:
        yield map
        return
    # What a row takes is given back as soon as the next one comes; looking for cycles costs a tenth of the time.
    pool = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=gc.disable)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def check_span(settings: Settings, options: VerifyOptions, span: Span) -> Checked:
    """Check one stretch, with a connection of its own."""
    try:
        return asyncio.run(_scan(settings, partial(_check_span, settings, options, span)))
    except DatabaseError as fault:
        _reraise_outage(fault)
        return Checked([Finding(span.book, f"{span.tree} from {span.start}", f"cannot be read ({fault.orig})")], b"")


def _check_span(settings: Settings, options: VerifyOptions, span: Span, connection: Connection) -> Checked:
    if span.tree == "access":
        return check_events(connection, span, options.most)
    with closing(KeyStore(settings.key_store)) as store:
        stones = {stone.subject: stone for stone in store.erased(span.book)}
        by_name = {register.name: register for register in options.registers()}
        inputs = CheckInputs(by_name, Sealer(settings.key_file, store), stones)
        return check_versions(connection, inputs, span, options.most)


def _check_heads(heads: Sequence[BookState], hashes: dict[tuple[str, str], bytes]) -> Iterator[Finding]:
    for head in heads:
        yield from head.findings
        for name in checkpoints.TREES:
            yield from check_tree(head.book, name, head.trees[name], hashes.get((head.book, name), b""), head.sealed)
