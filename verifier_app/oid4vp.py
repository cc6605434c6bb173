"""What wallets call: the request object and the place for their answer (OpenID4VP 1.0)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from trustid.errors import ProtocolError
from trustid.protocols.openid4vp import REQUEST_MEDIA_TYPE
from trustid.web import form_fields, no_store
from verifier_app.engine import engine

__all__ = ["blueprint"]

blueprint = Blueprint("oid4vp", __name__, url_prefix="/oid4vp")


@blueprint.get("/requests/<request_id>")
def request_object(request_id: str) -> Response:
    """The signed request, as often as it is asked for while the session is open."""
    return _request_object(engine().desk.request_object(request_id))


@blueprint.post("/requests/<request_id>")
def request_object_with_nonce(request_id: str) -> Response:
    """The signed request, with the wallet's own nonce in it (section 5.10)."""
    fields = form_fields() if request.content_length else {}
    return _request_object(engine().desk.request_object(request_id, wallet_nonce=fields.get("wallet_nonce")))


@blueprint.post("/responses/<request_id>")
def response(request_id: str) -> Response:
    """Take a wallet's answer; 200 and JSON when it holds (section 8.2)."""
    if request.args:
        raise ProtocolError("invalid_request", "expected the answer in the body, found a query")
    redirect_uri = engine().desk.accept(request_id, form_fields())
    return no_store(jsonify({"redirect_uri": redirect_uri} if redirect_uri else {}))


def _request_object(token: str) -> Response:
    return no_store(Response(token, content_type=REQUEST_MEDIA_TYPE))
