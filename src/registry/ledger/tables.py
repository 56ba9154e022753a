"""The tables of the ledger itself, and the table of versions that every register gets."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, column
from sqlalchemy.schema import SchemaItem

from registry.db.indexes import latest_first
from registry.db.schema import metadata

BOOKS = Table(
    "books",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("next_position", BigInteger, nullable=False, comment="the log's length: the watermark"),
    Column("last_recorded_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
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
    Index(None, "book", "recorded_at"),
    Index(None, "book", "case_id", "position"),
    Index(None, "book", "actor_id", "position"),
    comment="all versions of a book in commit order, without gaps; also the outbox",
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
        Column("document", LargeBinary, nullable=False),
        Column("personal", LargeBinary),
        *items,
        Index(f"ix_{name}_position", "book", "position", unique=True),
        Index(f"ix_{name}_current", "book", "entry_id", unique=True, sqlite_where=current, postgresql_where=current),
        Index(f"ix_{name}_entry", "book", "entry_id", "position"),
        *latest_first(name),
        *(index for column in ("town", *filters) for index in latest_first(name, column)),
    )
