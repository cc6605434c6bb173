"""The OpenAPI document of the issuer, true to the routes: a test holds it against the URL map.

Pages for people are not in it; programs do not call them, but for the claim
link, which answers programs with JSON.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify

from issuer_app.engine import Engine, engine
from issuer_app.openapi_schemas import BOOLEAN, OBJECT, STRING, object_of, ref, schemas
from trustid.encoding import JsonObject
from trustid.protocols.openid4vci import PRE_AUTHORIZED_GRANT
from trustid.protocols.ports_issuer import ISSUANCE_STATES
from trustid.web import server_settings

__all__ = ["blueprint", "document"]

OPENAPI_VERSION: Final = "3.1.0"

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """This server's interface."""
    return jsonify(document(engine()))


def document(current: Engine) -> JsonObject:
    """Build the document.

    Args:
        current: The engine; its path and types go into the document.
    """
    path = current.path
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": f"{server_settings().organisation}: issuer", "version": "1"},
        "servers": [{"url": current.identity.public_url.removesuffix(path)}],
        "paths": {
            "/health": {"get": _operation("health", "Whether the server answers", {"200": _json(OBJECT)})},
            **_metadata_paths(path),
            **{f"{path}{place}": item for place, item in (_wallet_paths() | _back_office_paths()).items()},
        },
        "components": {
            "securitySchemes": {
                "admin": {"type": "http", "scheme": "bearer", "description": "The admin token."},
                "access": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of the token endpoint.",
                },
            },
            "schemas": schemas(),
        },
    }


def _metadata_paths(path: str) -> JsonObject:
    names = {
        f"/.well-known/openid-credential-issuer{path}": ("issuerMetadata", "OpenID4VCI 1.0, section 12.2"),
        f"/.well-known/oauth-authorization-server{path}": ("authorizationServerMetadata", "RFC 8414"),
        f"/.well-known/jwt-vc-issuer{path}": ("jwtVcIssuer", "SD-JWT VC, section 5"),
    }
    items: JsonObject = {
        place: {"get": _operation(name, summary, {"200": _json(OBJECT)})}
        for place, (name, summary) in names.items()
    }
    did = {
        "200": {"description": "The DID document", "content": {"application/did+json": {"schema": OBJECT}}}
    }
    items[f"{path}/did.json" if path else "/.well-known/did.json"] = {
        "get": _operation("didDocument", "The issuer's did:web document", did)
    }
    return items


def _wallet_paths() -> JsonObject:
    token_form = {
        "type": "object",
        "required": ["grant_type", "pre-authorized_code"],
        "properties": {
            "grant_type": {"const": PRE_AUTHORIZED_GRANT},
            "pre-authorized_code": STRING,
            "tx_code": STRING,
            "client_id": STRING,
            "authorization_details": STRING,
        },
    }
    status_list = {
        "200": {
            "description": "A Status List Token",
            "headers": {"ETag": {"schema": STRING}},
            "content": {"application/statuslist+jwt": {"schema": STRING}},
        },
        "304": {"description": "Unchanged"},
        "404": _problem("No such list"),
        "406": _problem("Accept does not admit application/statuslist+jwt"),
    }
    return {
        "/vct/{name}": {
            "get": _operation(
                "typeMetadata",
                "SD-JWT VC type metadata",
                {"200": _json(OBJECT), "404": _problem("Unknown")},
                path=["name"],
            )
        },
        "/development-ca.pem": {
            "get": _operation(
                "developmentCa",
                "Certificate of the development CA",
                {"200": {"description": "PEM", "content": {"application/x-pem-file": {"schema": STRING}}}},
            )
        },
        "/status/{name}": {
            "get": _operation("statusList", "A Token Status List", status_list, path=["name"])
        },
        "/offers/{reference}": {
            "get": _operation(
                "credentialOffer",
                "A credential offer by reference",
                {"200": _json(OBJECT), "404": _problem("Redeemed, too old or unknown")},
                path=["reference"],
            )
        },
        "/claim/{link}": {
            "get": _operation(
                "claim",
                "A fresh offer for the holder of a claim link; a page for people",
                {
                    "200": {
                        "description": "A fresh offer",
                        "content": {
                            "application/json": {
                                "schema": object_of({"credential_offer_uri": STRING, "tx_code": BOOLEAN})
                            },
                            "text/html": {"schema": STRING},
                        },
                    },
                    "404": _problem("Unknown link"),
                    "409": _problem("Collected, locked or revoked"),
                    "410": {
                        "description": "The same, as a page",
                        "content": {"text/html": {"schema": STRING}},
                    },
                },
                path=["link"],
            )
        },
        "/oid4vci/token": {
            "post": _operation(
                "token",
                "Exchange a pre-authorized code (OpenID4VCI 1.0, section 6)",
                {"200": _json(ref("TokenResponse")), "400": _oauth_error(), "415": _oauth_error()},
                body={"application/x-www-form-urlencoded": {"schema": token_form}},
            )
        },
        "/oid4vci/nonce": {
            "post": _operation(
                "nonce", "A fresh nonce (section 7)", {"200": _json(object_of({"c_nonce": STRING}))}
            )
        },
        "/oid4vci/credential": {
            "post": _operation(
                "credential",
                "Issue credentials, one for each proof (section 8)",
                {
                    "200": _json(ref("CredentialResponse")),
                    "400": _oauth_error(),
                    "401": _oauth_error(),
                    "403": _oauth_error(),
                    "413": _oauth_error(),
                    "415": _oauth_error(),
                },
                body={"application/json": {"schema": ref("CredentialRequest")}},
                security="access",
            )
        },
        "/openapi.json": {"get": _operation("openapi", "This document", {"200": _json(OBJECT)})},
    }


