"""A counter that wants a committee behind each epoch, configured in its trust file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refusing import refused
from registry_world import World, show, verdict
from trustid.encoding import b64url_encode
from trustid.keys.bls import SecretKey
from trustid.keys.committee_file import committee_from_json
from trustid.keys.quorum import Committee, QuorumCertificate, VoteCollector
from trustid.protocols.holding import Holder
from trustid.status.epochs.publishing import Publisher
from verifier_app.trust import load_trust

SECRETS = [SecretKey.from_bytes(bytes(31) + bytes([number])) for number in (1, 2, 3, 4)]


def content(threshold: int) -> bytes:
    """The file of the committee of all four."""
    members = [
        {
            "public_key": b64url_encode(bytes(secret.public_key())),
            "proof_of_possession": b64url_encode(secret.prove_possession().to_bytes()),
        }
        for secret in SECRETS
    ]
    return json.dumps({"threshold": threshold, "members": members}).encode()


COMMITTEE = committee_from_json(content(3))
WEAKER = committee_from_json(content(2))
"""The same members, of whom two are enough."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "committee.json").write_bytes(content(3))
    return World(tmp_path, committee={"file": "committee.json", "hash": b64url_encode(COMMITTEE.hash)})


@pytest.fixture
def person(world: World) -> Holder:
    holder = world.wallet()
    world.collect(holder)
    return holder


def certificate(world: World, committee: Committee, *places: int) -> QuorumCertificate:
    """What members of a committee sign of the newest epoch."""
    status = world.registry.status()
    signed = world.registry.statement(status.epoch or 0)
    assert signed is not None
    votes = VoteCollector(committee, signed.voted)
    for place in places:
        votes.add(place, committee.sign(SECRETS[place], signed.voted))
    return votes.certificate()


def place_certificate(world: World, data: bytes) -> None:
    """Where the host has it; a host can put anything there."""
    (world.published / "epochs" / str(world.registry.status().epoch) / "quorum").write_bytes(data)


def verdict_of_newest(world: World, person: Holder) -> str:
    """What the counter says to a wallet that is up to date."""
    world.clock.now += 30
    assert person.refresh()[0][1] is None
    return verdict(show(world, person))


def test_an_epoch_counts_once_enough_of_the_committee_agreed(world: World, person: Holder) -> None:
    assert verdict_of_newest(world, person) == "status_unavailable"  # nobody has agreed to epoch 0 yet
    below = certificate(world, WEAKER, 0, 3)
    below_as_ours = QuorumCertificate(COMMITTEE.hash, below.bitmap, below.signature)
    for bad in (
        below.to_bytes(),  # another committee: the same people, but two of them are enough
        below_as_ours.to_bytes(),  # two votes under the name of the committee of three
        certificate(world, COMMITTEE, 0, 1, 3).to_bytes()[:-1],
        b"",
    ):
        place_certificate(world, bad)
        assert verdict_of_newest(world, person) == "acc_value_untrusted"
    publisher = Publisher(world.registry, world.published)
    assert publisher.add_certificate(0, COMMITTEE, certificate(world, COMMITTEE, 0, 1, 3)).weight == 3
    assert verdict_of_newest(world, person) == "verified"


def test_until_the_committee_has_agreed_the_epoch_before_counts(world: World, person: Holder) -> None:
    place_certificate(world, certificate(world, COMMITTEE, 0, 1, 2).to_bytes())
    assert verdict_of_newest(world, person) == "verified"
    assert world.publish() == 1
    assert (
        verdict(show(world, person)) == "verified"
    )  # the wallet has the epoch before, and so has the counter
    assert verdict_of_newest(world, person) == "acc_epoch_future"  # nobody agreed to this one
    place_certificate(world, certificate(world, COMMITTEE, 1, 2, 3).to_bytes())
    assert verdict_of_newest(world, person) == "verified"


def test_a_weak_committee_is_not_taken_for_a_strong_one(tmp_path: Path) -> None:
    """The file says who decides; its hash in the trust file says that it is that file."""
    registry = {
        "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]
    }

    def load(entry: object, *, threshold: int = 3) -> Committee | None:
        (tmp_path / "committee.json").write_bytes(content(threshold))
        trust = {"types": {}, "registries": {"https://h.example/r": registry | {"committee": entry}}}
        (tmp_path / "trust.json").write_text(json.dumps(trust))
        return load_trust(tmp_path / "trust.json").registries[0].committee

    good = {"file": "committee.json", "hash": b64url_encode(COMMITTEE.hash)}
    found = load(good)
    assert found is not None
    assert found.hash == COMMITTEE.hash
    with refused("setting_unsafe"):
        load(good, threshold=2)
    for bad in (
        None,
        [],
        "committee.json",
        {},
        {"file": "committee.json"},
        good | {"threshold": 2},
        good | {"hash": 7},
        good | {"hash": b64url_encode(WEAKER.hash)},
        good | {"hash": good["hash"][:-1]},
        good | {"hash": ""},
        good | {"file": "trust.json"},
    ):
        with refused("setting_unsafe"):
            load(bad)
    with refused("setting_missing"):
        load(good | {"file": "nowhere.json"})
