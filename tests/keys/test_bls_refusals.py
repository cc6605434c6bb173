"""What must be refused, each with the twin that must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trustid import _core
from trustid.errors import TrustidError
from trustid.keys import bls
from trustid.keys.bls import ProofOfPossession, ProvenKey, PublicKey, SecretKey, Signature, Suite

VECTORS = Path(__file__).parents[1] / "vectors" / "bls"
FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
MIN_PK = (Suite.MIN_PK_BASIC, Suite.MIN_PK_AUGMENTED, Suite.MIN_PK_POSSESSION)
MIN_SIG = (Suite.MIN_SIG_BASIC, Suite.MIN_SIG_AUGMENTED, Suite.MIN_SIG_POSSESSION)
POSSESSION = (Suite.MIN_PK_POSSESSION, Suite.MIN_SIG_POSSESSION)
SIGN_FLAG = 0x20

ADA = SecretKey.derive(b"ada".ljust(32, b"."))
BOB = SecretKey.derive(b"bob".ljust(32, b"."))
EVE = SecretKey.derive(b"eve".ljust(32, b"."))


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(TrustidError) as caught:
        act()
    assert caught.value.code == code


def negated(data: bytes) -> bytes:
    """The compressed point of the opposite sign."""
    return bytes([data[0] ^ SIGN_FLAG]) + data[1:]


def g1_sum(*points: bytes) -> bytes:
    """Adds points of G1: in the MIN_SIG suites they are signatures, and those add up."""
    parts = [Signature.from_bytes(point, Suite.MIN_SIG_POSSESSION) for point in points]
    return bytes(bls.aggregate(parts))


def g1_encoding(x: int, flags: int = 0x80) -> bytes:
    data = bytearray(x.to_bytes(48, "big"))
    data[0] |= flags
    return bytes(data)


def is_x_of_a_point(x: int) -> bool:
    return pow(x**3 + 4, (FIELD - 1) // 2, FIELD) == 1


@pytest.mark.parametrize("suite", MIN_PK + MIN_SIG)
def test_B110_infinity_as_public_key(suite: Suite) -> None:
    size = 48 if suite in MIN_PK else 96
    refused("key_invalid", lambda: PublicKey.from_bytes(b"\xc0" + bytes(size - 1), suite))
    key = SecretKey.generate(suite).public_key()
    assert PublicKey.from_bytes(bytes(key), suite) == key


@pytest.mark.parametrize("suite", MIN_PK + MIN_SIG)
def test_B111_infinity_as_signature(suite: Suite) -> None:
    size = 96 if suite in MIN_PK else 48
    infinity = b"\xc0" + bytes(size - 1)
    refused("signature_invalid", lambda: Signature.from_bytes(infinity, suite))
    if suite in POSSESSION:
        refused("signature_invalid", lambda: ProofOfPossession.from_bytes(infinity, suite))
    key = SecretKey.generate(suite)
    key.public_key().verify(Signature.from_bytes(bytes(key.sign(b"")), suite), b"")


@pytest.mark.parametrize("read", [PublicKey.from_bytes, Signature.from_bytes])
def test_B112_flag_bits(read: Callable[..., object]) -> None:
    for suite in (Suite.MIN_PK_POSSESSION, Suite.MIN_SIG_POSSESSION):
        secret = SecretKey.generate(suite)
        good = bytes(secret.public_key() if read is PublicKey.from_bytes else secret.sign(b"red"))
        tail = bytes(len(good) - 1)
        for bad in (
            bytes([good[0] & 0x7F]) + good[1:],  # not marked as compressed
            bytes([good[0] | 0x40]) + good[1:],  # marked as infinity, with coordinates
            b"\xe0" + tail,  # infinity with a sign
            b"\xc0" + tail[:-1] + b"\x01",  # infinity with a tail
            b"\x40" + tail,  # infinity, not compressed
            bytes(len(good)),
            good + good,  # the length of the other form, marked as compressed
        ):
            refused("point_encoding", lambda bad=bad, suite=suite: read(bad, suite))
        assert bytes(read(good, suite)) == good


def test_B113_coordinates_not_below_the_modulus() -> None:
    for x in (FIELD, FIELD + 1, 2**381 - 1):
        refused("point_encoding", lambda x=x: PublicKey.from_bytes(g1_encoding(x)))
    good = bytes(ADA.sign(b"red"))
    flags = good[0] & 0xE0
    higher = g1_encoding(FIELD, flags) + good[48:]
    lower = good[:48] + FIELD.to_bytes(48, "big")
    for bad in (higher, lower):
        refused("point_encoding", lambda bad=bad: Signature.from_bytes(bad))
    ADA.public_key().verify(Signature.from_bytes(good), b"red")


def test_B114_coordinate_without_a_point() -> None:
    off_curve = next(x for x in range(1, 100) if not is_x_of_a_point(x))
    refused("point_not_on_curve", lambda: PublicKey.from_bytes(g1_encoding(off_curve)))
    folder = json.loads((VECTORS / "wycheproof" / "bls_sig_g2_basic_verify_test.json").read_text())
    tests = [test for group in folder["testGroups"] for test in group["tests"]]
    off_twist = bytes.fromhex(next(test["sig"] for test in tests if "not on the twist" in test["comment"]))
    refused("point_not_on_curve", lambda: Signature.from_bytes(off_twist))
    refused("point_not_on_curve", lambda: PublicKey.from_bytes(off_twist, Suite.MIN_SIG_BASIC))
    assert PublicKey.from_bytes(bytes(ADA.public_key())) == ADA.public_key()


def test_B115_point_outside_the_subgroup() -> None:
    on_curve = next(x for x in range(1, 100) if is_x_of_a_point(x))
    order_three = 0  # (0, 2) has order 3, a divisor of the cofactor
    for x in (on_curve, order_three):
        for flags in (0x80, 0xA0):
            data = g1_encoding(x, flags)
            refused("point_not_in_subgroup", lambda data=data: PublicKey.from_bytes(data))
            refused("point_not_in_subgroup", lambda data=data: Signature.from_bytes(data, MIN_SIG[0]))
    path = VECTORS / "ethereum" / "deserialization_G2" / "deserialization_fails_not_in_G2.json"
    outside = bytes.fromhex(json.loads(path.read_text())["input"]["signature"].removeprefix("0x"))
    refused("point_not_in_subgroup", lambda: Signature.from_bytes(outside))
    refused("point_not_in_subgroup", lambda: PublicKey.from_bytes(outside, MIN_SIG[0]))
    assert PublicKey.from_bytes(bytes(ADA.public_key())) == ADA.public_key()


@pytest.mark.parametrize("suite", MIN_PK + MIN_SIG)
def test_B116_wrong_lengths(suite: Suite) -> None:
    secret = SecretKey.generate(suite)
    for read, good in (
        (PublicKey.from_bytes, bytes(secret.public_key())),
        (Signature.from_bytes, bytes(secret.sign(b"red"))),
    ):
        for bad in (b"", good[:-1], good + b"\0", good.hex().encode(), good[:1], good * 2):
            refused("point_encoding", lambda bad=bad, read=read: read(bad, suite))
        assert bytes(read(good, suite)) == good


def test_B117_secret_keys_out_of_range() -> None:
    for number in (0, ORDER, ORDER + 1, 2**256 - 1):
        refused("key_invalid", lambda number=number: SecretKey.from_bytes(number.to_bytes(32, "big")))
    for size in (0, 31, 33):
        refused("key_invalid", lambda size=size: SecretKey.from_bytes(b"\x01" * size))
    refused("key_invalid", lambda: SecretKey.derive(b"\x01" * 31))
    for number in (1, ORDER - 1):
        data = number.to_bytes(32, "big")
        assert SecretKey.from_bytes(data).to_bytes() == data
    assert len(SecretKey.derive(b"\x01" * 32).to_bytes()) == 32


def test_B128_rogue_key() -> None:
    """Eve publishes g^x - victim, whose sum with the victim's key is her own; no proof, no aggregate."""
    victim = ADA.public_key()
    rogue = PublicKey.from_bytes(g1_sum(bytes(EVE.public_key()), negated(bytes(victim))))
    assert g1_sum(bytes(victim), bytes(rogue)) == bytes(EVE.public_key())
    forged = EVE.sign(b"pay eve")
    refused("pop_required", lambda: bls.fast_aggregate_verify(forged, [victim, rogue], b"pay eve"))
    refused(
        "pop_required",
        lambda: bls.fast_aggregate_verify(forged, [ADA.proven_key(), rogue], b"pay eve"),
    )
    refused("pop_required", lambda: bls.verify_aggregate(forged, [victim, rogue], [b"pay eve"] * 2))
    for proof in (EVE.prove_possession(), ADA.prove_possession()):
        refused("pop_invalid", lambda proof=proof: ProvenKey.prove(rogue, proof))
    honest = bls.aggregate([ADA.sign(b"pay bob"), EVE.sign(b"pay bob")])
    bls.fast_aggregate_verify(honest, [ADA.proven_key(), EVE.proven_key()], b"pay bob")


