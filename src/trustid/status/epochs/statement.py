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
from trustid.keys import PublicKey, SigningKey
from trustid.status.accumulator import Accumulator

__all__ = [
    "MAX_REGISTRY_CHARACTERS",
    "MAX_STATEMENT_BYTES",
    "STATEMENT_ALGORITHMS",
    "STATEMENT_MEDIA_TYPE",
    "STATEMENT_TYP",
    "EpochStatement",
    "SignedStatement",
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
    """

    registry: str
    accumulator: Accumulator
    rows_root: bytes
    params_digest: bytes
    previous: bytes | None
    issued_at: int
    next_at: int

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
        return claims if self.previous is None else claims | {"previous": b64url_encode(self.previous)}

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> EpochStatement:
        """Read a payload; every member is there once, and no other is.

        Raises:
            MalformedError: `malformed`, `claim_type_invalid`, or a code of a
                point that is none (`point_identity`, ...).
        """
        expected = _MEMBERS | {"previous"} if claims.get("epoch") != 0 else _MEMBERS
        if claims.keys() != expected:
            raise MalformedError("malformed", f"expected exactly {', '.join(sorted(expected))}")
        issued_at, next_at = _number(claims, "iat"), _number(claims, "next")
        if next_at <= issued_at:
            raise MalformedError("malformed", "expected the next statement after this one")
        epoch = _number(claims, "epoch")
        value = _bytes(claims, "value", VALUE_BYTES)
        return cls(
            registry=check_registry_uri(claims["sub"]),
            accumulator=Accumulator.from_bytes(epoch.to_bytes(8, "big") + value),
            rows_root=_bytes(claims, "rows", HASH_BYTES),
            params_digest=_bytes(claims, "params", HASH_BYTES),
            previous=_bytes(claims, "previous", HASH_BYTES) if epoch else None,
            issued_at=issued_at,
            next_at=next_at,
        )


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement whose signature was checked.

    Attributes:
        statement: What it says.
        token: The compact JWS, as it was read.
        hash: What the next statement names it by, 32 bytes. It covers the
            payload alone: a statement that is signed again keeps its hash.
    """

    statement: EpochStatement
    token: str
    hash: bytes

    @property
    def epoch(self) -> int:
        """The number of the epoch."""
        return self.statement.epoch

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
    header = {"typ": STATEMENT_TYP, "kid": kid or key.public_key.thumbprint()}
    return SignedStatement(statement, jose.sign(header, payload, key), sha256(_HASH_TAG + payload))


def read_statement(token: str, keys: Mapping[str, PublicKey], *, registry: str) -> SignedStatement:
    """Read a statement and check that the registry's manager signed it.

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
    jws = jose.parse(token, max_bytes=MAX_STATEMENT_BYTES)
    key = keys.get(jws.header.get("kid", ""))
    if key is None:
        raise StatusUnknownError(
            "acc_value_untrusted", "expected a statement signed by a key of the registry"
        )
    try:
        jose.verify(jws, key, algorithms=STATEMENT_ALGORITHMS, typ=STATEMENT_TYP)
    except SignatureError as err:
        raise StatusUnknownError("acc_value_untrusted", f"the statement is not signed ({err.code})") from err
    claims = jws.claims()
    statement = EpochStatement.from_claims(claims)
    if jws.payload != canonicalize(claims):
        raise MalformedError("malformed", "expected the statement in canonical form")
    if statement.registry != registry:
        raise StatusUnknownError("acc_value_untrusted", "expected a statement about this registry")
    return SignedStatement(statement, token, sha256(_HASH_TAG + jws.payload))


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


def _bytes(claims: Mapping[str, Any], name: str, length: int) -> bytes:
    value = claims[name]
    if not isinstance(value, str) or len(data := b64url_decode(value)) != length:
        raise MalformedError("malformed", f"expected {length} bytes in base64url as {name}")
    return data
