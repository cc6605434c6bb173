"""A wallet in a folder: one sealed file a credential, the sealing key in a keystore.

    keystore.json            opened with the passphrase; holds one sealing key
    credentials/ID.sealed    a credential, its copies and their keys
    verifiers.sealed         which verifiers were answered, and their keys
    registries/NAME.sealed   a revocation registry: its statements, and the holder's rows
    lock                     held while something changes

A file is written beside its place, flushed to disk and moved there in one
step, so that a crash leaves the old or the new content and never half of it.
Sealing binds each file to its name: swapped or copied files are refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import InternalError, MalformedError, StoreError
from trustid.keys import (
    Ed25519SigningKey,
    P256SigningKey,
    SigningKey,
    public_key_from_jwk,
    signing_key_from_jwk,
)
from trustid.keys.keystore import Keystore
from trustid.keys.sealing import SealingKey
from trustid.protocols.ports_wallet import CredentialCopy, HeldCredential, find_credential, next_copy
from trustid.status.accumulator_entry import StatusSecrets
from trustid.status.epochs.statement import keys_by_thumbprint
from trustid.status.epochs.trust import RegistryTrust
from trustid.stores.durable_files import MAX_RECORD_BYTES, flush_folder, locked, read_file, write_durably
from trustid.stores.wallet_registries import WalletRegistries

__all__ = ["WalletFolder"]

RECORD_VERSION = 3
"""1 had no slots of registries; its records are read as well."""
SEALING_KEY_NAME = "wallet-sealing"

_ID = re.compile(r"[0-9a-f]{16}")


class WalletFolder:
    """Keeps credentials in an encrypted folder.

    Any number of processes may use one folder at a time.
    """

    def __init__(self, path: Path, sealing_key: SealingKey) -> None:
        self._path = path
        self._sealing_key = sealing_key
        self._registries = WalletRegistries(path, sealing_key)

    @property
    def statements(self) -> WalletRegistries:
        """The statements of registries that were accepted."""
        return self._registries

    @property
    def rows(self) -> WalletRegistries:
        """The rows of the slots that credentials have."""
        return self._registries

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> Self:
        """Open a wallet, or make it when there is none.

        Args:
            path: The folder.
            passphrase: Opens the keystore.

        Raises:
            KeystoreError: `key_unseal_failed` for another passphrase; `keystore_unsafe`.
            StoreError: `store_unavailable`.
        """
        try:
            # A folder that is already there keeps its mode: it may hold more than the wallet.
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in ("credentials", "registries"):
                (path / name).mkdir(exist_ok=True, mode=0o700)
        except OSError as err:
            raise StoreError("store_unavailable", "the wallet's folder cannot be made") from err
        keystore = Keystore.open_or_create(path / "keystore.json", passphrase)
        return cls(path, SealingKey(keystore.secret_or_add(SEALING_KEY_NAME)))

    def credentials(self) -> tuple[HeldCredential, ...]:
        """Everything held, the oldest first.

        Raises:
            StoreError: `store_tampered`: a file was changed, or moved here from elsewhere.
        """
        names = sorted(
            path.name.removesuffix(".sealed") for path in (self._path / "credentials").glob("*.sealed")
        )
        held = [self._read(name) for name in names if _ID.fullmatch(name)]
        return tuple(sorted(held, key=lambda one: (one.received_at, one.id)))

    def add(self, credential: HeldCredential) -> None:
        """Keep a credential; it is on disk when this returns."""
        if not _ID.fullmatch(credential.id):
            raise InternalError("internal_error", "expected a wallet id of 16 hexadecimal digits")
        with locked(self._path):
            self._write(credential)

    def use_copy(self, credential_id: str) -> CredentialCopy:
        """Take the copy that was shown least; the use is on disk before it is shown."""
        with locked(self._path):
            credential = find_credential(self.credentials(), credential_id)
            place = next_copy(credential)
            copy = credential.copies[place]
            copies = list(credential.copies)
            copies[place] = replace(copy, uses=copy.uses + 1)
            self._write(replace(credential, copies=tuple(copies)))
        return copy

    def remove(self, credential_id: str) -> None:
        """Forget a credential and its keys."""
        with locked(self._path):
            credential = find_credential(self.credentials(), credential_id)
            self._place(credential.id).unlink()
            flush_folder(self._path / "credentials")

    def known_verifier(self, client_id: str) -> str | None:
        """The thumbprint of the key that a verifier had when it was first answered."""
        found = self._verifiers().get(client_id)
        return found if isinstance(found, str) else None

    def remember_verifier(self, client_id: str, thumbprint: str) -> None:
        """Note a verifier's key."""
        with locked(self._path):
            verifiers = self._verifiers() | {client_id: thumbprint}
            sealed = self._sealing_key.seal(dump_json(verifiers), b"wallet/verifiers")
            write_durably(self._path / "verifiers.sealed", sealed)

    def _verifiers(self) -> JsonObject:
        path = self._path / "verifiers.sealed"
        if not path.exists():
            return {}
        return parse_json_object(
            self._sealing_key.open(read_file(path), b"wallet/verifiers"), max_bytes=MAX_RECORD_BYTES
        )

    def _place(self, credential_id: str) -> Path:
        return self._path / "credentials" / f"{credential_id}.sealed"

    def _read(self, credential_id: str) -> HeldCredential:
        data = self._sealing_key.open(read_file(self._place(credential_id)), _context(credential_id))
        try:
            return _from_json(parse_json_object(data, max_bytes=MAX_RECORD_BYTES))
        except (KeyError, TypeError, MalformedError) as err:
            raise StoreError("store_version", "a credential was stored by another version") from err

    def _write(self, credential: HeldCredential) -> None:
        sealed = self._sealing_key.seal(dump_json(_to_json(credential)), _context(credential.id))
        write_durably(self._place(credential.id), sealed)


