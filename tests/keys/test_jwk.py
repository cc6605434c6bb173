"""JWK, JWK sets and Multikey: the rules of RFC 7517 and what breaks them."""

from __future__ import annotations

import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from strategies import SIGNING_KEYS, json_objects, public_keys
from trustid import keys
from trustid.encoding import b64url_decode, b64url_encode, base58_encode, canonicalize, sha256
from trustid.errors import TrustidError
from trustid.keys.ec import P256PublicKey, P384SigningKey
from trustid.keys.jwk import MAX_JWKS_KEYS, JwkSet, check_jwk
from vectors_at import vector_json

P256 = next(key for key in SIGNING_KEYS if key.algorithm == "ES256")
ED25519 = next(key for key in SIGNING_KEYS if key.algorithm == "EdDSA")
GOOD = P256.public_key.to_jwk()
RSA_2048 = {"kty": "RSA", "n": b64url_encode(b"\xc1" + b"\x55" * 255), "e": "AQAB"}


def test_thumbprints_of_the_specifications():
    # RFC 8037, appendix A.3.
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert keys.public_key_from_jwk(jwk).thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    # RFC 7638, section 3: the required members alone, in canonical form.
    assert keys.public_key_from_jwk(GOOD | {"kid": "a"}).thumbprint() == b64url_encode(
        sha256(canonicalize(GOOD))
    )


def with_coordinates(x, y, curve="P-256"):
    return {"kty": "EC", "crv": curve, "x": b64url_encode(x), "y": b64url_encode(y)}


def test_B018_invalid_points():
    keys.public_key_from_jwk(GOOD)
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    keys.public_key_from_jwk(with_coordinates(x, y))
    for bad in (
        with_coordinates(x, bytes(31) + b"\x01"),
        with_coordinates(bytes(32), bytes(32)),
        with_coordinates(x[:31], y),
        with_coordinates(b"\0" + x, y),
        with_coordinates(x + y[:1], y[1:]),  # the same 64 bytes, cut elsewhere
        with_coordinates(x[:-1], x[-1:] + y),
        with_coordinates(x, y + b"\0"),
        with_coordinates(b"", b""),
        with_coordinates(x, y, "P-384"),
        with_coordinates(b"\xff" * 32, y),
        {"kty": "EC", "crv": "P-256", "x": b64url_encode(x)},
        {"kty": "EC", "crv": "P-256", "x": b64url_encode(x) + "=", "y": b64url_encode(y)},
        {"kty": "EC", "x": b64url_encode(x), "y": b64url_encode(y)},
        ED25519.public_key.to_jwk() | {"y": b64url_encode(y)},
        ED25519.public_key.to_jwk() | {"kty": "EC"},
        {"crv": "P-256", "x": b64url_encode(x), "y": b64url_encode(y)},
        GOOD | {"x": 1},
        GOOD | {"kty": None},
    ):
        with refused("key_invalid", "unsupported") as caught:
            keys.public_key_from_jwk(bad)
        if bad.get("kty") != "EC" or bad.get("crv") != "Ed25519":
            assert caught.value.code == "key_invalid", bad
    with refused("key_invalid"):  # the point is not on that curve
        keys.public_key_from_jwk(GOOD | {"crv": "secp256k1"})
    for crv in ("P-521", "P-256K", "X25519", "p-256"):
        with refused("unsupported"):
            keys.public_key_from_jwk(GOOD | {"crv": crv})


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"use": "sig"}, {"use": "enc"}),
        ({"use": "sig"}, {"use": "SIG"}),
        ({"use": "sig"}, {"use": ["sig"]}),
        ({"key_ops": ["verify"]}, {"key_ops": ["sign"]}),
        ({"key_ops": ["verify"]}, {"key_ops": []}),
        ({"key_ops": ["verify", "sign"]}, {"key_ops": ["verify", "verify"]}),
        ({"key_ops": ["verify"]}, {"key_ops": "verify"}),
        ({"key_ops": ["verify"]}, {"key_ops": [1]}),
        ({"alg": "ES256"}, {"alg": "ES384"}),
        ({"alg": "ES256"}, {"alg": "ECDH-ES"}),
        ({"alg": "ES256"}, {"alg": "none"}),
        ({"kid": "a"}, {"kid": {"$ne": None}}),
        ({}, {"d": "AAAA"}),
        ({}, {"k": "AAAA"}),
    ],
)
def test_B020_keys_made_for_something_else(good, bad):
    keys.public_key_from_jwk(GOOD | good)
    with refused("key_invalid"):
        keys.public_key_from_jwk(GOOD | bad)


