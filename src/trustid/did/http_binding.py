"""DID resolution over HTTP: what a server answers, without any web framework.

    GET …/1.0/identifiers/<DID or DID URL>

Whoever asks learns what the spec has them learn, and nothing about the network
behind: every failure to fetch is told in one and the same way.

Reference:
    W3C DID Resolution 1.0, section 12.1 (HTTP(S) binding). The Universal
    Resolver answers in the same form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from trustid.did.dereferencing import URI_LIST, Dereferenced, dereference
from trustid.did.resolution import MEDIA_TYPE, error_object
from trustid.did.resolver import Resolver
from trustid.did.syntax import Did
from trustid.encoding import JsonObject, dump_json
from trustid.errors import FetchError, ResolutionError, TrustidError, UnsupportedError

__all__ = ["HttpAnswer", "answer", "identifier_in"]

RESULT = "application/did-resolution"
RESULT_JSON_LD = 'application/ld+json;profile="https://w3id.org/did-resolution"'
DEREFERENCING_RESULT = "application/did-url-dereferencing"
DOCUMENT_TYPES = (MEDIA_TYPE, "application/did+json", "application/did+ld+json")
ACCEPT_LENGTH_MAX = 1024

_STATUS: Mapping[str, int] = {
    "INVALID_DID": 400,
    "INVALID_DID_URL": 400,
    "INVALID_OPTIONS": 400,
    "NOT_FOUND": 404,
    "REPRESENTATION_NOT_SUPPORTED": 406,
    "METHOD_NOT_SUPPORTED": 501,
    "FEATURE_NOT_SUPPORTED": 501,
}
"""Of an error's name; 500 for all others (the table in section 12.1)."""
_RANGE = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z/-]+)\s*((?:;\s*[\w-]+=(?:"[^"]*"|[^;,"]*)\s*)*)')
_QUALITY = re.compile(r";\s*q=0(?:\.0{0,3})?\s*(?:;|$)")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the server sends."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def identifier_in(raw_path: str, decoded_path: str, prefix: str) -> str:
    """The DID or DID URL at the end of a path.

    A DID may itself hold percent signs (`did:web:localhost%3A8001`), which the
    web server has decoded already. The path as it was sent tells: a DID that
    begins with `did:` stands there as it is, any other was encoded once more.

    Args:
        raw_path: The path as it was sent; "" when the server does not tell.
        decoded_path: What follows the prefix, decoded.
        prefix: All that comes before, ending in a slash.
    """
    _, found, raw = raw_path.partition("?")[0].partition(prefix)
    if not found:
        return decoded_path
    return raw if raw.startswith("did:") else unquote(raw)


def answer(
    resolver: Resolver, identifier: str, *, accept: str, parameters: list[tuple[str, str]]
) -> HttpAnswer:
    """Answer a request.

    Args:
        resolver: Resolves; what it may fetch is its own to say.
        identifier: A DID or a DID URL.
        accept: The Accept header; "" for anything.
        parameters: Those of the request's query string, decoded.

    Raises:
        FetchError: `fetch_limited`; too much was asked for this client.
    """
    is_url = re.search(r"[/?#]", identifier) is not None or bool(parameters)
    wanted = ""
    try:
        wanted = _negotiated(accept, is_url=is_url)
        options, relationship = _options(parameters)
        content_type = None if wanted in (RESULT, RESULT_JSON_LD, DEREFERENCING_RESULT) else wanted
        if not is_url:
            Did.parse(identifier)  # a DID that is none is told as such, not as a DID URL that is none
        found = dereference(
            resolver, identifier, accept=content_type, relationship=relationship, options=options
        )
    except FetchError as err:
        if err.code == "fetch_limited":
            raise
        return _failure(ResolutionError("did_unreachable"), wanted)
    except TrustidError as err:
        return _failure(ResolutionError(err.code) if err.code == "did_unreachable" else err, wanted)
    return _success(found, wanted)


def _options(parameters: list[tuple[str, str]]) -> tuple[dict[str, str], str | None]:
    options: dict[str, str] = {}
    for name, value in parameters:
        if name in options:
            raise ResolutionError("did_options_invalid", "expected each option once")
        options[name] = value
    relationship = options.pop("verificationRelationship", None)
    for name in ("noCache", "expandRelativeUrls"):
        if options.pop(name, "false") != "false":
            raise UnsupportedError("unsupported", f"expected no {name}")
    return options, relationship


def _negotiated(accept: str, *, is_url: bool) -> str:
    """The media type to answer in: the first known one that is accepted."""
    default = DEREFERENCING_RESULT if is_url else RESULT
    if not accept.strip():
        return default
    if len(accept) > ACCEPT_LENGTH_MAX:
        raise ResolutionError("did_representation_unsupported", "expected a shorter Accept header")
    for text, rest in _RANGE.findall(accept):
        kind: str = text.lower()
        if _QUALITY.search(rest):
            continue
        if kind in (RESULT, DEREFERENCING_RESULT, URI_LIST, *DOCUMENT_TYPES):
            return kind
        if kind == "application/ld+json" and "https://w3id.org/did-resolution" in rest:
            return RESULT_JSON_LD
        if kind in ("*/*", "application/*"):
            return default
    raise ResolutionError("did_representation_unsupported", f"expected {RESULT} to be accepted")


def _success(found: Dereferenced, wanted: str) -> HttpAnswer:
    status = 410 if found.resolution.deactivated else 200
    name = found.resolution.document.id
    if wanted in (RESULT, RESULT_JSON_LD):
        if isinstance(found.content, str) or (found.content or {}).get("id", name) != name:
            error = ResolutionError(
                "did_representation_unsupported", f"expected {DEREFERENCING_RESULT} to be accepted"
            )
            return _failure(error, wanted)
        result = found.resolution.to_json() | {"didDocument": found.content}
        if wanted == RESULT_JSON_LD:
            result = {"@context": "https://w3id.org/did-resolution/v1"} | result
        return HttpAnswer(status, wanted, dump_json(result))
    if wanted == DEREFERENCING_RESULT:
        return HttpAnswer(status, wanted, dump_json(found.to_json()))
    if isinstance(found.content, str):
        return HttpAnswer(303, URI_LIST, b"", {"Location": found.content.split("\r\n", 1)[0]})
    if found.content is None:
        return HttpAnswer(status, RESULT, dump_json(found.resolution.to_json()))
    return HttpAnswer(status, wanted, dump_json(found.content))


def _failure(error: TrustidError, wanted: str) -> HttpAnswer:
    told = error_object(error)
    name = told["type"].rpartition("#")[2]
    about: JsonObject = {"error": told}
    if wanted == DEREFERENCING_RESULT:
        result: JsonObject = {"content": None, "dereferencingMetadata": about, "contentMetadata": {}}
    else:
        result = {"didDocument": None, "didResolutionMetadata": about, "didDocumentMetadata": {}}
    if wanted == RESULT_JSON_LD:
        result = {"@context": "https://w3id.org/did-resolution/v1"} | result
    kind = wanted if wanted in (RESULT, RESULT_JSON_LD, DEREFERENCING_RESULT) else RESULT
    return HttpAnswer(_STATUS.get(name, 500), kind, dump_json(result))
