"""What epochs ask of the outside: where statements and rows come from, and where they are kept.

The operations of every store are atomic: each happens wholly or not at all,
whatever else runs at the same time in other threads and processes, and is
durable when it returns. The manager's own store stands in `ports_manager`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["EpochSource", "KeptRow", "RowStore", "SeenStatements", "StatementSource"]


class StatementSource(Protocol):
    """Where statements are told. Nothing that it returns is trusted.

    Each method raises StatusUnknownError `status_unavailable` when it cannot
    be had, and LimitExceededError when it is too large.
    """

    def latest(self, registry: str) -> str:
        """The newest statement: a compact JWS."""
        ...

    def statement(self, registry: str, epoch: int) -> str:
        """The statement of one epoch: a compact JWS."""
        ...


class EpochSource(StatementSource, Protocol):
    """Where a registry is published: statements, and what belongs to them."""

    def params(self, registry: str) -> bytes:
        """The parameters (`trustid.status.accumulator.Params`)."""
        ...

    def block(self, registry: str, epoch: int, number: int) -> bytes:
        """One block: its path in the hash tree, 32 bytes a level, then its rows, 48 bytes each."""
        ...

    def certificate(self, registry: str, epoch: int) -> bytes:
        """The quorum certificate of one epoch's statement (`trustid.keys.quorum`)."""
        ...


class SeenStatements(Protocol):
    """Which statements somebody has accepted. They are never forgotten: a rollback is seen by them."""

    def latest(self, registry: str) -> str | None:
        """The accepted statement of the highest epoch."""
        ...

    def statement(self, registry: str, epoch: int) -> str | None:
        """The accepted statement of one epoch."""
        ...

    def keep(self, registry: str, epoch: int, token: str) -> str:
        """Accept a statement; returns what is kept for this epoch, which is another's if that came first."""
        ...

    def params(self, registry: str) -> bytes | None:
        """The registry's parameters."""
        ...

    def keep_params(self, registry: str, params: bytes) -> None:
        """Keep parameters that were checked against a statement; they never change."""
        ...


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What a holder keeps of one slot. It names the slot to whoever has the rows: kept sealed.

    Attributes:
        epoch: The epoch of the row, or the one in which it was found revoked.
        row: The holder's row of this epoch, 48 bytes; None once the slot was revoked.
        fetched_at: When it was fetched, epoch seconds.
    """

    epoch: int
    row: bytes | None
    fetched_at: int

    @property
    def revoked(self) -> bool:
        """Whether the slot was revoked. That is final."""
        return self.row is None

    def replaced_by(self, other: KeptRow) -> bool:
        """Whether another row takes this one's place: a later one does, and nothing undoes a revocation."""
        return not self.revoked and other.epoch >= self.epoch


class RowStore(Protocol):
    """Where a holder keeps the rows of its slots, each under its place (`HeldSlot.place`)."""

    def row(self, registry: str, place: str) -> KeptRow | None:
        """What is kept of a slot."""
        ...

    def keep_row(self, registry: str, place: str, row: KeptRow) -> None:
        """Keep a row in the place of an older one; never in the place of a newer one or of a revocation."""
        ...
