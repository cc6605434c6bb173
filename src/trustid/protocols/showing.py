"""What a held credential shows, and how a copy of it is presented, format by format.

Reference:
    OpenID4VP 1.0, appendices B.2 (mdoc) and B.3 (SD-JWT VC); RFC 9901, section
    7.2; ISO/IEC 18013-5:2021, section 9.1.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trustid.credentials.mdoc import DeviceResponse, Mdoc, openid4vp_transcript, present
from trustid.credentials.sd_jwt import Path
from trustid.credentials.sd_jwt_vc import NEVER_DISCLOSABLE, SdJwtVc
from trustid.encoding import JsonObject, b64url_decode, b64url_encode
from trustid.errors import QueryError
from trustid.keys import P256PublicKey
from trustid.protocols.dcql import CredentialView
from trustid.protocols.openid4vci import MDOC_FORMAT, SD_JWT_VC_FORMAT
from trustid.protocols.ports_wallet import CredentialCopy, HeldCredential
from trustid.protocols.received_request import ReceivedRequest

__all__ = ["present_copy", "shown_claims", "view_of"]

_TECHNICAL: Final = NEVER_DISCLOSABLE | {"iat"}
# Not about the person; they tell which copy this is, not who shows it.

_MDOC_STEPS: Final = 2
"""A claims path in an mdoc: the namespace and the element (OpenID4VP 1.0, section 7.2)."""


def view_of(held: HeldCredential) -> CredentialView:
    """What a query is held against."""
    if held.format == MDOC_FORMAT:
        return CredentialView(held.id, MDOC_FORMAT, (held.vct,), held.claims())
    credential = SdJwtVc.parse(held.copies[0].text)
    return CredentialView(held.id, SD_JWT_VC_FORMAT, tuple(sorted(credential.types)), credential.claims())


def shown_claims(held: HeldCredential, paths: Sequence[Path]) -> JsonObject:
    """Everything about the person that becomes visible with these paths."""
    if held.format == MDOC_FORMAT:
        return _selected(held.copies[0].text, paths).claims()
    claims = SdJwtVc.parse(held.copies[0].text).sd_jwt.select(paths).claims()
    return {name: value for name, value in claims.items() if name not in _TECHNICAL}


def present_copy(
    held: HeldCredential,
    copy: CredentialCopy,
    paths: Sequence[Path],
    request: ReceivedRequest,
    *,
    now: int,
    encryption_key: Mapping[str, Any] | None,
    extra_claims: JsonObject | None,
) -> str:
    """Present a copy to who asks, once.

    Args:
        held: The credential.
        copy: The copy to use up.
        paths: What to show.
        request: The question.
        now: Epoch seconds.
        encryption_key: The verifier's key that the answer is encrypted to, a
            JWK, if it is: part of an mdoc's session.
        extra_claims: What the key binding JWT says beside; none with an mdoc.
    """
    if held.format == MDOC_FORMAT:
        return _present_mdoc(copy, paths, request, encryption_key)
    return (
        SdJwtVc.parse(copy.text)
        .sd_jwt.select(paths)
        .bind(
            copy.key,
            audience=request.asker.client_id,
            nonce=request.nonce,
            issued_at=now,
            extra_claims=extra_claims,
        )
    )


def _present_mdoc(
    copy: CredentialCopy,
    paths: Sequence[Path],
    request: ReceivedRequest,
    encryption_key: Mapping[str, Any] | None,
) -> str:
    thumbprint = None
    if encryption_key is not None:
        point = P256PublicKey.from_coordinates(encryption_key["x"], encryption_key["y"])
        thumbprint = b64url_decode(point.thumbprint())
    transcript = openid4vp_transcript(
        client_id=request.asker.client_id,
        nonce=request.nonce,
        response_uri=request.response_uri,
        jwk_thumbprint=thumbprint,
    )
    shown = present(_selected(copy.text, paths), transcript=transcript, device_key=copy.key)
    return b64url_encode(DeviceResponse((shown,)).to_bytes())


def _selected(text: str, paths: Sequence[Path]) -> Mdoc:
    mdoc = Mdoc.parse(b64url_decode(text))
    wanted: dict[str, set[str]] = {}
    for path in paths:
        if len(path) != _MDOC_STEPS or not all(isinstance(step, str) for step in path):
            raise QueryError("query_mismatch", "expected a namespace and an element")
        wanted.setdefault(str(path[0]), set()).add(str(path[1]))
    return mdoc.select(wanted)
