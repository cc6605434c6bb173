"""JSON Web Keys, read by rule (RFC 7517): one kind, one curve, one purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trustid.encoding import JsonObject, b64url_decode
from trustid.errors import MalformedError, SignatureError, UnsupportedError
from trustid.keys.ec import (
    P256PublicKey,
    P256SigningKey,
    P384PublicKey,
    P384SigningKey,
    Secp256k1PublicKey,
)
from trustid.keys.ed25519 import Ed25519PublicKey, Ed25519SigningKey
from trustid.keys.signing import PublicKey, SigningKey

__all__ = [
    "MAX_JWKS_KEYS",
    "MAX_KID_CHARACTERS",
    "JwkSet",
    "check_jwk",
    "public_key_from_jwk",
    "signing_key_from_jwk",
]

MAX_JWKS_KEYS: Final = 64
MAX_KID_CHARACTERS: Final = 512
MIN_RSA_BITS: Final = 2048

# Members that are secret in some kind of key (RFC 7518, section 6; RFC 8037, section 2).
_SECRET_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_TEXT_MEMBERS: Final = ("kty", "crv", "x", "y", "d", "n", "e", "use", "alg", "kid")
# What a key may be called in `alg`; RFC 9864 gives EdDSA on Ed25519 a name of its own.
_ALGORITHMS: Final = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "secp256k1"): frozenset({"ES256K"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
}
# What others may encrypt to (RFC 7518, section 4.6; RFC 8037, section 3.2).
_AGREEMENT: Final = {("EC", "P-256"), ("EC", "P-384"), ("OKP", "X25519")}


def check_jwk(jwk: Mapping[str, Any], *, operation: str = "verify") -> None:
    """Check the form and the purpose of a JWK, before the point is read.

    Args:
        jwk: A key, as it came from outside.
        operation: What it is wanted for, a value of `key_ops`: "verify",
            "sign" or "deriveBits". A key for verifying must hold no secret.

    Raises:
        MalformedError: `key_invalid` for a member of the wrong type, a key made
            for another use, a secret in a public place, a weak RSA key.
        UnsupportedError: `unsupported` for a kind or curve not spoken here.

    Reference:
        RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2.
    """
    for name in _TEXT_MEMBERS:
        if name in jwk and not isinstance(jwk[name], str):
            raise MalformedError("key_invalid", f"expected text in the JWK member {name}")
    if "kty" not in jwk:
        raise MalformedError("key_invalid", "expected a JWK with kty")
    if operation == "verify" and not _SECRET_MEMBERS.isdisjoint(jwk):
        raise MalformedError("key_invalid", "expected a public JWK, found secret members")
    _check_purpose(jwk, operation)
    if jwk["kty"] == "RSA":
        _check_rsa(jwk)
    kind = jwk["kty"], jwk.get("crv", "")
    if jwk["kty"] in ("EC", "OKP") and not kind[1]:
        raise MalformedError("key_invalid", "expected a JWK with crv")
    if operation == "deriveBits":
        if kind not in _AGREEMENT:
            raise UnsupportedError("unsupported", "expected an encryption key on P-256, P-384 or X25519")
    elif kind not in _ALGORITHMS:
        raise UnsupportedError("unsupported", "expected a key on P-256, P-384, secp256k1 or Ed25519")
    elif jwk.get("alg", "") not in _ALGORITHMS[kind] | {""}:
        raise MalformedError("key_invalid", "expected a JWK whose alg fits its curve")
    if "x" not in jwk or (jwk["kty"] == "EC") != ("y" in jwk):
        raise MalformedError("key_invalid", "expected x and, for EC keys only, y")


def _check_purpose(jwk: Mapping[str, Any], operation: str) -> None:
    use = "enc" if operation == "deriveBits" else "sig"
    if jwk.get("use", use) != use:
        raise MalformedError("key_invalid", f"expected a JWK whose use is {use}")
    operations = jwk.get("key_ops", [operation])
    if not isinstance(operations, list) or not all(isinstance(item, str) for item in operations):
        raise MalformedError("key_invalid", "expected a list of texts in key_ops")
    if len(set(operations)) != len(operations):
        raise MalformedError("key_invalid", "expected no operation twice in key_ops")
    wanted = {"deriveBits", "deriveKey"} if operation == "deriveBits" else {operation}
    if wanted.isdisjoint(operations):
        raise MalformedError("key_invalid", f"expected {operation} in key_ops")


def _check_rsa(jwk: Mapping[str, Any]) -> None:
    # RSA is not spoken, but a weak key is refused as weak, so that its owner learns of it.
    try:
        modulus = int.from_bytes(b64url_decode(jwk.get("n", "")), "big")
        exponent = int.from_bytes(b64url_decode(jwk.get("e", "")), "big")
    except MalformedError as err:
        raise MalformedError("key_invalid", "expected base64url in n and e") from err
    if modulus.bit_length() < MIN_RSA_BITS or exponent < 3 or exponent % 2 == 0:
        raise MalformedError("key_invalid", f"expected an RSA key of {MIN_RSA_BITS} bits, odd e above 1")


def public_key_from_jwk(jwk: Mapping[str, Any]) -> PublicKey:
    """Read a public key that is meant for verifying.

    Raises:
        MalformedError: `key_invalid`.
        UnsupportedError: `unsupported`.

    Reference:
        RFC 7517; RFC 7518, section 6.2; RFC 8037, section 2.

    Example:
        >>> x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        >>> public_key_from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x}).thumbprint()
        'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
    """
    check_jwk(jwk)
    return _public_part(jwk)


def _public_part(jwk: Mapping[str, Any]) -> PublicKey:
    match jwk["crv"]:
        case "P-256":
            return P256PublicKey.from_coordinates(jwk["x"], jwk["y"])
        case "P-384":
            return P384PublicKey.from_coordinates(jwk["x"], jwk["y"])
        case "secp256k1":
            return Secp256k1PublicKey.from_coordinates(jwk["x"], jwk["y"])
    return Ed25519PublicKey.from_bytes(_key_bytes(jwk["x"]))


def signing_key_from_jwk(jwk: Mapping[str, Any]) -> SigningKey:
    """Read a private key. Its public members must fit its secret one.

    Raises:
        MalformedError: `key_invalid`.
        UnsupportedError: `unsupported`.
    """
    check_jwk(jwk, operation="sign")
    if "d" not in jwk:
        raise MalformedError("key_invalid", "expected a private JWK with d")
    secret = _key_bytes(jwk["d"])
    key: SigningKey
    match jwk["crv"]:
        case "P-256":
            key = P256SigningKey.from_bytes(secret)
        case "P-384":
            key = P384SigningKey.from_bytes(secret)
        case "Ed25519":
            key = Ed25519SigningKey.from_bytes(secret)
        case _:
            raise UnsupportedError("unsupported", "expected a signing key on P-256, P-384 or Ed25519")
    if key.public_key != _public_part(jwk):
        raise MalformedError("key_invalid", "expected a JWK whose d belongs to its x")
    return key


def _key_bytes(text: str) -> bytes:
    try:
        return b64url_decode(text)
    except MalformedError as err:
        raise MalformedError("key_invalid", "expected base64url in the JWK") from err


@dataclass(frozen=True, slots=True)
class JwkSet:
    """The public keys of one party, found by their `kid`.

    Attributes:
        keys: The keys that have a `kid`.
        unnamed: The keys that have none.
    """

    keys: Mapping[str, PublicKey]
    unnamed: tuple[PublicKey, ...] = ()

    @classmethod
    def from_json(cls, value: object) -> JwkSet:
        """Read a JWK set of public signing keys.

        Keys of kinds not spoken here and keys for encryption are left out, as
        RFC 7517, section 5 advises; a set that holds a secret, a symmetric key
        or two keys of one `kid` is refused whole.

        Raises:
            MalformedError: `key_invalid`; `limit_exceeded` for more than
                `MAX_JWKS_KEYS` keys.
        """
        items = value.get("keys") if isinstance(value, Mapping) else None
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            raise MalformedError("key_invalid", "expected a JWK set: an object with a list of keys")
        if len(items) > MAX_JWKS_KEYS:
            raise MalformedError("key_invalid", f"expected at most {MAX_JWKS_KEYS} keys, found {len(items)}")
        return cls._collect(items)

    @classmethod
    def _collect(cls, items: list[Mapping[str, Any]]) -> JwkSet:
        named: dict[str, PublicKey] = {}
        unnamed: list[PublicKey] = []
        seen: set[str] = set()
        for item in items:
            kid = item.get("kid")
            if kid is not None and (not isinstance(kid, str) or len(kid) > MAX_KID_CHARACTERS):
                raise MalformedError("key_invalid", "expected a short text as kid")
            if kid in seen:
                raise MalformedError("key_invalid", "expected one key for each kid")
            if kid is not None:
                seen.add(kid)
            key = cls._spoken(item)
            if key is not None and kid is None:
                unnamed.append(key)
            elif key is not None and kid is not None:
                named[kid] = key
        return cls(named, tuple(unnamed))

    @staticmethod
    def _spoken(item: Mapping[str, Any]) -> PublicKey | None:
        if not _SECRET_MEMBERS.isdisjoint(item) or item.get("kty") == "oct":
            raise MalformedError("key_invalid", "expected public keys only in a JWK set")
        if item.get("use") == "enc":
            return None
        try:
            return public_key_from_jwk(item)
        except UnsupportedError:
            return None

    def find(self, kid: object) -> PublicKey:
        """Return the key of that name; it is compared, never used as a path or query.

        Raises:
            SignatureError: `key_not_found`.
        """
        key = self.keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise SignatureError("key_not_found", "expected the kid of a published key")
        return key

    def to_json(self) -> JsonObject:
        """The set as JSON, ready to be published."""
        named = [
            key.to_jwk() | {"kid": kid, "use": "sig", "alg": key.algorithm} for kid, key in self.keys.items()
        ]
        return {"keys": named + [key.to_jwk() | {"use": "sig", "alg": key.algorithm} for key in self.unnamed]}
