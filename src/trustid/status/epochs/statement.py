"""What a revocation manager signs for each epoch, and reading it.

A statement names the registry, the value of the epoch, the root of the hash
tree over its rows, and the statement before it: whoever has one has a promise
about all that came before. It is a compact JWS; its payload has exactly one
form (JCS), so that two statements with one content have one hash.

Reading checks the signature with keys that the caller trusts. What a statement
says about time, order and other statements of its registry is judged where
they are known: `trustid.status.epochs.chain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from trustid.credentials import jose
from trustid.encoding import MAX_SAFE_INTEGER, JsonObject, b64url_decode, b64url_encode, canonicalize, sha256
from trustid.errors import MalformedError, SignatureError, StatusUnknownError
from trustid.keys import PublicKey, SigningKey, public_key_from_jwk
from trustid.status.accumulator import Accumulator

__all__ = [
    "MAX_REGISTRY_CHARACTERS",
    "MAX_STATEMENT_BYTES",
    "STATEMENT_ALGORITHMS",
    "STATEMENT_MEDIA_TYPE",
    "STATEMENT_TYP",
    "EpochStatement",
    "SignedStatement",
    "UncheckedStatement",
    "check_registry_uri",
    "keys_by_thumbprint",
    "read_statement",
    "sign_statement",
    "statement_text",
]

STATEMENT_TYP: Final = "trustid-epoch+jwt"
STATEMENT_MEDIA_TYPE: Final = f"application/{STATEMENT_TYP}"
STATEMENT_ALGORITHMS: Final = ("EdDSA", "Ed25519", "ES256")
MAX_STATEMENT_BYTES: Final = 8192
MAX_REGISTRY_CHARACTERS: Final = 1024
HASH_BYTES: Final = 32
VALUE_BYTES: Final = 48

_HASH_TAG: Final = b"TrustID-statement-1\n"
_MEMBERS: Final = frozenset({"sub", "epoch", "value", "rows", "params", "iat", "next"})
_HANDOVER_MEMBERS: Final = frozenset({"handover", "successor"})


@dataclass(frozen=True, slots=True)
class EpochStatement:
    """What holds in one epoch of one registry.

    Attributes:
        registry: The registry's URI, as in its parameters.
        accumulator: The epoch's number and value.
        rows_root: Root of the hash tree over the blocks of rows, 32 bytes.
        params_digest: SHA-256 of the registry's parameters, 32 bytes.
        previous: `SignedStatement.hash` of the epoch before; None in epoch 0.
        issued_at: When it was signed, epoch seconds.
        next_at: When the next one is due, epoch seconds.
        handover: The last epoch before this one whose statement named a
            successor, which then signs this one; None while the first key signs.
        successor: The key that signs from the next epoch on; None where it stays.
    """

    registry: str
    accumulator: Accumulator
    rows_root: bytes
    params_digest: bytes
    previous: bytes | None
    issued_at: int
    next_at: int
    handover: int | None = None
    successor: PublicKey | None = None

    @property
    def epoch(self) -> int:
        """The number of the epoch, from 0."""
        return self.accumulator.epoch

    def to_claims(self) -> JsonObject:
        """The payload; bytes are base64url without padding."""
        claims: JsonObject = {
            "sub": self.registry,
            "epoch": self.epoch,
            "value": b64url_encode(self.accumulator.value),
            "rows": b64url_encode(self.rows_root),
            "params": b64url_encode(self.params_digest),
            "iat": self.issued_at,
            "next": self.next_at,
        }
        if self.previous is not None:
            claims["previous"] = b64url_encode(self.previous)
        if self.handover is not None:
            claims["handover"] = self.handover
        if self.successor is not None:
            claims["successor"] = self.successor.to_jwk()
        return claims

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> EpochStatement:
        """Read a payload; every member is there once, and no other is.

        Raises:
            MalformedError: `malformed`, `claim_type_invalid`, or a code of a
                point or a key that is none (`point_identity`, `key_invalid`, ...).
        """
        expected = _MEMBERS | {"previous"} if claims.get("epoch") != 0 else _MEMBERS
        if claims.keys() - _HANDOVER_MEMBERS != expected:
            raise MalformedError("malformed", f"expected exactly {', '.join(sorted(expected))}")
        issued_at, next_at = _number(claims, "iat"), _number(claims, "next")
        if next_at <= issued_at:
            raise MalformedError("malformed", "expected the next statement after this one")
        epoch = _number(claims, "epoch")
        handover = _number(claims, "handover") if "handover" in claims else None
        if handover is not None and handover >= epoch:
            raise MalformedError("malformed", "expected a handover before this epoch")
        value = _bytes(claims, "value", VALUE_BYTES)
        return cls(
            registry=check_registry_uri(claims["sub"]),
            accumulator=Accumulator.from_bytes(epoch.to_bytes(8, "big") + value),
            rows_root=_bytes(claims, "rows", HASH_BYTES),
            params_digest=_bytes(claims, "params", HASH_BYTES),
            previous=_bytes(claims, "previous", HASH_BYTES) if epoch else None,
            issued_at=issued_at,
            next_at=next_at,
            handover=handover,
            successor=_successor(claims["successor"]) if "successor" in claims else None,
        )


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement that is believed: its signature was checked, or a believed one names it by its hash.

    Attributes:
        statement: What it says.
        token: The compact JWS, as it was read.
        hash: What the next statement names it by, 32 bytes. It covers the
            payload alone: a statement that is signed again keeps its hash.
        signer: Thumbprint of the key that signed it; None where it is known by
            its hash alone.
    """

    statement: EpochStatement
    token: str
    hash: bytes
    signer: str | None

    @property
    def epoch(self) -> int:
        """The number of the epoch."""
        return self.statement.epoch

    @property
    def handover_after(self) -> int | None:
        """What the next statement names as its handover."""
        return self.statement.handover if self.statement.successor is None else self.epoch

    @property
    def signer_after(self) -> str | None:
        """Thumbprint of the key that signs the next statement; None where nobody here knows it."""
        successor = self.statement.successor
        return self.signer if successor is None else successor.thumbprint()

    @property
    def voted(self) -> bytes:
        """What a committee signs for a quorum certificate (`trustid.keys.quorum`): tag and hash."""
        return _HASH_TAG + self.hash


