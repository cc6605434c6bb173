"""Giving out places: leased in blocks, each exactly once.

A process takes a block of numbers in one durable step and gives them out from
memory. What it had left when it died is given to nobody: an unused entry looks
like that of a valid credential.
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Final

from trustid.keys.sealing import SealingKey
from trustid.status.allocation import IndexPermutation
from trustid.status.list_set.ports import ListSetStore, NewShard

__all__ = ["LEASE_MAX", "Place", "PlaceTaker"]

LEASE_MAX: Final = 1 << 16
"""Numbers that are taken at a time: what is in memory, and lost at most when a process dies."""

NAME_BYTES: Final = 16
OPEN_SHARDS: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a credential stands.

    Attributes:
        index: The same in each of its lists.
        names: For each purpose the name of the list.
    """

    index: int
    names: Mapping[str, str]


class PlaceTaker:
    """Gives out the places of a set.

    Args:
        store: Moves the counters.
        set_name: The set.
        key: Derives the permutation of each shard.
        size: Places of a new shard.
        purposes: For each purpose of the set the bits of an entry.
        block: How many numbers are leased at a time.
    """

    def __init__(
        self,
        store: ListSetStore,
        set_name: str,
        key: SealingKey,
        *,
        size: int,
        purposes: Mapping[str, int],
        block: int,
    ) -> None:
        self._store = store
        self._set_name = set_name
        self._size = size
        self._purposes = purposes
        self._block = block
        self._permutation = lru_cache(OPEN_SHARDS)(
            lambda seed, size: IndexPermutation(key.mac(f"{set_name}:{seed}:{size}".encode()), size)
        )
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = Lock()
        self._ready: deque[Place] = deque()

    def take(self, count: int) -> list[Place]:
        """Places that nobody else has or gets.

        Args:
            count: How many, from 1.

        Cost:
            About two microseconds each, and one durable write for each block.
        """
        if os.getpid() != self._process:
            # A fork copies the block: what is left of it is the parent's.
            self._begin()
        taken: list[Place] = []
        with self._lock:
            while len(taken) < count:
                if not self._ready:
                    self._lease(max(self._block, min(count - len(taken), LEASE_MAX)))
                taken.append(self._ready.popleft())
        return taken

    def _lease(self, count: int) -> None:
        lists = {purpose: (secrets.token_hex(NAME_BYTES), bits) for purpose, bits in self._purposes.items()}
        fresh = NewShard(secrets.token_hex(NAME_BYTES), self._size, lists)
        lease = self._store.lease(self._set_name, count, fresh=fresh)
        order = self._permutation(lease.seed, lease.size)
        numbers = range(lease.first, lease.first + lease.count)
        self._ready.extend(Place(index, lease.names) for index in order.indexes(numbers))
