"""W3C credentials and presentations of version 2.0 as SD-JWTs: vc+sd-jwt and vp+sd-jwt.

Not to be confused with SD-JWT VC (`sd_jwt_vc`), whose older drafts used the
same type: a credential here has an @context and never a vct.

Reference:
    VC-JOSE-COSE (W3C REC 2025-05-15), section 3.2; RFC 9901.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials import jose, sd_jwt
from trustid.credentials.disclosure import Path
from trustid.credentials.enveloping import (
    EnvelopedPresentation,
    Lifetime,
    check_content_type,
    read_credential,
    read_presentation,
)
from trustid.credentials.issuer_keys import IssuerKeySource, key_source
from trustid.credentials.key_binding import SKEW_SECONDS
from trustid.credentials.model import Credential, Presentation
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.vc_jose import VC_CONTENT_TYPE, VP_CONTENT_TYPE, presented_claims, token_header
from trustid.encoding import JsonObject
from trustid.errors import DisclosureError, MalformedError
from trustid.keys import PublicKey, SigningKey

__all__ = [
    "NEVER_DISCLOSABLE",
    "VC_SD_JWT_TYP",
    "VP_SD_JWT_TYP",
    "VcSdJwt",
    "VpSdJwt",
    "issue_vc_sd_jwt",
    "issue_vp_sd_jwt",
]

VC_SD_JWT_TYP: Final = "vc+sd-jwt"
VP_SD_JWT_TYP: Final = "vp+sd-jwt"

NEVER_DISCLOSABLE: Final = frozenset(
    {
        "@context",
        "issuer",
        "credentialStatus",
        "credentialSchema",
        "validFrom",
        "validUntil",
        "iss",
        "nbf",
        "exp",
        "cnf",
    }
)
"""What a verifier needs whatever the holder wants to show. The recommendation names credentialStatus
and credentialSchema as examples; without the others nobody could be trusted, or anything expire."""


def issue_vc_sd_jwt(
    credential: Mapping[str, Any],
    *,
    disclosable: Sequence[Path],
    key: SigningKey,
    holder: PublicKey | None = None,
    kid: str | None = None,
    x5c: Sequence[str] | None = None,
    decoys: int = 0,
) -> str:
    """Secure a credential of which the holder shows only what is asked.

    Args:
        credential: A credential of the data model 2.0; not changed.
        disclosable: Paths of the members that the holder may withhold.
        key: The issuer's key.
        holder: The key to bind it to, or None for a bearer credential.
        kid: The name of the key.
        x5c: The issuer's certificates, the leaf first, the anchor left out.
        decoys: As in `sd_jwt.issue`.

    Returns:
        The compact serialization, media type application/vc+sd-jwt.

    Raises:
        MalformedError: It is no such credential.
        DisclosureError: claim_not_disclosable.

    Reference:
        VC-JOSE-COSE, section 3.2.1.
    """
    read_credential(dict(credential))
    _check_disclosable(disclosable)
    return sd_jwt.issue(
        credential,
        disclosable=disclosable,
        key=key,
        header=token_header(VC_SD_JWT_TYP, VC_CONTENT_TYPE, kid=kid, x5c=x5c),
        holder_jwk=None if holder is None else holder.to_jwk(),
        decoys=decoys,
    )


def issue_vp_sd_jwt(
    presentation: Mapping[str, Any],
    *,
    disclosable: Sequence[Path],
    key: SigningKey,
    kid: str | None = None,
    audience: str | None = None,
    nonce: str | None = None,
    issued_at: int | None = None,
    expires_at: int | None = None,
) -> str:
    """Secure a presentation of which some members may be withheld.

    Args:
        presentation: A presentation of the data model 2.0 whose credentials
            are all enveloped; not changed.
        disclosable: Paths of the members that may be withheld.
        key: The holder's key.
        kid: The name of the key.
        audience, nonce, issued_at, expires_at: As `issue_vp_jwt`.

    Raises:
        MalformedError: It is no such presentation.
        DisclosureError: claim_not_disclosable.

    Reference:
        VC-JOSE-COSE, section 3.2.2.
    """
    claims = presented_claims(
        presentation, audience=audience, nonce=nonce, issued_at=issued_at, expires_at=expires_at
    )
    _check_disclosable(disclosable)
    header = token_header(VP_SD_JWT_TYP, VP_CONTENT_TYPE, kid=kid)
    return sd_jwt.issue(claims, disclosable=disclosable, key=key, header=header)


def _check_disclosable(paths: Sequence[Path]) -> None:
    for path in paths:
        if path and path[0] in NEVER_DISCLOSABLE:
            raise DisclosureError("claim_not_disclosable", f"expected {path[0]} not to be disclosable")


def _open_claims(presented: SdJwt) -> JsonObject:
    claims = presented.claims()
    # What stands among the claims but not in the payload came by a disclosure.
    if not claims.keys() & NEVER_DISCLOSABLE <= presented.payload.keys():
        raise DisclosureError("claim_not_disclosable", "expected this member in the signed payload itself")
    return claims


@dataclass(frozen=True, slots=True)
class VcSdJwt:
    """A credential as an SD-JWT, read. Its attributes are claimed, not yet verified.

    Attributes:
        sd_jwt: The SD-JWT, with the holder's key binding if there is one.
        claims: What it shows.
        credential: The same, checked in form.
        lifetime: How long the signature holds.
    """

    sd_jwt: SdJwt
    claims: JsonObject = field(repr=False)
    credential: Credential
    lifetime: Lifetime

    @classmethod
    def parse(cls, text: str) -> VcSdJwt:
        """Read a vc+sd-jwt, with or without key binding.

        Raises:
            MalformedError: It cannot be read, or what it shows is no credential.
            DisclosureError: A rule about disclosures is broken.
            SignatureError: A rule about the header is broken.
            TrustError: issuer_mismatch.

        Reference:
            VC-JOSE-COSE, section 3.2.1; RFC 9901, section 7.1.
        """
        return cls.of(SdJwt.parse(text))

    @classmethod
    def of(cls, presented: SdJwt) -> VcSdJwt:
        """Look at an SD-JWT as a credential; as `parse`."""
        claims = _open_claims(presented)
        return cls(presented, claims, read_credential(claims), Lifetime.read(claims))

    def key_source(self) -> IssuerKeySource:
        """Where the issuer's key is to be found: see `issuer_keys.key_source`."""
        return key_source(self.sd_jwt.issuer_jwt.header, self.credential.issuer)

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS) -> None:
        """Check the issuer's signature and the types of the token.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        jose.verify(self.sd_jwt.issuer_jwt, key, algorithms=algorithms, typ=VC_SD_JWT_TYP)
        check_content_type(self.sd_jwt.issuer_jwt.header.get("cty"), VC_CONTENT_TYPE)

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS) -> None:
        """Check that signature and credential both hold now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        self.lifetime.check(now, skew_seconds)
        self.credential.check_time(datetime.fromtimestamp(now, UTC), skew_seconds)


