"""The deadline table (期限规则表): every period that the law or the office sets, with its source, as data.

A rule has one row for each version of its law; which one holds is decided by the day on which the period starts. Periods are
counted in `periods.py` (民法典 §201-203). To change a rule, end its row (`until`) and add another; the table is read like
data, and `GET /v1/due/rules` shows it. Each row names its own source.
"""

# ruff: noqa: E501 - one version of a rule a line, as in the law books' own tables

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from registry.deadlines.periods import (
    add_days,
    add_months,
    days_after,
    is_provisional,
    months_after,
    rolled,
    working_days_after,
)


class Unit(StrEnum):
    """What a period is counted in: 日, 工作日, 月, 年; or a day that was set (约定、指定)."""

    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YEARS = "years"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule: from which event a period runs, how long, by which law, and for periods that start when."""

    id: str
    name: str
    """In Chinese."""
    starts: str
    """The event that it runs from (起算), in Chinese."""
    limit: int
    """How long, in `unit`; 0 where the day itself is set."""
    unit: Unit
    source: str
    """Law and article, in Chinese."""
    says: str = ""
    """What it says, in a few words."""
    extension: str = ""
    """How it may be made longer (延长), in Chinese."""
    rolls: bool = True
    """Whether a last day that is a day of rest moves to the first working day after (民法典 §203)."""
    since: dt.date | None = None
    """The first day on which a period can start under this version; None: from the beginning."""
    until: dt.date | None = None
    """The last such day; None: still in force."""

    @property
    def cited(self) -> str:
        """The source and what it says, as it is printed."""
        return f"{self.source}：{self.says}" if self.says else self.source

    def holds(self, start: dt.date) -> bool:
        """Whether a period that starts on this day runs under this version."""
        return (self.since is None or self.since <= start) and (self.until is None or start <= self.until)

    def ends(self, start: dt.date) -> dt.date:
        """The last day of the period."""
        match self.unit:
            case Unit.WORKING_DAYS:
                return working_days_after(start, self.limit)
            case Unit.MONTHS | Unit.YEARS:
                months = self.limit * (12 if self.unit is Unit.YEARS else 1)
                return months_after(start, months) if self.rolls else add_months(start, months)
            case Unit.DAYS:
                return days_after(start, self.limit) if self.rolls else add_days(start, self.limit)
            case Unit.SET:
                return rolled(start) if self.rolls else start

    def may_move(self, end: dt.date) -> bool:
        """Whether this last day is provisional: it depends on holidays that are not yet published."""
        return (self.rolls or self.unit is Unit.WORKING_DAYS) and is_provisional(end)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


D, W, M, Y, SET = Unit.DAYS, Unit.WORKING_DAYS, Unit.MONTHS, Unit.YEARS, Unit.SET
LOCAL = "本县设定"
"""The source of a period that no law sets."""
LAND = "土地权属争议调查处理办法（国土资源部令第17号）"
LAND_SINCE = _day("2003-03-01")
ARBITRATION = "农村土地承包经营纠纷调解仲裁法"
ARBITRATION_SINCE = _day("2010-01-01")
CIVIL_2017, CIVIL_2021, CIVIL_2023 = (
    "民事诉讼法（2012、2017年文本）",
    "民事诉讼法（2021年文本）",
    "民事诉讼法（2023年文本）",
)
CIVIL_SINCE, CIVIL_2021_SINCE, CIVIL_2023_SINCE = _day("2013-01-01"), _day("2022-01-01"), _day("2024-01-01")
CIVIL_2017_UNTIL, CIVIL_2021_UNTIL = _day("2021-12-31"), _day("2023-12-31")
ADMIN, ADMIN_SINCE = "行政诉讼法（2014、2017年文本）", _day("2015-05-01")
REVIEW_2017, REVIEW_2023 = "行政复议法（1999、2009、2017年文本）", "行政复议法（2023年文本）"
REVIEW_1999_SINCE, REVIEW_UNTIL, REVIEW_SINCE = _day("1999-10-01"), _day("2023-12-31"), _day("2024-01-01")
PETITION_2005, PETITION_2022 = "信访条例（2005年）", "信访工作条例"
PETITION_SINCE, PETITION_UNTIL, PETITION_2022_SINCE = _day("2005-05-01"), _day("2022-04-30"), _day("2022-05-01")
HEALTH_2011, HEALTH_2017 = "国家基本公共卫生服务规范（2011年版）", "国家基本公共卫生服务规范（第三版）"
CARE = "严重精神障碍管理治疗工作规范（2018年版）"
HEALTH_2018 = f"{HEALTH_2017}；{CARE}"
HEALTH_SINCE, HEALTH_2017_SINCE, CARE_SINCE = _day("2011-04-25"), _day("2017-02-28"), _day("2018-05-28")
HEALTH_UNTIL, HEALTH_2017_UNTIL = _day("2017-02-27"), _day("2018-05-27")
MEDIATION, MEDIATION_SINCE = "人民调解法", _day("2011-01-01")
MINISTRY_SINCE = _day("2002-11-01")
CONTRACT_SINCE, CODE_SINCE = _day("1999-10-01"), _day("2021-01-01")
LAND_1999_SINCE, COERCION_SINCE = _day("1999-01-01"), _day("2012-01-01")
COURT, HEAD, LEADER = "院长批准可延长", "经批准可延长", "行政机关负责人批准可延长"

RULES: tuple[Rule, ...] = (
    # 人民调解与司法确认
    Rule("people_mediation_conclude", "人民调解期限", "受理", 1, M, "人民调解工作若干规定（司法部令第75号）第三十三条", "一般在一个月内调结", "双方同意可继续（地方规定）", since=MINISTRY_SINCE),
    Rule("judicial_confirm_apply", "申请司法确认", "调解协议生效", 30, D, "人民调解法第三十三条", "自调解协议生效之日起三十日内共同申请司法确认", since=MEDIATION_SINCE, until=CIVIL_2017_UNTIL),
    Rule("judicial_confirm_apply", "申请司法确认", "调解协议生效", 30, D, "人民调解法第三十三条、民事诉讼法（2021年文本）第二百零一条", "自调解协议生效之日起三十日内共同申请司法确认", since=CIVIL_2021_SINCE, until=CIVIL_2021_UNTIL),
    Rule("judicial_confirm_apply", "申请司法确认", "调解协议生效", 30, D, "人民调解法第三十三条、民事诉讼法（2023年文本）第二百零五条", "自调解协议生效之日起三十日内共同申请司法确认", since=CIVIL_2023_SINCE),
    Rule("judicial_confirm_accept", "法院受理司法确认申请", "收到申请", 3, D, "最高人民法院关于人民调解协议司法确认程序的若干规定（2011年）第四条", since=_day("2011-03-30"), until=_day("2012-12-31")),
    Rule("judicial_confirm_court", "法院审查司法确认", "受理", 15, D, "最高人民法院关于人民调解协议司法确认程序的若干规定（2011年）第五条", extension="可延长十日", since=_day("2011-03-30"), until=_day("2012-12-31")),
    Rule("judicial_confirm_court", "法院审查司法确认", "立案", 30, D, "民事诉讼法特别程序（2023年文本第一百八十七条）", extension=COURT, since=CIVIL_SINCE),
    Rule("enforcement_apply", "申请强制执行", "履行期限届满", 2, Y, CIVIL_2017 + "第二百三十九条", extension="适用中止、中断的规定", since=CIVIL_SINCE, until=CIVIL_2017_UNTIL),
    Rule("enforcement_apply", "申请强制执行", "履行期限届满", 2, Y, CIVIL_2021 + "第二百四十六条", extension="适用中止、中断的规定", since=CIVIL_2021_SINCE, until=CIVIL_2021_UNTIL),
    Rule("enforcement_apply", "申请强制执行", "履行期限届满", 2, Y, CIVIL_2023 + "第二百五十条", extension="适用中止、中断的规定", since=CIVIL_2023_SINCE),
    # 土地权属争议
    Rule("land_accept_opinion", "土地权属争议受理意见", "收到申请", 7, W, LAND + "第十三条", since=LAND_SINCE),
    Rule("land_send_copy", "发送申请书副本", "决定受理", 5, W, LAND + "第十三条", since=LAND_SINCE),
    Rule("land_respond", "被申请人答辩", "收到副本", 30, D, LAND + "第十三条", "逾期不答辩不影响调查处理", since=LAND_SINCE),
    Rule("land_opinion", "土地权属争议调查处理意见", "受理", 6, M, LAND + "第二十八条", extension=LEADER, since=LAND_SINCE),
    Rule("land_submit_to_gov", "处理意见报政府", "提出处理意见", 5, W, LAND + "第三十条", since=LAND_SINCE),
    Rule("land_serve_mediation", "送达土地权属争议调解书", "调解书生效", 15, D, LAND + "第二十六条", since=LAND_SINCE),
    Rule("land_decision_sue", "对土地权属处理决定起诉", "收到处理决定", 30, D, "土地管理法（1998、2004年文本）第十六条", since=LAND_1999_SINCE, until=_day("2019-12-31")),
    Rule("land_decision_sue", "对土地权属处理决定起诉", "收到处理决定", 30, D, "土地管理法第十四条", since=_day("2020-01-01")),
    # 行政复议
    Rule("reconsider_apply", "申请行政复议", "知道行政行为", 60, D, REVIEW_2017 + "第九条", extension="不可抗力等正当理由耽误的顺延", since=REVIEW_1999_SINCE, until=REVIEW_UNTIL),
    Rule("reconsider_apply", "申请行政复议", "知道行政行为", 60, D, REVIEW_2023 + "第二十条", "未告知的最长一年；不动产最长二十年（第二十一条）", "不可抗力等正当理由耽误的顺延", since=REVIEW_SINCE),
    Rule("reconsider_accept", "行政复议受理审查", "收到申请", 5, W, REVIEW_2017 + "第十七条、第四十条", since=REVIEW_1999_SINCE, until=REVIEW_UNTIL),
    Rule("reconsider_accept", "行政复议受理审查", "收到申请", 5, W, REVIEW_2023 + "第三十条、第八十八条", "逾期视为受理", since=REVIEW_SINCE),
    Rule("reconsider_decide", "作出行政复议决定", "受理", 60, D, REVIEW_2017 + "第三十一条", extension="经批准可延长不超过三十日", since=REVIEW_1999_SINCE, until=REVIEW_UNTIL),
    Rule("reconsider_decide", "作出行政复议决定", "受理", 60, D, REVIEW_2023 + "第六十二条", extension="经批准可延长不超过三十日", since=REVIEW_SINCE),
    Rule("reconsider_decide_simple", "作出行政复议决定（简易程序）", "受理", 30, D, REVIEW_2023 + "第六十二条", since=REVIEW_SINCE),
    Rule("reconsider_then_sue", "对复议决定起诉", "收到复议决定", 15, D, ADMIN + "第四十五条", since=ADMIN_SINCE, until=REVIEW_UNTIL),
    Rule("reconsider_then_sue", "对复议决定起诉", "收到复议决定", 15, D, ADMIN + "第四十五条、行政复议法（2023年文本）第三十四条", since=REVIEW_SINCE),
    # 行政诉讼
    Rule("admin_sue_direct", "直接提起行政诉讼", "知道行政行为", 6, M, ADMIN + "第四十六条", "不动产最长二十年；其他法律另有规定的从其规定", since=ADMIN_SINCE),
    Rule("admin_first_instance", "行政诉讼一审审结", "立案", 6, M, ADMIN + "第八十一条", extension="高级人民法院批准", since=ADMIN_SINCE),
    Rule("admin_second_instance", "行政诉讼二审审结", "收到上诉状", 3, M, ADMIN + "第八十八条", extension="高级人民法院批准", since=ADMIN_SINCE),
    Rule("appeal_judgment", "对判决上诉", "判决书送达", 15, D, "行政诉讼法第八十五条、民事诉讼法（2012、2017年文本）第一百六十四条", since=ADMIN_SINCE, until=CIVIL_2017_UNTIL),
    Rule("appeal_judgment", "对判决上诉", "判决书送达", 15, D, "行政诉讼法第八十五条、民事诉讼法第一百七十一条", since=CIVIL_2021_SINCE),
    Rule("appeal_ruling", "对裁定上诉", "裁定书送达", 10, D, "行政诉讼法第八十五条、民事诉讼法（2012、2017年文本）第一百六十四条", since=ADMIN_SINCE, until=CIVIL_2017_UNTIL),
    Rule("appeal_ruling", "对裁定上诉", "裁定书送达", 10, D, "行政诉讼法第八十五条、民事诉讼法第一百七十一条", since=CIVIL_2021_SINCE),
    # 民事诉讼
    Rule("civil_first_instance", "民事一审审结", "立案", 6, M, CIVIL_2017 + "第一百四十九条", extension=COURT, since=CIVIL_SINCE, until=CIVIL_2017_UNTIL),
    Rule("civil_first_instance", "民事一审审结", "立案", 6, M, "民事诉讼法第一百五十二条", extension=COURT, since=CIVIL_2021_SINCE),
    Rule("civil_second_judgment", "民事二审审结（判决）", "二审立案", 3, M, CIVIL_2017 + "第一百七十六条", extension=COURT, since=CIVIL_SINCE, until=CIVIL_2017_UNTIL),
    Rule("civil_second_judgment", "民事二审审结（判决）", "二审立案", 3, M, "民事诉讼法第一百八十三条", extension=COURT, since=CIVIL_2021_SINCE),
    Rule("civil_second_ruling", "民事二审审结（裁定）", "二审立案", 30, D, CIVIL_2017 + "第一百七十六条", since=CIVIL_SINCE, until=CIVIL_2017_UNTIL),
    Rule("civil_second_ruling", "民事二审审结（裁定）", "二审立案", 30, D, "民事诉讼法第一百八十三条", since=CIVIL_2021_SINCE),
    Rule("civil_limitation", "民事诉讼时效", "知道权利受损及义务人", 3, Y, "民法总则第一百八十八条", "最长二十年", since=_day("2017-10-01"), until=_day("2020-12-31")),
    Rule("civil_limitation", "民事诉讼时效", "知道权利受损及义务人", 3, Y, "民法典第一百八十八条", "最长二十年", since=_day("2021-01-01")),
    # 农村土地承包仲裁
    Rule("rural_arb_apply", "申请农村土地承包仲裁", "知道权利被侵害", 2, Y, ARBITRATION + "第十八条", since=ARBITRATION_SINCE),
    Rule("rural_arb_accept_serve", "仲裁受理并送达", "收到申请", 5, W, ARBITRATION + "第二十三条", since=ARBITRATION_SINCE),
    Rule("rural_arb_finish", "仲裁结案", "受理", 60, D, ARBITRATION + "第四十七条", extension="可延长不超过三十日", since=ARBITRATION_SINCE),
    Rule("rural_arb_sue", "对仲裁裁决起诉", "收到裁决书", 30, D, ARBITRATION + "第四十八条", "逾期不起诉的，裁决书发生法律效力", since=ARBITRATION_SINCE),
    # 信访
    Rule("petition_transfer", "信访转送、告知", "收到信访事项", 15, D, PETITION_2005 + "第二十一条、第二十二条", since=PETITION_SINCE, until=PETITION_UNTIL),
    Rule("petition_transfer", "信访转送、告知", "收到信访事项", 15, D, PETITION_2022 + "第二十二条、第二十三条", "对转送有异议的，五个工作日内提出", since=PETITION_2022_SINCE),
    Rule("petition_object", "对转送提出异议", "收到转送", 5, W, PETITION_2022 + "第二十二条、第二十三条", since=PETITION_2022_SINCE),
    Rule("petition_finish", "信访事项办结", "受理", 60, D, PETITION_2005 + "第三十三条", extension="可延长不超过三十日", since=PETITION_SINCE, until=PETITION_UNTIL),
    Rule("petition_finish", "信访事项办结", "受理", 60, D, PETITION_2022 + "第三十四条", extension="可延长不超过三十日", since=PETITION_2022_SINCE),
    Rule("petition_review", "请求信访复查", "收到答复", 30, D, PETITION_2005 + "第三十四条", since=PETITION_SINCE, until=PETITION_UNTIL),
    Rule("petition_review", "请求信访复查", "收到答复", 30, D, PETITION_2022 + "第三十五条", since=PETITION_2022_SINCE),
    Rule("petition_review_answer", "答复信访复查", "收到复查请求", 30, D, PETITION_2005 + "第三十四条", since=PETITION_SINCE, until=PETITION_UNTIL),
    Rule("petition_review_answer", "答复信访复查", "收到复查请求", 30, D, PETITION_2022 + "第三十五条", since=PETITION_2022_SINCE),
    Rule("petition_re_review", "请求信访复核", "收到复查意见", 30, D, PETITION_2005 + "第三十五条", since=PETITION_SINCE, until=PETITION_UNTIL),
    Rule("petition_re_review", "请求信访复核", "收到复查意见", 30, D, PETITION_2022 + "第三十六条", "听证时间不计入", since=PETITION_2022_SINCE),
    Rule("petition_re_review_answer", "答复信访复核", "收到复核请求", 30, D, PETITION_2005 + "第三十五条", since=PETITION_SINCE, until=PETITION_UNTIL),
    Rule("petition_re_review_answer", "答复信访复核", "收到复核请求", 30, D, PETITION_2022 + "第三十六条", since=PETITION_2022_SINCE),
    # 严重精神障碍患者随访
    Rule("visit_unstable", "随访（病情不稳定）", "上次随访", 14, D, HEALTH_2011, "不稳定的，两周内随访", rolls=False, since=HEALTH_SINCE, until=HEALTH_UNTIL),
    Rule("visit_unstable", "随访（病情不稳定）", "上次随访", 14, D, HEALTH_2017, "不稳定的，两周内随访", rolls=False, since=HEALTH_2017_SINCE, until=HEALTH_2017_UNTIL),
    Rule("visit_unstable", "随访（病情不稳定）", "上次随访", 14, D, HEALTH_2018, "不稳定的，两周内随访", rolls=False, since=CARE_SINCE),
    Rule("visit_basically_stable", "随访（病情基本稳定）", "上次随访", 14, D, HEALTH_2011, "基本稳定的，两周时随访", rolls=False, since=HEALTH_SINCE, until=HEALTH_UNTIL),
    Rule("visit_basically_stable", "随访（病情基本稳定）", "上次随访", 14, D, HEALTH_2017, "基本稳定的，两周时随访", rolls=False, since=HEALTH_2017_SINCE, until=HEALTH_2017_UNTIL),
    Rule("visit_basically_stable", "随访（病情基本稳定）", "上次随访", 14, D, HEALTH_2018, "基本稳定的，两周时随访", rolls=False, since=CARE_SINCE),
    Rule("visit_recheck", "随访（复查后仍基本稳定）", "上次随访", 1, M, HEALTH_2011, "两周后仍未稳定的，一个月时随访", rolls=False, since=HEALTH_SINCE, until=HEALTH_UNTIL),
    Rule("visit_recheck", "随访（复查后仍基本稳定）", "上次随访", 1, M, HEALTH_2017, "两周后仍未稳定的，一个月时随访", rolls=False, since=HEALTH_2017_SINCE, until=HEALTH_2017_UNTIL),
    Rule("visit_recheck", "随访（复查后仍基本稳定）", "上次随访", 1, M, HEALTH_2018, "两周后仍未稳定的，一个月时随访", rolls=False, since=CARE_SINCE),
    Rule("visit_stable", "随访（病情稳定）", "上次随访", 3, M, HEALTH_2011, "稳定的，三个月时随访", rolls=False, since=HEALTH_SINCE, until=HEALTH_UNTIL),
    Rule("visit_stable", "随访（病情稳定）", "上次随访", 3, M, HEALTH_2017, "稳定的，三个月时随访", rolls=False, since=HEALTH_2017_SINCE, until=HEALTH_2017_UNTIL),
    Rule("visit_stable", "随访（病情稳定）", "上次随访", 3, M, HEALTH_2018, "稳定的，三个月时随访", rolls=False, since=CARE_SINCE),
    Rule("visit_not_seen", "再次走访（上次未见到）", "上次走访", 14, D, LOCAL, "未见到对象的，两周内再访", rolls=False),
    Rule("visit_set", "下次走访（走访时另定）", "上次走访", 0, SET, "走访记录", "走访人员另定下次走访日期的，从其所定", rolls=False),
    Rule("visit_first", "首次走访建档", "建档", 14, D, LOCAL, "新入册的，两周内走访建档", rolls=False),
    Rule("visit_return", "恢复在管后走访", "恢复在管", 14, D, LOCAL, "恢复在管的，两周内走访", rolls=False),
    Rule("visits_a_year", "每年随访次数", "年初", 0, SET, HEALTH_2011, "每年至少随访四次", rolls=False, since=HEALTH_SINCE, until=HEALTH_UNTIL),
    Rule("visits_a_year", "每年随访次数", "年初", 0, SET, HEALTH_2017, "每年至少随访四次", rolls=False, since=HEALTH_2017_SINCE, until=HEALTH_2017_UNTIL),
    Rule("visits_a_year", "每年随访次数", "年初", 0, SET, HEALTH_2018, "每年至少随访四次", rolls=False, since=CARE_SINCE),
    Rule("consent_yearly", "再次询问知情同意", "年初", 0, SET, CARE, "不同意参加管理的，每年再次询问", rolls=False, since=CARE_SINCE),
    # 约定、指定的日期与工作安排
    Rule("resolve_by", "化解时限", "指定", 0, SET, "综治办指定的化解时限", rolls=False),
    Rule("next_session", "下次调解", "约定", 0, SET, "调解记录约定的日期", rolls=False),
    Rule("agreement_term", "协议履行期限", "约定", 0, SET, MEDIATION + "第三十一条", "调解委员会对协议的履行情况进行监督，督促履行", rolls=False, since=MEDIATION_SINCE),
    Rule("agreement_term_land", "调解书履行期限", "约定", 0, SET, "土地权属争议调解书的约定", rolls=False),
    Rule("agreement_term_rural", "承包纠纷调解协议履行期限", "约定", 0, SET, "承包纠纷调解协议书的约定", rolls=False),
    Rule("agreement_term_contract", "和解协议履行期限", "约定", 0, SET, "合同法第六十条", "按照约定全面履行", rolls=False, since=CONTRACT_SINCE, until=_day("2020-12-31")),
    Rule("agreement_term_contract", "和解协议履行期限", "约定", 0, SET, "民法典第五百零九条", "按照约定全面履行", rolls=False, since=CODE_SINCE),
    Rule("agreement_term_pact", "和谐共建协议约定的日期", "约定", 0, SET, "和谐共建协议的约定", rolls=False),
    Rule("return_visit", "履行后回访", "履行完毕", 30, D, LOCAL, "协议履行后一个月内回访"),
    Rule("shed_notice", "限期自行拆除", "送达责令或公告", 0, SET, "行政强制法第四十四条", "强制拆除须先公告，限期自行拆除", rolls=False, since=COERCION_SINCE),
)  # fmt: skip
"""The table. Where a version names articles of an older text, they are that text's own numbers."""

