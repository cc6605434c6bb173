"""The holder: fetching on a schedule, checking, keeping, and a clear answer when revoked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from registry_under_test import (
    DAY,
    URI,
    Tampering,
    World,
    first_statement,
    manager_keys,
    memory_folder,
    outage,
    world,
)
from trustid.status.accumulator import BLOCK_ROWS, ROW_BYTES
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.blocks import split_block
from trustid.status.epochs.holding import HeldSlot, HolderKeeping
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements
from trustid.status.epochs.statement import keys_by_thumbprint
from trustid.status.epochs.trust import EpochPolicy, RegistryTrust
from trustid.status.membership import MembershipVerifier, Opening, Presentation

REQUEST: Any = {"verifier": b"https://shop.example", "nonce": bytes(16), "credential_hash": bytes(32)}


class Holder:
    """A holder with its stores, and a source that can be made to lie."""

    def __init__(self, made: World) -> None:
        self.source = Tampering(made.source)
        self.seen = MemorySeenStatements()
        self.rows = MemoryRowStore()
        self.keeping = HolderKeeping(self.source, self.seen, self.rows, clock=made.clock)


def test_a_row_is_fetched_kept_and_proves(made: World) -> None:
    holder, held = Holder(made), made.held(made.slots[1])
    with refused("acc_epoch_stale"):
        holder.keeping.witness(held)
    assert holder.keeping.refresh(held).epoch == 0
    made.publish(made.slots[0])
    assert holder.keeping.refresh(held).epoch == 1
    kept = holder.keeping.witness(held)
    opening = Opening.generate(held.member)
    shown = Presentation(kept.witness.prove(opening, **REQUEST), opening.commitment, **REQUEST)
    MembershipVerifier(kept.params, kept.statement.accumulator).verify(shown)


def test_presenting_fetches_nothing(made: World) -> None:
    holder, held = Holder(made), made.held(made.slots[0])
    holder.keeping.refresh(held)
    holder.source.asked.clear()
    made.publish()
    made.clock.now += 5
    kept = holder.keeping.witness(held, max_age_seconds=DAY + 5)
    assert (kept.statement.epoch, kept.age_seconds) == (0, DAY + 5)
    with refused("acc_epoch_stale"):
        holder.keeping.witness(held, max_age_seconds=DAY + 4)
    assert holder.source.asked == []


def test_offline_for_as_long_as_the_verifier_allows(made: World) -> None:
    """The row of the epoch before still proves, until the verifier's deadline."""
    holder, held = Holder(made), made.held(made.slots[0])
    holder.keeping.refresh(held)
    holder.source.answers = {("latest",): outage()}
    made.publish(made.slots[1])
    with refused("status_unavailable"):
        holder.keeping.refresh(held)
    kept = holder.keeping.witness(held)
    opening = Opening.generate(held.member)
    shown = Presentation(kept.witness.prove(opening, **REQUEST), opening.commitment, **REQUEST)
    policy = EpochPolicy(previous_seconds=3600)
    epochs = EpochTrust([made.trust], made.source, MemorySeenStatements(), clock=made.clock, policy=policy)
    epochs.accept(URI, kept.statement.epoch).verifier.verify(shown)
    made.clock.now += 3600
    with refused("acc_epoch_stale"):
        epochs.accept(URI, kept.statement.epoch)


def test_B166_revoked_is_said_clearly_and_for_good(made: World) -> None:
    holder, revoked, other = Holder(made), made.held(made.slots[0]), made.held(made.slots[1])
    assert [error for _, error in holder.keeping.refresh_all([revoked, other])] == [None, None]
    made.publish(revoked.slot)
    outcomes = {each.slot: error for each, error in holder.keeping.refresh_all([revoked, other])}
    assert outcomes[other.slot] is None
    error = outcomes[revoked.slot]
    assert error is not None
    assert error.code == "revoked"
    for call in (holder.keeping.refresh, holder.keeping.witness):
        with refused("revoked"):
            call(revoked)
    made.publish()
    holder.source.asked.clear()
    with refused("revoked"):
        holder.keeping.refresh(revoked)
    assert holder.source.asked == []
    assert holder.keeping.witness(other).statement.epoch == 1


def test_a_registry_is_asked_once_for_all_credentials(made: World) -> None:
    holder = Holder(made)
    outcomes = holder.keeping.refresh_all([made.held(slot) for slot in made.slots])
    assert [error for _, error in outcomes] == [None] * 4
    assert holder.source.asked.count(("latest",)) == 1


def test_what_one_issuer_says_of_a_registry_binds_no_other(made: World) -> None:
    """A credential that names another key for the same registry fails alone."""
    holder = Holder(made)
    good = made.held(made.slots[0])
    stranger = keys_by_thumbprint(manager_keys(64).signing_keys[0].public_key)
    bad = HeldSlot(RegistryTrust(URI, stranger), made.slots[1], made.held(made.slots[1]).member)
    for _ in range(6):  # in any order
        outcomes = {each.slot: error for each, error in holder.keeping.refresh_all([bad, good])}
        assert outcomes[good.slot] is None
        error = outcomes[bad.slot]
        assert error is not None
        assert error.code == "acc_value_untrusted"
    assert holder.keeping.witness(good)