def test_B020_a_private_key_in_a_public_place():
    keys.signing_key_from_jwk(P256.to_private_jwk())
    with refused("key_invalid"):
        keys.public_key_from_jwk(P256.to_private_jwk())
    JwkSet.from_json({"keys": [GOOD | {"kid": "a"}]})
    with refused("key_invalid"):
        JwkSet.from_json({"keys": [GOOD | {"kid": "a"}, P256.to_private_jwk() | {"kid": "b"}]})


def test_B005_symmetric_keys():
    keys.public_key_from_jwk(GOOD)
    for text in ("", "AAAA"):
        with refused("key_invalid"):
            keys.public_key_from_jwk({"kty": "oct", "k": text})
        with refused("key_invalid", "unsupported"):
            keys.signing_key_from_jwk({"kty": "oct", "k": text})


def test_B021_key_sets():
    a, b = (GOOD | {"kid": "a"}), (ED25519.public_key.to_jwk() | {"kid": "b"})
    good = JwkSet.from_json({"keys": [a, b, P256.public_key.to_jwk()]})
    assert good.find("a") == P256.public_key
    assert good.find("b") == ED25519.public_key
    assert good.unnamed == (P256.public_key,)
    assert JwkSet.from_json(good.to_json()) == good
    for bad in (
        {"keys": [a, b | {"kid": "a"}]},
        {"keys": [a, a]},
        {"keys": [a, RSA_2048 | {"kid": "a"}]},
        {"keys": [a, {"kty": "oct", "k": "AAAA", "kid": "c"}]},
        {"keys": [a, {"kty": "oct", "kid": "c"}]},
        {"keys": [a, b | {"kid": 1}]},
        {"keys": [a, b | {"kid": "b" * 1_000_000}]},
        {"keys": [a, "b"]},
        {"keys": {}},
        {},
        [],
        None,
        {"keys": [a | {"kid": str(number)} for number in range(MAX_JWKS_KEYS + 1)]},
    ):
        with refused("key_invalid"):
            JwkSet.from_json(bad)


def test_B021_key_sets_leave_out_what_is_not_spoken():
    enc = GOOD | {"kid": "enc", "use": "enc", "alg": "ECDH-ES"}
    found = JwkSet.from_json({"keys": [GOOD | {"kid": "a"}, enc, RSA_2048 | {"kid": "r"}]})
    assert list(found.keys) == ["a"]


@pytest.mark.parametrize(
    "kid",
    ["../../../dev/null", "' OR 1=1--", {"$ne": None}, "a" * (1 << 20), "a\0", "", None, ["a"], 1, b"a"],
)
def test_B010_kid_is_only_ever_compared(kid):
    found = JwkSet.from_json({"keys": [GOOD | {"kid": "a"}]})
    assert found.find("a") == P256.public_key
    with refused("key_not_found"):
        found.find(kid)


@pytest.mark.parametrize(
    "weak",
    [
        {"n": b64url_encode(b"\xc1" + b"\x55" * 127)},
        {"e": "AQ"},
        {"e": "Ag"},
        {"e": ""},
        {"n": "="},
        {"e": b64url_encode(b"\x01\x00\x02")},
    ],
)
def test_B022_weak_rsa(weak):
    """RSA is not spoken at all; a weak key is refused as weak."""
    with refused("unsupported"):
        keys.public_key_from_jwk(RSA_2048)
    with refused("key_invalid"):
        keys.public_key_from_jwk(RSA_2048 | weak)


def test_private_jwk_refusals():
    for key in (P256, ED25519):
        other = keys.generate("P-256" if key is P256 else "Ed25519")
        good = key.to_private_jwk()
        keys.signing_key_from_jwk(good | {"use": "sig", "key_ops": ["sign"], "alg": key.algorithm})
        for bad in (
            good | {"d": other.to_private_jwk()["d"]},
            good | {"d": good["d"] + "="},
            good | {"d": ""},
            good | {"d": 1},
            good | {"use": "enc"},
            good | {"key_ops": ["verify"]},
            {name: value for name, value in good.items() if name != "d"},
            {name: value for name, value in good.items() if name != "x"},
        ):
            with refused("key_invalid"):
                keys.signing_key_from_jwk(bad)
    secret = ec.generate_private_key(ec.SECP256K1())
    numbers = secret.private_numbers()
    coordinates = [n.to_bytes(32, "big") for n in (numbers.public_numbers.x, numbers.public_numbers.y)]
    public = with_coordinates(*coordinates, "secp256k1")
    assert keys.public_key_from_jwk(public).algorithm == "ES256K"
    with refused("unsupported"):
        keys.signing_key_from_jwk(public | {"d": b64url_encode(numbers.private_value.to_bytes(32, "big"))})


