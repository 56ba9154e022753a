"""Shapes that all registers share: the base of what comes in, and the header of what goes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from registry.code_lists import CodeList
from registry.core.fields import SHORT
from registry.errors import Fault
from registry.ledger.versions import Action, VersionCause

Label = Annotated[str, Meta(title="名称", description="what the entry is called: place, kind, number; made by the server, never a person's name")]  # fmt: skip


class ReasonCode(CodeList):
    """Why a record is corrected or voided."""

    TYPING_ERROR = "typing_error", "录入错误", "Typing error"
    WRONG_ENTRY = "wrong_entry", "记错对象", "Wrong entry"
    NEW_EVIDENCE = "new_evidence", "有新证据", "New evidence"
    DUPLICATE = "duplicate", "重复录入", "Duplicate"
    SUBJECT_REQUEST = "subject_request", "本人申请", "The person's own request"
    TEST_ENTRY = "test_entry", "测试数据", "Test entry"
    OTHER = "other", "其他", "Other"


class Reason(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Why a record is corrected or voided (更正或作废的理由): a code, and a sentence that names no person."""

    code: ReasonCode
    text: Annotated[str, Meta(pattern=SHORT, min_length=2, max_length=500, description="is shown to every reader: name no person")]  # fmt: skip


class Input(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What comes in: every field by name, none that is not known."""


class Recorder(msgspec.Struct, kw_only=True):
    """Who recorded a version: their key's name, role and divisions as they were then."""

    id: str
    name: str
    role: str
    office: str


class Irregularity(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded as it was, though it is not as it should be (不规范之处): it is no fault of the record."""

    code: str
    pointer: Annotated[str, Meta(description="JSON Pointer of the field.")]
    rule: Annotated[str, Meta(description="The rule that it departs from, by law or standard and article.")]
    zh: Annotated[str, Meta(description="What is off, in Chinese.")]
    en: Annotated[str, Meta(description="What is off, in English.")]


Irregularities = Annotated[
    list[Irregularity], Meta(title="不规范之处", description="true, but not as it should be; told by the server")
]


class Provenance(msgspec.Struct, kw_only=True):
    """Where demo data comes from: `article` (cited) or `synthetic` (generated from a fixed seed)."""

    kind: str
    note: str


class Erased(msgspec.Struct, kw_only=True):
    """That the personal data of a version was destroyed, by law (依法删除): which erasure, on what basis, when."""

    id: str
    basis: str
    at: str


class Header(msgspec.Struct, kw_only=True):
    """What the ledger says about a version."""

    register: str
    version: int
    position: int
    action: Action
    reason: Reason | None
    voided: bool
    schema_version: Annotated[
        int, Meta(description="Which schema the version is shown in; `?form=recorded` gives one as it was recorded.")
    ]
    created_at: Annotated[str, Meta(description="When the entry's first version was recorded.")]
    cause: VersionCause
    recorded_at: str
    recorded_by: Recorder
    replayed_at: str | None
    """When a replayed day was really loaded (demo data); null for live writes."""
    provenance: Provenance | None
    erased: Annotated[
        Erased | msgspec.UnsetType,
        Meta(description="Only where personal data was erased; no part of what the log hashes."),
    ] = msgspec.UNSET


class Point(Input):
    """A point on the map (经纬度)."""

    lon: Annotated[float, Meta(ge=73, le=136, title="经度")]
    lat: Annotated[float, Meta(ge=3, le=54, title="纬度")]
    crs: Annotated[str, Meta(pattern="^(CGCS2000|WGS84|GCJ02|BD09)$", title="坐标系")] = "CGCS2000"


@dataclass(frozen=True, slots=True)
class Change:
    """What a caller wants changed: a merge patch, from which version, and for a correction the reason."""

    patch: dict[str, Any]
    expected: int | None
    """The version in If-Match; None for `*`."""
    reason: Reason | None = None
    wrong: Sequence[Fault] = ()
    """What is wrong with the patch though it can be read; told together with what rules refuse."""
    children: bool = False
    """Of a voiding: with all that belongs to the entry."""

    @property
    def action(self) -> Action:
        return Action.CHANGED if self.reason is None else Action.CORRECTED
