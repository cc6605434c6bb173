"""Status List Tokens in CBOR: the same list as a CWT in a COSE_Sign1 envelope.

draft-ietf-oauth-status-list-21, section 5.2; RFC 8392 (CWT), RFC 9052 (COSE).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from trustid.credentials import cose
from trustid.credentials.cose import CoseSign1, sign1
from trustid.encoding import cbor_decode, cbor_encode
from trustid.errors import SignatureError, StatusUnknownError, TrustidError
from trustid.keys import PublicKey, SigningKey
from trustid.status.list_token import MAX_TOKEN_BYTES, StatusListToken, check_claims, read_claims
from trustid.status.token_list import TokenStatusList

__all__ = ["STATUS_LIST_CWT_MEDIA_TYPE", "StatusListCwt", "issue_cwt", "parse_cwt", "verify_cwt"]

STATUS_LIST_CWT_MEDIA_TYPE = "application/statuslist+cwt"

MAX_DEPTH = 8

CLAIM_ISSUER, CLAIM_SUBJECT, CLAIM_EXPIRES, CLAIM_ISSUED = 1, 2, 4, 6
CLAIM_STATUS_LIST, CLAIM_TTL = 65533, 65534


@dataclass(frozen=True, slots=True)
class StatusListCwt:
    """A token that was read but is not believed yet.

    Attributes:
        message: The COSE_Sign1.
        key_id: From its header, or None.
    """

    message: CoseSign1
    key_id: bytes | None


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
    claims: dict[int, Any] = {CLAIM_SUBJECT: uri, CLAIM_ISSUED: issued_at}
    if expires_at is not None:
        claims[CLAIM_EXPIRES] = expires_at
    if ttl is not None:
        claims[CLAIM_TTL] = ttl
    payload = cbor_encode({**claims, CLAIM_STATUS_LIST: statuses.to_cbor_claim()})
    unprotected = {} if key_id is None else {cose.KEY_ID: key_id}
    header = {cose.TYPE: STATUS_LIST_CWT_MEDIA_TYPE}
    return sign1(payload, key, protected=header, unprotected=unprotected).to_bytes()


def parse_cwt(token: bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> StatusListCwt:
    """Read a token without believing it.

    Raises:
        StatusUnknownError: `status_malformed`.
        SignatureError: `alg_not_allowed`, `crit_unsupported`, `typ_mismatch`.
    """
    try:
        message = CoseSign1.parse(token, max_bytes=max_bytes)
        _ = message.algorithm  # refuses what is no signature here, before anything is fetched for it
    except SignatureError:
        raise
    except TrustidError as err:
        raise StatusUnknownError("status_malformed", "expected a COSE_Sign1 structure") from err
    if message.payload is None:
        raise StatusUnknownError("status_malformed", "expected the list in the message")
    if message.protected.get(cose.TYPE) != STATUS_LIST_CWT_MEDIA_TYPE:
        raise SignatureError("typ_mismatch", f"expected the type {STATUS_LIST_CWT_MEDIA_TYPE}")
    key_id = message.protected.get(cose.KEY_ID, message.unprotected.get(cose.KEY_ID))
    return StatusListCwt(message, key_id if isinstance(key_id, bytes) else None)


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
    try:
        payload = token.message.verify(key, algorithms=algorithms)
    except SignatureError as err:
        raise StatusUnknownError(
            "status_untrusted", f"the list's signature was refused ({err.code})"
        ) from err
    claims = _decode(payload, MAX_TOKEN_BYTES)
    if not isinstance(claims, dict):
        raise StatusUnknownError("status_malformed", "expected a map of claims")
    names = (CLAIM_SUBJECT, CLAIM_ISSUED, CLAIM_EXPIRES, CLAIM_TTL, CLAIM_ISSUER)
    opened = read_claims(*(claims.get(name) for name in names))
    check_claims(opened, uri=uri, now=now, grace_seconds=grace_seconds)
    return StatusListToken(**opened, statuses=TokenStatusList.from_cbor_claim(claims.get(CLAIM_STATUS_LIST)))
