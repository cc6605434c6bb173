"""What issuing W3C credentials asks of a store: places in Bitstring Status Lists, and what is set in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["TakenPlace", "VcListRecord", "VcStatusStore"]


@dataclass(frozen=True, slots=True)
class TakenPlace:
    """A place in a list that nobody else gets.

    Attributes:
        name: The list.
        size: How many entries it has.
        position: The value of its counter; a secret permutation makes an index of it.
    """

    name: str
    size: int
    position: int


@dataclass(frozen=True, slots=True)
class VcListRecord:
    """A list as it is kept.

    Attributes:
        issuer: Whose list it is.
        version: Counts the changes.
        signed: The list as last signed, or None.
        signed_version: Which version that was.
        signed_at: When, epoch seconds.
    """

    name: str
    issuer: str
    size: int
    version: int
    signed: str | None
    signed_version: int
    signed_at: int


class VcStatusStore(Protocol):
    """Where the lists live; every method is atomic and durable when it returns."""

    def take_place(self, issuer: str, *, new_name: str, size: int) -> TakenPlace:
        """The next place in the issuer's newest list; a new list where there is none, or it is full."""
        ...

    def vc_list(self, name: str) -> VcListRecord | None:
        """One list."""
        ...

    def set_indexes(self, name: str) -> tuple[int, Sequence[int]]:
        """The list's version and the indexes set at that version, read as one."""
        ...

    def set_index(self, name: str, index: int) -> bool:
        """Set an entry; again changes nothing. False if there is no such list."""
        ...

    def save_signed(self, name: str, *, version: int, signed: str, signed_at: int) -> None:
        """Keep a signed list, unless one for a newer version or a later time is there."""
        ...
