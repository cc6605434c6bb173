"""Several slots in one answer: their proofs are checked together, and a bad one is the one that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.slots.copies import (
    EXPECTED,
    NONCE,
    NOW,
    POLICY,
    VCT,
    proving,
    sd_jwt_vc,
    witness_of,
)
from refusing import refused
from registry_under_test import URI, World
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.presentation import Sources
from trustid.protocols.trust import IssuerMetadata
from trustid.protocols.verifying import Verified, verify_answer
from trustid.status.accumulator_entry import (
    commit,
)
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.memory import MemorySeenStatements
from trustid.status.membership import MembershipVerifier

QUERY = DcqlQuery.parse(
    {
        "credentials": [
            {
                "id": "all",
                "format": "dc+sd-jwt",
                "multiple": True,
                "meta": {"vct_values": [VCT]},
                "claims": [{"path": ["name"]}],
            }
        ]
    }
)


class Counting:
    """Counts how proofs were checked."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.single = self.batches = 0
        counting = self

        class Verifier:
            def __init__(self, *arguments: Any) -> None:
                self.real = MembershipVerifier(*arguments)

            def verify(self, one: Any) -> None:
                counting.single += 1
                self.real.verify(one)

            def verify_batch(self, many: Any) -> None:
                counting.batches += 1
                self.real.verify_batch(many)

        patch.setattr("trustid.status.epochs.accepting.MembershipVerifier", Verifier)


def answer_of(registry: World, *, broken: tuple[int, ...] = ()) -> JsonObject:
    found = []
    for place, slot in enumerate(registry.slots):
        kept = witness_of(registry, slot)
        entry, secrets = commit(URI, slot, registry.held(slot).member)
        nonce = "another-nonce-of-that-length" if place in broken else NONCE
        found.append(sd_jwt_vc(entry, proving(kept, secrets, nonce=nonce)))
    return {"all": found}


def verify_many(registry: World, vp_token: JsonObject) -> dict[str, tuple[Verified, ...]]:
    nothing: Any = None
    epochs = EpochTrust([registry.trust], registry.source, MemorySeenStatements(), clock=registry.clock)
    sources = Sources(
        Resolver(nothing, clock=registry.clock),
        IssuerMetadata(nothing, clock=registry.clock),
        None,
        epochs,
    )
    return verify_answer(QUERY, vp_token, policy=POLICY, sources=sources, now=NOW, expected=EXPECTED)


def test_B181_proofs_of_one_answer_are_checked_together(
    registry: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counting(monkeypatch)
    facts = verify_many(registry, answer_of(registry))["all"]
    assert len(facts) == len(registry.slots) == 4
    assert {fact.status_epoch for fact in facts} == {0}
    assert (counted.batches, counted.single) == (1, 0)


@pytest.mark.parametrize("broken", [(0,), (3,), (1, 2)])
def test_one_bad_proof_among_several_is_the_one_that_is_refused(
    registry: World, monkeypatch: pytest.MonkeyPatch, broken: tuple[int, ...]
) -> None:
    counted = Counting(monkeypatch)
    vp_token = answer_of(registry, broken=broken)
    with refused("acc_proof_invalid") as caught:
        verify_many(registry, vp_token)
    assert caught.value.checks[-1].name == "not_revoked"
    assert counted.single == broken[0] + 1  # those before the first bad one hold, each by itself
    good = [one for place, one in enumerate(vp_token["all"]) if place not in broken]
    assert len(verify_many(registry, {"all": good})["all"]) == len(good)
