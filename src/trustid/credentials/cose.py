"""Signed and authenticated CBOR: COSE_Sign1 and COSE_Mac0.

As with `jose`, reading and verifying are two steps and the message is not
trusted about how it wants to be verified. What decides how it is read stands
in the protected header: an algorithm in the unprotected one is refused.

A message goes by itself, as bytes (`parse`, `to_bytes`), or as part of other
CBOR (`from_value`, `to_value`). It may be detached: then the payload comes
from the caller.

Reference:
    RFC 9052 (structures), RFC 9053 (algorithms), RFC 9864 (fully specified
    algorithms), RFC 8812 (ES256K), RFC 9360 (x5chain), RFC 9596 (typ).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

from trustid.encoding import CborTag, b64_encode, cbor_decode, cbor_encode
from trustid.errors import LimitExceededError, MalformedError, SignatureError, TrustError
from trustid.keys.signing import PublicKey, SigningKey

__all__ = [
    "ALGORITHM",
    "CONTENT_TYPE",
    "CWT_CLAIMS",
    "DEFAULT_ALGORITHMS",
    "KEY_ID",
    "MAC_ALGORITHMS",
    "SIGNATURE_NUMBERS",
    "TYPE",
    "X5CHAIN",
    "CoseMac0",
    "CoseSign1",
    "create_mac0",
    "sign1",
    "x5chain",
]

DEFAULT_ALGORITHMS: Final = ("ES256", "EdDSA")
"""By the names that our keys have."""

MAC_ALGORITHMS: Final = ("HMAC 256/256",)

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 24
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_CERTIFICATES: Final = 8
MIN_MAC_KEY_BYTES: Final = 32

ALGORITHM: Final = 1
CRITICAL: Final = 2
CONTENT_TYPE: Final = 3
KEY_ID: Final = 4
CWT_CLAIMS: Final = 15
TYPE: Final = 16
X5CHAIN: Final = 33

_SIGNATURE_NAMES: Final = {
    -7: "ES256",
    -9: "ES256",
    -35: "ES384",
    -51: "ES384",
    -8: "EdDSA",
    -19: "EdDSA",
    -47: "ES256K",
}
"""COSE algorithm to the algorithm of our keys; -9, -51 and -19 are the fully specified ones of RFC 9864."""

SIGNATURE_NUMBERS: Final = {"ES256": -7, "ES384": -35, "EdDSA": -8}

_MACS: Final[dict[int, tuple[str, str, int]]] = {
    4: ("HMAC 256/64", "sha256", 8),
    5: ("HMAC 256/256", "sha256", 32),
    6: ("HMAC 384/384", "sha384", 48),
    7: ("HMAC 512/512", "sha512", 64),
}
"""COSE algorithm to name, hash and tag length (RFC 9053, section 3.1)."""

_MAC_NUMBERS: Final = {name: number for number, (name, _, _) in _MACS.items()}


@dataclass(frozen=True, slots=True)
class _Message:
    """What the two structures share.

    Attributes:
        protected: The protected header, read.
        protected_bytes: The same as it was signed; never written anew.
        unprotected: The header that nobody signed.
        payload: The payload, or None where it is detached.
        seal: Signature or tag.
    """

    protected: Mapping[Any, Any]
    protected_bytes: bytes = field(repr=False)
    unprotected: Mapping[Any, Any] = field(repr=False)
    payload: bytes | None = field(repr=False)
    seal: bytes = field(repr=False)

    tag: ClassVar[int]
    context: ClassVar[str]

    @classmethod
    def parse(cls, data: bytes, *, max_bytes: int = MAX_BYTES) -> Self:
        """Read a message that stands by itself, with or without its tag.

        Raises:
            MalformedError: malformed, limit_exceeded.
            UnsupportedError: unsupported CBOR values.
            SignatureError: crit_unsupported.

        Reference:
            RFC 9052, sections 2, 4.2 and 6.2.
        """
        return cls.from_value(cbor_decode(data, max_bytes=max_bytes, max_depth=MAX_DEPTH))

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Look at decoded CBOR as a message; as `parse`."""
        content = value.value if isinstance(value, CborTag) and value.tag == cls.tag else value
        match content:
            case [bytes(protected), dict(unprotected), (bytes() | None) as payload, bytes(seal)]:
                return cls(_read_protected(protected, unprotected), protected, unprotected, payload, seal)
        raise MalformedError("malformed", f"expected the COSE structure of tag {cls.tag}")

    def to_value(self) -> list[Any]:
        """The message as a part of other CBOR, without its tag."""
        return [self.protected_bytes, dict(self.unprotected), self.payload, self.seal]

    def to_bytes(self) -> bytes:
        """The message by itself, with its tag."""
        return cbor_encode(CborTag(self.tag, self.to_value()))

    def _content(self, payload: bytes | None) -> bytes:
        if (self.payload is None) == (payload is None):
            raise MalformedError("malformed", "expected the payload either in the message or detached")
        found = self.payload if payload is None else payload
        return b"" if found is None else found


