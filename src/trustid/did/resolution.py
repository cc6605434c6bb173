"""What resolving a DID gives: the document, what is known about it, and how a failure is told.

Reference:
    W3C DID Resolution 1.0, sections 4 (resolution), 9 (result) and 11 (errors).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from trustid.did.document import DidDocument
from trustid.encoding import JsonObject
from trustid.errors import TrustidError

__all__ = ["MEDIA_TYPE", "History", "Resolution", "error_object", "failure_to_json"]

MEDIA_TYPE = "application/did"
"""Of a DID document (DID Core 1.1, section 6)."""

_ERROR_TYPES = "https://www.w3.org/ns/did#"
_ERRORS = {
    "did_malformed": "INVALID_DID",
    "did_log_invalid": "INVALID_DID",
    "did_log_proof": "INVALID_DID",
    "did_log_parameters": "INVALID_DID",
    "did_url_malformed": "INVALID_DID_URL",
    "did_options_invalid": "INVALID_OPTIONS",
    "did_not_found": "NOT_FOUND",
    "did_representation_unsupported": "REPRESENTATION_NOT_SUPPORTED",
    "did_method_unsupported": "METHOD_NOT_SUPPORTED",
    "did_document_invalid": "INVALID_DID_DOCUMENT",
    "did_document_mismatch": "INVALID_DID_DOCUMENT",
    "unsupported": "FEATURE_NOT_SUPPORTED",
}


class History(Protocol):
    """The versions of a DID, for methods that keep them."""

    def at(self, seconds: float) -> Resolution:
        """The version that was in force at a time, in epoch seconds.

        Raises:
            ResolutionError: `did_not_found`; there was none yet.
        """
        ...

    def version(self, *, version_id: str | None = None, number: int | None = None) -> Resolution:
        """The version of a full id, or of a number.

        Raises:
            ResolutionError: `did_not_found`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Resolution:
    """A DID document, and what is known about it.

    Attributes:
        document: The document.
        metadata: About the document (DID document metadata): `deactivated`
            when the DID is no longer to be used.
        retrieved: When it was fetched, in epoch seconds; None when nothing was.
        history: The other versions, when the method keeps them.
        cache_seconds: How long its controller says that it may be kept; None for no word on that.
    """

    document: DidDocument
    metadata: JsonObject = field(default_factory=dict)
    retrieved: int | None = None
    history: History | None = field(default=None, repr=False, compare=False)
    cache_seconds: int | None = None

    @property
    def deactivated(self) -> bool:
        """Whether the DID was given up; anything but an absent or false mark says yes."""
        return self.metadata.get("deactivated", False) is not False

    def about(self) -> JsonObject:
        """The DID resolution metadata (section 4.2)."""
        about: JsonObject = {"contentType": MEDIA_TYPE}
        if self.retrieved is not None:
            about["retrieved"] = datetime.fromtimestamp(self.retrieved, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return about

    def to_json(self) -> JsonObject:
        """The DID resolution result; without the document of a DID that was given up (section 4.4)."""
        return {
            "didDocument": None if self.deactivated else self.document.to_json(),
            "didResolutionMetadata": self.about(),
            "didDocumentMetadata": dict(self.metadata),
        }


def error_object(error: TrustidError) -> JsonObject:
    """A failure as DID resolution tells it: an RFC 9457 object (section 11)."""
    name = _ERRORS.get(error.code, "INTERNAL_ERROR")
    return {"type": _ERROR_TYPES + name, "title": error.public, "detail": str(error)}


def failure_to_json(error: TrustidError) -> JsonObject:
    """The DID resolution result of a failure.

    Reference:
        W3C DID Resolution 1.0, sections 9 and 11 (errors, as RFC 9457 objects).
    """
    return {
        "didDocument": None,
        "didResolutionMetadata": {"error": error_object(error)},
        "didDocumentMetadata": {},
    }
