"""What a registry said until some day, in one file: for whoever wants to see later that it says the same.

    {"registry": URI, "params": base64url, "keys": [JWK, ...], "statements": [JWS, ...]}

Everything in it is public. The statements are those of epoch 0, 1, 2, ...; what
they are worth is decided by the keys that the reader trusts, not by those in
the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from trustid.encoding import JsonObject, b64url_encode, parse_json_object
from trustid.errors import MalformedError, StatusUnknownError
from trustid.keys import PublicKey

__all__ = ["MAX_AUDIT_BYTES", "AuditFile", "audit_of"]

MAX_AUDIT_BYTES: Final = 64 << 20
MAX_AUDIT_DEPTH: Final = 4
MEMBERS: Final = frozenset({"registry", "params", "keys", "statements"})


def audit_of(
    registry: str, params: bytes, keys: Sequence[PublicKey], statements: Sequence[str]
) -> JsonObject:
    """The content of such a file."""
    return {
        "registry": registry,
        "params": b64url_encode(params),
        "keys": [key.to_jwk() for key in keys],
        "statements": list(statements),
    }


class AuditFile:
    """Fills `StatementSource` from such a file.

    Args:
        value: The content.

    Raises:
        MalformedError: `malformed`.
    """

    def __init__(self, value: JsonObject) -> None:
        registry, statements = value.get("registry"), value.get("statements")
        if value.keys() != MEMBERS or not isinstance(registry, str) or not isinstance(statements, list):
            raise MalformedError("malformed", f"expected exactly {', '.join(sorted(MEMBERS))}")
        if not statements or not all(isinstance(token, str) for token in statements):
            raise MalformedError("malformed", "expected statements as text, one at least")
        self._statements: list[str] = statements
        self._registry = registry

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of at most `MAX_AUDIT_BYTES`.

        Raises:
            StatusUnknownError: `status_unavailable`: it cannot be read.
            MalformedError: `malformed`, `limit_exceeded`.
        """
        try:
            with path.open("rb") as file:
                data = file.read(MAX_AUDIT_BYTES + 1)
        except OSError as err:
            raise StatusUnknownError("status_unavailable", f"{path.name} cannot be read") from err
        return cls(parse_json_object(data, max_bytes=MAX_AUDIT_BYTES, max_depth=MAX_AUDIT_DEPTH))

    def latest(self, registry: str) -> str:
        """See `StatementSource`."""
        return self.statement(registry, len(self._statements) - 1)

    def statement(self, registry: str, epoch: int) -> str:
        """See `StatementSource`."""
        if registry != self._registry or not 0 <= epoch < len(self._statements):
            raise StatusUnknownError("status_unavailable", f"epoch {epoch} is not in the audit file")
        return self._statements[epoch]
