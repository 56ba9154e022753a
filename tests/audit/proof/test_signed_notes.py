"""Signed notes, checkpoints, cosignatures, receipts and witness requests: round trips, tampering, strictness."""

import base64
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from registry.audit.proof.signed_notes import (
    BadNote,
    BadSignature,
    Checkpoint,
    Kind,
    Receipt,
    Signer,
    Verifier,
    cosign,
    format_add_checkpoint,
    format_receipt,
    open_note,
    parse_add_checkpoint,
    parse_checkpoint,
    parse_receipt,
    sign_note,
    split_note,
)


def signer(name: str, seed: int) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


LOG = signer("registry.example/maigang", 1)
OTHER = signer("registry.example/maigang", 2)
WITNESS = signer("witness.example/示范", 3)
KEY = Verifier.parse(LOG.vkey)
WITNESS_KEY = Verifier.parse(WITNESS.witness_vkey)
CHECKPOINT = Checkpoint(LOG.name, 300, hashlib.sha256(b"root").digest())
TEXT = CHECKPOINT.text()
NOTE = sign_note(TEXT, [LOG])
HASHES = tuple(hashlib.sha256(bytes([n])).digest() for n in range(63))
ROOT64 = base64.b64encode(CHECKPOINT.root).decode()
SIGNATURE = NOTE.split("\n\n")[1]

lines = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20)
texts = st.lists(lines | st.just("")).map(lambda some: "".join(f"{line}\n" for line in some) or "\n")


def test_go_documents_this_note() -> None:
    """The example in the documentation of Go's sumdb/note, and the key that goes with it."""
    key = Verifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    found, [verified] = open_note(f"{text}\n{line}", [key])
    assert found == text
    assert (verified.name, verified.key_id.hex(), verified.seconds) == ("PeterNeumann", "c74f20a3", None)


def test_the_key_as_text() -> None:
    name, key_id, encoded = LOG.vkey.split("+")
    public = LOG.key.public_key().public_bytes_raw()
    assert (name, base64.b64decode(encoded)) == (LOG.name, b"\x01" + public)
    assert key_id == LOG.key_id.hex() == hashlib.sha256(name.encode() + b"\n\x01" + public).hexdigest()[:8]
    assert LOG.verifier(Kind.NOTE) == KEY
    assert WITNESS.verifier(Kind.COSIGNATURE) == WITNESS_KEY


@given(texts)
def test_notes_round_trip(text: str) -> None:
    note = sign_note(text, [LOG, WITNESS])
    assert split_note(note)[0] == text
    found, verified = open_note(note, [KEY, Verifier.parse(WITNESS.vkey)])
    assert found == text
    assert [one.name for one in verified] == [LOG.name, WITNESS.name]
    assert note == f"{text}\n{''.join(one.line for one in verified)}"


def test_every_changed_character_is_noticed() -> None:
    cosigned = NOTE + cosign(TEXT, WITNESS, 1_700_000_000)
    for at, one in enumerate(cosigned):
        changed = cosigned[:at] + ("A" if one != "A" else "B") + cosigned[at + 1 :]
        try:
            text, verified = open_note(changed, [KEY, WITNESS_KEY])
        except BadNote:
            continue
        # What is left is a note whose other signature has become an unknown key's.
        assert (text, len(verified)) == (TEXT, 1), at
        assert at >= len(TEXT)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    note = sign_note(TEXT, [OTHER, LOG, WITNESS])
    assert [one.key_id for one in open_note(note, [KEY])[1]] == [LOG.key_id]
    unknown = f"— {LOG.name} {base64.b64encode(b'12345').decode()}\n"
    assert len(open_note(NOTE + unknown, [KEY])[1]) == 1


@pytest.mark.parametrize("known", [[], [Verifier.parse(OTHER.vkey)], [WITNESS_KEY], [LOG.verifier(Kind.COSIGNATURE)]])
def test_a_note_that_no_known_key_signed_is_refused(known: list[Verifier]) -> None:
    with pytest.raises(BadSignature, match="no known key"):
        open_note(NOTE, known)


def test_a_wrong_signature_of_a_known_key_is_refused() -> None:
    wrong = sign_note(TEXT.replace("300", "301"), [LOG]).split("\n\n")[1]
    for note in (f"{TEXT}\n{wrong}", NOTE + wrong, f"{TEXT}\n{wrong}{SIGNATURE}"):
        with pytest.raises(BadSignature, match="is wrong"):
            open_note(note, [KEY])


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64, 65, 71, 73])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    for key in (KEY, WITNESS_KEY):
        line = f"— {key.name} {base64.b64encode(key.key_id + b'a' * size).decode()}\n"
        with pytest.raises(BadSignature, match="is wrong"):
            open_note(NOTE + line, [KEY, WITNESS_KEY])


