"""The VC API for programs: check W3C credentials and presentations.

Behind the admin's Bearer token, because checking opens connections; the
official test suites, which bring none, need TRUSTID_X_VC_API_OPEN=1 and a
server on loopback.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Blueprint, Response, jsonify

from trustid.encoding import JsonObject
from trustid.errors import (
    FetchError,
    MalformedError,
    ResolutionError,
    TrustidError,
    UnsupportedError,
    VerificationError,
)
from trustid.protocols.vc_api import is_open, problem_details
from trustid.web import api_error, json_body, no_store, require_admin, server_settings
from verifier_app.engine import engine

__all__ = ["blueprint"]

BAD_REQUEST: Final = 400
TOO_LARGE: Final = 413

blueprint = Blueprint("vc_api", __name__)


def _answering(view: Callable[[JsonObject], JsonObject]) -> Callable[[], Response]:
    """200 for what holds, 400 for what does not, for the admin; or for everybody, on a server for test suites."""

    def answer() -> Response:
        try:
            return no_store(jsonify(view(json_body())))
        except (MalformedError, UnsupportedError, VerificationError, ResolutionError, FetchError) as err:
            return _refusal(err)

    with_token = require_admin(answer)

    @wraps(view)
    def guarded() -> Any:
        settings = server_settings()
        return answer() if is_open(settings.extra, settings.public_url) else with_token()

    return guarded


def _refusal(err: TrustidError) -> Response:
    details = problem_details(err)
    checks = [
        {"name": check.name, "ok": check.ok} | ({} if check.ok else {"code": check.code})
        for check in err.checks
    ]
    body = {
        "verified": False,
        "checks": checks,
        "warnings": [],
        "errors": [details],
        "problemDetails": [details],
    }
    return api_error(TOO_LARGE if err.http_status == TOO_LARGE else BAD_REQUEST, body)


@blueprint.post("/credentials/verify")
@_answering
def credential(body: JsonObject) -> JsonObject:
    """Check a credential."""
    return engine().vc.credential(body)


@blueprint.post("/presentations/verify")
@_answering
def presentation(body: JsonObject) -> JsonObject:
    """Check a presentation and every credential in it."""
    return engine().vc.presentation(body)
