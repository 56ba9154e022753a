"""Checks a receipt without the database: the signature, the place in the tree, and what the leaf says of a document."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from registry.audit.proof.merkle import BadProof, leaf_hash, verify_inclusion
from registry.audit.proof.signed_notes import (
    BadNote,
    Checkpoint,
    Kind,
    Verified,
    Verifier,
    open_note,
    parse_checkpoint,
    parse_receipt,
    split_note,
)
from registry.audit.verify.versions import take_fields
from registry.ledger.versions import encode


class BadReceipt(Exception):
    """A receipt, or a document beside it, is not what it is said to be; the text says why."""


class Leaf(msgspec.Struct):
    """What the log says of a version."""

    book: str
    position: int
    register: str
    entry: str
    number: int
    action: str
    recorded_at: str
    public_sha256: str
    personal_fields: list[str]


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A receipt that holds."""

    leaf: Leaf
    checkpoint: Checkpoint
    signers: list[Verified]
    """The log's own keys first, then the witnesses that are known."""


def check_receipt(text: str, keys_of: Callable[[str], Sequence[Verifier]]) -> VerifiedReceipt:
    """The facts that a receipt proves; `keys_of` gives the known keys for a log's name. Raises BadReceipt."""
    try:
        receipt = parse_receipt(text)
        checkpoint = parse_checkpoint(split_note(receipt.checkpoint_note)[0])
        verifiers = keys_of(checkpoint.origin)
        _, signers = open_note(receipt.checkpoint_note, verifiers)
        _check_signers(checkpoint.origin, verifiers, signers)
        extra = receipt.extra or b""
        verify_inclusion(leaf_hash(extra), receipt.index, checkpoint.size, receipt.proof, checkpoint.root)
        leaf = msgspec.json.decode(extra, type=Leaf)
    except (BadNote, BadProof, msgspec.MsgspecError) as fault:
        raise BadReceipt(str(fault)) from None
    if leaf.position != receipt.index:
        raise BadReceipt("the leaf names another position")
    return VerifiedReceipt(leaf, checkpoint, sorted(signers, key=lambda each: each.seconds or 0))


def _check_signers(origin: str, verifiers: Sequence[Verifier], signers: Sequence[Verified]) -> None:
    """A witness alone does not make a log: its own key has to have signed."""
    own = {each.key_id for each in verifiers if each.kind is Kind.NOTE and each.name == origin}
    if not any(each.key_id in own for each in signers):
        raise BadReceipt(f"no known key of {origin} has signed this")


def check_document(leaf: Leaf, raw: bytes) -> None:
    """Check that a document, masked or plain, is the version that a leaf commits to. Raises BadReceipt."""
    try:
        document: dict[str, Any] = msgspec.json.decode(raw)
        document["meta"].pop("erased", None)
        take_fields(document, leaf.personal_fields)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        raise BadReceipt("the document is not of this version's form") from None
    if hashlib.sha256(encode(document)).hexdigest() != leaf.public_sha256:
        raise BadReceipt("the document is not what the log has (public_sha256)")
