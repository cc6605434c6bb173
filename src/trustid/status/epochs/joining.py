"""Slots are given to issuers, as sealed tickets: each once, for good.

A batch is noted as given out before a ticket of it leaves. What a call that
died had noted and not delivered is delivered by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trustid.errors import AccumulatorStateError, MalformedError, StoreError
from trustid.keys.sealing import seal_to
from trustid.status.accumulator import Manager
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.ports_manager import Batch, RegistryStore, StoredRegistry, TicketPool
from trustid.status.epochs.replaying import stored_registry
from trustid.status.tickets import seal_ticket

__all__ = ["BATCH_TICKETS", "Joining", "is_member"]

BATCH_TICKETS: Final = 50_000
"""Slots that are noted in one step; each step writes the map of taken slots anew."""


class Joining:
    """Gives out the slots of one registry.

    Args:
        store: The registry's state.
        keys: Its secrets.
    """

    def __init__(self, store: RegistryStore, keys: ManagerKeys) -> None:
        self._store = store
        self._keys = keys

    def join(
        self,
        pool_name: str,
        pool: TicketPool,
        ticket_key: bytes,
        count: int,
        *,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> int:
        """See `Registry.join`."""
        if count < 1:
            raise MalformedError("malformed", "expected a number of tickets above zero")
        seal_to(ticket_key, b"", b"")  # a key that is none must not cost a slot
        done = sum(self._deliver(batch, pool, ticket_key) for batch in self._store.undelivered(pool_name))
        self._check_free(stored_registry(self._store), count - done)
        while done < count:
            batch = self._take(pool_name, pool, min(count - done, BATCH_TICKETS))
            self._deliver(batch, pool, ticket_key)
            done += batch.count
            if progress is not None:
                progress("tickets", done, count)
        return done

    def _check_free(self, stored: StoredRegistry, count: int) -> None:
        free = self._keys.params.capacity - stored.joined
        if free < count:
            raise AccumulatorStateError("registry_full", f"expected {count:,} free slots, found {free:,}")

    def _take(self, pool_name: str, pool: TicketPool, count: int) -> Batch:
        """Note the next slots as given out. Of processes that try at once one comes first, the others try again."""
        while True:
            stored = stored_registry(self._store)
            manager = self._keys.manager(stored.state)
            self._check_free(stored, count)
            batch = Batch(0, pool_name, stored.joined, count)
            slots = self._slots(batch)
            for slot in slots:
                manager.take(slot)
            # What the pool has and this store does not know of, a newer copy of the store gave out.
            if pool.known_slots(stored.uri, slots):
                raise StoreError("store_rolled_back", "the issuer has slots that were never given out here")
            joined, state = stored.joined + count, manager.state_bytes()
            saved = self._store.save_join(stored.version, batch, joined=joined, state=state)
            if saved is not None:
                return saved

    def _deliver(self, batch: Batch, pool: TicketPool, ticket_key: bytes) -> int:
        stored = stored_registry(self._store)
        manager = self._keys.manager(stored.state)
        tickets = [
            (slot, seal_ticket(ticket_key, stored.uri, slot, manager.member(slot)))
            for slot in self._slots(batch)
            # What was revoked before anybody had it is nobody's loss.
            if is_member(manager, slot)
        ]
        pool.add_tickets(stored.uri, tickets)
        self._store.delivered(batch.id)
        return batch.count

    def _slots(self, batch: Batch) -> list[int]:
        return self._keys.order.indexes(range(batch.first, batch.first + batch.count))


def is_member(manager: Manager, slot: int) -> bool:
    """Whether a slot was given out and is not revoked."""
    try:
        manager.member(slot)
    except (AccumulatorStateError, OverflowError):
        return False
    return True
