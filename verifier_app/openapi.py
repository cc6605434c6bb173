"""The description of every route that programs and wallets call (OpenAPI 3.1).

Written by hand beside the routes; a test holds it against them, in both
directions. The pages for people are not part of it.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from trustid.encoding import JsonObject
from trustid.protocols.openid4vp import (
    CLIENT_ID_PREFIXES,
    REQUEST_MEDIA_TYPE,
    RESPONSE_MODES,
    WALLET_NONCE_MAX,
)
from trustid.protocols.vc_api_verifying import ASKABLE
from trustid.protocols.verifying import CHECK_NAMES
from trustid.settings import ServerSettings

__all__ = ["document"]

VERSION: Final = "1.0.0"
FORM: Final = "application/x-www-form-urlencoded"


def document(settings: ServerSettings) -> JsonObject:
    """The OpenAPI document of this server."""
    path = urlsplit(settings.public_url).path
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TrustID verifier",
            "version": VERSION,
            "description": "Asks wallets for credentials with OpenID4VP 1.0 and says what was proved.",
        },
        "servers": [{"url": settings.public_url.removesuffix(path) or settings.public_url}],
        "paths": {f"{path}{route}": operations for route, operations in _paths().items()} | _well_known(path),
        "components": {
            "securitySchemes": {"admin": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Request": REQUEST,
                "Created": CREATED,
                "Result": RESULT,
                "Problem": PROBLEM,
                "VcAnswer": VC_ANSWER,
            },
        },
    }


def _paths() -> JsonObject:
    return {
        "/api/requests": {"post": _create()},
        "/api/requests/{session_id}": {"get": _result()},
        "/api/status/refresh": {"post": _refresh()},
        "/credentials/verify": {"post": _vc_verify("vcApiVerifyCredential", "verifiableCredential")},
        "/presentations/verify": {"post": _vc_verify("vcApiVerifyPresentation", "verifiablePresentation")},
        "/oid4vp/requests/{request_id}": {"get": _request_object(), "post": _request_object_with_nonce()},
        "/oid4vp/responses/{request_id}": {"post": _response()},
        "/1.0/identifiers/{identifier}": {"get": _identifiers()},
        "/development-ca.pem": {
            "get": _operation(
                "developmentCa",
                "The certificate of the development authority",
                {"200": _answer("PEM", "application/x-pem-file", STRING), "404": PROBLEM_ANSWER},
            )
        },
        "/openapi.json": {
            "get": _operation("openapi", "This document", {"200": _json("The document", {"type": "object"})})
        },
        "/health": {
            "get": _operation(
                "health",
                "Whether the server answers",
                {"200": _json("It does", _object({"status": {"const": "ok"}}, "status"))},
            )
        },
    }


def _well_known(path: str) -> JsonObject:
    place = f"{path}/did.json" if path else "/.well-known/did.json"
    answers = {"200": _answer("The DID document", "application/did+json", {"type": "object"})}
    return {place: {"get": _operation("didDocument", "The verifier's DID document (did:web)", answers)}}


def _create() -> JsonObject:
    answers = {"201": _json("Asked", _ref("Created"))} | _problems("400", "401", "413", "415", "503")
    return _operation("createRequest", "Ask a wallet for something", answers) | {
        "security": [{"admin": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("Request")}}},
    }


def _result() -> JsonObject:
    answers = {"200": _json("How it stands", _ref("Result"))} | _problems("401", "403", "404", "503")
    code = _parameter("response_code", "query", "What came back with the redirect, where the request has one")
    return _operation("readResult", "How a request stands", answers) | {
        # Without the token only the browser that began the session is answered, by its cookie.
        "security": [{"admin": []}, {}],
        "parameters": [_parameter("session_id", "path", "From `createRequest`"), code],
    }


def _refresh() -> JsonObject:
    entry = _object(
        {
            "uri": STRING,
            "state": {
                "enum": ["renewed", "due", "failed"],
                "description": "`due`: it is fetched anew before it is next used.",
            },
            "code": STRING,
        },
        "uri",
        "state",
    )
    answers = {"200": _json("The lists", _object({"lists": {"type": "array", "items": entry}}, "lists"))}
    return _operation(
        "refreshStatuses",
        "Let no status list be used before it was fetched anew",
        answers | _problems("401", "503"),
    ) | {"security": [{"admin": []}]}


def _request_object() -> JsonObject:
    answers = {"200": _answer("The signed request object", REQUEST_MEDIA_TYPE, STRING)} | _problems(
        "400", "503"
    )
    return _operation("requestObject", "For wallets: the request", answers) | {"parameters": [REQUEST_ID]}


def _request_object_with_nonce() -> JsonObject:
    form = _object({"wallet_nonce": STRING | {"maxLength": WALLET_NONCE_MAX}, "wallet_metadata": STRING})
    answers = {"200": _answer("The signed request object", REQUEST_MEDIA_TYPE, STRING)}
    answers |= _problems("400", "413", "415", "503")
    return _operation(
        "requestObjectWithNonce", "For wallets: the request, with the wallet's nonce", answers
    ) | {
        "parameters": [REQUEST_ID],
        "requestBody": {"content": {FORM: {"schema": form}}},
    }


def _response() -> JsonObject:
    form = _object(
        {
            "vp_token": STRING,
            "state": STRING,
            "response": STRING,
            "error": STRING,
            "error_description": STRING,
        }
    )
    answers = {"200": _json("It was taken", _object({"redirect_uri": STRING | {"format": "uri"}}))}
    answers |= _problems("400", "413", "415", "429", "502", "503", "504")
    return _operation("response", "For wallets: the answer", answers) | {
        "parameters": [REQUEST_ID],
        "requestBody": {"required": True, "content": {FORM: {"schema": form}}},
    }


def _identifiers() -> JsonObject:
    # A DID is resolved, a DID URL with more behind it is dereferenced.
    kinds = ("application/did-resolution", "application/did-url-dereferencing")
    result = {kind: {"schema": {"type": "object"}} for kind in kinds}
    statuses = {"200": "Found", "400": "No DID", "404": "Not there", "406": "Not in that media type"}
    statuses |= {"410": "Given up", "500": "Not to be had", "501": "Not supported here"}
    answers: JsonObject = {
        status: {"description": text, "content": result} for status, text in statuses.items()
    }
    answers |= {"303": {"description": "The address of a service, if text/uri-list was asked for"}}
    return _operation(
        "resolveIdentifier", "Resolve a DID (W3C DID Resolution 1.0)", answers | _problems("429")
    ) | {"parameters": [_parameter("identifier", "path", "A DID or a DID URL")]}


def _vc_verify(name: str, member: str) -> JsonObject:
    options = _object(
        dict.fromkeys(("challenge", "domain", "expectedProofPurpose"), STRING)
        | {"checks": {"type": "array", "items": {"enum": list(ASKABLE)}}}
    )
    request = _object({member: {"type": "object"}, "options": options}, member)
    refused = _json("It does not hold: `errors` says why", _ref("VcAnswer"))
    answers = {"200": _json("It holds: `errors` is empty", _ref("VcAnswer")), "400": refused}
    answers |= {"413": refused} | _problems("401", "415", "503")
    return _operation(name, f"VC API: check a {member}", answers) | {
        # On loopback, with TRUSTID_X_VC_API_OPEN=1, the token is not asked for.
        "security": [{"admin": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
    }


def _operation(name: str, summary: str, answers: JsonObject) -> JsonObject:
    return {"operationId": name, "summary": summary, "responses": answers}


def _parameter(name: str, place: str, description: str) -> JsonObject:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": description, "schema": STRING} | required


def _answer(description: str, media_type: str, schema: JsonObject) -> JsonObject:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _json(description: str, schema: JsonObject) -> JsonObject:
    return _answer(description, "application/json", schema)


def _problems(*statuses: str) -> JsonObject:
    return dict.fromkeys(statuses, PROBLEM_ANSWER)


def _object(properties: JsonObject, *required: str) -> JsonObject:
    needed: JsonObject = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties} | needed


def _ref(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


STRING: Final[JsonObject] = {"type": "string"}
REQUEST_ID: Final = _parameter("request_id", "path", "The secret in the wallet's link")
PROBLEM: Final[dict[str, Any]] = _object(
    {"type": STRING, "title": STRING, "status": {"type": "integer"}, "code": STRING, "detail": STRING},
    "type",
    "title",
    "status",
    "code",
)
PROBLEM_ANSWER: Final[JsonObject] = _answer("Why not (RFC 9457)", "application/problem+json", _ref("Problem"))
REQUEST: Final[JsonObject] = _object(
    {
        "dcql_query": {"type": "object", "description": "OpenID4VP 1.0, section 6."},
        "response_mode": {"enum": list(RESPONSE_MODES), "default": "direct_post.jwt"},
        "client_id_prefix": {"enum": list(CLIENT_ID_PREFIXES), "default": "x509_san_dns"},
        "request_uri_method": {"enum": ["get", "post"], "default": "get"},
        "redirect_uri": STRING
        | {
            "format": "uri",
            "description": "Where the wallet sends the browser, with a `response_code` added. "
            "The result is then given only to who brings that code, once.",
        },
    },
    "dcql_query",
) | {"additionalProperties": False}
CREATED: Final[JsonObject] = _object(
    {
        "session_id": STRING,
        "request_uri": STRING | {"description": "The whole openid4vp:// link."},
        "result_url": STRING | {"format": "uri"},
    },
    "session_id",
    "request_uri",
    "result_url",
)
RESULT: Final[JsonObject] = _object(
    {
        "state": {
            "enum": ["pending", "verified", "refused"],
            "description": "`verified` is final. After `refused` the wallet may still answer until the session expires.",
        },
        "claims": {
            "type": "object",
            "description": "What was asked for and shown: for each query id one object a presentation.",
            "additionalProperties": {"type": "array", "items": {"type": "object"}},
        },
        "epochs": {
            "type": "object",
            "description": "Where holders proved that they were not revoked: for which epoch, and its age then.",
            "additionalProperties": {
                "type": "array",
                "items": _object(
                    {"epoch": {"type": "integer"}, "age_seconds": {"type": "integer"}}, "epoch", "age_seconds"
                ),
            },
        },
        "checks": {
            "type": "array",
            "items": _object(
                {"name": {"enum": ["answered", *CHECK_NAMES]}, "ok": {"type": "boolean"}, "code": STRING},
                "name",
                "ok",
            ),
        },
    },
    "state",
    "claims",
    "checks",
)
VC_PROBLEMS: Final[JsonObject] = {
    "type": "array",
    "items": _object({"type": STRING, "title": STRING, "detail": STRING, "code": STRING}, "type", "code"),
}
VC_ANSWER: Final[JsonObject] = _object(
    {
        "verified": {"type": "boolean"},
        "checks": {"type": "array"},
        "warnings": VC_PROBLEMS,
        "errors": VC_PROBLEMS,
        "problemDetails": VC_PROBLEMS,
    },
    "verified",
    "checks",
    "warnings",
    "errors",
    "problemDetails",
)
