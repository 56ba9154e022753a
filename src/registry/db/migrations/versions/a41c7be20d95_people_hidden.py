"""people hidden

From here on dashboards and bots see no entry of people in care (docs/decisions/0012). Their feeds say so once, at this place of the log.

Revision: a41c7be20d95, after 7d2c5e0b9a14, 2026-11-28
"""

import sqlalchemy as sa
from alembic import op

revision = 'a41c7be20d95'
down_revision = '7d2c5e0b9a14'
branch_labels = None
depends_on = None

COMMENT = 'the watermark from which dashboards and bots see no entry of people in care; null where they never saw any'


def upgrade() -> None:
    op.add_column('books', sa.Column('people_hidden_at', sa.BigInteger(), nullable=True, comment=COMMENT))
    op.execute('UPDATE books SET people_hidden_at = next_position')


def downgrade() -> None:
    op.drop_column('books', 'people_hidden_at')
