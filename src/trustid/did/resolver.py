"""From a DID to its document, and from a DID URL to a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trustid.did.document import DidDocument, VerificationMethod
from trustid.encoding import JsonObject
from trustid.fetching import Fetcher
from trustid.keys import PublicKey

__all__ = ["Resolution", "Resolver"]

CACHE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Resolution:
    """A DID document and what is known about it."""

    document: DidDocument
    metadata: JsonObject

    def to_json(self) -> JsonObject:
        """The DID Resolution result."""
        raise NotImplementedError


class Resolver:
    """Resolves the DID methods that are spoken here."""

    def __init__(self, fetcher: Fetcher | None, *, cache_seconds: int = CACHE_SECONDS, clock: Callable[[], int]) -> None:
        self._fetcher = fetcher

    def resolve(self, did: str) -> Resolution:
        """Find the document of a DID; raises ResolutionError."""
        raise NotImplementedError

    def verification_method(self, did_url: str, relationship: str) -> VerificationMethod:
        """The verification method that a DID URL names; raises ResolutionError, TrustError."""
        raise NotImplementedError

    def public_key(self, did_url: str, relationship: str) -> PublicKey:
        """The key that a DID URL names; raises ResolutionError, TrustError."""
        return self.verification_method(did_url, relationship).public_key