def test_a_key_that_signed_twice_counts_once() -> None:
    again = cosign(TEXT, WITNESS, 2) + cosign(TEXT, WITNESS, 3)
    found = open_note(NOTE + SIGNATURE + again, [KEY, WITNESS_KEY, KEY])[1]
    assert [(one.name, one.seconds) for one in found] == [(LOG.name, None), (WITNESS.name, 2)]


BAD_NOTES: dict[str, str] = {
    "empty": "",
    "text only": TEXT,
    "signature only": SIGNATURE,
    "no blank line": TEXT + SIGNATURE,
    "no signature": TEXT + "\n",
    "no newline at the end": NOTE[:-1],
    "signature first": f"\n{SIGNATURE}",
    "blank line after": NOTE + "\n",
    "text after": NOTE + "text\n",
    "carriage returns": NOTE.replace("\n", "\r\n"),
    "one carriage return": NOTE.replace("300", "300\r"),
    "tab": NOTE.replace("300", "3\t0"),
    "NUL": NOTE.replace("300", "3\x000"),
    "not UTF-8": NOTE.replace("300", "3\udc800"),
    "hyphen": NOTE.replace("— ", "- "),
    "en dash": NOTE.replace("— ", "– "),
    "no space": NOTE.replace("— ", "—"),
    "two spaces": NOTE.replace("— ", "—  "),
    "space in the name": NOTE.replace("— r", "— r "),
    "wide space in the name": NOTE.replace("— r", "— r\u3000"),
    "hard space in the name": NOTE.replace("— r", "— r\u00a0"),
    "plus in the name": NOTE.replace("— r", "— r+"),
    "no name": f"{TEXT}\n—  {SIGNATURE.split(' ')[2]}",
    "no base64": f"{TEXT}\n— {LOG.name}\n",
    "empty base64": f"{TEXT}\n— {LOG.name} \n",
    "an id only": f"{TEXT}\n— {LOG.name} {base64.b64encode(LOG.key_id).decode()}\n",
    "no padding": NOTE.replace("=", ""),
    "too much padding": NOTE[:-1] + "=\n",
    "base64url": f"{TEXT}\n— {LOG.name} {base64.urlsafe_b64encode(bytes([255] * 68)).decode()}\n",
    "stray bits": f"{NOTE}— a.example MTIzNDV=\n",
    "something after base64": NOTE[:-1] + " x\n",
    "101 signatures": NOTE + "— a.example MTIzNDU=\n" * 100,
    "a million characters": "a" * 1_000_000 + NOTE,
}


@pytest.mark.parametrize("note", BAD_NOTES.values(), ids=BAD_NOTES)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(BadNote) as refused:
        open_note(note, [KEY])
    assert refused.type is BadNote
    with pytest.raises(BadNote):
        parse_add_checkpoint(f"old 0\n\n{note}")


def test_a_hundred_signatures_are_read() -> None:
    assert open_note(NOTE + "— a.example MTIzNDU=\n" * 99, [KEY])[0] == TEXT


@pytest.mark.parametrize(
    "text", ["", "a", "a\n\n\nb", "a\r\n", "a\x7f\x00\n", "a\udc80\n", "cosignature/v1\ntime 1\na\n"]
)
def test_what_cannot_be_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(BadNote):
        sign_note(text, [LOG])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\n", "a\u0085", "a\x01b"])
def test_names_of_keys(name: str) -> None:
    with pytest.raises(BadNote):
        sign_note(TEXT, [signer(name, 1)])
    with pytest.raises(BadNote):
        sign_note(TEXT, [])


def vkey(raw: bytes, name: str = "a.example") -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    "text",
    [
        *["", "a", "a+b", "a.example+00000000+", f"{LOG.vkey}\n", f" {LOG.vkey}", f"+{LOG.vkey}", f"{LOG.vkey}="],
        *[
            LOG.vkey.replace("+", "-"),
            LOG.vkey[1:],
            LOG.vkey.replace("+", "++"),
            LOG.vkey.replace(LOG.key_id.hex(), "0" * 8),
        ],
        *[LOG.vkey.replace(LOG.key_id.hex(), LOG.key_id.hex().upper()), LOG.vkey.replace("registry", "regi stry")],
        *[vkey(b"\x01" + b"a" * 31), vkey(b"\x01" + b"a" * 33), vkey(b"\x02" + b"a" * 32), vkey(b"\x06" + b"a" * 1312)],
        *[vkey(b"\x01"), vkey(b"\x01" + b"a" * 32, "a b"), vkey(b"\x01" + b"a" * 32, "")],
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        Verifier.parse(text)


def test_keys_that_cannot_be_told_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verifier, "key_id", b"same")
    with pytest.raises(BadNote, match="share"):
        open_note(NOTE, [LOG.verifier(Kind.NOTE), OTHER.verifier(Kind.NOTE)])