def test_p384_key_signs_and_round_trips():
    key = keys.generate("P-384")
    again = keys.signing_key_from_jwk(key.to_private_jwk())
    message = b"any bytes"
    for signer in (key, again, P384SigningKey.from_bytes(key.to_bytes())):
        signature = signer.sign(message)
        assert len(signature) == 96
        key.public_key.verify(signature, message)
        with refused("signature_invalid"):
            key.public_key.verify(signature, message + b"!")
    assert "secret" in repr(key)
    for bad in (bytes(48), b"\xff" * 48, bytes(47) + b"\x01\x01", b"\x01" * 32):
        with refused("key_invalid"):
            P384SigningKey.from_bytes(bad)
    other = keys.generate("P-384").public_key.to_jwk()
    with refused("key_invalid"):
        keys.signing_key_from_jwk(key.to_private_jwk() | {"x": other["x"], "y": other["y"]})


def test_one_point_on_two_curves_is_two_keys():
    assert keys.generate("P-256").public_key != keys.generate("P-384").public_key


@given(
    json_objects
    | st.fixed_dictionaries({"kty": st.sampled_from(["EC", "OKP", "RSA", "oct"]), "crv": st.text(max_size=6)})
)
def test_any_object_as_a_jwk(value):
    for read in (keys.public_key_from_jwk, keys.signing_key_from_jwk):
        with pytest.raises(TrustidError):
            read(value)
    with contextlib.suppress(TrustidError):  # it does not ask for the point
        check_jwk(value)


# --- RFC 7520 ---


def test_rfc7520_keys_on_curves_not_spoken():
    with refused("unsupported"):
        keys.public_key_from_jwk(vector_json("jose/jwk/3_1.ec_public_key.json"))  # P-521
    with refused("unsupported"):
        keys.signing_key_from_jwk(vector_json("jose/jwk/3_2.ec_private_key.json"))
    rsa = vector_json("jose/jwk/3_4.rsa_private_key.json")
    with refused("unsupported"):
        keys.signing_key_from_jwk(rsa)
    with refused("key_invalid"):
        keys.public_key_from_jwk(rsa)  # it has d
    with refused("unsupported"):
        keys.public_key_from_jwk({name: rsa[name] for name in ("kty", "n", "e")})


# --- Multikey ---


@given(public_keys)
def test_multikey_laws(key):
    text = key.to_multikey()
    assert keys.public_key_from_multikey(text).to_multikey() == text
    assert text.startswith({"EdDSA": "z6Mk", "ES256": "zDn"}[key.algorithm])


def test_multikey_refusals():
    raw = ED25519.public_key.to_bytes()
    point = P256.public_key.to_bytes()
    assert keys.public_key_from_multikey("z" + base58_encode(b"\xed\x01" + raw)) == ED25519.public_key
    assert keys.public_key_from_multikey("z" + base58_encode(b"\x80\x24" + point)) == P256.public_key
    uncompressed = b"\x04" + b64url_decode(GOOD["x"]) + b64url_decode(GOOD["y"])
    assert P256PublicKey.from_bytes(uncompressed) == P256.public_key
    for bad in (
        "",
        "z",
        "z0",
        "Z6Mk",
        "u" + b64url_encode(b"\xed\x01" + raw),
        "z" + base58_encode(b"\xed\x01" + raw[:-1]),
        "z" + base58_encode(b"\xed\x01" + raw + b"\0"),
        "z" + base58_encode(b"\x80\x24" + uncompressed),
        "z" + base58_encode(b"\x80\x24" + b"\x02" + b"\xff" * 32),
        "z" + "2" * 2000,
    ):
        with refused("key_invalid", "unsupported") as caught:
            keys.public_key_from_multikey(bad)
        assert caught.value.code == "key_invalid" or bad == "z"
    for prefix in (b"\x82\x24", b"\xec\x01", b"\x80\x26"):  # P-521, X25519, secret
        with refused("unsupported"):
            keys.public_key_from_multikey("z" + base58_encode(prefix + raw))


def test_secret_multikeys_of_the_data_integrity_specifications():
    pair = vector_json("di-eddsa/keyPair.json")
    key = keys.signing_key_from_multikey(pair["privateKeyMultibase"])
    assert key.public_key.to_multikey() == pair["publicKeyMultibase"]
    pair = vector_json("di-ecdsa/p256KeyPair.json")
    key = keys.signing_key_from_multikey(pair["secretKeyMultibase"])
    assert key.public_key.to_multikey() == pair["publicKeyMultibase"]
    p384 = vector_json("di-ecdsa/p384KeyPair.json")
    assert (
        keys.public_key_from_multikey(p384["publicKeyMultibase"]).to_multikey() == p384["publicKeyMultibase"]
    )
    key = keys.signing_key_from_multikey(p384["secretKeyMultibase"])
    assert key.public_key.to_multikey() == p384["publicKeyMultibase"]
    with refused("key_invalid"):
        keys.signing_key_from_multikey("f00")
