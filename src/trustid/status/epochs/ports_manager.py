"""What the revocation manager asks of the outside: its store, and the issuers who hold tickets.

Each operation of the store is one atomic step. A step that depends on what was
read before names the `version` that it was read at, and does nothing when
another process came first: nobody holds a lock while thinking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = [
    "Batch",
    "BegunEpoch",
    "IssuerDesk",
    "PublishedEpoch",
    "RegistryStore",
    "RevocationRequests",
    "StoredRegistry",
    "TicketPool",
]


@dataclass(frozen=True, slots=True)
class BegunEpoch:
    """An epoch whose content is decided and which is not published yet.

    Attributes:
        epoch: Its number.
        issued_at: What its statement will say, epoch seconds.
        next_at: Likewise.
        token: The statement, once it was signed. From then on it is the only one.
    """

    epoch: int
    issued_at: int
    next_at: int
    token: str | None


@dataclass(frozen=True, slots=True)
class StoredRegistry:
    """A registry as it is kept.

    Attributes:
        uri: Its name.
        params: Its parameters.
        interval_seconds: How long an epoch lasts by plan.
        version: Counts the changes: slots given out, revocations asked for, epochs begun.
        joined: How many slots were ever given out.
        state: `Manager.state_bytes`, not for the public.
        begun: The epoch that is not published yet, or None.
    """

    uri: str
    params: bytes
    interval_seconds: int
    version: int
    joined: int
    state: bytes = field(repr=False)
    begun: BegunEpoch | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Slots that were given out together, to one issuer.

    Attributes:
        id: Numbers the batches, from 1; 0 before the store has given one.
        pool: The issuer's pool, by a name that stays when the pool moves.
        first: The number of its first slot, in the order of joining.
        count: How many.
    """

    id: int
    pool: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class PublishedEpoch:
    """An epoch as history tells it.

    Attributes:
        epoch: Its number.
        issued_at: When, epoch seconds.
        revoked: How many slots it revoked.
        token: Its statement.
        published: Whether it was published, or is still on its way.
    """

    epoch: int
    issued_at: int
    revoked: int
    token: str | None
    published: bool


class RegistryStore(Protocol):
    """Where one registry's state lives; every method is atomic and durable when it returns.

    An older copy of the state must not go on, it would give slots out twice: whoever fills this
    keeps beside the state what tells the two apart (`store_rolled_back`).
    """

    def create(self, registry: StoredRegistry) -> None:
        """Write a new registry.

        Raises:
            StoreError: `registry_exists`; `store_rolled_back`, there was one that is lost.
        """
        ...

    def registry(self) -> StoredRegistry | None:
        """The registry, or None before `create`.

        Raises:
            StoreError: `store_rolled_back`: this is an older copy of what was acknowledged here.
        """
        ...

    def save_join(self, version: int, batch: Batch, *, joined: int, state: bytes) -> Batch | None:
        """Note that slots were given out; returns the batch with its id, or None if the version is another one."""
        ...

    def undelivered(self, pool: str) -> Sequence[Batch]:
        """Batches whose tickets may not have reached this pool, in order."""
        ...

    def delivered(self, batch_id: int) -> None:
        """The tickets of a batch are in their pool."""
        ...

    def pool_of(self, number: int) -> str | None:
        """The pool that got the slot with this number in the order of joining; None if nobody did."""
        ...

    def locate_pool(self, name: str, location: str) -> None:
        """Note where a pool lies now."""
        ...

    def pools(self) -> Mapping[str, str]:
        """Where each pool lies, by its name."""
        ...

    def add_revocations(self, slots: Sequence[int], now: int) -> int:
        """Ask for revocations at the next epoch; returns how many were not asked for before. Never taken back."""
        ...

    def revocations(self, slots: Sequence[int]) -> Mapping[int, int | None]:
        """Of these slots those whose revocation was asked for, each with its epoch; None while it waits for one."""
        ...

    def waiting(self, limit: int) -> Sequence[int]:
        """Slots whose revocation was asked for and stands in no epoch, lowest first."""
        ...

    def count_waiting(self) -> int:
        """How many there are."""
        ...

    def begin_epoch(self, version: int, begun: BegunEpoch, slots: Sequence[int], *, state: bytes) -> bool:
        """Decide an epoch: what it revokes, and when.

        Args:
            version: At which the manager's state was read.
            begun: The epoch.
            slots: Everything that waits, up to the highest of them, as `waiting` gave it.
            state: The manager's state in the epoch.

        Returns:
            False if the version is another one, an epoch is begun, or more waits
            by now; then nothing was done.
        """
        ...

    def record_statement(self, epoch: int, token: str) -> str:
        """Keep the statement of the epoch that is begun; returns the one that counts, which is the first."""
        ...

    def finish_epoch(self, epoch: int) -> None:
        """The epoch is published."""
        ...

    def statement(self, epoch: int) -> str | None:
        """The statement of an epoch, published or signed."""
        ...

    def last_published(self) -> PublishedEpoch | None:
        """The highest epoch that is published."""
        ...

    def epochs(self, *, after: int, limit: int) -> Sequence[PublishedEpoch]:
        """Epochs above a number, lowest first."""
        ...

    def revoked_in(self, epoch: int) -> Sequence[int]:
        """The slots that an epoch revoked, lowest first."""
        ...


class TicketPool(Protocol):
    """An issuer's stock of slots."""

    def add_tickets(self, registry: str, tickets: Sequence[tuple[int, bytes]]) -> int:
        """Add pairs of slot and sealed handle; those already there are left alone. Returns how many were new."""
        ...

    def free_tickets(self, registry: str) -> int:
        """How many are left."""
        ...

    def known_slots(self, registry: str, slots: Sequence[int]) -> Sequence[int]:
        """Which of these slots it has ever got."""
        ...


class RevocationRequests(Protocol):
    """What an issuer's desk asked to be revoked: durable rows that a web worker wrote."""

    def requested_slots(self, registry: str) -> Sequence[int]:
        """Slots whose revocation was asked for and not done."""
        ...

    def slots_revoked(self, registry: str, slots: Sequence[int], epoch: int) -> None:
        """They are revoked as of this epoch; again changes nothing."""
        ...


class IssuerDesk(TicketPool, RevocationRequests, Protocol):
    """Both sides of an issuer's store that the manager's command sees."""