@pytest.mark.parametrize("suite", POSSESSION)
def test_B129_proofs_and_signatures_do_not_pass_for_each_other(suite: Suite) -> None:
    ada, bob = SecretKey.generate(suite), SecretKey.generate(suite)
    key = ada.public_key()
    refused("pop_invalid", lambda: ProvenKey.prove(key, bob.prove_possession()))
    under_signing_tag = ProofOfPossession.from_bytes(bytes(ada.sign(bytes(key))), suite)
    refused("pop_invalid", lambda: ProvenKey.prove(key, under_signing_tag))
    under_proof_tag = Signature.from_bytes(bytes(ada.prove_possession()), suite)
    refused("signature_invalid", lambda: key.verify(under_proof_tag, bytes(key)))
    assert ProvenKey.prove(key, ada.prove_possession()) == ada.proven_key()
    key.verify(ada.sign(bytes(key)), bytes(key))


def test_B129_signature_of_another_scheme() -> None:
    secret = ADA.to_bytes()
    for suite in MIN_PK:
        signature = SecretKey.from_bytes(secret, suite).sign(b"red")
        key = SecretKey.from_bytes(secret, suite).public_key()
        key.verify(signature, b"red")
        for other in MIN_PK:
            if other != suite:
                key = SecretKey.from_bytes(secret, other).public_key()
                refused("suite_mismatch", lambda key=key, signature=signature: key.verify(signature, b"red"))
                same_bytes = Signature.from_bytes(bytes(signature), other)
                refused("signature_invalid", lambda key=key, same=same_bytes: key.verify(same, b"red"))


