"""Finding the key of an issuer that is trusted: certified, published by its DID, or in its metadata.

For every format whose tokens have a JOSE or COSE header.
"""

from __future__ import annotations

from dataclasses import dataclass

from trustid.credentials.issuer_keys import DidSource, IssuerKeySource, MetadataSource, X5cSource, key_source
from trustid.encoding import JsonObject, b64_decode, b64url_encode, sha256
from trustid.errors import TrustError
from trustid.keys import PublicKey
from trustid.keys.x509 import check_x5c, leaf_names
from trustid.protocols.presentation import Sources

__all__ = ["ListKeys", "certified_key", "certified_name", "published_key"]


@dataclass(frozen=True, slots=True)
class ListKeys:
    """Finds the key of a status list: one of the credential's issuer.

    Without a hint in the list's header it is the key that signed the credential.
    """

    source: IssuerKeySource
    issuer: str
    key: PublicKey | None
    anchors: tuple[bytes, ...]
    sources: Sources

    def __call__(self, header: JsonObject, now: int) -> PublicKey:
        if isinstance(self.source, X5cSource):
            return self._certified(self.source, header, now)
        if self.key is not None and "kid" not in header:
            return self.key
        return published_key(key_source({"kid": header.get("kid")}, self.issuer), self.sources)

    def _certified(self, source: X5cSource, header: JsonObject, now: int) -> PublicKey:
        if "x5c" not in header and self.key is not None:
            return self.key
        chain = key_source({"x5c": header.get("x5c")}, source.issuer)
        if not isinstance(chain, X5cSource):
            raise TrustError("x5c_invalid", "expected a certificate chain")
        key = certified_key(chain, self.anchors, now)
        if key != self.key and certified_name(chain) != certified_name(source):
            raise TrustError("issuer_mismatch", "expected the certificate of the credential's issuer")
        return key


def certified_key(source: X5cSource, anchors: tuple[bytes, ...], now: int) -> PublicKey:
    """The key of a chain that leads to one of the anchors and names the issuer.

    Raises:
        TrustError: `issuer_not_trusted` without anchors, `x5c_invalid`.
    """
    if not anchors:
        raise TrustError("issuer_not_trusted", "no certificate authority is trusted for this type")
    key = check_x5c(list(source.chain), trust_anchors=anchors, now=now)
    names = leaf_names(list(source.chain))
    source.check_names(names.dns_names, names.uris)
    return key


def certified_name(source: X5cSource) -> str:
    """What a leaf certificate calls its subject: a URI, a host, or else its hash."""
    names = leaf_names(list(source.chain))
    if names.uris:
        return str(names.uris[0])
    if names.dns_names:
        return f"x509_san_dns:{names.dns_names[0]}"
    return f"x509_hash:{b64url_encode(sha256(b64_decode(source.chain[0])))}"


def published_key(source: IssuerKeySource, sources: Sources) -> PublicKey:
    """The key in the issuer's DID document, or in its metadata.

    Raises:
        TrustError: `issuer_key_unknown`: the source is a certificate.
        As the resolver and the metadata.
    """
    match source:
        case DidSource(_, did_url):
            return sources.resolver.public_key(did_url, "assertionMethod")
        case MetadataSource(issuer, url, kid):
            return sources.metadata.public_key(issuer, url, kid)
    raise TrustError("issuer_key_unknown", "expected a DID or an https URL to name the issuer's key")
