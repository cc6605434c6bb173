"""DID resolution for others: the interface of the Universal Resolver.

Anybody may ask; what is fetched for them counts against their own limit.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response

from trustid.web import resolve_identifier
from verifier_app.engine import engine

__all__ = ["blueprint"]

PREFIX: Final = "/1.0/identifiers/"

blueprint = Blueprint("identifiers", __name__)


@blueprint.get(f"{PREFIX}<path:identifier>")
def resolve(identifier: str) -> Response:
    """The document of a DID, or what a DID URL names (W3C DID Resolution 1.0, section 12.1)."""
    return resolve_identifier(engine().resolver, identifier, prefix=PREFIX)
