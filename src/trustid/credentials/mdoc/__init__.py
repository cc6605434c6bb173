"""ISO mdoc: credentials in CBOR, as mobile driving licences and EUDI wallets use them.

values              dates, keys and namespaces as CBOR
security_object     what the issuer signs: digests, device key, validity
issuing             making an mdoc
issuer_signed       reading and verifying what the issuer signed
device_response     presenting it: device signature and device MAC
session_transcript  what binds a presentation to one OpenID4VP request
"""

from __future__ import annotations

from trustid.credentials.mdoc.device_response import DeviceMacKey, DeviceResponse, Document, present
from trustid.credentials.mdoc.issuer_signed import Mdoc
from trustid.credentials.mdoc.issuing import issue_copy, issue_mdoc
from trustid.credentials.mdoc.security_object import KeyAuthorizations, SecurityObject
from trustid.credentials.mdoc.session_transcript import dc_api_transcript, openid4vp_transcript

__all__ = [
    "DeviceMacKey",
    "DeviceResponse",
    "Document",
    "KeyAuthorizations",
    "Mdoc",
    "SecurityObject",
    "dc_api_transcript",
    "issue_copy",
    "issue_mdoc",
    "openid4vp_transcript",
    "present",
]
