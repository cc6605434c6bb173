"""The manager's registry: joining once, revoking for good, publishing whole epochs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from refusing import refused
from registry_under_test import (
    DAY,
    START,
    TICKET_KEY,
    URI,
    Clock,
    Desk,
    World,
    manager_keys,
    world,
)
from trustid.keys.keystore import Keystore
from trustid.status.epochs.holding import HolderKeeping
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import Registry
from trustid.status.membership import Witness
from trustid.stores.sqlite_revocation import SqliteRegistryStore


def test_joining_shows_nowhere(made: World) -> None:
    """Rows and value are the same bytes whoever joined: only the statement's time and chain go on."""
    block = made.source.block(URI, 0, 0)
    value = made.trust.read(made.source.latest(URI)).statement.accumulator.value
    made.join(10)
    signed = made.publish()
    assert signed.statement.accumulator.value == value
    rows, before = made.source.block(URI, 1, 0), block
    assert rows == before


def test_slots_come_once_over_stores_at_once(tmp_path: Path) -> None:
    made = world(tmp_path, capacity=400, joined=0, published=False)
    desks = [Desk() for _ in range(4)]
    registries = [
        Registry(SqliteRegistryStore(tmp_path / "registry.db"), made.keys, clock=made.clock) for _ in desks
    ]

    def join(number: int) -> None:
        for _ in range(10):
            registries[number].join(f"desk {number}", desks[number], TICKET_KEY.public_key, 10)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(join, range(4)))
    taken = [slot for desk in desks for slot in desk.tickets]
    assert sorted(taken) == list(range(400))
    assert registries[0].status().members == 400
    with refused("registry_full"):
        made.join(1)
    assert made.registry.status().joined == 400


def test_the_order_of_slots_says_nothing_about_the_order_of_joining(tmp_path: Path) -> None:
    """A keyed permutation: who sees two slots learns nothing about who came first."""
    made = world(tmp_path, capacity=1000, joined=0, published=False)
    made.join(200)
    order = list(made.desk.tickets)
    rises = sum(later > earlier for earlier, later in itertools.pairwise(order))
    assert 60 < rises < 140  # 99.5 expected, standard deviation 4.1


def test_a_key_that_is_none_costs_no_slot(made: World) -> None:
    for bad in (b"", bytes(32), TICKET_KEY.public_key[:31]):
        with refused("key_invalid"):
            made.registry.join("desk", made.desk, bad, 5)
    with refused("malformed"):
        made.join(0)
    assert made.registry.status().joined == 4
    assert made.join(5) == 5


def test_a_delivery_that_failed_is_made_good_and_counts(made: World) -> None:
    class Broken(Desk):
        def add_tickets(self, registry, tickets):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        made.registry.join("desk", Broken(), TICKET_KEY.public_key, 3)
    assert made.registry.status().joined == 7
    assert made.registry.join("another", Desk(), TICKET_KEY.public_key, 1) == 1
    assert made.join(5) == 5
    assert made.registry.status().joined == 10
    assert len(made.slots) == 9
    assert made.held(made.slots[0]).member


def test_B163_a_slot_that_is_given_out_twice_is_refused(made: World) -> None:
    """Even if somebody turns the store's counter back: the map of taken slots disagrees."""
    before = made.slots
    with made.store.transaction() as work:
        work.execute("UPDATE revocation_registry SET joined = joined - 1")
        work.execute("DELETE FROM revocation_batch")
    with refused("handle_duplicate"):
        made.join(1)
    with refused("store_tampered"):
        made.registry.replay()
    assert made.slots == before
    with made.store.transaction() as work:
        work.execute("UPDATE revocation_registry SET joined = joined + 1")
    made.join(1)
    assert len(made.slots) == 5
    made.registry.replay()


def test_B164_a_revoked_slot_is_never_given_out_again(made: World) -> None:
    last = list(made.desk.tickets)[-1]
    made.publish(last)
    with made.store.transaction() as work:
        work.execute("UPDATE revocation_registry SET joined = joined - 1")
        work.execute("DELETE FROM revocation_batch")
    with refused("handle_revoked_final"):
        made.join(1)
    with refused("store_unavailable"), made.store.transaction() as work:
        work.execute("DELETE FROM revocation")


