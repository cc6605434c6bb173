"""Encrypted tokens: compact JWE with ECDH-ES and AES-GCM. The only door to jwcrypto.

Signing and verifying do not pass here (credentials/jose.py goes straight to the
keys). Of JWE exactly one shape is spoken: key agreement with an ephemeral key on
P-256, P-384 or X25519, no wrapped key, no compression. The rest of JWE (passwords,
RSA, wrapped keys) is where its faults have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from trustid.encoding import JsonObject, b64url_decode, b64url_encode, dump_json, parse_json_object
from trustid.errors import (
    LimitExceededError,
    MalformedError,
    SignatureError,
    TrustidError,
)
from trustid.keys.ec import P256PublicKey, P256SigningKey, P384PublicKey, P384SigningKey
from trustid.keys.jwk import check_jwk
from trustid.keys.secret import Secret
from trustid.keys.x25519 import X25519PublicKey, X25519SecretKey

__all__ = [
    "AGREEMENT_CURVES",
    "ENCRYPTION_ALGORITHM",
    "ENCRYPTION_METHODS",
    "DecryptedJwe",
    "EncryptionKey",
    "check_jwk",
    "encrypt",
    "generate_encryption_key",
]

ENCRYPTION_ALGORITHM: Final = "ECDH-ES"
ENCRYPTION_METHODS: Final = ("A128GCM", "A256GCM")
AGREEMENT_CURVES: Final = ("P-256", "P-384", "X25519")

MAX_JWE_BYTES: Final = 2 << 20
MAX_HEADER_BYTES: Final = 16 * 1024
MAX_HEADER_DEPTH: Final = 8
IV_BYTES: Final = 12
TAG_BYTES: Final = 16

_ALLOWED: Final = [ENCRYPTION_ALGORITHM, *ENCRYPTION_METHODS]
_POINT_MEMBERS: Final = ("kty", "crv", "x", "y")

_PublicKey = P256PublicKey | P384PublicKey | X25519PublicKey
_SecretKey = P256SigningKey | P384SigningKey | X25519SecretKey


@dataclass(frozen=True, slots=True)
class DecryptedJwe:
    """What an encrypted token held.

    Attributes:
        plaintext: The bytes inside, often a signed token.
        header: The protected header, authenticated by the encryption; it says
            nothing about who encrypted.
    """

    plaintext: bytes = field(repr=False)
    header: JsonObject


class EncryptionKey(Secret):
    """A secret to which others encrypt; made for one purpose, often one session.

    Attributes:
        kid: The key's name: its thumbprint, unless it was given another.
    """

    __slots__ = ("_jwk", "_public_key", "kid")

    def __init__(self, secret: _SecretKey, kid: str | None = None) -> None:
        self._public_key = secret.public_key
        self.kid = kid or self._public_key.thumbprint()
        self._jwk = JWK(**secret.to_private_jwk())

    @classmethod
    def generate(cls, kid: str | None = None) -> EncryptionKey:
        """Make a new key on P-256, which every wallet speaks."""
        return cls(P256SigningKey.generate(), kid)

    @classmethod
    def from_private_jwk(cls, jwk: Mapping[str, Any]) -> EncryptionKey:
        """Read what `to_private_jwk` wrote, or another key on one of `AGREEMENT_CURVES`.

        Raises:
            MalformedError: `key_invalid`.
            UnsupportedError: `unsupported`, another curve.
        """
        public_key = _public_key(jwk)
        try:
            secret = _secret_key(jwk["crv"], b64url_decode(jwk.get("d", "")))
        except MalformedError as err:
            raise MalformedError("key_invalid", f"expected a private {jwk['crv']} JWK") from err
        if secret.public_key != public_key:
            raise MalformedError("key_invalid", "expected a JWK whose d belongs to its x")
        return cls(secret, jwk.get("kid"))

    def to_private_jwk(self) -> JsonObject:
        """The JWK with its secret member `d`, for the keystore only."""
        return self.public_jwk() | {"d": self._jwk.export_private(as_dict=True)["d"]}

    def public_jwk(self) -> JsonObject:
        """The JWK to publish, with `kid`, `use` and `alg`."""
        return self._public_key.to_jwk() | {"kid": self.kid, "use": "enc", "alg": ENCRYPTION_ALGORITHM}

    def decrypt(self, jwe: str) -> DecryptedJwe:
        """Open a token that was encrypted to this key.

        Args:
            jwe: Five base64url segments, the second one empty.

        Raises:
            MalformedError: `malformed`, `duplicate_key`, `limit_exceeded`.
            SignatureError: `alg_not_allowed`, `enc_not_allowed`,
                `zip_unsupported`, `crit_unsupported`, `header_not_allowed`,
                `key_not_found`, `decrypt_failed`.

        Cost:
            One ECDH; nothing is derived before the header is checked.

        Reference:
            RFC 7516, section 5.2; RFC 7518, sections 4.6 and 5.3.
        """
        header = _check_shape(jwe, self._public_key.curve_name)
        if header.get("kid", self.kid) != self.kid:
            raise SignatureError("key_not_found", "expected a token for the kid of this key")
        try:
            token = JWE(algs=_ALLOWED)
            token.deserialize(jwe)
            token.decrypt(self._jwk, max_plaintext=MAX_JWE_BYTES)
        except (JWException, ValueError, TypeError) as err:
            raise SignatureError("decrypt_failed", "expected a token encrypted to this key") from err
        return DecryptedJwe(plaintext=token.payload, header=header)


def generate_encryption_key(kid: str | None = None) -> EncryptionKey:
    """Make a new key to which others encrypt."""
    return EncryptionKey.generate(kid)


def encrypt(
    plaintext: bytes,
    public_jwk: Mapping[str, Any],
    enc: str = "A128GCM",
    apu: bytes | None = None,
    apv: bytes | None = None,
) -> str:
    """Encrypt to a public key, with an ephemeral key of our own.

    Args:
        plaintext: One byte or more; jwcrypto cannot open an empty token.
        public_jwk: A key meant for encryption, on one of `AGREEMENT_CURVES`; its `kid` is named.
        enc: "A128GCM" or "A256GCM".
        apu: Information about the sender, bound into the key.
        apv: Information about the recipient, bound into the key.

    Raises:
        MalformedError: `key_invalid`, `malformed`, `limit_exceeded`.
        SignatureError: `enc_not_allowed`; `alg_not_allowed`, the key is meant
            for another algorithm.
        UnsupportedError: `unsupported`, another curve.

    Reference:
        RFC 7516, section 5.1; RFC 7518, sections 4.6 and 5.3.

    Example:
        >>> key = generate_encryption_key()
        >>> key.decrypt(encrypt(b"for your eyes", key.public_jwk(), "A256GCM")).plaintext
        b'for your eyes'
    """
    if enc not in ENCRYPTION_METHODS:
        raise SignatureError("enc_not_allowed", "expected A128GCM or A256GCM")
    if public_jwk.get("alg", ENCRYPTION_ALGORITHM) != ENCRYPTION_ALGORITHM:
        raise SignatureError("alg_not_allowed", f"expected a key for {ENCRYPTION_ALGORITHM}")
    if not plaintext:
        raise MalformedError("malformed", "expected something to encrypt")
    if len(plaintext) > MAX_JWE_BYTES // 2:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_JWE_BYTES // 2} bytes")
    recipient = JWK(**_public_key(public_jwk).to_jwk())
    header: JsonObject = {"alg": ENCRYPTION_ALGORITHM, "enc": enc}
    if "kid" in public_jwk:
        header["kid"] = public_jwk["kid"]
    for name, information in (("apu", apu), ("apv", apv)):
        if information is not None:
            header[name] = b64url_encode(information)
    token = JWE(plaintext, protected=dump_json(header).decode("utf-8"), algs=_ALLOWED)
    token.add_recipient(recipient)
    text: str = token.serialize(compact=True)
    return text


def _public_key(jwk: Mapping[str, Any]) -> _PublicKey:
    check_jwk(jwk, operation="deriveBits")
    match jwk["crv"]:
        case "P-256":
            return P256PublicKey.from_coordinates(jwk["x"], jwk["y"])
        case "P-384":
            return P384PublicKey.from_coordinates(jwk["x"], jwk["y"])
    return X25519PublicKey.from_coordinate(jwk["x"])


def _secret_key(curve: str, secret: bytes) -> _SecretKey:
    match curve:
        case "P-256":
            return P256SigningKey.from_bytes(secret)
        case "P-384":
            return P384SigningKey.from_bytes(secret)
    return X25519SecretKey.from_bytes(secret)


def _check_shape(jwe: str, curve: str) -> JsonObject:
    if len(jwe) > MAX_JWE_BYTES:
        raise LimitExceededError("limit_exceeded", f"expected a token of at most {MAX_JWE_BYTES} bytes")
    segments = jwe.split(".", 5)
    if len(segments) != 5:
        raise MalformedError("malformed", "expected an encrypted token of five segments")
    protected, wrapped_key, iv, ciphertext, tag = segments
    if len(protected) > MAX_HEADER_BYTES:
        raise LimitExceededError("limit_exceeded", f"expected a header of at most {MAX_HEADER_BYTES} bytes")
    header = parse_json_object(b64url_decode(protected), max_depth=MAX_HEADER_DEPTH)
    _check_header(header, curve)
    if wrapped_key:
        raise SignatureError("decrypt_failed", "expected no wrapped key")
    b64url_decode(ciphertext)
    if len(b64url_decode(iv)) != IV_BYTES or len(b64url_decode(tag)) != TAG_BYTES:
        raise SignatureError("decrypt_failed", f"expected an IV of {IV_BYTES} and a tag of {TAG_BYTES} bytes")
    return header


def _check_header(header: JsonObject, curve: str) -> None:
    if header.get("alg") != ENCRYPTION_ALGORITHM:
        raise SignatureError("alg_not_allowed", f"expected alg {ENCRYPTION_ALGORITHM}")
    if header.get("enc") not in ENCRYPTION_METHODS:
        raise SignatureError("enc_not_allowed", "expected A128GCM or A256GCM")
    if "zip" in header:
        raise SignatureError("zip_unsupported", "expected a header without zip")
    if "crit" in header:
        raise SignatureError("crit_unsupported", "expected a header without crit")
    for name in ("jku", "x5u"):
        if name in header:
            raise SignatureError("header_not_allowed", f"expected a header without {name}")
    for name in ("apu", "apv"):
        if name in header:
            if not isinstance(header[name], str):
                raise MalformedError("malformed", f"expected text as {name}")
            b64url_decode(header[name])
    epk = header.get("epk")
    if not isinstance(epk, dict):
        raise SignatureError("decrypt_failed", "expected an ephemeral key")
    try:
        # An ephemeral key off the curve would let its sender probe our secret.
        ephemeral = _public_key({name: epk[name] for name in _POINT_MEMBERS if name in epk})
    except TrustidError as err:
        raise SignatureError("decrypt_failed", f"expected an ephemeral key on {curve}") from err
    if ephemeral.curve_name != curve:
        raise SignatureError("decrypt_failed", f"expected an ephemeral key on {curve}")
