"""proof and access

The access log becomes a tree of its own, the log's leaves cover filter columns and name the personal fields, data keys move to the key store.

Revision: 4afb76ee88f5, after 319c03164b28, 2026-11-23 22:51:40.375451
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa
from alembic import context, op

revision = '4afb76ee88f5'
down_revision = '319c03164b28'
branch_labels = None
depends_on = None

REGISTERS = {
    "agreements": ("agreements", "disputes", "4cfd7be6", "signatories/*/name mediators/*/name terms/*/text note"),
    "campaigns": ("campaigns", "campaigns", "4f53cda1", ""),
    "disputes": (
        "disputes", "disputes", "09eba8f0",
        "parties/*/person/name parties/*/person/id_number parties/*/person/phone parties/*/representative/name "
        "parties/*/representative/phone parties/*/claim responsible/name responsible/phone summary moves/*/reason",
    ),
    "divisions": ("divisions", "divisions", "4f53cda1", ""),
    "gatherings": ("gatherings", "gatherings", "6214cbe6", "organiser/name organiser/phone note"),
    "grid_staff": ("grid-staff", "grid-staff", "22904d27", "name phone"),
    "mediation_sessions": (
        "mediation-sessions", "disputes", "c8294104", "mediators/*/name attended/*/name statements/*/asked note",
    ),
    "patients": (
        "patients", "patients", "36473525",
        "name birth_date id_number address hamlet phone guardian/name guardian/phone guardian/id_number guardian/address "
        "hospital medication/*/name care_team/*/name care_team/*/phone note",
    ),
    "proceedings": ("proceedings", "disputes", "ee0b8665", "note"),
    "return_visits": ("return-visits", "disputes", "9e438428", "visitors/*/name findings"),
    "sheds": ("sheds", "sheds", "8ac7637f", "owner/name owner/phone gambling_evidence note"),
    "visits": (
        "visits", "patients", "7b9e9c10",
        "team/*/name medication/*/name adverse_reaction_note referral/reason referral/to next_visit_reason findings",
    ),
}
"""By table: the register, the register of its cases, the stamp of its personal fields, and where they stood when this was written."""

COMMON = {
    "book", "entry_id", "number", "position", "superseded_at", "case_id", "division", "town", "voided", "classes",
    "document", "personal",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
encode = msgspec.json.Encoder(order="sorted", decimal_format="string").encode


def _pointers(document: object, path: list[str], pointer: str = "") -> Iterator[str]:
    if not path:
        if isinstance(document, str):
            yield pointer
    elif isinstance(document, list):
        for index, item in enumerate(document):
            yield from _pointers(item, path[1:], f"{pointer}/{index}")
    elif isinstance(document, dict):
        yield from _pointers(document.get(path[0]), path[1:], f"{pointer}/{path[0]}")


def _leaf_parts(name: str, stamp: str, paths: str) -> None:
    """What the log's leaves say of the versions of one register: their personal fields, the hash of their columns."""
    connection = op.get_bind()
    op.add_column(name, sa.Column("classes", sa.String(8), server_default="", nullable=False,
                                  comment="stamp of the personal classes that its masks were made by"))
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    connection.execute(sa.update(table).values(classes=stamp))
    log = sa.table("log", sa.column("book"), sa.column("position"), sa.column("personal_fields"), sa.column("columns_sha256"))
    fill = (
        sa.update(log).where(log.c.book == sa.bindparam("b"), log.c.position == sa.bindparam("p"))
        .values(personal_fields=sa.bindparam("f"), columns_sha256=sa.bindparam("h", type_=sa.LargeBinary))
    )
    own = [c for c in table.columns if c.name not in COMMON and not isinstance(c.type, sa.LargeBinary)]
    wanted = [table.c.book, table.c.position, table.c.document, table.c.personal]
    after = -1
    while True:
        rows = connection.execute(
            sa.select(*wanted, *own).where(table.c.position > after).order_by(table.c.position).limit(2000)
        ).all()
        if not rows:
            return
        changes = []
        for row in rows:
            document = msgspec.json.decode(row.document) if row.personal is not None else {}
            found = sorted(p for path in paths.split() for p in _pointers(document, path.split("/")))
            columns = {c.name: row._mapping[c.name] for c in own}
            digest = hashlib.sha256(encode(columns)).digest()
            changes.append({"b": row.book, "p": row.position, "f": " ".join(found) or None, "h": digest})
        connection.execute(fill, changes)
        after = rows[-1].position


