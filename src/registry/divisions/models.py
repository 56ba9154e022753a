"""The staff's table of versions, and the code lists; the divisions' own table is `access.places`."""

from sqlalchemy import Column, Date, String

from registry.ledger.tables import version_table

STAFF = version_table(
    "grid_staff",
    Column("duty", String(16), nullable=False),
    Column("tier", String(16), nullable=False),
    Column("left_on", Date),
)
