"""The accumulator and its proof, written a second time on py_ecc from docs/revocation.md alone.

Slow and plain: no Rust, no shared code. It computes every byte of the vectors
again, and checks the proof with its own pairing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from py_ecc.bls.hash import expand_message_xmd
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G1, decompress_G2
from py_ecc.optimized_bls12_381 import (
    G1,
    G2,
    Z1,
    add,
    curve_order,
    eq,
    multiply,
    neg,
    normalize,
    pairing,
)

FILE = Path(__file__).parents[1] / "own_vectors" / "revocation" / "membership.json"
Case = dict[str, Any]


@pytest.fixture(scope="module")
def case() -> Case:
    """The vectors, their hexadecimal read."""
    loaded = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: bytes.fromhex(value) if isinstance(value, str) else value for name, value in loaded.items()}


def generator(label: bytes) -> Any:
    return hash_to_G1(label, b"TRUSTID-ACCUMULATOR-V1_BLS12381G1_XMD:SHA-256_SSWU_RO_", hashlib.sha256)


def g1(point: Any) -> bytes:
    return compress_G1(point).to_bytes(48, "big")


def g2(point: Any) -> bytes:
    return b"".join(part.to_bytes(48, "big") for part in compress_G2(point))


def read_g1(data: bytes) -> Any:
    return decompress_G1(int.from_bytes(data, "big"))


def numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def derived(case: Case, purpose: int, slot: int) -> int:
    """The keyed function over the slots."""
    alpha, key = numbers(case["secret"])[0], case["secret"][32:]
    for counter in range(1 << 32):
        block = key + bytes([purpose]) + slot.to_bytes(8, "big") + counter.to_bytes(4, "big")
        number = int.from_bytes(hashlib.sha256(block).digest(), "big") % (1 << 255)
        if 0 < number < curve_order and (number + alpha) % curve_order:
            return number
    raise AssertionError("never")


def handle(case: Case, slot: int) -> int:
    return derived(case, 1, slot)


def inverse(number: int) -> int:
    return pow(number, -1, curve_order)


def test_parameters(case: Case) -> None:
    alpha = numbers(case["secret"])[0]
    expected = (
        b"TrustID-params-1"
        + g1(generator(b"G"))
        + g1(generator(b"H"))
        + g2(multiply(G2, alpha))
        + case["capacity"].to_bytes(8, "big")
        + case["registry"]
    )
    assert expected == case["params"]


def test_values_and_rows(case: Case) -> None:
    alpha = numbers(case["secret"])[0]
    first = multiply(G1, derived(case, 0, 0))
    assert (0).to_bytes(8, "big") + g1(first) == case["accumulator_before"]
    gone = 1
    for slot in case["revoked"]:
        gone = gone * (handle(case, slot) + alpha) % curve_order
    value = multiply(first, inverse(gone))
    assert (1).to_bytes(8, "big") + g1(value) == case["accumulator"]
    for slot in range(case["capacity"]):
        scalar = inverse((handle(case, slot) + alpha) % curve_order)
        assert g1(multiply(first, scalar)) == case["rows_before"][48 * slot : 48 * slot + 48]
        if slot in case["revoked"]:
            scalar = derived(case, 2, slot)
        assert g1(multiply(value, scalar)) == case["rows"][48 * slot : 48 * slot + 48]


def test_block_hash(case: Case) -> None:
    params = hashlib.sha256(case["params"]).digest()
    block = b"TrustID-block-01" + params + case["accumulator"] + bytes(8) + case["rows"]
    assert hashlib.sha256(block).digest() == case["block_hash"]


def challenge(case: Case, points: list[bytes]) -> int:
    parts = [
        g1(generator(b"G")),
        g1(generator(b"H")),
        case["capacity"].to_bytes(8, "big"),
        case["params"][112:208],
        case["registry"],
        case["accumulator"][:8],
        case["accumulator"][8:],
        case["commitment"],
        *points,
        case["verifier"],
        case["nonce"],
        case["credential_hash"],
    ]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    tag = b"TRUSTID-MEMBERSHIP-V1_XMD:SHA-256"
    return int.from_bytes(expand_message_xmd(message, tag, 16, hashlib.sha256), "big")


def test_commitment_and_proof(case: Case) -> None:
    y, rho = numbers(case["opening"])
    assert y == handle(case, case["slot"])
    generators = generator(b"G"), generator(b"H")
    k = add(multiply(generators[0], y), multiply(generators[1], rho))
    assert g1(k) == case["commitment"]
    r, mask_r, mask_y, mask_rho = numbers(case["randomness"])
    value = read_g1(case["accumulator"][8:])
    row = read_g1(case["rows"][48 * case["slot"] :][:48])
    a = multiply(row, r)
    b = add(multiply(value, r), neg(multiply(a, y)))
    t1 = add(multiply(value, mask_r), neg(multiply(a, mask_y)))
    t2 = add(multiply(generators[0], mask_y), multiply(generators[1], mask_rho))
    points = [g1(point) for point in (a, b, t1, t2)]
    c = challenge(case, points)
    responses = [(mask_r + c * r), (mask_y + c * y), (mask_rho + c * rho)]
    expected = b"".join(points) + b"".join((number % curve_order).to_bytes(32, "big") for number in responses)
    assert expected == case["proof"]


def test_the_proof_holds(case: Case) -> None:
    """All three equations, from the sent bytes alone; with another nonce, the second fails."""
    sent = [case["proof"][48 * index : 48 * index + 48] for index in range(4)]
    a, b, t1, t2 = (read_g1(point) for point in sent)
    randomizer, y, rho = numbers(case["proof"][192:])
    value, k = read_g1(case["accumulator"][8:]), read_g1(case["commitment"])
    public = case["params"][112:208]
    key = decompress_G2((int.from_bytes(public[:48], "big"), int.from_bytes(public[48:], "big")))
    assert not eq(a, Z1)
    assert pairing(key, a) == pairing(G2, b)
    for nonce, fits in ((case["nonce"], True), (case["nonce"] + b"x", False)):
        c = challenge({**case, "nonce": nonce}, sent)
        left = add(multiply(value, randomizer), neg(multiply(a, y)))
        assert fits == (normalize(left) == normalize(add(t1, multiply(b, c))))
        left = add(multiply(generator(b"G"), y), multiply(generator(b"H"), rho))
        assert fits == (normalize(left) == normalize(add(t2, multiply(k, c))))
