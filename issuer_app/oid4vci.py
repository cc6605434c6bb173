"""Where wallets collect: OpenID4VCI 1.0 bound to routes.

Metadata stands under /.well-known with the public URL's path behind it, as
OpenID4VCI 1.0 (12.2.2) and RFC 8414 (3.1) demand; everything else under the path.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, make_response, request

from issuer_app.engine import Engine, engine
from trustid.encoding import JsonObject
from trustid.errors import MalformedError, ProtocolError, TrustidError
from trustid.protocols.openid4vci import (
    MDOC_FORMAT,
    PRE_AUTHORIZED_GRANT,
    PROOF_ALGORITHMS,
    SD_JWT_VC_FORMAT,
    CredentialRequest,
    TokenRequest,
    credential_response,
    error_body,
)
from trustid.status.accumulator_entry import ACCUMULATOR, STATUS_LIST
from trustid.web import api_error, form_fields, json_body, no_store, problem, server_settings

__all__ = ["blueprint", "well_known"]

METADATA_SECONDS: Final = 300
COSE_NUMBERS: Final = {"ES256": -7, "EdDSA": -8, "ES384": -35}
"""Algorithms as COSE numbers them, which is how metadata of mdocs name them."""
BINDING_METHODS: Final = ("jwk", "did:key", "did:jwk", "did:web")
CREDENTIAL_REQUEST_MAX: Final = 512 * 1024
# Errors of the web side that OAuth and OpenID4VCI have no word of their own for.
OWN_WORDS: Final = frozenset({"internal_error", "store_unavailable", "store_tampered"})

blueprint = Blueprint("oid4vci", __name__)


def well_known(path: str) -> Blueprint:
    """The metadata documents of an issuer whose public URL has this path.

    Args:
        path: "" or "/something".
    """
    found = Blueprint("well_known", __name__)
    found.get(f"/.well-known/openid-credential-issuer{path}")(issuer_metadata)
    found.get(f"/.well-known/oauth-authorization-server{path}")(authorization_server_metadata)
    found.get(f"/.well-known/jwt-vc-issuer{path}")(jwt_vc_issuer)
    found.get(f"{path}/did.json" if path else "/.well-known/did.json")(did_document)
    return found


def issuer_metadata() -> Response:
    """Credential issuer metadata (OpenID4VCI 1.0, section 12.2.4)."""
    current = engine()
    url = current.identity.public_url
    body = {
        "credential_issuer": url,
        "credential_endpoint": f"{url}/oid4vci/credential",
        "nonce_endpoint": f"{url}/oid4vci/nonce",
        "batch_credential_issuance": {"batch_size": current.offering.batch_size},
        "display": [{"name": server_settings().organisation}],
        "credential_configurations_supported": {
            name: _configuration(current, name) for name in current.kinds
        },
    }
    return _public(body)


def authorization_server_metadata() -> Response:
    """Authorization server metadata (RFC 8414 with OpenID4VCI 1.0, section 12.3)."""
    url = engine().identity.public_url
    body = {
        "issuer": url,
        # Clients and test suites expect the member even where no code is handed out; the endpoint says so.
        "authorization_endpoint": f"{url}/oid4vci/authorize",
        "response_types_supported": [],
        "token_endpoint": f"{url}/oid4vci/token",
        "grant_types_supported": [PRE_AUTHORIZED_GRANT],
        "token_endpoint_auth_methods_supported": ["none"],
        "pre-authorized_grant_anonymous_access_supported": True,
        "authorization_details_types_supported": ["openid_credential"],
    }
    return _public(body)


def jwt_vc_issuer() -> Response:
    """JWT VC Issuer Metadata (draft-ietf-oauth-sd-jwt-vc-19, section 5)."""
    return _public(engine().identity.jwt_vc_issuer_metadata())


def did_document() -> Response:
    """The document of the issuer's did:web."""
    response = _public(engine().identity.did_document(engine().vc.identity.public_keys))
    response.content_type = "application/did+json"
    return response


@blueprint.get("/vct/<path:name>")
def type_metadata(name: str) -> Response:
    """SD-JWT VC type metadata, at the URL that is the credentials' `vct`."""
    current = engine()
    url = current.identity.public_url
    for kind in current.kinds.values():
        if kind.vct(url) == f"{url}/vct/{name}":
            return _public(kind.type_metadata(url))
    raise ProtocolError("not_found", "expected a credential type that is issued here")


@blueprint.get("/development-ca.pem")
def development_ca() -> Response:
    """The development CA's certificate, for the trust files of verifiers."""
    response = make_response(engine().identity.ca_certificate_pem)
    response.content_type = "application/x-pem-file"
    return response


