"""What can go wrong: a class for each kind, with its status, a stable code and its text in two languages.

RegistryError
├── Malformed          400  the body or the parameters are not of the published shape
├── Unauthenticated    401  no key, or not a valid one
├── Forbidden          403  the key's role may not do this
├── NotFound           404  no such entry, or outside the caller's divisions
├── MethodNotAllowed   405
├── Conflict           409  the entry's state forbids it
├── PreconditionFailed 412  the version in If-Match is not the current one
├── TooLarge           413
├── WrongMediaType     415
├── Refused            422  the shape is right, a rule of the register says no
├── PreconditionNeeded 428  If-Match is missing
├── Unavailable        503  database or write queue; try again
└── Broken             500  a fault of ours
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent.

    `pointer` is the JSON Pointer of the field (`#name` for a query parameter or header), `code` is stable,
    `allowed` lists the values that would do, where there is such a list.
    """

    pointer: str
    code: str
    zh: str
    en: str
    allowed: tuple[str, ...] = ()


def step_of(name: object) -> str:
    """One step of a JSON Pointer (RFC 6901), escaped."""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


class RegistryError(Exception):
    """The root of every error that is answered as problem+json."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    zh: ClassVar[str] = "请求未能完成。"
    en: ClassVar[str] = "The request could not be completed."

    def __init__(
        self,
        *,
        zh: str | None = None,
        en: str | None = None,
        faults: Iterable[Fault] = (),
        members: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.faults = tuple(faults)
        self.members = dict(members or {})
        self.headers = dict(headers or {})
        self.detail = {"zh": zh or self.zh, "en": en or self.en}
        super().__init__(self.detail["en"])


class Malformed(RegistryError):
    """The body or the parameters are not of the published shape. Nothing was changed."""

    status = 400
    code = "malformed"
    zh = "提交的内容格式有误，请按 errors 逐项改正后重新提交。"
    en = "What was sent is not of the published shape; fix each of the errors and send it again."


class Unauthenticated(RegistryError):
    """There is no API key, or it is unknown, expired or revoked."""

    status = 401
    code = "unauthenticated"
    zh = "没有有效的 API 密钥。请在 Authorization 头中以 Bearer 方式提供。"
    en = "No valid API key. Give one in the Authorization header, as Bearer."

    def __init__(self, who: object = None) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="registry"'})
        self.who = who
        """Whose key it was, where it is known but no longer valid."""


class Forbidden(RegistryError):
    """The key is valid, but its role may not do this."""

    status = 403
    code = "forbidden"
    zh = "该密钥的角色无权进行此操作。"
    en = "The role of this key may not do this."


class NotFound(RegistryError):
    """There is no such entry, or it is outside the caller's divisions; the answer does not tell which."""

    status = 404
    code = "not_found"
    zh = "没有这条记录，或不在您的辖区之内。"
    en = "There is no such entry, or it is outside your divisions."


class RouteNotFound(RegistryError):
    """There is no such path, whatever the id in it."""

    status = 404
    code = "route_not_found"
    zh = "没有这个地址。可用的地址见 /docs。"
    en = "There is no such path; /docs lists those there are."


class UnknownSigner(Forbidden):
    """The checkpoint is not signed by the key that is known for its log."""

    code = "unknown_signer"
    zh = "检查点没有该日志已知公钥的签名。"
    en = "The checkpoint is not signed by the key that is known for its log."


class UnknownLog(NotFound):
    """This server does not cosign a log of that origin."""

    code = "unknown_log"
    zh = "本服务器不为该日志作见证。"
    en = "This server does not cosign a log of that origin."


class MethodNotAllowed(RegistryError):
    """The path exists, the method does not; `Allow` lists those that do."""

    status = 405
    code = "method_not_allowed"
    zh = "该地址不支持此方法。"
    en = "This path does not support that method."


class Conflict(RegistryError):
    """The state of the entry, or another entry, forbids it."""

    status = 409
    code = "conflict"
    zh = "记录的现状不允许此操作。"
    en = "The state of the entry forbids this."


class EntryExists(Conflict):
    """An entry with this id is there already, or this person is on the roster: `errors` tells which, `entry` where it is."""

    code = "entry_exists"
    zh = "已有这条记录。"
    en = "This entry is there already."


ID_TAKEN = Fault("#entry_id", "id_taken", "该编号已用于另一条记录。", "This id is that of another entry.")
ON_ROSTER = Fault(
    "/id_number", "on_roster", "该身份证号码的人员已在册。", "Whoever has this ID number is on the roster already."
)


class EntryVoided(Conflict):
    """The entry was voided (作废); it can be read, but no longer changed."""

    code = "entry_voided"
    zh = "该记录已作废，不能再修改。"
    en = "The entry was voided and can no longer be changed."


