"""DIDs and DID URLs: reading and writing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

__all__ = ["Did", "DidUrl"]


@dataclass(frozen=True, slots=True)
class Did:
    """A DID: `did:method:identifier`."""

    method: str
    identifier: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a DID; raises ResolutionError did_malformed."""
        raise NotImplementedError

    def __str__(self) -> str:
        return f"did:{self.method}:{self.identifier}"


@dataclass(frozen=True, slots=True)
class DidUrl:
    """A DID URL: a DID with path, query and fragment (None when absent)."""

    did: Did
    path: str = ""
    query: str | None = None
    fragment: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a DID URL; raises ResolutionError did_malformed."""
        raise NotImplementedError
