"""did:web."""

from __future__ import annotations

from collections.abc import Mapping

from trustid.did.document import DidDocument
from trustid.did.syntax import Did
from trustid.encoding import JsonObject
from trustid.fetching import Fetcher
from trustid.keys import PublicKey

__all__ = ["create", "document_for", "document_url", "resolve"]


def create(public_url: str, *path: str) -> str:
    """The did:web of a public URL (its path and port included)."""
    raise NotImplementedError


def document_url(did: str) -> str:
    """Where the document of a did:web lies (https)."""
    raise NotImplementedError


def document_for(did: str, keys: Mapping[str, PublicKey]) -> JsonObject:
    """The document to serve: fragment -> key, each for assertion and authentication."""
    raise NotImplementedError


def resolve(did: Did, fetcher: Fetcher) -> DidDocument:
    """Fetch and check the document of a did:web."""
    raise NotImplementedError
