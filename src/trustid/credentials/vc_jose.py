"""W3C credentials and presentations of version 2.0 as signed tokens: vc+jwt and vp+jwt.

    issue_vc_jwt -> text -> VcJwt.parse -> key_source -> verify -> check_time

Parsing believes nothing; the caller finds the key and asks `verify`.

Reference:
    VC-JOSE-COSE (W3C REC 2025-05-15), section 3.1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials import jose
from trustid.credentials.enveloping import (
    EnvelopedPresentation,
    Lifetime,
    check_content_type,
    read_credential,
    read_presentation,
)
from trustid.credentials.issuer_keys import IssuerKeySource, key_source
from trustid.credentials.jose import Jws
from trustid.credentials.key_binding import SKEW_SECONDS
from trustid.credentials.model import Credential, Presentation
from trustid.encoding import JsonObject
from trustid.errors import MalformedError
from trustid.keys import PublicKey, SigningKey

__all__ = [
    "VC_JWT_TYP",
    "VP_JWT_TYP",
    "VcJwt",
    "VpJwt",
    "issue_vc_jwt",
    "issue_vp_jwt",
    "presented_claims",
    "token_header",
]

VC_JWT_TYP: Final = "vc+jwt"
VP_JWT_TYP: Final = "vp+jwt"
VC_CONTENT_TYPE: Final = "vc"
VP_CONTENT_TYPE: Final = "vp"


def token_header(
    typ: str, content_type: str | None, *, kid: str | None = None, x5c: Sequence[str] | None = None
) -> JsonObject:
    """The header of a secured document besides `alg`: type, content type, and how to find the key."""
    header: JsonObject = {"typ": typ, "cty": content_type, "kid": kid, "x5c": list(x5c) if x5c else None}
    return {name: value for name, value in header.items() if value is not None}


def issue_vc_jwt(
    credential: Mapping[str, Any],
    *,
    key: SigningKey,
    kid: str | None = None,
    x5c: Sequence[str] | None = None,
    issued_at: int | None = None,
    expires_at: int | None = None,
    holder: PublicKey | None = None,
) -> str:
    """Secure a credential as a JWT.

    Args:
        credential: A credential of the data model 2.0; not changed.
        key: The issuer's key.
        kid: The name of the key: a DID URL where the issuer is a DID.
        x5c: The issuer's certificates, the leaf first, the anchor left out.
        issued_at: When it is signed, seconds of the epoch.
        expires_at: Until when the signature holds; `validUntil` is the
            content's own.
        holder: The key to bind the credential to, to become `cnf`.

    Returns:
        The compact serialization, media type application/vc+jwt.

    Raises:
        MalformedError: It is no such credential.
        TrustError: issuer_mismatch: it has an `iss` of its own that disagrees.

    Reference:
        VC-JOSE-COSE, section 3.1.1.
    """
    claims = {**credential, "iat": issued_at, "exp": expires_at}
    if holder is not None:
        claims["cnf"] = {"jwk": holder.to_jwk()}
    claims = _without_missing(claims, credential)
    read_credential(claims)
    return jose.sign(token_header(VC_JWT_TYP, VC_CONTENT_TYPE, kid=kid, x5c=x5c), claims, key)


def issue_vp_jwt(
    presentation: Mapping[str, Any],
    *,
    key: SigningKey,
    kid: str | None = None,
    audience: str | None = None,
    nonce: str | None = None,
    issued_at: int | None = None,
    expires_at: int | None = None,
    status_proof: Mapping[str, Any] | None = None,
) -> str:
    """Secure a presentation as a JWT.

    Args:
        presentation: A presentation of the data model 2.0 whose credentials
            are all enveloped; not changed. They are not read here.
        key: The holder's key.
        kid: The name of the key.
        audience: What the verifier calls itself.
        nonce: What the verifier asked for.
        issued_at: When it is signed, seconds of the epoch.
        expires_at: Until when the presentation holds.
        status_proof: The holder's proof that the credential was not revoked,
            from `trustid.status.proving`, to become the claim of that name.

    Returns:
        The compact serialization, media type application/vp+jwt.

    Raises:
        MalformedError: It is no such presentation.

    Reference:
        VC-JOSE-COSE, section 3.1.2.
    """
    claims = presented_claims(
        presentation, audience=audience, nonce=nonce, issued_at=issued_at, expires_at=expires_at
    )
    if status_proof is not None:
        claims["status_proof"] = dict(status_proof)
    return jose.sign(token_header(VP_JWT_TYP, VP_CONTENT_TYPE, kid=kid), claims, key)


def presented_claims(
    presentation: Mapping[str, Any],
    *,
    audience: str | None,
    nonce: str | None,
    issued_at: int | None,
    expires_at: int | None,
) -> JsonObject:
    """A presentation with the claims that bind it to one request; as `issue_vp_jwt`.

    Raises:
        MalformedError: It is no presentation of enveloped credentials, or has other such claims.
    """
    added = {"aud": audience, "nonce": nonce, "iat": issued_at, "exp": expires_at}
    claims = _without_missing({**presentation, **added}, presentation)
    read_presentation(claims)
    return claims


def _without_missing(claims: Mapping[str, Any], document: Mapping[str, Any]) -> JsonObject:
    kept = {name: value for name, value in claims.items() if value is not None}
    if any(kept.get(name, document[name]) != document[name] for name in document):
        raise MalformedError("malformed", "expected no claim in the document that the signer sets by itself")
    return kept


@dataclass(frozen=True, slots=True)
class VcJwt:
    """A credential as a JWT, read. Its attributes are claimed, not yet verified.

    Attributes:
        jws: The token.
        claims: What it says: the credential, and the claims of a JWT.
        credential: The same, checked in form.
        lifetime: How long the signature holds.
    """

    jws: Jws
    claims: JsonObject = field(repr=False)
    credential: Credential
    lifetime: Lifetime

    @classmethod
    def parse(cls, token: str) -> VcJwt:
        """Read a vc+jwt.

        Raises:
            MalformedError: It cannot be read, or is no credential.
            SignatureError: A rule about the header is broken.
            TrustError: issuer_mismatch.

        Reference:
            VC-JOSE-COSE, sections 1.1.2.1 and 3.1.1.
        """
        jws = jose.parse(token)
        claims = jws.claims()
        return cls(jws, claims, read_credential(claims), Lifetime.read(claims))

    def key_source(self) -> IssuerKeySource:
        """Where the issuer's key is to be found: see `issuer_keys.key_source`."""
        return key_source(self.jws.header, self.credential.issuer)

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS) -> None:
        """Check the issuer's signature and the types of the token.

        A token without `typ` is refused, though the recommendation only says
        SHOULD: nothing else tells it from other tokens of the same issuer.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.

        Reference:
            VC-JOSE-COSE, section 3.1.1; RFC 8725, section 3.11.
        """
        jose.verify(self.jws, key, algorithms=algorithms, typ=VC_JWT_TYP)
        check_content_type(self.jws.header.get("cty"), VC_CONTENT_TYPE)

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS) -> None:
        """Check that signature and credential both hold now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        self.lifetime.check(now, skew_seconds)
        self.credential.check_time(datetime.fromtimestamp(now, UTC), skew_seconds)


@dataclass(frozen=True, slots=True)
class VpJwt(EnvelopedPresentation):
    """A presentation as a JWT, read. Its attributes are claimed, not yet verified.

    Attributes:
        jws: The token.
        claims: What it says.
        presentation: The same, checked in form.
        lifetime: How long the signature holds.
    """

    jws: Jws
    claims: JsonObject = field(repr=False)
    presentation: Presentation
    lifetime: Lifetime

    @classmethod
    def parse(cls, token: str) -> VpJwt:
        """Read a vp+jwt; the credentials in it are not opened.

        Raises:
            MalformedError: It cannot be read, or is no presentation.
            SignatureError: A rule about the header is broken.
            HolderBindingError: holder_mismatch.

        Reference:
            VC-JOSE-COSE, sections 1.1.2.1 and 3.1.2.
        """
        jws = jose.parse(token)
        claims = jws.claims()
        return cls(jws, claims, read_presentation(claims), Lifetime.read(claims))

    @property
    def key_name(self) -> object:
        """How the token names the holder's key."""
        return self.jws.header.get("kid")

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS) -> None:
        """Check the holder's signature and the types of the token.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        jose.verify(self.jws, key, algorithms=algorithms, typ=VP_JWT_TYP)
        check_content_type(self.jws.header.get("cty"), VP_CONTENT_TYPE)
