"""W3C credentials and presentations with Data Integrity proofs, as presentations."""

from __future__ import annotations

from trustid.encoding import JsonObject
from trustid.errors import UnsupportedError
from trustid.protocols.presentation import Presented

__all__ = ["PresentedW3c"]


class PresentedW3c:
    """See `trustid.protocols.presentation.Presented`."""

    @classmethod
    def read(cls, document: JsonObject) -> Presented:
        """Read a credential or a presentation."""
        raise UnsupportedError("unsupported", "W3C credentials are not read yet")
