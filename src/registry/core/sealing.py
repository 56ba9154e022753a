"""Sealed personal data: AES-256-GCM under a data key for each subject, wrapped by a master key kept outside the database.

A box is `a256gcm` ‖ 0x00 ‖ nonce (12) ‖ ciphertext; its associated data names book, register, entry and version, so that a box
moved to another row does not open. The cipher's name leaves room for `sm4gcm` (密评). The blind index is an
HMAC-SHA-256 under a key of its own, cut to 128 bits.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.core.fields import MASKS, personal_paths, personal_values, put
from registry.core.register import Register
from registry.db.key_store import KeyStore, Tombstone
from registry.ledger.ids import new_id
from registry.ledger.versions import NewDataKey, Sealed, encode
from registry.settings import BadSetting

CIPHER = b"a256gcm\x00"
NONCE = 12
CACHE_SIZE = 50_000

STOCK = 128
"""Data keys of cases to come that are kept at once, of a register: two full batches."""
SEARCHED = frozenset({"id_number", "phone"})
"""Kinds of personal fields that entries are looked for by."""
SALT = 16


class KeyFile(msgspec.Struct, kw_only=True):
    """What the key file holds, as JSON: master keys by id, which of them wraps new data keys, the key of the blind index."""

    current: str
    masters: dict[str, str]
    index: str


def load_key_file(path: Path) -> KeyFile:
    """Read the key file, making it (mode 0600) if there is none. Raises BadSetting if others may read it."""
    if not path.exists():
        first = new_master_id()
        write_key_file(path, KeyFile(current=first, masters={first: _new_key()}, index=_new_key()))
    if not path.is_file():
        raise BadSetting(f"REGISTRY_KEY_FILE: {path} is not a file")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadSetting(f"REGISTRY_KEY_FILE: {path} may be read by others; chmod 600 it")
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeyFile)
    except (OSError, msgspec.MsgspecError) as fault:
        raise BadSetting(f"REGISTRY_KEY_FILE: {path} is not a key file ({fault})") from None


def check_key_file(store: KeyStore, path: Path) -> None:
    """Raise BadSetting unless the key file opens what the key store holds; make one only where nothing is sealed yet.

    A server with a stray key file would seal new data under a key that no other server knows.
    """
    used = store.masters()
    if used and not path.exists():
        raise BadSetting(f"REGISTRY_KEY_FILE: {path} is not there, and the key store holds data keys")
    if missing := used - set(load_key_file(path).masters):
        raise BadSetting(
            f"REGISTRY_KEY_FILE: {path} lacks the master key {', '.join(sorted(missing))} of the key store"
        )


def write_key_file(path: Path, keys: msgspec.Struct) -> None:
    """Write a key file, mode 0600, so that a crash leaves the old one or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys)))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def new_master_id() -> str:
    return "m-" + secrets.token_hex(4)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Sealer:
    """Seals and opens personal fields. Reads the key file again when it has changed (a rotation while serving)."""

    def __init__(self, path: Path, store: KeyStore) -> None:
        self._path = path
        self.store = store
        self._changed_at = 0
        self._data_keys: dict[tuple[str, str], bytes] = {}
        self._stock: dict[tuple[str, str], deque[str]] = {}
        self._load()

    def mask(
        self, book: str, register: Register, document: dict[str, Any]
    ) -> tuple[dict[str, str], tuple[tuple[str, bytes], ...]]:
        """Put masks in place of what is personal: the plain values by JSON Pointer, and the digests of those that are searched by."""
        plain: dict[str, str] = {}
        digests: list[tuple[str, bytes]] = []
        for path, kind in personal_paths(register.entry):
            for pointer, value in personal_values(document, path):
                plain[pointer] = value
                if kind in SEARCHED:
                    digests.append((kind, self.digest(book, kind, value)))
                put(document, pointer, MASKS[kind](value))
        return plain, tuple(digests)

    def seal(
        self, book: str, subject: str, place: str, fields: dict[str, str],
        digests: tuple[tuple[str, bytes], ...],
        *,
        known: bool = True,
        beside: NewDataKey | None = None,
    ) -> Sealed:  # fmt: skip
        """Seal the personal fields (plain text by JSON Pointer) of the version that `place` names.

        `known` is false where the subject is new: it has no data key yet, but one that was kept in advance (`new_id`).
        `beside` is the key that the same write has made for it already.
        """
        new = None
        if beside is not None:
            key: bytes | None = self._unwrap(
                str(beside.row["master_id"]), cast(bytes, beside.row["wrapped"]), book, subject
            )
        else:
            key = self._find_data_key(book, subject) if known else self._data_keys.get((book, subject))
        if key is None:
            key, new = self._new_data_key(book, subject)
        salt = secrets.token_bytes(SALT)
        plain = encode(fields)
        nonce = secrets.token_bytes(NONCE)
        box = CIPHER + nonce + AESGCM(key).encrypt(nonce, salt + plain, place.encode())
        return Sealed(box, hashlib.sha256(salt + plain).digest(), digests, new)

    @contextlib.contextmanager
    def new_id(self, book: str, register: Register) -> Iterator[str]:
        """An id for what is done inside, while the book is locked; where that raises, nothing was kept under it, and the next gets it.

        A new case's comes from a stock of ids whose data keys are kept already, so that few writes wait for the key store. Each key is
        bound to its id from the start, and only this process knows its stock: no key can serve two cases, whatever crashes or is
        restored. What is left of a stock opens nothing and is never given out, like the key of a write that failed.
        """
        stock = self._stock.setdefault((book, register.name), deque())
        entry_id = stock.popleft() if stock else new_id()
        try:
            yield entry_id
        except BaseException:
            stock.append(entry_id)
            raise

    def keep(self, rows: Sequence[dict[str, object]]) -> None:
        """Keep new data keys durably, and with them those of cases to come. Only while the book is locked: a rotation of the master
        key waits for that, and finds all that was wrapped before it.
        """
        kinds = {(str(row["book"]), str(row["subject"]).partition("/")[0]) for row in rows} & self._stock.keys()
        coming = [(book, kind, new_id()) for book, kind in kinds for _ in range(STOCK)]
        made = [self._new_data_key(book, f"{kind}/{entry_id}") for book, kind, entry_id in coming]
        self.store.keep([*rows, *(new.row for _, new in made)])
        for (book, kind, entry_id), (key, _) in zip(coming, made, strict=True):
            self._remember(book, f"{kind}/{entry_id}", key)
            self._stock[book, kind].append(entry_id)

    def open(self, book: str, subject: str, place: str, box: bytes) -> dict[str, str]:
        """The plain personal fields of a version, by JSON Pointer. Raises InvalidTag if the box was altered or moved, or
        its key is no more.
        """
        return msgspec.json.decode(self.open_salted(book, subject, place, box)[SALT:], type=dict[str, str])

    def open_salted(self, book: str, subject: str, place: str, box: bytes) -> bytes:
        """What a version's commitment is the SHA-256 of: the salt, then the plain personal fields as canonical JSON."""
        if not box.startswith(CIPHER):
            raise InvalidTag
        nonce, sealed = box[len(CIPHER) : len(CIPHER) + NONCE], box[len(CIPHER) + NONCE :]
        key = self._find_data_key(book, subject)
        if key is None:
            raise InvalidTag
        return AESGCM(key).decrypt(nonce, sealed, place.encode())

    def learn(self, book: str, subjects: Sequence[str]) -> None:
        """Look up the data keys of many subjects at once, for opening what is sealed under them. One that does not unwrap is
        passed over: `open_salted` will say so.
        """
        self._load()
        fresh = [subject for subject in subjects if (book, subject) not in self._data_keys]
        for subject, (master_id, wrapped) in self.store.find_all(book, fresh).items():
            with contextlib.suppress(InvalidTag):
                self._remember(book, subject, self._unwrap(master_id, wrapped, book, subject))

    def forget(self, stone: Tombstone) -> None:
        """Destroy a subject's data key for ever."""
        self.store.destroy(stone)
        self._data_keys.pop((stone.book, stone.subject), None)

    def digest(self, book: str, kind: str, value: str) -> bytes:
        """The blind index of an ID number (upper case, no blanks) or a phone (digits only)."""
        text = value.replace(" ", "").upper() if kind == "id_number" else "".join(filter(str.isdigit, value))
        return hmac.digest(self._index, f"{book}/{kind}/{text}".encode(), "sha256")[:16]

    def derived_key(self, purpose: str) -> bytes:
        """A key for another purpose, from the key file's one that is not rotated: for what servers sign for themselves."""
        return hmac.digest(self._index, f"derived/{purpose}".encode(), "sha256")

    def _find_data_key(self, book: str, subject: str) -> bytes | None:
        known = self._data_keys.get((book, subject))
        if known is None:
            found = self.store.find(book, subject)
            if found is None:
                return None
            self._load()
            known = self._unwrap(*found, book, subject)
            self._remember(book, subject, known)
        return known

    def _new_data_key(self, book: str, subject: str) -> tuple[bytes, NewDataKey]:
        """A new data key, and what to keep of it. It is not remembered before that is done: the write may yet fail."""
        self._load()
        key = secrets.token_bytes(32)
        wrapped = _wrap(self._masters[self._current], key, book, subject)
        row: dict[str, object] = {"book": book, "subject": subject, "master_id": self._current, "wrapped": wrapped}
        return key, NewDataKey(self.keep, row)

    def _unwrap(self, master_id: str, wrapped: bytes, book: str, subject: str) -> bytes:
        nonce, sealed = wrapped[:NONCE], wrapped[NONCE:]
        return AESGCM(self._masters[master_id]).decrypt(nonce, sealed, f"{book}/{subject}".encode())

    def _remember(self, book: str, subject: str, key: bytes) -> None:
        if len(self._data_keys) >= CACHE_SIZE:
            self._data_keys.clear()
        self._data_keys[book, subject] = key

    def _load(self) -> None:
        changed_at = self._path.stat().st_mtime_ns if self._path.exists() else 0
        if changed_at and changed_at == self._changed_at:
            return
        keys = load_key_file(self._path)
        self._changed_at = self._path.stat().st_mtime_ns
        self._current = keys.current
        self._masters = {name: base64.b64decode(key) for name, key in keys.masters.items()}
        self._index = base64.b64decode(keys.index)


