"""Code lists of disputes: event categories (事件类别, two levels, as working systems carry it), kinds, stages, results."""

from registry.code_lists import CodeList, Titles

CATEGORIES: Titles = {
    "01": ("婚恋家庭纠纷", "Marriage and family"),
    "0101": ("恋爱及婚姻", "Love and marriage"),
    "0102": ("抚养赡养监护", "Support and guardianship"),
    "0103": ("分家与继承", "Division of households and inheritance"),
    "0199": ("其他", "Other family matters"),
    "02": ("邻里纠纷", "Neighbours"),
    "0201": ("用水排水通行通风采光", "Water, drains, passage, air and light"),
    "0202": ("相邻土地建筑利用", "Use of adjoining land and buildings"),
    "0203": ("相邻污染损害防止", "Pollution from next door"),
    "0299": ("其他", "Other neighbour matters"),
    "03": ("人格权纠纷", "Rights of personality"),
    "0301": ("姓名肖像", "Name and portrait"),
    "0302": ("名誉隐私", "Reputation and privacy"),
    "0303": ("身体健康及人身自由", "Body, health and liberty"),
    "0399": ("其他", "Other rights of personality"),
    "04": ("物权相关纠纷", "Property"),
    "0401": ("财物返还及损害赔偿", "Return of property and damages"),
    "0402": ("物业及其管理", "Property management"),
    "0403": ("房屋等不动产登记", "Registration of real estate"),
    "0499": ("其他", "Other property matters"),
    "05": ("侵权相关纠纷", "Torts"),
    "0501": ("教育机构", "Schools"),
    "0502": ("医疗损害", "Medical harm"),
    "0503": ("交通事故", "Traffic accidents"),
    "0504": ("环境污染", "Pollution"),
    "0505": ("产品责任", "Product liability"),
    "0506": ("网络侵权", "Online torts"),
    "0507": ("劳务损害", "Harm at work"),
    "0599": ("其他", "Other torts"),
    "06": ("合同及相关纠纷", "Contracts"),
    "0601": ("消费及服务", "Consumption and services"),
    "0602": ("房产买卖租赁", "Sale and lease of housing"),
    "0603": ("交易贸易", "Trade"),
    "0604": ("运输仓储", "Transport and storage"),
    "0699": ("其他", "Other contracts"),
    "07": ("劳动人事争议", "Labour and personnel"),
    "0701": ("劳动合同、劳务派遣", "Labour contracts and dispatch"),
    "0702": ("社会保险", "Social insurance"),
    "0703": ("福利待遇", "Benefits"),
    "0704": ("人事争议", "Personnel"),
    "0799": ("其他", "Other labour matters"),
    "08": ("金融借贷纠纷", "Finance and loans"),
    "0801": ("证券基金期货", "Securities, funds and futures"),
    "0802": ("投资信托理财", "Investment and trusts"),
    "0803": ("保险", "Insurance"),
    "0804": ("借贷及担保", "Loans and guarantees"),
    "0899": ("其他", "Other finance"),
    "09": ("土地及资源权属纠纷", "Land and natural resources"),
    "0901": ("土地承包经营", "Land contracts"),
    "0902": ("宅基地使用", "Use of homesteads"),
    "0903": ("山林矿产", "Mountains, forests and minerals"),
    "0904": ("水域水利", "Waters"),
    "0999": ("其他", "Other land and resources"),
    "10": ("其他民商事纠纷", "Other civil and commercial"),
    "1001": ("知识产权", "Intellectual property"),
    "1002": ("公司企业设立解散", "Companies"),
    "1003": ("海事海商", "Maritime"),
    "1004": ("竞争纠纷", "Competition"),
    "1005": ("票据与信用证", "Bills and letters of credit"),
    "1006": ("无因管理与不当得利", "Management without mandate, unjust enrichment"),
    "1099": ("其他", "Other commercial matters"),
    "11": ("城乡建设发展纠纷", "Urban and rural building"),
    "1101": ("国有土地上房屋征收", "Expropriation of housing on state land"),
    "1102": ("农村集体土地征用", "Expropriation of rural collective land"),
    "1103": ("城乡规划及拆违", "Planning and illegal buildings"),
    "1104": ("基础设施建设及市政市容", "Infrastructure and public works"),
    "1105": ("移民安置", "Resettlement"),
    "1199": ("其他", "Other building matters"),
    "12": ("涉民政纠纷", "Civil affairs"),
    "1201": ("村（社区）选举和管理", "Village elections and management"),
    "1202": ("优抚救助", "Special care and relief"),
    "1203": ("区划边界", "Administrative boundaries"),
    "1299": ("其他", "Other civil affairs"),
    "13": ("其他行政执法纠纷", "Other administrative enforcement"),
    "1301": ("城市管理", "City management"),
    "1302": ("教育文体管理", "Education, culture and sports"),
    "1303": ("工商税务管理", "Commerce and tax"),
    "1304": ("安全生产管理", "Work safety"),
    "1305": ("交通运输管理", "Transport"),
    "1306": ("海事渔事管理", "Sea and fishing"),
    "1307": ("计划生育管理", "Family planning"),
    "1399": ("其他", "Other enforcement"),
    "14": ("涉法涉诉纠纷", "Law and litigation"),
    "1401": ("涉公安", "The police"),
    "1402": ("涉检察院", "The procuratorate"),
    "1403": ("涉法院", "The courts"),
    "1404": ("涉司法行政机关", "Judicial administration"),
    "15": ("涉组织涉纪检纠纷", "Organisation and discipline"),
    "1501": ("组织人事", "Personnel of the organisation"),
    "1502": ("干部作风", "Conduct of cadres"),
    "1599": ("其他", "Other discipline"),
    "16": ("涉民族宗教纠纷", "Ethnic groups and religion"),
    "1601": ("涉民族问题", "Ethnic matters"),
    "1602": ("涉宗教问题", "Religious matters"),
    "99": ("其他", "Other"),
}

