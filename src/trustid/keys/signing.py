"""What every signing key and every public key of it can do."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from trustid.encoding import JsonObject

__all__ = ["PublicKey", "SigningKey"]


@runtime_checkable
class PublicKey(Protocol):
    """A key that checks signatures. In hand, it is valid: parsing checked it."""

    @property
    def algorithm(self) -> str:
        """The JOSE algorithm of its signatures: "EdDSA", "ES256", "ES384" or "ES256K"."""

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if the signature is this key's over the message.

        Raises:
            SignatureError: `signature_invalid`.
        """

    def to_bytes(self) -> bytes:
        """The key's bytes: 32 for Ed25519, the compressed point for a P curve."""

    def to_jwk(self) -> JsonObject:
        """The key as a JWK with its required members only (RFC 7517)."""

    def to_multikey(self) -> str:
        """The key as Multikey text, base58btc (W3C Controlled Identifiers 1.0)."""

    def thumbprint(self) -> str:
        """The SHA-256 thumbprint of the JWK, base64url (RFC 7638)."""


@runtime_checkable
class SigningKey(Protocol):
    """A secret key that signs. It cannot be compared, pickled or printed.

    The public key is always computed from the secret here; no call takes the
    two apart, so that nobody can make it sign under a foreign public key
    (RUSTSEC-2022-0093).
    """

    @property
    def algorithm(self) -> str:
        """The JOSE algorithm of its signatures: "EdDSA", "ES256" or "ES384"."""

    @property
    def public_key(self) -> PublicKey:
        """The public key that checks what this key signs."""

    def sign(self, message: bytes) -> bytes:
        """Sign any bytes; 64 bytes come back, 96 for ES384."""
