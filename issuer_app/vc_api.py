"""The VC API for programs: issue W3C credentials, revoke them, serve their status lists.

Behind the admin's Bearer token; the official test suites, which bring none,
need TRUSTID_X_VC_API_OPEN=1 and a server on loopback.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Blueprint, Response, jsonify, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from issuer_app.engine import engine
from trustid.encoding import JsonObject
from trustid.errors import (
    MalformedError,
    ProofError,
    StatusUnknownError,
    TrustError,
    TrustidError,
    UnsupportedError,
)
from trustid.protocols.vc_api import is_open, problem_details
from trustid.protocols.vc_api_deriving import derive_credential
from trustid.protocols.vc_api_lists import ServedVcList
from trustid.status.bitstring import LIST_MEDIA_TYPE
from trustid.status.list_change import CHANGE_MEDIA_TYPE
from trustid.web import api_error, json_body, no_store, require_admin, server_settings

__all__ = ["blueprint"]

BAD_REQUEST: Final = 400

blueprint = Blueprint("vc_api", __name__)


def _guarded(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let the admin call, or everybody on a server for test suites; refuse with problem details."""
    with_token = require_admin(view)

    @wraps(view)
    def guarded(**parts: str) -> Any:
        settings = server_settings()
        called = view if is_open(settings.extra, settings.public_url) else with_token
        try:
            return called(**parts)
        except (MalformedError, UnsupportedError, StatusUnknownError, TrustError, ProofError) as err:
            return _refusal(err)

    return guarded


def _refusal(err: TrustidError) -> Response:
    details = problem_details(err)
    status = err.http_status if err.http_status < 500 else BAD_REQUEST
    return api_error(status, {**details, "status": status, "errors": [details]})


@blueprint.post("/credentials/issue")
@_guarded
def issue() -> Response:
    """Secure a credential and give it a place in a status list."""
    return _created(engine().vc.issue(json_body()))


@blueprint.post("/credentials/issue/<cryptosuite>")
@_guarded
def issue_with(cryptosuite: str) -> Response:
    """The same with one cryptosuite, for callers that cannot name it: test suites know an issuer by its address."""
    return _created(engine().vc.issue(json_body(), cryptosuite=cryptosuite))


@blueprint.post("/credentials/derive")
@_guarded
def derive() -> Response:
    """Show some of a credential, for holders that cannot do it themselves."""
    return _created(derive_credential(json_body()))


def _created(credential: JsonObject) -> Response:
    return no_store(make_response(jsonify({"verifiableCredential": credential}), 201))


@blueprint.post("/credentials/status")
@_guarded
def change_status() -> Response:
    """Revoke a credential, suspend it, or end its suspension."""
    engine().vc.change_status(json_body())
    return no_store(make_response(jsonify({}), 200))


@blueprint.get("/status-lists/<name>")
def status_list(name: str) -> AnyResponse:
    """A Bitstring Status List: the same bytes for everybody."""
    return _public(engine().vc.lists.serve(name), LIST_MEDIA_TYPE)


@blueprint.get("/status-lists/<name>/changes/<base>")
def status_list_change(name: str, base: str) -> AnyResponse:
    """What changed in a list since it had this digest: the same bytes for all who have that list."""
    return _public(engine().vc.lists.serve_change(name, base), CHANGE_MEDIA_TYPE)


def _public(served: ServedVcList, content_type: str) -> AnyResponse:
    response = make_response(served.body)
    response.content_type = content_type
    response.set_etag(served.etag)
    response.headers["Cache-Control"] = f"public, max-age={served.max_age_seconds}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response.make_conditional(request)
