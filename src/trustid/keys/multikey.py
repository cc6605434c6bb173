"""Keys as Multikey text (W3C Controlled Identifiers 1.0, section 2.2.2)."""

from __future__ import annotations

from trustid.encoding import multibase_decode
from trustid.errors import MalformedError, UnsupportedError
from trustid.keys.ec import (
    MULTICODEC_P256_PRIVATE,
    MULTICODEC_P384_PRIVATE,
    P256PublicKey,
    P256SigningKey,
    P384PublicKey,
    P384SigningKey,
    Secp256k1PublicKey,
)
from trustid.keys.ed25519 import (
    MULTICODEC_ED25519_PRIVATE,
    MULTICODEC_ED25519_PUBLIC,
    Ed25519PublicKey,
    Ed25519SigningKey,
)
from trustid.keys.signing import PublicKey, SigningKey

__all__ = ["public_key_from_multikey", "signing_key_from_multikey"]


def public_key_from_multikey(text: str) -> PublicKey:
    """Read the value of `publicKeyMultibase`.

    Args:
        text: Base58btc multibase ("z...") of a multicodec prefix and the key;
            points of curves are compressed.

    Raises:
        MalformedError: `key_invalid`.
        UnsupportedError: `unsupported`, another kind of key.
    """
    prefix, raw = _split(text)
    if prefix == MULTICODEC_ED25519_PUBLIC:
        return Ed25519PublicKey.from_bytes(raw)
    for kind in (P256PublicKey, P384PublicKey, Secp256k1PublicKey):
        if prefix == kind.multicodec:
            if len(raw) != kind.coordinate_bytes + 1:
                raise MalformedError("key_invalid", f"expected a compressed point, found {len(raw)} bytes")
            return kind.from_bytes(raw)
    raise UnsupportedError("unsupported", "expected a Multikey on Ed25519, P-256, P-384 or secp256k1")


def signing_key_from_multikey(text: str) -> SigningKey:
    """Read the value of `secretKeyMultibase`.

    Raises:
        MalformedError: `key_invalid`.
        UnsupportedError: `unsupported`, another kind of key.
    """
    prefix, raw = _split(text)
    if prefix == MULTICODEC_ED25519_PRIVATE:
        return Ed25519SigningKey.from_bytes(raw)
    if prefix == MULTICODEC_P256_PRIVATE:
        return P256SigningKey.from_bytes(raw)
    if prefix == MULTICODEC_P384_PRIVATE:
        return P384SigningKey.from_bytes(raw)
    raise UnsupportedError("unsupported", "expected a secret Multikey on Ed25519, P-256 or P-384")


def _split(text: str) -> tuple[bytes, bytes]:
    if not text.startswith("z"):
        raise MalformedError("key_invalid", "expected a Multikey in base58btc")
    try:
        data = multibase_decode(text)
    except MalformedError as err:
        raise MalformedError("key_invalid", "expected a Multikey in base58btc") from err
    return data[:2], data[2:]
