"""What anybody may read: the verifier's DID document, its development authority, its API."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from trustid.did import web as did_web
from trustid.errors import ProtocolError
from trustid.web import server_settings
from verifier_app.engine import Engine, engine
from verifier_app.openapi import document

__all__ = ["blueprint", "well_known"]

DOCUMENT_SECONDS = 300

blueprint = Blueprint("public", __name__)


def well_known(current: Engine) -> Blueprint:
    """The DID document at the place where did:web looks for it, which depends on the public URL's path."""
    rules = Blueprint("well_known", __name__)
    did = current.keys.identity.did
    if did is not None:
        rules.add_url_rule(urlsplit(did_web.document_url(did)).path, "did_document", did_document)
    return rules


def did_document() -> Response:
    """The verifier's DID document."""
    response = jsonify(engine().keys.did_document)
    response.content_type = "application/did+json"
    response.headers["Cache-Control"] = f"public, max-age={DOCUMENT_SECONDS}"
    return response


@blueprint.get("/development-ca.pem")
def development_ca() -> Response:
    """The development authority's certificate, for wallets that try this verifier out."""
    certificate = engine().keys.development_ca
    if certificate is None:
        raise ProtocolError(
            "not_found", "this verifier's certificate was issued by an authority of the outside"
        )
    return Response(ssl.DER_cert_to_PEM_cert(certificate), content_type="application/x-pem-file")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The description of every route that programs and wallets call."""
    return jsonify(document(server_settings()))
