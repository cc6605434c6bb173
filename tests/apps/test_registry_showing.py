"""Showing certificates with a slot, and taking them back: issuer, manager, wallets and verifier for real."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from registry_world import (
    COPIES,
    REGISTRY,
    World,
    bound,
    held_by,
    key_of,
    post,
    presentation,
    show,
    verdict,
)
from trustid.credentials import jose
from trustid.encoding import b64url_decode, sha256
from trustid.protocols.holding import Holder
from trustid.status.accumulator_entry import STATUS_PROOF, StatusProof
from trustid.status.epochs.ports import KeptRow
from trustid.status.epochs.trust import EpochPolicy
from trustid.status.membership import MembershipProof

NOBODYS_ROW = bytes.fromhex(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
)
"""A point of G1 that answers nobody: its generator."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def person(world: World) -> Holder:
    """A wallet with ten copies of one certificate."""
    holder = world.wallet()
    world.collect(holder)
    assert holder.refresh()[0][1] is None
    return holder


def test_each_copy_is_accepted_and_the_result_says_of_which_epoch(world: World, person: Holder) -> None:
    for _ in range(3):
        result = show(world, person)
        assert verdict(result) == "verified"
        [epoch] = result["epochs"]["credential"]
        assert epoch["epoch"] == world.registry.status().epoch
        assert 0 <= epoch["age_seconds"] < 3600
    assert "epochs" not in world.result(world.ask())


def test_presenting_fetches_nothing_of_the_registry(world: World, person: Holder) -> None:
    """Neither the wallet, nor the counter once it knows the epoch: nobody learns when somebody is checked."""
    world.refresh_verifier()
    world.net.asked.clear()
    assert verdict(show(world, person)) == "verified"
    assert [url for url in world.net.asked if "/revocation/" in url] == []
    person.refresh()
    assert any("/revocation/" in url for url in world.net.asked)


def test_B176_a_proof_holds_for_its_request_alone(world: World, person: Holder) -> None:
    """Everything else is the wallet's own and fresh; only the proof comes from another request."""
    asked, other = world.ask(), world.ask()
    text = presentation(world, person, asked)
    kept = jose.parse(presentation(world, person, other).rpartition("~")[2]).claims()[STATUS_PROOF]
    forged = bound(text, key_of(person, text), **{STATUS_PROOF: kept})
    assert post(world, person, asked, forged) == "acc_proof_invalid"
    assert post(world, person, other, text) == "acc_proof_invalid"  # the whole answer, replayed
    assert post(world, person, asked, text) == "verified"


def test_B176_a_proof_for_another_verifier_or_nonce_is_refused(world: World, person: Holder) -> None:
    asked = world.ask()
    request = person.read_request(asked["request_uri"])
    held = held_by(person)
    slot = held.slot
    assert slot is not None
    kept = person.keeping.witness(slot)
    text = presentation(world, person, asked)
    key = key_of(person, text)
    opening = next(copy for copy in held.copies if copy.key is key).status_secrets
    assert opening is not None
    right = {
        "verifier": request.asker.client_id.encode(),
        "nonce": request.nonce.encode(),
        "credential_hash": sha256(text.partition("~")[0].encode()),
    }

    def with_proof(**changes: bytes) -> str:
        proof = kept.witness.prove(opening.opening, **(right | changes))
        return bound(text, key, **{STATUS_PROOF: StatusProof(kept.witness.epoch, proof).to_json()})

    wrong = ({"verifier": b"https://mill.example"}, {"nonce": bytes(32)}, {"credential_hash": bytes(32)})
    for change in wrong:
        assert post(world, person, asked, with_proof(**change)) == "acc_proof_invalid"
    assert post(world, person, asked, with_proof()) == "verified"


def test_B177_a_handle_joined_to_another_credential_is_refused(world: World, person: Holder) -> None:
    """An accomplice lends row and opening: the commitment in the credential holds another handle."""
    friend = world.wallet(copies=1)
    world.collect(friend)
    friend.refresh()
    asked = world.ask()
    request = person.read_request(asked["request_uri"])
    theirs = held_by(friend)
    slot, opening = theirs.slot, theirs.copies[0].status_secrets
    assert slot is not None
    assert opening is not None
    text = presentation(world, person, asked)
    proof = friend.keeping.witness(slot).witness.prove(
        opening.opening,
        verifier=request.asker.client_id.encode(),
        nonce=request.nonce.encode(),
        credential_hash=sha256(text.partition("~")[0].encode()),
    )
    epoch = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]["epoch"]
    lent = bound(text, key_of(person, text), **{STATUS_PROOF: StatusProof(epoch, proof).to_json()})
    assert post(world, person, asked, lent) == "acc_proof_invalid"
    assert post(world, person, asked, text) == "verified"


