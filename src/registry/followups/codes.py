"""Code lists of patients and visits, as the national form has them (严重精神障碍患者随访服务记录表, 2018); the digits in docstrings are the form's."""

from registry.code_lists import CodeList


class Sex(CodeList):
    """GB/T 2261.1: 0, 1, 2, 9."""

    UNKNOWN = "unknown", "未知的性别", "Unknown"
    MALE = "male", "男", "Male"
    FEMALE = "female", "女", "Female"
    UNSPECIFIED = "unspecified", "未说明的性别", "Not stated"


class Diagnosis(CodeList):
    """目前诊断类型 01-08, 99; the first six are the six diagnoses of the health rules."""

    SCHIZOPHRENIA = "schizophrenia", "精神分裂症", "Schizophrenia"
    SCHIZOAFFECTIVE = "schizoaffective", "分裂情感性障碍", "Schizoaffective disorder"
    PARANOID_PSYCHOSIS = "paranoid_psychosis", "偏执性精神病", "Paranoid psychosis"
    BIPOLAR = "bipolar", "双相（情感）障碍", "Bipolar disorder"
    EPILEPTIC_PSYCHOSIS = "epileptic_psychosis", "癫痫所致精神障碍", "Mental disorder due to epilepsy"
    INTELLECTUAL_DISABILITY_WITH_PSYCHOSIS = (
        "intellectual_disability_with_psychosis",
        "精神发育迟滞伴发精神障碍",
        "Intellectual disability with mental disorder",
    )
    MAJOR_DEPRESSION = "major_depression", "重度抑郁发作", "Major depressive episode"
    SUBSTANCE_INDUCED = "substance_induced", "精神活性物质所致精神障碍", "Mental disorder due to substances"
    OTHER = "other", "其他", "Other"


class Stability(CodeList):
    """病情分类: 3 稳定, 2 基本稳定, 1 不稳定."""

    STABLE = "stable", "稳定", "Stable"
    BASICALLY_STABLE = "basically_stable", "基本稳定", "Basically stable"
    UNSTABLE = "unstable", "不稳定", "Unstable"


class CareStatus(CodeList):
    """在管, 失访, 迁出, 死亡, 结案."""

    IN_CARE = "in_care", "在管", "In care"
    LOST = "lost", "失访", "Lost to follow-up"
    MOVED = "moved", "迁出", "Moved away"
    DIED = "died", "死亡", "Died"
    CLOSED = "closed", "终止管理", "Closed"


class LostReason(CodeList):
    """失访原因: 1 外出务工, 2 迁居他处, 3 走失, 4 连续3次未访到, 5 其他."""

    MIGRANT_WORK = "migrant_work", "外出务工", "Working elsewhere"
    MOVED_AWAY = "moved_away", "迁居他处", "Moved away"
    MISSING = "missing", "走失", "Missing"
    THREE_MISSES = "three_misses", "连续3次未访到", "Not found three times in a row"
    OTHER = "other", "其他", "Other"


class Treatment(CodeList):
    """治疗情况 01-04."""

    INPATIENT = "inpatient", "住院治疗", "In hospital"
    MEDICATED_AT_HOME = "medicated_at_home", "居家药物治疗", "Medicated at home"
    OTHER = "other", "其他治疗", "Other treatment"
    NEVER_TREATED = "never_treated", "从未治疗", "Never treated"


class FamilyEconomy(CodeList):
    """家庭经济状况 01-04, 99."""

    NO_REGULAR_INCOME = "no_regular_income", "无固定收入", "No regular income"
    REGULAR_INCOME = "regular_income", "有固定收入", "Regular income"
    LOW_INCOME = "low_income", "低收入家庭", "Low income"
    POOR = "poor", "贫困，在当地贫困线以下", "Below the local poverty line"
    OTHER = "other", "其他", "Other"


class Relation(CodeList):
    """监护人与患者关系."""

    SPOUSE = "spouse", "配偶", "Spouse"
    PARENT = "parent", "父母", "Parent"
    CHILD = "child", "子女", "Child"
    SIBLING = "sibling", "兄弟姐妹", "Brother or sister"
    OTHER_RELATIVE = "other_relative", "其他亲属", "Other relative"
    VILLAGE_COMMITTEE = "village_committee", "村（居）民委员会", "Village committee"
    OTHER = "other", "其他", "Other"


