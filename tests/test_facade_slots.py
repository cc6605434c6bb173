"""The library's few calls with a revocation registry: what docs/revocation.md shows, and its refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from registry_under_test import URI, World, world
from trustid import Issuer, Verifier, Wallet
from trustid.catalogue import load
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.memory import MemorySeenStatements
from trustid.status.epochs.trust import EpochPolicy, RegistryTrust

CLAIMS = load()["vaccination"].sample_claims


@pytest.fixture
def registry(tmp_path: Path) -> World:
    return world(tmp_path, joined=0)


@pytest.fixture
def hospital(registry: World, tmp_path: Path) -> Any:
    issuer = Issuer.open(
        f"sqlite:///{tmp_path}/hospital.db", registries={"vaccination": URI}, clock=registry.clock
    )
    registry.registry.join("hospital", issuer.tickets, issuer.ticket_key, 3)
    yield issuer
    issuer.close()


def counter_for(registry: World, hospital: Issuer, *, believing: bool = True) -> Verifier:
    epochs = EpochTrust(
        [registry.trust],
        registry.source,
        MemorySeenStatements(),
        clock=registry.clock,
        policy=EpochPolicy(previous_seconds=0, renew_seconds=0),
    )
    return Verifier.open(
        trust={"vaccination": [hospital.did], "degree": [hospital.did]},
        sources=[hospital],
        epochs=epochs if believing else None,
        clock=registry.clock,
    )


def test_B166_one_revocation_in_the_library(registry: World, hospital: Issuer) -> None:
    alice, bob = Wallet.create(clock=registry.clock), Wallet.create(clock=registry.clock)
    dose = hospital.issue("vaccination", CLAIMS, holder=alice.keys(10))
    assert len(dose.status_secrets) == 10
    alice.add(dose, registry=registry.trust)
    bob.add(hospital.issue("vaccination", CLAIMS, holder=bob.key), registry=registry.trust)
    counter = counter_for(registry, hospital)
    question = counter.ask("vaccination", claims=["target_disease"])
    with refused("acc_epoch_stale"):
        alice.answer(question)
    for wallet in (alice, bob):
        wallet.refresh(registry.source)
    assert counter.verify(alice.answer(question), question).status_epoch == 0
    hospital.revoke(dose)
    registry.registry.collect("hospital", hospital.tickets)
    registry.publish(after=60)
    counter.refresh()
    for _ in range(10):
        question = counter.ask("vaccination", claims=["target_disease"])
        with refused("acc_epoch_stale"):
            counter.verify(alice.answer(question), question)
    with refused("revoked"):
        alice.refresh(registry.source)
    with refused("revoked"):
        alice.answer(question)
    bob.refresh(registry.source)
    assert counter.verify(bob.answer(question), question).status_epoch == 1


def test_who_believes_no_registry_or_another_refuses(registry: World, hospital: Issuer) -> None:
    wallet = Wallet.create(clock=registry.clock)
    dose = hospital.issue("vaccination", CLAIMS, holder=wallet.key)
    for wrong in (None, RegistryTrust(f"{URI}-2", registry.trust.keys)):
        with refused("credential_unexpected"):
            wallet.add(dose, registry=wrong)
    wallet.add(dose, registry=registry.trust)
    wallet.refresh(registry.source)
    unbelieving, believing = (counter_for(registry, hospital, believing=one) for one in (False, True))
    question = unbelieving.ask("vaccination", claims=[])
    with refused("acc_registry_unknown"):
        unbelieving.verify(wallet.answer(question), question)
    question = believing.ask("vaccination", claims=[])
    believing.verify(wallet.answer(question), question)


def test_other_kinds_keep_their_lists_and_slots_run_out(registry: World, hospital: Issuer) -> None:
    wallet = Wallet.create(clock=registry.clock)
    degree = hospital.issue("degree", load()["degree"].sample_claims, holder=wallet.key)
    assert degree.status_secrets == ()
    wallet.add(degree)
    wallet.refresh(registry.source)  # nothing to fetch
    counter = counter_for(registry, hospital)
    question = counter.ask("degree", claims=[])
    assert counter.verify(wallet.answer(question), question).status_epoch is None
    for _ in range(3):
        hospital.issue("vaccination", CLAIMS, holder=Wallet.create(clock=registry.clock).key)
    with refused("acc_no_ticket"):
        hospital.issue("vaccination", CLAIMS, holder=Wallet.create(clock=registry.clock).key)