def test_B130_keys_that_cancel() -> None:
    data = ADA.to_bytes()
    opposite = SecretKey.from_bytes((ORDER - int.from_bytes(data, "big")).to_bytes(32, "big"))
    assert bytes(opposite.public_key()) == negated(bytes(ADA.public_key()))
    refused("aggregate_invalid", lambda: bls.aggregate([ADA.sign(b"red"), opposite.sign(b"red")]))
    keys = [ADA.proven_key(), opposite.proven_key()]
    refused("aggregate_invalid", lambda: bls.fast_aggregate_verify(ADA.sign(b"red"), keys, b"red"))
    bls.fast_aggregate_verify(ADA.sign(b"red"), keys[:1], b"red")


def test_B131_three_keys_that_cancel() -> None:
    numbers = [int.from_bytes(key.to_bytes(), "big") for key in (ADA, BOB)]
    third = SecretKey.from_bytes((-sum(numbers) % ORDER).to_bytes(32, "big"))
    signers = (ADA, BOB, third)
    refused("aggregate_invalid", lambda: bls.aggregate([key.sign(b"red") for key in signers]))
    keys = [key.proven_key() for key in signers]
    refused("aggregate_invalid", lambda: bls.fast_aggregate_verify(ADA.sign(b"red"), keys, b"red"))
    total = bls.aggregate([key.sign(b"red") for key in (ADA, BOB)])
    bls.fast_aggregate_verify(total, keys[:2], b"red")


def test_B132_empty_lists_and_lists_of_two_lengths() -> None:
    total = bls.aggregate([ADA.sign(b"red"), BOB.sign(b"blue")])
    keys = [ADA.proven_key(), BOB.proven_key()]
    refused("aggregate_invalid", lambda: bls.aggregate([]))
    refused("aggregate_invalid", lambda: bls.verify_aggregate(total, [], []))
    refused("aggregate_invalid", lambda: bls.fast_aggregate_verify(total, [], b"red"))
    refused("aggregate_invalid", lambda: bls.verify_aggregate(total, keys, [b"red"]))
    refused("aggregate_invalid", lambda: bls.verify_aggregate(total, keys[:1], [b"red", b"blue"]))
    bls.verify_aggregate(total, keys, [b"red", b"blue"])


@pytest.mark.parametrize("suite", [Suite.MIN_PK_BASIC, Suite.MIN_SIG_BASIC])
def test_B133_basic_scheme_with_equal_messages(suite: Suite) -> None:
    ada, bob = SecretKey.generate(suite), SecretKey.generate(suite)
    keys = [ada.public_key(), bob.public_key()]
    same = bls.aggregate([ada.sign(b"red"), bob.sign(b"red")])
    refused("messages_not_distinct", lambda: bls.verify_aggregate(same, keys, [b"red", b"red"]))
    different = bls.aggregate([ada.sign(b"red"), bob.sign(b"blue")])
    bls.verify_aggregate(different, keys, [b"red", b"blue"])


