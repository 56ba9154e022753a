"""The Ed25519 keys of the log: those that sign its checkpoints, and the one that cosigns for neighbours."""

import base64
import os
import stat
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.audit.proof.signed_notes import Signer
from registry.core.sealing import write_key_file
from registry.settings import BadSetting


class LogKeyFile(msgspec.Struct, kw_only=True):
    """What the file holds, as JSON: seeds in base64. All of `signing` sign, the newest first, so that an old key's holders
    can still check while they learn of the new one.
    """

    signing: list[str]
    witness: str


class LogKeys:
    """Reads the file, making it (mode 0600) if there is none, and again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed_at = 0
        self._load()

    def signers(self, origin: str) -> list[Signer]:
        """The keys that sign a log's checkpoints, under the log's own name, newest first."""
        self._load()
        return [Signer(origin, _key(seed)) for seed in self._keys.signing]

    def witness(self, name: str) -> Signer:
        """The key that cosigns for neighbours."""
        self._load()
        return Signer(name, _key(self._keys.witness))

    def _load(self) -> None:
        changed_at = self._path.stat().st_mtime_ns if self._path.exists() else 0
        if changed_at and changed_at == self._changed_at:
            return
        self._keys = load_log_keys(self._path)
        self._changed_at = self._path.stat().st_mtime_ns


def load_log_keys(path: Path) -> LogKeyFile:
    """Read the key file, making it if there is none. Raises BadSetting if others may read it."""
    if not path.exists():
        write_key_file(path, LogKeyFile(signing=[_new_seed()], witness=_new_seed()))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadSetting(f"REGISTRY_LOG_KEY_FILE: {path} may be read by others; chmod 600 it")
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=LogKeyFile)
        for seed in [*keys.signing, keys.witness]:
            _key(seed)
    except (OSError, ValueError, msgspec.MsgspecError) as fault:
        raise BadSetting(f"REGISTRY_LOG_KEY_FILE: {path} is not a key file ({fault})") from None
    if not keys.signing:
        raise BadSetting(f"REGISTRY_LOG_KEY_FILE: {path} has no key to sign with")
    return keys


def rotate_log_key(path: Path, *, retire: bool) -> None:
    """Sign with a new key from now on; the old ones sign along, or, with `retire`, no more."""
    keys = load_log_keys(path)
    keys.signing = [_new_seed(), *([] if retire else keys.signing)]
    write_key_file(path, keys)


def _new_seed() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def _key(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))