def test_who_names_a_foreign_slot_spoils_nobody(made: World) -> None:
    """An issuer that hands out another one's slot with a handle of its own gets its own credential refused."""
    holder = Holder(made)
    good, other = made.held(made.slots[0]), made.held(made.slots[1])
    bad = HeldSlot(made.trust, good.slot, other.member)
    for first, second in ((bad, good), (good, bad)):
        for each in (first, second):
            if each is bad:
                with refused("revoked"):
                    holder.keeping.refresh(bad)
            else:
                holder.keeping.refresh(good)
    assert holder.keeping.witness(good)


def test_the_block_is_fetched_once_an_epoch(made: World) -> None:
    holder, held = Holder(made), made.held(made.slots[0])
    for _ in range(3):
        holder.keeping.refresh(held)
    assert [one for one in holder.source.asked if one[0] == "block"] == [("block", 0, 0)]


@pytest.fixture(scope="module")
def large() -> Iterator[World]:
    """Three blocks, the last one short."""
    for folder in memory_folder():
        yield world(folder, capacity=2 * BLOCK_ROWS + 100, joined=20)


def test_B180_a_block_that_is_not_the_one_that_was_signed(large: World) -> None:
    large.publish()
    epoch = large.publish().epoch
    held = large.held(next(slot for slot in large.slots if slot < BLOCK_ROWS))
    holder = Holder(large)
    holder.source.answers = {("latest",): large.source.statement(URI, epoch - 1)}
    holder.keeping.refresh(held)
    before = holder.rows.row(URI, held.place)
    good = large.source.block(URI, epoch, 0)
    path = len(good) - BLOCK_ROWS * ROW_BYTES
    at = path + held.slot * ROW_BYTES
    bad = {
        "missing": outage(),
        "empty": b"",
        "cut": good[:-1],
        "a row short": good[:-ROW_BYTES],
        "longer": good + bytes(32),
        "a hash short": good[32:],
        "no path": good[path:],
        "one byte of the own row": good[: at + 5] + bytes([good[at + 5] ^ 1]) + good[at + 6 :],
        "one byte of another row": good[:-1] + bytes([good[-1] ^ 1]),
        "one byte of the path": bytes([good[0] ^ 1]) + good[1:],
        "rows exchanged": good[:path]
        + good[path + 48 : path + 96]
        + good[path : path + 48]
        + good[path + 96 :],
        "another block": large.source.block(URI, epoch, 1),
        "the epoch before": large.source.block(URI, epoch - 1, 0),
    }
    for name, data in bad.items():
        holder.source.answers = {("block",): data}
        with refused("acc_update_invalid", "status_unavailable"):
            holder.keeping.refresh(held)
        assert holder.rows.row(URI, held.place) == before, name
        assert holder.keeping.witness(held).statement.epoch == epoch - 1
    holder.source.answers = {}
    assert holder.keeping.refresh(held).epoch == epoch
    assert holder.keeping.witness(held).statement.epoch == epoch


def test_slots_of_every_block(large: World) -> None:
    holder = Holder(large)
    newest = large.trust.read(large.source.latest(URI)).epoch
    chosen = [
        next(slot for slot in large.slots if slot // BLOCK_ROWS == number)
        for number in {slot // BLOCK_ROWS for slot in large.slots}
    ]
    for slot in chosen:
        assert holder.keeping.refresh(large.held(slot)).epoch == newest
    beyond = large.held(chosen[0])
    beyond = type(beyond)(beyond.trust, 3 * BLOCK_ROWS, beyond.member)
    holder.source.answers = {("block",): large.source.block(URI, newest, 2)}
    with refused("acc_update_invalid"):
        holder.keeping.refresh(beyond)


def test_B178_holders_compare_two_sources(made: World) -> None:
    holder, held = Holder(made), made.held(made.slots[0])
    first = made.trust.read(made.source.latest(URI))
    holder.keeping.refresh(held)
    holder.keeping.compare(held.trust, made.source)
    mirror = Tampering(made.source)
    mirror.answers = {("latest",): made.forge(first, next_at=first.statement.next_at + 1)}
    with refused("acc_equivocation"):
        holder.keeping.compare(held.trust, mirror)


def test_nothing_secret_is_shown(made: World) -> None:
    held = made.held(made.slots[0])
    assert "slot" not in repr(held)
    assert "Member" not in repr(held)


@given(st.binary(max_size=200) | st.integers(0, 400).map(bytes), st.integers(0, 1 << 20))
def test_B180_only_our_refusal_of_any_bytes_as_a_block(data: bytes, number: int) -> None:
    with refused("acc_update_invalid"):
        split_block(SMALL.params, first_statement(SMALL), number, data)


SMALL = manager_keys(4)
