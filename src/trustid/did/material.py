"""The key in a verification method: which property holds it, for which type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trustid.encoding import base58_decode
from trustid.errors import MalformedError, ResolutionError, UnsupportedError
from trustid.keys import Ed25519PublicKey, PublicKey, public_key_from_jwk, public_key_from_multikey

__all__ = ["SECRET_JWK_MEMBERS", "check_material", "read_key"]

SECRET_JWK_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members that are secret in some kind of key (RFC 7518, section 6)."""
TYPE_LENGTH_MAX = 128

_MATERIALS = (
    "publicKeyJwk",
    "publicKeyMultibase",
    "publicKeyBase58",
    "publicKeyHex",
    "publicKeyPem",
    "publicKeyGpg",
    "blockchainAccountId",
    "ethereumAddress",
)
_SECRETS = frozenset(
    {"privateKeyJwk", "privateKeyMultibase", "privateKeyBase58", "secretKeyMultibase", "secretKeyJwk"}
)

# Type of a method -> the property that holds its key, and the algorithms it may have.
_SPOKEN: Mapping[str, tuple[str, frozenset[str]]] = {
    "Multikey": ("publicKeyMultibase", frozenset({"EdDSA", "ES256", "ES384", "ES256K"})),
    "JsonWebKey": ("publicKeyJwk", frozenset({"EdDSA", "ES256", "ES384", "ES256K"})),
    "JsonWebKey2020": ("publicKeyJwk", frozenset({"EdDSA", "ES256", "ES384", "ES256K"})),
    "Ed25519VerificationKey2020": ("publicKeyMultibase", frozenset({"EdDSA"})),
    "Ed25519VerificationKey2018": ("publicKeyBase58", frozenset({"EdDSA"})),
    "EcdsaSecp256r1VerificationKey2019": ("publicKeyMultibase", frozenset({"ES256"})),
}


def check_material(method: Mapping[str, Any]) -> None:
    """Check the form of a method's key without reading it.

    Raises:
        ResolutionError: `did_document_invalid` for a secret, for two forms of
            one key, for a key of the wrong JSON type.

    Reference:
        W3C Controlled Identifiers 1.0, section 2.2: "MUST NOT contain multiple
        verification material properties for the same material".
    """
    kind = method.get("type")
    if not isinstance(kind, str) or not 0 < len(kind) <= TYPE_LENGTH_MAX:
        raise ResolutionError("did_document_invalid", "expected a type of a verification method")
    present = [name for name in _MATERIALS if name in method]
    jwk = method.get("publicKeyJwk", {})
    if not isinstance(jwk, dict) or not all(
        isinstance(method[name], str) for name in present if name != "publicKeyJwk"
    ):
        raise ResolutionError("did_document_invalid", "expected a key as text or as a JWK")
    if not _SECRETS.isdisjoint(method) or not SECRET_JWK_MEMBERS.isdisjoint(jwk):
        raise ResolutionError("did_document_invalid", "expected public keys only, found a secret one")
    if len(present) > 1:
        raise ResolutionError("did_document_invalid", f"expected one form of a key, found {len(present)}")


def read_key(method: Mapping[str, Any]) -> PublicKey:
    """Read the key of a method that passed `check_material`.

    Raises:
        UnsupportedError: `unsupported`; another type of method or kind of key.
        MalformedError: `key_invalid`.
    """
    kind = method["type"]
    if kind not in _SPOKEN:
        raise UnsupportedError("unsupported", f"expected one of {len(_SPOKEN)} known types of method")
    name, algorithms = _SPOKEN[kind]
    if name not in method:
        raise MalformedError("key_invalid", f"expected the key in {name}")
    key = _read(name, method[name])
    if key.algorithm not in algorithms:
        raise MalformedError("key_invalid", f"expected a key that fits {kind}")
    return key


def _read(name: str, value: Any) -> PublicKey:
    if name == "publicKeyJwk":
        return public_key_from_jwk(value)
    if name == "publicKeyMultibase":
        return public_key_from_multikey(value)
    try:
        return Ed25519PublicKey.from_bytes(base58_decode(value))
    except MalformedError as err:
        raise MalformedError("key_invalid", "expected an Ed25519 key in base58") from err
