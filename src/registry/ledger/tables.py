"""The tables of the ledger itself, and the table of versions that every register gets."""

from functools import cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    column,
)
from sqlalchemy.schema import SchemaItem

from registry.db.indexes import latest_first
from registry.db.schema import metadata

BOOKS = Table(
    "books",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("next_position", BigInteger, nullable=False, comment="the log's length: the watermark"),
    Column("last_recorded_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("next_event", BigInteger, nullable=False, server_default="0", comment="how many access events there are"),
    Column("last_event_at", BigInteger, nullable=False, server_default="0", comment="microseconds since 1970, UTC"),
    Column(
        "people_hidden_at",
        BigInteger,
        comment="the watermark from which dashboards and bots see no entry of people in care; "
        "null where they never saw any",
    ),
    comment="one row for each county's registry; its row lock is what orders the writes",
)

LOG = Table(
    "log",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("register", String(32), nullable=False),
    Column("entry_id", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("action", String(16), nullable=False),
    Column("recorded_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC; rises with the position"),
    Column("replayed_at", BigInteger, comment="when a replayed day was really loaded; null for live writes"),
    Column("actor_id", String(36), nullable=False),
    Column("division", String(12), nullable=False),
    Column("case_id", String(36), nullable=False),
    Column("public_sha256", LargeBinary(32), nullable=False, comment="of the document without its personal fields"),
    Column("personal_commitment", LargeBinary(32), comment="salted hash of the personal fields, null without any"),
    Column(
        "personal_fields", Text, comment="JSON Pointers of the personal fields, separated by blanks; null without any"
    ),
    Column("columns_sha256", LargeBinary(32), nullable=False, comment="of the version's own filter columns"),
    Index(None, "book", "recorded_at"),
    Index(None, "book", "actor_id", "position"),
    Index(None, "book", "case_id", "position"),
    comment="all versions of a book in commit order, without gaps; also the outbox",
)

EVENTS = Table(
    "access_events",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(24), nullable=False),
    Column("recorded_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC; rises with the position"),
    Column("principal_id", String(36), nullable=False, comment="whose access it was; empty for the server itself"),
    Column("register", String(32), comment="of the entries, where there are any"),
    Column("document", LargeBinary, nullable=False, comment="the event as canonical JSON: the leaf of the access tree"),
    Index(None, "book", "recorded_at"),
    Index(None, "book", "principal_id", "position"),
    Index(None, "book", "kind", "position"),
    comment="the access log (查阅日志): reads in plain, grants, refusals, break-glass, erasures; without gaps",
)

EVENT_CASES = Table(
    "access_event_cases",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("kind", String(32), primary_key=True, comment="the register of the case itself"),
    Column("case_id", String(36), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    comment="which cases an access event touched: who has seen this person",
)

TILES = Table(
    "tiles",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("tree", String(8), primary_key=True, comment="log or access"),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("tile", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False, comment="up to 256 hashes of 32 bytes (C2SP tlog-tiles)"),
    comment="the Merkle trees over the log and over the access events",
)

SEALS = Table(
    "seals",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("epoch", Integer, nullable=False, comment="how often the log was begun anew after a restored backup"),
    Column("log_size", BigInteger, nullable=False),
    Column("access_size", BigInteger, nullable=False),
    Column("checkpoint", Text, nullable=False, comment="the last signed checkpoint (C2SP tlog-checkpoint)"),
    Column("sealed_at", BigInteger, nullable=False),
    comment="how far each book's trees are built, and the signed note that says so",
)

WITNESSES = Table(
    "witnesses",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("vkey", Text, nullable=False),
    Column("url", Text, nullable=False, comment="where add-checkpoint is asked (C2SP tlog-witness)"),
    Column("size", BigInteger, nullable=False, comment="of the tree that it cosigned last"),
    Column("checkpoint_sha256", LargeBinary(32), comment="of the text that it cosigned last"),
    Column("cosignature", Text, comment="its signature line under that text"),
    Column("asked_at", BigInteger),
    Column("fault", Text, comment="what it answered instead, the last time"),
    comment="others who cosign our checkpoints",
)

NEIGHBOURS = Table(
    "witnessed_logs",
    metadata,
    Column("origin", String(200), primary_key=True),
    Column("vkey", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), comment="of the tree of that size; null before the first"),
    Column("seen_at", BigInteger),
    comment="logs of other counties that we cosign",
)

SEQUENCES = Table(
    "sequences",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("last", Integer, nullable=False),
    comment="running numbers such as a town's disputes of a year, without gaps",
)

SHARING = Table(
    "sharing",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("kind", String(32), primary_key=True, comment="the register of the case itself: disputes or patients"),
    Column("case_id", String(36), primary_key=True),
    Column("town", String(9), primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False, comment="position that opened it"),
    Column("until", BigInteger, comment="position that closed it"),
    Index("ix_sharing_open", "book", "kind", "town", "case_id", sqlite_where=column("until").is_(None),
          postgresql_where=column("until").is_(None)),
    comment="cases that another town may see too: disputes of two towns, patients who moved in",
)  # fmt: skip

BLIND_INDEX = Table(
    "blind_index",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("digest", LargeBinary(16), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    comment="keyed hashes of ID numbers and phones, so that they can be found without being readable",
)

IDEMPOTENCY = Table(
    "idempotency",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("principal_id", String(36), primary_key=True),
    Column("route", String(160), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False, comment="SHA-256 of the body"),
    Column("register", String(32), nullable=False),
    Column("entry_id", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    comment="what a key was used for; written in the transaction of the write itself",
)


COMMON = frozenset(
    [
        "book",
        "entry_id",
        "number",
        "position",
        "superseded_at",
        "case_id",
        "division",
        "town",
        "voided",
        "classes",
        "schema_version",
        "created_at",
        "document",
        "personal",
    ]
)
"""The columns that every register's table has."""


COPY = {"copy": True}
"""Marks a column that was added to a table later and repeats what the document, or another version, says: the leaves of
older versions do not cover it, so it is checked against its source instead (docs/decisions/0011).
"""


@cache
def hashed_columns(table: Table) -> tuple[str, ...]:
    """A register's own filter columns, which the log's leaf covers; not the keyed hashes, which an erasure takes away."""
    own = (c for c in table.columns if c.name not in COMMON and not c.info.get("copy"))
    return tuple(c.name for c in own if not isinstance(c.type, LargeBinary))


def _schema_columns() -> tuple[SchemaItem, ...]:
    """What is needed to show a stored document in today's schema version."""
    version = "of the stored document: meta.schema_version; 1 where it has none"
    made = "when the entry's first version was recorded: microseconds since 1970, UTC"
    return (
        Column("schema_version", SmallInteger, nullable=False, server_default="1", comment=version),
        Column("created_at", BigInteger, nullable=False, server_default="0", comment=made),
    )


def version_table(name: str, *items: SchemaItem, filters: tuple[str, ...] = ()) -> Table:
    """The table of a register's versions: the common columns, then the register's own filter columns and indexes.
    `filters` are the columns that lists are most often filtered by.

    `document` holds the version's public shape as finished JSON, personal fields masked; `personal` their plain values,
    sealed. A version is current while `superseded_at` is null; the unique index makes a second current one impossible.
    """
    current = column("superseded_at").is_(None)
    return Table(
        name,
        metadata,
        Column("book", String(6), primary_key=True),
        Column("entry_id", String(36), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("position", BigInteger, nullable=False),
        Column("superseded_at", BigInteger, comment="position of the next version"),
        Column("case_id", String(36), nullable=False, comment="the dispute or patient it belongs to; else itself"),
        Column("division", String(12), nullable=False),
        Column(
            "town", String(9), nullable=False, comment="first nine digits of the division; six for the county itself"
        ),
        Column("voided", Boolean, nullable=False),
        Column(
            "classes",
            String(8),
            nullable=False,
            server_default="",
            comment="stamp of the personal classes that its masks were made by",
        ),
        *_schema_columns(),
        Column("document", LargeBinary, nullable=False),
        Column("personal", LargeBinary),
        *items,
        Index(f"ix_{name}_position", "book", "position", unique=True),
        Index(f"ix_{name}_current", "book", "entry_id", unique=True, sqlite_where=current, postgresql_where=current),
        Index(f"ix_{name}_entry", "book", "entry_id", "position"),
        *latest_first(name),
        *(index for column in ("town", *filters) for index in latest_first(name, column)),
    )
