"""The verifier: which epochs it takes, what it asks for, and what its workers share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from refusing import refused
from registry_under_test import DAY, URI, Tampering, World, outage
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.memory import MemorySeenStatements
from trustid.status.epochs.ports import SeenStatements
from trustid.status.epochs.trust import EpochPolicy
from trustid.status.membership import Opening, Presentation, Witness
from trustid.stores.sqlite_revocation_seen import SqliteSeenStatements

HOUR = 3600
REQUEST: Any = {"verifier": b"https://shop.example", "nonce": bytes(16), "credential_hash": bytes(32)}


def verifier(
    made: World, *, seen: SeenStatements | None = None, **policy: int
) -> tuple[EpochTrust, Tampering]:
    source = Tampering(made.source)
    epochs = EpochTrust(
        [made.trust], source, seen or MemorySeenStatements(), clock=made.clock, policy=EpochPolicy(**policy)
    )
    return epochs, source


def test_a_proof_of_an_accepted_epoch(made: World) -> None:
    epochs, _ = verifier(made)
    held = made.held(made.slots[0])
    opening = Opening.generate(held.member)
    stored = made.store.registry()
    assert stored is not None
    manager = made.keys.manager(stored.state)
    witness = Witness.check(manager.params, manager.accumulator, held.member, manager.row(held.slot))
    shown = Presentation(witness.prove(opening, **REQUEST), opening.commitment, **REQUEST)
    accepted = epochs.accept(URI, 0)
    assert (accepted.newest, accepted.age_seconds, accepted.statement.epoch) == (True, 0, 0)
    accepted.verifier.verify(shown)
    made.publish(held.slot)
    # B166: the row from before the revocation, shown as if it were of the new epoch.
    with refused("acc_proof_invalid"):
        epochs.accept(URI, 1).verifier.verify(shown)


def test_B171_older_newer_and_unpublished_epochs(made: World) -> None:
    for _ in range(3):
        made.publish()
    epochs, _ = verifier(made, previous_seconds=6 * HOUR)
    assert epochs.accept(URI, 3).newest
    assert not epochs.accept(URI, 2).newest
    for epoch in (0, 1):
        with refused("acc_epoch_stale"):
            epochs.accept(URI, epoch)
    for epoch in (4, 2**53 - 1):
        with refused("acc_epoch_future"):
            epochs.accept(URI, epoch)
    made.clock.now += 6 * HOUR - 1
    assert epochs.accept(URI, 2).age_seconds == DAY + 6 * HOUR - 1
    made.clock.now += 1
    with refused("acc_epoch_stale"):
        epochs.accept(URI, 2)
    assert epochs.accept(URI, 3).newest


def test_B171_the_newest_epoch_alone_where_the_policy_says_so(made: World) -> None:
    epochs, _ = verifier(made, previous_seconds=0)
    assert epochs.accept(URI, 0).newest
    made.publish()
    assert epochs.accept(URI, 1).newest
    with refused("acc_epoch_stale"):
        epochs.accept(URI, 0)


def test_B171_a_registry_that_stopped_publishing(made: World) -> None:
    epochs, _ = verifier(made, max_age_seconds=2 * DAY)
    made.clock.now += 2 * DAY
    assert epochs.accept(URI, 0).age_seconds == 2 * DAY
    made.clock.now += 1
    with refused("acc_epoch_stale"):
        epochs.accept(URI, 0)
    made.publish()
    assert epochs.accept(URI, 1).newest


def test_an_unknown_registry_is_refused_and_never_asked(made: World) -> None:
    epochs, source = verifier(made)
    epochs.known(URI)
    for call in (
        lambda: epochs.accept(URI + "2", 0),
        lambda: epochs.known(URI + "2"),
        lambda: epochs.renew(""),
    ):
        with refused("acc_registry_unknown"):
            call()
    assert source.asked == []


def test_holders_do_not_make_it_ask(made: World) -> None:
    """Whatever is shown, the registry is asked on a schedule: it must not follow who presents when."""
    epochs, source = verifier(made, renew_seconds=600)
    assert epochs.renew_all() == ((URI, None),)
    epochs.accept(URI, 0)
    asked = len(source.asked)
    for _ in range(20):
        with refused("acc_epoch_future"):
            epochs.accept(URI, 7)
        epochs.accept(URI, 0)
    assert len(source.asked) == asked
    made.clock.now += 10
    with refused("acc_epoch_future"):
        epochs.accept(URI, 7)
    assert len(source.asked) == asked + 1
    made.clock.now += 599
    epochs.accept(URI, 0)
    assert len(source.asked) == asked + 1
    made.clock.now += 1
    epochs.accept(URI, 0)
    assert len(source.asked) == asked + 2


def test_an_outage_is_lived_through_until_what_is_known_is_too_old(made: World) -> None:
    epochs, source = verifier(made, max_age_seconds=2 * DAY)
    source.answers = {("latest",): outage()}
    with refused("status_unavailable"):
        epochs.accept(URI, 0)
    made.clock.now += 5
    source.answers = {}
    with refused("status_unavailable"):  # asked a moment ago
        epochs.accept(URI, 0)
    made.clock.now += 5
    assert epochs.accept(URI, 0).newest
    source.answers = {("latest",): outage()}
    made.clock.now += DAY
    assert epochs.accept(URI, 0).newest
    [(registry, error)] = epochs.renew_all()
    assert (registry, error.code if error else None) == (URI, "status_unavailable")
    made.clock.now += DAY
    with refused("acc_epoch_stale"):
        epochs.accept(URI, 0)


def test_B172_a_lie_is_refused_and_what_was_seen_stays(made: World) -> None:
    epochs, source = verifier(made)
    epochs.accept(URI, 0)
    first = made.trust.read(made.source.latest(URI))
    source.answers = {("latest",): made.forge(first, rows_root=bytes(32))}
    made.clock.now += 600
    with refused("acc_equivocation"):
        epochs.accept(URI, 0)
    with refused("acc_equivocation"):
        epochs.renew(URI)
    with refused("acc_equivocation"):
        epochs.compare(URI, source)
    source.answers = {}
    assert epochs.renew(URI) == first.statement
    epochs.compare(URI, source)


def test_B173_what_one_worker_saw_no_other_takes_back(made: World, tmp_path: Path) -> None:
    path = tmp_path / "verifier.db"
    first_worker, _ = verifier(made, seen=SqliteSeenStatements(path))
    second_worker, source = verifier(made, seen=SqliteSeenStatements(path), previous_seconds=0)
    old = made.source.latest(URI)
    made.publish()
    assert first_worker.accept(URI, 1).newest
    source.answers = {("latest",): old}
    with refused("acc_rollback"):
        second_worker.renew(URI)
    made.clock.now += 600
    assert second_worker.accept(URI, 1).newest  # an old copy from a cache: what was seen stands
    source.answers = {("latest",): outage()}
    assert second_worker.accept(URI, 1).newest
    with refused("acc_epoch_stale"):
        second_worker.accept(URI, 0)


def test_many_at_once_wait_for_one_fetch(made: World) -> None:
    epochs, source = verifier(made)
    with ThreadPoolExecutor(8) as threads:
        accepted = list(threads.map(lambda _: epochs.accept(URI, 0).newest, range(40)))
    assert accepted == [True] * 40
    assert source.asked.count(("latest",)) == 1


def test_parameters_are_fetched_once(made: World) -> None:
    epochs, source = verifier(made)
    epochs.accept(URI, 0)
    made.publish()
    epochs.accept(URI, 1)
    epochs.accept(URI, 0)
    assert source.asked.count(("params",)) == 1