@dataclass(frozen=True, slots=True)
class VpSdJwt(EnvelopedPresentation):
    """A presentation as an SD-JWT, read. Its attributes are claimed, not yet verified.

    Attributes:
        sd_jwt: The SD-JWT.
        claims: What it shows.
        presentation: The same, checked in form.
        lifetime: How long the signature holds.
    """

    sd_jwt: SdJwt
    claims: JsonObject = field(repr=False)
    presentation: Presentation
    lifetime: Lifetime

    @classmethod
    def parse(cls, text: str) -> VpSdJwt:
        """Read a vp+sd-jwt; the credentials in it are not opened.

        Raises:
            As `VcSdJwt.parse`; HolderBindingError: holder_mismatch.

        Reference:
            VC-JOSE-COSE, section 3.2.2.
        """
        return cls.of(SdJwt.parse(text))

    @classmethod
    def of(cls, presented: SdJwt) -> VpSdJwt:
        """Look at an SD-JWT as a presentation; as `parse`."""
        if presented.key_binding is not None:
            # The holder signed the presentation itself: nothing says what a second signature would mean.
            raise MalformedError("malformed", "expected no key binding after a presentation")
        claims = _open_claims(presented)
        return cls(presented, claims, read_presentation(claims), Lifetime.read(claims))

    @property
    def key_name(self) -> object:
        """How the token names the holder's key."""
        return self.sd_jwt.issuer_jwt.header.get("kid")

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS) -> None:
        """Check the holder's signature and the types of the token.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        jose.verify(self.sd_jwt.issuer_jwt, key, algorithms=algorithms, typ=VP_SD_JWT_TYP)
        check_content_type(self.sd_jwt.issuer_jwt.header.get("cty"), VP_CONTENT_TYPE)
