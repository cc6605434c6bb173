"""Sums of multiples of points, from contiguous bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trustid import _core
from trustid.errors import TrustidError
from trustid.keys import bls

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
INFINITY_G1 = b"\xc0" + bytes(47)
# A point of the curve outside the subgroup: x = 4 of G1.
OUTSIDE = b"\x80" + bytes(46) + b"\x04"

GROUPS = pytest.mark.parametrize(
    ("multiply", "hash_to_group"),
    [
        (bls.multi_scalar_multiply_g1, _core.hash_many_to_g1),
        (bls.multi_scalar_multiply_g2, _core.hash_many_to_g2),
    ],
    ids=["G1", "G2"],
)
ToBytes = Callable[..., bytes]


def numbers(*values: int) -> bytes:
    return b"".join((value % ORDER).to_bytes(32, "big") for value in values)


@GROUPS
def test_multiples_add_up(multiply: ToBytes, hash_to_group: ToBytes) -> None:
    messages = [index.to_bytes(2, "big") for index in range(200)]
    points = hash_to_group(messages, b"tag")
    size = len(points) // 200
    values = [pow(7, index, ORDER) for index in range(200)]
    # One by one, then all together: the same sum.
    single = b"".join(
        multiply(points[size * at : size * at + size], numbers(values[at])) for at in range(200)
    )
    expected = multiply(single, numbers(*[1] * 200))
    for threads in (1, 2):
        assert multiply(points, numbers(*values), threads=threads) == expected
    # Linear in the numbers, and the order does not matter.
    doubled = multiply(points, numbers(*[2 * value for value in values]))
    assert doubled == multiply(expected, numbers(2))
    cancelled = multiply(points + expected, numbers(*values, -1))
    assert cancelled == multiply(b"", b"") == b"\xc0" + bytes(size - 1)


def test_the_generator_times_a_secret_is_its_public_key() -> None:
    secret = bls.SecretKey.derive(b"\x07" * 32)
    generator = bls.SecretKey.from_bytes(numbers(1)).public_key()
    assert bls.multi_scalar_multiply_g1(bytes(generator), secret.to_bytes()) == bytes(secret.public_key())


def test_bad_points_and_numbers_are_named_by_their_place() -> None:
    point = bytes(bls.SecretKey.derive(b"\x07" * 32).public_key())
    points, scalars = point + INFINITY_G1 + point, numbers(1, 2, 3)
    assert bls.multi_scalar_multiply_g1(points, scalars) == bls.multi_scalar_multiply_g1(point, numbers(4))
    for bad_points, bad_scalars, code, place in (
        (points, scalars[:64] + ORDER.to_bytes(32, "big"), "scalar_invalid", "index 2"),
        (points, scalars + b"\x00", "scalar_invalid", "index 3"),
        (points[:-1], scalars, "point_encoding", "144"),
        (points + point, scalars, "point_encoding", "144"),
        (point + OUTSIDE + point, scalars, "point_not_in_subgroup", "index 1"),
        (point + b"\xff" * 48 + point, scalars, "point_encoding", "index 1"),
    ):
        with pytest.raises(TrustidError, match=place) as caught:
            bls.multi_scalar_multiply_g1(bad_points, bad_scalars)
        assert caught.value.code == code
    for threads in (0, 257):
        with pytest.raises(TrustidError) as caught:
            bls.multi_scalar_multiply_g1(points, scalars, threads=threads)
        assert caught.value.code == "limit_exceeded"
