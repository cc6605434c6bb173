"""What a set of lists asks of a store: counters, contents, signed lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Lease", "ListRecord", "ListSetStore", "NewPublication", "NewShard", "Rewrite", "Served"]


@dataclass(frozen=True, slots=True)
class NewShard:
    """A shard to begin when none has room.

    Attributes:
        seed: Names the shard's permutation; random.
        size: Places.
        lists: For each purpose the name of its list, random as well, and the bits of an entry.
    """

    seed: str
    size: int
    lists: Mapping[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Lease:
    """Numbers of one shard that nobody else gets.

    Attributes:
        seed: Names the shard's permutation.
        size: Places of the shard.
        names: For each purpose the name of the list.
        first: The first number.
        count: How many.
    """

    seed: str
    size: int
    names: Mapping[str, str]
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class ListRecord:
    """A list as it is kept.

    Attributes:
        name: Public.
        purpose: What it is for.
        bits: Bits of an entry.
        size: Entries.
        version: Counts its changes.
        content: Uncompressed, entry 0 in the lowest bits of byte 0.
        published_at: When it was last signed, epoch seconds; 0 for never.
        published_content: What was signed then, or None.
    """

    name: str
    purpose: str
    bits: int
    size: int
    version: int
    content: bytes
    published_at: int
    published_content: bytes | None


@dataclass(frozen=True, slots=True)
class NewPublication:
    """A list that was signed.

    Attributes:
        record: What was signed.
        issued_at: When.
        token: The signed list.
        changes: Signed changes by the digest of the list they start from.
    """

    record: ListRecord
    issued_at: int
    token: str
    changes: Mapping[bytes, str]


@dataclass(frozen=True, slots=True)
class Served:
    """A signed list as it is served.

    Attributes:
        token: The signed list, or None if it never was.
        issued_at: When.
        current: Whether nothing changed since.
    """

    token: str | None
    issued_at: int
    current: bool


Rewrite = Callable[[ListRecord], bytes]
"""From a list to its new content; runs under the store's lock, has no effects of its own."""


class ListSetStore(Protocol):
    """Where the lists live; every method is atomic and durable when it returns."""

    def lease(self, set_name: str, count: int, *, fresh: NewShard) -> Lease:
        """Up to `count` numbers of the set's newest shard; begins the fresh one where there is none, or it is full."""
        ...

    def record(self, set_name: str, name: str) -> ListRecord | None:
        """One list of the set with its content."""
        ...

    def served(self, set_name: str, name: str) -> Served | None:
        """One list of the set as it is served; reads no content."""
        ...

    def outdated(self, set_name: str, signed_before: int) -> Sequence[str]:
        """The lists that changed since they were signed, or were signed before this time."""
        ...

    def rewrite(self, set_name: str, rewrites: Mapping[str, Rewrite]) -> int:
        """Give lists a new content, all or none; returns how many changed.

        Raises:
            ProtocolError: `not_found`: a list that is not in the set.
        """
        ...

    def publish(self, publications: Sequence[NewPublication]) -> None:
        """Keep signed lists; one that is older than what is there is passed over."""
        ...

    def change(self, set_name: str, name: str, base: bytes) -> str | None:
        """The signed change that starts from the list with this digest."""
        ...