_BY_ID = {each.id: tuple(rule for rule in RULES if rule.id == each.id) for each in RULES}


def set_by_county(days: Mapping[str, int]) -> None:
    """Count these periods, which no law sets (`LOCAL`), in the county's own numbers of days, and all others as in the table.

    Raises ValueError, which names it, for a rule that a law sets, that is set by the day, or that there is not.
    """
    free = {rule.id for rule in RULES if rule.source == LOCAL}
    if unknown := sorted(days.keys() - free):
        raise ValueError(f"{unknown[0]} is no period that a county sets; those are {', '.join(sorted(free))}")
    for each in RULES:
        if each.id in free:
            own = days.get(each.id, each.limit)
            changed = each if own == each.limit else replace(each, limit=own, says=f"本县定为{own}日")
            _BY_ID[each.id] = (changed,)


def table() -> Iterator[Rule]:
    """All rules as they are counted here, in order."""
    return chain.from_iterable(_BY_ID.values())


def rule_on(rule_id: str, start: dt.date) -> Rule | None:
    """The version of a rule that a period starting on this day runs under; None before its first. Raises KeyError for no rule."""
    return next((rule for rule in _BY_ID[rule_id] if rule.holds(start)), None)


def current(rule_id: str) -> Rule:
    """The last version of a rule: for what is said of it in general. A period's own is `version_of`."""
    return _BY_ID[rule_id][-1]


def version_of(rule_id: str, start: dt.date) -> Rule:
    """The version to name for a period from this day: the one that holds, or the first for what began before it."""
    return rule_on(rule_id, start) or _BY_ID[rule_id][0]


def ends_on(rule_id: str, start: dt.date) -> dt.date | None:
    """The last day of a period that starts on this day; None where the rule was not yet in force."""
    rule = rule_on(rule_id, start)
    return rule.ends(start) if rule else None
