"""What programs call, with the admin's Bearer token: ask, and read the result."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, request, session

from trustid.encoding import JsonObject
from trustid.errors import ProtocolError
from trustid.protocols.asking import Inquiry
from trustid.web import json_body, no_store, require_admin, server_settings
from verifier_app.engine import engine

__all__ = ["blueprint"]

blueprint = Blueprint("back_office", __name__)


@blueprint.post("/api/requests")
@require_admin
def create_request() -> Response:
    """Ask a wallet for something."""
    settings = server_settings()
    inquiry = Inquiry.parse(json_body(), http_hosts=settings.http_hosts)
    created = engine().desk.create(inquiry)
    body = {
        "session_id": created.session_id,
        "request_uri": created.link,
        "result_url": f"{settings.public_url}/api/requests/{created.session_id}",
    }
    return no_store(make_response(jsonify(body), 201))


@blueprint.get("/api/requests/<session_id>")
def result(session_id: str) -> Response:
    """How a request stands: for the admin, and for the browser that began it."""
    admin = _is_admin() if "Authorization" in request.headers else False
    found = engine().desk.result(
        session_id,
        admin=admin,
        browser=session.get("browser"),
        response_code=request.args.get("response_code"),
    )
    return no_store(jsonify(found.to_json()))


@blueprint.post("/api/status/refresh")
@require_admin
def refresh_statuses() -> Response:
    """Let no status list be used again before it was fetched anew, in whatever worker.

    The lists that this worker has open are fetched now; the others when they
    are next needed. The newest statements of revocation registries are fetched
    now, and every worker knows them then.
    """
    parts = engine()
    due = dict.fromkeys(parts.cache.expire(parts.clock()), "due")
    codes: dict[str, str] = {}
    for uri, failure in (*parts.statuses.refresh_all(force=True), *parts.epochs.renew_all()):
        due[uri] = "failed" if failure else "renewed"
        if failure:
            codes[uri] = failure.code
    return no_store(jsonify({"lists": [_list(uri, state, codes.get(uri)) for uri, state in due.items()]}))


def _list(uri: str, state: str, code: str | None) -> JsonObject:
    return {"uri": uri, "state": state} | ({"code": code} if code else {})


def _is_admin() -> bool:
    scheme, _, token = request.headers["Authorization"].partition(" ")
    if scheme.lower() != "bearer" or not server_settings().admin_token.matches(token.strip()):
        raise ProtocolError("unauthorized", "expected Authorization: Bearer and the admin token")
    return True
