"""From a DID URL to what it names: a document, a part of one, or the address of a resource.

    did:…                          the document
    did:…?versionId=… | versionTime=… | versionNumber=…      an earlier one
    did:…#key-1                    a verification method or a service
    did:…?service=files&relativeRef=/a.pdf    the address of a resource
    did:…/path, did:…/whois        the same, for did:webvh

Addresses are given, never fetched: whoever asks decides whether to go there.

Reference:
    W3C DID Resolution 1.0, sections 3 (DID parameters), 5 (dereferencing) and
    13.7 (query strings); did:webvh 1.0, "DID URL Resolution".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from trustid.did.document import RELATIONSHIPS
from trustid.did.resolution import MEDIA_TYPE, Resolution
from trustid.did.resolver import Resolver
from trustid.did.syntax import DidUrl
from trustid.encoding import JsonObject
from trustid.errors import ResolutionError, UnsupportedError

__all__ = ["URI_LIST", "Dereferenced", "dereference", "parameters_of"]

URI_LIST = "text/uri-list"
PARAMETERS_MAX = 16
DECODINGS_MAX = 4
"""How often an address may be percent-encoded before it is refused."""

_VERSION = ("versionId", "versionTime", "versionNumber")
_KNOWN = frozenset({*_VERSION, "service", "serviceType", "relativeRef", "hl"})
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLAIN = re.compile(r"[!-~]*")
_WEB = ("https", "http")


@dataclass(frozen=True, slots=True)
class Dereferenced:
    """What a DID URL names.

    Attributes:
        resolution: Of its DID, in the version asked for.
        content: A document or a part of one; addresses, one each line, for
            `text/uri-list`; None for a DID that was given up.
        content_type: Its media type.
    """

    resolution: Resolution
    content: JsonObject | str | None
    content_type: str = MEDIA_TYPE

    def to_json(self) -> JsonObject:
        """The DID URL dereferencing result (section 10)."""
        about = self.resolution.about() | {"contentType": self.content_type}
        return {
            "content": self.content,
            "dereferencingMetadata": about,
            "contentMetadata": dict(self.resolution.metadata),
        }


def parameters_of(url: DidUrl) -> dict[str, str]:
    """The DID parameters in a DID URL, percent-decoded; `+` stays a plus.

    Raises:
        ResolutionError: `did_url_malformed`; a parameter that is there twice,
            without a name, or not decodable.
        UnsupportedError: A parameter that is not known here.
    """
    found: dict[str, str] = {}
    pairs = [pair for pair in (url.query or "").split("&") if pair]
    if len(pairs) > PARAMETERS_MAX:
        raise ResolutionError("did_url_malformed", f"expected at most {PARAMETERS_MAX} parameters")
    for pair in pairs:
        name, _, value = pair.partition("=")
        name = _decoded(name)
        if not name or name in found:
            raise ResolutionError("did_url_malformed", "expected each parameter once, with a name")
        found[name] = _decoded(value)
    if not found.keys() <= _KNOWN:
        raise UnsupportedError("unsupported", "expected parameters of DID Resolution only")
    return found


def dereference(
    resolver: Resolver,
    did_url: str,
    *,
    accept: str | None = None,
    relationship: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Dereferenced:
    """Find what a DID URL names.

    Args:
        resolver: Resolves the DID in it.
        did_url: An absolute DID URL.
        accept: `application/did` or another media type of documents, or
            `text/uri-list` for the addresses of services; None for what fits.
        relationship: What the verification method that the fragment names
            must be listed for.
        options: DID parameters given beside the URL; none may be in both.

    Raises:
        ResolutionError: `did_url_malformed`, `did_options_invalid`,
            `did_not_found`, `did_representation_unsupported`; otherwise as
            `Resolver.resolve`.
        UnsupportedError: A parameter that is not known here, or one for
            versions of a DID that has none.
        TrustError: `issuer_key_unknown`; the key is not listed for the relationship.
        FetchError: As `Resolver.resolve`.

    Reference:
        W3C DID Resolution 1.0, section 5.4.
    """
    url = _parsed(did_url)
    parameters = parameters_of(url)
    given = dict(options or {})
    if given.keys() & parameters.keys() or not given.keys() <= _KNOWN:
        raise ResolutionError("did_options_invalid", "expected known parameters, each given once")
    parameters |= given
    if "hl" in parameters:
        raise UnsupportedError("unsupported", "expected a DID URL without hl")
    resolution = _version(resolver.resolve(str(url.did)), parameters)
    if resolution.deactivated:
        return Dereferenced(resolution, None)
    if {"service", "serviceType", "relativeRef"} & parameters.keys():
        return _services(resolution, url, parameters, accept)
    if url.path:
        return _path(resolution, url, accept)
    content = resolution.document.to_json()
    if url.fragment is None:
        if relationship is not None:
            raise ResolutionError("did_options_invalid", "expected a fragment, which names the key")
        _check_accept(accept, MEDIA_TYPE)
        return Dereferenced(resolution, content)
    _check_accept(accept, MEDIA_TYPE)
    return Dereferenced(resolution, _part(resolution, url, relationship))


def _parsed(did_url: str) -> DidUrl:
    try:
        return DidUrl.parse(did_url)
    except ResolutionError as err:
        raise ResolutionError("did_url_malformed", err.message) from err


def _decoded(text: str) -> str:
    if _ESCAPE.search(text):
        raise ResolutionError("did_url_malformed", "expected percent-encoded text")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as err:
        raise ResolutionError("did_url_malformed", "expected percent-encoded UTF-8") from err


def _check_accept(accept: str | None, found: str) -> None:
    if accept not in (None, found) and URI_LIST in (accept, found):
        raise ResolutionError("did_representation_unsupported", f"expected {found} to be accepted")


# --- versions --------------------------------------------------------------------


def _version(resolution: Resolution, parameters: Mapping[str, str]) -> Resolution:
    """The version that the parameters name; the current one for none."""
    asked = [name for name in _VERSION if name in parameters]
    if not asked:
        return resolution
    if "versionTime" in asked and len(asked) > 1:
        raise ResolutionError("did_options_invalid", "expected a version by its time or by its id, not both")
    if resolution.history is None:
        raise UnsupportedError("unsupported", "expected a DID of a method that keeps its versions")
    if "versionTime" in asked:
        return resolution.history.at(_seconds(parameters["versionTime"]))
    number = parameters.get("versionNumber")
    if number is not None and not _NUMBER.fullmatch(number):
        raise ResolutionError("did_options_invalid", "expected versionNumber as a number from 1")
    return resolution.history.version(
        version_id=parameters.get("versionId"), number=None if number is None else int(number)
    )


def _seconds(text: str) -> float:
    if not _TIME.fullmatch(text):
        raise ResolutionError("did_options_invalid", "expected versionTime as in 2026-01-31T12:00:00Z")
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as err:
        raise ResolutionError("did_options_invalid", "expected versionTime as a time that exists") from err


# --- parts of a document -----------------------------------------------------------


def _part(resolution: Resolution, url: DidUrl, relationship: str | None) -> JsonObject:
    document = resolution.document
    name = f"{document.id}#{url.fragment}"
    if relationship is not None:
        # Raises when the key is of another DID, unknown, or not listed for this.
        document.verification_method(name, relationship)
    content = document.to_json()
    for entry in _entries(content):
        if _absolute(document.id, entry.get("id")) == name:
            return entry
    raise ResolutionError("did_not_found", "expected a method or a service of that name")


def _entries(content: JsonObject) -> list[JsonObject]:
    names = ("verificationMethod", *RELATIONSHIPS, "service")
    return [entry for name in names for entry in content.get(name, []) if isinstance(entry, dict)]


def _absolute(did: str, name: Any) -> str | None:
    if not isinstance(name, str):
        return None
    return f"{did}{name}" if name.startswith(("#", "/", "?")) else name


# --- services ------------------------------------------------------------------------


def _services(
    resolution: Resolution, url: DidUrl, parameters: Mapping[str, str], accept: str | None
) -> Dereferenced:
    """Select services, and the addresses of what lies under them (section 5.4.1)."""
    if url.path or not {"service", "serviceType"} & parameters.keys():
        raise ResolutionError("did_url_malformed", "expected a service without a path")
    content = resolution.document.to_json()
    selected = [
        service
        for service in content.get("service", [])
        if _is_selected(service, resolution.document.id, parameters)
    ]
    relative = parameters.get("relativeRef")
    if accept != URI_LIST and (accept is not None or relative is None):
        if url.fragment is not None:
            raise ResolutionError("did_url_malformed", "expected a fragment on an address only")
        return Dereferenced(resolution, content | {"service": selected})
    addresses = [
        _address(endpoint, relative, url.fragment) for service in selected for endpoint in _endpoints(service)
    ]
    return _addresses(resolution, addresses)


def _path(resolution: Resolution, url: DidUrl, accept: str | None) -> Dereferenced:
    """The address of a path: under the service `#files`, but `/whois` is that of `#whois`."""
    if url.did.method != "webvh":
        raise ResolutionError("did_not_found", "expected no path: this method gives paths no meaning")
    _check_accept(accept, URI_LIST)
    whois = url.path == "/whois"
    wanted = {"service": "whois" if whois else "files"}
    services = resolution.document.to_json().get("service", [])
    addresses = []
    for service in services:
        if _is_selected(service, resolution.document.id, wanted):
            for endpoint in _endpoints(service):
                if whois:
                    addresses.append(_address(endpoint, None, url.fragment))
                else:
                    base = endpoint if endpoint.endswith("/") else f"{endpoint}/"
                    addresses.append(_address(base, url.path.removeprefix("/"), url.fragment))
    return _addresses(resolution, addresses)


def _addresses(resolution: Resolution, addresses: list[str]) -> Dereferenced:
    if not addresses:
        raise ResolutionError("did_not_found", "expected a service with an address")
    return Dereferenced(resolution, "".join(f"{address}\r\n" for address in addresses), URI_LIST)


def _is_selected(service: JsonObject, did: str, parameters: Mapping[str, str]) -> bool:
    name, kind = parameters.get("service"), parameters.get("serviceType")
    if name is not None:
        wanted = name if name.startswith("did:") else f"{did}#{name.removeprefix('#')}"
        if _absolute(did, service["id"]) != wanted:
            return False
    kinds = service["type"] if isinstance(service["type"], list) else [service["type"]]
    return kind is None or kind in kinds


def _endpoints(service: JsonObject) -> list[str]:
    endpoint = service["serviceEndpoint"]
    listed = endpoint if isinstance(endpoint, list) else [endpoint]
    return [item for item in listed if isinstance(item, str)]


def _address(endpoint: str, relative: str | None, fragment: str | None) -> str:
    """The address of a resource, which never lies outside of the service's own path (section 13.7.1)."""
    # Controls would end the line of a list or of a header; Python's readers of URLs drop some in silence.
    if not _PLAIN.fullmatch(endpoint + (relative or "")):
        raise ResolutionError(
            "did_url_malformed", "expected an address in ASCII, without spaces and controls"
        )
    try:
        base = urlsplit(endpoint)
        address = endpoint if relative is None else urljoin(endpoint, relative)
        parts = urlsplit(address)
    except ValueError as err:
        raise ResolutionError("did_url_malformed", "expected an address") from err
    if base.scheme not in _WEB:
        raise ResolutionError("did_url_malformed", "expected the address of a web resource")
    if relative is not None:
        folder = base.path[: base.path.rfind("/") + 1] or "/"
        if (parts.scheme, parts.netloc) != (base.scheme, base.netloc) or not _is_below(parts.path, folder):
            raise ResolutionError("did_url_malformed", "expected a reference that stays under the service")
    if fragment is None:
        return address
    if parts.fragment:
        raise ResolutionError("did_url_malformed", "expected one fragment")
    return f"{address}#{fragment}"


def _is_below(path: str, folder: str) -> bool:
    """Whether a path lies in a folder, however often it may be decoded on its way."""
    for _ in range(DECODINGS_MAX):
        if not path.startswith(folder) or ".." in re.split(r"[/\\]", path) or "\\" in path:
            return False
        decoded = unquote(path)
        if decoded == path:
            return True
        path = decoded
    return False
