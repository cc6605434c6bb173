"""A registry as it is kept, its past epoch by epoch, and computing that again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from trustid.errors import StoreError
from trustid.status.accumulator import encode_slots
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.ports_manager import PublishedEpoch, RegistryStore, StoredRegistry
from trustid.status.epochs.statement import SignedStatement

__all__ = ["epochs_of", "replay", "stored_registry"]

HISTORY_PAGE: Final = 1000
ACCUMULATOR_BYTES: Final = 56
LENGTH_BYTES: Final = 8


def stored_registry(store: RegistryStore) -> StoredRegistry:
    """The registry as it is kept.

    Raises:
        StoreError: `registry_missing`; as `RegistryStore.registry`.
    """
    stored = store.registry()
    if stored is None:
        raise StoreError("registry_missing", "expected a registry in the store")
    return stored


def epochs_of(store: RegistryStore) -> Iterator[PublishedEpoch]:
    """Every epoch, from 0."""
    after = -1
    while page := store.epochs(after=after, limit=HISTORY_PAGE):
        yield from page
        after = page[-1].epoch


def replay(store: RegistryStore, keys: ManagerKeys, read: Callable[[str], SignedStatement]) -> None:
    """Compute every epoch again, from the first value and the slots that each revoked.

    Args:
        store: The registry's state.
        keys: Its secrets.
        read: Reads a statement of it.

    Raises:
        StoreError: `store_tampered`: a statement says otherwise, or another
            number of slots was given out than are taken; `registry_missing`.

    Cost:
        As revoking everything again.
    """
    stored = stored_registry(store)
    # The state of a registry that all have joined and nobody left: the first value, today's map of taken slots.
    taken = stored.state[ACCUMULATOR_BYTES:]
    length = int.from_bytes(taken[:LENGTH_BYTES], "big")
    manager = keys.manager(keys.first_state[:ACCUMULATOR_BYTES] + taken[: LENGTH_BYTES + length])
    if manager.members != stored.joined:
        raise StoreError(
            "store_tampered", f"{stored.joined} slots were given out, {manager.members} are taken"
        )
    for epoch in epochs_of(store):
        if epoch.epoch > 0:
            slots = store.revoked_in(epoch.epoch)
            _ = manager.revoke_encoded(encode_slots(slots)) if slots else manager.advance()
        if epoch.token is not None and read(epoch.token).statement.accumulator != manager.accumulator:
            raise StoreError("store_tampered", f"epoch {epoch.epoch} does not follow from what was revoked")
