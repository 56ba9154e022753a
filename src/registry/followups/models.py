"""The tables of versions, and the code lists. The digits in docstrings are those of the national forms (domain.md 1.4, 2.5)."""

from enum import StrEnum

from sqlalchemy import Boolean, Column, Date, Index, Integer, LargeBinary, String, column, text

from registry.ledger.tables import COPY, version_table

_standing = column("superseded_at").is_(None)


class Sex(StrEnum):
    """GB/T 2261.1: 0, 1, 2, 9."""

    UNKNOWN = "unknown"
    MALE = "male"
    FEMALE = "female"
    UNSPECIFIED = "unspecified"


class Diagnosis(StrEnum):
    """目前诊断类型 01-08, 99; the first six are the six diagnoses of the health rules."""

    SCHIZOPHRENIA = "schizophrenia"
    SCHIZOAFFECTIVE = "schizoaffective"
    PARANOID_PSYCHOSIS = "paranoid_psychosis"
    BIPOLAR = "bipolar"
    EPILEPTIC_PSYCHOSIS = "epileptic_psychosis"
    INTELLECTUAL_DISABILITY_WITH_PSYCHOSIS = "intellectual_disability_with_psychosis"
    MAJOR_DEPRESSION = "major_depression"
    SUBSTANCE_INDUCED = "substance_induced"
    OTHER = "other"


class Stability(StrEnum):
    """病情分类: 3 稳定, 2 基本稳定, 1 不稳定."""

    STABLE = "stable"
    BASICALLY_STABLE = "basically_stable"
    UNSTABLE = "unstable"


class CareStatus(StrEnum):
    """在管, 失访, 迁出, 死亡, 结案."""

    IN_CARE = "in_care"
    LOST = "lost"
    MOVED = "moved"
    DIED = "died"
    CLOSED = "closed"


class LostReason(StrEnum):
    """失访原因: 1 外出务工, 2 迁居他处, 3 走失, 4 连续3次未访到, 5 其他."""

    MIGRANT_WORK = "migrant_work"
    MOVED_AWAY = "moved_away"
    MISSING = "missing"
    THREE_MISSES = "three_misses"
    OTHER = "other"


class Treatment(StrEnum):
    """治疗情况 01-04."""

    INPATIENT = "inpatient"
    MEDICATED_AT_HOME = "medicated_at_home"
    OTHER = "other"
    NEVER_TREATED = "never_treated"


class FamilyEconomy(StrEnum):
    """家庭经济状况 01-04, 99."""

    NO_REGULAR_INCOME = "no_regular_income"
    REGULAR_INCOME = "regular_income"
    LOW_INCOME = "low_income"
    POOR = "poor"
    OTHER = "other"


class Relation(StrEnum):
    """监护人与患者关系."""

    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    OTHER_RELATIVE = "other_relative"
    VILLAGE_COMMITTEE = "village_committee"
    OTHER = "other"


class VisitorRole(StrEnum):
    """Who comes along (走访人员)."""

    COMPREHENSIVE_GOVERNANCE_OFFICER = "comprehensive_governance_officer"
    GRID_WORKER = "grid_worker"
    POLICE = "police"
    MENTAL_HEALTH_DOCTOR = "mental_health_doctor"
    VILLAGE_DOCTOR = "village_doctor"
    VILLAGE_CADRE = "village_cadre"
    CIVIL_AFFAIRS = "civil_affairs"
    DISABILITY_WORKER = "disability_worker"
    VOLUNTEER = "volunteer"
    OTHER = "other"


DOCTORS = frozenset({VisitorRole.MENTAL_HEALTH_DOCTOR, VisitorRole.VILLAGE_DOCTOR})


class VisitForm(StrEnum):
    """本次随访形式: 1 门诊, 2 家庭访视, 3 电话."""

    CLINIC = "clinic"
    HOME = "home"
    PHONE = "phone"


class Interviewed(StrEnum):
    """本次随访对象: 1 患者本人, 2 患者家属、监护人, 3 其他知情人."""

    PATIENT = "patient"
    FAMILY = "family"
    OTHER = "other"