LAND_CATEGORIES = frozenset({"0901", "0902", "0903", "0904", "0999", "1102", "1203", "0202"})
"""涉土纠纷: a working term, not a code."""


class DisputeKind(CodeList):
    """On which legal track a land dispute runs (土地权属争议调查处理办法 §14); the ownership track refuses the others."""

    OWNERSHIP = "ownership", "所有权权属", "Ownership"
    USE_RIGHT = "use_right", "使用权权属", "Right of use"
    CONTRACT = "contract", "承包经营", "Land contract"
    HOMESTEAD = "homestead", "宅基地", "Homestead"
    FOREST = "forest", "林地林木", "Forest land and trees"
    EXPROPRIATION = "expropriation", "征收补偿", "Expropriation and compensation"
    BOUNDARY = "boundary", "行政区域边界", "Administrative boundary"
    ENCROACHMENT = "encroachment", "土地侵权", "Encroachment"
    ILLEGAL_USE = "illegal_use", "土地违法", "Illegal land use"
    WATER_SEA = "water_sea", "水域滩涂", "Waters and tidal flats"
    OTHER = "other", "其他", "Other"


class Cause(CodeList):
    """What set it off (起因)."""

    HISTORICAL_CLAIM = "historical_claim", "历史遗留", "Historical claim"
    BOUNDARY_UNCLEAR = "boundary_unclear", "界线不清", "Unclear boundary"
    OVERLAPPING_TITLE = "overlapping_title", "权证重叠", "Overlapping titles"
    CONTRACT_BREACH = "contract_breach", "合同违约", "Breach of contract"
    ENCROACHMENT = "encroachment", "侵占", "Encroachment"
    COMPENSATION = "compensation", "补偿争议", "Compensation"
    OTHER = "other", "其他", "Other"


class Scale(CodeList):
    """事件规模 of GB/T 31000: 01, 02, 03. Never computed from the number of people."""

    INDIVIDUAL = "individual", "个体性事件", "Individual matter"
    MASS_GENERAL = "mass_general", "一般群体性事件", "General mass incident"
    MASS_MAJOR = "mass_major", "重大群体性事件", "Major mass incident"


class Risk(CodeList):
    """简单, 一般, 重大疑难."""

    SIMPLE = "simple", "简单", "Simple"
    GENERAL = "general", "一般", "General"
    MAJOR = "major", "重大疑难", "Major or difficult"


class FoundBy(CodeList):
    """How it was found (案件来源)."""

    SCREENING = "screening", "排查发现", "Found by screening"
    ON_SITE = "on_site", "现场发现", "Found on the spot"
    PARTY_APPLICATION = "party_application", "当事人申请", "Application of a party"
    COMMITTEE_INITIATIVE = "committee_initiative", "调委会主动介入", "The committee's own initiative"
    POLICE_TRANSFER = "police_transfer", "公安机关移交", "Passed on by the police"
    COURT_ENTRUSTED = "court_entrusted", "法院委托", "Entrusted by a court"
    GOVERNMENT_ASSIGNED = "government_assigned", "政府交办", "Assigned by the government"
    PETITION = "petition", "信访", "Petition"
    OTHER = "other", "其他", "Other"


class PartyKind(CodeList):
    """Who a party is: 村, 户, 单位, 个人."""

    VILLAGE = "village", "村", "Village"
    HOUSEHOLD = "household", "户", "Household"
    ORGANISATION = "organisation", "单位", "Organisation"
    PERSON = "person", "个人", "Person"


