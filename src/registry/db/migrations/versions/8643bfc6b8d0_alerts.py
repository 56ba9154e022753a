"""alerts

The register of alerts (警示), which the server itself writes.

Revision: 8643bfc6b8d0, after 4afb76ee88f5, 2026-11-24 03:03:14.396122
"""

import sqlalchemy as sa
from alembic import op

revision = '8643bfc6b8d0'
down_revision = 'c3d9a1b07e52'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alerts',
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('entry_id', sa.String(length=36), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('superseded_at', sa.BigInteger(), nullable=True, comment='position of the next version'),
    sa.Column('case_id', sa.String(length=36), nullable=False, comment='the dispute or patient it belongs to; else itself'),
    sa.Column('division', sa.String(length=12), nullable=False),
    sa.Column('town', sa.String(length=9), nullable=False, comment='first nine digits of the division; six for the county itself'),
    sa.Column('voided', sa.Boolean(), nullable=False),
    sa.Column('classes', sa.String(length=8), server_default='', nullable=False, comment='stamp of the personal classes that its masks were made by'),
    sa.Column('document', sa.LargeBinary(), nullable=False),
    sa.Column('personal', sa.LargeBinary(), nullable=True),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('key_id', sa.String(length=36), nullable=True, comment='the key that it is about'),
    sa.PrimaryKeyConstraint('book', 'entry_id', 'number', name=op.f('pk_alerts'))
    )
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.create_index('ix_alerts_current', ['book', 'entry_id'], unique=True, sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.create_index('ix_alerts_entry', ['book', 'entry_id', 'position'], unique=False)
        batch_op.create_index('ix_alerts_position', ['book', 'position'], unique=True)
    _latest_first()


def _latest_first() -> None:
    """As `registry.db.indexes.latest_first` was when this was written, over everything and by town."""
    standing = sa.text("superseded_at IS NULL")
    for columns in ([], ["town"]):
        name = f"ix_alerts_{'_'.join(columns) or 'latest'}"
        if op.get_bind().dialect.name == "sqlite":
            op.create_index(name, "alerts", ["book", *columns, "superseded_at", "position"])
        else:
            op.create_index(f"{name}_standing", "alerts", ["book", *columns, "position"], postgresql_where=standing)


def downgrade() -> None:
    op.drop_table('alerts')
