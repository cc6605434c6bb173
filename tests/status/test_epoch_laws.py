"""Manager, issuer, holders and a verifier through any history: what always holds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from refusing import refused
from registry_under_test import DAY, TICKET_KEY, URI, Desk, world
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.checking import check_published
from trustid.status.epochs.holding import HolderKeeping
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements
from trustid.status.epochs.trust import EpochPolicy
from trustid.status.membership import Opening, Presentation

REQUEST: Any = {"verifier": b"https://shop.example", "nonce": bytes(16), "credential_hash": bytes(32)}


class Histories(RuleBasedStateMachine):
    """Whoever was revoked by the newest epoch proves nothing; everybody else proves; the past replays."""

    slots = Bundle("slots")

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.made = world(self.folder, capacity=32, joined=0)
        self.asked: set[int] = set()
        self.gone: set[int] = set()
        self.holder = HolderKeeping(
            self.made.source, MemorySeenStatements(), MemoryRowStore(), clock=self.made.clock
        )
        self.epochs = EpochTrust(
            [self.made.trust],
            self.made.source,
            MemorySeenStatements(),
            clock=self.made.clock,
            policy=EpochPolicy(max_age_seconds=9 * DAY, previous_seconds=0, renew_seconds=0),
        )

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(kind=st.sampled_from(["Ed25519", "P-256"]))
    def hand_over(self, kind: str) -> None:
        """The verifier goes on trusting the first key alone, holders the key of when they look."""
        if self.made.registry.successor is None:
            self.made.hand_over(kind)

    @rule(target=slots, count=st.integers(1, 3))
    def join(self, count: int) -> Any:
        desk = Desk()
        if self.made.registry.status().joined + count > 32:
            with refused("registry_full"):
                self.made.registry.join("desk", desk, TICKET_KEY.public_key, count)
            return multiple()
        self.made.registry.join("desk", desk, TICKET_KEY.public_key, count)
        assert not desk.tickets.keys() & self.made.desk.tickets.keys()
        self.made.desk.tickets |= desk.tickets
        return multiple(*desk.tickets)

    @rule(slot=slots)
    def revoke(self, slot: int) -> None:
        assert self.made.registry.revoke([slot]) == (slot not in self.asked | self.gone)
        self.asked.add(slot)

    @rule(slot=slots)
    def ask_at_the_desk(self, slot: int) -> None:
        self.made.desk.requests.append(slot)
        self.made.registry.collect("desk", self.made.desk)
        self.asked.add(slot)

    @rule()
    def publish(self) -> None:
        before = self.made.trust.read(self.made.source.latest(URI)).statement.accumulator
        signed = self.made.publish(after=DAY)
        self.made.registry.settle(self.made.desk)
        new = self.asked - self.gone
        assert signed.epoch == before.epoch + 1
        assert (signed.statement.accumulator.value == before.value) == (not new)
        assert self.made.store.revoked_in(signed.epoch) == sorted(new)
        self.gone |= new
        self.asked.clear()

    @rule(slot=slots)
    def show(self, slot: int) -> None:
        held = self.made.held(slot)
        if slot in self.gone:
            with refused("revoked"):
                self.holder.refresh(held)
            return
        self.holder.refresh(held)
        kept = self.holder.witness(held)
        stored = self.made.store.registry()
        assert stored is not None
        manager = self.made.keys.manager(stored.state)
        opening = Opening.generate(held.member)
        shown = Presentation(kept.witness.prove(opening, **REQUEST), opening.commitment, **REQUEST)
        self.made.clock.now += 10  # so that the verifier asks again
        self.epochs.accept(URI, kept.statement.epoch).verifier.verify(shown)
        # The refreshed row is the witness that the manager would make anew.
        row = self.holder._rows.row(URI, held.place)
        assert row is not None
        assert row.row == manager.row(slot)

    @invariant()
    def what_is_published_holds(self) -> None:
        status = self.made.registry.status()
        assert status.members == len(self.made.slots) - len(self.gone)
        assert status.waiting == len(self.asked - self.gone)
        assert check_published(self.made.trust, self.made.source, clock=self.made.clock).statements > 0
        self.made.registry.replay()


Histories.TestCase.settings = settings(max_examples=8, stateful_step_count=14, deadline=None)
TestHistories = Histories.TestCase