class VisitorRole(CodeList):
    """Who comes along (走访人员)."""

    COMPREHENSIVE_GOVERNANCE_OFFICER = (
        "comprehensive_governance_officer",
        "综治干部",
        "Comprehensive governance officer",
    )
    GRID_WORKER = "grid_worker", "网格员", "Grid worker"
    POLICE = "police", "民警", "Police"
    MENTAL_HEALTH_DOCTOR = "mental_health_doctor", "精防医生", "Mental health doctor"
    VILLAGE_DOCTOR = "village_doctor", "村医", "Village doctor"
    VILLAGE_CADRE = "village_cadre", "村（居）委会干部", "Village cadre"
    CIVIL_AFFAIRS = "civil_affairs", "民政干事", "Civil affairs officer"
    DISABILITY_WORKER = "disability_worker", "残疾人专职委员", "Disability worker"
    VOLUNTEER = "volunteer", "平安志愿者", "Volunteer"
    OTHER = "other", "其他", "Other"


DOCTORS = frozenset({VisitorRole.MENTAL_HEALTH_DOCTOR, VisitorRole.VILLAGE_DOCTOR})


class VisitForm(CodeList):
    """本次随访形式: 1 门诊, 2 家庭访视, 3 电话."""

    CLINIC = "clinic", "门诊", "At the clinic"
    HOME = "home", "家庭访视", "At home"
    PHONE = "phone", "电话", "By phone"


class Interviewed(CodeList):
    """本次随访对象: 1 患者本人, 2 患者家属、监护人, 3 其他知情人."""

    PATIENT = "patient", "患者本人", "The patient"
    FAMILY = "family", "患者家属、监护人", "Family or guardian"
    OTHER = "other", "其他知情人", "Somebody else who knows"


class NotSeen(CodeList):
    """Why the patient was not seen (未见到对象的原因)."""

    FAMILY_ONLY = "family_only", "仅见到家属", "Only the family was there"
    NOT_HOME = "not_home", "不在家", "Nobody at home"
    REFUSED = "refused", "拒访", "Refused"
    MOVED = "moved", "已迁居", "Moved away"
    IN_HOSPITAL = "in_hospital", "住院", "In hospital"
    DETAINED = "detained", "羁押或监禁", "Detained"
    MISSING = "missing", "走失", "Missing"
    DECEASED = "deceased", "死亡", "Died"


class DeathCause(CodeList):
    """死亡原因: 1 躯体疾病, 2 自杀, 3 他杀, 4 意外, 5 精神疾病相关并发症, 6 其他."""

    PHYSICAL_ILLNESS = "physical_illness", "躯体疾病", "Physical illness"
    SUICIDE = "suicide", "自杀", "Suicide"
    HOMICIDE = "homicide", "他杀", "Homicide"
    ACCIDENT = "accident", "意外", "Accident"
    PSYCHIATRIC_COMPLICATION = "psychiatric_complication", "精神疾病相关并发症", "Complication of the mental illness"
    OTHER = "other", "其他", "Other"


class DeathIllness(CodeList):
    """死亡原因, 1 躯体疾病: ①-⑧."""

    INFECTION = "infection", "传染病和寄生虫病", "Infectious or parasitic disease"
    TUMOUR = "tumour", "肿瘤", "Tumour"
    HEART = "heart", "心脏病", "Heart disease"
    CEREBROVASCULAR = "cerebrovascular", "脑血管病", "Cerebrovascular disease"
    RESPIRATORY = "respiratory", "呼吸系统疾病", "Respiratory disease"
    DIGESTIVE = "digestive", "消化系统疾病", "Digestive disease"
    OTHER = "other", "其他疾病", "Another disease"
    UNKNOWN = "unknown", "不详", "Not known"


