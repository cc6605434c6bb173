"""Compressed points and the two forms of signatures: the core gives what OpenSSL gives."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from trustid import _core
from trustid.errors import MalformedError

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "secp256k1": ec.SECP256K1()}
SIZES = {"P-256": 32, "P-384": 48, "secp256k1": 32}


def by_openssl(curve: str, point: bytes) -> bytes | None:
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve], point)
    except ValueError:
        return None
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def by_us(curve: str, point: bytes) -> bytes | None:
    try:
        return _core.decompress_point(curve, point)
    except MalformedError as err:
        assert err.code == "key_invalid"
        return None


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(CURVES)))
def test_points_as_openssl_reads_them(data: Any, curve: str) -> None:
    """Half of all x belong to a point; those near zero and near the prime are drawn as well."""
    size = SIZES[curve]
    x = data.draw(
        st.binary(min_size=size, max_size=size)
        | st.integers(0, 40).map(lambda small: small.to_bytes(size, "big"))
        | st.integers(1, 2**34).map(lambda below: (2 ** (8 * size) - below).to_bytes(size, "big"))
    )
    point = data.draw(st.sampled_from([b"\x02", b"\x03"])) + x
    assert by_us(curve, point) == by_openssl(curve, point)


@pytest.mark.parametrize("curve", sorted(CURVES))
def test_keys_come_back(curve: str) -> None:
    for _ in range(20):
        key = ec.generate_private_key(CURVES[curve]).public_key()
        point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        assert by_us(curve, point) == key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        for wrong in (point[1:], point + b"\0", b"\x05" + point[1:], b""):
            assert by_us(curve, wrong) is None


@settings(deadline=None)
@given(st.sampled_from([32, 48]), st.data())
def test_signatures_as_openssl_writes_them(size: int, data: Any) -> None:
    numbers = st.integers(0, 2 ** (8 * size) - 1) | st.integers(0, 300)
    r, s = data.draw(numbers), data.draw(numbers)
    fixed = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    der = encode_dss_signature(r, s)
    assert _core.ecdsa_der_of_fixed(fixed) == der
    assert _core.ecdsa_fixed_of_der(der, size) == fixed
    assert decode_dss_signature(der) == (r, s)
    with pytest.raises(MalformedError):
        _core.ecdsa_fixed_of_der(der[:-1], size)