def _read_protected(protected: bytes, unprotected: dict[Any, Any]) -> dict[Any, Any]:
    if len(protected) > MAX_HEADER_BYTES:
        raise LimitExceededError("limit_exceeded", f"expected a header of at most {MAX_HEADER_BYTES} bytes")
    header = cbor_decode(protected, max_depth=MAX_DEPTH) if protected else {}
    if not isinstance(header, dict):
        raise MalformedError("malformed", "expected a map as protected header")
    if CRITICAL in header or CRITICAL in unprotected:
        raise SignatureError("crit_unsupported", "expected no critical header parameters")
    if ALGORITHM not in header or not header.keys().isdisjoint(unprotected):
        raise MalformedError("malformed", "expected alg in the protected header, and no parameter twice")
    return header


class CoseSign1(_Message):
    """A signed message that was read and is not yet verified."""

    __slots__ = ()

    tag = 18
    context = "Signature1"

    @property
    def algorithm(self) -> str:
        """The algorithm, by the name that our keys have; only `verify` may believe it.

        Raises:
            SignatureError: alg_not_allowed: none that is spoken here.
        """
        number = self.protected[ALGORITHM]
        if type(number) is not int or number not in _SIGNATURE_NAMES:
            raise SignatureError("alg_not_allowed", "expected a signature algorithm that is spoken here")
        return _SIGNATURE_NAMES[number]

    def verify(
        self,
        key: PublicKey,
        *,
        algorithms: Collection[str] = DEFAULT_ALGORITHMS,
        payload: bytes | None = None,
        external_aad: bytes = b"",
    ) -> bytes:
        """Check that the key signed this message.

        Args:
            key: The key that must have signed it, found by the caller.
            algorithms: What is allowed, by the names that our keys have.
            payload: The payload of a detached message.
            external_aad: What was signed along with it.

        Returns:
            The payload.

        Raises:
            SignatureError: alg_not_allowed, signature_invalid.
            MalformedError: malformed: a payload in both places, or in none.

        Reference:
            RFC 9052, section 4.4.
        """
        content = self._content(payload)
        name = self.algorithm
        if isinstance(algorithms, str) or name not in algorithms or name != key.algorithm:
            raise SignatureError("alg_not_allowed", "expected an algorithm that is allowed and fits the key")
        key.verify(self.seal, _to_be_sealed(self.context, self.protected_bytes, external_aad, content))
        return content


class CoseMac0(_Message):
    """An authenticated message that was read and is not yet verified."""

    __slots__ = ()

    tag = 17
    context = "MAC0"

    def verify(
        self,
        key: bytes,
        *,
        algorithms: Collection[str] = MAC_ALGORITHMS,
        payload: bytes | None = None,
        external_aad: bytes = b"",
    ) -> bytes:
        """Check that whoever holds the key made this message.

        Args:
            key: The shared secret, at least 32 bytes.
            algorithms: What is allowed; the short tags of "HMAC 256/64" only by name.
            payload: As in `CoseSign1.verify`.
            external_aad: As in `CoseSign1.verify`.

        Returns:
            The payload.

        Raises:
            SignatureError: alg_not_allowed, signature_invalid.
            MalformedError: malformed; key_invalid, for a short key.

        Reference:
            RFC 9052, section 6.3; RFC 9053, section 3.1.
        """
        content = self._content(payload)
        number = self.protected[ALGORITHM]
        if type(number) is not int or number not in _MACS or _MACS[number][0] not in algorithms:
            raise SignatureError("alg_not_allowed", "expected an HMAC that is allowed here")
        message = _to_be_sealed(self.context, self.protected_bytes, external_aad, content)
        if not hmac.compare_digest(_mac(number, key, message), self.seal):
            raise SignatureError("signature_invalid", "expected the tag of the shared key")
        return content


