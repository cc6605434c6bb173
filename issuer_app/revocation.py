"""Registries of accumulators: what is published of them, and what their manager's command needs to know.

What is published are plain files, the same for everybody, without login, cookie
and query. All but the newest statement may be kept for ever. No secret of a
registry is ever in this server.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, Response, jsonify, send_from_directory

from issuer_app.engine import engine
from issuer_app.registry_states import registry_states
from trustid.encoding import b64url_encode
from trustid.errors import ProtocolError
from trustid.status.epochs.folder import LATEST
from trustid.status.epochs.statement import STATEMENT_MEDIA_TYPE
from trustid.web import no_store, require_admin

__all__ = ["blueprint"]

FOREVER_SECONDS: Final = 365 * 24 * 3600
LATEST_SECONDS: Final = 10
"""How long the newest statement may be kept: a new epoch is seen by everybody after that."""

_NUMBER: Final = "(?:0|[1-9][0-9]{0,15})"
_FILE: Final = re.compile(
    f"params|epochs/latest|epochs/{_NUMBER}/(?:statement|quorum)|epochs/{_NUMBER}/blocks/{_NUMBER}"
)

blueprint = Blueprint("revocation", __name__)


@blueprint.get("/revocation/<name>/<path:file>")
def published(name: str, file: str) -> Response:
    """A file of a published registry (`trustid.status.epochs.folder`)."""
    current = engine()
    uri = f"{current.identity.public_url}/revocation/{name}"
    folder = next((one.folder for one in current.registries.values() if one.uri == uri and one.folder), None)
    if folder is None or not _FILE.fullmatch(file) or not (folder / file).is_file():
        raise ProtocolError("not_found", "expected a file of a registry that is published here")
    is_statement = file == LATEST or file.endswith("/statement")
    response = send_from_directory(
        folder.resolve(), file, mimetype=STATEMENT_MEDIA_TYPE if is_statement else "application/octet-stream"
    )
    keep = f"max-age={LATEST_SECONDS}" if file == LATEST else f"max-age={FOREVER_SECONDS}, immutable"
    response.headers["Cache-Control"] = f"public, {keep}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.get("/api/revocation")
@require_admin
def registries() -> Response:
    """For each registry the key that tickets are sealed to, how many are left, what waits to be revoked, its newest epoch."""
    current = engine()
    key = b64url_encode(current.secrets.tickets.public_key)
    states = registry_states(current.registries, current.tickets, current.clock)
    return no_store(jsonify([state.to_json() | {"ticket_key": key} for state in states]))
