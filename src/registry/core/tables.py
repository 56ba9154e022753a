"""Principals, break-glass and erasures."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from registry.db.schema import metadata

PRINCIPALS = Table(
    "principals",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book", String(6), nullable=False),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("divisions", Text, nullable=False, comment="division codes, separated by spaces"),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True, comment="SHA-256 of the key"),
    Column("key_start", String(8), nullable=False, comment="the key's first characters, to name it by"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    comment="who may call: one row for each API key",
)

BREAK_GLASS = Table(
    "break_glass",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book", String(6), nullable=False),
    Column("principal_id", String(36), nullable=False),
    Column("register", String(32), nullable=False),
    Column("entry_id", String(36), nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_by", Text, nullable=False, comment="name of the key, as it was"),
    Column("opened_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index(None, "book", "principal_id", "until"),
    comment="an auditor's plain view of one entry, for at most an hour (紧急查阅)",
)

ERASURES = Table(
    "erasures",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book", String(6), nullable=False),
    Column("patient_id", String(36), nullable=False),
    Column("basis", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("confirmed_by", Text),
    Column("confirmed_at", BigInteger),
    Column("position", BigInteger, comment="of the version that says so in the log"),
    Index(None, "book", "patient_id"),
    comment="erasures asked for and done (依法删除)",
)