@pytest.mark.parametrize("suite", POSSESSION)
def test_B134_one_signer_twice(suite: Suite) -> None:
    ada, bob = SecretKey.generate(suite), SecretKey.generate(suite)
    twice = bls.aggregate([ada.sign(b"red"), ada.sign(b"red")])
    keys = [ada.proven_key(), ada.proven_key()]
    refused("duplicate_signer", lambda: bls.fast_aggregate_verify(twice, keys, b"red"))
    both = bls.aggregate([ada.sign(b"red"), bob.sign(b"red")])
    bls.fast_aggregate_verify(both, [ada.proven_key(), bob.proven_key()], b"red")


@pytest.mark.parametrize("suite", POSSESSION)
def test_B137_signer_left_out_or_added(suite: Suite) -> None:
    signers = [SecretKey.generate(suite) for _ in range(4)]
    keys = [key.proven_key() for key in signers]
    total = bls.aggregate([key.sign(b"red") for key in signers[:3]])
    refused("aggregate_invalid", lambda: bls.fast_aggregate_verify(total, keys[:2], b"red"))
    refused("aggregate_invalid", lambda: bls.fast_aggregate_verify(total, keys, b"red"))
    bls.fast_aggregate_verify(total, keys[:3], b"red")


@pytest.mark.parametrize("suite", POSSESSION)
def test_B138_tampered_last_byte(suite: Suite) -> None:
    ada, bob = SecretKey.generate(suite), SecretKey.generate(suite)
    keys = [ada.proven_key(), bob.proven_key()]
    good = bytes(bls.aggregate([ada.sign(b"red"), bob.sign(b"red")]))
    codes = {"aggregate_invalid", "point_not_on_curve", "point_not_in_subgroup"}
    for bit in range(8):
        bad = good[:-1] + bytes([good[-1] ^ (1 << bit)])
        with pytest.raises(TrustidError) as caught:
            bls.fast_aggregate_verify(Signature.from_bytes(bad, suite), keys, b"red")
        assert caught.value.code in codes
    opposite = Signature.from_bytes(negated(good), suite)
    refused("aggregate_invalid", lambda: bls.fast_aggregate_verify(opposite, keys, b"red"))
    bls.fast_aggregate_verify(Signature.from_bytes(good, suite), keys, b"red")


def test_B139_empty_and_large_messages() -> None:
    for message in (b"", bytes(1 << 20)):
        ADA.public_key().verify(ADA.sign(message), message)
        changed = message + b"\0"
        refused(
            "signature_invalid",
            lambda message=message, changed=changed: ADA.public_key().verify(ADA.sign(message), changed),
        )


def test_B139_tag_longer_than_255_bytes() -> None:
    """RFC 9380, section 5.3.3: such a tag counts as SHA-256 of a prefix and itself."""
    import hashlib

    for size in (256, 1000):
        tag = b"t" * size
        hashed = hashlib.sha256(b"H2C-OVERSIZE-DST-" + tag).digest()
        assert _core.hash_to_g1(b"red", tag) == _core.hash_to_g1(b"red", hashed)
        assert _core.hash_to_g2(b"red", tag) == _core.hash_to_g2(b"red", hashed)
    assert _core.hash_to_g1(b"red", b"t" * 255) != _core.hash_to_g1(b"red", b"t" * 254)


def test_augmented_scheme_binds_the_key_and_needs_no_proof() -> None:
    for suite in (Suite.MIN_PK_AUGMENTED, Suite.MIN_SIG_AUGMENTED):
        ada, bob = SecretKey.generate(suite), SecretKey.generate(suite)
        total = bls.aggregate([ada.sign(b"red"), bob.sign(b"red")])
        keys = [ada.public_key(), bob.public_key()]
        bls.verify_aggregate(total, keys, [b"red", b"red"])
        refused("unsupported", lambda total=total: bls.fast_aggregate_verify(total, [], b"red"))
        refused("unsupported", ada.prove_possession)
        refused("unsupported", ada.proven_key)
        refused("unsupported", lambda suite=suite: ProofOfPossession.from_bytes(bytes(96), suite))


def test_values_of_different_suites_do_not_meet() -> None:
    other = SecretKey.generate(Suite.MIN_SIG_POSSESSION)
    refused("suite_mismatch", lambda: ADA.public_key().verify(other.sign(b"red"), b"red"))
    refused("suite_mismatch", lambda: bls.aggregate([ADA.sign(b"red"), other.sign(b"red")]))
    refused("suite_mismatch", lambda: ProvenKey.prove(ADA.public_key(), other.prove_possession()))
    refused(
        "suite_mismatch",
        lambda: bls.fast_aggregate_verify(ADA.sign(b"red"), [other.proven_key()], b"red"),
    )
    assert ADA.public_key() != SecretKey.from_bytes(ADA.to_bytes(), Suite.MIN_PK_BASIC).public_key()
