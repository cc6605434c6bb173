"""COSE_Sign1 and COSE_Mac0: laws, and what must be refused beside the published examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from strategies import cbor_values, signing_keys
from trustid import keys
from trustid.credentials import cose
from trustid.credentials.cose import CoseMac0, CoseSign1, create_mac0, sign1, x5chain
from trustid.encoding import CborTag, b64_encode, cbor_encode
from trustid.errors import TrustidError

KEY = keys.generate("P-256")
SECRET = b"k" * 32


@given(key=signing_keys, payload=st.binary(max_size=60), aad=st.binary(max_size=20), detached=st.booleans())
def test_what_is_signed_verifies_and_nothing_else(
    key: keys.SigningKey, payload: bytes, aad: bytes, detached: bool
) -> None:
    message = CoseSign1.parse(sign1(payload, key, external_aad=aad, detached=detached).to_bytes())
    outside = payload if detached else None
    assert message.verify(key.public_key, payload=outside, external_aad=aad) == payload
    with refused("signature_invalid"):
        message.verify(key.public_key, payload=outside, external_aad=aad + b"!")
    with refused("malformed"):
        message.verify(key.public_key, payload=None if detached else payload, external_aad=aad)


@given(payload=st.binary(max_size=60), position=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_flipped_bit_refuses(payload: bytes, position: int, bit: int) -> None:
    for data, check in (
        (sign1(payload, KEY).to_bytes(), lambda d: CoseSign1.parse(d).verify(KEY.public_key)),
        (create_mac0(payload, SECRET).to_bytes(), lambda d: CoseMac0.parse(d).verify(SECRET)),
    ):
        assert check(data) == payload
        changed = bytearray(data)
        changed[position % len(data)] ^= 1 << bit
        with pytest.raises(TrustidError):
            check(bytes(changed))


@given(st.binary(max_size=80) | cbor_values.map(cbor_encode))
def test_only_our_errors(data: bytes) -> None:
    for kind in (CoseSign1, CoseMac0):
        with pytest.raises(TrustidError):
            kind.parse(data).verify(KEY.public_key if kind is CoseSign1 else SECRET)  # type: ignore[arg-type]


@given(
    st.lists(cbor_values, min_size=4, max_size=4).map(lambda v: cbor_encode(CborTag(18, v)))
    | st.dictionaries(st.integers(-70, 40), cbor_values, max_size=4).map(
        lambda h: cbor_encode([cbor_encode({**h, 1: -7}), {}, b"x", b"y" * 64])
    )
)
def test_only_our_errors_out_of_nearly_right_messages(data: bytes) -> None:
    with pytest.raises(TrustidError):
        CoseSign1.parse(data).verify(KEY.public_key)


def test_B200_alg_must_be_protected_and_the_structure_the_right_one() -> None:
    good = sign1(b"x", KEY)
    assert CoseSign1.parse(good.to_bytes()).verify(KEY.public_key) == b"x"
    protected, _, payload, seal = good.to_value()
    for bad in (
        [b"", {1: -7}, payload, seal],  # alg in the unprotected header only
        [protected, {1: -7}, payload, seal],  # alg in both
        [cbor_encode({1: -7, 4: b"a"}), {4: b"b"}, payload, seal],  # another parameter in both
        [cbor_encode({}), {}, payload, seal],  # none at all
        [cbor_encode([1, -7]), {}, payload, seal],
        [protected, {}, payload],
        [protected, {}, [[protected, {}, seal]], payload],
        CborTag(98, [protected, {}, payload, [[protected, {}, seal]]]),  # COSE_Sign
        CborTag(17, [protected, {}, payload, seal]),  # COSE_Mac0
        CborTag(98, good.to_value()),
    ):
        with refused("malformed"):
            CoseSign1.parse(cbor_encode(bad))
    with refused("malformed"):
        CoseSign1.parse(good.to_bytes()).verify(KEY.public_key, payload=b"x")
    with refused("malformed"):
        CoseSign1.parse(sign1(b"x", KEY, detached=True).to_bytes()).verify(KEY.public_key)


def test_B023_critical_parameters_are_refused_in_either_header() -> None:
    protected, _, payload, seal = sign1(b"x", KEY).to_value()
    CoseSign1.from_value([protected, {}, payload, seal])
    for bad in (
        [cbor_encode({1: -7, 2: [4]}), {}, payload, seal],
        [cbor_encode({1: -7, 2: []}), {}, payload, seal],
        [protected, {2: [4]}, payload, seal],
    ):
        with refused("crit_unsupported"):
            CoseSign1.from_value(bad)


def test_algorithms_must_be_allowed_and_fit_the_key() -> None:
    message = sign1(b"x", KEY)
    assert message.algorithm == "ES256"
    message.verify(KEY.public_key, algorithms=["ES256"])
    for algorithms in (["EdDSA"], [], "ES256"):
        with refused("alg_not_allowed"):
            message.verify(KEY.public_key, algorithms=algorithms)
    with refused("alg_not_allowed"):
        message.verify(keys.generate("Ed25519").public_key)
    with refused("signature_invalid"):
        message.verify(keys.generate("P-256").public_key)
    for number in (-37, -257, 5, True, "ES256", -7.0, None):
        foreign = CoseSign1.from_value([cbor_encode({1: number}), {}, b"x", message.seal])
        with refused("alg_not_allowed"):
            foreign.verify(KEY.public_key)
    p384 = keys.generate("P-384")
    sign1(b"x", p384).verify(p384.public_key, algorithms=["ES384"])
    with refused("alg_not_allowed"):
        sign1(b"x", p384).verify(p384.public_key)


@pytest.mark.parametrize(("number", "kind"), [(-9, "P-256"), (-51, "P-384"), (-19, "Ed25519")])
def test_fully_specified_algorithms_are_read(number: int, kind: str) -> None:
    """RFC 9864."""
    key = keys.generate(kind)  # type: ignore[arg-type]
    protected = cbor_encode({1: number})
    signature = key.sign(cbor_encode(["Signature1", protected, b"", b"x"]))
    message = CoseSign1.from_value([protected, {}, b"x", signature])
    assert message.verify(key.public_key, algorithms=[key.algorithm]) == b"x"


def test_B005_mac_keys_have_a_length_and_short_tags_are_asked_for_by_name() -> None:
    assert create_mac0(b"x", SECRET).verify(SECRET) == b"x"
    for short in (b"", b"k" * 31):
        with refused("key_invalid"):
            create_mac0(b"x", short)
        with refused("key_invalid"):
            create_mac0(b"x", SECRET).verify(short)
    truncated = create_mac0(b"x", SECRET, algorithm="HMAC 256/64")
    assert truncated.verify(SECRET, algorithms=["HMAC 256/64"]) == b"x"
    with refused("alg_not_allowed"):
        truncated.verify(SECRET)
    with refused("signature_invalid"):
        create_mac0(b"x", SECRET).verify(b"j" * 32)


def test_B036_headers_have_a_largest_size() -> None:
    with refused("limit_exceeded"):
        CoseSign1.from_value([b"\0" * (cose.MAX_HEADER_BYTES + 1), {}, b"", b""])
    with refused("limit_exceeded"):
        CoseSign1.parse(bytes(100), max_bytes=99)


def test_x5chain_is_bytes_or_two_and_more() -> None:
    assert x5chain({}) is None
    assert x5chain({33: b"a"}) == [b64_encode(b"a")]
    assert x5chain({33: [b"a", b"b"]}) == [b64_encode(b"a"), b64_encode(b"b")]
    for bad in ([], [b"a"], ["a", "b"], "a", 1, [b"a"] * 9, {}):
        with refused("x5c_invalid"):
            x5chain({33: bad})