def _wrap(master: bytes, key: bytes, book: str, subject: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(master).encrypt(nonce, key, f"{book}/{subject}".encode())


def begin_rotation(path: Path) -> KeyFile:
    """Add a new master key and make it the current one; from now on servers wrap new data keys under it."""
    keys = load_key_file(path)
    fresh = new_master_id()
    rotated = KeyFile(current=fresh, masters={**keys.masters, fresh: _new_key()}, index=keys.index)
    write_key_file(path, rotated)
    return rotated


def rewrap_data_keys(store: KeyStore, keys: KeyFile) -> int:
    """Wrap every data key under the current master key. Returns how many."""
    masters = {name: base64.b64decode(key) for name, key in keys.masters.items()}
    rows: list[dict[str, object]] = []
    for row in store.wrapped_under_others(keys.current):
        place = f"{row.book}/{row.subject}"
        plain = AESGCM(masters[row.master_id]).decrypt(row.wrapped[:NONCE], row.wrapped[NONCE:], place.encode())
        wrapped = _wrap(masters[keys.current], plain, row.book, row.subject)
        rows.append({"book": row.book, "subject": row.subject, "master_id": keys.current, "wrapped": wrapped})
    if rows:
        store.rewrap(rows)
    return len(rows)


def end_rotation(path: Path, keys: KeyFile) -> None:
    """Forget the old master keys, now that nothing is wrapped under them."""
    write_key_file(
        path, KeyFile(current=keys.current, masters={keys.current: keys.masters[keys.current]}, index=keys.index)
    )


def subject_of(register: Register, case_id: str) -> str:
    """Whose data key seals an entry: its case's, named with the register that the case is of."""
    return f"{register.case_kind}/{case_id}"


def place_of(book: str, register: str, entry_id: str, number: int) -> str:
    """What a sealed box is bound to."""
    return f"{book}/{register}/{entry_id}/{number}"
