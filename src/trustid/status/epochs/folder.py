"""A registry as it is published: a folder of plain files, served as they are.

    params                      the registry's parameters
    epochs/latest               the newest statement; the only file that changes
    epochs/7/statement          the statement of epoch 7, for good
    epochs/7/blocks/0           block 0 of its rows: path in the hash tree, then rows
    epochs/7/quorum             the committee's certificate, where there is one

Relative to the registry's URI these are the names over HTTP as well, so any
static host or CDN can serve it. Everything but `epochs/latest` may be cached
for ever. Blocks of old epochs are removed, statements are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from trustid.errors import LimitExceededError, StatusUnknownError
from trustid.keys.quorum import MAX_CERTIFICATE_BYTES
from trustid.status.accumulator import BLOCK_ROWS, ROW_BYTES
from trustid.status.epochs.statement import MAX_REGISTRY_CHARACTERS, MAX_STATEMENT_BYTES, statement_text

__all__ = [
    "LATEST",
    "MAX_BLOCK_BYTES",
    "MAX_PARAMS_BYTES",
    "PARAMS",
    "FolderSource",
    "block_name",
    "certificate_name",
    "statement_name",
]

PARAMS: Final = "params"
LATEST: Final = "epochs/latest"

MAX_PARAMS_BYTES: Final = 216 + MAX_REGISTRY_CHARACTERS
MAX_BLOCK_BYTES: Final = BLOCK_ROWS * ROW_BYTES + 32 * 32
"""A whole block and a path of 32 levels, more than the largest tree has."""


def statement_name(epoch: int) -> str:
    """Where an epoch's statement lies, relative to the registry."""
    return f"epochs/{epoch}/statement"


def block_name(epoch: int, number: int) -> str:
    """Where a block lies."""
    return f"epochs/{epoch}/blocks/{number}"


def certificate_name(epoch: int) -> str:
    """Where the committee's certificate lies."""
    return f"epochs/{epoch}/quorum"


class FolderSource:
    """Fills `EpochSource` from folders on this machine.

    Args:
        folders: The published folder of each registry, by URI.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)

    def latest(self, registry: str) -> str:
        """See `EpochSource`."""
        return statement_text(self._read(registry, LATEST, MAX_STATEMENT_BYTES))

    def statement(self, registry: str, epoch: int) -> str:
        """See `EpochSource`."""
        return statement_text(self._read(registry, statement_name(epoch), MAX_STATEMENT_BYTES))

    def params(self, registry: str) -> bytes:
        """See `EpochSource`."""
        return self._read(registry, PARAMS, MAX_PARAMS_BYTES)

    def block(self, registry: str, epoch: int, number: int) -> bytes:
        """See `EpochSource`."""
        return self._read(registry, block_name(epoch, number), MAX_BLOCK_BYTES)

    def certificate(self, registry: str, epoch: int) -> bytes:
        """See `EpochSource`."""
        return self._read(registry, certificate_name(epoch), MAX_CERTIFICATE_BYTES)

    def _read(self, registry: str, name: str, limit: int) -> bytes:
        folder = self._folders.get(registry)
        if folder is None:
            raise StatusUnknownError("status_unavailable", "expected a registry whose folder is known here")
        try:
            with (folder / name).open("rb") as file:
                data = file.read(limit + 1)
        except OSError as err:
            raise StatusUnknownError("status_unavailable", f"{name} cannot be read") from err
        if len(data) > limit:
            raise LimitExceededError("limit_exceeded", f"expected at most {limit} bytes in {name}")
        return data
