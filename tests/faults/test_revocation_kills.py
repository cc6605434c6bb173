"""Kill -9 in join, revoke and publish: nothing is lost, nothing is given out or decided twice.

Six stretches of each operation, and moments in each (`make faults` dies in
twenty): before and after every call that touches the disk. After each death the operation is repeated, as an
operator does it, and everything is looked at; then the next try goes on from
there, so that deaths come on top of each other.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.dying import Moments, in_child
from registry_under_test import TICKET_KEY, URI, Clock, World, manager_keys, memory_folder, trusting
from trustid.status.accumulator import BLOCK_ROWS
from trustid.status.epochs.checking import check_published
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import Registry
from trustid.stores.sqlite_revocation import SqliteRegistryStore
from trustid.stores.sqlite_tickets import SqliteTicketStore

CAPACITY = BLOCK_ROWS + 50
"""Two blocks, and room for what all tries take."""
STRETCHES = 6
TRIES = int(os.environ.get("TRUSTID_KILLS", "3"))

pytestmark = pytest.mark.timeout(60 * TRIES)


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory: a kill loses nothing that was written, so a disk adds only time."""
    yield from memory_folder()


class Manager:
    """What the command does, over stores that are opened anew each time, as by a new process."""

    def __init__(self, folder: Path, kind: str = "Ed25519") -> None:
        self.folder = folder
        self.keys = manager_keys(CAPACITY, kind=kind)
        self.clock = Clock()
        Registry.create(self.store, self.keys, clock=self.clock)
        self.tokens: dict[int, str] = {}

    @property
    def store(self) -> SqliteRegistryStore:
        return SqliteRegistryStore(self.folder / "registry.db")

    @property
    def desk(self) -> SqliteTicketStore:
        return SqliteTicketStore(self.folder / "issuer.db")

    @property
    def registry(self) -> Registry:
        return Registry(self.store, self.keys, clock=self.clock)

    @property
    def world(self) -> World:
        return World(
            self.keys,
            self.store,
            self.registry,
            self.folder / "published",
            self.clock,
            self.desk,  # type: ignore[arg-type]
        )

    def hand_over(self) -> None:
        """Another key for statements, unless one waits for its first epoch already."""
        if self.registry.successor is None:
            world = self.world
            world.hand_over("Ed25519" if len(self.keys.signing_keys) % 2 else "P-256")
            self.keys = world.keys

    def slots(self) -> list[int]:
        return [row["slot"] for row in self.desk.query("SELECT slot FROM ticket ORDER BY id")]

    def members(self) -> list[int]:
        known = self.store.revocations(self.slots())
        return [slot for slot in self.slots() if slot not in known]

    def join(self) -> None:
        self.registry.join("desk", self.desk, TICKET_KEY.public_key, 3)

    def revoke(self) -> None:
        self.registry.revoke(self.members()[:2])

    def publish(self, moments: Moments | None = None) -> None:
        registry, desk = self.registry, self.desk
        registry.collect("desk", desk)
        publisher = Publisher(registry, self.folder / "published")
        publisher.publish(progress=None if moments is None else lambda *_: moments.pass_by())
        registry.settle(desk)

    def ask(self) -> int:
        """A desk's worker asks for a revocation."""
        slot = self.members()[0]
        with self.desk.transaction() as work:
            work.execute(
                "INSERT INTO issuance (id, configuration_id, state, sealed, link_hash, attempts_left, created_at)"
                " VALUES (?, 'vaccination', 'revoked', x'00', ?, 0, 1)",
                (str(slot), slot.to_bytes(8, "big")),
            )
            work.execute(
                "UPDATE ticket SET issuance_id = ?, requested_at = 1 WHERE slot = ?", (str(slot), slot)
            )
        return slot


def deaths(work: Callable[[Moments], None], stretch: int, seed: str) -> Iterator[bool]:
    """Tries at moments of one stretch; says each time whether the child died."""
    count = in_child(work)
    assert count is not None
    assert count > STRETCHES
    first, end = count * stretch // STRETCHES, count * (stretch + 1) // STRETCHES
    chosen = random.Random(f"{seed} {stretch}")
    for _ in range(TRIES):
        yield in_child(work, deadly=chosen.randrange(first, end)) is None


@pytest.mark.parametrize("stretch", range(STRETCHES))
def test_join(folder: Path, stretch: int) -> None:
    manager = Manager(folder)
    manager.join()
    killed = 0
    for died in deaths(lambda _: manager.join(), stretch, "join"):
        killed += died
        before = len(manager.slots())
        manager.join()
        slots, joined = manager.slots(), manager.registry.status().joined
        assert len(slots) == len(set(slots)) == joined
        assert before <= joined <= before + 3  # what was owed comes first, and counts
        assert set(slots) == {manager.keys.order.index(number) for number in range(joined)}
        assert manager.store.undelivered("desk") == []
    assert killed == TRIES


@pytest.mark.parametrize("stretch", range(STRETCHES))
def test_revoke(folder: Path, stretch: int) -> None:
    manager = Manager(folder)
    manager.registry.join("desk", manager.desk, TICKET_KEY.public_key, 4 * TRIES + 20)
    manager.revoke()
    killed, gone = 0, set[int]()
    for died in deaths(lambda _: manager.revoke(), stretch, "revoke"):
        killed += died
        known = set(manager.store.revocations(manager.slots()))
        assert gone <= known
        assert len(known) % 2 == 0, "both or none"
        acknowledged = manager.members()[:2]
        manager.revoke()
        gone = set(manager.store.revocations(manager.slots()))
        assert gone == known | set(acknowledged)
    assert killed == TRIES
    manager.publish()  # epoch 0, begun before anybody was revoked
    manager.publish()
    assert set(manager.store.revoked_in(1)) == gone


@pytest.mark.parametrize("stretch", range(STRETCHES))
def test_publish(folder: Path, stretch: int) -> None:
    # ECDSA signs differently each time: a statement that is made again must still be the first one.
    manager = Manager(folder, "P-256" if stretch % 2 else "Ed25519")
    manager.registry.join("desk", manager.desk, TICKET_KEY.public_key, TRIES + 3)
    manager.publish()
    killed = 0
    for died in deaths(manager.publish, stretch, "publish"):
        killed += died
        _look_as_a_stranger(manager)
        asked = manager.ask()
        manager.clock.now += 60
        manager.hand_over()
        manager.publish()
        if manager.store.revocations([asked])[asked] is None or manager.desk.requested_slots(URI):
            manager.publish()  # what was begun before it was asked went first
        assert manager.desk.requested_slots(URI) == []
        _look_as_a_stranger(manager)
    assert killed == TRIES
    manager.registry.replay()


def _look_as_a_stranger(manager: Manager) -> None:
    """Whatever is published holds together from the first key on, and no epoch ever shows a second statement."""
    world = manager.world
    found = check_published(trusting(manager.keys.signing_keys[0]), world.source, clock=manager.clock)
    for epoch in range(found.newest.epoch + 1):
        token = world.source.statement(URI, epoch)
        assert manager.tokens.setdefault(epoch, token) == token
    for one in world.registry.history():
        if one.token is not None:
            assert manager.tokens.setdefault(one.epoch, one.token) == one.token
    for place in (world.folder / "epochs").glob(".*/statement"):
        # On its way to being published: what was kept first, perhaps cut off.
        assert manager.tokens[int(place.parent.name[1:])].startswith(place.read_text())
    stored = world.store.registry()
    assert stored is not None
    if stored.begun is None:
        accumulator = manager.keys.manager(stored.state).accumulator
        assert found.newest.statement.accumulator == accumulator