def check_registry_uri(value: object) -> str:
    """A registry's URI: http or https, without user, query, fragment and final slash.

    Raises:
        MalformedError: `malformed`.
    """
    if not isinstance(value, str) or len(value) > MAX_REGISTRY_CHARACTERS or not value.isascii():
        raise MalformedError("malformed", f"expected a URI of at most {MAX_REGISTRY_CHARACTERS} characters")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as err:
        raise MalformedError("malformed", "expected the URI of a registry") from err
    plain = parts.scheme in ("http", "https") and host and "@" not in parts.netloc
    if (
        not plain
        or value.endswith("/")
        or "?" in value
        or "#" in value
        or not value.isprintable()
        or " " in value
    ):
        raise MalformedError(
            "malformed", "expected an https URI without user, query, fragment and final slash"
        )
    return value


def keys_by_thumbprint(*keys: PublicKey) -> dict[str, PublicKey]:
    """Keys as `read_statement` takes them, each under its JWK thumbprint (RFC 7638)."""
    return {key.thumbprint(): key for key in keys}


def sign_statement(statement: EpochStatement, key: SigningKey, *, kid: str | None = None) -> SignedStatement:
    """Sign a statement.

    Args:
        statement: What holds.
        key: An Ed25519 or P-256 key of the manager.
        kid: The name by which readers know the key; its thumbprint by default.

    Reference:
        RFC 7515; docs/revocation.md, "Registry and epochs".
    """
    payload = canonicalize(statement.to_claims())
    signer = key.public_key.thumbprint()
    token = jose.sign({"typ": STATEMENT_TYP, "kid": kid or signer}, payload, key)
    return SignedStatement(statement, token, sha256(_HASH_TAG + payload), signer)


