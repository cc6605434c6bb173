"""DID documents: the only door to pydid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from trustid.keys import PublicKey

__all__ = ["DidDocument", "VerificationMethod"]


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A verification method whose key was read."""

    id: str
    controller: str
    public_key: PublicKey


class DidDocument:
    """A DID document that passed every check."""

    id: str

    @classmethod
    def from_json(cls, obj: dict[str, Any], expected_id: str) -> Self:
        """Check a document; raises ResolutionError."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """The document as it was read."""
        raise NotImplementedError

    def verification_method(self, did_url: str, relationship: str | None = None) -> VerificationMethod:
        """The method with this id, listed under `relationship`; TrustError issuer_key_unknown."""
        raise NotImplementedError

    def methods(self, relationship: str | None = None) -> tuple[VerificationMethod, ...]:
        """Every method under `relationship` whose key type is supported."""
        raise NotImplementedError
