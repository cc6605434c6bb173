"""One way to issue and one way to verify, whatever the format.

    text = issue(claims, type, key, format)
    fact = verify(text, policy)

The institution with a register, a status list and a desk is `Issuer`; the
party that asks questions is `Verifier`. These two functions are for whoever
has a key, or a credential, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, Literal

from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, b64url_encode, parse_json_object
from trustid.errors import MalformedError, UnsupportedError
from trustid.facade.stating import FORMS, Fact
from trustid.fetching import Fetcher
from trustid.keys import PublicKey, SigningKey
from trustid.protocols.ports import Clock, system_clock
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import Expected, Sources, Verified, verify_presentation
from trustid.status.check import StatusChecker

__all__ = ["FORMATS", "Format", "issue", "verify"]

Format = Literal["dc+sd-jwt", "ldp_vc", "vc+jwt", "vc+sd-jwt", "vc+cose", "jwt_vc_json", "mso_mdoc"]
FORMATS: Final[tuple[str, ...]] = tuple(FORMS)
"""What `issue` makes and `verify` recognises."""

ANYTHING_MAX: Final = 1 << 20
CLOCKS_MAX: Final = 8
"""Callers have one clock; tests have several."""


def issue(
    claims: Mapping[str, Any],
    type: str,
    key: SigningKey,
    format: Format = "dc+sd-jwt",
    *,
    issuer: str | None = None,
    key_id: str | None = None,
    holder: PublicKey | None = None,
    disclosable: Sequence[tuple[str | int | None, ...]] | None = None,
    context: Sequence[str | Mapping[str, Any]] | None = None,
    cryptosuite: str | None = None,
    status: JsonObject | None = None,
    x5c: Sequence[str] | None = None,
    expires_at: int | None = None,
    clock: Clock = system_clock,
) -> str | JsonObject:
    """State a fact and sign it.

    Args:
        claims: What is stated; in a W3C credential the credentialSubject, in
            an mdoc the elements of each namespace.
        type: The kind of credential: a `vct`, a document type, or the type of
            a W3C credential, which a context must define unless it is a URL.
        key: The issuer's key.
        format: "dc+sd-jwt" (SD-JWT VC); W3C VC 2.0 as "ldp_vc" (Data
            Integrity), "vc+jwt", "vc+sd-jwt" or "vc+cose"; W3C VC 1.1 as
            "jwt_vc_json"; ISO mdoc as "mso_mdoc".
        issuer: The issuer's identifier; the did:key of `key` by default.
        key_id: The DID URL of the key; needed with an `issuer`, unless there is `x5c`.
        holder: Who it is bound to. A bearer credential without; an mdoc has one.
        disclosable: dc+sd-jwt, vc+sd-jwt, and ldp_vc with ecdsa-sd-2023: the
            claims that the holder may keep back, as paths within `claims` or
            the credentialSubject; by default each member by itself.
        context: W3C credentials: what follows the base context in `@context`; by
            default the library's own for the types of the catalogue
            ("DegreeCredential", ...), otherwise one that gives every term a
            private meaning.
        cryptosuite: ldp_vc: one of `data_integrity.CREATORS`; by default
            eddsa-jcs-2022 or ecdsa-jcs-2019, as the key asks for.
        status: The `status` claim, or the `credentialStatus`.
        x5c: The issuer's certificates in base64, the leaf first, the anchor
            left out; they then name the key. Always in an mdoc, never in ldp_vc.
        expires_at: Epoch seconds; an mdoc has it.
        clock: Epoch seconds.

    Returns:
        The compact serialization; for ldp_vc the secured JSON document; for
        vc+cose and mso_mdoc the CBOR in base64url. With ecdsa-sd-2023 that is
        the holder's copy, from which `ecdsa_sd_2023.derive` makes others.

    Raises:
        UnsupportedError: Another format or cryptosuite.
        MalformedError: The claims or the type do not fit the format, or the claims not the type.
        DisclosureError: `claim_not_disclosable`.
        TrustError: `issuer_mismatch`: the key is not the issuer's.

    Reference:
        draft-ietf-oauth-sd-jwt-vc-19, section 2.2; VC Data Model 2.0 and Data
        Integrity EdDSA Cryptosuites 1.0, section 3.3; VC-JOSE-COSE, section 3.

    Example:
        >>> from trustid.keys import generate
        >>> text = issue({"name": "Ada"}, "urn:example:degree", generate("Ed25519"))
        >>> text.count("~")
        2
    """
    if format not in FORMS:
        raise UnsupportedError("unsupported", f"expected one of {', '.join(FORMS)}")
    if (issuer is None) != (key_id is None) and not x5c:
        raise MalformedError("malformed", "expected issuer and key_id together, or neither")
    own = did_key.create(key.public_key)
    fact = Fact(
        claims=claims,
        type=type,
        key=key,
        issuer=issuer or own,
        method=key_id or f"{own}#{own.removeprefix('did:key:')}",
        holder=holder,
        hidden=disclosable,
        context=context,
        cryptosuite=cryptosuite,
        status=status,
        x5c=x5c,
        issued_at=clock(),
        expires_at=expires_at,
    )
    return FORMS[format](fact)


def verify(
    anything: str | bytes | Mapping[str, Any],
    policy: TrustPolicy,
    *,
    expected: Expected | None = None,
    sources: Sources | None = None,
    clock: Clock = system_clock,
) -> Verified:
    """Check a credential or a presentation, whatever its format.

    The format is read off the thing itself; the checks and their order are the
    same for all (`trustid.protocols.verifying`). By default the policy asks
    for a proof of the holder: for a credential that nobody presents, say
    `require_key_binding=False`.

    Args:
        anything: An SD-JWT VC; a W3C credential or presentation with Data
            Integrity proofs or in an envelope (JWT, SD-JWT, COSE), as text or
            parsed; an mdoc, as CBOR or in base64url.
        policy: Whom and what to trust.
        expected: Audience and nonce that the holder must have signed; for a
            W3C presentation domain and challenge.
        sources: Where DIDs, keys and status lists come from; the network by
            default, for trusted issuers only, with one cache for the process.
        clock: Epoch seconds.

    Returns:
        What was proved; its `checks` tell how.

    Raises:
        TrustidError: The code of the first check that did not hold; `.checks`
            are the checks up to and including that one.

    Reference:
        RFC 9901, section 7.3; VC Data Model 2.0, section 7.1.

    Example:
        >>> from trustid.did.key import create
        >>> from trustid.keys import generate
        >>> key = generate("Ed25519")
        >>> policy = TrustPolicy(issuers={"Degree": [create(key.public_key)]}, require_key_binding=False)
        >>> fact = verify(issue({"name": "Ada"}, "Degree", key, "ldp_vc"), policy)
        >>> fact.format, fact.credential_type, fact.status
        ('ldp_vc', 'Degree', 'none')
    """
    return verify_presentation(
        _read(anything),
        policy=policy,
        sources=sources or _sources(clock),
        now=clock(),
        expected=expected,
    )


def _read(anything: str | bytes | Mapping[str, Any]) -> str | JsonObject:
    """Text that is JSON becomes an object; all else is for the formats to recognise.

    Bytes that begin as CBOR does (a map or a tag, which no text begins with)
    become base64url, as protocols carry them.
    """
    if isinstance(anything, Mapping):
        return dict(anything)
    if isinstance(anything, bytes) and anything[:1] >= b"\x80":
        return b64url_encode(anything)
    try:
        text = anything.decode() if isinstance(anything, bytes) else anything
    except UnicodeDecodeError as err:
        raise MalformedError("malformed", "expected text in UTF-8, or CBOR") from err
    text = text.strip()
    return parse_json_object(text, max_bytes=ANYTHING_MAX) if text.startswith("{") else text


@cache
def _network() -> Fetcher:
    return Fetcher()


@lru_cache(maxsize=CLOCKS_MAX)
def _sources(clock: Clock) -> Sources:
    return Sources(
        Resolver(_network(), clock=clock),
        IssuerMetadata(_network(), clock=clock),
        StatusChecker(_network(), clock=clock),
    )
