"""did:web: the document lies on the web, under the name that the DID gives.

The host must be spelled as a name server would print it: lower case, labels of
letters, digits and hyphens (international names in their `xn--` form), no dot
at the end; a port as `%3A8443`. Path segments are letters, digits and `.-_`, or
percent-encoded, but never what another program could read as a way out of the
path. Whether the host may be reached at all is decided by the fetcher.

Over http only for hosts that the fetcher's policy admits, in development.

Reference:
    W3C CCG, did:web Method Specification, "DID method operations".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trustid.did.document import DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, DidDocument
from trustid.did.syntax import Did
from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import FetchError, LimitExceededError, MalformedError, ResolutionError
from trustid.fetching import Fetcher
from trustid.keys import PublicKey

__all__ = ["create", "document_for", "document_url", "resolve"]

ACCEPT = "application/did, application/did+json, application/did+ld+json, application/json"
HOST_LENGTH_MAX = 253
PATH_SEGMENTS_MAX = 16
SEGMENT_LENGTH_MAX = 256

_HOST = re.compile(r"([a-z0-9.-]+)(?:%3A([1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._-]|%[0-9A-F]{2})+")
_ESCAPE = re.compile(r"%([0-9A-F]{2})")
# Escapes that are refused in a path: controls, space, and " # % . / : ? @ \ DEL.
_UNSAFE = frozenset(range(0x21)) | frozenset(b'"#%./:?@\\') | {0x7F}
_HTTP_PORT = 80
_HTTPS_PORT = 443


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
    try:
        parts = urlsplit(public_url)
        host, port = parts.hostname or "", parts.port
    except ValueError as err:
        raise ResolutionError("did_malformed", "expected a URL with a host") from err
    if parts.scheme not in ("https", "http") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ResolutionError("did_malformed", "expected an https URL without query and fragment")
    if port == (_HTTPS_PORT if parts.scheme == "https" else _HTTP_PORT):
        port = None
    name = host if port is None else f"{host}%3A{port}"
    segments = [segment for segment in parts.path.strip("/").split("/") if segment]
    did = Did.parse(":".join(["did:web", name, *segments, *path]))
    _location(did)
    return str(did)


def document_url(did: str) -> str:
    """Where the document of a did:web lies.

    Raises:
        ResolutionError: `did_malformed`.

    Example:
        >>> document_url("did:web:example.com%3A3000:user:alice")
        'https://example.com:3000/user/alice/did.json'
    """
    host, port, path = _location(Did.parse(did))
    return f"https://{host}{'' if port is None else f':{port}'}{path}"


def document_for(did: str, keys: Mapping[str, PublicKey]) -> JsonObject:
    """The document to serve for a did:web.

    Ed25519 keys are written as Multikey, which Data Integrity proofs ask for,
    the others as JWK, which OpenID wallets read.

    Args:
        did: The DID.
        keys: Fragment (without `#`) -> key; each is listed for making
            assertions and for authentication.

    Raises:
        ResolutionError: `did_malformed`, `did_document_invalid`.
    """
    parsed = Did.parse(did)
    _location(parsed)
    methods = [_method(did, fragment, key) for fragment, key in keys.items()]
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
    host, port, path = _location(did)
    url = document_url(str(did))
    if fetcher.policy.admits(host, port or _HTTP_PORT):
        url = f"http://{host}:{port or _HTTP_PORT}{path}"
    try:
        answer = fetcher.get(
            url, accept=ACCEPT, max_bytes=DOCUMENT_BYTES_MAX, max_redirects=0, raise_for_status=False
        )
    except FetchError as err:
        if err.code in ("fetch_failed", "fetch_timeout"):
            raise ResolutionError("did_unreachable", err.message) from err
        raise
    if answer.status in (404, 410):
        raise ResolutionError("did_not_found", f"expected a document, found status {answer.status}")
    if answer.status >= 400:
        raise ResolutionError("did_unreachable", f"expected a document, found status {answer.status}")
    return DidDocument.from_json(_parsed(answer.body), str(did))


def _parsed(body: bytes) -> JsonObject:
    try:
        return parse_json_object(body, max_bytes=DOCUMENT_BYTES_MAX, max_depth=DOCUMENT_DEPTH_MAX)
    except LimitExceededError:
        raise
    except MalformedError as err:
        raise ResolutionError("did_document_invalid", "expected a JSON object") from err


def _location(did: Did) -> tuple[str, int | None, str]:
    """Host, port and path of the document."""
    if did.method != "web":
        raise ResolutionError("did_malformed", "expected a did:web")
    name, *segments = did.identifier.split(":")
    match = _HOST.fullmatch(name)
    host, port = (match[1], match[2]) if match else ("", None)
    if len(host) > HOST_LENGTH_MAX or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ResolutionError("did_malformed", "expected a host name in lower case, with %3A before a port")
    if port is not None and int(port) > 0xFFFF:
        raise ResolutionError("did_malformed", "expected a port up to 65535")
    if len(segments) > PATH_SEGMENTS_MAX or not all(_is_plain(segment) for segment in segments):
        raise ResolutionError("did_malformed", "expected plain path segments")
    folder = "/".join(segments) if segments else ".well-known"
    return host, None if port is None else int(port), f"/{folder}/did.json"


def _is_plain(segment: str) -> bool:
    if len(segment) > SEGMENT_LENGTH_MAX or not _SEGMENT.fullmatch(segment) or set(segment) == {"."}:
        return False
    return all(int(code, 16) not in _UNSAFE for code in _ESCAPE.findall(segment))


def _method(did: str, fragment: str, key: PublicKey) -> dict[str, Any]:
    method: dict[str, Any] = {"id": f"{did}#{fragment}", "type": "Multikey", "controller": did}
    if key.algorithm == "EdDSA":
        return method | {"publicKeyMultibase": key.to_multikey()}
    return method | {"type": "JsonWebKey2020", "publicKeyJwk": key.to_jwk() | {"alg": key.algorithm}}
