"""webhooks

Revision: 6f7a5276ba55, after 8643bfc6b8d0, 2026-11-24 03:02:40.859049
"""

import sqlalchemy as sa
from alembic import op

revision = '6f7a5276ba55'
down_revision = '8643bfc6b8d0'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhook_deliveries',
    sa.Column('id', sa.String(length=36), nullable=False, comment='UUIDv7: rises with the time'),
    sa.Column('webhook_id', sa.String(length=36), nullable=False),
    sa.Column('event_id', sa.String(length=48), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.String(length=12), nullable=False, comment='delivered, failed, given_up, dropped'),
    sa.Column('status', sa.Integer(), nullable=True, comment='of the answer; null where there was none'),
    sa.Column('fault', sa.String(length=24), nullable=True, comment='what went wrong, where it was no answer'),
    sa.Column('duration_ms', sa.Integer(), nullable=False),
    sa.Column('next_at', sa.BigInteger(), nullable=True, comment='of the next attempt; null: none'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_deliveries')),
    comment='the delivery log: one row for each attempt, kept 30 days'
    )
    with op.batch_alter_table('webhook_deliveries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_deliveries_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_webhook_deliveries_webhook_id_id'), ['webhook_id', 'id'], unique=False)

    op.create_table('webhook_queue',
    sa.Column('webhook_id', sa.String(length=36), nullable=False),
    sa.Column('position', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.String(length=48), nullable=False),
    sa.Column('subject', sa.String(length=80), nullable=False, comment='the entry: its events go out one after another'),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('first_at', sa.BigInteger(), nullable=True, comment='of the first attempt'),
    sa.Column('due_at', sa.BigInteger(), nullable=False, comment='of the next'),
    sa.PrimaryKeyConstraint('webhook_id', 'position', 'event_id', name=op.f('pk_webhook_queue')),
    comment="events that wait to be acknowledged by a webhook's receiver"
    )
    with op.batch_alter_table('webhook_queue', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_queue_webhook_id_due_at_position'), ['webhook_id', 'due_at', 'position'], unique=False)
        batch_op.create_index(batch_op.f('ix_webhook_queue_webhook_id_subject_position'), ['webhook_id', 'subject', 'position'], unique=False)

    op.create_table('webhooks',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('principal_id', sa.String(length=36), nullable=False, comment='the key whose rights it has at each delivery'),
    sa.Column('events', sa.Text(), nullable=False, comment='event types, separated by blanks; a last part may be *'),
    sa.Column('division', sa.String(length=12), nullable=True, comment="narrower than the key's own; null: all of those"),
    sa.Column('purpose', sa.String(length=16), nullable=True, comment='what plain personal data is sent for; null: masked'),
    sa.Column('status', sa.String(length=8), nullable=False, comment='active, paused or stopped'),
    sa.Column('reason', sa.String(length=24), nullable=True, comment='why it is paused or stopped'),
    sa.Column('next_position', sa.BigInteger(), nullable=False, comment='of the log; all before is delivered or in the queue'),
    sa.Column('secrets', sa.LargeBinary(), nullable=False, comment='sealed under a data key of its own'),
    sa.Column('secrets_number', sa.Integer(), nullable=False, comment='how often they were sealed'),
    sa.Column('rotated_at', sa.BigInteger(), nullable=True, comment='the older secret signs along for 24 hours from then'),
    sa.Column('failing_since', sa.BigInteger(), nullable=True, comment='the first failure since the last success'),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False, comment='since the last success, of whatever entries'),
    sa.Column('not_before', sa.BigInteger(), nullable=True, comment='until then its receiver is left in peace'),
    sa.Column('warned_at', sa.BigInteger(), nullable=True, comment='the last alert that events were given up, or that too many wait'),
    sa.Column('delivered_at', sa.BigInteger(), nullable=True, comment='the last success'),
    sa.Column('leased_by', sa.String(length=36), nullable=True, comment='the server process that delivers it'),
    sa.Column('leased_until', sa.BigInteger(), nullable=True),
    sa.Column('created_by', sa.Text(), nullable=False, comment='name of the key, as it was'),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks')),
    comment='who is sent the changes (推送); times are microseconds since 1970, UTC'
    )
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhooks_book'), ['book'], unique=False)



def downgrade() -> None:
    op.drop_table('webhooks')
    op.drop_table('webhook_queue')
    op.drop_table('webhook_deliveries')