def _back_office_paths() -> JsonObject:
    made = {
        "201": _json(ref("Created")),
        "404": _problem("Unknown"),
        "409": _problem("Collected or revoked"),
    }
    idempotency = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}}
    return {
        "/api/types": {
            "get": _admin(
                "types", "What can be issued", {"200": _json({"type": "array", "items": ref("Type")})}
            )
        },
        "/api/offers": {
            "post": _admin(
                "createOffer",
                "Make an issuance with its first offer",
                {
                    "201": _json(ref("Created")),
                    "400": _problem("The request or the claims do not fit"),
                    "409": _problem("The idempotency key came with another request"),
                    "413": _problem("Too large"),
                    "415": _problem("Not JSON"),
                },
                body={"application/json": {"schema": ref("NewOffer")}},
                parameters=[idempotency],
            )
        },
        "/api/issuances": {
            "get": _admin(
                "issuances",
                "Issuances, newest first",
                {"200": _json(ref("IssuancePage")), "400": _problem("A parameter does not fit")},
                parameters=[
                    _query("state", {"enum": list(ISSUANCE_STATES)}),
                    _query("credential_configuration_id", STRING),
                    _query("after", STRING),
                    _query("limit", {"type": "integer", "minimum": 1, "maximum": 200}),
                ],
            )
        },
        "/api/issuances/{issuance_id}": {
            "get": _admin("issuance", "One issuance", _found(), path=["issuance_id"])
        },
        "/api/issuances/{issuance_id}/revoke": {
            "post": _admin(
                "revoke", "Revoke every copy; again changes nothing", _found(), path=["issuance_id"]
            ),
            "delete": _admin(
                "restore",
                "Always refused: revocation is final",
                {"404": _problem("Not revoked, or unknown"), "409": _problem("Revocation is final")},
                path=["issuance_id"],
            ),
        },
        "/api/issuances/{issuance_id}/renew": {
            "post": _admin(
                "renew", "New link and offer for an uncollected issuance", made, path=["issuance_id"]
            )
        },
        "/api/rosters": {
            "post": _admin(
                "roster",
                "Check a roster, and issue it when dry_run is false and every row is fine",
                {
                    "200": _json(ref("Roster")),
                    "201": _json(ref("Roster")),
                    "400": _problem("A parameter or the file does not fit"),
                    "413": _problem("Too large"),
                    "415": _problem("Not text/csv"),
                    "422": _problem("Some rows are bad; nothing was issued", "Roster"),
                },
                body={"text/csv": {"schema": STRING}},
                parameters=[
                    {**_query("configuration_id", STRING), "required": True},
                    _query("dry_run", {"type": "boolean", "default": True}),
                    _query("tx_code", {"type": "boolean", "default": False}),
                ],
            )
        },
    }


def _operation(
    name: str,
    summary: str,
    responses: JsonObject,
    *,
    body: JsonObject | None = None,
    path: list[str] | None = None,
    parameters: list[JsonObject] | None = None,
    security: str | None = None,
) -> JsonObject:
    found: JsonObject = {"operationId": name, "summary": summary, "responses": responses}
    places = [{"name": one, "in": "path", "required": True, "schema": STRING} for one in path or []]
    if places or parameters:
        found["parameters"] = places + (parameters or [])
    if body is not None:
        found["requestBody"] = {"required": True, "content": body}
    found["security"] = [{security: []}] if security else []
    return found


def _admin(
    name: str,
    summary: str,
    responses: JsonObject,
    *,
    body: JsonObject | None = None,
    path: list[str] | None = None,
    parameters: list[JsonObject] | None = None,
) -> JsonObject:
    responses = {**responses, "401": _problem("No admin token, or a wrong one")}
    return _operation(name, summary, responses, body=body, path=path, parameters=parameters, security="admin")


def _found() -> JsonObject:
    return {"200": _json(ref("Issuance")), "404": _problem("Unknown")}


def _json(schema: JsonObject) -> JsonObject:
    return {"description": "As asked", "content": {"application/json": {"schema": schema}}}


def _problem(description: str, schema: str = "Problem") -> JsonObject:
    return {"description": description, "content": {"application/problem+json": {"schema": ref(schema)}}}


def _oauth_error() -> JsonObject:
    return {"description": "Refused", "content": {"application/json": {"schema": ref("OAuthError")}}}


def _query(name: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": "query", "schema": schema}
