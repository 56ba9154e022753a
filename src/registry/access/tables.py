"""Principals, data keys and the access log."""

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

SUBJECT_KEYS = Table(
    "subject_keys",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("subject", String(72), primary_key=True, comment="the case, after the register it is of"),
    Column("master_id", String(16), nullable=False, comment="the master key it is wrapped under"),
    Column("wrapped", LargeBinary, nullable=False),
    comment="a data key for each person or case; destroying one erases the person everywhere",
)

ACCESS_LOG = Table(
    "access_log",
    metadata,
    Column("id", String(36), primary_key=True, comment="UUIDv7: sorts by time"),
    Column("book", String(6), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("principal_id", String(36), nullable=False),
    Column("register", String(32), nullable=False),
    Column("path", String(16), nullable=False, comment="item, list, search, version, versions or case"),
    Column("entries", Text, nullable=False, comment="ids of the entries shown, separated by spaces"),
    Column("request_id", String(36), nullable=False),
    Index(None, "book", "recorded_at"),
    comment="reads that showed personal data in plain, committed before the answer left",
)
