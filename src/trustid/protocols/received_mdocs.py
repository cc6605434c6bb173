"""mdocs that came from an issuer, checked as a holder must before keeping them.

Reference:
    OpenID4VCI 1.0, section 8.3 and appendix A.2.4; ISO/IEC 18013-5:2021,
    section 9.3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trustid.credentials.mdoc import Mdoc
from trustid.encoding import b64url_decode
from trustid.errors import HolderBindingError, ProtocolError, TrustError
from trustid.keys import PublicKey, SigningKey
from trustid.keys.x509 import leaf_key, leaf_names
from trustid.protocols.openid4vci import IssuedCopy
from trustid.protocols.ports_wallet import CredentialCopy
from trustid.protocols.received_copies import CheckedCopies

__all__ = ["check_mdocs"]


def check_mdocs(
    received: Sequence[IssuedCopy],
    keys: Sequence[SigningKey],
    *,
    doc_type: Any,
    trust_anchors: Sequence[bytes],
    first_use: bool,
    now: int,
) -> CheckedCopies:
    """Check what an issuer sent.

    Args:
        received: One copy a key, or fewer.
        keys: The keys that were proved.
        doc_type: The type of document that was offered.
        trust_anchors: Certificates (DER) that the issuer's must lead to.
        first_use: Whether, without them, a certificate of an unknown authority is taken.
        now: Epoch seconds.

    Raises:
        HolderBindingError: `holder_mismatch`.
        ProtocolError: `credential_unexpected`.
        TrustError: `x5c_invalid`.
        TrustidError: A copy does not hold.
    """
    if not 0 < len(received) <= len(keys):
        raise ProtocolError("credential_unexpected", "expected at most one credential for each key")
    left = {key.public_key.thumbprint(): key for key in keys}
    copies: list[CredentialCopy] = []
    issuers: set[tuple[str, str]] = set()
    expires_at = 0
    for one in received:
        mdoc = Mdoc.parse(b64url_decode(one.text))
        if mdoc.security_object.doc_type != doc_type or one.status_secrets is not None:
            raise ProtocolError(
                "credential_unexpected",
                "expected a document of the type that was offered, and nothing beside it",
            )
        key, issuer, proof = _issuer_key(mdoc, trust_anchors, first_use, now)
        mdoc.verify(key)
        if not mdoc.claims():
            raise ProtocolError("credential_unexpected", "expected a document that states something")
        mdoc.check_time(now)
        own = left.pop(mdoc.security_object.device_key.thumbprint(), None)
        if own is None:
            raise HolderBindingError(
                "holder_mismatch", "expected a credential for a key of this wallet, once each"
            )
        copies.append(CredentialCopy(one.text, own))
        issuers.add((issuer, proof))
        expires_at = int(mdoc.security_object.validity.valid_until.timestamp())
    if len(issuers) != 1:
        raise ProtocolError("credential_unexpected", "expected all copies from one issuer")
    issuer, proof = issuers.pop()
    return CheckedCopies(tuple(copies), issuer, proof, expires_at, None)


def _issuer_key(
    mdoc: Mdoc, trust_anchors: Sequence[bytes], first_use: bool, now: int
) -> tuple[PublicKey, str, str]:
    """The issuer's key, its name, and how it was found; see `issuer_keys.find_issuer_key`."""
    chain = mdoc.x5chain()
    names = leaf_names(chain)
    issuer = next(iter([*names.uris, *names.dns_names]), "")
    if trust_anchors:
        return mdoc.check_certificate(trust_anchors, now), issuer, "certificate"
    if not first_use:
        raise TrustError("x5c_invalid", "the wallet trusts no certificate authority")
    return leaf_key(chain, now=now), issuer, "first-use"
