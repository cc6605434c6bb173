"""The status step for credentials with a slot in a registry, in every format that can carry one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from registry_under_test import URI, World, memory_folder, world
from trustid import did, keys
from trustid.credentials.data_integrity import CREATORS
from trustid.credentials.enveloping import Envelope
from trustid.credentials.json_ld import OWN_CONTEXT
from trustid.credentials.jwt_vc_json import issue_jwt_vc_json, issue_jwt_vp_json
from trustid.credentials.presentation import issue_credential, make_presentation
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.credentials.vc_cose import issue_vc_cose
from trustid.credentials.vc_jose import issue_vc_jwt, issue_vp_jwt
from trustid.credentials.vc_sd_jwt import issue_vc_sd_jwt
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, b64_encode
from trustid.fetching import Fetched
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.presentation import Expected, Sources
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import PROVED_STATUS, Verified, verify_answer, verify_presentation
from trustid.status import list_token
from trustid.status.accumulator_entry import (
    ACCUMULATOR,
    STATUS_PROOF,
    AccumulatorEntry,
    StatusSecrets,
    commit,
)
from trustid.status.check import StatusChecker
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.holding import HolderKeeping, KeptWitness
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements
from trustid.status.membership import MembershipVerifier
from trustid.status.proving import prove_status
from trustid.status.token_list import INVALID, TokenStatusList

KEY, HOLDER = keys.generate("Ed25519"), keys.generate("Ed25519")
ISSUER, ADA = (did.key.create(key.public_key) for key in (KEY, HOLDER))
KID, ADA_KID = (f"{name}#{name.removeprefix('did:key:')}" for name in (ISSUER, ADA))
AUDIENCE, NONCE = "x509_san_dns:v.example", "a-nonce-of-enough-characters"
EXPECTED = Expected(AUDIENCE, NONCE)
VCT = "urn:example:vaccination"
LIST = "https://hospital.example/status/1"
POLICY = TrustPolicy(issuers={VCT: [ISSUER], "VaccinationCredential": [ISSUER]})

Proof = JsonObject | None
Make = Callable[[AccumulatorEntry, Callable[[Any], Proof]], str | JsonObject]


@pytest.fixture(scope="module")
def registry() -> Iterator[World]:
    for folder in memory_folder():
        yield world(folder)


@pytest.fixture(scope="module")
def sources(registry: World) -> Sources:
    epochs = EpochTrust([registry.trust], registry.source, MemorySeenStatements(), clock=registry.clock)
    nothing: Any = None
    return Sources(
        Resolver(nothing, clock=registry.clock),
        IssuerMetadata(nothing, clock=registry.clock),
        StatusChecker(nothing, clock=registry.clock),
        epochs,
    )


def witness_of(registry: World, slot: int) -> KeptWitness:
    held = registry.held(slot)
    keeping = HolderKeeping(registry.source, MemorySeenStatements(), MemoryRowStore(), clock=registry.clock)
    keeping.refresh(held)
    return keeping.witness(held)


def w3c(entry: AccumulatorEntry, version: int = 2) -> JsonObject:
    base = {1: "https://www.w3.org/2018/credentials/v1", 2: "https://www.w3.org/ns/credentials/v2"}[version]
    dates = (
        {"issuanceDate": "2026-01-01T00:00:00Z"} if version == 1 else {"validFrom": "2026-01-01T00:00:00Z"}
    )
    return {
        "@context": [base, OWN_CONTEXT],
        "type": ["VerifiableCredential", "VaccinationCredential"],
        "issuer": ISSUER,
        "credentialStatus": entry.to_entry(),
        "credentialSubject": {"id": ADA},
    } | dates


def sd_jwt_vc(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_sd_jwt_vc(
        {"name": "Ada"},
        vct=VCT,
        issuer=ISSUER,
        key=KEY,
        holder=HOLDER.public_key,
        disclosable=[("name",)],
        issued_at=None,
        expires_at=None,
        status={ACCUMULATOR: entry.to_json()},
        kid=KID,
    )
    return bind(text, prove(text))


def bind(text: str, proof: Proof) -> str:
    extra = None if proof is None else {STATUS_PROOF: proof}
    return SdJwt.parse(text).bind(HOLDER, audience=AUDIENCE, nonce=NONCE, issued_at=NOW, extra_claims=extra)


def vc_sd_jwt(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_vc_sd_jwt(
        w3c(entry), disclosable=[("credentialSubject", "id")], key=KEY, kid=KID, holder=HOLDER.public_key
    )
    return bind(text, prove(text))


def enveloped(media_type: str, content: str, proof: Proof) -> str:
    document = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "VerifiablePresentation",
        "holder": ADA,
        "verifiableCredential": [Envelope(media_type, content).to_json()],
    }
    return issue_vp_jwt(
        document, key=HOLDER, kid=ADA_KID, audience=AUDIENCE, nonce=NONCE, issued_at=NOW, status_proof=proof
    )


def vc_jwt(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_vc_jwt(w3c(entry), key=KEY, kid=KID)
    return enveloped("application/vc+jwt", text, prove(text))


def vc_cose(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    data = issue_vc_cose(w3c(entry), key=KEY, kid=KID.encode())
    return enveloped("application/vc+cose", b64_encode(data), prove(data))


def jwt_vc_json(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_jwt_vc_json(w3c(entry, 1), key=KEY, kid=KID)
    inner = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [text],
    }
    return issue_jwt_vp_json(
        inner,
        key=HOLDER,
        kid=ADA_KID,
        holder=ADA,
        audience=AUDIENCE,
        nonce=NONCE,
        issued_at=NOW,
        expires_at=NOW + 60,
        status_proof=prove(text),
    )


def data_integrity(suite: str) -> Make:
    def make(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> JsonObject:
        moment = datetime.fromtimestamp(NOW, UTC)
        secured = issue_credential(
            w3c(entry), key=KEY, verification_method=KID, created=moment, create=CREATORS[suite]
        )
        return make_presentation(
            [secured],
            key=HOLDER,
            verification_method=ADA_KID,
            created=moment,
            challenge=NONCE,
            domain=AUDIENCE,
            create=CREATORS[suite],
            status_proof=prove(secured),
        )

    return make


NOW = 1_800_000_000
FORMATS: dict[str, Make] = {
    "dc+sd-jwt": sd_jwt_vc,
    "vc+sd-jwt": vc_sd_jwt,
    "vc+jwt": vc_jwt,
    "vc+cose": vc_cose,
    "jwt_vc_json": jwt_vc_json,
    "eddsa-jcs-2022": data_integrity("eddsa-jcs-2022"),
    "eddsa-rdfc-2022": data_integrity("eddsa-rdfc-2022"),
}


def verify(presentation: str | JsonObject, sources: Sources, **changes: Any) -> Verified:
    options: dict[str, Any] = {
        "policy": POLICY,
        "sources": sources,
        "now": NOW,
        "expected": EXPECTED,
    } | changes
    return verify_presentation(presentation, **options)


def proving(kept: KeptWitness, secrets: StatusSecrets, **changes: str) -> Callable[[Any], JsonObject]:
    request = {"audience": AUDIENCE, "nonce": NONCE} | changes
    return lambda credential: prove_status(kept, secrets, credential, **request)


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


# --- several at once -----------------------------------------------------------------


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


class ServesList:
    """A fetcher that has one Token Status List, in which place 5 is revoked."""

    def get(self, url: str, **_options: object) -> Fetched:
        assert url == LIST
        statuses = TokenStatusList(1, 64)
        statuses.set_many([5], INVALID)
        token = list_token.issue(
            statuses, uri=LIST, key=KEY, issued_at=NOW, expires_at=NOW + 600, ttl=60, kid=KID, issuer=ISSUER
        )
        return Fetched(200, {"content-type": "application/statuslist+jwt"}, token.encode(), url)


def test_where_there_are_both_mechanisms_both_must_hold(registry: World, sources: Sources) -> None:
    slot = registry.slots[0]
    kept = witness_of(registry, slot)
    entry, secrets = commit(URI, slot, registry.held(slot).member)
    lists: Any = ServesList()
    both = replace(sources, status=StatusChecker(lists, clock=lambda: NOW))

    def presented(place: int, *, proved: bool = True) -> str:
        text = issue_sd_jwt_vc(
            {"name": "Ada"},
            vct=VCT,
            issuer=ISSUER,
            key=KEY,
            holder=HOLDER.public_key,
            disclosable=[],
            issued_at=None,
            expires_at=None,
            status={ACCUMULATOR: entry.to_json(), "status_list": {"idx": place, "uri": LIST}},
            kid=KID,
        )
        return bind(text, proving(kept, secrets)(text) if proved else None)

    fact = verify(presented(4), both)
    assert (fact.status, fact.status_epoch) == ("valid", kept.statement.epoch)
    with refused("revoked"):
        verify(presented(5), both)
    with refused("acc_proof_missing"):
        verify(presented(4, proved=False), both)
    with refused("status_unavailable"):
        verify(presented(4), replace(sources, status=None))
