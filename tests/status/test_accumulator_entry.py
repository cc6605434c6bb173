"""The accumulator's entry, secrets and proof as they are written: one form each, everything else refused."""

from __future__ import annotations

import pytest

from refusing import refused
from trustid.encoding import b64url_encode
from trustid.errors import TrustidError
from trustid.keys.sealing import SealingKey
from trustid.status.accumulator import Manager
from trustid.status.accumulator_entry import AccumulatorEntry, StatusProof, StatusSecrets
from trustid.status.membership import Opening, Witness
from trustid.status.tickets import open_ticket, seal_ticket

REGISTRY = "https://hospital.example/revocation/vaccination"
MANAGER = Manager.create(REGISTRY.encode(), 4096)
MEMBER = MANAGER.take(7)
OPENING = Opening.generate(MEMBER)
WITNESS = Witness.check(MANAGER.params, MANAGER.accumulator, MEMBER, MANAGER.row(7))
PROOF = WITNESS.prove(OPENING, verifier=b"shop", nonce=bytes(16), credential_hash=bytes(32))
ENTRY = AccumulatorEntry(REGISTRY, OPENING.commitment).to_json()
SHOWN = StatusProof(3, PROOF).to_json()
SECRETS = StatusSecrets(7, OPENING).to_json()
IDENTITY = b64url_encode(b"\xc0" + bytes(47))


def test_what_is_written_is_read_again() -> None:
    entry = AccumulatorEntry.parse(ENTRY)
    assert (entry.registry, entry.commitment) == (REGISTRY, OPENING.commitment)
    assert AccumulatorEntry.parse(entry.to_entry()) == entry
    proof = StatusProof.parse(SHOWN)
    assert (proof.epoch, bytes(proof.proof)) == (3, bytes(PROOF))
    secrets = StatusSecrets.parse(SECRETS)
    assert (secrets.slot, secrets.opening.commitment) == (7, OPENING.commitment)
    assert "opening" not in repr(secrets)
    assert "slot" not in repr(secrets)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"registry": None}, "status_malformed"),
        ({"registry": ""}, "status_malformed"),
        ({"registry": "r" * 1025}, "status_malformed"),
        ({"commitment": None}, "status_malformed"),
        ({"commitment": 7}, "status_malformed"),
        ({"commitment": "a="}, "status_malformed"),
        ({"commitment": ""}, "point_encoding"),
        ({"commitment": IDENTITY}, "point_identity"),
    ],
)
def test_B174_an_entry_of_another_form_is_refused(change, code) -> None:
    assert AccumulatorEntry.parse(ENTRY | {"more": 1})
    with refused(code):
        AccumulatorEntry.parse(ENTRY | change)


@pytest.mark.parametrize("value", [None, [], "x", {}, {"registry": REGISTRY}])
def test_what_is_no_entry_is_refused(value) -> None:
    with refused("status_malformed"):
        AccumulatorEntry.parse(value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"epoch": -1}, "status_malformed"),
        ({"epoch": True}, "status_malformed"),
        ({"epoch": 1 << 53}, "status_malformed"),
        ({"epoch": "3"}, "status_malformed"),
        ({"proof": b64url_encode(bytes(PROOF)[:-1])}, "acc_proof_invalid"),
        ({"proof": b64url_encode(bytes(PROOF) + b"\0")}, "acc_proof_invalid"),
    ],
)
def test_B175_a_proof_of_another_form_is_refused(change, code) -> None:
    assert StatusProof.parse(SHOWN)
    with refused(code):
        StatusProof.parse(SHOWN | change)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"slot": -1}, "malformed"),
        ({"slot": 1 << 27}, "malformed"),
        ({"slot": False}, "malformed"),
        ({"y": "?"}, "malformed"),
        ({"rho": None}, "malformed"),
        ({"y": b64url_encode(bytes(32))}, "handle_invalid"),
        ({"rho": b64url_encode(b"\xff" * 32)}, "handle_invalid"),
        ({"rho": b64url_encode(bytes(31) + b"\1" + b"\0")}, "handle_invalid"),
    ],
)
def test_B160_secrets_of_another_form_are_refused(change, code) -> None:
    assert StatusSecrets.parse(SECRETS)
    with refused(code):
        StatusSecrets.parse(SECRETS | change)


def test_a_ticket_opens_for_its_issuer_registry_and_slot_only() -> None:
    issuer = SealingKey.generate().derive_opening("tickets")
    sealed = seal_ticket(issuer.public_key, REGISTRY, 7, MEMBER)
    assert len(sealed) == 112
    assert open_ticket(issuer, REGISTRY, 7, sealed).to_bytes() == MEMBER.to_bytes()
    stranger = SealingKey.generate().derive_opening("tickets")
    for key, registry, slot in ((stranger, REGISTRY, 7), (issuer, REGISTRY + "x", 7), (issuer, REGISTRY, 8)):
        with refused("store_tampered"):
            open_ticket(key, registry, slot, sealed)


def test_only_our_errors_leave() -> None:
    for value in (0, 1.5, b"x", {"registry": 1, "commitment": 2}, {"epoch": 1, "proof": []}):
        for reader in (AccumulatorEntry.parse, StatusProof.parse, StatusSecrets.parse):
            with pytest.raises(TrustidError):
                reader(value)
