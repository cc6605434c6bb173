"""Finding the key behind a credential that its future holder has just received.

A holder chose the issuer by accepting its offer; what remains to be found out
is whether the issuer named in the credential really signed it. Where the
issuer's certificate comes from an authority that the wallet does not know, the
key is taken as it stands and the wallet says so: the credential then is as
good as the connection it came over.
"""

from __future__ import annotations

from collections.abc import Sequence

from trustid.credentials.issuer_keys import DidSource, MetadataSource, X5cSource
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did.resolver import Resolver
from trustid.errors import TrustError
from trustid.keys import PublicKey
from trustid.keys.x509 import check_x5c, leaf_key, leaf_names
from trustid.protocols.trust import IssuerMetadata

__all__ = ["find_issuer_key"]


def find_issuer_key(
    credential: SdJwtVc,
    *,
    resolver: Resolver,
    metadata: IssuerMetadata,
    trust_anchors: Sequence[bytes],
    first_use: bool,
    now: int,
) -> tuple[PublicKey, str, str]:
    """Find the key that must have signed a received credential.

    Returns:
        The key, the issuer's name (`iss`, or the certificate's first name),
        and how the key was found: "did", "metadata", "certificate" or "first-use".

    Raises:
        TrustError: `x5c_invalid`, `issuer_key_unknown`, `issuer_key_mismatch`, `issuer_mismatch`.
        ResolutionError: The issuer's DID cannot be resolved.
        FetchError: The issuer's metadata cannot be fetched.

    Reference:
        draft-ietf-oauth-sd-jwt-vc-19, section 2.5.
    """
    source = credential.key_source()
    match source:
        case DidSource():
            return resolver.public_key(source.did_url, "assertionMethod"), source.issuer, "did"
        case MetadataSource():
            return metadata.public_key(source.issuer, source.url, source.kid), source.issuer, "metadata"
        case X5cSource():
            chain = list(source.chain)
            names = leaf_names(chain)
            source.check_names(names.dns_names, names.uris)
            issuer = source.issuer or next(iter([*names.uris, *names.dns_names]), "")
            if trust_anchors:
                key = check_x5c(chain, trust_anchors=trust_anchors, now=now, anchor_in_chain=True)
                return key, issuer, "certificate"
            if not first_use:
                raise TrustError("x5c_invalid", "the wallet trusts no certificate authority")
            return leaf_key(chain, now=now), issuer, "first-use"