class Stage(CodeList):
    """How far a dispute has come (阶段)."""

    REPORTED = "reported", "已上报", "Reported"
    ACCEPTED = "accepted", "已受理", "Accepted"
    MEDIATING = "mediating", "调解中", "In mediation"
    AGREED = "agreed", "已达成协议", "Agreed"
    PERFORMED = "performed", "已履行", "Performed"
    CLOSED = "closed", "已结案", "Closed"
    FAILED = "failed", "调解不成", "Failed"
    REFERRED = "referred", "已移交", "Referred"
    WITHDRAWN = "withdrawn", "已撤回", "Withdrawn"


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


class Track(CodeList):
    """What kind of proceeding it was (程序)."""

    NEGOTIATION = "negotiation", "协商", "Negotiation"
    VILLAGE_MEDIATION = "village_mediation", "村级调解", "Village mediation"
    TOWN_MEDIATION = "town_mediation", "镇级调解", "Town mediation"
    ADMIN_DECISION = "admin_decision", "行政处理决定", "Administrative decision"
    RECONSIDERATION = "reconsideration", "行政复议", "Administrative reconsideration"
    FIRST_INSTANCE = "first_instance", "一审", "First instance"
    SECOND_INSTANCE = "second_instance", "二审", "Second instance"
    RETRIAL = "retrial", "再审", "Retrial"
    PROCURATORIAL = "procuratorial", "检察监督", "Procuratorial supervision"
    ARBITRATION = "arbitration", "仲裁", "Arbitration"
    PETITION = "petition", "信访", "Petition"
    ENFORCEMENT = "enforcement", "执行", "Enforcement"


class Outcome(CodeList):
    """How a proceeding ended (结果)."""

    DECIDED = "decided", "作出决定", "Decided"
    UPHELD = "upheld", "维持", "Upheld"
    CHANGED = "changed", "变更", "Changed"
    REVOKED = "revoked", "撤销", "Revoked"
    PARTLY_REVOKED = "partly_revoked", "部分撤销", "Partly revoked"
    DECLARED_UNLAWFUL = "declared_unlawful", "确认违法", "Declared unlawful"
    DECLARED_VOID = "declared_void", "确认无效", "Declared void"
    ORDERED_TO_ACT = "ordered_to_act", "责令履行", "Ordered to act"
    DISMISSED = "dismissed", "驳回", "Dismissed"
    REMANDED = "remanded", "发回重审", "Remanded"
    MEDIATED = "mediated", "调解结案", "Mediated"
    WITHDRAWN = "withdrawn", "撤回", "Withdrawn"
    PENDING = "pending", "未结", "Pending"


class SessionResult(CodeList):
    """How a mediation session ended."""

    AGREED = "agreed", "达成协议", "Agreed"
    ADJOURNED = "adjourned", "择日再调", "Adjourned"
    REFUSED = "refused", "拒绝调解", "Refused"
    FAILED = "failed", "调解不成", "Failed"


class AgreementKind(CodeList):
    """The name 调解协议 is not one legal thing: who made it decides when it is valid (人民调解法 §29, 土地权属争议调查处理办法 §26)."""

    PEOPLE_MEDIATION = "people_mediation", "人民调解协议书", "People's mediation agreement"
    ORAL = "oral", "口头协议登记表", "Oral agreement"
    LAND_AUTHORITY_MEDIATION = "land_authority_mediation", "土地权属争议调解书", "Land authority's mediation"
    RURAL_CONTRACT_MEDIATION = (
        "rural_contract_mediation",
        "农村土地承包经营纠纷调解协议",
        "Mediation of a rural land contract",
    )
    LAND_MEDIATION = "land_mediation", "土地纠纷调解协议书", "Land mediation agreement"
    PEACE_PACT = "peace_pact", "和谐共建协议", "Peace pact"


class Subject(CodeList):
    """What an agreement disposes of; who owns land cannot be confirmed by a court (民诉法解释 §355(5))."""

    LAND_OWNERSHIP = "land_ownership", "土地所有权", "Land ownership"
    LAND_USE = "land_use", "土地使用", "Use of land"
    MONEY = "money", "金钱给付", "Money"
    BOUNDARY_UPKEEP = "boundary_upkeep", "界线维护", "Upkeep of a boundary"
    PEACE = "peace", "和睦相处", "Peace"
    OTHER = "other", "其他", "Other"


class CourtResult(CodeList):
    """What the court said to an application for confirmation."""

    CONFIRMED = "confirmed", "确认有效", "Confirmed"
    REFUSED = "refused", "驳回申请", "Refused"
    WITHDRAWN = "withdrawn", "撤回申请", "Withdrawn"


class Performance(CodeList):
    """What a return visit found of an agreement's performance."""

    PERFORMED = "performed", "已履行", "Performed"
    PARTLY = "partly", "部分履行", "Partly performed"
    NOT_PERFORMED = "not_performed", "未履行", "Not performed"
    NOT_DUE = "not_due", "未到履行期", "Not yet due"
