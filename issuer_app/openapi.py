"""The OpenAPI document of the issuer: `openapi.json`, with this server's addresses.

A test holds it against the URL map. Pages for people are not in it; programs
do not call them, but for the claim link, which answers programs with JSON.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from flask import Blueprint, Response, jsonify

from issuer_app.engine import engine
from trustid.encoding import JsonObject, parse_json_object
from trustid.web import server_settings

__all__ = ["blueprint", "document"]

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """This server's interface."""
    current = engine()
    return jsonify(document(current.identity.public_url, current.path, server_settings().organisation))


def document(public_url: str, path: str, organisation: str) -> JsonObject:
    """Build the document.

    Args:
        public_url: Where the server is.
        path: The path of the public URL, "" for none.
        organisation: Whose server it is.
    """
    written = _written()
    return {
        **written,
        "info": {**written["info"], "title": f"{organisation}: issuer"},
        "servers": [{"url": public_url.removesuffix(path)}],
        "paths": {_place(place, path): item for place, item in written["paths"].items()},
    }


def _place(place: str, path: str) -> str:
    if place == "/health" or not path:
        return place
    if place == "/.well-known/did.json":
        return f"{path}/did.json"
    return f"{place}{path}" if place.startswith("/.well-known/") else f"{path}{place}"


@cache
def _written() -> JsonObject:
    return parse_json_object(files("issuer_app").joinpath("openapi.json").read_bytes())
