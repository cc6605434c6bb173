"""The Rust core against py_ecc, an independent implementation in plain Python (slow, so few cases)."""

from __future__ import annotations

import random

import pytest
from py_ecc.bls import G2Basic, G2MessageAugmentation, G2ProofOfPossession
from py_ecc.bls.g2_primitives import G1_to_pubkey
from py_ecc.optimized_bls12_381 import G1, Z1, add, curve_order, multiply

from trustid.keys import bls
from trustid.keys.bls import ProofOfPossession, SecretKey, Signature, Suite

PEERS = [
    (Suite.MIN_PK_BASIC, G2Basic),
    (Suite.MIN_PK_AUGMENTED, G2MessageAugmentation),
    (Suite.MIN_PK_POSSESSION, G2ProofOfPossession),
]


@pytest.mark.parametrize(("suite", "peer"), PEERS, ids=lambda value: getattr(value, "id", ""))
def test_keys_and_signatures_are_the_same_bytes(suite: Suite, peer: type) -> None:
    source = random.Random(381)
    material, message = source.randbytes(40), source.randbytes(50)
    key = SecretKey.derive(material, suite)
    number = peer.KeyGen(material)
    assert number == int.from_bytes(key.to_bytes(), "big")
    assert peer.SkToPk(number) == bytes(key.public_key())
    assert peer.Sign(number, message) == bytes(key.sign(message))


def test_proof_of_possession_is_the_same_bytes() -> None:
    key = SecretKey.derive(b"\x07" * 32)
    assert G2ProofOfPossession.PopProve(int.from_bytes(key.to_bytes(), "big")) == bytes(
        key.prove_possession()
    )
    proof = ProofOfPossession.from_bytes(bytes(key.prove_possession()))
    assert bls.ProvenKey.prove(key.public_key(), proof) == key.proven_key()


def test_aggregates_check_on_both_sides() -> None:
    source = random.Random(12)
    keys = [SecretKey.derive(source.randbytes(32)) for _ in range(2)]
    parts = [key.sign(b"epoch 7") for key in keys]
    total = bls.aggregate(parts)
    assert G2ProofOfPossession.Aggregate([bytes(part) for part in parts]) == bytes(total)
    publics = [bytes(key.public_key()) for key in keys]
    assert G2ProofOfPossession.FastAggregateVerify(publics, b"epoch 7", bytes(total))
    assert not G2ProofOfPossession.FastAggregateVerify(publics, b"epoch 8", bytes(total))
    bls.fast_aggregate_verify(
        Signature.from_bytes(bytes(total)), [key.proven_key() for key in keys], b"epoch 7"
    )


def test_sums_of_multiples_are_the_same_points() -> None:
    source = random.Random(16)
    values = [source.randrange(curve_order) for _ in range(4)]
    points = [multiply(G1, value) for value in values]
    total = Z1
    for point, value in zip(points, reversed(values), strict=True):
        total = add(total, multiply(point, value))
    scalars = b"".join(value.to_bytes(32, "big") for value in reversed(values))
    encoded = b"".join(G1_to_pubkey(point) for point in points)
    assert bls.multi_scalar_multiply_g1(encoded, scalars) == G1_to_pubkey(total)
