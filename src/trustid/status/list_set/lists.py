"""A set of status lists: places given out, entries changed, lists signed and served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from trustid.errors import ProtocolError
from trustid.keys.sealing import SealingKey
from trustid.status.bitstring import MIN_ENTRIES
from trustid.status.list_change import list_digest
from trustid.status.list_set.changing import Act, rewriting
from trustid.status.list_set.places import LEASE_MAX, Place, PlaceTaker
from trustid.status.list_set.ports import ListRecord, ListSetStore, NewPublication, Served
from trustid.status.list_set.signing import ListKind
from trustid.status.position_coding import MAX_POSITIONS

__all__ = ["NAME_MAX", "SHARD_SIZE", "ListSet", "PublishedLists"]

SHARD_SIZE: Final = 1 << 20
"""Places of a shard: a hundred million credentials stand in 96 of them, each among a million."""

LEASE_BLOCK: Final = 1024
PUBLISHED_AT_ONCE: Final = 16
"""Lists that are held in memory while they are signed, and kept in one write."""
NAME_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class PublishedLists:
    """What a publication did.

    Attributes:
        lists: How many were signed.
        bytes: Length of their signed forms.
        change_bytes: Length of the signed changes that lead there.
    """

    lists: int
    bytes: int
    change_bytes: int


class ListSet:
    """The lists of one issuer and one kind.

    Args:
        name: Names the set in the store.
        kind: How its lists are signed.
        store: Where they live.
        key: Derives the order of places; secret, and the same for good.
        clock: Epoch seconds.
        shard_size: Places of a new shard, 131,072 to 1,048,576, whole bytes.
        lease_block: How many numbers a process leases at a time, and loses at most when it dies.

    Raises:
        ValueError: A shard would be too small to hide in, or too large to follow by its changes.
    """

    def __init__(
        self,
        name: str,
        *,
        kind: ListKind,
        store: ListSetStore,
        key: SealingKey,
        clock: Callable[[], int],
        shard_size: int = SHARD_SIZE,
        lease_block: int = LEASE_BLOCK,
    ) -> None:
        if not MIN_ENTRIES <= shard_size <= MAX_POSITIONS or shard_size % 8:
            raise ValueError(f"expected shards of {MIN_ENTRIES} to {MAX_POSITIONS} places, in eights")
        if not 0 < lease_block <= LEASE_MAX:
            raise ValueError(f"expected to lease 1 to {LEASE_MAX} numbers at a time")
        self.name = name
        self._kind = kind
        self._store = store
        self._clock = clock
        self._places = PlaceTaker(
            store, name, key, size=shard_size, purposes=kind.purposes, block=lease_block
        )

    def take(self) -> Place:
        """A place that no other credential has or gets."""
        return self._places.take(1)[0]

    def take_many(self, count: int) -> list[Place]:
        """Several of them."""
        return self._places.take(count)

    def revoke(self, entries: Iterable[tuple[str, int]]) -> int:
        """Revoke credentials, for good; again changes nothing.

        Args:
            entries: Name of a list and index in it, any number of them.

        Returns:
            How many lists changed.

        Raises:
            ProtocolError: `not_found`: a list that is not in the set.
            StatusUnknownError: `status_range`, `status_purpose_mismatch`.
            In either case nothing was changed.

        Cost:
            Some tenths of a microsecond for each, a few milliseconds for each list.
        """
        return self._change(Act.REVOKE, entries)

    def suspend(self, entries: Iterable[tuple[str, int]]) -> int:
        """Suspend credentials; see `revoke`. A revoked one stays revoked."""
        return self._change(Act.SUSPEND, entries)

    def resume(self, entries: Iterable[tuple[str, int]]) -> int:
        """End suspensions; see `revoke`.

        Raises:
            ProtocolError: `revocation_final`: one of them is revoked.
        """
        return self._change(Act.RESUME, entries)

    def _change(self, act: Act, entries: Iterable[tuple[str, int]]) -> int:
        chosen: defaultdict[str, list[int]] = defaultdict(list)
        for name, index in entries:
            chosen[name].append(index)
        return self._store.rewrite(
            self.name, {name: rewriting(act, indexes) for name, indexes in chosen.items()}
        )

    def holds(self, name: str) -> bool:
        """Whether a list of this name is in the set."""
        return 0 < len(name) <= NAME_MAX and self._store.served(self.name, name) is not None

    def serve(self, name: str) -> Served:
        """The signed list with this name, true to the store.

        Raises:
            ProtocolError: `not_found`.

        Cost:
            One read; a few milliseconds more when something changed.
        """
        served = self._store.served(self.name, name) if 0 < len(name) <= NAME_MAX else None
        if served is None:
            raise ProtocolError("not_found", "expected the name of a status list")
        if served.token is not None and served.current and served.issued_at >= self._signed_before():
            return served
        publication = self._sign(self._record(name), self._clock())
        self._store.publish([publication])
        return Served(publication.token, publication.issued_at, True)

    def change(self, name: str, base: bytes) -> str:
        """The signed change that starts from the list with this digest.

        Raises:
            ProtocolError: `not_found`: fetch the whole list.
        """
        if 0 < len(name) <= NAME_MAX:
            self.serve(name)
            token = self._store.change(self.name, name, base)
            if token is not None:
                return token
        raise ProtocolError("not_found", "expected the digest of a list that is not long out of date")

    def publish(self, *, threads: int = 1) -> PublishedLists:
        """Sign every list that changed, or whose signature has lived half its life.

        Args:
            threads: Compressing and hashing let other threads run.

        Cost:
            About two milliseconds for each list of a million entries; memory
            for sixteen lists.
        """
        outdated = self._store.outdated(self.name, self._signed_before())
        now = self._clock()
        sizes = change_sizes = 0
        with ThreadPoolExecutor(threads) as pool:
            for start in range(0, len(outdated), PUBLISHED_AT_ONCE):
                records = [self._record(name) for name in outdated[start : start + PUBLISHED_AT_ONCE]]
                publications = list(pool.map(lambda record: self._sign(record, now), records))
                self._store.publish(publications)
                sizes += sum(len(new.token) for new in publications)
                change_sizes += sum(len(text) for new in publications for text in new.changes.values())
        return PublishedLists(len(outdated), sizes, change_sizes)

    def _signed_before(self) -> int:
        return self._clock() - self._kind.lifetime_seconds // 2

    def _record(self, name: str) -> ListRecord:
        record = self._store.record(self.name, name)
        if record is None:
            raise ProtocolError("not_found", "expected the name of a status list")
        return record

    def _sign(self, record: ListRecord, now: int) -> NewPublication:
        # Verifiers refuse a list older than one seen before, so its date never goes back with the clock.
        issued_at = max(now, record.published_at)
        bases: Sequence[bytes] = [record.content]
        if record.published_content is not None and record.published_content != record.content:
            bases = [record.published_content, record.content]
        changes = {
            list_digest(before, record.bits): self._kind.sign_change(record, before, issued_at)
            for before in bases
        }
        return NewPublication(record, issued_at, self._kind.sign(record, issued_at), changes)