def test_B165_revoking_is_final_idempotent_and_for_members_only(made: World) -> None:
    member, free = made.slots[0], next(slot for slot in range(64) if slot not in made.slots)
    signed = made.trust.read(made.source.latest(URI))
    for slots in ([free], [member, free], [64], [2**62]):
        with refused("not_member"):
            made.registry.revoke(slots)
    status = made.registry.status()
    assert (status.waiting, status.members, status.epoch) == (0, 4, 0)
    assert made.trust.read(made.source.latest(URI)) == signed
    assert made.registry.revoke([member, member]) == 1
    assert made.registry.revoke([member]) == 0
    after = made.publish()
    assert made.registry.revoke([member]) == 0
    assert made.registry.status().waiting == 0
    assert made.publish().statement.accumulator.value == after.statement.accumulator.value
    assert made.registry.status().members == 3


def test_B181_many_in_one_epoch_are_one_by_one_and_none_is_an_epoch_too(tmp_path: Path) -> None:
    made = world(tmp_path, capacity=4096, joined=1000, published=False)
    made.publish()
    slots = made.slots
    together = made.publish(*slots[:999])
    singly = made.keys.manager(made.keys.first_state)
    for slot in slots:
        singly.take(slot)
    for slot in slots[:999]:
        singly.revoke([slot])
    assert together.statement.accumulator.value == singly.accumulator.value
    empty = made.publish()
    assert (empty.epoch, empty.statement.accumulator.value) == (2, together.statement.accumulator.value)
    holder = HolderKeeping(made.source, MemorySeenStatements(), MemoryRowStore(), clock=made.clock)
    assert holder.refresh(made.held(slots[999])).epoch == 2
    with refused("revoked"):
        holder.refresh(made.held(slots[0]))


def test_what_a_desk_asked_for_is_done_at_the_next_epoch(made: World) -> None:
    free = next(slot for slot in range(64) if slot not in made.slots)
    made.desk.requests = [made.slots[0], free, made.slots[1], made.slots[0]]
    assert made.registry.collect("desk", made.desk) == (2, [free])
    made.registry.settle(made.desk)
    assert made.desk.revoked == {}
    made.publish()
    made.registry.settle(made.desk)
    assert made.desk.revoked == {made.slots[0]: 1, made.slots[1]: 1}
    assert made.registry.collect("desk", made.desk) == (0, [free])
    assert made.registry.status().waiting == 0


def test_an_issuer_revokes_its_own_slots_only(made: World) -> None:
    """Several issuers share a registry, so that the herd is large; one that was broken into harms itself."""
    other = Desk()
    made.registry.join("other", other, TICKET_KEY.public_key, 3)
    foreign, own = made.slots[0], next(iter(other.tickets))
    other.requests = [foreign, own, 64, 2**40, -1]
    assert made.registry.collect("other", other) == (1, [-1, foreign, 64, 2**40])
    made.publish()
    made.registry.settle(other)
    assert other.revoked == {own: 1}
    assert made.registry.status().members == 6
    made.desk.requests = [foreign]
    assert made.registry.collect("desk", made.desk) == (1, [])


def test_a_revocation_during_publishing_waits_for_the_next_epoch(made: World) -> None:
    first, second = made.slots[:2]
    made.registry.revoke([first])

    def late(step: str, done: int, total: int) -> None:
        made.registry.revoke([second])

    signed = Publisher(made.registry, made.folder).publish(progress=late)
    assert made.store.revoked_in(signed.epoch) == [first]
    assert made.registry.status().waiting == 1
    assert made.publish().epoch == signed.epoch + 1
    assert made.store.revoked_in(signed.epoch + 1) == [second]


