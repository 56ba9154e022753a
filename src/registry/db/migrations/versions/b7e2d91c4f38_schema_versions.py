"""schema versions

Each version says in which schema it was recorded, and when its entry was first made (docs/decisions/0017);
what is true but irregular can be asked for. Stored documents are not touched.

Revision: b7e2d91c4f38, after b52e0c7d1f38, 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = 'b7e2d91c4f38'
down_revision = 'b52e0c7d1f38'
branch_labels = None
depends_on = None

REGISTERS = (
    'agreements', 'alerts', 'campaigns', 'disputes', 'divisions', 'gatherings', 'grid_staff', 'mediation_sessions',
    'patients', 'proceedings', 'reminders', 'return_visits', 'sheds', 'visits',
)  # fmt: skip
IRREGULAR = 'agreements', 'gatherings', 'sheds', 'visits'
VERSION = 'of the stored document: meta.schema_version; 1 where it has none'
CREATED = "when the entry's first version was recorded: microseconds since 1970, UTC"
FILL = """
UPDATE {table} SET created_at = (
    SELECT log.recorded_at FROM {table} AS first JOIN log ON log.book = first.book AND log.position = first.position
    WHERE first.book = {table}.book AND first.entry_id = {table}.entry_id AND first.number = 1
)
"""


def upgrade() -> None:
    for table in REGISTERS:
        version = sa.Column('schema_version', sa.SmallInteger(), server_default='1', nullable=False, comment=VERSION)
        created = sa.Column('created_at', sa.BigInteger(), server_default='0', nullable=False, comment=CREATED)
        op.add_column(table, version)
        op.add_column(table, created)
        op.execute(FILL.format(table=table))
    for table in IRREGULAR:
        irregular = sa.Column[bool](
            'irregular', sa.Boolean(), server_default=sa.false(), nullable=False, comment='has irregularities'
        )
        op.add_column(table, irregular)


def downgrade() -> None:
    for table in IRREGULAR:
        op.drop_column(table, 'irregular')
    for table in REGISTERS:
        op.drop_column(table, 'created_at')
        op.drop_column(table, 'schema_version')
