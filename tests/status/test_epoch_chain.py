"""Following statements: rollback, two values for one epoch, links that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from refusing import refused
from registry_under_test import DAY, URI, Tampering, World, manager_keys, outage
from trustid.keys.bls import SecretKey
from trustid.keys.quorum import Committee, Member, QuorumCertificate, VoteCollector
from trustid.status.accumulator import Accumulator
from trustid.status.epochs import chain as chain_module
from trustid.status.epochs.chain import StatementChain
from trustid.status.epochs.memory import MemorySeenStatements
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.statement import SignedStatement
from trustid.status.epochs.trust import RegistryTrust


class Follower:
    """A chain with its store, and a source that can be made to lie."""

    def __init__(self, made: World) -> None:
        self.source = Tampering(made.source)
        self.seen = MemorySeenStatements()
        self.chain = StatementChain(self.source, self.seen, made.clock)
        self.trust = made.trust

    def renew(self) -> SignedStatement:
        return self.chain.renew(self.trust)


def other_value(made: World, *slots: int) -> Accumulator:
    """The value that an epoch would have had if others had been revoked."""
    stored = made.store.registry()
    assert stored is not None
    manager = made.keys.manager(stored.state)
    return manager.revoke(slots)


def test_each_epoch_follows_from_the_one_before(made: World) -> None:
    follower = Follower(made)
    assert follower.renew().epoch == 0
    statements = [made.publish(made.slots[0]), made.publish(), made.publish(made.slots[1], made.slots[2])]
    assert follower.renew() == statements[-1]
    assert [follower.chain.statement(follower.trust, epoch) for epoch in (1, 2, 3)] == statements
    # Epoch 2 revoked nobody: the same value in another epoch, and not the same statement.
    values = [one.statement.accumulator.value for one in statements]
    assert values[0] == values[1] != values[2]
    assert len({one.hash for one in statements}) == 3
    assert follower.renew() == statements[-1]


def test_who_comes_late_starts_with_the_newest(made: World) -> None:
    made.publish()
    made.publish()
    follower = Follower(made)
    assert follower.renew().epoch == 2
    assert follower.source.asked == [("latest",)]
    assert follower.chain.statement(follower.trust, 1) is None
    assert follower.chain.before(follower.trust, follower.renew()).epoch == 1
    assert follower.chain.statement(follower.trust, 1) is not None


def test_B173_an_epoch_below_one_that_was_seen(made: World) -> None:
    follower = Follower(made)
    old = follower.renew()
    made.publish()
    newest = follower.renew()
    follower.source.answers = {("latest",): old.token}
    with refused("acc_rollback"):
        follower.renew()
    assert follower.chain.latest(follower.trust) == newest
    follower.source.answers = {}
    assert follower.renew() == newest


def test_B173_a_statement_of_another_key_or_registry(made: World, tmp_path: Path) -> None:
    follower = Follower(made)
    first = follower.renew()
    stranger = manager_keys(64)
    for token in (
        made.forge(first, key=stranger.signing_keys[0]),
        made.forge(first, registry=URI + "/other"),
        first.token[:-4] + "AAAA",
    ):
        follower.source.answers = {("latest",): token}
        with refused("acc_value_untrusted"):
            follower.renew()
    assert follower.chain.latest(follower.trust) == first


def test_B172_two_statements_for_one_epoch(made: World) -> None:
    follower = Follower(made)
    made.publish(made.slots[0])
    signed = follower.renew()
    elsewhere = made.keys.manager(made.keys.first_state)
    for changes in (
        {"accumulator": elsewhere.advance()},
        {"rows_root": bytes(32)},
        {"next_at": signed.statement.next_at + 1},
    ):
        follower.source.answers = {("latest",): made.forge(signed, **changes)}
        with refused("acc_equivocation"):
            follower.renew()
    # Signed again with the same content, it is the same statement.
    follower.source.answers = {("latest",): made.forge(signed)}
    assert follower.renew() == signed


def test_B172_another_history_before_a_new_epoch(made: World) -> None:
    """The lie comes one epoch later: the new statement follows from a statement that this reader never got."""
    follower = Follower(made)
    signed = follower.renew()
    following = made.publish()
    follower.source.answers = {("latest",): made.forge(following, previous=bytes(32))}
    with refused("acc_equivocation"):
        follower.renew()
    assert follower.chain.latest(follower.trust) == signed
    follower.source.answers = {}
    assert follower.renew() == following


def test_B178_a_value_made_for_one_reader_shows_when_two_compare(made: World) -> None:
    """A manager who tags somebody signs two values for one epoch: whoever has both can prove it."""
    tagged, other = Follower(made), Follower(made)
    for each in (tagged, other):
        each.renew()
        each.chain.compare(each.trust, made.source)
    following = made.publish(made.slots[0])
    special = made.forge(
        following,
        accumulator=Accumulator.from_bytes((1).to_bytes(8, "big") + other_value(made, made.slots[1]).value),
    )
    tagged.source.answers = {("latest",): special}
    assert tagged.renew().token == special  # nothing tells it alone
    assert other.renew() == following
    with refused("acc_equivocation"):
        tagged.chain.compare(tagged.trust, made.source)
    with refused("acc_equivocation"):
        other.chain.compare(other.trust, tagged.source)
    # Nor does it help to go on: the next epoch follows from one of the two only.
    made.publish()
    tagged.source.answers = {}
    with refused("acc_equivocation"):
        tagged.renew()
    with refused("acc_equivocation"):
        tagged.chain.compare(tagged.trust, made.source)


def test_B178_comparing_with_a_source_that_is_ahead_or_behind(made: World) -> None:
    behind, ahead = Follower(made), Follower(made)
    first = behind.renew()
    made.publish()
    ahead.renew()
    behind.chain.compare(behind.trust, ahead.source)
    lagging = Tampering(made.source)
    lagging.answers = {("latest",): first.token}
    ahead.chain.compare(ahead.trust, lagging)
    lagging.answers = {("latest",): made.forge(first, rows_root=bytes(32))}
    with refused("acc_equivocation"):
        ahead.chain.compare(ahead.trust, lagging)
    lagging.answers = {("statement", 0): made.forge(first, rows_root=bytes(32))}
    with refused("acc_equivocation"):
        behind.chain.compare(behind.trust, lagging)
    with refused("status_unavailable"):
        Follower(made).chain.compare(made.trust, made.source)


def test_B180_statements_missing_reordered_repeated_or_changed(made: World) -> None:
    follower = Follower(made)
    first = follower.renew()
    one, two, three = made.publish(), made.publish(made.slots[0]), made.publish()
    cases = {
        "missing": ({("statement", 1): outage()}, "status_unavailable"),
        "reordered": ({("statement", 2): one.token, ("statement", 1): two.token}, "acc_update_invalid"),
        "repeated": ({("statement", 1): two.token}, "acc_update_invalid"),
        "changed": ({("statement", 1): one.token[:-4] + "AAAA"}, "acc_value_untrusted"),
        "another": ({("statement", 1): made.forge(one, rows_root=bytes(32))}, "acc_equivocation"),
    }
    for name, (answers, code) in cases.items():
        follower.source.answers = answers
        with refused(code):
            follower.renew()
        assert follower.chain.latest(follower.trust) == first, name
    follower.source.answers = {}
    assert follower.renew() == three


def test_times_and_parameters_go_on_as_they_began(made: World) -> None:
    follower = Follower(made)
    first = follower.renew()
    following = made.publish()
    for changes in (
        {"issued_at": first.statement.issued_at, "next_at": first.statement.next_at},
        {"params_digest": bytes(32)},
    ):
        follower.source.answers = {("latest",): made.forge(following, **changes)}
        with refused("acc_update_invalid"):
            follower.renew()
    made.clock.now = following.statement.issued_at - 121
    follower.source.answers = {}
    with refused("acc_epoch_future"):
        follower.renew()
    made.clock.now += 1
    assert follower.renew() == following


def test_B179_parameters_are_those_that_were_signed(made: World) -> None:
    follower = Follower(made)
    signed = follower.renew()
    follower.source.answers = {("params",): bytes(manager_keys(64).params)}
    with refused("acc_value_untrusted"):
        follower.chain.params(follower.trust, signed)
    follower.source.answers = {}
    params = follower.chain.params(follower.trust, signed)
    assert params == made.keys.params
    follower.source.answers = {("params",): outage()}
    assert follower.chain.params(follower.trust, signed) == params


def test_a_gap_has_a_limit(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = Follower(made)
    follower.renew()
    for _ in range(3):
        made.publish()
    monkeypatch.setattr(chain_module, "MAX_GAP", 2)
    with refused("acc_epoch_stale"):
        follower.renew()
    monkeypatch.setattr(chain_module, "MAX_GAP", 3)
    assert follower.renew().epoch == 3


def test_a_committee_that_must_have_agreed(made: World) -> None:
    secrets = [SecretKey.generate() for _ in range(3)]
    committee = Committee([Member(secret.proven_key()) for secret in secrets], threshold=2)
    trust = RegistryTrust(URI, made.trust.keys, committee)
    follower = Follower(made)
    follower.trust = trust
    with refused("status_unavailable"):
        follower.renew()
    newest = made.trust.read(made.source.latest(URI))

    def certificate(message: bytes) -> bytes:
        votes = VoteCollector(committee, message)
        for place in (0, 2):
            votes.add(place, committee.sign(secrets[place], message))
        return votes.certificate().to_bytes()

    for bad in (certificate(b"another statement"), b"", certificate(newest.voted)[:-1]):
        follower.source.answers = {("certificate", 0): bad}
        with refused("acc_value_untrusted"):
            follower.renew()
    follower.source.answers = {}
    publisher = Publisher(made.registry, made.folder)
    with refused("aggregate_invalid"):
        publisher.add_certificate(0, committee, QuorumCertificate.from_bytes(certificate(b"another")))
    with refused("status_unavailable"):
        publisher.add_certificate(1, committee, QuorumCertificate.from_bytes(certificate(newest.voted)))
    publisher.add_certificate(0, committee, QuorumCertificate.from_bytes(certificate(newest.voted)))
    assert follower.renew() == newest


def test_an_epoch_is_a_day_later_by_plan(made: World) -> None:
    assert made.trust.read(made.source.latest(URI)).statement.next_at == made.clock() + DAY