def test_a_cosignature_verified_by_hand() -> None:
    line = cosign(TEXT, WITNESS, 1_679_315_147)
    dash, name, encoded = line.removesuffix("\n").split(" ")
    raw = base64.b64decode(encoded)
    public = WITNESS.key.public_key().public_bytes_raw()
    assert (dash, name, len(raw)) == ("—", WITNESS.name, 4 + 8 + 64)
    assert raw[:4] == hashlib.sha256(WITNESS.name.encode() + b"\n\x04" + public).digest()[:4]
    assert raw[4:12] == (1_679_315_147).to_bytes(8, "big")
    message = f"cosignature/v1\ntime 1679315147\n{LOG.name}\n300\n{ROOT64}\n".encode()
    Ed25519PublicKey.from_public_bytes(public).verify(raw[12:], message)

    text, verified = open_note(NOTE + line, [KEY, WITNESS_KEY])
    assert text == TEXT
    assert [(one.name, one.seconds) for one in verified] == [(LOG.name, None), (WITNESS.name, 1_679_315_147)]
    assert verified[1].line == line


def test_a_cosignature_is_of_its_time_text_and_key() -> None:
    line = cosign(TEXT, WITNESS, 5)
    raw = base64.b64decode(line.split(" ")[2])
    later = f"— {WITNESS.name} {base64.b64encode(raw[:4] + (6).to_bytes(8) + raw[12:]).decode()}\n"
    far = 2**63
    signed = WITNESS.key.sign(f"cosignature/v1\ntime {far}\n{TEXT}".encode())
    impossible = f"— {WITNESS.name} {base64.b64encode(raw[:4] + far.to_bytes(8) + signed).decode()}\n"
    other = cosign(TEXT.replace("300", "301"), WITNESS, 5)
    plain = f"— {WITNESS.name} {base64.b64encode(raw[:4] + raw[4:12] + WITNESS.key.sign(TEXT.encode())).decode()}\n"
    for bad in (later, impossible, other, plain):
        with pytest.raises(BadSignature):
            open_note(NOTE + bad, [KEY, WITNESS_KEY])
    # The same key as a log's is another key: it knows nothing of the cosignature.
    assert len(open_note(NOTE + line, [KEY, Verifier.parse(WITNESS.vkey)])[1]) == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [(TEXT, 0), (TEXT, -1), (TEXT, 2**63), ("not a checkpoint\n", 1), (NOTE, 1)]
)
def test_what_a_witness_does_not_sign(text: str, seconds: int) -> None:
    with pytest.raises(BadNote):
        cosign(text, WITNESS, seconds)


@given(lines, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(lines).map(tuple))
def test_checkpoints_round_trip(origin: str, size: int, root: bytes, extensions: tuple[str, ...]) -> None:
    checkpoint = Checkpoint(origin, size, root, extensions)
    assert parse_checkpoint(checkpoint.text()) == checkpoint
    assert parse_checkpoint(open_note(sign_note(checkpoint.text(), [LOG]), [KEY])[0]) == checkpoint