def _move_access_log() -> None:
    """Each row becomes an event in the order of its time-sorted id, with who it was by their key's row."""
    connection = op.get_bind()
    meta = sa.MetaData()
    old, keys, events, cases, log = (
        sa.Table(name, meta, autoload_with=connection)
        for name in ("access_log", "principals", "access_events", "access_event_cases", "log")
    )
    who = {row.id: row for row in connection.execute(sa.select(keys))}
    kinds = {register: kind for register, kind, _, _ in REGISTERS.values()}
    last: dict[str, tuple[int, int]] = {}
    for row in connection.execute(sa.select(old).order_by(old.c.book, old.c.id)).all():
        position, before = last.get(row.book, (-1, 0))
        position, recorded_at = position + 1, max(row.recorded_at, before)
        entries, key = row.entries.split(), who.get(row.principal_id)
        mine = sorted(set(connection.scalars(
            sa.select(log.c.case_id).where(
                log.c.book == row.book, log.c.register == row.register, log.c.entry_id.in_(entries)))))
        document = {
            "book": row.book, "position": position, "kind": "read",
            "recorded_at": (EPOCH + timedelta(microseconds=recorded_at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "principal": {"id": row.principal_id, "name": key.name if key else "", "role": key.role if key else "",
                          "office": key.divisions if key else ""},
            "register": row.register, "case_kind": kinds[row.register], "cases": mine,
            "details": {"path": row.path, "purpose": None, "break_glass": None, "entries": entries, "fields": None,
                        "request_id": row.request_id},
        }
        connection.execute(sa.insert(events).values(
            book=row.book, position=position, kind="read", recorded_at=recorded_at, principal_id=row.principal_id,
            register=row.register, document=encode(document)))
        if mine:
            connection.execute(sa.insert(cases), [
                {"book": row.book, "kind": kinds[row.register], "case_id": case, "position": position} for case in mine])
        last[row.book] = (position, recorded_at)
    books = sa.Table("books", meta, autoload_with=connection)
    for book, (position, recorded_at) in last.items():
        connection.execute(sa.update(books).where(books.c.book == book).values(next_event=position + 1, last_event_at=recorded_at))


def _move_data_keys() -> None:
    """To the key store, which backups carry apart."""
    connection = op.get_bind()
    table = sa.table("subject_keys", *(sa.column(name) for name in ("book", "subject", "master_id", "wrapped")))
    rows = [dict(row._mapping) for row in connection.execute(sa.select(table))]
    if rows:
        store = context.config.attributes.get("key_store")
        if store is None:
            raise RuntimeError("this database holds data keys; migrate it with `registry migrate`, which has the key store")
        store.take_over(rows)


def upgrade() -> None:
    op.create_table('access_event_cases',
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False, comment='the register of the case itself'),
    sa.Column('case_id', sa.String(length=36), nullable=False),
    sa.Column('position', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('book', 'kind', 'case_id', 'position', name=op.f('pk_access_event_cases')),
    comment='which cases an access event touched: who has seen this person'
    )
    op.create_table('access_events',
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('position', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False, comment='microseconds since 1970, UTC; rises with the position'),
    sa.Column('principal_id', sa.String(length=36), nullable=False, comment='whose access it was; empty for the server itself'),
    sa.Column('register', sa.String(length=32), nullable=True, comment='of the entries, where there are any'),
    sa.Column('document', sa.LargeBinary(), nullable=False, comment='the event as canonical JSON: the leaf of the access tree'),
    sa.PrimaryKeyConstraint('book', 'position', name=op.f('pk_access_events')),
    comment='the access log (查阅日志): reads in plain, grants, refusals, break-glass, erasures; without gaps'
    )
    with op.batch_alter_table('access_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_events_book_kind_position'), ['book', 'kind', 'position'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_events_book_principal_id_position'), ['book', 'principal_id', 'position'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_events_book_recorded_at'), ['book', 'recorded_at'], unique=False)

    op.create_table('break_glass',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('principal_id', sa.String(length=36), nullable=False),
    sa.Column('register', sa.String(length=32), nullable=False),
    sa.Column('entry_id', sa.String(length=36), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.Text(), nullable=False, comment='name of the key, as it was'),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_break_glass')),
    comment="an auditor's plain view of one entry, for at most an hour (紧急查阅)"
    )
    with op.batch_alter_table('break_glass', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_break_glass_book_principal_id_until'), ['book', 'principal_id', 'until'], unique=False)

    op.create_table('erasures',
    sa.Column('id', sa.String(length=36), nullable=False),
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('patient_id', sa.String(length=36), nullable=False),
    sa.Column('basis', sa.String(length=32), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('requested_by', sa.Text(), nullable=False),
    sa.Column('requested_at', sa.BigInteger(), nullable=False),
    sa.Column('confirmed_by', sa.Text(), nullable=True),
    sa.Column('confirmed_at', sa.BigInteger(), nullable=True),
    sa.Column('position', sa.BigInteger(), nullable=True, comment='of the version that says so in the log'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasures')),
    comment='erasures asked for and done (依法删除)'
    )
    with op.batch_alter_table('erasures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_erasures_book_patient_id'), ['book', 'patient_id'], unique=False)

    op.create_table('seals',
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False, comment='how often the log was begun anew after a restored backup'),
    sa.Column('log_size', sa.BigInteger(), nullable=False),
    sa.Column('access_size', sa.BigInteger(), nullable=False),
    sa.Column('checkpoint', sa.Text(), nullable=False, comment='the last signed checkpoint (C2SP tlog-checkpoint)'),
    sa.Column('sealed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('book', name=op.f('pk_seals')),
    comment="how far each book's trees are built, and the signed note that says so"
    )
    op.create_table('tiles',
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('tree', sa.String(length=8), nullable=False, comment='log or access'),
    sa.Column('level', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('tile', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('hashes', sa.LargeBinary(), nullable=False, comment='up to 256 hashes of 32 bytes (C2SP tlog-tiles)'),
    sa.PrimaryKeyConstraint('book', 'tree', 'level', 'tile', name=op.f('pk_tiles')),
    comment='the Merkle trees over the log and over the access events'
    )
    op.create_table('witnessed_logs',
    sa.Column('origin', sa.String(length=200), nullable=False),
    sa.Column('vkey', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('root', sa.LargeBinary(length=32), nullable=True, comment='of the tree of that size; null before the first'),
    sa.Column('seen_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('origin', name=op.f('pk_witnessed_logs')),
    comment='logs of other counties that we cosign'
    )
    op.create_table('witnesses',
    sa.Column('book', sa.String(length=6), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('vkey', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False, comment='where add-checkpoint is asked (C2SP tlog-witness)'),
    sa.Column('size', sa.BigInteger(), nullable=False, comment='of the tree that it cosigned last'),
    sa.Column('checkpoint_sha256', sa.LargeBinary(length=32), nullable=True, comment='of the text that it cosigned last'),
    sa.Column('cosignature', sa.Text(), nullable=True, comment='its signature line under that text'),
    sa.Column('asked_at', sa.BigInteger(), nullable=True),
    sa.Column('fault', sa.Text(), nullable=True, comment='what it answered instead, the last time'),
    sa.PrimaryKeyConstraint('book', 'name', name=op.f('pk_witnesses')),
    comment='others who cosign our checkpoints'
    )
    op.add_column('books', sa.Column('next_event', sa.BigInteger(), server_default='0', nullable=False, comment='how many access events there are'))
    op.add_column('books', sa.Column('last_event_at', sa.BigInteger(), server_default='0', nullable=False, comment='microseconds since 1970, UTC'))
    op.add_column('log', sa.Column('personal_fields', sa.Text(), nullable=True, comment='JSON Pointers of the personal fields, separated by blanks; null without any'))
    op.add_column('log', sa.Column('columns_sha256', sa.LargeBinary(length=32), nullable=True, comment="of the version's own filter columns"))
    for name, (_register, _kind, stamp, paths) in REGISTERS.items():
        _leaf_parts(name, stamp, paths)
    with op.batch_alter_table('log') as batch_op:
        batch_op.alter_column('columns_sha256', existing_type=sa.LargeBinary(length=32), nullable=False)
    op.create_index('ix_log_book_actor_id_position', 'log', ['book', 'actor_id', 'position'])
    op.create_index('ix_log_book_case_id_position', 'log', ['book', 'case_id', 'position'])
    _move_access_log()
    op.drop_table('access_log')
    _move_data_keys()
    op.drop_table('subject_keys')


def downgrade() -> None:
    raise NotImplementedError("the proof goes forward only; restore a backup of the older schema with its key file")
