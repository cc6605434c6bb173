"""W3C credentials and presentations of version 2.0 as COSE_Sign1: vc+cose and vp+cose.

The payload is the JSON document itself. What binds a presentation to one
request stands in the CWT Claims of the protected header: audience (3), expiry
(4), not before (5), time (6) and nonce (10, bytes).

Reference:
    VC-JOSE-COSE (W3C REC 2025-05-15), section 3.3; RFC 9596; RFC 9597; RFC
    8392, section 3; RFC 9711, section 4.1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials import cose
from trustid.credentials.cose import CoseSign1
from trustid.credentials.enveloping import (
    EnvelopedPresentation,
    Lifetime,
    read_credential,
    read_presentation,
)
from trustid.credentials.issuer_keys import IssuerKeySource, key_source
from trustid.credentials.key_binding import SKEW_SECONDS
from trustid.credentials.model import Credential, Presentation
from trustid.encoding import JsonObject, b64_decode, dump_json, parse_json_object
from trustid.errors import MalformedError, SignatureError
from trustid.keys import PublicKey, SigningKey

__all__ = ["VC_COSE_TYPE", "VP_COSE_TYPE", "VcCose", "VpCose", "issue_vc_cose", "issue_vp_cose"]

VC_COSE_TYPE: Final = "application/vc+cose"
VP_COSE_TYPE: Final = "application/vp+cose"
VC_CONTENT_TYPE: Final = "application/vc"
VP_CONTENT_TYPE: Final = "application/vp"

_CWT_LABELS: Final = {"aud": 3, "exp": 4, "nbf": 5, "iat": 6, "nonce": 10}


def issue_vc_cose(
    credential: Mapping[str, Any],
    *,
    key: SigningKey,
    kid: bytes | None = None,
    x5c: Sequence[str] | None = None,
) -> bytes:
    """Secure a credential as a COSE_Sign1.

    Args:
        credential: A credential of the data model 2.0; not changed.
        key: The issuer's key.
        kid: The name of the key, for instance a DID URL.
        x5c: The issuer's certificates in base64, the leaf first, the anchor left out.

    Returns:
        A tagged COSE_Sign1, media type application/vc+cose.

    Raises:
        MalformedError: It is no such credential.

    Reference:
        VC-JOSE-COSE, section 3.3.1.
    """
    read_credential(dict(credential))
    header: dict[int, Any] = {cose.TYPE: VC_COSE_TYPE, cose.CONTENT_TYPE: VC_CONTENT_TYPE}
    if x5c:
        chain = [b64_decode(certificate) for certificate in x5c]
        header[cose.X5CHAIN] = chain[0] if len(chain) == 1 else chain
    return _issue(credential, header, key, kid)


def issue_vp_cose(
    presentation: Mapping[str, Any],
    *,
    key: SigningKey,
    kid: bytes | None = None,
    audience: str | None = None,
    nonce: str | None = None,
    issued_at: int | None = None,
    expires_at: int | None = None,
) -> bytes:
    """Secure a presentation as a COSE_Sign1; as `issue_vc_cose`.

    Args:
        presentation: A presentation whose credentials are all enveloped; not changed.
        key: The holder's key.
        kid: The name of the key.
        audience, nonce, issued_at, expires_at: As `vc_jose.issue_vp_jwt`; in the protected header.

    Reference:
        VC-JOSE-COSE, section 3.3.2.
    """
    read_presentation(dict(presentation))
    header: dict[int, Any] = {cose.TYPE: VP_COSE_TYPE, cose.CONTENT_TYPE: VP_CONTENT_TYPE}
    values = {
        "aud": audience,
        "nonce": None if nonce is None else nonce.encode(),
        "iat": issued_at,
        "exp": expires_at,
    }
    claims = {_CWT_LABELS[name]: value for name, value in values.items() if value is not None}
    if claims:
        header[cose.CWT_CLAIMS] = claims
    return _issue(presentation, header, key, kid)


def _issue(document: Mapping[str, Any], header: dict[int, Any], key: SigningKey, kid: bytes | None) -> bytes:
    if kid is not None:
        header[cose.KEY_ID] = kid
    return cose.sign1(dump_json(document), key, protected=header).to_bytes()


def _read(data: bytes) -> tuple[CoseSign1, JsonObject]:
    message = CoseSign1.parse(data)
    if message.payload is None:
        raise MalformedError("malformed", "expected the document in the message")
    return message, parse_json_object(message.payload)


def _verify(
    message: CoseSign1, key: PublicKey, algorithms: Collection[str], typ: str, content_type: str
) -> None:
    """Signature and types; a message without type is refused, as nothing else tells what it is."""
    found = message.protected.get(cose.TYPE)
    content = message.protected.get(cose.CONTENT_TYPE, content_type)
    if found != typ or content != content_type:
        raise SignatureError("typ_mismatch", f"expected the type {typ}")
    message.verify(key, algorithms=algorithms)


@dataclass(frozen=True, slots=True)
class VcCose:
    """A credential as a COSE_Sign1, read. Its attributes are claimed, not yet verified.

    Attributes:
        message: The COSE_Sign1.
        claims: What it says.
        credential: The same, checked in form.
    """

    message: CoseSign1
    claims: JsonObject = field(repr=False)
    credential: Credential

    @classmethod
    def parse(cls, data: bytes) -> VcCose:
        """Read a vc+cose.

        Raises:
            MalformedError: It cannot be read, or is no credential.
            SignatureError: crit_unsupported.
            TrustError: issuer_mismatch.

        Reference:
            VC-JOSE-COSE, section 3.3.1.
        """
        message, claims = _read(data)
        return cls(message, claims, read_credential(claims))

    def key_source(self) -> IssuerKeySource:
        """Where the issuer's key is to be found: see `issuer_keys.key_source`.

        Raises:
            TrustError: As there.
            MalformedError: The key's name is no text.
        """
        header: JsonObject = {}
        chain = cose.x5chain(self.message.protected) or cose.x5chain(self.message.unprotected)
        if chain is not None:
            header["x5c"] = chain
        kid = self.message.protected.get(cose.KEY_ID)
        if kid is not None:
            header["kid"] = _key_name(kid)
        return key_source(header, self.credential.issuer)

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = cose.DEFAULT_ALGORITHMS) -> None:
        """Check the issuer's signature and the types of the message.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        _verify(self.message, key, algorithms, VC_COSE_TYPE, VC_CONTENT_TYPE)

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS) -> None:
        """Check that the credential holds now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        self.credential.check_time(datetime.fromtimestamp(now, UTC), skew_seconds)


def _key_name(kid: object) -> str:
    try:
        return kid.decode("utf-8") if isinstance(kid, bytes) else ""
    except UnicodeDecodeError as err:
        raise MalformedError("malformed", "expected the key's name to be text") from err


@dataclass(frozen=True, slots=True)
class VpCose(EnvelopedPresentation):
    """A presentation as a COSE_Sign1, read. Its attributes are claimed, not yet verified.

    Attributes:
        message: The COSE_Sign1.
        claims: What it says, the CWT Claims of its header by their names in JWTs.
        presentation: The same, checked in form.
        lifetime: How long the signature holds.
    """

    message: CoseSign1
    claims: JsonObject = field(repr=False)
    presentation: Presentation
    lifetime: Lifetime

    @classmethod
    def parse(cls, data: bytes) -> VpCose:
        """Read a vp+cose; the credentials in it are not opened.

        Raises:
            As `VcCose.parse`; HolderBindingError: holder_mismatch.

        Reference:
            VC-JOSE-COSE, section 3.3.2.
        """
        message, document = _read(data)
        claims = document | _cwt_claims(message, document)
        return cls(message, claims, read_presentation(document), Lifetime.read(claims))

    @property
    def key_name(self) -> object:
        """How the message names the holder's key."""
        kid = self.message.protected.get(cose.KEY_ID)
        return None if kid is None else _key_name(kid)

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = cose.DEFAULT_ALGORITHMS) -> None:
        """Check the holder's signature and the types of the message.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        _verify(self.message, key, algorithms, VP_COSE_TYPE, VP_CONTENT_TYPE)


def _cwt_claims(message: CoseSign1, document: Mapping[str, Any]) -> JsonObject:
    """The CWT Claims of the header that are understood, by their names in JWTs."""
    found = message.protected.get(cose.CWT_CLAIMS, {})
    if not isinstance(found, dict):
        raise MalformedError("malformed", "expected CWT Claims to be a map")
    claims = {name: found[label] for name, label in _CWT_LABELS.items() if label in found}
    if isinstance(claims.get("nonce"), bytes):
        try:
            claims["nonce"] = claims["nonce"].decode()
        except UnicodeDecodeError as err:
            raise MalformedError("malformed", "expected the nonce to be text") from err
    if any(document.get(name, value) != value for name, value in claims.items()):
        raise MalformedError("malformed", "expected the header to say what the document says")
    return claims
