"""The VC API of the W3C Credentials Community Group: what both sides share.

Refusals are problem details with the types that the recommendations name, so
that programs of others understand them; our own code stands beside.

Reference:
    W3C-CCG VC API 0.3; VC Data Model 2.0, section 7.2; Data Integrity 1.0,
    section 4.7; Bitstring Status List 1.0, section 3.5.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from trustid.encoding import JsonObject
from trustid.errors import ConfigurationError, MalformedError, TrustidError

__all__ = ["OPEN_VARIABLE", "is_open", "problem_details", "read_members"]

OPEN_VARIABLE: Final = "TRUSTID_X_VC_API_OPEN"
"""`1`, on loopback only: the official test suites may call without a token, and
bring credentials of issuers that nobody named."""

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

DATA_MODEL: Final = "https://www.w3.org/TR/vc-data-model#"
SECURITY: Final = "https://w3id.org/security#"
STATUS_LIST: Final = "https://www.w3.org/ns/credentials/status-list#"

_TYPES: Final[Mapping[str, str]] = {
    "duplicate_key": f"{DATA_MODEL}PARSING_ERROR",
    "claim_type_invalid": f"{DATA_MODEL}MALFORMED_VALUE_ERROR",
    "malformed": f"{DATA_MODEL}MALFORMED_VALUE_ERROR",
    "status_malformed": f"{DATA_MODEL}MALFORMED_VALUE_ERROR",
    "status_range": f"{DATA_MODEL}RANGE_ERROR",
    "expired": f"{DATA_MODEL}RANGE_ERROR",
    "not_yet_valid": f"{DATA_MODEL}RANGE_ERROR",
    "signature_invalid": f"{DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR",
    "alg_not_allowed": f"{DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR",
    "issuer_mismatch": f"{DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR",
    "proof_invalid": f"{SECURITY}PROOF_VERIFICATION_ERROR",
    "challenge_mismatch": f"{SECURITY}INVALID_CHALLENGE_ERROR",
    "domain_mismatch": f"{SECURITY}INVALID_DOMAIN_ERROR",
    "status_unavailable": f"{STATUS_LIST}STATUS_RETRIEVAL_ERROR",
    "status_list_length": f"{STATUS_LIST}STATUS_LIST_LENGTH_ERROR",
    **dict.fromkeys(
        (
            "revoked",
            "suspended",
            "status_application",
            "status_untrusted",
            "status_mismatch",
            "status_purpose_mismatch",
            "status_size_mismatch",
            "status_stale",
            "status_rollback",
            "status_unsupported",
            "status_missing",
        ),
        f"{STATUS_LIST}STATUS_VERIFICATION_ERROR",
    ),
}
"""Our code -> the type in the recommendations."""


def problem_details(error: TrustidError) -> JsonObject:
    """A refusal as the recommendations write it.

    Example:
        >>> problem_details(MalformedError("malformed", "expected an issuer"))["type"]
        'https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR'
    """
    other = f"{DATA_MODEL}MALFORMED_VALUE_ERROR" if isinstance(error, MalformedError) else None
    return {
        "type": _TYPES.get(error.code) or other or f"urn:trustid:error:{error.code}",
        "title": error.public,
        "detail": error.message,
        "code": error.code,
    }


def read_members(value: Any, allowed: Collection[str], *, what: str) -> JsonObject:
    """An object with none but the members that are understood.

    Raises:
        MalformedError: `malformed`.
    """
    if not isinstance(value, dict):
        raise MalformedError("malformed", f"expected {what} to be an object")
    if not value.keys() <= set(allowed):
        raise MalformedError("malformed", f"expected {what} to have only {', '.join(sorted(allowed))}")
    return value


def is_open(extra: Mapping[str, str], public_url: str) -> bool:
    """Whether everybody may call, which is for test suites.

    Args:
        extra: The settings whose names begin with TRUSTID_X_.
        public_url: The server's; it must be loopback.

    Raises:
        ConfigurationError: `setting_unsafe`.
    """
    value = extra.get(OPEN_VARIABLE, "0")
    if value not in {"0", "1"}:
        raise ConfigurationError("setting_unsafe", f"{OPEN_VARIABLE}: expected 0 or 1")
    if value == "1" and (urlsplit(public_url).hostname or "") not in LOOPBACK_NAMES:
        raise ConfigurationError(
            "setting_unsafe", f"{OPEN_VARIABLE}: only where TRUSTID_PUBLIC_URL is loopback"
        )
    return value == "1"
