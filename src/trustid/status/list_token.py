"""Status List Tokens: a list of statuses, signed by the issuer of the credentials.

draft-ietf-oauth-status-list-21, section 5.1 (JWT); the same as a CWT stands in
`trustid.status.cwt`. Reading and verifying are two steps, because the header
says which key to look for; but nothing is inflated and nothing is believed
before `verify` has checked the signature.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from trustid.credentials import jose
from trustid.encoding import JsonObject
from trustid.errors import MalformedError, SignatureError, StatusUnknownError
from trustid.keys import PublicKey, SigningKey
from trustid.status.token_list import TokenStatusList

__all__ = [
    "MAX_TOKEN_BYTES",
    "STATUS_LIST_MEDIA_TYPE",
    "STATUS_LIST_TYP",
    "TTL_MAX_SECONDS",
    "TTL_MIN_SECONDS",
    "ListSigning",
    "StatusListToken",
    "clamp_ttl",
    "issue",
    "parse",
    "verify",
]

STATUS_LIST_TYP = "statuslist+jwt"
STATUS_LIST_MEDIA_TYPE = "application/statuslist+jwt"

CHANGES_CLAIM = "status_list_changes"
"""A claim of our own, true where changes are served; who does not know it loses nothing."""

MAX_TOKEN_BYTES = 16 * 1024 * 1024
"""The largest token that is read. A list of 100 million entries with 1 % set takes about 2 MB."""

TTL_MIN_SECONDS = 60
TTL_MAX_SECONDS = 24 * 3600
CLOCK_SKEW_SECONDS = 60
MAX_URI = 2048


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A verified list.

    Attributes:
        uri: The address it was signed for (`sub`).
        issued_at: When it was signed (`iat`), epoch seconds.
        expires_at: From when it is worth nothing (`exp`), or None.
        ttl: How long it may be kept, in seconds, between `TTL_MIN_SECONDS`
            and `TTL_MAX_SECONDS`; None when the issuer did not say.
        issuer: `iss`, if the token names one.
        statuses: The list.
        changes: Whether signed changes are served beside it (`trustid.status.list_change`).
    """

    uri: str
    issued_at: int
    expires_at: int | None
    ttl: int | None
    issuer: str | None
    statuses: TokenStatusList
    changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSigning:
    """Who signs a list, and for how long: what its token and the tokens of its changes have in common.

    Attributes:
        uri: Where the list is served; credentials name the same.
        key: The issuer's key.
        issued_at: Epoch seconds.
        expires_at: Epoch seconds; without it the list never ends.
        ttl: Seconds for which a copy may be kept.
        issuer: The issuer's identifier, for verifiers that look for it.
        kid: DID URL or identifier of the key.
        x5c: The issuer's certificate chain, leaf first, base64 DER.
        jwk: The public key by value, for verifiers that want it in the header.
    """

    uri: str
    key: SigningKey
    issued_at: int
    expires_at: int | None = None
    ttl: int | None = None
    issuer: str | None = None
    kid: str | None = None
    x5c: Sequence[str] | None = None
    jwk: JsonObject | None = None

    def sign(self, typ: str, claims: JsonObject) -> str:
        """A compact JWS of this type, with these claims after the common ones."""
        named = {"kid": self.kid, "jwk": self.jwk, "x5c": None if self.x5c is None else list(self.x5c)}
        optional = {"iss": self.issuer, "exp": self.expires_at, "ttl": self.ttl}
        payload = {"sub": self.uri, "iat": self.issued_at} | _given(optional) | claims
        return jose.sign({"typ": typ} | _given(named), payload, self.key)


def issue(statuses: TokenStatusList, signing: ListSigning, *, changes: bool = False) -> str:
    """Sign a list.

    Args:
        statuses: The list.
        signing: Who signs it, and for how long.
        changes: Say that signed changes are served beside it.

    Returns:
        A compact JWS of type statuslist+jwt.

    Reference:
        draft-ietf-oauth-status-list-21, section 5.1.
    """
    said = {CHANGES_CLAIM: True} if changes else {}
    return signing.sign(STATUS_LIST_TYP, {"status_list": statuses.to_claim()} | said)


