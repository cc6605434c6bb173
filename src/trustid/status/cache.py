"""Where status lists are kept between two fetches."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

__all__ = ["MEMORY_LISTS_MAX", "MemoryStatusCache", "StatusCache", "StoredList"]

MEMORY_LISTS_MAX = 1024
"""How many entries a table in memory has: an issuer may name as many addresses as it likes."""


@dataclass(frozen=True, slots=True)
class StoredList:
    """A list as it is kept.

    Attributes:
        token: The signed token; verified again by whoever loads it.
        issued_at: Its `iat`; a list with an earlier one never replaces it.
        fetched_at: When it was fetched.
        fresh_until: Until then it is used without asking again.
    """

    token: str
    issued_at: int
    fetched_at: int
    fresh_until: int


class StatusCache(Protocol):
    """Where lists are kept. Lists are kept by issuer and address: the same
    address named by another issuer's credential is another entry."""

    def version(self, issuer: str, uri: str) -> str | None:
        """A short text that changes with each `save`; None when nothing is kept. Cheap."""
        ...

    def load(self, issuer: str, uri: str) -> StoredList | None:
        """What is kept."""
        ...

    def save(self, issuer: str, uri: str, stored: StoredList) -> None:
        """Keep this one from now on, unless one with a later `issued_at` is kept."""
        ...


class MemoryStatusCache:
    """A cache that lives and dies with the process."""

    def __init__(self) -> None:
        self._lists: OrderedDict[tuple[str, str], StoredList] = OrderedDict()
        self._lock = threading.Lock()

    def version(self, issuer: str, uri: str) -> str | None:
        """See `StatusCache`."""
        stored = self.load(issuer, uri)
        return None if stored is None else f"{stored.issued_at}.{stored.fetched_at}.{stored.fresh_until}"

    def load(self, issuer: str, uri: str) -> StoredList | None:
        """See `StatusCache`."""
        with self._lock:
            return self._lists.get((issuer, uri))

    def save(self, issuer: str, uri: str, stored: StoredList) -> None:
        """See `StatusCache`."""
        with self._lock:
            kept = self._lists.get((issuer, uri))
            if kept is None or kept.issued_at <= stored.issued_at:
                self._lists[issuer, uri] = stored
                self._lists.move_to_end((issuer, uri))
                if len(self._lists) > MEMORY_LISTS_MAX:
                    self._lists.popitem(last=False)
