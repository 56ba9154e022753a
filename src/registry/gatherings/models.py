"""The tables of versions."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, String, column, false

from registry.ledger.tables import COPY, version_table

_standing = column("superseded_at").is_(None)


GATHERINGS = version_table(
    "gatherings",
    Column("kind", String(20), nullable=False),
    Column("measure", String(12), nullable=False),
    Column("sessions", Integer, nullable=False, comment="场"),
    Column("planned_from", Date, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("notice", String(200), info=COPY, comment="title of the notice that the measure rests on"),
    Column("irregular", Boolean, nullable=False, server_default=false(), info=COPY, comment="has irregularities"),
    Index("ix_gatherings_decided", "book", "decided_on", "town", "sessions", sqlite_where=_standing,
          postgresql_where=_standing),
    filters=("kind",),
)  # fmt: skip

SHEDS = version_table(
    "sheds",
    Column("use", String(16), nullable=False),
    Column("count", Integer, nullable=False, comment="个"),
    Column("demolished_on", Date),
    Column("notice_served_on", Date),
    Column("police_case_number", String(100)),
    Column("structure", String(12), info=COPY),
    Column("area_hundredths", BigInteger, info=COPY, comment="of a square metre"),
    Column("found_on", Date, info=COPY),
    Column("irregular", Boolean, nullable=False, server_default=false(), info=COPY, comment="has irregularities"),
    Index("ix_sheds_demolished", "book", "demolished_on", "town", "count", sqlite_where=_standing,
          postgresql_where=_standing),
)  # fmt: skip