class UncheckedStatement:
    """A statement of which nothing is believed yet.

    Args:
        token: A compact JWS of at most `MAX_STATEMENT_BYTES`.
        registry: The registry that it must speak of.

    Raises:
        MalformedError: It is no JWS.
    """

    def __init__(self, token: str, registry: str) -> None:
        self._jws = jose.parse(token, max_bytes=MAX_STATEMENT_BYTES)
        self._token = token
        self._registry = registry

    @property
    def kid(self) -> str:
        """The name of the key that is said to have signed it; empty where there is none."""
        kid = self._jws.header.get("kid", "")
        return kid if isinstance(kid, str) else ""

    @property
    def hash(self) -> bytes:
        """See `SignedStatement`."""
        return sha256(_HASH_TAG + self._jws.payload)

    def statement(self) -> EpochStatement:
        """What it says.

        Raises:
            StatusUnknownError: `acc_value_untrusted`: it is about another registry.
            MalformedError: It cannot be read, or not in its one form.
        """
        claims = self._jws.claims()
        statement = EpochStatement.from_claims(claims)
        if self._jws.payload != canonicalize(claims):
            raise MalformedError("malformed", "expected the statement in canonical form")
        if statement.registry != self._registry:
            raise StatusUnknownError("acc_value_untrusted", "expected a statement about this registry")
        return statement

    def verify(self, key: PublicKey) -> SignedStatement:
        """Check that a key signed it.

        Raises:
            StatusUnknownError: `acc_value_untrusted`: it did not, or signed it as another type.
            As `statement`.
        """
        try:
            jose.verify(self._jws, key, algorithms=STATEMENT_ALGORITHMS, typ=STATEMENT_TYP)
        except SignatureError as err:
            raise StatusUnknownError(
                "acc_value_untrusted", f"the statement is not signed ({err.code})"
            ) from err
        return SignedStatement(self.statement(), self._token, self.hash, key.thumbprint())

    def without_signature(self) -> SignedStatement:
        """For one whose hash a believed statement names, or that this side has accepted before.

        Raises:
            As `statement`.
        """
        return SignedStatement(self.statement(), self._token, self.hash, None)


def read_statement(token: str, keys: Mapping[str, PublicKey], *, registry: str) -> SignedStatement:
    """Read a statement and check that one of these keys signed it.

    Args:
        token: A compact JWS of at most `MAX_STATEMENT_BYTES`.
        keys: The keys that may sign for this registry, by `kid`.
        registry: The registry that it must speak of.

    Raises:
        StatusUnknownError: `acc_value_untrusted`: not signed, signed by
            another key, as another type, or about another registry.
        MalformedError: It cannot be read, or not in its one form.

    Cost:
        One signature verification, and the check of one point of G1.
    """
    unchecked = UncheckedStatement(token, registry)
    key = keys.get(unchecked.kid)
    if key is None:
        raise StatusUnknownError(
            "acc_value_untrusted", "expected a statement signed by a key of the registry"
        )
    return unchecked.verify(key)


def statement_text(data: bytes) -> str:
    """A statement as it was fetched, before anything of it is checked.

    Raises:
        MalformedError: `malformed`: not ASCII, which every compact JWS is.
    """
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as err:
        raise MalformedError("malformed", "expected a statement in ASCII") from err


def _number(claims: Mapping[str, Any], name: str) -> int:
    value = claims[name]
    if type(value) is not int or not 0 <= value <= MAX_SAFE_INTEGER:
        raise MalformedError("claim_type_invalid", f"expected a whole number as {name}")
    return value


def _successor(value: object) -> PublicKey:
    if not isinstance(value, dict):
        raise MalformedError("claim_type_invalid", "expected a public JWK as successor")
    key = public_key_from_jwk(value)
    if key.to_jwk() != value or key.algorithm not in STATEMENT_ALGORITHMS:
        raise MalformedError("key_invalid", "expected a successor's own members, of Ed25519 or P-256")
    return key


def _bytes(claims: Mapping[str, Any], name: str, length: int) -> bytes:
    value = claims[name]
    if not isinstance(value, str) or len(data := b64url_decode(value)) != length:
        raise MalformedError("malformed", f"expected {length} bytes in base64url as {name}")
    return data
