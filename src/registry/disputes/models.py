"""The tables of versions."""

from sqlalchemy import Boolean, Column, Date, Integer, String, false

from registry.ledger.tables import COPY, version_table

DISPUTES = version_table(
    "disputes",
    Column("case_number", String(40)),
    Column("kind", String(16), nullable=False),
    Column("category", String(4), nullable=False),
    Column("cause", String(24), nullable=False),
    Column("stage", String(12), nullable=False),
    Column("scale", String(16), nullable=False),
    Column("risk", String(8), nullable=False),
    Column("since_year", Integer),
    Column("discovered_on", Date, nullable=False),
    Column("accepted_on", Date),
    Column("settled_on", Date),
    Column("ended_on", Date, comment="settled, referred, withdrawn or closed; null while open"),
    Column(
        "referred_on", Date, info=COPY, comment="when it was last referred to another authority; null if it never was"
    ),
    Column("mediation_due_on", Date),
    Column("days_to_settle", Integer),
    Column("people_involved", Integer, nullable=False),
    Column("area_hundredths", Integer, comment="of a mu"),
    Column(
        "party_divisions",
        String(700),
        info=COPY,
        comment="the divisions of its parties, in order, separated by commas; null without any",
    ),
    filters=("case_id", "stage"),
)

PROCEEDINGS = version_table(
    "proceedings", Column("track", String(20), nullable=False), Column("decided_on", Date),
    filters=("case_id",),
)  # fmt: skip

SESSIONS = version_table(
    "mediation_sessions", Column("held_on", Date, nullable=False), Column("result", String(12), nullable=False),
    filters=("case_id",),
)  # fmt: skip

AGREEMENTS = version_table(
    "agreements",
    Column("kind", String(32), nullable=False),
    Column("signed_on", Date, nullable=False),
    Column("effective_on", Date),
    Column("performed_on", Date),
    Column("confirmation_due_on", Date),
    Column("confirmed_on", Date, info=COPY, comment="when a court confirmed it; null without"),
    Column("next_due_on", Date, info=COPY, comment="the first day due among its terms not performed"),
    Column("irregular", Boolean, nullable=False, server_default=false(), info=COPY, comment="has irregularities"),
    Column(
        "performed_late",
        Boolean,
        info=COPY,
        comment="whether a term was performed after its day; null while none is performed",
    ),
    filters=("case_id",),
)

RETURN_VISITS = version_table(
    "return_visits", Column("visited_on", Date, nullable=False), Column("performance", String(16), nullable=False),
    filters=("case_id",),
)  # fmt: skip
