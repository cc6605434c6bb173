"""X25519 keys (RFC 7748), to which others encrypt. With ed25519.py and sealing.py the only door to pynacl."""

from __future__ import annotations

import hashlib
from typing import Final

from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import RuntimeError as NoSharedSecret
from nacl.utils import random

from trustid.encoding import JsonObject, b64url_decode, b64url_encode
from trustid.errors import MalformedError
from trustid.keys.secret import Secret

__all__ = ["X25519PublicKey", "X25519SecretKey"]

KEY_BYTES: Final = 32


class X25519PublicKey:
    """A point that is not of small order: the secret agreed with it depends on both sides."""

    __slots__ = ("_raw",)

    curve_name: Final = "X25519"

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    @classmethod
    def from_bytes(cls, raw: bytes) -> X25519PublicKey:
        """Read 32 bytes: any are a point of the curve or of its twist.

        Raises:
            MalformedError: `key_invalid` for another length, or a point of small order.

        Cost:
            One multiplication, 30 microseconds.

        Reference:
            RFC 7748, sections 5 and 6.1.
        """
        if len(raw) != KEY_BYTES:
            raise MalformedError(
                "key_invalid", f"expected an X25519 key of {KEY_BYTES} bytes, found {len(raw)}"
            )
        try:
            # Every scalar is a multiple of eight: any of them sends what is of small order to zero.
            crypto_scalarmult(bytes(KEY_BYTES), bytes(raw))
        except NoSharedSecret as err:
            raise MalformedError("key_invalid", "expected an X25519 key that is not of small order") from err
        return cls(bytes(raw))

    @classmethod
    def from_coordinate(cls, x: str) -> X25519PublicKey:
        """Read the member `x` of a JWK (RFC 8037, section 2).

        Raises:
            MalformedError: `key_invalid`.
        """
        try:
            raw = b64url_decode(x)
        except MalformedError as err:
            raise MalformedError("key_invalid", "expected base64url in x") from err
        return cls.from_bytes(raw)

    def to_jwk(self) -> JsonObject:
        """The JWK of RFC 8037, section 2."""
        return {"kty": "OKP", "crv": self.curve_name, "x": b64url_encode(self._raw)}

    def thumbprint(self) -> str:
        """The JWK thumbprint (RFC 7638; members in RFC 8037, section 2)."""
        text = f'{{"crv":"{self.curve_name}","kty":"OKP","x":"{b64url_encode(self._raw)}"}}'
        return b64url_encode(hashlib.sha256(text.encode("ascii")).digest())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, X25519PublicKey):
            return NotImplemented
        return self._raw == other._raw

    def __hash__(self) -> int:
        return hash(self._raw)


class X25519SecretKey(Secret):
    """A secret for key agreement, never for signatures."""

    __slots__ = ("_public_key", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._public_key = X25519PublicKey(crypto_scalarmult_base(raw))

    @classmethod
    def generate(cls) -> X25519SecretKey:
        """Make a new key from the operating system's randomness."""
        return cls(random(KEY_BYTES))

    @classmethod
    def from_bytes(cls, secret: bytes) -> X25519SecretKey:
        """Read 32 bytes.

        Raises:
            MalformedError: `key_invalid` for another length.
        """
        if len(secret) != KEY_BYTES:
            raise MalformedError("key_invalid", f"expected an X25519 secret of {KEY_BYTES} bytes")
        return cls(bytes(secret))

    @property
    def public_key(self) -> X25519PublicKey:
        """What others encrypt to."""
        return self._public_key

    def to_private_jwk(self) -> JsonObject:
        """The JWK with its secret member `d`, for the keystore only."""
        return self._public_key.to_jwk() | {"d": b64url_encode(self._raw)}