class NotSeen(StrEnum):
    """Why the patient was not seen (未见到对象的原因)."""

    FAMILY_ONLY = "family_only"
    NOT_HOME = "not_home"
    REFUSED = "refused"
    MOVED = "moved"
    IN_HOSPITAL = "in_hospital"
    DETAINED = "detained"
    MISSING = "missing"
    DECEASED = "deceased"


class Symptom(StrEnum):
    """目前症状 1-12."""

    HALLUCINATION = "hallucination"
    DIFFICULT_COMMUNICATION = "difficult_communication"
    SUSPICION = "suspicion"
    MOOD_SWINGS = "mood_swings"
    ODD_BEHAVIOUR = "odd_behaviour"
    OVERTALKATIVE = "overtalkative"
    DESTRUCTIVE = "destructive"
    PESSIMISTIC = "pessimistic"
    WANDERING = "wandering"
    TALKING_TO_SELF = "talking_to_self"
    WITHDRAWN = "withdrawn"
    OTHER = "other"


class Insight(StrEnum):
    """自知力: 1 完全, 2 不全, 3 缺失."""

    FULL = "full"
    PARTIAL = "partial"
    LACKING = "lacking"


class Grade(StrEnum):
    """1 良好, 2 一般, 3 较差; 9 此项不适用 (work only)."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    NOT_APPLICABLE = "not_applicable"


class Confinement(StrEnum):
    """两次随访期间关锁情况: 1 无关锁, 2 关锁, 3 关锁已解除 (精神卫生法 §5)."""

    NONE = "none"
    CONFINED = "confined"
    RELEASED = "released"


class HospitalStay(StrEnum):
    """两次随访期间住院情况: 0, 1, 2."""

    NONE = "none"
    CURRENT = "current"
    PAST = "past"


class Adherence(StrEnum):
    """用药依从性: 1 按医嘱规律用药, 2 间断用药, 3 不用药, 4 医嘱勿需用药."""

    REGULAR = "regular"
    INTERMITTENT = "intermittent"
    NONE = "none"
    NOT_PRESCRIBED = "not_prescribed"


class AdverseReaction(StrEnum):
    """药物不良反应: 1 无, 2 有, 9 此项不适用."""

    NONE = "none"
    PRESENT = "present"
    NOT_APPLICABLE = "not_applicable"


class Effect(StrEnum):
    """治疗效果: 1 痊愈, 2 好转, 3 无变化, 4 加重, 9 此项不适用."""

    RECOVERED = "recovered"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    NOT_APPLICABLE = "not_applicable"


class AwardResult(StrEnum):
    """监护补助年度考核: 合格, 不合格, 未考核."""

    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"


PATIENTS = version_table(
    "patients",
    Column("identity", LargeBinary(16), comment="blind index of the ID number; one current entry a town"),
    Column("status", String(8), nullable=False),
    Column("risk_level", Integer, nullable=False),
    Column("stability", String(16), nullable=False),
    Column("diagnosis", String(40), nullable=False),
    Column("in_care_since", Date, nullable=False),
    Column("left_care_on", Date),
    Column("next_visit_on", Date),
    Index("ix_patients_identity", "book", "town", "identity", unique=True,
          sqlite_where=text("superseded_at IS NULL AND NOT voided"),
          postgresql_where=text("superseded_at IS NULL AND NOT voided")),
    filters=("case_id", "status"),
)  # fmt: skip

VISITS = version_table(
    "visits",
    Column("visited_on", Date, nullable=False),
    Column("form", String(8), nullable=False),
    Column("seen", Boolean, nullable=False),
    Column("not_seen_reason", String(12)),
    Column("joint", Boolean, nullable=False),
    Column("risk_level", Integer),
    Column("stability", String(16)),
    Column("next_visit_on", Date),
    Column("campaign_id", String(36)),
    Column("due_on", Date, info=COPY, comment="the patient's next visit as it was planned when this one was recorded"),
    Column("team", String(300), info=COPY, comment="the roles of who came, in order, separated by commas"),
    Index("ix_visits_day", "book", "visited_on", "town", "joint", "voided", "seen", "case_id", sqlite_where=_standing,
          postgresql_where=_standing),
    filters=("case_id",),
)  # fmt: skip

CAMPAIGNS = version_table("campaigns", Column("starts_on", Date, nullable=False), Column("ends_on", Date))