def test_B177_one_copys_proof_does_not_serve_another_copy(world: World, person: Holder) -> None:
    """Same person, same slot, same request: a proof is for the copy that it was made with."""
    asked = world.ask()
    first, second = (presentation(world, person, asked) for _ in range(2))
    assert first.partition("~")[0] != second.partition("~")[0]
    proof = jose.parse(first.rpartition("~")[2]).claims()[STATUS_PROOF]
    swapped = bound(second, key_of(person, second), **{STATUS_PROOF: proof})
    assert post(world, person, asked, swapped) == "acc_proof_invalid"
    assert post(world, person, asked, second) == "verified"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda proof: None, "acc_proof_missing"),
        (lambda proof: {}, "status_malformed"),
        (lambda proof: proof | {"epoch": proof["epoch"] + 1}, "acc_epoch_future"),
        (lambda proof: proof | {"epoch": -1}, "status_malformed"),
        (lambda proof: proof | {"proof": proof["proof"][:-4]}, "acc_proof_invalid"),
        (lambda proof: proof | {"proof": proof["proof"].swapcase()}, None),
    ],
    ids=["none", "empty", "future", "negative", "short", "other bytes"],
)
def test_B175_a_bent_proof_is_refused(world: World, person: Holder, change: Any, code: str | None) -> None:
    asked = world.ask()
    text = presentation(world, person, asked)
    proof = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]
    bent = bound(text, key_of(person, text), **{STATUS_PROOF: change(proof)})
    found = post(world, person, asked, bent)
    assert found == code if code else found not in ("verified", "internal_error")
    assert post(world, person, asked, text) == "verified"


def test_B171_an_epoch_too_far_back_is_refused_and_the_one_before_by_policy_only(tmp_path: Path) -> None:
    world = World(tmp_path, previous_seconds=3600)
    holder = world.wallet(copies=4)
    world.collect(holder)
    holder.refresh()
    assert verdict(show(world, holder)) == "verified"
    world.publish()
    world.refresh_verifier()
    assert verdict(show(world, holder)) == "verified"  # t - 1, within the hour
    world.publish()
    world.refresh_verifier()
    assert verdict(show(world, holder)) == "acc_epoch_stale"  # t - 2
    holder.refresh()
    assert verdict(show(world, holder)) == "verified"
    world.publish()
    world.clock.now += 3600
    world.refresh_verifier()
    assert verdict(show(world, holder)) == "acc_epoch_stale"  # t - 1, the hour is over


def test_a_wallet_whose_row_is_too_old_says_so_before_it_shows_anything(tmp_path: Path) -> None:
    world = World(tmp_path)
    holder = world.wallet(copies=2)
    world.collect(holder)
    asked = world.ask()
    with refused("acc_epoch_stale"):  # never refreshed
        holder.plan(holder.read_request(asked["request_uri"]))
    holder.refresh()
    world.clock.now += EpochPolicy().max_age_seconds + 1
    asked = world.ask()
    with refused("acc_epoch_stale"):
        holder.plan(holder.read_request(asked["request_uri"]))
    assert [copy.uses for copy in held_by(holder).copies] == [0, 0]
    world.publish()
    holder.refresh()
    assert verdict(show(world, holder)) == "verified"


def test_an_unknown_registry_is_refused(world: World, person: Holder, tmp_path: Path) -> None:
    """A counter whose trust file names no registry accepts nothing that hangs on one; the twin is the module's counter."""
    trust = json.loads((world.folder / "trust.json").read_text())
    (tmp_path / "trust.json").write_text(json.dumps({"types": trust["types"]}))
    from verifier_app import create_app

    settings = replace(world._settings("verifier", "https://counter.example"), store_path=tmp_path / "v.db")
    settings = replace(settings, trust_file=tmp_path / "trust.json")
    knowing = world.verifier
    try:
        world.verifier = world.net.apps["https://counter.example"] = create_app(
            settings,
            clock=world.clock,
            fetcher=world.net,  # type: ignore[arg-type]
        )
        world.net.asked.clear()
        assert verdict(show(world, person)) == "acc_registry_unknown"
        assert [url for url in world.net.asked if "/revocation/" in url] == []
    finally:
        world.verifier = world.net.apps["https://counter.example"] = knowing
    assert verdict(show(world, person)) == "verified"


