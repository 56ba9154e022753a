"""What a service hands to the ledger: versions to append, and how they become rows."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Table

from registry.code_lists import CodeList
from registry.ledger.tables import hashed_columns

encode = msgspec.json.Encoder(order="sorted", decimal_format="string").encode
"""Canonical JSON (RFC 8785 for the values that registers hold): what is hashed is what is stored is what is sent."""


class Action(CodeList):
    """What a version did."""

    CREATED = "created", "新增", "Created"
    CHANGED = "changed", "变更", "Changed"
    """The world moved on."""
    CORRECTED = "corrected", "更正", "Corrected"
    """What was recorded was wrong; has a reason."""
    TRANSFERRED = "transferred", "移交", "Transferred"
    """The entry moved to another division."""
    VOIDED = "voided", "作废", "Voided"
    """It should never have been entered; has a reason."""
    ERASED = "erased", "依法删除", "Erased by law"
    """Its personal data was destroyed, by law."""


class VersionCause(CodeList):
    """What brought a version about; the server says it, never a client."""

    API = "api", "接口录入", "A request"
    REPLAY = "replay", "历史回放", "A replayed day"
    IMPORT = "import", "批量导入", "An import"
    BATCH = "batch", "批量提交", "A batch"
    MERGE = "merge", "区划合并", "A merge of divisions"
    TRANSFER = "transfer", "迁移移交", "A transfer"
    JOB = "job", "系统任务", "A background job"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: their key's id, name, role and office as they were then."""

    id: str
    name: str
    role: str
    office: str

    def document(self) -> dict[str, object]:
        return {"id": self.id, "name": self.name, "role": self.role, "office": self.office}


@dataclass(frozen=True, slots=True)
class NewDataKey:
    """A data key that must be kept before what it seals is committed."""

    keep: Callable[[Sequence[dict[str, object]]], None]
    """Keeps the rows of several, durably, while the book is locked."""
    row: dict[str, object]


@dataclass(slots=True)
class Sealed:
    """The personal fields of one version: the sealed bytes, their salted commitment, digests for searching."""

    box: bytes
    commitment: bytes
    digests: tuple[tuple[str, bytes], ...]
    new_key: NewDataKey | None
    """The data key made for this version, if it is the first of its subject."""


@dataclass(slots=True)
class Append:
    """One version to append. Services return these; only the ledger writes them."""

    register: str
    table: Table
    entry_id: str
    number: int
    action: Action
    actor: Actor
    case_kind: str
    """The register of the case itself: ids are unique in a register only."""
    case_id: str
    division: str
    document: dict[str, object]
    """The public shape, personal fields masked, without `meta`, which the ledger adds."""
    columns: dict[str, object]
    public: dict[str, object]
    """The document without its personal fields: what the log's hash covers."""
    plain: dict[str, object] = field(default_factory=dict)
    """Plain personal values by JSON Pointer, for the answer to the writer."""
    sealed: Sealed | None = None
    reason: dict[str, object] | None = None
    voided: bool = False
    sequence: str | None = None
    """Name of the running number that the ledger puts into `case_number`: 440882102-2020 gives 440882102-2020-0001."""
    share: tuple[str, ...] = ()
    """Towns to open the case to."""
    unshare: tuple[str, ...] = ()
    """Towns to close it to."""
    provenance: dict[str, object] | None = None
    classes: str = ""
    """Stamp of the personal classes that the masks were made by."""
    schema_version: int = 1
    """The schema version of the document: which of its register's shapes it has."""
    created_at: int | None = None
    """When the entry's first version was recorded; None: this is the first."""
    cause: VersionCause = VersionCause.API
    erased: dict[str, object] | None = None
    """For the version that an erasure adds: which, on what basis, when."""
    meta: dict[str, object] = field(default_factory=dict)

    def version_row(self, book: str, position: int) -> dict[str, object]:
        """The row of the register's version table."""
        return {
            "book": book,
            "entry_id": self.entry_id,
            "number": self.number,
            "position": position,
            "superseded_at": None,
            "case_id": self.case_id,
            "division": self.division,
            "town": self.division[:9],
            "voided": self.voided,
            "classes": self.classes,
            "schema_version": self.schema_version,
            "created_at": self.created_at,
            "document": encode(self.document),
            "personal": self.sealed.box if self.sealed else None,
            **self.columns,
        }

    def log_row(self, book: str, position: int, recorded_at: int, replayed_at: int | None) -> dict[str, object]:
        """The row of the log."""
        return {
            "book": book,
            "position": position,
            "register": self.register,
            "entry_id": self.entry_id,
            "number": self.number,
            "action": self.action,
            "recorded_at": recorded_at,
            "replayed_at": replayed_at,
            "actor_id": self.actor.id,
            "division": self.division,
            "case_id": self.case_id,
            "public_sha256": hashlib.sha256(encode(self.public)).digest(),
            "personal_commitment": self.sealed.commitment if self.sealed else None,
            "personal_fields": " ".join(sorted(self.plain)) or None,
            "columns_sha256": columns_hash({name: self.columns.get(name) for name in hashed_columns(self.table)}),
        }


def columns_hash(columns: Mapping[str, object]) -> bytes:
    """SHA-256 of a version's own filter columns as canonical JSON: what the log's leaf says of them."""
    return hashlib.sha256(encode(columns)).digest()
