"""Project Wycheproof: every file is run, or named with the reason why it is not."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from refusing import refused
from trustid import keys
from trustid.credentials import jose
from trustid.errors import SignatureError, TrustidError
from trustid.keys.ec import P256PublicKey, P384PublicKey, Secp256k1PublicKey
from trustid.keys.ed25519 import Ed25519PublicKey
from trustid.keys.jwk import JwkSet
from vectors_at import VECTORS, left_out, ran, vector_json

RUN = {
    "ed25519_test": "here",
    "ecdsa_secp256r1_sha256_p1363_test": "here",
    "ecdsa_secp384r1_sha384_test": "here, its DER signatures rewritten as r||s",
    "ecdsa_secp256k1_sha256_p1363_test": "here",
    "json_web_signature_test": "here",
    "json_web_key_test": "here",
    "ecdh_secp256r1_webcrypto_test": "test_agreement, as encrypted tokens",
    "ecdh_secp384r1_test": "test_agreement, as encrypted tokens",
    "x25519_jwk_test": "test_agreement, as encrypted tokens",
    "x25519_test": "test_agreement, as encrypted tokens",
    "aes_gcm_test": "test_jose, in the sizes of A128GCM and A256GCM",
}
NOT_RUN = {
    "a128cbc_hs256_test": "AES-CBC is no content encryption here (refused: enc_not_allowed)",
    "a256cbc_hs512_test": "AES-CBC is no content encryption here (refused: enc_not_allowed)",
    "aes_wrap_test": "no wrapped keys in JWE (refused: alg_not_allowed)",
    "chacha20_poly1305_test": "sealing uses XChaCha20-Poly1305 of libsodium, with a nonce of 24 bytes",
    "ecdsa_secp521r1_sha512_p1363_test": "P-521 is not spoken (refused: unsupported)",
    "hkdf_sha256_test": "keys are derived with keyed BLAKE2b, not with HKDF",
    "hmac_sha256_test": "no symmetric signatures (HS256 refused: alg_not_allowed)",
    "rsa_pss_2048_sha256_mgf1_32_test": "RSA is not spoken (refused: unsupported, alg_not_allowed)",
    "rsa_signature_2048_sha256_test": "RSA is not spoken (refused: unsupported, alg_not_allowed)",
}
# BLS vectors, if they are stored beside these, belong to the tests of keys.bls.


def test_every_file_is_run_or_named_with_its_reason():
    found = {path.stem for path in (VECTORS / "wycheproof").glob("*_test.json")}
    assert found == RUN.keys() | NOT_RUN.keys()
    assert not RUN.keys() & NOT_RUN.keys()
    for name, reason in NOT_RUN.items():
        left_out(vector_json(f"wycheproof/{name}.json")["numberOfTests"], reason)


def groups(name):
    return vector_json(f"wycheproof/{name}.json")["testGroups"]


def check_all(name, kind, expected_count, signature_of=lambda signature: signature):
    count = 0
    for group in groups(name):
        public = group["publicKey"]
        key = kind.from_bytes(bytes.fromhex(public.get("pk") or public["uncompressed"]))
        if "publicKeyJwk" in group:
            jwk = {name: value for name, value in group["publicKeyJwk"].items() if name != "kid"}
            assert keys.public_key_from_jwk(jwk) == key
            assert key.to_jwk() == jwk
        for case in group["tests"]:
            signature = signature_of(bytes.fromhex(case["sig"]))
            if signature is None:
                continue
            count += 1
            if case["result"] == "valid":
                key.verify(signature, bytes.fromhex(case["msg"]))
            else:
                with refused("signature_invalid"):
                    key.verify(signature, bytes.fromhex(case["msg"]))
    assert count == expected_count
    ran(count)
    total = sum(len(group["tests"]) for group in groups(name))
    if total > count:
        left_out(total - count, f"{name}: about DER itself, which is never read here")


def test_B017_ed25519():
    check_all("ed25519_test", Ed25519PublicKey, 151)


def test_B014_ecdsa_p256():
    check_all("ecdsa_secp256r1_sha256_p1363_test", P256PublicKey, 262)


def test_ecdsa_secp256k1():
    check_all("ecdsa_secp256k1_sha256_p1363_test", Secp256k1PublicKey, 252)


def raw_from_der(signature):
    """r||s of a DER signature, or None where the case is about DER itself.

    Tokens carry r||s, so DER is never read here; what is left of such a case is
    a pair of numbers, if its encoding is the canonical one and they fit.
    """
    try:
        r, s = decode_dss_signature(signature)
        if encode_dss_signature(r, s) != signature:
            return None
        return r.to_bytes(48, "big") + s.to_bytes(48, "big")
    except (ValueError, OverflowError):
        return None


def test_ecdsa_p384():
    check_all("ecdsa_secp384r1_sha384_test", P384PublicKey, 269, raw_from_der)


def test_B015_p384_signatures_in_der_are_refused():
    for group in groups("ecdsa_secp384r1_sha384_test"):
        key = P384PublicKey.from_bytes(bytes.fromhex(group["publicKey"]["uncompressed"]))
        for case in group["tests"]:
            with refused("signature_invalid"):
                key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))


def verify_as_a_caller_would(key, token):
    jose.verify(jose.parse(token), key, algorithms=jose.DEFAULT_ALGORITHMS, typ={None, "JWT"})


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(group, id=f"{group['comment']}-{group['tests'][0]['tcId']}")
        for group in groups("json_web_signature_test")
    ],
)
def test_B029_json_web_signatures(group):
    ran(len(group["tests"]))
    jwk = group.get("public") or group["private"]
    if jwk["kty"] == "EC" and jwk["crv"] == "P-256" and jwk.get("use") == "sig":
        key = keys.public_key_from_jwk({name: jwk[name] for name in jwk if name != "d"})
        for case in group["tests"]:
            if case["result"] == "valid":
                verify_as_a_caller_would(key, case["jws"])
            else:
                with pytest.raises(TrustidError):
                    verify_as_a_caller_would(key, case["jws"])
        return
    # Keys that are not spoken, or made for encryption: refused as keys...
    with refused("unsupported", "key_invalid"):
        keys.public_key_from_jwk(jwk)
    # ... and their tokens, valid ones as well, with whatever key.
    other = keys.generate("P-256").public_key
    for case in group["tests"]:
        with pytest.raises(TrustidError) as caught:
            verify_as_a_caller_would(other, case["jws"])
        if case["tcId"] in {372, 373}:
            # Called valid in the file, for readers that skip foreign characters; RFC 7515, section 2 forbids that.
            assert "?" in case["jws"]
            assert caught.value.code == "malformed"
        elif case["result"] == "valid":
            assert (caught.type, caught.value.code) == (SignatureError, "alg_not_allowed"), case["tcId"]


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(group, id=f"{group['comment']}-{group['tests'][0]['tcId']}")
        for group in groups("json_web_key_test")
    ],
)
def test_B021_json_web_keys(group):
    ran(len(group["tests"]))
    source = group.get("public") or group["private"]
    for case in group["tests"]:
        with pytest.raises(TrustidError) as caught:
            found = JwkSet.from_json(source if "keys" in source else {"keys": [source]})
            token = jose.parse(case["jws"])
            verify_as_a_caller_would(found.find(token.header.get("kid")), case["jws"])
        # A kind of key that is not spoken is left out of the set, so it is not found there.
        assert caught.value.code in {"key_invalid", "key_not_found"}, case["tcId"]


def test_B021_the_twin_of_the_json_web_keys():
    signing_key = keys.generate("P-256")
    found = JwkSet.from_json(
        {"keys": [signing_key.public_key.to_jwk() | {"kid": "a", "use": "sig", "alg": "ES256"}]}
    )
    token = jose.sign({"kid": "a"}, b"foo", signing_key)
    verify_as_a_caller_would(found.find("a"), token)
