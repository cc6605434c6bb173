"""Ed25519 signatures (RFC 8032). With sealing.py and x25519.py the only door to pynacl.

libsodium signs, in constant time. Checking needs no secret, and is done in Rust
at half its cost, with the point of a key found once.
"""

from __future__ import annotations

import hashlib
from typing import Final

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair
from nacl.utils import random

from trustid import _core
from trustid.encoding import JsonObject, b64url_encode, multibase_encode
from trustid.errors import MalformedError
from trustid.keys.secret import Secret

__all__ = [
    "ALGORITHM",
    "MULTICODEC_ED25519_PRIVATE",
    "MULTICODEC_ED25519_PUBLIC",
    "Ed25519PublicKey",
    "Ed25519SigningKey",
]

ALGORITHM: Final = "EdDSA"
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
MULTICODEC_ED25519_PUBLIC: Final = b"\xed\x01"  # ed25519-pub, 0xed as a varint
MULTICODEC_ED25519_PRIVATE: Final = b"\x80\x26"  # ed25519-priv, 0x1300 as a varint


class Ed25519PublicKey:
    """A point on edwards25519, canonical and not of small order.

    Reference:
        RFC 8032, section 5.1; RFC 8037 (JWK); RFC 9864 ("Ed25519" as a name of
        the algorithm, accepted beside "EdDSA").
    """

    __slots__ = ("_point", "_raw", "_thumbprint")

    algorithm: Final = ALGORITHM

    def __init__(self, point: _core.Ed25519PublicKey, raw: bytes) -> None:
        self._point = point
        self._raw = raw
        self._thumbprint: str | None = None

    @classmethod
    def from_bytes(cls, raw: bytes) -> Ed25519PublicKey:
        """Read the 32 bytes of RFC 8032, section 5.1.2.

        Raises:
            MalformedError: `key_invalid` for another length, y not below the
                prime, no point of the curve, or a point of small order.
        """
        return cls(_core.Ed25519PublicKey.from_bytes(raw), raw)

    def to_bytes(self) -> bytes:
        """The 32 bytes."""
        return self._raw

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if the signature holds, else raise.

        Refuses signatures that were made malleable: S not below the group
        order, R of small order.

        Raises:
            SignatureError: `signature_invalid`.

        Cost:
            30 microseconds on 2020s hardware.

        Reference:
            RFC 8032, section 5.1.7.
        """
        self._point.verify(signature, message)

    def to_jwk(self) -> JsonObject:
        """The JWK of RFC 8037, section 2."""
        return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(self._raw)}

    def to_multikey(self) -> str:
        """Multikey text: z6Mk..."""
        return multibase_encode(MULTICODEC_ED25519_PUBLIC + self._raw)

    def thumbprint(self) -> str:
        """The JWK thumbprint (RFC 7638; members in RFC 8037, section 2)."""
        if self._thumbprint is None:
            text = f'{{"crv":"Ed25519","kty":"OKP","x":"{b64url_encode(self._raw)}"}}'
            self._thumbprint = b64url_encode(hashlib.sha256(text.encode("ascii")).digest())
        return self._thumbprint

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ed25519PublicKey):
            return NotImplemented
        return self._raw == other._raw

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        return f"<Ed25519PublicKey {self.to_multikey()}>"


class Ed25519SigningKey(Secret):
    """An Ed25519 secret key."""

    __slots__ = ("_expanded", "_public_key", "_seed")

    algorithm: Final = ALGORITHM

    def __init__(self, seed: bytes) -> None:
        public, self._expanded = crypto_sign_seed_keypair(seed)
        self._seed = seed
        self._public_key = Ed25519PublicKey.from_bytes(public)

    @classmethod
    def generate(cls) -> Ed25519SigningKey:
        """Make a new key from the operating system's randomness."""
        return cls(random(KEY_BYTES))

    @classmethod
    def from_bytes(cls, seed: bytes) -> Ed25519SigningKey:
        """Read the 32-byte private key of RFC 8032, section 5.1.5.

        Raises:
            MalformedError: `key_invalid` for another length.
        """
        if len(seed) != KEY_BYTES:
            raise MalformedError("key_invalid", f"expected an Ed25519 secret of 32 bytes, found {len(seed)}")
        return cls(bytes(seed))

    def to_bytes(self) -> bytes:
        """The 32 secret bytes, for the keystore only."""
        return self._seed

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The public key that checks what this key signs."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Sign any bytes; deterministic (RFC 8032, section 5.1.6)."""
        return crypto_sign(message, self._expanded)[:SIGNATURE_BYTES]

    def to_private_jwk(self) -> JsonObject:
        """The JWK with its secret member `d`, for the keystore only."""
        return self._public_key.to_jwk() | {"d": b64url_encode(self._seed)}
