"""Session transcripts of OpenID4VP: what a device signs, so that its answer fits one request only.

Reference:
    OpenID4VP 1.0, appendices B.2.6.1 (redirects and direct_post) and B.2.6.2
    (Digital Credentials API); ISO/IEC 18013-5:2021, section 9.1.5.1.
"""

from __future__ import annotations

from typing import Any, Final

from trustid.encoding import cbor_encode, sha256

__all__ = ["dc_api_transcript", "openid4vp_transcript"]

HANDOVER: Final = "OpenID4VPHandover"
DC_API_HANDOVER: Final = "OpenID4VPDCAPIHandover"


def openid4vp_transcript(
    *, client_id: str, nonce: str, response_uri: str, jwk_thumbprint: bytes | None
) -> bytes:
    """The transcript of a request that is answered by redirect, direct_post or direct_post.jwt.

    Args:
        client_id: The verifier's identifier, prefix included.
        nonce: The nonce of the request.
        response_uri: Where the answer goes: `response_uri`, or `redirect_uri`.
        jwk_thumbprint: The SHA-256 thumbprint (32 bytes) of the verifier's
            key that the answer is encrypted to, or None without encryption.

    Returns:
        The SessionTranscript as CBOR.

    Example:
        >>> openid4vp_transcript(
        ...     client_id="redirect_uri:https://v.example", nonce="n",
        ...     response_uri="https://v.example", jwk_thumbprint=None,
        ... )[:21].hex()
        '83f6f682714f70656e494434565048616e646f7665'
    """
    return _transcript(HANDOVER, [client_id, nonce, jwk_thumbprint, response_uri])


def dc_api_transcript(*, origin: str, nonce: str, jwk_thumbprint: bytes | None) -> bytes:
    """The transcript of a request over the Digital Credentials API.

    Args:
        origin: The origin of the page that asked, as the browser says it.
        nonce: The nonce of the request.
        jwk_thumbprint: As in `openid4vp_transcript`.

    Returns:
        The SessionTranscript as CBOR.
    """
    return _transcript(DC_API_HANDOVER, [origin, nonce, jwk_thumbprint])


def _transcript(name: str, info: list[Any]) -> bytes:
    return cbor_encode([None, None, [name, sha256(cbor_encode(info))]])
