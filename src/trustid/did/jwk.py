"""did:jwk."""

from __future__ import annotations

from trustid.did.document import DidDocument
from trustid.did.syntax import Did
from trustid.keys import PublicKey

__all__ = ["create", "resolve"]


def create(public_key: PublicKey) -> str:
    """The did:jwk of a public key."""
    raise NotImplementedError


def resolve(did: Did) -> DidDocument:
    """The document that a did:jwk stands for."""
    raise NotImplementedError
