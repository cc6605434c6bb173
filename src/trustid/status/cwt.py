"""Status List Tokens in CBOR: the same list as a CWT in a COSE_Sign1 envelope.

draft-ietf-oauth-status-list-21, section 5.2; RFC 8392 (CWT), RFC 9052 (COSE).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from trustid.encoding import CborTag, cbor_decode, cbor_encode
from trustid.errors import SignatureError, StatusUnknownError, TrustidError
from trustid.keys import PublicKey, SigningKey
from trustid.status.list_token import MAX_TOKEN_BYTES, StatusListToken, check_claims, read_claims
from trustid.status.token_list import TokenStatusList

__all__ = ["STATUS_LIST_CWT_MEDIA_TYPE", "StatusListCwt", "issue_cwt", "parse_cwt", "verify_cwt"]

STATUS_LIST_CWT_MEDIA_TYPE = "application/statuslist+cwt"

MAX_DEPTH = 8

COSE_SIGN1 = 18
ALGORITHMS = {-7: "ES256", -9: "ES256", -8: "EdDSA", -19: "EdDSA"}
"""COSE algorithm to the algorithm of our keys; -9 and -19 are the fully specified ones of RFC 9864."""
ALGORITHM_NUMBERS = {"ES256": -7, "EdDSA": -8}

HEADER_ALGORITHM, HEADER_CRITICAL, HEADER_KEY_ID, HEADER_TYPE = 1, 2, 4, 16
CLAIM_ISSUER, CLAIM_SUBJECT, CLAIM_EXPIRES, CLAIM_ISSUED = 1, 2, 4, 6
CLAIM_STATUS_LIST, CLAIM_TTL = 65533, 65534


@dataclass(frozen=True, slots=True)
class StatusListCwt:
    """A token that was read but is not believed yet.

    Attributes:
        algorithm: As our keys name it.
        key_id: From the header, or None.
        protected: The protected header's bytes, as signed.
        payload: The claims' bytes, as signed.
        signature: Raw, as COSE has it.
    """

    algorithm: str
    key_id: bytes | None
    protected: bytes
    payload: bytes
    signature: bytes


def issue_cwt(
    statuses: TokenStatusList,
    *,
    uri: str,
    key: SigningKey,
    issued_at: int,
    expires_at: int | None = None,
    ttl: int | None = None,
    key_id: bytes | None = None,
) -> bytes:
    """Sign a list as a CWT.

    Args:
        statuses: The list.
        uri: Where it will be served; credentials name the same.
        key: The issuer's key, ES256 or EdDSA.
        issued_at: Epoch seconds.
        expires_at: Epoch seconds.
        ttl: Seconds for which a copy may be kept.
        key_id: Identifier of the key, for the unprotected header.

    Returns:
        A tagged COSE_Sign1.

    Reference:
        draft-ietf-oauth-status-list-21, section 5.2.
    """
    protected = cbor_encode(
        {HEADER_ALGORITHM: ALGORITHM_NUMBERS[key.algorithm], HEADER_TYPE: STATUS_LIST_CWT_MEDIA_TYPE}
    )
    claims: dict[int, Any] = {CLAIM_SUBJECT: uri, CLAIM_ISSUED: issued_at}
    if expires_at is not None:
        claims[CLAIM_EXPIRES] = expires_at
    if ttl is not None:
        claims[CLAIM_TTL] = ttl
    payload = cbor_encode({**claims, CLAIM_STATUS_LIST: statuses.to_cbor_claim()})
    unprotected = {} if key_id is None else {HEADER_KEY_ID: key_id}
    signature = key.sign(_to_be_signed(protected, payload))
    return cbor_encode(CborTag(COSE_SIGN1, [protected, unprotected, payload, signature]))


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052, section 4.4."""
    return cbor_encode(["Signature1", protected, b"", payload])


def parse_cwt(token: bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> StatusListCwt:
    """Read a token without believing it.

    Raises:
        StatusUnknownError: `status_malformed`.
        SignatureError: `alg_not_allowed`, `crit_unsupported`, `typ_mismatch`.
    """
    envelope = _decode(token, max_bytes)
    content = envelope.value if isinstance(envelope, CborTag) and envelope.tag == COSE_SIGN1 else envelope
    match content:
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            header = _decode(protected, max_bytes)
        case _:
            raise StatusUnknownError("status_malformed", "expected a COSE_Sign1 structure")
    if not isinstance(header, dict):
        raise StatusUnknownError("status_malformed", "expected a map as protected header")
    if HEADER_CRITICAL in header:
        raise SignatureError("crit_unsupported", "expected no critical header parameters")
    algorithm = header.get(HEADER_ALGORITHM)
    if not isinstance(algorithm, int) or algorithm not in ALGORITHMS:
        raise SignatureError("alg_not_allowed", "expected ES256 or EdDSA in the protected header")
    if header.get(HEADER_TYPE) != STATUS_LIST_CWT_MEDIA_TYPE:
        raise SignatureError("typ_mismatch", f"expected the type {STATUS_LIST_CWT_MEDIA_TYPE}")
    key_id = header.get(HEADER_KEY_ID, unprotected.get(HEADER_KEY_ID))
    return StatusListCwt(
        ALGORITHMS[algorithm], key_id if isinstance(key_id, bytes) else None, protected, payload, signature
    )


def _decode(data: bytes, max_bytes: int) -> Any:
    try:
        return cbor_decode(data, max_bytes=max_bytes, max_depth=MAX_DEPTH)
    except TrustidError as err:
        raise StatusUnknownError("status_malformed", "expected CBOR") from err


def verify_cwt(
    token: StatusListCwt,
    key: PublicKey,
    *,
    uri: str,
    now: int,
    algorithms: Collection[str] = ("ES256", "EdDSA"),
    grace_seconds: int = 0,
) -> StatusListToken:
    """Check a token and open the list; the twin of `trustid.status.list_token.verify`.

    Raises:
        StatusUnknownError: As there.

    Reference:
        draft-ietf-oauth-status-list-21, sections 5.2 and 8.3.
    """
    if token.algorithm not in algorithms or token.algorithm != key.algorithm:
        raise StatusUnknownError("status_untrusted", "the list's signature was refused (alg_not_allowed)")
    try:
        key.verify(token.signature, _to_be_signed(token.protected, token.payload))
    except SignatureError as err:
        raise StatusUnknownError(
            "status_untrusted", f"the list's signature was refused ({err.code})"
        ) from err
    claims = _decode(token.payload, MAX_TOKEN_BYTES)
    if not isinstance(claims, dict):
        raise StatusUnknownError("status_malformed", "expected a map of claims")
    names = (CLAIM_SUBJECT, CLAIM_ISSUED, CLAIM_EXPIRES, CLAIM_TTL, CLAIM_ISSUER)
    opened = read_claims(*(claims.get(name) for name in names))
    check_claims(opened, uri=uri, now=now, grace_seconds=grace_seconds)
    return StatusListToken(**opened, statuses=TokenStatusList.from_cbor_claim(claims.get(CLAIM_STATUS_LIST)))