def _context(credential_id: str) -> bytes:
    return f"wallet/credential/{credential_id}".encode()


def _to_json(credential: HeldCredential) -> JsonObject:
    return {
        "version": RECORD_VERSION,
        "id": credential.id,
        "issuer": credential.issuer,
        "issuer_proof": credential.issuer_proof,
        "source": credential.source,
        "configuration_id": credential.configuration_id,
        "vct": credential.vct,
        "title": credential.title,
        "received_at": credential.received_at,
        "expires_at": credential.expires_at,
        "copies": [_copy_json(copy) for copy in credential.copies],
        "registry": None if credential.registry is None else _registry_json(credential.registry),
        "format": credential.format,
    }


def _copy_json(copy: CredentialCopy) -> JsonObject:
    opens = None if copy.status_secrets is None else copy.status_secrets.to_json()
    return {
        "credential": copy.text,
        "key": _private_jwk(copy.key),
        "uses": copy.uses,
        "status_secrets": opens,
    }


def _registry_json(trust: RegistryTrust) -> JsonObject:
    return {"registry": trust.registry, "keys": [key.to_jwk() for key in trust.keys.values()]}


def _from_json(record: dict[str, Any]) -> HeldCredential:
    if record.pop("version") not in (1, 2, RECORD_VERSION):
        raise StoreError("store_version", "a credential was stored by a newer version")
    copies = tuple(_copy(copy) for copy in record.pop("copies"))
    registry = record.pop("registry", None)
    return HeldCredential(**record, copies=copies, registry=None if registry is None else _registry(registry))


def _copy(record: dict[str, Any]) -> CredentialCopy:
    opens = record.get("status_secrets")
    return CredentialCopy(
        record["credential"],
        signing_key_from_jwk(record["key"]),
        record["uses"],
        None if opens is None else StatusSecrets.parse(opens),
    )


def _registry(record: dict[str, Any]) -> RegistryTrust:
    keys = keys_by_thumbprint(*map(public_key_from_jwk, record["keys"]))
    return RegistryTrust(record["registry"], keys)


def _private_jwk(key: SigningKey) -> JsonObject:
    if not isinstance(key, Ed25519SigningKey | P256SigningKey):
        raise InternalError("internal_error", "expected a key that can be stored")
    return key.to_private_jwk()
