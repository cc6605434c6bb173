"""What every enveloped form of a W3C document has in common: media types, claims beside it, data URLs.

An enveloping proof signs the whole document as it stands. Beside the members
of the data model the signed claims may hold those of a JWT (iss, exp, ...);
where both speak of one thing they must agree, since two programs might each
believe the other one.

Reference:
    VC-JOSE-COSE (W3C REC 2025-05-15), sections 1.1.2, 3.1.3; data model 2.0,
    sections 4.13.1 and 4.13.2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trustid.credentials.jose import numeric_date
from trustid.credentials.key_binding import SKEW_SECONDS
from trustid.credentials.model import V2_CONTEXT, Credential, Presentation
from trustid.encoding import JsonObject, b64_decode
from trustid.errors import (
    ExpiredError,
    HolderBindingError,
    MalformedError,
    NotYetValidError,
    SignatureError,
    TrustError,
    UnsupportedError,
)

__all__ = [
    "CREDENTIAL_MEDIA_TYPES",
    "PRESENTATION_MEDIA_TYPES",
    "Envelope",
    "EnvelopedPresentation",
    "Lifetime",
    "check_content_type",
    "check_expected",
    "holder_of",
    "read_credential",
    "read_presentation",
]

CREDENTIAL_MEDIA_TYPES: Final = ("application/vc+jwt", "application/vc+sd-jwt", "application/vc+cose")
PRESENTATION_MEDIA_TYPES: Final = ("application/vp+jwt", "application/vp+sd-jwt", "application/vp+cose")

ENVELOPED_CREDENTIAL: Final = "EnvelopedVerifiableCredential"
ENVELOPED_PRESENTATION: Final = "EnvelopedVerifiablePresentation"

_OLD_WRAPPERS: Final = ("vc", "vp")
_DATA_URL: Final = re.compile(r"data:(application/v[cp]\+[a-z-]+)(;base64)?,([\x21-\x7e]*)\Z")


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long the signature holds; how long the content does, the document says itself.

    Attributes:
        not_before: Seconds of the epoch.
        expires_at: Seconds of the epoch.
    """

    not_before: int | None
    expires_at: int | None

    @classmethod
    def read(cls, claims: Mapping[str, Any]) -> Lifetime:
        """Read `nbf` and `exp`. `iat` decides nothing, so it may have any form.

        Raises:
            MalformedError: claim_type_invalid.
        """
        return cls(numeric_date(claims, "nbf"), numeric_date(claims, "exp"))

    def check(self, now: int, skew_seconds: int) -> None:
        """Check that the signature holds now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        if self.not_before is not None and now < self.not_before - skew_seconds:
            raise NotYetValidError("not_yet_valid")
        if self.expires_at is not None and now >= self.expires_at + skew_seconds:
            raise ExpiredError("expired")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A secured document as a data URL, as it stands inside a presentation.

    Attributes:
        media_type: One of `CREDENTIAL_MEDIA_TYPES` or `PRESENTATION_MEDIA_TYPES`.
        content: The secured document as text; COSE in base64.
    """

    media_type: str
    content: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Envelope:
        """Read the `id` of an enveloped credential or presentation.

        Raises:
            MalformedError: malformed: no data URL of a secured document.
            UnsupportedError: unsupported: another media type.

        Reference:
            RFC 2397; data model 2.0, section 4.13.1.

        Example:
            >>> Envelope.parse("data:application/vc+jwt,e30.e30.c2ln").media_type
            'application/vc+jwt'
        """
        found = _DATA_URL.match(url)
        if found is None or (found[2] is not None) != found[1].endswith("+cose"):
            raise MalformedError("malformed", "expected a data URL of a secured credential or presentation")
        if found[1] not in (*CREDENTIAL_MEDIA_TYPES, *PRESENTATION_MEDIA_TYPES):
            raise UnsupportedError("unsupported", "expected the media type of a secured document")
        return cls(found[1], found[3])

    def to_bytes(self) -> bytes:
        """The content as bytes, out of base64 with or without its padding, as data URLs allow.

        Raises:
            MalformedError: malformed.

        Reference:
            Fetch Standard, section 6 (data URLs); Infra Standard, section 7
            (forgiving base64), of which only the missing padding is forgiven.
        """
        return b64_decode(self.content.rstrip("=") + "=" * (-len(self.content.rstrip("=")) % 4))

    def to_json(self) -> JsonObject:
        """The object that stands for the secured document."""
        mark = ";base64" if self.media_type.endswith("+cose") else ""
        of_credential = self.media_type in CREDENTIAL_MEDIA_TYPES
        return {
            "@context": V2_CONTEXT,
            "type": ENVELOPED_CREDENTIAL if of_credential else ENVELOPED_PRESENTATION,
            "id": f"data:{self.media_type}{mark},{self.content}",
        }


