"""Laws that hold for every key and every message."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trustid.errors import TrustidError
from trustid.keys import bls
from trustid.keys.bls import ProofOfPossession, ProvenKey, PublicKey, SecretKey, Signature, Suite

SUITES = [
    Suite.MIN_PK_BASIC,
    Suite.MIN_PK_AUGMENTED,
    Suite.MIN_PK_POSSESSION,
    Suite.MIN_SIG_BASIC,
    Suite.MIN_SIG_AUGMENTED,
    Suite.MIN_SIG_POSSESSION,
]
POSSESSION = [Suite.MIN_PK_POSSESSION, Suite.MIN_SIG_POSSESSION]

secrets = st.binary(min_size=32, max_size=64)
messages = st.binary(max_size=200)
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(st.sampled_from(SUITES), secrets, messages)
def test_what_is_signed_verifies_and_reads_back(suite: Suite, secret: bytes, message: bytes) -> None:
    key = SecretKey.derive(secret, suite)
    public, signature = key.public_key(), key.sign(message)
    public.verify(signature, message)
    assert SecretKey.from_bytes(key.to_bytes(), suite).public_key() == public
    assert PublicKey.from_bytes(bytes(public), suite) == public
    assert Signature.from_bytes(bytes(signature), suite) == signature
    assert key.sign(message) == signature
    assert hash(PublicKey.from_bytes(public.to_bytes(), suite)) == hash(public)


@few
@given(st.sampled_from(SUITES), secrets, messages, st.data())
def test_any_flipped_bit_is_refused(suite: Suite, secret: bytes, message: bytes, data: st.DataObject) -> None:
    key = SecretKey.derive(secret, suite)
    parts = [bytes(key.public_key()), bytes(key.sign(message)), message]
    which = data.draw(st.sampled_from([index for index, part in enumerate(parts) if part]))
    bit = data.draw(st.integers(0, 8 * len(parts[which]) - 1))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << (bit % 8)
    parts[which] = bytes(changed)
    with pytest.raises(TrustidError):
        PublicKey.from_bytes(parts[0], suite).verify(Signature.from_bytes(parts[1], suite), parts[2])


@few
@given(st.sampled_from(SUITES), st.lists(st.tuples(secrets, messages), min_size=1, max_size=5), st.randoms())
def test_aggregation_is_order_free_and_agrees_with_one_by_one(suite, pairs, random) -> None:
    pairs = list({message: (secret, message) for secret, message in pairs}.values())
    keys = [SecretKey.derive(secret, suite) for secret, _ in pairs]
    parts = [key.sign(message) for key, (_, message) in zip(keys, pairs, strict=True)]
    total = bls.aggregate(parts)
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert bls.aggregate(shuffled) == total
    half = len(parts) // 2
    if half:
        assert bls.aggregate([bls.aggregate(parts[:half]), bls.aggregate(parts[half:])]) == total
    signers = [key.proven_key() if suite in POSSESSION else key.public_key() for key in keys]
    bls.verify_aggregate(total, signers, [message for _, message in pairs])
    for signer, part, (_, message) in zip(signers, parts, pairs, strict=True):
        signer.verify(part, message)


@few
@given(st.sampled_from(POSSESSION), st.sets(secrets, min_size=1, max_size=5), messages)
def test_many_signers_of_one_message(suite: Suite, material: set[bytes], message: bytes) -> None:
    keys = [SecretKey.derive(secret, suite) for secret in sorted(material)]
    total = bls.aggregate([key.sign(message) for key in keys])
    proven = [
        ProvenKey.prove(
            PublicKey.from_bytes(bytes(key.public_key()), suite),
            ProofOfPossession.from_bytes(bytes(key.prove_possession()), suite),
        )
        for key in keys
    ]
    bls.fast_aggregate_verify(total, proven, message)
    bls.verify_aggregate(total, proven, [message] * len(proven))
    with pytest.raises(TrustidError):
        bls.fast_aggregate_verify(total, proven, message + b"\0")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SUITES), st.one_of(st.binary(max_size=200), st.binary(min_size=48, max_size=48)))
def test_any_bytes_are_read_back_the_same_or_refused(suite: Suite, data: bytes) -> None:
    for read in (PublicKey.from_bytes, Signature.from_bytes, ProofOfPossession.from_bytes):
        for candidate in (data, bytes([0x80 | (data[0] if data else 0) & 0x3F]) + data[1:]):
            try:
                value = read(candidate, suite)
            except TrustidError:
                continue
            assert bytes(value) == candidate
    try:
        assert SecretKey.from_bytes(data, suite).to_bytes() == data
    except TrustidError as refusal:
        assert refusal.code == "key_invalid"


@few
@given(secrets, secrets, st.binary(max_size=40))
def test_derived_keys_differ_by_salt_and_info(material: bytes, salt: bytes, info: bytes) -> None:
    plain = SecretKey.derive(material).to_bytes()
    assert SecretKey.derive(material).to_bytes() == plain
    assert SecretKey.derive(material, salt=salt).to_bytes() != plain
    assert SecretKey.derive(material, info=info + b"x").to_bytes() != plain
