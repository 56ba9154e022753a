"""bulletin

The index by day answers the bulletin's totals and a drive's coverage without a look at the rows, documents and all.

Revision: c3d9a1b07e52, after 4afb76ee88f5, 2026-11-24
"""

import sqlalchemy as sa
from alembic import op

revision = 'c3d9a1b07e52'
down_revision = '8c1f5a2e7d40'
branch_labels = None
depends_on = None

STANDING = sa.text('superseded_at IS NULL')


def upgrade() -> None:
    op.drop_index('ix_visits_day', 'visits')
    op.create_index('ix_visits_day', 'visits', ['book', 'visited_on', 'town', 'joint', 'voided', 'seen', 'case_id'], sqlite_where=STANDING, postgresql_where=STANDING)


def downgrade() -> None:
    op.drop_index('ix_visits_day', 'visits')
    op.create_index('ix_visits_day', 'visits', ['book', 'visited_on', 'town', 'joint'], sqlite_where=STANDING, postgresql_where=STANDING)