class Rehabilitation(CodeList):
    """康复措施 1-5."""

    DAILY_LIVING = "daily_living", "生活劳动能力", "Daily living and housework"
    VOCATIONAL = "vocational", "职业训练", "Vocational training"
    LEARNING = "learning", "学习能力", "Learning"
    SOCIAL = "social", "社会交往", "Social contact"
    OTHER = "other", "其他", "Other"


class Symptom(CodeList):
    """目前症状 1-12."""

    HALLUCINATION = "hallucination", "幻觉", "Hallucinations"
    DIFFICULT_COMMUNICATION = "difficult_communication", "交流困难", "Difficult to talk with"
    SUSPICION = "suspicion", "猜疑", "Suspicion"
    MOOD_SWINGS = "mood_swings", "喜怒无常", "Mood swings"
    ODD_BEHAVIOUR = "odd_behaviour", "行为怪异", "Odd behaviour"
    OVERTALKATIVE = "overtalkative", "兴奋话多", "Excited, talks much"
    DESTRUCTIVE = "destructive", "伤人毁物", "Hurts people, breaks things"
    PESSIMISTIC = "pessimistic", "悲观厌世", "Pessimistic, weary of life"
    WANDERING = "wandering", "无故外走", "Wanders off"
    TALKING_TO_SELF = "talking_to_self", "自语自笑", "Talks or laughs to self"
    WITHDRAWN = "withdrawn", "孤僻懒散", "Withdrawn, idle"
    OTHER = "other", "其他", "Other"


class Insight(CodeList):
    """自知力: 1 完全, 2 不全, 3 缺失."""

    FULL = "full", "自知力完全", "Full"
    PARTIAL = "partial", "自知力不全", "Partial"
    LACKING = "lacking", "自知力缺失", "Lacking"


class Grade(CodeList):
    """1 良好, 2 一般, 3 较差; 9 此项不适用 (work only)."""

    GOOD = "good", "良好", "Good"
    FAIR = "fair", "一般", "Fair"
    POOR = "poor", "较差", "Poor"
    NOT_APPLICABLE = "not_applicable", "此项不适用", "Not applicable"


class Confinement(CodeList):
    """两次随访期间关锁情况: 1 无关锁, 2 关锁, 3 关锁已解除 (精神卫生法 §5)."""

    NONE = "none", "无关锁", "Not confined"
    CONFINED = "confined", "关锁", "Confined"
    RELEASED = "released", "关锁已解除", "Was confined, released"


class HospitalStay(CodeList):
    """两次随访期间住院情况: 0, 1, 2."""

    NONE = "none", "未住院", "Not in hospital"
    CURRENT = "current", "目前正在住院", "In hospital now"
    PAST = "past", "曾住院，现未住院", "Was in hospital, is not now"


class Adherence(CodeList):
    """用药依从性: 1 按医嘱规律用药, 2 间断用药, 3 不用药, 4 医嘱勿需用药."""

    REGULAR = "regular", "按医嘱规律用药", "Regularly, as prescribed"
    INTERMITTENT = "intermittent", "间断用药", "With breaks"
    NONE = "none", "不用药", "Not at all"
    NOT_PRESCRIBED = "not_prescribed", "医嘱勿需用药", "None prescribed"


class AdverseReaction(CodeList):
    """药物不良反应: 1 无, 2 有, 9 此项不适用."""

    NONE = "none", "无", "None"
    PRESENT = "present", "有", "Present"
    NOT_APPLICABLE = "not_applicable", "此项不适用", "Not applicable"


class Effect(CodeList):
    """治疗效果: 1 痊愈, 2 好转, 3 无变化, 4 加重, 9 此项不适用."""

    RECOVERED = "recovered", "痊愈", "Recovered"
    IMPROVED = "improved", "好转", "Improved"
    UNCHANGED = "unchanged", "无变化", "Unchanged"
    WORSE = "worse", "加重", "Worse"
    NOT_APPLICABLE = "not_applicable", "此项不适用", "Not applicable"


class AwardResult(CodeList):
    """监护补助年度考核: 合格, 不合格, 未考核."""

    PASSED = "passed", "合格", "Passed"
    FAILED = "failed", "不合格", "Failed"
    PENDING = "pending", "未考核", "Not yet assessed"