def test_who_asks_between_two_steps_of_publishing_is_in_time(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an epoch revokes is what its value says, whatever comes between reading and deciding."""
    first, second, joined = made.slots[0], made.slots[1], made.registry.status().joined
    made.registry.revoke([second])
    waiting = made.store.waiting
    raced: list[int] = []

    def racing(limit: int) -> Sequence[int]:
        found = waiting(limit)
        if not raced:
            raced.append(made.registry.revoke([first]))
            made.join(1)
        return found

    monkeypatch.setattr(made.store, "waiting", racing)
    made.publish()
    assert made.store.revoked_in(1) == [first, second]
    assert made.registry.status().joined == joined + 1
    made.registry.replay()


def test_joining_during_publishing(made: World) -> None:
    signed = Publisher(made.registry, made.folder).publish(progress=lambda *_: made.join(1))
    assert len(made.slots) > 4
    holder = HolderKeeping(made.source, MemorySeenStatements(), MemoryRowStore(), clock=made.clock)
    assert holder.refresh(made.held(list(made.desk.tickets)[-1])).epoch == signed.epoch


def test_state_and_secrets_belong_together(made: World, tmp_path: Path) -> None:
    with refused("store_tampered"):
        Registry(made.store, manager_keys(64), clock=made.clock)
    with refused("registry_exists"):
        Registry.create(made.store, made.keys, clock=made.clock)
    empty = SqliteRegistryStore(tmp_path / "empty.db")
    with refused("registry_missing"):
        Registry(empty, made.keys, clock=made.clock)
    with refused("malformed"):
        Registry.create(empty, made.keys, clock=made.clock, interval_seconds=0)
    with made.store.transaction() as work:
        state = bytearray(work.query("SELECT state FROM revocation_registry")[0]["state"])
        state[20] ^= 1
        work.execute("UPDATE revocation_registry SET state = ?", (bytes(state),))
    with refused("store_tampered"):
        made.registry.status()


def test_secrets_live_in_the_keystore(tmp_path: Path) -> None:
    keystore = Keystore.create(tmp_path / "keystore.json", b"correct horse battery staple")
    secret = ManagerKeys.create(keystore, URI, 64)
    again = ManagerKeys.create(keystore, URI, 64)  # an init that died and was repeated
    opened = ManagerKeys.open(Keystore.open(tmp_path / "keystore.json", b"correct horse battery staple"))
    for each in (again, opened):
        assert each.params == secret.params
        assert each.order.index(5) == secret.order.index(5)
        assert each.signing_keys[0].public_key == secret.signing_keys[0].public_key
    for uri, capacity in ((URI + "2", 64), (URI, 65)):
        with refused("registry_exists"):
            ManagerKeys.create(keystore, uri, capacity)
    content = (tmp_path / "keystore.json").read_bytes()
    assert secret.manager(secret.first_state).secret_bytes().hex().encode() not in content
    assert "secret" in repr(secret)


def test_the_past_is_computed_again(made: World) -> None:
    for slot in made.slots[:3]:
        made.publish(slot)
        made.publish()
    made.registry.replay()
    assert [one.revoked for one in made.registry.history()] == [0, 1, 0, 1, 0, 1, 0]
    assert [one.published for one in made.registry.history()] == [True] * 7
    with made.store.transaction() as work:
        work.execute("DROP TRIGGER revocation_keeps_its_epoch")
        work.execute("UPDATE revocation SET epoch = 3 WHERE epoch = 1")
    with refused("store_tampered"):
        made.registry.replay()


def test_refreshed_rows_are_witnesses_made_anew(made: World) -> None:
    manager_state = made.store.registry()
    assert manager_state is not None
    made.publish(made.slots[0])
    stored = made.store.registry()
    assert stored is not None
    manager = made.keys.manager(stored.state)
    rows = MemoryRowStore()
    holder = HolderKeeping(made.source, MemorySeenStatements(), rows, clock=made.clock)
    for slot in made.slots[1:]:
        holder.refresh(made.held(slot))
        kept = rows.row(URI, made.held(slot).place)
        assert kept is not None
        assert kept.row == manager.row(slot)
        Witness.check(manager.params, manager.accumulator, made.held(slot).member, manager.row(slot))


def test_time_goes_forward_whatever_a_clock_does(made: World) -> None:
    first = made.trust.read(made.source.latest(URI))
    second = made.publish(after=-30 * DAY)
    assert second.statement.issued_at == first.statement.issued_at + 1
    assert Clock()() == START