def test_the_published_checkpoint() -> None:
    """The example of C2SP tlog-checkpoint."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    found = parse_checkpoint(text)
    assert (found.origin, found.size, found.text()) == ("example.com/behind-the-sofa", 20852163, text)


@pytest.mark.parametrize(
    "text",
    [
        *["", "\n", "\n\n\n", "a\n", f"a\n1\n{ROOT64}", f"\n1\n{ROOT64}\n", f"a\n\n{ROOT64}\n", "a\n1\n\n", "a\n1\n"],
        *[f"a\n{size}\n{ROOT64}\n" for size in ("01", "00", "-1", "+1", " 1", "1 ", "1.0", "1_0", "0x1", "١", "one")],
        *[f"a\n{2**63}\n{ROOT64}\n", f"a\n{'9' * 5000}\n{ROOT64}\n"],
        *[
            f"a\n1\n{root}\n"
            for root in ("AAAA", ROOT64[:-1], ROOT64 + "=", ROOT64[:-2] + "5=", f"{ROOT64} ", "é" * 44)
        ],
        *[f"a\n1\n{base64.b64encode(bytes(size)).decode()}\n" for size in (0, 31, 33, 64)],
        *[
            f"a\n1\n{ROOT64}\n\n",
            f"a\n1\n{ROOT64}\nx\n\n",
            f"a\n1\n{ROOT64}\n\nx\n",
            f"a\n1\n{ROOT64}\nx",
            f"a\r\n1\n{ROOT64}\n",
        ],
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        *[Checkpoint("", 1, HASHES[0]), Checkpoint("a\nb", 1, HASHES[0]), Checkpoint("a\x00", 1, HASHES[0])],
        *[Checkpoint("a", -1, HASHES[0]), Checkpoint("a", 2**63, HASHES[0]), Checkpoint("a", 1, b"short")],
        *[Checkpoint("a", 1, HASHES[0], extensions) for extensions in (("",), ("x\ny",), ("x\n",), ("x", ""))],
        Checkpoint(f"a\n1\n{ROOT64}", 1, HASHES[0]),
    ],
)
def test_a_checkpoint_that_cannot_be_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(BadNote):
        checkpoint.text()


@given(st.integers(0, 2**63 - 1), st.integers(0, 63), st.none() | st.binary(min_size=1, max_size=40))
def test_receipts_round_trip(index: int, length: int, extra: bytes | None) -> None:
    text = format_receipt(index, HASHES[:length], NOTE, extra)
    assert parse_receipt(text) == Receipt(index, HASHES[:length], NOTE, extra)
    assert text.endswith(f"\n\n{NOTE}")


def test_a_receipt_is_written_as_published() -> None:
    one, two = (base64.b64encode(one).decode() for one in HASHES[:2])
    expected = f"c2sp.org/tlog-proof@v1\nextra eHl6\nindex 73894\n{one}\n{two}\n\n{TEXT}\n{SIGNATURE}"
    assert format_receipt(73894, HASHES[:2], NOTE, b"xyz") == expected
    assert format_receipt(0, [], NOTE, None) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}"
    assert format_receipt(0, [], NOTE, b"") == format_receipt(0, [], NOTE, None)


def test_an_add_checkpoint_request_is_written_as_published() -> None:
    one = base64.b64encode(HASHES[0]).decode()
    text = format_add_checkpoint(20852014, HASHES[:1], NOTE)
    assert text == f"old 20852014\n{one}\n\n{NOTE}"
    assert parse_add_checkpoint(text) == (20852014, HASHES[:1], NOTE)
    assert parse_add_checkpoint(format_add_checkpoint(0, [], NOTE)) == (0, (), NOTE)
    assert parse_add_checkpoint(format_add_checkpoint(1, HASHES, NOTE)) == (1, HASHES, NOTE)


H64 = base64.b64encode(HASHES[0]).decode()
BAD_HEADS = {
    "nothing": "",
    "blank first": "\n{first}",
    "no number": "{first} ",
    "number only": "5",
    "no space": "{first}5",
    "two spaces": "{first}  5",
    "leading zero": "{first} 05",
    "negative": "{first} -1",
    "too large": "{first} 9223372036854775808",
    "capital": "{First} 5",
    "another word": "size 5",
    "space after": "{first} 5 ",
    "carriage return": "{first} 5\r",
    "short hash": "{first} 5\nAAAA",
    "stray bits": "{first} 5\n" + H64[:-2] + "1=",
    "space after hash": "{first} 5\n" + H64 + " ",
    "64 hashes": "{first} 5" + f"\n{H64}" * 64,
    "blank line between hashes": "{first} 5\n" + H64 + "\n\n" + H64,
    "two blank lines": "{first} 5\n",
    "hash first": H64 + "\n{first} 5",
}


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS)
@pytest.mark.parametrize(
    ("first", "start", "parse"),
    [("old", "", parse_add_checkpoint), ("index", "c2sp.org/tlog-proof@v1\n", parse_receipt)],
)
def test_what_is_no_request_or_receipt_is_refused(
    first: str, start: str, parse: Callable[[str], object], head: str
) -> None:
    parse(f"{start}{first} 5\n{H64}\n\n{NOTE}")
    with pytest.raises(BadNote):
        parse(f"{start}{head.format(first=first, First=first.title())}\n\n{NOTE}")


@pytest.mark.parametrize(
    "start",
    [
        *["", "\n", "c2sp.org/tlog-proof@v2\n", "C2SP.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1 \n"],
        *[
            f"c2sp.org/tlog-proof@v1\n{line}\n"
            for line in ("", "extra", "extra ", "extra AAA", "extra AAB=", "extra  AAAA")
        ],
        *["c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\n", "extra AAAA\nc2sp.org/tlog-proof@v1\n", "Extra AAAA\n"],
    ],
)
def test_receipts_start_as_published(start: str) -> None:
    with pytest.raises(BadNote):
        parse_receipt(f"{start}index 5\n\n{NOTE}")


@pytest.mark.parametrize("note", ["", TEXT, NOTE[:-1], f"\n{NOTE}", sign_note("not a checkpoint\n", [LOG])])
def test_receipts_and_requests_have_a_checkpoint(note: str) -> None:
    with pytest.raises(BadNote):
        parse_receipt(f"c2sp.org/tlog-proof@v1\nindex 5\n\n{note}")
    with pytest.raises(BadNote):
        parse_add_checkpoint(f"old 5\n\n{note}")
