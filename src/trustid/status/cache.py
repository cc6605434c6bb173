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

    def save(self, issuer: str, uri: str, stored: StoredList) -> str | None:
        """Keep this one from now on, unless one with a later `issued_at` is kept; returns its version, or None."""
        ...


class MemoryStatusCache:
    """A cache that lives and dies with the process."""

    def __init__(self) -> None:
        self._lists: OrderedDict[tuple[str, str], StoredList] = OrderedDict()
        self._versions: dict[tuple[str, str], str] = {}
        self._saves = 0
        self._lock = threading.Lock()

    def version(self, issuer: str, uri: str) -> str | None:
        """See `StatusCache`."""
        with self._lock:
            return self._versions.get((issuer, uri))

    def load(self, issuer: str, uri: str) -> StoredList | None:
        """See `StatusCache`."""
        with self._lock:
            return self._lists.get((issuer, uri))

    def save(self, issuer: str, uri: str, stored: StoredList) -> str | None:
        """See `StatusCache`."""
        place = (issuer, uri)
        with self._lock:
            kept = self._lists.get(place)
            if kept is not None and kept.issued_at > stored.issued_at:
                return None
            self._saves += 1
            self._lists[place] = stored
            self._lists.move_to_end(place)
            # A count, not times: two lists may be signed and fetched within one second.
            self._versions[place] = str(self._saves)
            if len(self._lists) > MEMORY_LISTS_MAX:
                dropped, _ = self._lists.popitem(last=False)
                del self._versions[dropped]
            return self._versions[place]
