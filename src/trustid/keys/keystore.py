"""The one file that holds an installation's secrets, sealed under a passphrase.

The file is JSON: how the passphrase is stretched, and one sealed body. Names of
keys are inside the seal, too. It belongs to its owner alone (mode 0600), is
never followed through a symbolic link, and is replaced as a whole: a reader sees
the old file or the new one, after any crash.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

from trustid.encoding import (
    JsonObject,
    b64url_decode,
    b64url_encode,
    canonicalize,
    dump_json,
    parse_json_object,
)
from trustid.errors import ConfigurationError, KeystoreError, MalformedError, StoreError, UnsupportedError
from trustid.keys.ec import P256SigningKey, P384SigningKey
from trustid.keys.ed25519 import Ed25519SigningKey
from trustid.keys.jose import EncryptionKey
from trustid.keys.jwk import signing_key_from_jwk
from trustid.keys.sealing import (
    MEMORY_BYTES,
    OPERATIONS,
    SALT_BYTES,
    SealingKey,
    new_salt,
    sealing_key_from_passphrase,
)
from trustid.keys.secret import Secret
from trustid.keys.signing import SigningKey

__all__ = ["MAX_KEYSTORE_BYTES", "MAX_NAME_CHARACTERS", "Keystore"]

FORMAT: Final = "trustid-keystore"
VERSION: Final = 1
FILE_MODE: Final = 0o600
MAX_KEYSTORE_BYTES: Final = 4 << 20
MAX_NAME_CHARACTERS: Final = 256
SECRET_BYTES: Final = 32

_Kind = Literal["signing", "encryption", "secret"]


class Keystore(Secret):
    """An open keystore. Keys can be added, never overwritten.

    Several processes may hold the same file open: each change is made to the
    newest state, under a lock, and a key that is not known here is looked for
    in the file again before it is reported missing.

    Example:
        >>> import tempfile
        >>> from trustid import keys
        >>> path = Path(tempfile.mkdtemp()) / "keys.json"
        >>> key = keys.generate("P-256")
        >>> Keystore.create(path, b"correct horse battery staple").add("issuer", key)
        >>> opened = Keystore.open(path, b"correct horse battery staple")
        >>> opened.get("issuer").public_key == key.public_key
        True
    """

    __slots__ = ("_entries", "_header", "_path", "_sealing_key")

    def __init__(self, path: Path, header: JsonObject, sealing_key: SealingKey, entries: JsonObject) -> None:
        self._path = path
        self._header = header
        self._sealing_key = sealing_key
        self._entries = entries

    @classmethod
    def create(cls, path: Path | str, passphrase: bytes) -> Keystore:
        """Make a new, empty keystore file.

        Raises:
            KeystoreError: `keystore_exists`; `keystore_unavailable`, the folder
                is missing or cannot be written.
            ConfigurationError: `setting_unsafe`, the passphrase is empty.
        """
        path = Path(path)
        _check_passphrase(passphrase)
        salt = new_salt()
        store = cls(path, _new_header(salt), sealing_key_from_passphrase(passphrase, salt), {})
        with _locked(path):
            if os.path.lexists(path):
                raise KeystoreError("keystore_exists", "expected no file where the keystore is to be made")
            store._write()
        return store

    @classmethod
    def open(cls, path: Path | str, passphrase: bytes) -> Keystore:
        """Open an existing keystore file.

        Raises:
            KeystoreError: `keystore_missing`; `keystore_unsafe`, others may
                read it, or it is not a plain file of its owner;
                `key_unseal_failed`, another passphrase or a changed byte.
            ConfigurationError: `setting_unsafe`, the passphrase is empty.

        Cost:
            About 0.1 seconds and 64 MiB, to stretch the passphrase.
        """
        path = Path(path)
        _check_passphrase(passphrase)
        header, sealed = _read(path)
        salt = b64url_decode(header["kdf"]["salt"])
        sealing_key = sealing_key_from_passphrase(passphrase, salt)
        return cls(path, header, sealing_key, _unseal(sealing_key, header, sealed))

    @classmethod
    def open_or_create(cls, path: Path | str, passphrase: bytes) -> Keystore:
        """Open the keystore, or make it; safe when several processes start at once."""
        if not os.path.lexists(path):
            try:
                return cls.create(path, passphrase)
            except KeystoreError as err:
                if err.code != "keystore_exists":
                    raise
        return cls.open(path, passphrase)

    def names(self) -> tuple[str, ...]:
        """The names of everything in the file now, sorted."""
        self._reload()
        return tuple(sorted(self._entries))

    def has(self, name: str) -> bool:
        """Whether the file holds something of this name."""
        return name in self._entries or name in self.names()

    def add(self, name: str, key: SigningKey | EncryptionKey | bytes) -> None:
        """Add a key or a secret, and return when it is safely on disk.

        Args:
            name: A new name, 1 to `MAX_NAME_CHARACTERS` characters.
            key: A signing key, an encryption key, or secret bytes.

        Raises:
            KeystoreError: `keystore_exists`, the name is taken;
                `keystore_unavailable`.
        """
        entry = _to_entry(key)
        with _locked(self._path):
            self._reload()
            if name in self._entries:
                raise KeystoreError("keystore_exists", "expected a name that is not taken")
            self._store(name, entry)

    def get(self, name: str) -> SigningKey:
        """Return the signing key of this name.

        Raises:
            KeystoreError: `key_missing`.
        """
        return _signing_key(self._entry(name, "signing"))

    def encryption_key(self, name: str) -> EncryptionKey:
        """Return the encryption key of this name; `key_missing` as in `get`."""
        return EncryptionKey.from_private_jwk(self._entry(name, "encryption"))

    def secret(self, name: str) -> bytes:
        """Return the secret bytes of this name; `key_missing` as in `get`."""
        return b64url_decode(self._entry(name, "secret"))

    def get_or_add(self, name: str, make: Callable[[], SigningKey]) -> SigningKey:
        """Return the signing key of this name, made now if there is none.

        Of several processes that ask at once, one makes the key and all get it.
        """
        return _signing_key(self._entry_or_add(name, "signing", make))

    def secret_or_add(self, name: str, make: Callable[[], bytes] | None = None) -> bytes:
        """Return the secret of this name, made now if there is none: 32 random bytes by default.

        Of several processes that ask at once, one makes the secret and all get it.
        """
        entry = self._entry_or_add(name, "secret", make or (lambda: secrets.token_bytes(SECRET_BYTES)))
        return b64url_decode(entry)

    def _entry(self, name: str, kind: _Kind) -> Any:
        if name not in self._entries:
            self._reload()
        entry = self._entries.get(name)
        if entry is None or entry["kind"] != kind:
            raise KeystoreError("key_missing", f"expected a {kind} entry of this name")
        return entry["value"]

    def _entry_or_add(self, name: str, kind: _Kind, make: Callable[[], SigningKey | bytes]) -> Any:
        if name not in self._entries:
            with _locked(self._path):
                self._reload()
                if name not in self._entries:
                    self._store(name, _to_entry(make()))
        return self._entry(name, kind)

    def _store(self, name: str, entry: JsonObject) -> None:
        if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
            raise KeystoreError("key_missing", f"expected a name of 1 to {MAX_NAME_CHARACTERS} characters")
        before = self._entries
        self._entries = before | {name: entry}
        try:
            self._write()
        except BaseException:
            self._entries = before
            raise

    def _reload(self) -> None:
        header, sealed = _read(self._path)
        if header != self._header:
            raise KeystoreError(
                "key_unseal_failed", "expected the keystore that was opened, found another one"
            )
        self._entries = _unseal(self._sealing_key, header, sealed)

    def _write(self) -> None:
        sealed = self._sealing_key.seal(dump_json(self._entries), canonicalize(self._header))
        content = _to_file(self._header, sealed)
        if len(content) > MAX_KEYSTORE_BYTES:
            raise KeystoreError("keystore_unavailable", f"expected at most {MAX_KEYSTORE_BYTES} bytes")
        _replace(self._path, content)


def _check_passphrase(passphrase: bytes) -> None:
    if not passphrase:
        raise ConfigurationError("setting_unsafe", "expected a keystore passphrase, found an empty one")


def _new_header(salt: bytes) -> JsonObject:
    kdf = {
        "name": "argon2id",
        "operations": OPERATIONS,
        "memory_bytes": MEMORY_BYTES,
        "salt": b64url_encode(salt),
    }
    return {"format": FORMAT, "version": VERSION, "kdf": kdf}


def _to_file(header: JsonObject, sealed: bytes) -> bytes:
    return dump_json(header | {"sealed": b64url_encode(sealed)}) + b"\n"


def _to_entry(key: SigningKey | EncryptionKey | bytes) -> JsonObject:
    match key:
        case Ed25519SigningKey() | P256SigningKey() | P384SigningKey():
            return {"kind": "signing", "value": key.to_private_jwk()}
        case EncryptionKey():
            return {"kind": "encryption", "value": key.to_private_jwk()}
        case bytes():
            return {"kind": "secret", "value": b64url_encode(key)}
    raise UnsupportedError("unsupported", "expected a signing key, an encryption key or bytes")


def _signing_key(value: Any) -> SigningKey:
    return signing_key_from_jwk(value)


def _read(path: Path) -> tuple[JsonObject, bytes]:
    """Return the header and the sealed body; nothing of it is authentic yet."""
    try:
        content = _read_file(path)
        value = parse_json_object(content, max_bytes=MAX_KEYSTORE_BYTES)
        sealed = b64url_decode(value.pop("sealed"))
        salt = b64url_decode(value["kdf"]["salt"])
    except (MalformedError, KeyError, TypeError, AttributeError) as err:
        raise KeystoreError("key_unseal_failed", "expected a keystore file") from err
    # The parameters are fixed by the version, so that nobody can lower them, or raise
    # them to stop a server from starting, by editing the file.
    header = _new_header(salt)
    if len(salt) != SALT_BYTES or content != _to_file(header, sealed):
        raise KeystoreError("key_unseal_failed", "expected a keystore of version 1, as it was written")
    return header, sealed


def _unseal(sealing_key: SealingKey, header: JsonObject, sealed: bytes) -> JsonObject:
    try:
        return parse_json_object(sealing_key.open(sealed, canonicalize(header)), max_bytes=MAX_KEYSTORE_BYTES)
    except (StoreError, MalformedError) as err:
        raise KeystoreError("key_unseal_failed", "expected another passphrase or an unchanged file") from err


def _read_file(path: Path) -> bytes:
    try:
        # Opened first and looked at afterwards: what is checked is what is read.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise KeystoreError("keystore_missing", "expected a keystore file") from err
    except OSError as err:
        code = "keystore_unsafe" if err.errno == errno.ELOOP else "keystore_unavailable"
        raise KeystoreError(code, "expected a keystore file that is no symbolic link") from err
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeystoreError("keystore_unsafe", "expected the keystore to be a plain file")
        if status.st_mode & 0o077:
            found = stat.S_IMODE(status.st_mode)
            raise KeystoreError("keystore_unsafe", f"expected mode 0600, found {found:04o}")
        if status.st_uid != os.geteuid():
            raise KeystoreError("keystore_unsafe", "expected the keystore to belong to this user")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(MAX_KEYSTORE_BYTES + 1)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the keystore's lock file, waiting for whoever holds it."""
    # A file of its own: the keystore itself is replaced, and a lock on it with it.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), flags, FILE_MODE)
    except OSError as err:
        raise KeystoreError(
            "keystore_unavailable", "expected a folder where the keystore can be locked"
        ) from err
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of the old one, on disk before this returns."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as err:
        raise KeystoreError(
            "keystore_unavailable", "expected a folder where the keystore can be written"
        ) from err
