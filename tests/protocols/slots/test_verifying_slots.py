"""The status step for credentials with a slot in a registry, in every format that can carry one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocols.slots.copies import (
    FORMATS,
    KEY,
    KID,
    POLICY,
    enveloped,
    proving,
    sd_jwt_vc,
    verify,
    w3c,
    witness_of,
)
from refusing import refused
from registry_under_test import URI, World, world
from trustid.credentials.vc_jose import issue_vc_jwt
from trustid.did.resolver import Resolver
from trustid.protocols.presentation import Sources
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import PROVED_STATUS
from trustid.status.accumulator_entry import (
    commit,
)
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.memory import MemorySeenStatements


@pytest.mark.parametrize("name", FORMATS)
def test_B176_each_format_carries_entry_and_proof(name: str, registry: World, sources: Sources) -> None:
    slot = registry.slots[0]
    kept = witness_of(registry, slot)
    entry, secrets = commit(URI, slot, registry.held(slot).member)
    fact = verify(FORMATS[name](entry, proving(kept, secrets)), sources)
    assert (fact.status, fact.status_epoch) == ("valid", kept.statement.epoch)
    assert fact.status_age_seconds is not None
    assert PROVED_STATUS in [check.sentence for check in fact.checks]
    for wrong, code in (
        (lambda _: None, "acc_proof_missing"),
        (proving(kept, secrets, nonce="another-nonce-of-that-length"), "acc_proof_invalid"),
        (proving(kept, secrets, audience="x509_san_dns:w.example"), "acc_proof_invalid"),
        (lambda _: proving(kept, secrets)("another.credential."), "acc_proof_invalid"),
    ):
        with refused(code) as caught:
            verify(FORMATS[name](entry, wrong), sources)
        assert caught.value.checks[-1].name == "not_revoked"
    # Nobody presents it to anybody: there is nothing that a proof could have been made for.
    with refused("acc_proof_missing"):
        bearer = TrustPolicy(issuers=POLICY.issuers, require_key_binding=False)
        verify(FORMATS[name](entry, proving(kept, secrets)), sources, expected=None, policy=bearer)


@pytest.mark.parametrize("name", FORMATS)
def test_B177_another_copys_commitment_or_slot_is_refused(
    name: str, registry: World, sources: Sources
) -> None:
    first, second = registry.slots[:2]
    kept = witness_of(registry, first)
    entry, secrets = commit(URI, first, registry.held(first).member)
    again, _ = commit(URI, first, registry.held(first).member)
    theirs, _ = commit(URI, second, registry.held(second).member)
    verify(FORMATS[name](entry, proving(kept, secrets)), sources)
    for other in (again, theirs):
        with refused("acc_proof_invalid"):
            verify(FORMATS[name](other, proving(kept, secrets)), sources)


def test_a_verifier_without_registries_refuses(registry: World, sources: Sources) -> None:
    slot = registry.slots[0]
    kept = witness_of(registry, slot)
    entry, secrets = commit(URI, slot, registry.held(slot).member)
    text = sd_jwt_vc(entry, proving(kept, secrets))
    verify(text, sources)
    unknowing = Sources(sources.resolver, sources.metadata, sources.status)
    with refused("acc_registry_unknown"):
        verify(text, unknowing)
    other, opens = commit(f"{URI}-2", slot, registry.held(slot).member)
    with refused("acc_registry_unknown"):
        verify(sd_jwt_vc(other, proving(kept, opens)), sources)
    with refused("acc_registry_unknown"):  # before the proof is missed: it is no business of ours
        verify(sd_jwt_vc(other, lambda _: None), sources)


def test_a_policy_may_be_stricter_about_age(registry: World, sources: Sources) -> None:
    slot = registry.slots[0]
    kept = witness_of(registry, slot)
    entry, secrets = commit(URI, slot, registry.held(slot).member)
    text = sd_jwt_vc(entry, proving(kept, secrets))
    before = registry.clock.now
    try:
        registry.clock.now += 100
        age = verify(text, sources).status_age_seconds
        assert age is not None
        assert age >= 100
        strict = TrustPolicy(issuers=POLICY.issuers, max_status_age_seconds=age - 1)
        with refused("acc_epoch_stale"):
            verify(text, sources, policy=strict)
        exact = TrustPolicy(issuers=POLICY.issuers, max_status_age_seconds=age)
        verify(text, sources, policy=exact)
    finally:
        registry.clock.now = before


def test_two_entries_are_refused_and_an_unknown_kind_as_ever(registry: World, sources: Sources) -> None:
    slot = registry.slots[0]
    kept = witness_of(registry, slot)
    entry, secrets = commit(URI, slot, registry.held(slot).member)

    def presented(status: Any) -> str:
        text = issue_vc_jwt(w3c(entry) | {"credentialStatus": status}, key=KEY, kid=KID)
        return enveloped("application/vc+jwt", text, proving(kept, secrets)(text))

    verify(presented([entry.to_entry()]), sources)
    with refused("status_malformed"):
        verify(presented([entry.to_entry(), entry.to_entry()]), sources)
    with refused("status_malformed", "status_unsupported"):
        verify(presented([entry.to_entry(), {"type": "AnotherEntry", "id": "urn:x"}]), sources)


def test_revoking_ends_it_in_every_format(tmp_path: Path) -> None:
    made = world(tmp_path)
    slot, other = made.slots[:2]
    kept, theirs = witness_of(made, slot), witness_of(made, other)
    entry, secrets = commit(URI, slot, made.held(slot).member)
    alive, opens = commit(URI, other, made.held(other).member)
    made.publish(slot, after=60)
    nothing: Any = None
    epochs = EpochTrust([made.trust], made.source, MemorySeenStatements(), clock=made.clock)
    sources = Sources(
        Resolver(nothing, clock=made.clock), IssuerMetadata(nothing, clock=made.clock), None, epochs
    )
    with refused("revoked"):
        witness_of(made, slot)
    fresh = witness_of(made, other)
    assert theirs.statement.epoch == 0
    honest = proving(kept, secrets)
    for name, make in FORMATS.items():
        # The proof of before, said to be of the new epoch: the value is another one.
        with refused("acc_proof_invalid"):
            verify(make(entry, lambda credential: honest(credential) | {"epoch": 1}), sources)
        assert verify(make(alive, proving(fresh, opens)), sources).status_epoch == 1, name
