"""A registry over HTTP: plain GET requests for the files of `trustid.status.epochs.folder`.

No cookies, no headers that tell two holders apart, no redirects. Who must hide
the own address from the host as well gives a fetcher that goes through a relay.
"""

from __future__ import annotations

from typing import Final, Protocol

from trustid.errors import FetchError, StatusUnknownError
from trustid.fetching import Fetched
from trustid.keys.quorum import MAX_CERTIFICATE_BYTES
from trustid.status.epochs.folder import (
    LATEST,
    MAX_BLOCK_BYTES,
    MAX_PARAMS_BYTES,
    PARAMS,
    block_name,
    certificate_name,
    statement_name,
)
from trustid.status.epochs.statement import MAX_STATEMENT_BYTES, check_registry_uri, statement_text

__all__ = ["HttpSource", "PublicFetcher"]

ACCEPT: Final = "*/*"
"""Static hosts name the types of files without an ending as they like; what counts is the signature."""


class PublicFetcher(Protocol):
    """What is needed of `trustid.fetching.Fetcher`."""

    def get(
        self, url: str, *, accept: str, max_bytes: int | None = None, max_redirects: int | None = None
    ) -> Fetched:
        """Fetch, or raise FetchError."""
        ...


class HttpSource:
    """Fills `EpochSource` with requests below the registry's URI.

    Args:
        fetcher: The door to the network.
        base: Where the registry is fetched instead of below its own URI: a mirror.
    """

    def __init__(self, fetcher: PublicFetcher, *, base: str | None = None) -> None:
        self._fetcher = fetcher
        self._base = None if base is None else check_registry_uri(base)

    def latest(self, registry: str) -> str:
        """See `EpochSource`."""
        return statement_text(self._get(registry, LATEST, MAX_STATEMENT_BYTES))

    def statement(self, registry: str, epoch: int) -> str:
        """See `EpochSource`."""
        return statement_text(self._get(registry, statement_name(epoch), MAX_STATEMENT_BYTES))

    def params(self, registry: str) -> bytes:
        """See `EpochSource`."""
        return self._get(registry, PARAMS, MAX_PARAMS_BYTES)

    def block(self, registry: str, epoch: int, number: int) -> bytes:
        """See `EpochSource`."""
        return self._get(registry, block_name(epoch, number), MAX_BLOCK_BYTES)

    def certificate(self, registry: str, epoch: int) -> bytes:
        """See `EpochSource`."""
        return self._get(registry, certificate_name(epoch), MAX_CERTIFICATE_BYTES)

    def _get(self, registry: str, name: str, limit: int) -> bytes:
        url = f"{self._base or check_registry_uri(registry)}/{name}"
        try:
            return self._fetcher.get(url, accept=ACCEPT, max_bytes=limit, max_redirects=0).body
        except FetchError as err:
            raise StatusUnknownError("status_unavailable", f"{name} was not fetched ({err.code})") from err
