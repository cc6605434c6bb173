"""Ed25519 and P-256 keys: laws that hold for every kind, and the refusals of each."""

from __future__ import annotations

import copy
import pickle

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from strategies import SIGNING_KEYS, signing_keys
from trustid import keys
from trustid.errors import MalformedError, TrustidError
from trustid.keys.ec import P256PublicKey, P256SigningKey, P384PublicKey
from trustid.keys.ed25519 import Ed25519PublicKey, Ed25519SigningKey

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED25519_PRIME = 2**255 - 19
# The eight points whose order divides 8, and the other spellings of some of them.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@given(signing_keys, st.binary(max_size=200))
def test_signing_laws(key, message):
    signature = key.sign(message)
    assert len(signature) == 64
    key.public_key.verify(signature, message)
    with refused("signature_invalid"):
        key.public_key.verify(signature, message + b"\0")
    for other in SIGNING_KEYS:
        if other is not key:
            with refused("signature_invalid"):
                other.public_key.verify(signature, message)


@given(signing_keys, st.binary(max_size=40), st.integers(0, 511))
def test_any_flipped_bit_refuses(key, message, bit):
    signature = bytearray(key.sign(message))
    signature[bit // 8] ^= 1 << bit % 8
    with refused("signature_invalid"):
        key.public_key.verify(bytes(signature), message)


@pytest.mark.parametrize("key", SIGNING_KEYS, ids=lambda key: key.algorithm)
def test_text_forms(key):
    public = key.public_key
    assert keys.public_key_from_jwk(public.to_jwk()) == public
    assert keys.public_key_from_multikey(public.to_multikey()) == public
    assert type(public).from_bytes(public.to_bytes()) == public
    assert keys.signing_key_from_jwk(key.to_private_jwk()).public_key == public
    assert type(key).from_bytes(key.to_bytes()).public_key == public
    assert isinstance(key, keys.SigningKey)
    assert isinstance(public, keys.PublicKey)
    assert len(public.thumbprint()) == 43
    assert public.thumbprint() == public.thumbprint()
    assert public.to_multikey() in repr(public)
    assert len({public, type(public).from_bytes(public.to_bytes())}) == 1
    assert public != object()
    assert public not in [other.public_key for other in SIGNING_KEYS if other is not key]


@pytest.mark.parametrize("key", SIGNING_KEYS[2:4], ids=lambda key: key.algorithm)
def test_B024_a_secret_keeps_its_manners(key):
    """No repr, no pickle, no copy; and no call takes a public key beside the secret."""
    twin = type(key).from_bytes(key.to_bytes())
    assert twin != key
    assert "secret" in repr(key)
    assert key.to_bytes().hex() not in repr(key)
    assert key.to_private_jwk()["d"] not in repr(key)
    for steal in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            steal(key)
    with pytest.raises(TypeError):
        key.sign(b"x", twin.public_key)
    with pytest.raises(AttributeError):
        key.public_key = twin.public_key


def test_generate_names_its_kinds():
    assert {keys.generate(kind).algorithm for kind in keys.KINDS} == {"EdDSA", "ES256"}
    with refused("unsupported"):
        keys.generate("P-521")


@given(st.binary(max_size=70) | st.binary(min_size=32, max_size=33) | st.binary(min_size=65, max_size=65))
def test_any_bytes_as_a_key(data):
    for kind in (Ed25519PublicKey, P256PublicKey, P384PublicKey):
        try:
            key = kind.from_bytes(data)
        except TrustidError as error:
            assert error.code == "key_invalid"
        else:
            assert kind.from_bytes(key.to_bytes()) == key


# --- ECDSA ---


def pair(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.fixture
def p256():
    return P256SigningKey.generate()


def test_B013_psychic_signature(p256):
    p256.public_key.verify(p256.sign(b"m"), b"m")
    with refused("signature_invalid"):
        p256.public_key.verify(bytes(64), b"m")


def test_B014_r_and_s_out_of_range(p256):
    signature = p256.sign(b"m")
    p256.public_key.verify(signature, b"m")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    n = P256_ORDER
    for bad in [(n, n), (0, 1), (1, 0), (n, s), (r, n), (2**256 - 1, s), (r, 2**256 - 1)]:
        with refused("signature_invalid"):
            p256.public_key.verify(pair(*bad), b"m")
    for bad in [(r + n, s), (r, s + n)]:
        encoded = b"".join(number.to_bytes(33, "big") for number in bad)
        with refused("signature_invalid"):
            p256.public_key.verify(encoded, b"m")
        with refused("signature_invalid"):
            p256.public_key.verify(pair(bad[0] % 2**256, bad[1] % 2**256), b"m")


def test_B015_signature_of_another_form(p256):
    signature = p256.sign(b"m")
    p256.public_key.verify(signature, b"m")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    longer = signature[:32] + b"\0" + signature[32:]  # the same two numbers, s with a zero in front
    for bad in (encode_dss_signature(r, s), signature[1:], signature + b"\0", signature * 2, b"", longer):
        with refused("signature_invalid"):
            p256.public_key.verify(bad, b"m")


def test_B016_high_s_is_accepted_as_documented(p256):
    """Both s and n - s hold, as FIPS 186-5 says; so signature bytes never identify anything."""
    signature = p256.sign(b"m")
    s = int.from_bytes(signature[32:], "big")
    p256.public_key.verify(signature, b"m")
    p256.public_key.verify(signature[:32] + (P256_ORDER - s).to_bytes(32, "big"), b"m")


@pytest.mark.parametrize("kind", [P256PublicKey, P384PublicKey])
def test_B018_points_that_are_none(kind):
    curve = {P256PublicKey: ec.SECP256R1(), P384PublicKey: ec.SECP384R1()}[kind]
    numbers = ec.generate_private_key(curve).public_key().public_numbers()
    size = kind.coordinate_bytes
    good = b"\x04" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
    key = kind.from_bytes(good)
    assert kind.from_bytes(key.to_bytes()) == key
    bad = [
        b"",
        b"\x00",  # the point at infinity
        b"\x00" + good[1:],
        b"\x04" + bytes(2 * size),
        good[:-1] + bytes([good[-1] ^ 1]),
        good[:-1],
        good + b"\0",
        b"\x05" + good[1:],
        b"\x06" + good[1:],  # the hybrid form
        b"\x07" + good[1:],
        b"\x04" + good[1 : size + 1],
        b"\x02" + b"\xff" * size,
    ]
    for data in bad:
        with refused("key_invalid"):
            kind.from_bytes(data)


def test_p256_secret_range():
    P256SigningKey.from_bytes((P256_ORDER - 1).to_bytes(32, "big"))
    for bad in (bytes(32), P256_ORDER.to_bytes(32, "big"), b"\x01" * 31, b"\x01" * 33):
        with refused("key_invalid"):
            P256SigningKey.from_bytes(bad)


def test_p384_verifies_only():
    secret = ec.generate_private_key(ec.SECP384R1())
    numbers = secret.public_key().public_numbers()
    key = P384PublicKey.from_bytes(
        b"\x04" + numbers.x.to_bytes(48, "big") + numbers.y.to_bytes(48, "big"),
    )
    r, s = decode_dss_signature(secret.sign(b"m", ec.ECDSA(hashes.SHA384())))
    signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
    key.verify(signature, b"m")
    with refused("signature_invalid"):
        key.verify(signature, b"n")
    with refused("signature_invalid"):
        key.verify(signature[:64], b"m")
    assert keys.public_key_from_jwk(key.to_jwk()) == key
    assert keys.public_key_from_multikey(key.to_multikey()) == key
    assert not hasattr(key, "sign")


# --- Ed25519 ---


def test_B017_malleated_and_cut_signatures():
    key = Ed25519SigningKey.from_bytes(bytes(32))
    signature = key.sign(b"m")
    key.public_key.verify(signature, b"m")
    s = int.from_bytes(signature[32:], "little")
    for multiple in range(1, 15):
        with refused("signature_invalid"):
            key.public_key.verify(
                signature[:32] + (s + multiple * ED25519_ORDER).to_bytes(32, "little"), b"m"
            )
    for bad in (signature[:63], signature + b"\0", b"", bytes(64)):
        with refused("signature_invalid"):
            key.public_key.verify(bad, b"m")
    # Nothing may move over the border between signature and message.
    for cut, rest in (
        (signature[:63], signature[63:] + b"m"),
        (signature + b"m", b""),
        (b"", signature + b"m"),
    ):
        with refused("signature_invalid"):
            key.public_key.verify(cut, rest)
    for point in SMALL_ORDER:
        with refused("signature_invalid"):
            key.public_key.verify(bytes.fromhex(point) + signature[32:], b"m")
        with refused("signature_invalid"):
            key.public_key.verify(bytes.fromhex(point) + bytes(32), b"m")


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_B017_keys_of_small_order(point):
    Ed25519PublicKey.from_bytes(Ed25519SigningKey.generate().public_key.to_bytes())
    with refused("key_invalid"):
        Ed25519PublicKey.from_bytes(bytes.fromhex(point))


def test_B017_keys_that_are_not_canonical_or_no_point():
    Ed25519PublicKey.from_bytes((4).to_bytes(32, "little"))
    for y in range(ED25519_PRIME, 2**255):
        with refused("key_invalid"):
            Ed25519PublicKey.from_bytes(y.to_bytes(32, "little"))
        with refused("key_invalid"):
            Ed25519PublicKey.from_bytes((y | 1 << 255).to_bytes(32, "little"))
    with refused("key_invalid"):
        Ed25519PublicKey.from_bytes((2).to_bytes(32, "little"))  # no point has y = 2
    for size in (0, 31, 33, 64):
        with refused("key_invalid"):
            Ed25519PublicKey.from_bytes(b"\x04" * size)
        with refused("key_invalid"):
            Ed25519SigningKey.from_bytes(b"\x04" * size)


def test_a_key_that_is_accepted_is_on_the_curve():
    """The cheap test of from_bytes agrees with the curve's equation."""
    d = -121665 * pow(121666, -1, ED25519_PRIME) % ED25519_PRIME
    for y in range(2, 200):
        square = (y * y - 1) * pow(d * y * y + 1, -1, ED25519_PRIME) % ED25519_PRIME
        on_curve = pow(square, (ED25519_PRIME - 1) // 2, ED25519_PRIME) in (0, 1)
        if on_curve:
            Ed25519PublicKey.from_bytes(y.to_bytes(32, "little"))
        else:
            with pytest.raises(MalformedError):
                Ed25519PublicKey.from_bytes(y.to_bytes(32, "little"))
