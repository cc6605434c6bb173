"""Secrets at rest: sealed with XChaCha20-Poly1305, opened with a passphrase's key.

With ed25519.py and x25519.py the only door to pynacl.

References:
    RFC 8439 and draft-irtf-cfrg-xchacha-03 (XChaCha20-Poly1305), RFC 9106
    (Argon2), RFC 7693 (BLAKE2).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_box_PUBLICKEYBYTES,
    crypto_box_seal,
    crypto_box_seal_open,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.utils import random

from trustid.errors import MalformedError, StoreError
from trustid.keys.secret import Secret

__all__ = [
    "MEMORY_BYTES",
    "OPERATIONS",
    "SALT_BYTES",
    "OpeningKey",
    "SealingKey",
    "new_salt",
    "seal_to",
    "sealing_key_from_passphrase",
]

SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 24
SALT_BYTES: Final = argon2id.SALTBYTES
# libsodium's interactive profile: 64 MiB, two passes; above the floor of RFC 9106 for a
# secret that only the machine's own operator can attack offline.
OPERATIONS: Final = argon2id.OPSLIMIT_INTERACTIVE
MEMORY_BYTES: Final = argon2id.MEMLIMIT_INTERACTIVE

_SEAL_LABEL: Final = b"trustid seal"
_MAC_LABEL: Final = b"trustid mac"


class SealingKey(Secret):
    """A 32-byte secret that hides and authenticates what is stored.

    Sealing, authenticating and deriving use separate keys, so that no output of
    one helps with another.
    """

    __slots__ = ("_mac_key", "_seal_key", "_secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise MalformedError("key_invalid", f"expected a secret of 32 bytes, found {len(secret)}")
        self._secret = bytes(secret)
        self._seal_key = _blake2b(self._secret, _SEAL_LABEL)
        self._mac_key = _blake2b(self._secret, _MAC_LABEL)

    @classmethod
    def generate(cls) -> SealingKey:
        """Make a new key from the operating system's randomness."""
        return cls(random(SECRET_BYTES))

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate, bound to a context.

        Args:
            plaintext: Any bytes.
            context: What this is and where it belongs, as "table:row"; needed
                again to open, so that sealed values cannot be swapped.

        Returns:
            24 bytes of nonce, then the ciphertext and 16 bytes of tag.
        """
        nonce = random(NONCE_BYTES)
        return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, context, nonce, self._seal_key)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed under this key and context.

        Raises:
            StoreError: `store_tampered`, another key, another context, or a
                changed byte.
        """
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        if len(ciphertext) < 16:
            raise StoreError("store_tampered", f"expected a sealed value, found {len(sealed)} bytes")
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, context, nonce, self._seal_key)
        except CryptoError as err:
            raise StoreError("store_tampered", "expected a value sealed here, for this place") from err

    def mac(self, data: bytes) -> bytes:
        """Authenticate without hiding: 32 bytes, the same for the same data."""
        return _blake2b(self._mac_key, data)

    def derive(self, label: str) -> SealingKey:
        """Make an independent key for another purpose, the same for the same label."""
        return SealingKey(_blake2b(self._secret, b"trustid derive " + label.encode("utf-8")))

    def derive_opening(self, label: str) -> OpeningKey:
        """Make an independent key that opens what others seal, the same for the same label."""
        return OpeningKey(_blake2b(self._secret, b"trustid derive opening " + label.encode("utf-8")))


class OpeningKey(Secret):
    """Opens what anybody sealed to its public key (X25519 with XSalsa20-Poly1305, libsodium's sealed box)."""

    __slots__ = ("_public_key", "_secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise MalformedError("key_invalid", f"expected a secret of 32 bytes, found {len(secret)}")
        self._secret = bytes(secret)
        self._public_key: bytes = crypto_scalarmult_base(self._secret)

    @property
    def public_key(self) -> bytes:
        """What others seal to: 32 bytes."""
        return self._public_key

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what `seal_to` sealed to this key for this context.

        Raises:
            StoreError: `store_tampered`: another key, another context, or a changed byte.
        """
        try:
            opened = crypto_box_seal_open(sealed, self._public_key, self._secret)
        except CryptoError as err:
            raise StoreError("store_tampered", "expected a value sealed to this key") from err
        bound, plaintext = opened[:SECRET_BYTES], opened[SECRET_BYTES:]
        if not hmac.compare_digest(bound, _blake2b(b"", context)):
            raise StoreError("store_tampered", "expected a value sealed for this place")
        return plaintext


def seal_to(public_key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Encrypt for the owner of a key; who sealed it, nothing says.

    Args:
        public_key: 32 bytes, from `OpeningKey.public_key`.
        plaintext: Any bytes.
        context: As for `SealingKey.seal`.

    Returns:
        80 bytes more than the plaintext.

    Raises:
        MalformedError: `key_invalid`.
    """
    if len(public_key) != crypto_box_PUBLICKEYBYTES:
        raise MalformedError("key_invalid", f"expected a public key of 32 bytes, found {len(public_key)}")
    try:
        return crypto_box_seal(_blake2b(b"", context) + plaintext, public_key)
    except CryptoError as err:
        # A point of low order: every secret would agree on the same key with it.
        raise MalformedError("key_invalid", "expected a public key that somebody can have") from err


def _blake2b(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=SECRET_BYTES, key=key).digest()


def new_salt() -> bytes:
    """Make a salt for `sealing_key_from_passphrase`."""
    return random(SALT_BYTES)


def sealing_key_from_passphrase(passphrase: bytes, salt: bytes) -> SealingKey:
    """Stretch a passphrase into a key, at a cost that makes guessing slow.

    Args:
        passphrase: Any bytes.
        salt: From `new_salt`, stored beside what is sealed.

    Raises:
        MalformedError: `key_invalid`, a salt of another length.

    Cost:
        `MEMORY_BYTES` of memory and about 0.1 seconds; there is no cheaper profile.

    Reference:
        RFC 9106 (Argon2id).
    """
    if len(salt) != SALT_BYTES:
        raise MalformedError("key_invalid", f"expected a salt of {SALT_BYTES} bytes, found {len(salt)}")
    return SealingKey(
        argon2id.kdf(SECRET_BYTES, passphrase, salt, opslimit=OPERATIONS, memlimit=MEMORY_BYTES)
    )
