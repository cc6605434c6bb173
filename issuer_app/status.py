"""Where verifiers fetch status lists (draft-ietf-oauth-status-list-21, section 8).

The same bytes for everybody, no login, no cookie, no query: whoever fetches a
list says nothing about whose credential they are looking at.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, make_response, request
from werkzeug.exceptions import NotAcceptable
from werkzeug.wrappers import Response as AnyResponse

from issuer_app.engine import engine
from trustid.protocols.status_lists import ServedList
from trustid.status.list_change import CHANGE_MEDIA_TYPE

__all__ = ["blueprint"]

MEDIA_TYPE: Final = "application/statuslist+jwt"

blueprint = Blueprint("status", __name__)


@blueprint.get("/status/<name>")
def status_list(name: str) -> AnyResponse:
    """A Status List Token."""
    if request.accept_mimetypes and not request.accept_mimetypes[MEDIA_TYPE]:
        raise NotAcceptable(f"Expected Accept to admit {MEDIA_TYPE}.")
    return _public(engine().lists.serve(name), MEDIA_TYPE)


@blueprint.get("/status/<name>/changes/<base>")
def status_list_change(name: str, base: str) -> AnyResponse:
    """What changed in a list since it had this digest: the same bytes for all who have that list."""
    return _public(engine().lists.serve_change(name, base), CHANGE_MEDIA_TYPE)


def _public(served: ServedList, content_type: str) -> AnyResponse:
    response = make_response(served.token)
    response.content_type = content_type
    response.set_etag(served.etag)
    response.headers["Cache-Control"] = f"public, max-age={served.max_age_seconds}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response.make_conditional(request)
