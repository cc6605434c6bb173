"""Quorum certificates: made from votes in any order, small, and refused when anything is off."""

from __future__ import annotations

import doctest
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustid.errors import TrustidError
from trustid.keys import bls, quorum
from trustid.keys.bls import KeyStore, SecretKey, Signature, Suite
from trustid.keys.quorum import Committee, Member, QuorumCertificate, VoteCollector

SECRETS = [SecretKey.derive(b"q" * 32, info=bytes([index])) for index in range(10)]
COMMITTEE = Committee([Member(secret.proven_key()) for secret in SECRETS], threshold=7)
STATEMENT = b"epoch 7"


def certificate(places: range | list[int] = range(7), committee: Committee = COMMITTEE) -> QuorumCertificate:
    votes = VoteCollector(committee, STATEMENT)
    for place in places:
        votes.add(place, committee.sign(SECRETS[place], STATEMENT))
    return votes.certificate()


def refused(code: str, act: object) -> None:
    with pytest.raises(TrustidError) as caught:
        act()  # type: ignore[operator]
    assert caught.value.code == code


def test_the_example_runs() -> None:
    assert doctest.testmod(quorum).failed == 0
    assert doctest.testmod(quorum).attempted > 3


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(10)), st.integers(7, 10))
def test_votes_in_any_order_give_the_same_certificate(order: list[int], count: int) -> None:
    chosen = order[:count]
    made = certificate(chosen)
    assert made == certificate(sorted(chosen))
    assert made.verify(COMMITTEE, STATEMENT) == quorum.Quorum(tuple(sorted(chosen)), count)
    assert QuorumCertificate.from_bytes(made.to_bytes()) == made
    assert QuorumCertificate.from_json(made.to_json()) == made


def test_min_sig_suite() -> None:
    secrets = [SecretKey.derive(b"q" * 32, Suite.MIN_SIG_POSSESSION, info=bytes([i])) for i in range(3)]
    committee = Committee([Member(secret.proven_key()) for secret in secrets], threshold=2)
    votes = VoteCollector(committee, STATEMENT)
    assert votes.add_many((place, committee.sign(secrets[place], STATEMENT)) for place in (2, 1)) == ()
    made = QuorumCertificate.from_bytes(votes.certificate().to_bytes())
    assert made.verify(committee, STATEMENT).signers == (1, 2)
    assert len(made.to_bytes()) < 100
    refused("committee_mismatch", lambda: made.verify(COMMITTEE, STATEMENT))


def test_weights_decide() -> None:
    members = [
        Member(secret.proven_key(), weight) for secret, weight in zip(SECRETS, [5, 1, 1], strict=False)
    ]
    committee = Committee(members, threshold=6)
    refused("quorum_missing", lambda: certificate([0], committee))
    refused("quorum_missing", lambda: certificate([1, 2], committee))
    assert certificate([0, 2], committee).verify(committee, STATEMENT).weight == 6


def test_too_few_signers() -> None:
    refused("quorum_missing", lambda: certificate(range(6)))
    total = bls.aggregate([COMMITTEE.sign(secret, STATEMENT) for secret in SECRETS[:6]])
    few = QuorumCertificate(COMMITTEE.hash, b"\x3f\x00", total)
    refused("quorum_missing", lambda: few.verify(COMMITTEE, STATEMENT))
    assert certificate().verify(COMMITTEE, STATEMENT).weight == 7


def test_B137_signer_left_out_or_added() -> None:
    good = certificate(range(8))
    for bitmap, code in (
        (b"\x7f\x00", "aggregate_invalid"),  # one left out
        (b"\xff\x01", "aggregate_invalid"),  # one added
        (b"\xff\x04", "malformed"),  # one that is not in the committee
        (b"\xff", "malformed"),
        (b"\xff\x00\x00", "malformed"),
        (b"\x00\x00", "quorum_missing"),
    ):
        bad = QuorumCertificate(good.committee_hash, bitmap, good.signature)
        refused(code, lambda bad=bad: bad.verify(COMMITTEE, STATEMENT))
    assert good.verify(COMMITTEE, STATEMENT).weight == 8


def test_another_statement_committee_or_signature() -> None:
    good = certificate()
    refused("aggregate_invalid", lambda: good.verify(COMMITTEE, b"epoch 8"))
    for other in (
        Committee(COMMITTEE.members, threshold=6),
        Committee(COMMITTEE.members[::-1], threshold=7),
        Committee(COMMITTEE.members[:9], threshold=7),
        Committee([Member(member.key, 2) for member in COMMITTEE.members], threshold=7),
    ):
        assert other.hash != COMMITTEE.hash
        refused("committee_mismatch", lambda other=other: good.verify(other, STATEMENT))
        moved = QuorumCertificate(other.hash, good.bitmap, good.signature)
        with pytest.raises(TrustidError):
            moved.verify(other, STATEMENT)
    plain = bls.aggregate([secret.sign(STATEMENT) for secret in SECRETS[:7]])
    bare = QuorumCertificate(good.committee_hash, good.bitmap, plain)
    refused("aggregate_invalid", lambda: bare.verify(COMMITTEE, STATEMENT))
    assert good.verify(Committee(list(COMMITTEE.members), threshold=7), STATEMENT).weight == 7


