"""did:web: the document lies on the web, under the name that the DID gives.

How the name must be spelled stands in `trustid.did.location`. Over http only
for hosts that the fetcher's policy admits, in development.

Reference:
    W3C CCG, did:web Method Specification, "DID method operations".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trustid.did.document import DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, DidDocument
from trustid.did.location import Location
from trustid.did.syntax import Did
from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import LimitExceededError, MalformedError, ResolutionError
from trustid.fetching import Fetcher
from trustid.keys import PublicKey

__all__ = ["create", "document_for", "document_url", "resolve"]

ACCEPT = "application/did, application/did+json, application/did+ld+json, application/json"
FILE = "did.json"


def create(public_url: str, *path: str) -> str:
    """The did:web whose document lies under a public URL.

    Args:
        public_url: Scheme, host, optional port and path.
        path: Further path segments.

    Raises:
        ResolutionError: `did_malformed`; no did:web can spell this URL.

    Example:
        >>> create("https://school.example:8443/cs", "2026")
        'did:web:school.example%3A8443:cs:2026'
    """
    return str(Did.parse(f"did:web:{Location.of_url(public_url, *path)}"))


def document_url(did: str) -> str:
    """Where the document of a did:web lies.

    Raises:
        ResolutionError: `did_malformed`.

    Example:
        >>> document_url("did:web:example.com%3A3000:user:alice")
        'https://example.com:3000/user/alice/did.json'
    """
    return _location(Did.parse(did)).url(FILE)


def document_for(
    did: str, keys: Mapping[str, PublicKey], *, multikeys: Mapping[str, PublicKey] | None = None
) -> JsonObject:
    """The document to serve for a did:web.

    Ed25519 keys are written as Multikey, which Data Integrity proofs ask for,
    the others as JWK, which OpenID wallets read.

    Args:
        did: The DID.
        keys: Fragment (without `#`) -> key; each is listed for making
            assertions and for authentication.
        multikeys: The same for keys of Data Integrity proofs, of any kind:
            all are written as Multikey.

    Raises:
        ResolutionError: `did_malformed`, `did_document_invalid`.
    """
    parsed = Did.parse(did)
    _location(parsed)
    methods = [_method(did, fragment, key) for fragment, key in keys.items()]
    methods += [_multikey(did, fragment, key) for fragment, key in (multikeys or {}).items()]
    names = [method["id"] for method in methods]
    document: JsonObject = {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/suites/jws-2020/v1",
        ],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": names,
        "authentication": list(names),
    }
    return DidDocument.made(parsed, document).to_json()


def resolve(did: Did, fetcher: Fetcher) -> DidDocument:
    """Fetch the document of a did:web, never through a redirect, and check it.

    Raises:
        ResolutionError: `did_malformed`, `did_not_found`, `did_unreachable`,
            `did_document_invalid` or `did_document_mismatch`.
        FetchError: `fetch_blocked`, `port_not_allowed` or `tls_invalid`.
        LimitExceededError: `limit_exceeded`.
    """
    answer = _location(did).fetch(fetcher, FILE, accept=ACCEPT, max_bytes=DOCUMENT_BYTES_MAX)
    return DidDocument.from_json(_parsed(answer.body), str(did))


def _parsed(body: bytes) -> JsonObject:
    try:
        return parse_json_object(body, max_bytes=DOCUMENT_BYTES_MAX, max_depth=DOCUMENT_DEPTH_MAX)
    except LimitExceededError:
        raise
    except MalformedError as err:
        raise ResolutionError("did_document_invalid", "expected a JSON object") from err


def _location(did: Did) -> Location:
    if did.method != "web":
        raise ResolutionError("did_malformed", "expected a did:web")
    return Location.parse(did.identifier)


def _method(did: str, fragment: str, key: PublicKey) -> dict[str, Any]:
    if key.algorithm == "EdDSA":
        return _multikey(did, fragment, key)
    jwk = key.to_jwk() | {"alg": key.algorithm}
    return {"id": f"{did}#{fragment}", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}


def _multikey(did: str, fragment: str, key: PublicKey) -> dict[str, Any]:
    multikey = key.to_multikey()
    return {"id": f"{did}#{fragment}", "type": "Multikey", "controller": did, "publicKeyMultibase": multikey}
