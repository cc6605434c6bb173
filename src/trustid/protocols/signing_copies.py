"""Signing one copy of a credential, in the format of its kind.

Reference:
    draft-ietf-oauth-sd-jwt-vc-19; ISO/IEC 18013-5:2021, section 9.1.2.4;
    OpenID4VCI 1.0, appendices A.2 and A.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trustid.credentials.mdoc import issue_copy
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.encoding import JsonObject
from trustid.errors import InternalError
from trustid.keys import PublicKey
from trustid.protocols.issuer_identity import IssuerIdentity
from trustid.protocols.openid4vci import MDOC_FORMAT
from trustid.protocols.ports_issuer import CredentialKind

__all__ = ["Copy", "sign_copy"]


@dataclass(frozen=True, slots=True)
class Copy:
    """What one copy says.

    Attributes:
        claims: Those of the kind's schema.
        holder: The key to bind it to.
        status: The claim `status`.
        issued_at: Epoch seconds; rounded, so that copies cannot be linked by it.
        expires_at: Epoch seconds.
    """

    claims: JsonObject = field(repr=False)
    holder: PublicKey
    status: JsonObject
    issued_at: int
    expires_at: int


def sign_copy(kind: CredentialKind, identity: IssuerIdentity, copy: Copy) -> str:
    """The credential as OpenID4VCI carries it: an SD-JWT VC, or an IssuerSigned structure in base64url."""
    return _mdoc(kind, identity, copy) if kind.format == MDOC_FORMAT else _sd_jwt_vc(kind, identity, copy)


def _sd_jwt_vc(kind: CredentialKind, identity: IssuerIdentity, copy: Copy) -> str:
    signer = identity.signer_of(kind.configuration_id)
    return issue_sd_jwt_vc(
        copy.claims,
        vct=kind.vct(identity.public_url),
        issuer=identity.issuer,
        key=signer.key,
        holder=copy.holder,
        disclosable=[path for path in kind.disclosable if _is_there(copy.claims, path)],
        issued_at=copy.issued_at,
        expires_at=copy.expires_at,
        status=copy.status,
        x5c=signer.x5c,
        kid=signer.kid,
    )


def _mdoc(kind: CredentialKind, identity: IssuerIdentity, copy: Copy) -> str:
    signer = identity.signer_of(kind.configuration_id)
    if signer.x5c is None:
        raise InternalError("internal_error", "expected an issuer with certificates for mdocs")
    return issue_copy(
        {kind.mdoc.namespace: copy.claims},
        doc_type=kind.mdoc.doc_type,
        key=signer.key,
        x5c=signer.x5c,
        holder=copy.holder,
        issued_at=copy.issued_at,
        expires_at=copy.expires_at,
        status=copy.status,
    )


def _is_there(claims: object, path: tuple[str | int | None, ...]) -> bool:
    """Whether an optional claim was stated; a path that was not cannot be made disclosable."""
    if not path:
        return True
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        return isinstance(claims, dict) and step in claims and _is_there(claims[step], rest)
    if not isinstance(claims, list):
        return False
    if step is None:
        return any(_is_there(entry, rest) for entry in claims)
    return 0 <= step < len(claims) and _is_there(claims[step], rest)
