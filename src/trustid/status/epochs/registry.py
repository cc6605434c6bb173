"""The registry of a revocation manager: who joins, who goes, and what each epoch says.

Everything is decided in the store, in single steps, before anything shows
outside: slots are noted as given out before a ticket leaves, an epoch's content
before a row of it is made, a statement before it is published. So whoever
repeats a command after a crash finishes what was begun, with the same bytes:
no slot is given out twice, and no epoch has two values.

The engine holds the manager's secret: it runs in the manager's own command,
never in a web worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trustid.encoding import sha256
from trustid.errors import AccumulatorStateError, InternalError, MalformedError, StoreError
from trustid.keys import PublicKey, SigningKey
from trustid.status.accumulator import Manager, encode_slots
from trustid.status.epochs.joining import Joining, is_member
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.ports_manager import (
    BegunEpoch,
    IssuerDesk,
    PublishedEpoch,
    RegistryStore,
    StoredRegistry,
    TicketPool,
)
from trustid.status.epochs.replaying import epochs_of, replay, stored_registry
from trustid.status.epochs.statement import (
    EpochStatement,
    SignedStatement,
    UncheckedStatement,
    check_registry_uri,
    keys_by_thumbprint,
    read_statement,
    sign_statement,
)

__all__ = ["EPOCH_REVOCATIONS_MAX", "Registry", "RegistryStatus"]

EPOCH_REVOCATIONS_MAX: Final = 1 << 22
"""Revocations of one epoch; more wait for the next."""

DAY_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class RegistryStatus:
    """How a registry stands.

    Attributes:
        uri: Its name.
        capacity: How many slots it has.
        joined: How many were given out.
        members: How many of them are not revoked.
        waiting: Revocations for the next epoch.
        epoch: The number of the last epoch that was published, or None.
        begun: The epoch that was begun and is not published, or None.
    """

    uri: str
    capacity: int
    joined: int
    members: int
    waiting: int
    epoch: int | None
    begun: int | None


class Registry:
    """One registry, opened by its manager.

    Args:
        store: Its state.
        keys: Its secrets.
        clock: Epoch seconds.

    Raises:
        StoreError: `registry_missing`; `store_rolled_back`; `store_tampered`:
            state and secrets do not belong together.
        KeystoreError: `key_missing`: the keystore is older than the last
            handover of the statements' key.
    """

    def __init__(self, store: RegistryStore, keys: ManagerKeys, *, clock: Callable[[], int]) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        if bytes(keys.params) != self._stored().params:
            raise StoreError("store_tampered", "expected the keystore of this registry")
        newest = store.last_published()
        if newest is not None and newest.token is not None:
            keys.signing_key(UncheckedStatement(newest.token, self.uri).kid)

    @classmethod
    def create(
        cls,
        store: RegistryStore,
        keys: ManagerKeys,
        *,
        clock: Callable[[], int],
        interval_seconds: int = DAY_SECONDS,
    ) -> Registry:
        """Make a registry; epoch 0 is begun, and published by the first `publish`.

        Raises:
            StoreError: `registry_exists`.
            MalformedError: `malformed`: its name is no URI, or epochs have no length.
        """
        uri = check_registry_uri(keys.params.registry.decode("ascii"))
        if interval_seconds < 1:
            raise MalformedError("malformed", "expected epochs of a second or more")
        now = clock()
        store.create(
            StoredRegistry(
                uri=uri,
                params=bytes(keys.params),
                interval_seconds=interval_seconds,
                version=0,
                joined=0,
                state=keys.first_state,
                begun=BegunEpoch(0, now, now + interval_seconds, None),
            )
        )
        return cls(store, keys, clock=clock)

    @property
    def uri(self) -> str:
        """The registry's name."""
        return self._stored().uri

    @property
    def params(self) -> bytes:
        """The registry's parameters."""
        return bytes(self._keys.params)

    @property
    def statement_key(self) -> PublicKey:
        """The public key that checks its newest published statement; the first key before there is one."""
        last = self.last_published()
        newest = None if last is None else self.statement(last.epoch)
        if newest is None or newest.signer is None:
            return self._keys.signing_keys[0].public_key
        return self._keys.signing_key(newest.signer).public_key

    @property
    def statement_keys(self) -> tuple[PublicKey, ...]:
        """Every key that ever signed its statements, and those that are to, the first one first."""
        return tuple(key.public_key for key in self._keys.signing_keys)

    @property
    def successor(self) -> PublicKey | None:
        """The key that is made and has not signed a published statement yet; None where there is none."""
        signer = self._keys.signing_key(self.statement_key.thumbprint())
        successor = self._keys.successor_of(signer)
        return None if successor is None else successor.public_key

    def status(self) -> RegistryStatus:
        """How the registry stands."""
        stored = self._stored()
        manager = self._manager(stored)
        last = self.last_published()
        return RegistryStatus(
            uri=stored.uri,
            capacity=self._keys.params.capacity,
            joined=stored.joined,
            members=manager.members,
            waiting=self._store.count_waiting(),
            epoch=None if last is None else last.epoch,
            begun=None if stored.begun is None else stored.begun.epoch,
        )

    def join(
        self,
        pool_name: str,
        pool: TicketPool,
        ticket_key: bytes,
        count: int,
        *,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> int:
        """Give slots to an issuer, as sealed tickets; each slot once, for good.

        Tickets that a call which died had noted and not delivered come first,
        and count.

        Args:
            pool_name: The pool's name in this registry's store.
            pool: The pool.
            ticket_key: The issuer's key, 32 bytes.
            count: How many tickets.
            progress: Called with "tickets", how many are done, and `count`.

        Returns:
            How many tickets are new in the pool: `count`, or more if more were owed.

        Raises:
            AccumulatorStateError: `registry_full`: fewer slots are left; none is given out.
            StoreError: `store_rolled_back`: the pool has slots that were never given out.
            MalformedError: `malformed`, `key_invalid`.
        """
        return Joining(self._store, self._keys).join(pool_name, pool, ticket_key, count, progress=progress)

    def revoke(self, slots: Sequence[int]) -> int:
        """Revoke slots as of the next epoch, for good. Again changes nothing.

        Returns:
            How many were not asked for before.

        Raises:
            AccumulatorStateError: `not_member`: a slot was never given out; then none is revoked.
        """
        known = self._store.revocations(slots)
        manager = self._manager(self._stored())
        fresh = [slot for slot in dict.fromkeys(slots) if slot not in known]
        for slot in fresh:
            _check_member(manager, slot)
        return self._store.add_revocations(fresh, self._clock())

    def collect(self, pool_name: str, desk: IssuerDesk) -> tuple[int, Sequence[int]]:
        """Take over what an issuer's desk asked to be revoked.

        An issuer may revoke the slots that its own pool got: a registry serves
        several, and none takes away what another gave.

        Args:
            pool_name: The name under which the desk's pool got its tickets.
            desk: The desk.

        Returns:
            How many revocations are new, and the slots that are not the desk's to revoke.
        """
        asked = desk.requested_slots(self._stored().uri)
        known = self._store.revocations(asked)
        fresh = [slot for slot in dict.fromkeys(asked) if slot not in known]
        own = [slot for slot in fresh if self._pool_of(slot) == pool_name]
        new = self._store.add_revocations(own, self._clock())
        return new, sorted(set(fresh).difference(own))

    def settle(self, desk: IssuerDesk) -> None:
        """Tell an issuer's desk which of its requests are published, and in which epoch."""
        uri, last = self._stored().uri, self.last_published()
        done: dict[int, list[int]] = {}
        for slot, epoch in self._store.revocations(desk.requested_slots(uri)).items():
            if epoch is not None and last is not None and epoch <= last.epoch:
                done.setdefault(epoch, []).append(slot)
        for epoch, slots in done.items():
            desk.slots_revoked(uri, slots, epoch)

    def begin(self, *, threads: int = 1) -> tuple[BegunEpoch, Manager]:
        """Decide the next epoch, or take up the one that is begun.

        Revocations asked for until now belong to it; without any, it has the
        value of the epoch before.

        Args:
            threads: How many compute the next value.

        Returns:
            The epoch, and the manager in its state, to make the rows.
        """
        while True:
            stored = self._stored()
            manager = self._manager(stored)
            next_epoch = manager.accumulator.epoch + 1 if stored.begun is None else stored.begun.epoch
            self._signing_key(next_epoch)  # refuses before minutes of work, not after them
            if stored.begun is not None:
                return stored.begun, manager
            slots = self._store.waiting(EPOCH_REVOCATIONS_MAX)
            gone = encode_slots(slots)
            accumulator = manager.revoke_encoded(gone, threads=threads) if slots else manager.advance()
            # Time goes forward in the chain, whatever a clock does.
            issued_at = max(self._clock(), self._before(accumulator.epoch).statement.issued_at + 1)
            begun = BegunEpoch(accumulator.epoch, issued_at, issued_at + stored.interval_seconds, None)
            if self._store.begin_epoch(stored.version, begun, slots, state=manager.state_bytes()):
                return begun, manager

    def sign(self, begun: BegunEpoch, manager: Manager, rows_root: bytes) -> SignedStatement:
        """Sign the epoch that is begun, once: the first statement that was kept is the one that counts.

        Raises:
            StoreError: `store_tampered`: another statement is kept for the epoch.
        """
        before = self._before(begun.epoch) if begun.epoch else None
        key = self._signing_key(begun.epoch)
        statement = EpochStatement(
            registry=self.uri,
            accumulator=manager.accumulator,
            rows_root=rows_root,
            params_digest=sha256(self.params),
            previous=None if before is None else before.hash,
            issued_at=begun.issued_at,
            next_at=begun.next_at,
            handover=None if before is None else before.handover_after,
            successor=self._successor(begun.epoch, key),
        )
        signed = sign_statement(statement, key)
        kept = self.read(self._store.record_statement(begun.epoch, signed.token))
        if kept.hash != signed.hash:
            raise StoreError("store_tampered", f"another statement for epoch {begun.epoch} is kept")
        return kept

    def finish(self, epoch: int) -> None:
        """The epoch is published."""
        self._store.finish_epoch(epoch)

    def read(self, token: str) -> SignedStatement:
        """Read a statement of this registry.

        Raises:
            As `read_statement`.
        """
        keys = keys_by_thumbprint(*self.statement_keys)
        return read_statement(token, keys, registry=self.uri)

    def statement(self, epoch: int) -> SignedStatement | None:
        """The statement that was signed for an epoch, published or not."""
        token = self._store.statement(epoch)
        return None if token is None else self.read(token)

    def history(self) -> Iterator[PublishedEpoch]:
        """Every epoch, from 0."""
        return epochs_of(self._store)

    def last_published(self) -> PublishedEpoch | None:
        """The last epoch that was published."""
        return self._store.last_published()

    def replay(self) -> None:
        """Compute every epoch again and hold it against its statement; see `replaying`."""
        replay(self._store, self._keys, self.read)

    def _stored(self) -> StoredRegistry:
        return stored_registry(self._store)

    def _manager(self, stored: StoredRegistry) -> Manager:
        return self._keys.manager(stored.state)

    def _before(self, epoch: int) -> SignedStatement:
        signed = self.statement(epoch - 1)
        if signed is None:
            raise InternalError("internal_error", f"expected the statement of epoch {epoch - 1}")
        return signed

    def _signing_key(self, epoch: int) -> SigningKey:
        """The key that signs an epoch: that of the epoch before, or the one that it was handed over to."""
        if epoch == 0:
            return self._keys.signing_keys[0]
        return self._keys.signing_key(self._before(epoch).signer_after)

    def _successor(self, epoch: int, key: SigningKey) -> PublicKey | None:
        """Whom the statement of an epoch names: what was signed before a crash stays as it was signed."""
        kept = self.statement(epoch)
        if kept is not None:
            return kept.statement.successor
        successor = self._keys.successor_of(key)
        return None if successor is None else successor.public_key

    def _pool_of(self, slot: int) -> str | None:
        order = self._keys.order
        return self._store.pool_of(order.counter(slot)) if 0 <= slot < order.size else None


def _check_member(manager: Manager, slot: int) -> None:
    if not is_member(manager, slot):
        raise AccumulatorStateError("not_member", f"slot {slot} was never given out")
