"""Issuing an mdoc: digests of salted items, signed with a certified key.

Randomness and the numbers of the digests are made here and nowhere else: no
caller can supply, shorten or repeat them, and the numbers tell nothing of the
order in which the elements were given.

Reference:
    ISO/IEC 18013-5:2021, sections 9.1.2.4 and 9.1.2.5.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials import cose
from trustid.credentials.mdoc.issuer_signed import MAX_ITEMS, IssuerSignedItem, Mdoc
from trustid.credentials.mdoc.security_object import HASHES, KeyAuthorizations, SecurityObject, Validity
from trustid.credentials.mdoc.values import to_cbor
from trustid.encoding import b64_decode, b64url_encode, cbor_encode
from trustid.errors import MalformedError
from trustid.keys import PublicKey, SigningKey

__all__ = ["issue_copy", "issue_mdoc"]

RANDOM_BYTES: Final = 32
"""Twice what the standard demands."""


def issue_mdoc(
    namespaces: Mapping[str, Mapping[str, Any]],
    *,
    doc_type: str,
    key: SigningKey,
    x5c: Sequence[str],
    device_key: PublicKey,
    signed: int,
    valid_from: int,
    valid_until: int,
    digest_algorithm: str = "SHA-256",
    authorizations: KeyAuthorizations | None = None,
    status: Mapping[str, Any] | None = None,
) -> Mdoc:
    """Issue an mdoc.

    Args:
        namespaces: For each namespace the elements and their values; a `date`
            becomes a full-date, a `datetime` a tdate.
        doc_type: The type of document.
        key: The issuer's key, the one in its certificate.
        x5c: The issuer's certificates in base64, the leaf first, the anchor left out.
        device_key: The key to bind it to.
        signed: When it is signed, seconds of the epoch; round it, if copies
            shall not be linkable.
        valid_from: Seconds of the epoch, not before `signed`.
        valid_until: Seconds of the epoch, after `valid_from`.
        digest_algorithm: "SHA-256", "SHA-384" or "SHA-512".
        authorizations: What the device may state by itself; by default nothing.
        status: A place in a status list: `{"status_list": {"idx": 1, "uri": "..."}}`.

    Returns:
        The document; `to_bytes` is what OpenID4VCI carries, in base64url.

    Raises:
        MalformedError: Nothing to state, wrong times, or a value that CBOR cannot hold.

    Reference:
        ISO/IEC 18013-5:2021, section 9.1.2.4; draft-ietf-oauth-status-list-21,
        section 6.3.
    """
    if not x5c or not namespaces or not all(namespaces.values()):
        raise MalformedError("malformed", "expected certificates, and elements in every namespace")
    if digest_algorithm not in HASHES or not signed <= valid_from < valid_until:
        raise MalformedError("malformed", "expected a known digest algorithm, and times in their order")
    if sum(map(len, namespaces.values())) > MAX_ITEMS:
        raise MalformedError("malformed", f"expected at most {MAX_ITEMS} elements")
    items = {name: _items(elements) for name, elements in namespaces.items()}
    validity = Validity(*(datetime.fromtimestamp(time, UTC) for time in (signed, valid_from, valid_until)))
    draft = SecurityObject(
        doc_type, digest_algorithm, {}, device_key, authorizations or KeyAuthorizations(), validity, status
    )
    digests = {
        name: {item.digest_id: draft.digest(item.encoded) for item in found} for name, found in items.items()
    }
    security_object = SecurityObject(
        doc_type, digest_algorithm, digests, device_key, draft.authorizations, validity, status
    )
    chain = [b64_decode(certificate) for certificate in x5c]
    header = {cose.X5CHAIN: chain[0] if len(chain) == 1 else chain}
    issuer_auth = cose.sign1(security_object.to_bytes(), key, unprotected=header)
    return Mdoc(doc_type, items, issuer_auth, security_object)


def issue_copy(
    namespaces: Mapping[str, Mapping[str, Any]],
    *,
    doc_type: str,
    key: SigningKey,
    x5c: Sequence[str] | None,
    holder: PublicKey | None,
    issued_at: int,
    expires_at: int | None,
    status: Mapping[str, Any] | None,
) -> str:
    """Issue an mdoc as OpenID4VCI carries it; it holds from the moment of signing.

    Args:
        namespaces: As for `issue_mdoc`.
        doc_type: Likewise.
        key: Likewise.
        x5c: Likewise; an mdoc always has a certificate.
        holder: The key to bind it to; an mdoc always has one.
        issued_at: When it is signed and begins to hold, seconds of the epoch.
        expires_at: When it ends; an mdoc always does.
        status: As for `issue_mdoc`.

    Returns:
        The structure IssuerSigned in base64url.

    Raises:
        MalformedError: Something is missing, or as `issue_mdoc`.

    Reference:
        OpenID4VCI 1.0, appendix A.2.
    """
    if holder is None or expires_at is None or not x5c:
        raise MalformedError("malformed", "expected a holder, expires_at and x5c for an mdoc")
    made = issue_mdoc(
        namespaces,
        doc_type=doc_type,
        key=key,
        x5c=x5c,
        device_key=holder,
        signed=issued_at,
        valid_from=issued_at,
        valid_until=expires_at,
        status=status,
    )
    return b64url_encode(made.to_bytes())


def _items(elements: Mapping[str, Any]) -> tuple[IssuerSignedItem, ...]:
    numbers = list(range(len(elements)))
    secrets.SystemRandom().shuffle(numbers)
    made = []
    for number, (element, value) in zip(numbers, elements.items(), strict=True):
        random, stated = os.urandom(RANDOM_BYTES), to_cbor(value)
        members = {
            "digestID": number,
            "random": random,
            "elementIdentifier": element,
            "elementValue": stated,
        }
        made.append(IssuerSignedItem(number, random, element, stated, cbor_encode(members)))
    return tuple(made)