def read_credential(claims: JsonObject) -> Credential:
    """Read the signed claims as a credential of the data model 2.0.

    Raises:
        MalformedError: malformed, claim_type_invalid; also for the wrappers
            `vc` and `vp` of older tokens and for `jti` or `sub` that disagree
            with the document.
        TrustError: issuer_mismatch: `iss` names another issuer.

    Reference:
        VC-JOSE-COSE, sections 1.1.2.1 and 3.1.3.
    """
    _refuse_wrappers(claims)
    credential = Credential.read(claims)
    if credential.version != "2.0":
        raise MalformedError("malformed", "expected a credential of the data model 2.0")
    if claims.get("iss", credential.issuer) != credential.issuer:
        raise TrustError("issuer_mismatch", "expected iss and issuer to be the same")
    _check_same(claims, "jti", claims.get("id"))
    if len(credential.subjects) == 1:
        _check_same(claims, "sub", credential.subjects[0])
    return credential


def read_presentation(claims: JsonObject) -> Presentation:
    """Read the signed claims as a presentation of the data model 2.0.

    Raises:
        MalformedError: As `read_credential`; also for a credential that is
            not enveloped, since each must be secured by itself.
        HolderBindingError: holder_mismatch: `iss` names somebody else than `holder`.

    Reference:
        VC-JOSE-COSE, sections 1.1.2.1, 3.1.2 and 3.1.3.
    """
    _refuse_wrappers(claims)
    presentation = Presentation.read(claims)
    if presentation.credentials:
        raise MalformedError("malformed", "expected every credential to be an EnvelopedVerifiableCredential")
    if presentation.holder is not None and claims.get("iss", presentation.holder) != presentation.holder:
        raise HolderBindingError("holder_mismatch", "expected iss and holder to be the same")
    _check_same(claims, "jti", claims.get("id"))
    return presentation


def holder_of(presentation: Presentation, claims: Mapping[str, Any]) -> str | None:
    """Who presents, as the presentation names them: its `holder`, or else `iss`."""
    named = presentation.holder or claims.get("iss")
    return named if isinstance(named, str) else None


def _refuse_wrappers(claims: Mapping[str, Any]) -> None:
    for name in _OLD_WRAPPERS:
        if name in claims:
            raise MalformedError("malformed", f"expected no claim {name}")


def _check_same(claims: Mapping[str, Any], name: str, value: object) -> None:
    if value is not None and claims.get(name, value) != value:
        raise MalformedError("malformed", f"expected {name} to be what the document says")


def check_content_type(found: object, wanted: str) -> None:
    """Check `cty`: missing, or the plain type. A more specific one would ask for rules not known here.

    Raises:
        SignatureError: typ_mismatch.

    Reference:
        VC-JOSE-COSE, sections 3.1.1 and 3.1.2.
    """
    if found is not None and found not in (wanted, f"application/{wanted}"):
        raise SignatureError("typ_mismatch", f"expected the content type {wanted}")


def check_expected(claims: Mapping[str, Any], *, audience: str, nonce: str) -> None:
    """Check that a presentation was made for this verifier and this request.

    Args:
        claims: The signed claims of the presentation.
        audience: What the verifier calls itself; compared exactly, with `aud`
            or one of its values.
        nonce: What the verifier asked for; compared exactly.

    Raises:
        HolderBindingError: kb_nonce, kb_aud.

    Reference:
        OpenID4VP 1.0, appendix B.1.3.1.5; RFC 7519, section 4.1.3.
    """
    if claims.get("nonce") != nonce:
        raise HolderBindingError("kb_nonce", "expected the nonce of this request")
    named = claims.get("aud")
    audiences: Collection[Any] = named if isinstance(named, list) else (named,)
    if audience not in audiences:
        raise HolderBindingError("kb_aud", "expected the identifier of this verifier")


class EnvelopedPresentation:
    """What `VpJwt`, `VpSdJwt` and `VpCose` have in common once they are read.

    Attributes:
        claims: The signed claims.
        presentation: The same, checked in form.
        lifetime: How long the signature holds.
    """

    __slots__ = ()

    claims: JsonObject
    presentation: Presentation
    lifetime: Lifetime

    @property
    def holder(self) -> str | None:
        """See `enveloping.holder_of`."""
        return holder_of(self.presentation, self.claims)

    def envelopes(self) -> tuple[Envelope, ...]:
        """The secured credentials in it.

        Raises:
            MalformedError: malformed.
            UnsupportedError: unsupported.
        """
        return tuple(Envelope.parse(url) for url in self.presentation.enveloped)

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS) -> None:
        """Check that the presentation holds now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        self.lifetime.check(now, skew_seconds)

    def check_expected(self, *, audience: str, nonce: str) -> None:
        """Check for whom it was made: see `enveloping.check_expected`."""
        check_expected(self.claims, audience=audience, nonce=nonce)