@blueprint.get("/offers/<reference>")
def credential_offer(reference: str) -> Response:
    """A credential offer by reference (OpenID4VCI 1.0, section 4.1.3)."""
    return no_store(jsonify(engine().offering.by_reference(reference).to_json()))


@blueprint.get("/oid4vci/authorize")
def authorize() -> Response:
    """Refuse: credentials are handed out by offers only (RFC 6749, section 4.1.2.1)."""
    raise ProtocolError("unsupported_response_type", "use an offer with a pre-authorized code")


@blueprint.post("/oid4vci/token")
def token() -> Response:
    """The token endpoint (section 6)."""
    answer = engine().issuing.redeem(TokenRequest.from_form(form_fields()))
    return no_store(jsonify(answer.to_json()))


@blueprint.post("/oid4vci/nonce")
def nonce() -> Response:
    """The nonce endpoint (section 7); open to everybody, the body is ignored."""
    return no_store(jsonify({"c_nonce": engine().issuing.nonce()}))


@blueprint.post("/oid4vci/credential")
def credential() -> Response:
    """The credential endpoint (section 8)."""
    access_token = _bearer_token()
    issuing = engine().issuing
    issuing.authorize(access_token)
    try:
        body = json_body(max_bytes=CREDENTIAL_REQUEST_MAX)
    except MalformedError as err:
        raise ProtocolError("invalid_credential_request", err.message) from err
    credentials = issuing.credentials(access_token, CredentialRequest.from_json(body))
    return no_store(jsonify(credential_response(credentials)))


@blueprint.errorhandler(TrustidError)
def refused(error: TrustidError) -> Response:
    """Errors in the form that OAuth 2.0 (RFC 6749, 5.2) and OpenID4VCI (8.3.1) prescribe."""
    if not request.path.startswith(f"{engine().path}/oid4vci/") or error.code in OWN_WORDS:
        return problem(error)
    body = error_body(error)
    if error.code in ("media_type_unsupported", "limit_exceeded", "malformed"):
        body["error"] = (
            "invalid_credential_request" if request.path.endswith("/credential") else "invalid_request"
        )
    response = api_error(error.http_status, body)
    if error.http_status in (401, 403):
        # RFC 6750, section 3: no error code when no token came at all.
        named = (
            f' error="{error.code}"'
            if "Authorization" in request.headers or "access_token" in request.args
            else ""
        )
        response.headers["WWW-Authenticate"] = f"Bearer{named}"
    return response


def _bearer_token() -> str:
    if "access_token" in request.args:
        # RFC 6750, section 5.3: URLs end up in logs, so a token in one is not accepted.
        raise ProtocolError(
            "invalid_token", "expected the access token in the Authorization header, not in the URL"
        )
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProtocolError("invalid_token", "expected Authorization: Bearer and the access token")
    return token.strip()


def _configuration(current: Engine, name: str) -> JsonObject:
    kind = current.kinds[name]
    if kind.format == MDOC_FORMAT:
        return _mdoc_configuration(current, name)
    mechanisms: JsonObject = {STATUS_LIST: {}}
    if name in current.registries:
        mechanisms[ACCUMULATOR] = current.registries[name].to_json()
    return {
        "format": SD_JWT_VC_FORMAT,
        "scope": name,
        "vct": kind.vct(current.identity.public_url),
        "cryptographic_binding_methods_supported": list(BINDING_METHODS),
        "credential_signing_alg_values_supported": [current.identity.signer_of(name).key.algorithm],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": list(PROOF_ALGORITHMS)}},
        "credential_metadata": kind.credential_metadata(),
        # A member of our own (docs/revocation.md): what a wallet may ask for as status_mechanism.
        "status_mechanisms_supported": mechanisms,
    }


def _mdoc_configuration(current: Engine, name: str) -> JsonObject:
    """OpenID4VCI 1.0, appendix A.2."""
    kind = current.kinds[name]
    algorithm = current.identity.signer_of(name).key.algorithm
    return {
        "format": MDOC_FORMAT,
        "scope": name,
        "doctype": kind.mdoc.doc_type,
        "cryptographic_binding_methods_supported": ["cose_key"],
        "credential_signing_alg_values_supported": [COSE_NUMBERS[algorithm]],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": list(PROOF_ALGORITHMS)}},
        "credential_metadata": kind.credential_metadata(),
    }


def _public(body: JsonObject) -> Response:
    """A document that is the same for everybody: wallets in browsers may read it, caches may keep it."""
    response = jsonify(body)
    response.headers["Cache-Control"] = f"public, max-age={METADATA_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