def _to_be_sealed(context: str, protected: bytes, external_aad: bytes, payload: bytes) -> bytes:
    """Sig_structure (section 4.4) and MAC_structure (section 6.3): an empty header is signed as no bytes."""
    signed = b"" if protected == b"\xa0" else protected
    return cbor_encode([context, signed, external_aad, payload])


def _mac(number: int, key: bytes, message: bytes) -> bytes:
    _, name, length = _MACS[number]
    if len(key) < MIN_MAC_KEY_BYTES:
        raise MalformedError("key_invalid", f"expected a key of at least {MIN_MAC_KEY_BYTES} bytes")
    return hmac.digest(key, message, name)[:length]


def sign1(
    payload: bytes,
    key: SigningKey,
    *,
    protected: Mapping[int, Any] | None = None,
    unprotected: Mapping[int, Any] | None = None,
    external_aad: bytes = b"",
    detached: bool = False,
) -> CoseSign1:
    """Sign bytes.

    Args:
        payload: What is signed.
        key: The key to sign with; `alg` is set from it.
        protected: Further parameters of the protected header.
        unprotected: The unprotected header.
        external_aad: What is signed along with it and sent by other means.
        detached: Leave the payload out of the message.

    Reference:
        RFC 9052, section 4.4.

    Example:
        >>> from trustid import keys
        >>> key = keys.generate("P-256")
        >>> message = sign1(b"red", key).to_bytes()
        >>> CoseSign1.parse(message).verify(key.public_key)
        b'red'
    """
    header = {**(protected or {}), ALGORITHM: SIGNATURE_NUMBERS[key.algorithm]}
    encoded = cbor_encode(header)
    signature = key.sign(_to_be_sealed(CoseSign1.context, encoded, external_aad, payload))
    return CoseSign1(header, encoded, unprotected or {}, None if detached else payload, signature)


def create_mac0(
    payload: bytes,
    key: bytes,
    *,
    protected: Mapping[int, Any] | None = None,
    unprotected: Mapping[int, Any] | None = None,
    external_aad: bytes = b"",
    detached: bool = False,
    algorithm: str = "HMAC 256/256",
) -> CoseMac0:
    """Authenticate bytes with a shared key; the arguments are those of `sign1`.

    Raises:
        MalformedError: key_invalid, for a key below 32 bytes.

    Reference:
        RFC 9052, section 6.3.
    """
    number = _MAC_NUMBERS[algorithm]
    header = {**(protected or {}), ALGORITHM: number}
    encoded = cbor_encode(header)
    seal = _mac(number, key, _to_be_sealed(CoseMac0.context, encoded, external_aad, payload))
    return CoseMac0(header, encoded, unprotected or {}, None if detached else payload, seal)


def x5chain(header: Mapping[Any, Any]) -> list[str] | None:
    """The certificates of a header, in the form that `keys.x509` reads, or None without any.

    Args:
        header: Where they are looked for. RFC 9360 allows both headers: a
            chain needs no protection, as it is checked against the anchors.

    Raises:
        TrustError: x5c_invalid.

    Reference:
        RFC 9360, section 2: one certificate as bytes, two or more as an array.
    """
    found = header.get(X5CHAIN)
    if found is None:
        return None
    chain = [found] if isinstance(found, bytes) else found
    if not isinstance(chain, list) or not 1 <= len(chain) <= MAX_CERTIFICATES:
        raise TrustError("x5c_invalid", "expected x5chain to be one or a few certificates")
    if not all(isinstance(one, bytes) for one in chain) or (chain is found and len(chain) == 1):
        raise TrustError("x5c_invalid", "expected x5chain to be bytes, or an array of two or more")
    return [b64_encode(one) for one in chain]
