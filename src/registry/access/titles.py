"""Chinese and English titles of the code lists that all registers share."""

from registry.access.erasure import Basis
from registry.core.principals import Purpose, Role
from registry.core.register import Titles
from registry.core.unit_of_work import ReasonCode
from registry.ledger.versions import Action

TITLES: Titles = {
    Action: {
        "created": ("新增", "Created"),
        "changed": ("变更", "Changed"),
        "corrected": ("更正", "Corrected"),
        "transferred": ("移交", "Transferred"),
        "voided": ("作废", "Voided"),
        "erased": ("依法删除", "Erased by law"),
    },
    ReasonCode: {
        "typing_error": ("录入错误", "Typing error"),
        "wrong_entry": ("记错对象", "Wrong entry"),
        "new_evidence": ("有新证据", "New evidence"),
        "duplicate": ("重复录入", "Duplicate"),
        "subject_request": ("本人申请", "The person's own request"),
        "test_entry": ("测试数据", "Test entry"),
        "other": ("其他", "Other"),
    },
    Basis: {
        "purpose_ended": ("处理目的已实现或不再必要", "The purpose has ended"),
        "retention_ended": ("保存期限已届满", "The retention period has ended"),
        "consent_withdrawn": ("撤回同意", "Consent was withdrawn"),
        "unlawful_processing": ("违法违约处理", "Processing was unlawful"),
        "other_law": ("法律、行政法规规定的其他情形", "Another case laid down by law"),
    },
    Role: {
        "clerk": ("镇(街)综治办", "Clerk"),
        "supervisor": ("县级主管", "Supervisor"),
        "dashboard": ("大屏", "Dashboard"),
        "bot": ("机器人", "Bot"),
        "auditor": ("审计员", "Auditor"),
        "administrator": ("管理员", "Administrator"),
    },
    Purpose: {
        "visit": ("走访随访", "Visit"),
        "emergency": ("应急处置", "Emergency"),
        "supervision": ("督导检查", "Supervision"),
        "correction": ("更正记录", "Correction"),
        "subject_request": ("本人或监护人申请", "Request of the person or guardian"),
        "audit": ("审计", "Audit"),
    },
}
