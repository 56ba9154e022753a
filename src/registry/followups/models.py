"""The tables of versions."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, LargeBinary, String, column, false, text

from registry.ledger.tables import COPY, version_table

_standing = column("superseded_at").is_(None)


PATIENTS = version_table(
    "patients",
    Column("identity", LargeBinary(16), comment="blind index of the ID number; one current entry a town"),
    Column("status", String(8), nullable=False),
    Column("risk_level", Integer, nullable=False),
    Column("stability", String(16), nullable=False),
    Column("diagnosis", String(40), nullable=False),
    Column("in_care_since", Date, nullable=False),
    Column("left_care_on", Date),
    Column("next_visit_on", Date),
    Index("ix_patients_identity", "book", "town", "identity", unique=True,
          sqlite_where=text("superseded_at IS NULL AND NOT voided"),
          postgresql_where=text("superseded_at IS NULL AND NOT voided")),
    filters=("case_id", "status"),
)  # fmt: skip

VISITS = version_table(
    "visits",
    Column("visited_on", Date, nullable=False),
    Column("form", String(8), nullable=False),
    Column("seen", Boolean, nullable=False),
    Column("not_seen_reason", String(12)),
    Column("joint", Boolean, nullable=False),
    Column("risk_level", Integer),
    Column("stability", String(16)),
    Column("next_visit_on", Date),
    Column("campaign_id", String(36)),
    Column("due_on", Date, info=COPY, comment="the patient's next visit as it was planned when this one was recorded"),
    Column("team", String(300), info=COPY, comment="the roles of who came, in order, separated by commas"),
    Column("irregular", Boolean, nullable=False, server_default=false(), info=COPY, comment="has irregularities"),
    Index("ix_visits_day", "book", "visited_on", "town", "joint", "voided", "seen", "case_id", sqlite_where=_standing,
          postgresql_where=_standing),
    filters=("case_id",),
)  # fmt: skip

CAMPAIGNS = version_table("campaigns", Column("starts_on", Date, nullable=False), Column("ends_on", Date))