class EntryErased(Conflict):
    """The personal data of the entry was erased by law (依法删除); what is left can be read, but no longer changed."""

    code = "entry_erased"
    zh = "该记录的个人信息已依法删除，不能再修改。"
    en = "The personal data of this entry was erased by law; it can no longer be changed."


class PreconditionFailed(RegistryError):
    """Somebody changed the entry since the version named in If-Match, or it exists (If-None-Match: *)."""

    status = 412
    code = "precondition_failed"
    zh = "您所依据的版本已不是最新版本。请对照 current 与 conflicts 后重新提交。"
    en = "The version you started from is no longer the current one; see current and conflicts."
    shown: object = None
    """The version that `current` shows, for the access log."""


class TooLarge(RegistryError):
    """The body is over the limit: 1 MiB, 64 KiB for a checkpoint to cosign."""

    status = 413
    code = "too_large"
    zh = "提交的内容超过上限（1 MiB；见证请求 64 KiB）。"
    en = "The body is over the limit: 1 MiB, 64 KiB for a checkpoint to cosign."


class WrongMediaType(RegistryError):
    """The body is not JSON by its Content-Type."""

    status = 415
    code = "wrong_media_type"
    zh = "请以 application/json(修改时也可用 application/merge-patch+json)提交。"
    en = "Send application/json (application/merge-patch+json will do for a change)."


class Refused(RegistryError):
    """The body is of the published shape, but a rule of the register says no. Nothing was changed."""

    status = 422
    code = "refused"
    zh = "提交的内容不符合台账规则，请按 errors 逐项改正后重新提交。"
    en = "A rule of the register refuses this; fix each of the errors and send it again."


class NotConsistent(Refused):
    """The proof does not show that the log has only grown since it was cosigned last."""

    code = "not_consistent"
    zh = "证明不能表明该日志自上次见证以来只有增加。"
    en = "The proof does not show that the log has only grown since it was cosigned last."


class KeyReused(RegistryError):
    """The Idempotency-Key was used before, with another body."""

    status = 422
    code = "idempotency_key_reused"
    zh = "该 Idempotency-Key 已用于内容不同的请求。"
    en = "This Idempotency-Key was used before with another body."


class PreconditionNeeded(RegistryError):
    """A change needs If-Match with the version that it starts from."""

    status = 428
    code = "precondition_needed"
    zh = '修改须在 If-Match 头中给出所依据的版本号，例如 If-Match: "3"。'
    en = 'A change needs the version that it starts from in If-Match, such as If-Match: "3".'


class Broken(RegistryError):
    """A fault of ours. The request id finds it in the server's log."""

    code = "broken"
    zh = "服务器内部错误，已记录。请凭 request_id 联系管理员。"
    en = "A fault of ours, logged under this request id."


class Unavailable(RegistryError):
    """The database is away or the write queue is full; nothing was written, and it can be sent again."""

    status = 503
    code = "unavailable"
    zh = "服务暂时不可用，未写入任何内容，请稍后重试。"
    en = "Temporarily unavailable; nothing was written, try again."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


class TooManyFollowers(Unavailable):
    """As many streams and waiting polls are open as the server, or one key, may have; ask again later, or without waiting."""

    code = "too_many_followers"
    zh = "同时打开的变更流过多，请关闭不用的连接后再试。"
    en = "Too many streams and waiting polls are open; close what is not used and try again."


class NotSealed(Unavailable):
    """The version is committed, but not sealed in the log's tree yet; ask again in a second."""

    code = "not_sealed"
    zh = "该版本已写入，但尚未封存，请稍后再取回执。"
    en = "The version is committed but not sealed yet; ask again in a second."


class LogRolledBack(Unavailable):
    """The database is not the one that the last checkpoint was made of, grown: an older copy was restored. Nothing is sealed until an
    operator says so with `registry log restart`.
    """

    code = "log_rolled_back"
    zh = "数据库早于最近一次签署的检查点：疑似恢复了旧备份。"
    en = "The database is older than the last signed checkpoint, or another one: a backup was restored."

    def __init__(self, tree: str = "", was: int = 0, now: int = 0) -> None:
        super().__init__()
        en = f"{self.en} The {tree} tree had {was} leaves, and has {now}, of which those are not the first."
        self.detail = {"zh": f"{self.zh}（{tree}：{was} → {now}）", "en": en} if tree else self.detail


class OutcomeUnknown(Unavailable):
    """The database broke off while it committed: the write may be there or not. Send it again with the same Idempotency-Key
    (or, for a change, the same If-Match): it is then written once, whichever it was.
    """

    code = "outcome_unknown"
    zh = "提交时数据库中断，无法确定是否已写入。请用同一 Idempotency-Key（修改用同一 If-Match）重新提交。"
    en = "The database broke off while committing; send it again with the same Idempotency-Key or If-Match."


def refuse(faults: Iterable[Fault]) -> None:
    """Raise Refused with all of these faults, if there are any."""
    if found := tuple(faults):
        raise Refused(faults=found)