def parse(token: str | bytes, *, max_bytes: int = MAX_TOKEN_BYTES) -> jose.Jws:
    """Read a token without believing it.

    Raises:
        StatusUnknownError: `status_malformed`: not a compact JWS.
        SignatureError: `typ_mismatch`: a token for another purpose.
    """
    try:
        jws = jose.parse(token if isinstance(token, str) else token.decode("ascii"), max_bytes=max_bytes)
    except (MalformedError, UnicodeDecodeError) as err:
        raise StatusUnknownError("status_malformed", "expected a signed status list (compact JWS)") from err
    if str(jws.header.get("typ")).lower().removeprefix("application/") != STATUS_LIST_TYP:
        raise SignatureError("typ_mismatch", f"expected a token of type {STATUS_LIST_TYP}")
    return jws


def verify(
    token: jose.Jws,
    key: PublicKey,
    *,
    uri: str,
    now: int,
    algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS,
    grace_seconds: int = 0,
) -> StatusListToken:
    """Check a token and open the list.

    Args:
        token: From `parse`.
        key: A key of the issuer whose credential names the list.
        uri: The address that the credential names.
        now: Epoch seconds.
        algorithms: Signature algorithms that are accepted.
        grace_seconds: For how long after its end a list is still taken,
            if the verifier decided so for outages.

    Returns:
        The verified list.

    Raises:
        StatusUnknownError: `status_untrusted`: not signed by the key.
            `status_mismatch`: a list for another address.
            `status_stale`: expired. `status_malformed`: cannot be read.
        SignatureError: `typ_mismatch`.

    Reference:
        draft-ietf-oauth-status-list-21, sections 5.1 and 8.3.
    """
    try:
        jose.verify(token, key, algorithms=algorithms, typ=STATUS_LIST_TYP)
    except SignatureError as err:
        if err.code == "typ_mismatch":
            raise
        raise StatusUnknownError(
            "status_untrusted", f"the list's signature was refused ({err.code})"
        ) from err
    try:
        claims = token.claims()
    except MalformedError as err:
        raise StatusUnknownError("status_malformed", "expected a JSON object in the list") from err
    opened = _read(claims)
    check_claims(opened, uri=uri, now=now, grace_seconds=grace_seconds)
    statuses = TokenStatusList.from_claim(claims.get("status_list"))
    return StatusListToken(**opened, statuses=statuses, changes=claims.get(CHANGES_CLAIM) is True)


def _read(claims: JsonObject) -> dict[str, Any]:
    return read_claims(*(claims.get(name) for name in ("sub", "iat", "exp", "ttl", "iss")))


def read_claims(uri: Any, issued_at: Any, expires_at: Any, ttl: Any, issuer: Any) -> dict[str, Any]:
    """The members of a `StatusListToken` besides the list, checked for their types (section 5).

    Raises:
        StatusUnknownError: `status_malformed`.
    """
    if not isinstance(uri, str) or not 0 < len(uri) <= MAX_URI:
        raise StatusUnknownError("status_malformed", "expected the list to name its address")
    if issuer is not None and not isinstance(issuer, str):
        raise StatusUnknownError("status_malformed", "expected the issuer to be a string")
    issued = _number(issued_at, "iat")
    expires = None if expires_at is None else _number(expires_at, "exp")
    if expires is not None and expires < issued:
        raise StatusUnknownError("status_stale", "the list ends before it begins")
    return {
        "uri": uri,
        "issued_at": issued,
        "expires_at": expires,
        "ttl": None if ttl is None else clamp_ttl(_number(ttl, "ttl")),
        "issuer": issuer,
    }


def _number(value: Any, name: str) -> int:
    # NumericDate may have a fraction (RFC 7519, section 2); whole seconds are enough here.
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise StatusUnknownError("status_malformed", f"expected {name} to be a number")
    return int(value)


def clamp_ttl(seconds: int) -> int:
    """A time to live that neither hammers the issuer nor keeps a list for good."""
    return min(max(seconds, TTL_MIN_SECONDS), TTL_MAX_SECONDS)


def check_claims(opened: JsonObject, *, uri: str, now: int, grace_seconds: int) -> None:
    """Address and time of a list (section 8.3).

    Raises:
        StatusUnknownError: `status_mismatch`, `status_stale`, `status_malformed`.
    """
    if opened["uri"] != uri:
        raise StatusUnknownError("status_mismatch", "the list was signed for another address")
    if opened["issued_at"] > now + CLOCK_SKEW_SECONDS:
        raise StatusUnknownError("status_malformed", "the list was signed in the future")
    if opened["expires_at"] is not None and opened["expires_at"] + grace_seconds <= now:
        raise StatusUnknownError("status_stale", "the list has expired")


def _given(values: JsonObject) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}