def test_bad_votes_do_not_spoil_the_sum() -> None:
    votes = VoteCollector(COMMITTEE, STATEMENT)
    good = [(place, COMMITTEE.sign(SECRETS[place], STATEMENT)) for place in range(10)]
    refused("signature_invalid", lambda: votes.add(0, good[1][1]))
    refused("signature_invalid", lambda: votes.add(0, SECRETS[0].sign(STATEMENT)))
    for place in (-1, 10, 2**70):
        refused("malformed", lambda place=place: votes.add(place, good[0][1]))
        refused("malformed", lambda place=place: votes.add_many([*good, (place, good[0][1])]))
    other = SecretKey.generate(Suite.MIN_SIG_POSSESSION)
    refused("suite_mismatch", lambda: votes.add(0, other.sign(STATEMENT)))
    assert votes.weight == 0
    assert not votes.reached
    mixed = [*good, (3, good[4][1]), (5, good[5][1])]
    random.Random(5).shuffle(mixed)
    bad = votes.add_many(mixed)
    assert [mixed[index] for index in bad] == [(3, good[4][1])]
    assert votes.add_many([]) == ()
    votes.add(5, good[5][1])
    assert votes.weight == 10
    assert votes.reached
    assert votes.certificate().verify(COMMITTEE, STATEMENT).weight == 10


def test_committees_that_are_none() -> None:
    key = SECRETS[0].proven_key()
    other = SecretKey.generate(Suite.MIN_SIG_POSSESSION).proven_key()
    refused("malformed", lambda: Committee([], 1))
    refused("duplicate_signer", lambda: Committee([Member(key), Member(key)], 1))
    refused("suite_mismatch", lambda: Committee([Member(key), Member(other)], 1))
    for weight in (0, -1, 2**32 + 1, True, 1.0):
        refused("malformed", lambda weight=weight: Committee([Member(key, weight)], 1))
    for threshold in (0, -1, 3):
        refused("malformed", lambda threshold=threshold: Committee([Member(key, 2)], threshold))
    refused("limit_exceeded", lambda: Committee([Member(key)] * (quorum.MAX_MEMBERS + 1), 1))
    assert Committee([Member(key, 2)], 2).threshold == 2


def test_only_one_spelling_is_read() -> None:
    good = certificate().to_bytes()
    assert good[:2] == b"\x84\x01"
    for bad in (
        b"",
        good[:-1],
        good + b"\0",
        b"\x84\x18\x01" + good[2:],  # the number one, longer than need be
        b"\x84\x02" + good[2:],
        b"\x9f" + good[1:] + b"\xff",  # an array of unknown length
        b"\x80",
        b"\x84\x01\x01\x01\x01",
        b"\xf6",
    ):
        with pytest.raises(TrustidError):
            QuorumCertificate.from_bytes(bad)
    signature = b"\xc0" + bytes(95)
    infinity = good[: -len(signature)] + signature
    refused("signature_invalid", lambda: QuorumCertificate.from_bytes(infinity))
    refused("malformed", lambda: QuorumCertificate.from_json({}))
    refused("malformed", lambda: QuorumCertificate.from_json({**certificate().to_json(), "extra": ""}))
    refused("malformed", lambda: QuorumCertificate.from_json({**certificate().to_json(), "signers": 1}))
    refused("malformed", lambda: QuorumCertificate.from_json({**certificate().to_json(), "signers": ""}))
    refused(
        "point_encoding", lambda: QuorumCertificate.from_json({**certificate().to_json(), "signature": "AA"})
    )
    assert QuorumCertificate.from_bytes(good) == certificate()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    good = certificate().to_bytes()
    bit = data.draw(st.integers(0, 8 * len(good) - 1))
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(TrustidError):
        QuorumCertificate.from_bytes(bytes(bad)).verify(COMMITTEE, STATEMENT)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_only_the_error_tree_comes_out_of_any_bytes(data: bytes) -> None:
    with pytest.raises(TrustidError):
        QuorumCertificate.from_bytes(data)


def test_committee_of_a_key_store(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    keys = b"".join(bytes(secret.public_key()) for secret in SECRETS)
    proofs = b"".join(bytes(secret.prove_possession()) for secret in SECRETS)
    store = KeyStore.build(tmp_path / "keys", keys, proofs)
    assert Committee.from_store(store, 7).hash == COMMITTEE.hash
    weighted = Committee.from_store(store, 7, [2] * 10)
    assert [member.weight for member in weighted.members] == [2] * 10
    refused("malformed", lambda: Committee.from_store(store, 7, [1] * 9))
    plain = KeyStore.build(tmp_path / "plain", keys, None)
    refused("pop_required", lambda: Committee.from_store(plain, 7))


@pytest.mark.slow
def test_ten_thousand_signers() -> None:
    secrets = [SecretKey.derive(b"q" * 32, info=index.to_bytes(2, "big")) for index in range(10_000)]
    committee = Committee([Member(secret.proven_key()) for secret in secrets], threshold=6_667)
    statement = committee.signing_input(STATEMENT)
    chosen = range(0, 10_000, 1)[:7_000]
    numbers = sum(int.from_bytes(secrets[place].to_bytes(), "big") for place in chosen)
    order = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    # The sum of the signatures is the signature of the sum of the secrets: quicker than signing 7,000 times.
    total: Signature = SecretKey.from_bytes((numbers % order).to_bytes(32, "big")).sign(statement)
    made = QuorumCertificate(committee.hash, b"\xff" * 875 + bytes(375), total)
    assert len(made.to_bytes()) < 1_400
    assert made.verify(committee, STATEMENT).weight == 7_000
