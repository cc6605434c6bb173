"""Whose key must have signed a credential: where to look for it, told as data.

Nothing is fetched or trusted here. `protocols.verifying` decides which of
these ways a given issuer may use; a credential must not choose for itself.

Reference:
    draft-ietf-oauth-sd-jwt-vc-19, sections 2.5 (issuer signature mechanisms) and 4.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from trustid.encoding import JsonObject
from trustid.errors import MalformedError, SignatureError, TrustError
from trustid.keys import JwkSet, PublicKey

__all__ = [
    "DidSource",
    "IssuerKeySource",
    "MetadataSource",
    "X5cSource",
    "choose_jwk",
    "issuer_jwks",
    "key_source",
    "metadata_url",
]

_WELL_KNOWN: Final = "/.well-known/jwt-vc-issuer"


@dataclass(frozen=True, slots=True)
class X5cSource:
    """The key of the first certificate in a chain that the token carries.

    Attributes:
        chain: Certificates, base64 of DER, the leaf first.
        issuer: What the credential calls its issuer, if it does; then the
            leaf must name it (`check_names`).
    """

    chain: tuple[str, ...]
    issuer: str | None

    def check_names(self, dns_names: Collection[str], uris: Collection[str]) -> None:
        """Check that the leaf's alternative names hold the issuer: its URI, or the host of its https URL.

        Raises:
            TrustError: x5c_invalid.
        """
        if self.issuer is None or self.issuer in uris:
            return
        host = urlsplit(self.issuer).hostname if self.issuer.startswith("https://") else None
        if host is None or host not in {name.lower() for name in dns_names}:
            raise TrustError("x5c_invalid", "expected the certificate to name the issuer")


@dataclass(frozen=True, slots=True)
class MetadataSource:
    """A key that the issuer publishes as JWT VC Issuer Metadata.

    Attributes:
        issuer: The issuer's https URL.
        url: Where its metadata is; an untrusted address (mind SSRF).
        kid: The name of the key, if the token gives one.
    """

    issuer: str
    url: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class DidSource:
    """A verification method in the issuer's DID document.

    Attributes:
        issuer: The issuer's DID.
        did_url: The verification method; it belongs to that DID.
    """

    issuer: str
    did_url: str


IssuerKeySource = X5cSource | MetadataSource | DidSource


def key_source(header: Mapping[str, Any], issuer: str | None) -> IssuerKeySource:
    """Say where the key of an issuer-signed JWT is to be found.

    Args:
        header: The protected header.
        issuer: The claim `iss`, which may be missing where there is an `x5c`.

    Raises:
        TrustError: issuer_key_unknown, where nothing names a key;
            issuer_key_mismatch, where `kid` names a key of another DID;
            x5c_invalid.

    Reference:
        draft-ietf-oauth-sd-jwt-vc-19, section 2.5.
    """
    kid = header.get("kid")
    if "x5c" in header:
        chain = header["x5c"]
        if type(chain) is not list or not chain or not all(type(item) is str for item in chain):
            raise TrustError("x5c_invalid", "expected x5c to be an array of certificates")
        return X5cSource(tuple(chain), issuer)
    if issuer is not None and issuer.startswith("did:"):
        return DidSource(issuer, _did_url(issuer, kid))
    if issuer is not None and issuer.startswith("https://"):
        return MetadataSource(issuer, metadata_url(issuer), kid)
    raise TrustError("issuer_key_unknown", "expected x5c, a DID or an https URL to name the issuer's key")


def _did_url(issuer: str, kid: str | None) -> str:
    # DIDs that are a key hold one method, so a token without kid is not ambiguous.
    if kid is None and issuer.startswith("did:key:"):
        return f"{issuer}#{issuer.removeprefix('did:key:')}"
    if kid is None and issuer.startswith("did:jwk:"):
        return f"{issuer}#0"
    if kid is None:
        raise TrustError("issuer_key_unknown", "expected kid to name a key of the DID")
    did_url = issuer + kid if kid.startswith("#") else kid
    if did_url.partition("#")[0] != issuer or did_url == issuer:
        raise TrustError("issuer_key_mismatch", "expected kid to name a key of the issuer's DID")
    return did_url


def metadata_url(issuer: str) -> str:
    """Where an issuer publishes its keys: the well-known part goes between host and path.

    Raises:
        MalformedError: The issuer is no https URL without query and fragment.

    Reference:
        draft-ietf-oauth-sd-jwt-vc-19, section 4.1.

    Example:
        >>> metadata_url("https://example.com/tenant/1234")
        'https://example.com/.well-known/jwt-vc-issuer/tenant/1234'
    """
    try:
        parts = urlsplit(issuer)
        host = parts.hostname
    except ValueError as err:
        raise MalformedError("malformed", "expected iss to be a URL") from err
    if parts.scheme != "https" or not host or "?" in issuer or "#" in issuer or "@" in parts.netloc:
        raise MalformedError("malformed", "expected iss to be an https URL without query and fragment")
    return f"https://{parts.netloc}{_WELL_KNOWN}{parts.path.rstrip('/')}"


def issuer_jwks(metadata: Mapping[str, Any], issuer: str) -> JsonObject | str:
    """Read JWT VC Issuer Metadata.

    Returns:
        The JWK set itself, or the https URL where it is.

    Raises:
        TrustError: issuer_mismatch: it is the metadata of another issuer.
        MalformedError: It holds not exactly one of `jwks` and `jwks_uri`.

    Reference:
        draft-ietf-oauth-sd-jwt-vc-19, sections 4.2 and 4.3.
    """
    if metadata.get("issuer") != issuer:
        raise TrustError("issuer_mismatch", "expected the metadata of the issuer in iss")
    jwks, address = metadata.get("jwks"), metadata.get("jwks_uri")
    if type(jwks) is dict and "jwks_uri" not in metadata:
        return jwks
    if type(address) is str and address.startswith("https://") and "jwks" not in metadata:
        return address
    raise MalformedError("malformed", "expected either jwks or jwks_uri")


def choose_jwk(jwks: object, kid: str | None) -> PublicKey:
    """Take the key that a token names from its issuer's JWK set.

    A token without `kid` is served only where the set holds a single key.

    Raises:
        SignatureError: key_not_found.
        MalformedError: key_invalid.
    """
    keys = JwkSet.from_json(jwks)
    if kid is not None:
        return keys.find(kid)
    every = [*keys.keys.values(), *keys.unnamed]
    if len(every) != 1:
        raise SignatureError("key_not_found", "expected kid, or a set of one key")
    return every[0]
