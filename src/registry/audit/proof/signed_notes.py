"""What leaves the log as text: signed notes, checkpoints, cosignatures, receipts, witness requests (C2SP). No database, no HTTP.

Followed: signed-note, tlog-checkpoint, tlog-cosignature (Ed25519), tlog-proof, tlog-witness. Parsing is strict: whatever these
formats do not write is refused, base64 with stray bits too, so that one content has one text.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.audit.proof.merkle import HASH

MOST_SIGNATURES = 100
MOST_CHARACTERS = 1_000_000
MOST_HASHES = 63
"""Of a proof: no tree of fewer than 2**63 leaves needs more."""

_RECEIPT = "c2sp.org/tlog-proof@v1"
_COSIGNATURE = "cosignature/v1\n"
_DASH = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)")
_END = 2**63  # of sizes, indexes and times
_ID, _TIME, _KEY = 4, 8, 32  # bytes of a key's id, of a cosignature's time, of a public key


class BadNote(ValueError):
    """A text is not of the published form."""


class BadSignature(BadNote):
    """No known key has signed a note, or a signature of a known key is wrong."""


class Kind(IntEnum):
    """What a key signs: the type byte of its id and its text."""

    NOTE = 0x01
    """The note's text."""
    COSIGNATURE = 0x04
    """A witness's time and the note's text."""


_KINDS = {bytes([kind]): kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Signer:
    """A named Ed25519 private key. One that signs a log should not be a witness too."""

    name: str
    key: Ed25519PrivateKey

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before its signatures of notes."""
        return self.verifier(Kind.NOTE).key_id

    @property
    def vkey(self) -> str:
        """The public key of its signatures of notes, as text."""
        return self.verifier(Kind.NOTE).vkey

    @property
    def witness_vkey(self) -> str:
        """The public key of its cosignatures, as text."""
        return self.verifier(Kind.COSIGNATURE).vkey

    def verifier(self, kind: Kind) -> "Verifier":
        """Its public half."""
        return Verifier(self.name, kind, self.key.public_key().public_bytes_raw())


@dataclass(frozen=True, slots=True)
class Verifier:
    """A named Ed25519 public key, for signatures of one kind."""

    name: str
    kind: Kind
    public: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise BadNote("a key's name has a space, a plus or a control character, or is empty")
        if len(self.public) != _KEY:
            raise BadNote("a public key has 32 bytes")

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """The key of a text `name+key id+base64`; raises BadNote."""
        match = _VKEY.fullmatch(_checked(vkey))
        if match is None:
            raise BadNote("a key is written name+id+base64")
        raw = _unbase64(match[3])
        kind = _KINDS.get(raw[:1])
        if kind is None:
            raise BadNote("a key of another type")
        found = cls(match[1], kind, raw[1:])
        if found.vkey != vkey:
            raise BadNote("the key's id is that of another key")
        return found

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return hashlib.sha256(f"{self.name}\n".encode() + self._typed).digest()[:_ID]

    @property
    def vkey(self) -> str:
        """The key as text: `name+key id+base64`."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(self._typed)}"

    @property
    def _typed(self) -> bytes:
        return bytes([self.kind]) + self.public

    def check(self, text: str, signature: bytes) -> int | None:
        """When a witness signed the text, in Unix seconds; None for a signature without time. Raises BadSignature."""
        seconds, message = None, text
        if self.kind is Kind.COSIGNATURE:
            seconds, signature = int.from_bytes(signature[:_TIME]), signature[_TIME:]
            message = _cosigned(text, seconds)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message.encode())
        except InvalidSignature:
            raise BadSignature(f"the signature of {self.name} is wrong") from None
        if seconds is not None and seconds >= _END:
            raise BadSignature(f"the cosignature of {self.name} has no possible time")
        return seconds


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that was checked."""

    name: str
    key_id: bytes
    seconds: int | None
    """When a witness signed, in Unix seconds; None for a signature without time."""
    line: str
    """As it stands in the note, with its newline."""


def sign_note(text: str, signers: Sequence[Signer]) -> str:
    """The signed note over a text that ends in a newline; raises BadNote."""
    if not _checked(text).endswith("\n") or not signers:
        raise BadNote("a note has a text that ends in a newline, and a signature")
    if text.startswith(_COSIGNATURE):  # or it would be one, if the key were a witness's too
        raise BadNote("a note may not read like the message of a cosignature")
    lines = [_line(signer.verifier(Kind.NOTE), signer.key.sign(text.encode())) for signer in signers]
    return text + "\n" + "".join(lines)


def cosign(text: str, signer: Signer, seconds: int) -> str:
    """A witness's signature line over a checkpoint's text, at a time in Unix seconds; raises BadNote.

    It has its newline: the note and the line, joined, are the cosigned note.
    """
    parse_checkpoint(text)
    if not 0 < seconds < _END:
        raise BadNote("no possible time")
    signature = signer.key.sign(_cosigned(text, seconds).encode())
    return _line(signer.verifier(Kind.COSIGNATURE), seconds.to_bytes(_TIME) + signature)


def _cosigned(text: str, seconds: int) -> str:
    return f"{_COSIGNATURE}time {seconds}\n{text}"


def _line(verifier: Verifier, signature: bytes) -> str:
    return f"{_DASH}{verifier.name} {_base64(verifier.key_id + signature)}\n"


def open_note(note: str, verifiers: Sequence[Verifier]) -> tuple[str, list[Verified]]:
    """The text of a signed note, and the known keys' signatures, one a key; signatures of unknown keys are passed over.

    Raises BadNote if it is not of the form, BadSignature if no known key signed it or a known key's signature is wrong.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    if len(known) < len(set(verifiers)):
        raise BadNote("two known keys share a name and an id")
    text, lines = split_note(note)
    found: dict[tuple[str, bytes], Verified] = {}
    for line in lines:
        name, raw = _parse_line(line)
        key = name, raw[:_ID]
        if key in known:
            seconds = known[key].check(text, raw[_ID:])
            found.setdefault(key, Verified(*key, seconds, line))
    if not found:
        raise BadSignature("no known key has signed this")
    return text, list(found.values())


