"""Keys of every kind, and their text forms.

signing    what every key can do (PublicKey, SigningKey)
ed25519    EdDSA                            (door to pynacl)
ec         ES256, ES384; ES256K is read     (door to cryptography)
bls        aggregate signatures             (Rust)
jwk        JSON Web Keys and sets of them
multikey   Multikey text
jcs_proof  what eddsa-jcs-2022 signs
jose       encrypted tokens: JWE            (door to jwcrypto)
x509       certificates: x5c                (door to cryptography)
sealing    secrets at rest                  (door to pynacl)
keystore   the file that holds them
"""

from __future__ import annotations

from typing import Final, Literal

from trustid.errors import UnsupportedError
from trustid.keys.ec import (
    P256PublicKey,
    P256SigningKey,
    P384PublicKey,
    P384SigningKey,
    Secp256k1PublicKey,
)
from trustid.keys.ed25519 import Ed25519PublicKey, Ed25519SigningKey
from trustid.keys.jwk import JwkSet, check_jwk, public_key_from_jwk, signing_key_from_jwk
from trustid.keys.multikey import public_key_from_multikey, signing_key_from_multikey
from trustid.keys.signing import PublicKey, SigningKey

__all__ = [
    "KINDS",
    "Ed25519PublicKey",
    "Ed25519SigningKey",
    "JwkSet",
    "P256PublicKey",
    "P256SigningKey",
    "P384PublicKey",
    "P384SigningKey",
    "PublicKey",
    "Secp256k1PublicKey",
    "SigningKey",
    "check_jwk",
    "generate",
    "public_key_from_jwk",
    "public_key_from_multikey",
    "signing_key_from_jwk",
    "signing_key_from_multikey",
]

KINDS: Final = ("Ed25519", "P-256")
"""The kinds that everybody reads; "P-384" can be made as well, for those who ask for it."""


def generate(kind: Literal["Ed25519", "P-256", "P-384"]) -> SigningKey:
    """Make a new signing key.

    Args:
        kind: One of `KINDS`, or "P-384".

    Raises:
        UnsupportedError: Another kind.
    """
    match kind:
        case "Ed25519":
            return Ed25519SigningKey.generate()
        case "P-256":
            return P256SigningKey.generate()
        case "P-384":
            return P384SigningKey.generate()
    raise UnsupportedError("unsupported", "expected a key kind of Ed25519, P-256 or P-384")
