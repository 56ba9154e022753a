"""The tables of versions, and the code lists."""

from enum import StrEnum

from sqlalchemy import Column, Date, Integer, String

from registry.ledger.tables import COPY, version_table


class DisputeKind(StrEnum):
    """On which legal track a land dispute runs (domain.md 3.4); the ownership track refuses the others."""

    OWNERSHIP = "ownership"
    USE_RIGHT = "use_right"
    CONTRACT = "contract"
    HOMESTEAD = "homestead"
    FOREST = "forest"
    EXPROPRIATION = "expropriation"
    BOUNDARY = "boundary"
    ENCROACHMENT = "encroachment"
    ILLEGAL_USE = "illegal_use"
    WATER_SEA = "water_sea"
    OTHER = "other"


class Cause(StrEnum):
    """What set it off (起因)."""

    HISTORICAL_CLAIM = "historical_claim"
    BOUNDARY_UNCLEAR = "boundary_unclear"
    OVERLAPPING_TITLE = "overlapping_title"
    CONTRACT_BREACH = "contract_breach"
    ENCROACHMENT = "encroachment"
    COMPENSATION = "compensation"
    OTHER = "other"


class Scale(StrEnum):
    """事件规模 of GB/T 31000: 01, 02, 03. Never computed from the number of people."""

    INDIVIDUAL = "individual"
    MASS_GENERAL = "mass_general"
    MASS_MAJOR = "mass_major"


class Risk(StrEnum):
    """简单, 一般, 重大疑难."""

    SIMPLE = "simple"
    GENERAL = "general"
    MAJOR = "major"


class FoundBy(StrEnum):
    """How it was found (案件来源)."""

    SCREENING = "screening"
    ON_SITE = "on_site"
    PARTY_APPLICATION = "party_application"
    COMMITTEE_INITIATIVE = "committee_initiative"
    POLICE_TRANSFER = "police_transfer"
    COURT_ENTRUSTED = "court_entrusted"
    GOVERNMENT_ASSIGNED = "government_assigned"
    PETITION = "petition"
    OTHER = "other"


class PartyKind(StrEnum):
    """Who a party is: 村, 户, 单位, 个人."""

    VILLAGE = "village"
    HOUSEHOLD = "household"
    ORGANISATION = "organisation"
    PERSON = "person"