def split_note(note: str) -> tuple[str, list[str]]:
    """The text of a note, and its signature lines with their newlines; nothing is verified. Raises BadNote."""
    text, blank, signatures = _checked(note).rpartition("\n\n")
    lines = [f"{line}\n" for line in signatures.split("\n")[:-1]]
    if not blank or not signatures.endswith("\n") or len(lines) > MOST_SIGNATURES:
        raise BadNote("a note has a text, a blank line and signature lines")
    for line in lines:
        _parse_line(line)
    return text + "\n", lines


def _parse_line(line: str) -> tuple[str, bytes]:
    """The name, and the key id with the signature."""
    name, _, encoded = line.removeprefix(_DASH).removesuffix("\n").partition(" ")
    raw = _unbase64(encoded)
    if not line.startswith(_DASH) or not _is_name(name) or len(raw) <= _ID:
        raise BadNote("a signature line has a dash, a key's name and a signature")
    return name, raw


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: how many leaves it has, and their root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """What is signed; raises BadNote if it cannot be written."""
        lines = [self.origin, str(self.size), _base64(self.root), *self.extensions]
        text = "".join(f"{line}\n" for line in lines)
        if parse_checkpoint(text) != self:
            raise BadNote("a line of a checkpoint has a newline in it")
        return text


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text; raises BadNote."""
    match _checked(text).split("\n"):
        case [origin, size, root, *extensions, ""] if origin and all(extensions):
            return Checkpoint(origin, _number(size), _hash(root), tuple(extensions))
    raise BadNote("a checkpoint has three lines or more, none of them empty")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that a leaf is in the log, to be checked without it."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None
    """Whatever the reader needs besides; nothing vouches for it."""


def format_receipt(index: int, proof: Sequence[bytes], checkpoint_note: str, extra: bytes | None = None) -> str:
    """A receipt as text: `c2sp.org/tlog-proof@v1`."""
    lines = [_RECEIPT, *([f"extra {_base64(extra)}"] if extra else []), f"index {index}"]
    return "\n".join([*lines, *map(_base64, proof), "", checkpoint_note])


def parse_receipt(text: str) -> Receipt:
    """The receipt in a text; nothing in it is verified. Raises BadNote."""
    (first, *lines), note = _parts(text)
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = _unbase64(lines.pop(0).removeprefix("extra "))
    if first != _RECEIPT or extra == b"" or not lines:
        raise BadNote(f"a receipt has {_RECEIPT}, something extra or no such line, and an index")
    return Receipt(_named("index", lines[0]), _hashes(lines[1:]), note, extra)


def format_add_checkpoint(old: int, proof: Sequence[bytes], note: str) -> str:
    """What a witness is sent: the size that it saw last, the proof that the tree has only grown since, the checkpoint."""
    return "\n".join([f"old {old}", *map(_base64, proof), "", note])


def parse_add_checkpoint(text: str) -> tuple[int, tuple[bytes, ...], str]:
    """The old size, the proof and the checkpoint's note that a witness was sent; nothing is verified. Raises BadNote."""
    lines, note = _parts(text)
    return _named("old", lines[0]), _hashes(lines[1:]), note


def _parts(text: str) -> tuple[list[str], str]:
    """The lines before the first blank one, and the checkpoint's note after it."""
    head, _, note = _checked(text).partition("\n\n")
    parse_checkpoint(split_note(note)[0])
    return head.split("\n"), note


def _named(name: str, line: str) -> int:
    if not line.startswith(f"{name} "):
        raise BadNote(f"the line {name} is missing")
    return _number(line.removeprefix(f"{name} "))


def _hashes(lines: list[str]) -> tuple[bytes, ...]:
    if len(lines) > MOST_HASHES:
        raise BadNote(f"a proof has {MOST_HASHES} hashes at most")
    return tuple(map(_hash, lines))


def _hash(text: str) -> bytes:
    raw = _unbase64(text)
    if len(raw) != HASH:
        raise BadNote("a hash has 32 bytes")
    return raw


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) >= _END:
        raise BadNote("a number is written in decimal digits, without leading zeros")
    return int(text)


def _checked(text: str) -> str:
    """The text, if it can be UTF-8, has no control character but newline, and is not too long."""
    if len(text) > MOST_CHARACTERS or _CONTROL.search(text) or _SURROGATE.search(text):
        raise BadNote("not valid UTF-8, or a control character, or too long")
    return text


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() or one < " " for one in name)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unbase64(text: str) -> bytes:
    """The bytes; BadNote for anything but what `_base64` writes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if _base64(raw) != text:
        raise BadNote("not base64")
    return raw
