"""reminders

The register of reminders, which the server writes itself.

Revision: 7d2c5e0b9a14, after 4afb76ee88f5
"""

import sqlalchemy as sa
from alembic import op

revision = '7d2c5e0b9a14'
down_revision = '6f7a5276ba55'
branch_labels = None
depends_on = None

LISTS = [("reminders", ()), ("reminders", ("town",))]


def _create_list_indexes() -> None:
    """As `registry.db.indexes.latest_first` was when this was written."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, columns in LISTS:
        name = f"ix_{table}_{'_'.join(columns) or 'latest'}"
        if sqlite:
            op.create_index(name, table, ["book", *columns, "superseded_at", "position"])
        else:
            standing = sa.text("superseded_at IS NULL")
            op.create_index(f"{name}_standing", table, ["book", *columns, "position"], postgresql_where=standing)


def upgrade() -> None:
    op.create_table('reminders',
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
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False, comment='days after the due day; negative: before it'),
    sa.PrimaryKeyConstraint('book', 'entry_id', 'number', name=op.f('pk_reminders'))
    )
    with op.batch_alter_table('reminders', schema=None) as batch_op:
        batch_op.create_index('ix_reminders_current', ['book', 'entry_id'], unique=True, sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.create_index('ix_reminders_entry', ['book', 'entry_id', 'position'], unique=False)
        batch_op.create_index('ix_reminders_position', ['book', 'position'], unique=True)
    _create_list_indexes()


def downgrade() -> None:
    op.drop_table('reminders')
