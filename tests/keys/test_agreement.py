"""Key agreement on P-256, P-384 and X25519: each case as an encrypted token with the case's ephemeral key."""

from __future__ import annotations

import pytest

from jwe_by_hand import jwe_by_hand
from refusing import refused
from trustid.encoding import b64url_encode
from trustid.keys.ec import P384SigningKey
from trustid.keys.jose import AGREEMENT_CURVES, EncryptionKey, encrypt, generate_encryption_key
from trustid.keys.x25519 import X25519PublicKey, X25519SecretKey
from vectors_at import left_out, ran, vector_json

SECRETS = {
    "P-256": generate_encryption_key,
    "P-384": lambda: EncryptionKey(P384SigningKey.generate()),
    "X25519": lambda: EncryptionKey(X25519SecretKey.generate()),
}
# SubjectPublicKeyInfo of an uncompressed point on P-384, without the point.
P384_INFO = bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004")
LOW_ORDER = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"


def cases(name):
    return [case for group in vector_json(f"wycheproof/{name}.json")["testGroups"] for case in group["tests"]]


def check(case, key, epk, *, opens):
    """Whether a token opens that was made with the case's shared secret."""
    epk = {name: epk[name] for name in ("kty", "crv", "x", "y") if name in epk}
    token = jwe_by_hand(bytes.fromhex(case["shared"] or "00" * 32), epk, enc="A256GCM")
    if opens:
        assert key.decrypt(token).plaintext == b"hi", case["tcId"]
    else:
        with refused("decrypt_failed") as caught:
            key.decrypt(token)
        assert "ephemeral key on" in caught.value.message, case["tcId"]


@pytest.mark.parametrize("curve", AGREEMENT_CURVES)
def test_each_curve_encrypts_and_keeps_its_secret(curve):
    key = SECRETS[curve]()
    assert key.public_jwk()["crv"] == curve
    again = EncryptionKey.from_private_jwk(key.to_private_jwk())
    assert again.public_jwk() == key.public_jwk()
    assert again.decrypt(encrypt(b"for you", key.public_jwk(), "A256GCM", b"a", b"b")).plaintext == b"for you"
    assert key.to_private_jwk()["d"] not in repr(key) + repr(key.public_jwk())
    for bad in ({"d": SECRETS[curve]().to_private_jwk()["d"]}, {"d": ""}, {"d": b64url_encode(bytes(3))}):
        with refused("key_invalid"):
            EncryptionKey.from_private_jwk(key.to_private_jwk() | bad)


@pytest.mark.parametrize("curve", AGREEMENT_CURVES)
def test_B019_an_ephemeral_key_on_another_curve_is_refused(curve):
    key = SECRETS[curve]()
    for other in AGREEMENT_CURVES:
        epk = SECRETS[other]().public_jwk()
        token = jwe_by_hand(bytes(32), {name: epk[name] for name in ("kty", "crv", "x", "y") if name in epk})
        with refused("decrypt_failed") as caught:
            key.decrypt(token)
        # On the same curve only the shared secret is another one.
        assert ("ephemeral key on" in caught.value.message) == (other != curve)


def test_B019_a_recipient_of_small_order_is_refused():
    good = X25519SecretKey.generate().public_key
    encrypt(b"x", good.to_jwk())
    for raw in (bytes(32), bytes([1]) + bytes(31), bytes.fromhex(LOW_ORDER), bytes(31)):
        with refused("key_invalid"):
            encrypt(b"x", good.to_jwk() | {"x": b64url_encode(raw)})
        with refused("key_invalid"):
            X25519PublicKey.from_bytes(raw)
    with refused("key_invalid"):
        encrypt(b"x", good.to_jwk() | {"y": good.to_jwk()["x"]})
    with refused("key_invalid"):
        X25519SecretKey.from_bytes(bytes(33))


def test_x25519_keys_compare_by_value():
    public = X25519SecretKey.generate().public_key
    again = X25519PublicKey.from_coordinate(public.to_jwk()["x"])
    assert len({public, again}) == 1
    assert again.thumbprint() == public.thumbprint()
    assert public != X25519SecretKey.generate().public_key
    with refused("key_invalid"):
        X25519PublicKey.from_coordinate("=")


def test_B019_wycheproof_ecdh_p256():
    found = cases("ecdh_secp256r1_webcrypto_test")
    assert len(found) == 353
    ran(len(found))
    for case in found:
        key = EncryptionKey.from_private_jwk(case["private"])
        check(case, key, case["public"], opens=case["result"] == "valid")


def test_B019_wycheproof_ecdh_p384():
    found = cases("ecdh_secp384r1_test")
    run = [case for case in found if bytes.fromhex(case["public"])[: len(P384_INFO)] == P384_INFO]
    for case in run:
        secret = int(case["private"], 16).to_bytes(48, "big")
        point = bytes.fromhex(case["public"])[len(P384_INFO) :]
        epk = {"kty": "EC", "crv": "P-384", "x": b64url_encode(point[:48]), "y": b64url_encode(point[48:])}
        check(case, EncryptionKey(P384SigningKey.from_bytes(secret)), epk, opens=case["result"] == "valid")
    assert len(run) == 791
    ran(len(run))
    left_out(len(found) - len(run), "ecdh_secp384r1_test: about DER itself and other curves, never read here")


@pytest.mark.parametrize("name", ["x25519_test", "x25519_jwk_test"])
def test_B019_wycheproof_x25519(name):
    found = cases(name)
    for case in found:
        public, private = case["public"], case["private"]
        if name == "x25519_test":
            key = EncryptionKey(X25519SecretKey.from_bytes(bytes.fromhex(private)))
            public = {"kty": "OKP", "crv": "X25519", "x": b64url_encode(bytes.fromhex(public))}
        else:
            key = EncryptionKey.from_private_jwk(private)
        # "Acceptable" are points on the twist and spellings above the prime (RFC 7748, section 5:
        # taken as they are), and what ends in a shared secret of zeros (section 6.1: refused).
        zero = "ZeroSharedSecret" in case["flags"]
        check(case, key, public, opens=case["result"] != "invalid" and not zero)
    ran(len(found))