def test_B166_one_revocation_ends_all_ten_copies_and_nobody_elses(tmp_path: Path) -> None:
    world = World(tmp_path)
    revoked, kept = world.wallet(), world.wallet(copies=2)
    issuance, _ = world.collect(revoked)
    world.collect(kept)
    for holder in (revoked, kept):
        holder.refresh()
    world.revoke(issuance)
    world.revoke(issuance)
    [entry] = world.admin(world.issuer, "GET", "/api/revocation")
    assert entry["requested"] == 1
    at_desk = world.admin(world.issuer, "GET", f"/api/issuances/{issuance}")
    assert (at_desk["state"], at_desk["registry"], at_desk["revoked_epoch"]) == ("revoked", REGISTRY, None)
    # Until the next epoch is published nobody can know it; that is the limit that docs/revocation.md names.
    assert verdict(show(world, revoked)) == "verified"
    epoch = world.publish()
    world.refresh_verifier()
    verdicts = [verdict(show(world, revoked)) for _ in range(COPIES)]
    assert verdicts == ["acc_epoch_stale"] * COPIES
    kept.refresh()
    assert verdict(show(world, kept)) == "verified"
    # Lying about the epoch does not help: the old row proves nothing about the new value.
    asked = world.ask()
    text = presentation(world, revoked, asked)
    proof = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]
    lied = bound(text, key_of(revoked, text), **{STATUS_PROOF: proof | {"epoch": epoch}})
    assert post(world, revoked, asked, lied) == "acc_proof_invalid"
    # The wallet learns it from its block, and shows nothing any more.
    [(_, refusal)] = revoked.refresh()
    assert refusal is not None
    assert refusal.code == "revoked"
    with refused("revoked"):
        revoked.plan(revoked.read_request(world.ask()["request_uri"]))
    assert world.admin(world.issuer, "GET", f"/api/issuances/{issuance}")["revoked_epoch"] == epoch


def test_who_was_revoked_and_got_a_new_certificate_shows_the_new_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    holder = world.wallet(copies=2)
    issuance, _ = world.collect(holder)
    world.revoke(issuance)
    world.publish()
    world.clock.now += 5
    _, again = world.collect(holder)
    outcomes = {held.id: refusal for held, refusal in holder.refresh()}
    assert [refusal is None for refusal in outcomes.values()].count(True) == 1
    answer = holder.plan(holder.read_request(world.ask()["request_uri"]))
    assert [showing.credential.id for showing in answer.showings] == [again.id]
    assert verdict(show(world, holder)) == "verified"


def test_B178_a_value_made_for_one_holder_is_refused(world: World, person: Holder, tmp_path: Path) -> None:
    """Whoever serves the registry shows one wallet another statement for an epoch that it has seen: nothing is kept."""
    before = held_by(person).slot
    assert before is not None
    kept = person.keeping.witness(before).statement
    other = World(tmp_path)  # another manager's history, signed by another key
    statement = (other.published / "epochs" / "latest").read_bytes()
    latest = world.published / "epochs" / "latest"
    true = latest.read_bytes()
    try:
        latest.write_bytes(statement)
        [(_, refusal)] = person.refresh()
        assert refusal is not None
        assert refusal.code == "acc_value_untrusted"
        assert person.keeping.witness(before).statement == kept
    finally:
        latest.write_bytes(true)
    assert person.refresh()[0][1] is None
    assert verdict(show(world, person)) == "verified"


def test_a_row_of_somebody_else_is_noticed_by_the_wallet(world: World, person: Holder) -> None:
    slot = held_by(person).slot
    assert slot is not None
    kept = person.store.rows.row(REGISTRY, slot.place)
    assert kept is not None
    rows = person.store.rows._rows  # type: ignore[attr-defined]
    rows[(REGISTRY, slot.place)] = KeptRow(kept.epoch, NOBODYS_ROW, kept.fetched_at)
    with refused("acc_witness_invalid"):
        presentation(world, person, world.ask())
    rows[(REGISTRY, slot.place)] = kept
    assert verdict(show(world, person)) == "verified"


def test_a_proof_has_the_size_that_is_promised(world: World, person: Holder) -> None:
    text = presentation(world, person, world.ask())
    proof = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]
    assert len(bytes(MembershipProof.from_bytes(b64url_decode(proof["proof"])))) == 288