class Stage(StrEnum):
    """How far a dispute has come (阶段)."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    MEDIATING = "mediating"
    AGREED = "agreed"
    PERFORMED = "performed"
    CLOSED = "closed"
    FAILED = "failed"
    REFERRED = "referred"
    WITHDRAWN = "withdrawn"


NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.REPORTED: frozenset({Stage.ACCEPTED, Stage.REFERRED, Stage.WITHDRAWN}),
    Stage.ACCEPTED: frozenset({Stage.MEDIATING, Stage.REFERRED, Stage.WITHDRAWN}),
    Stage.MEDIATING: frozenset({Stage.AGREED, Stage.FAILED, Stage.WITHDRAWN}),
    Stage.AGREED: frozenset({Stage.PERFORMED, Stage.MEDIATING}),
    Stage.PERFORMED: frozenset({Stage.CLOSED}),
    Stage.FAILED: frozenset({Stage.REFERRED, Stage.MEDIATING}),
    Stage.REFERRED: frozenset({Stage.CLOSED, Stage.MEDIATING}),
    Stage.CLOSED: frozenset({Stage.MEDIATING}),
    Stage.WITHDRAWN: frozenset({Stage.MEDIATING}),
}
"""Which stage may follow which. Back to mediation from an ended one is a reopening, and needs a reason."""

ENDED = frozenset({Stage.CLOSED, Stage.WITHDRAWN, Stage.REFERRED})
SETTLED = frozenset({Stage.AGREED, Stage.PERFORMED, Stage.CLOSED})
PENDING = frozenset({Stage.ACCEPTED, Stage.MEDIATING})
"""Stages in which the mediation period runs."""


class Track(StrEnum):
    """What kind of proceeding it was (程序)."""

    NEGOTIATION = "negotiation"
    VILLAGE_MEDIATION = "village_mediation"
    TOWN_MEDIATION = "town_mediation"
    ADMIN_DECISION = "admin_decision"
    RECONSIDERATION = "reconsideration"
    FIRST_INSTANCE = "first_instance"
    SECOND_INSTANCE = "second_instance"
    RETRIAL = "retrial"
    PROCURATORIAL = "procuratorial"
    ARBITRATION = "arbitration"
    PETITION = "petition"
    ENFORCEMENT = "enforcement"


class Outcome(StrEnum):
    """How a proceeding ended (结果)."""

    DECIDED = "decided"
    UPHELD = "upheld"
    CHANGED = "changed"
    REVOKED = "revoked"
    PARTLY_REVOKED = "partly_revoked"
    DECLARED_UNLAWFUL = "declared_unlawful"
    DECLARED_VOID = "declared_void"
    ORDERED_TO_ACT = "ordered_to_act"
    DISMISSED = "dismissed"
    REMANDED = "remanded"
    MEDIATED = "mediated"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"


class SessionResult(StrEnum):
    """How a mediation session ended."""

    AGREED = "agreed"
    ADJOURNED = "adjourned"
    REFUSED = "refused"
    FAILED = "failed"


class AgreementKind(StrEnum):
    """The name 调解协议 is not one legal thing: who made it decides when it is valid (domain.md 3.3)."""

    PEOPLE_MEDIATION = "people_mediation"
    ORAL = "oral"
    LAND_AUTHORITY_MEDIATION = "land_authority_mediation"
    RURAL_CONTRACT_MEDIATION = "rural_contract_mediation"
    LAND_MEDIATION = "land_mediation"
    PEACE_PACT = "peace_pact"


class Subject(StrEnum):
    """What an agreement disposes of; who owns land cannot be confirmed by a court (民诉法解释 §355(5))."""

    LAND_OWNERSHIP = "land_ownership"
    LAND_USE = "land_use"
    MONEY = "money"
    BOUNDARY_UPKEEP = "boundary_upkeep"
    PEACE = "peace"
    OTHER = "other"


class CourtResult(StrEnum):
    """What the court said to an application for confirmation."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Performance(StrEnum):
    """What a return visit found of an agreement's performance."""

    PERFORMED = "performed"
    PARTLY = "partly"
    NOT_PERFORMED = "not_performed"
    NOT_DUE = "not_due"


DISPUTES = version_table(
    "disputes",
    Column("case_number", String(40)),
    Column("kind", String(16), nullable=False),
    Column("category", String(4), nullable=False),
    Column("cause", String(24), nullable=False),
    Column("stage", String(12), nullable=False),
    Column("scale", String(16), nullable=False),
    Column("risk", String(8), nullable=False),
    Column("since_year", Integer),
    Column("discovered_on", Date, nullable=False),
    Column("accepted_on", Date),
    Column("settled_on", Date),
    Column("ended_on", Date, comment="settled, referred, withdrawn or closed; null while open"),
    Column(
        "referred_on", Date, info=COPY, comment="when it was last referred to another authority; null if it never was"
    ),
    Column("mediation_due_on", Date),
    Column("days_to_settle", Integer),
    Column("people_involved", Integer, nullable=False),
    Column("area_hundredths", Integer, comment="of a mu"),
    filters=("case_id", "stage"),
)

PROCEEDINGS = version_table(
    "proceedings", Column("track", String(20), nullable=False), Column("decided_on", Date),
    filters=("case_id",),
)  # fmt: skip

SESSIONS = version_table(
    "mediation_sessions", Column("held_on", Date, nullable=False), Column("result", String(12), nullable=False),
    filters=("case_id",),
)  # fmt: skip

AGREEMENTS = version_table(
    "agreements",
    Column("kind", String(32), nullable=False),
    Column("signed_on", Date, nullable=False),
    Column("effective_on", Date),
    Column("performed_on", Date),
    Column("confirmation_due_on", Date),
    Column("confirmed_on", Date, info=COPY, comment="when a court confirmed it; null without"),
    Column("next_due_on", Date, info=COPY, comment="the first day due among its terms not performed"),
    filters=("case_id",),
)

RETURN_VISITS = version_table(
    "return_visits", Column("visited_on", Date, nullable=False), Column("performance", String(16), nullable=False),
    filters=("case_id",),
)  # fmt: skip
