"""did:key."""

from __future__ import annotations

from trustid.did.document import DidDocument
from trustid.did.syntax import Did
from trustid.keys import PublicKey

__all__ = ["create", "resolve"]


def create(public_key: PublicKey) -> str:
    """The did:key of a public key."""
    raise NotImplementedError


def resolve(did: Did) -> DidDocument:
    """The document that a did:key stands for."""
    raise NotImplementedError
