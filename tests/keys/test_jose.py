"""JWE: what we encrypt opens, what is not spoken is refused by name."""

from __future__ import annotations

import base64
import json
import time

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwa import JWA

from jwe_by_hand import jwe_by_hand
from refusing import refused
from trustid import keys
from trustid.encoding import b64url_decode, b64url_encode, dump_json, parse_json_object
from trustid.errors import TrustidError
from trustid.keys.jose import (
    ENCRYPTION_METHODS,
    MAX_HEADER_BYTES,
    MAX_JWE_BYTES,
    EncryptionKey,
    encrypt,
    generate_encryption_key,
)
from vectors_at import VECTORS, left_out, ran, vector_json

KEY = generate_encryption_key()


@given(
    st.binary(min_size=1, max_size=200),
    st.sampled_from(ENCRYPTION_METHODS),
    st.none() | st.binary(max_size=20),
)
def test_jwe_laws(plaintext, enc, information):
    token = encrypt(plaintext, KEY.public_jwk(), enc, information, information)
    opened = KEY.decrypt(token)
    assert opened.plaintext == plaintext
    assert opened.header["enc"] == enc
    assert opened.header["kid"] == KEY.kid
    assert opened.header.get("apu") == (None if information is None else b64url_encode(information))
    assert repr(plaintext) not in repr(opened) or len(plaintext) < 3


def test_private_jwk_law():
    again = EncryptionKey.from_private_jwk(KEY.to_private_jwk())
    assert again.public_jwk() == KEY.public_jwk()
    assert again.decrypt(encrypt(b"x", KEY.public_jwk())).plaintext == b"x"
    assert KEY.to_private_jwk()["d"] not in repr(KEY)
    other = generate_encryption_key("named")
    assert other.public_jwk()["kid"] == "named"
    good = KEY.to_private_jwk()
    for bad in (
        good | {"d": other.to_private_jwk()["d"]},
        good | {"d": ""},
        KEY.public_jwk(),
        good | {"use": "sig"},
    ):
        with refused("key_invalid"):
            EncryptionKey.from_private_jwk(bad)
    with refused("unsupported"):
        EncryptionKey.from_private_jwk(keys.generate("Ed25519").to_private_jwk())


def test_another_key_or_one_changed_character_does_not_open():
    token = encrypt(b"hello", KEY.public_jwk())
    assert KEY.decrypt(token).plaintext == b"hello"
    with refused("decrypt_failed"):
        EncryptionKey.from_private_jwk(generate_encryption_key(KEY.kid).to_private_jwk()).decrypt(token)
    with refused("key_not_found"):
        generate_encryption_key().decrypt(token)
    for place in range(0, len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(TrustidError):
            KEY.decrypt(changed)


def rewritten(token, **changes):
    protected, rest = token.split(".", 1)
    header = parse_json_object(b64url_decode(protected)) | changes
    header = {name: value for name, value in header.items() if value is not ...}
    return f"{b64url_encode(dump_json(header))}.{rest}"


@pytest.mark.parametrize("p2c", [2**31 - 1, 10**6, 0, -1, "1000"])
def test_B028_passwords_are_off(p2c):
    token = encrypt(b"x", KEY.public_jwk())
    KEY.decrypt(token)
    started = time.process_time()
    with refused("alg_not_allowed"):
        KEY.decrypt(rewritten(token, alg="PBES2-HS256+A128KW", p2c=p2c, p2s="AAAAAAAAAAA"))
    assert time.process_time() - started < 0.05


@pytest.mark.parametrize(
    "alg",
    [
        "RSA1_5",
        "RSA-OAEP",
        "dir",
        "A128KW",
        "ECDH-ES+A128KW",
        "A128GCMKW",
        "none",
        "ecdh-es",
        "",
        None,
        ["ECDH-ES"],
        ...,
    ],
)
def test_B028_other_key_management_is_off(alg):
    token = encrypt(b"x", KEY.public_jwk())
    KEY.decrypt(token)
    with refused("alg_not_allowed"):
        KEY.decrypt(rewritten(token, alg=alg))


@pytest.mark.parametrize("enc", ["A192GCM", "A128CBC-HS256", "A256CBC-HS512", "XC20P", "", None, 1, ...])
def test_other_content_encryption_is_off(enc):
    token = encrypt(b"x", KEY.public_jwk())
    KEY.decrypt(token)
    with refused("enc_not_allowed"):
        KEY.decrypt(rewritten(token, enc=enc))
    if isinstance(enc, str):
        with refused("enc_not_allowed"):
            encrypt(b"x", KEY.public_jwk(), enc)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("zip_unsupported", {"zip": "DEF"}),
        ("zip_unsupported", {"zip": None}),
        ("crit_unsupported", {"crit": ["exp"]}),
        ("crit_unsupported", {"crit": []}),
        ("header_not_allowed", {"jku": "https://127.0.0.1:1/k"}),
        ("header_not_allowed", {"x5u": "file:///etc/passwd"}),
        ("key_not_found", {"kid": "another"}),
        ("key_not_found", {"kid": None}),
        ("malformed", {"apu": 1}),
        ("malformed", {"apv": "QQ=="}),
        ("decrypt_failed", {"epk": ...}),
        ("decrypt_failed", {"epk": "x"}),
        ("decrypt_failed", {"typ": "x"}),
        ("decrypt_failed", {"apu": "QQ"}),
    ],
)
def test_B037_headers_that_are_refused(code, changes):
    token = encrypt(b"x", KEY.public_jwk())
    KEY.decrypt(token)
    with refused(code):
        KEY.decrypt(rewritten(token, **changes))


def test_B037_a_compression_bomb_is_not_opened():
    """A token of 1 KiB that would inflate to 1 GiB is refused from its header alone."""
    token = encrypt(b"\0" * 1024, KEY.public_jwk())
    KEY.decrypt(token)
    started = time.process_time()
    with refused("zip_unsupported"):
        KEY.decrypt(rewritten(token, zip="DEF"))
    assert time.process_time() - started < 0.05


def test_B019_epk_that_is_no_point_of_p256():
    token = encrypt(b"x", KEY.public_jwk())
    KEY.decrypt(token)
    epk = parse_json_object(b64url_decode(token.split(".")[0]))["epk"]
    zero = b64url_encode(bytes(32))
    for bad in (
        epk | {"x": zero},
        epk | {"x": zero, "y": zero},
        epk | {"crv": "P-384"},
        epk | {"crv": "secp256k1"},
        {"kty": "OKP", "crv": "X25519", "x": zero},
        {"kty": "OKP", "crv": "Ed25519", "x": zero},
        epk | {"x": epk["x"] + "A"},
        {"kty": "EC", "crv": "P-256", "x": epk["x"]},
        {},
        epk | {"x": 1},
    ):
        with refused("decrypt_failed") as caught:
            KEY.decrypt(rewritten(token, epk=bad))
        assert "ephemeral key on P-256" in caught.value.message


def test_B029_segments_have_one_spelling():
    token = encrypt(b"xy", KEY.public_jwk())
    segments = token.split(".")
    KEY.decrypt(token)
    for index in (0, 2, 3, 4):
        for slack in ("=", "\n", " ", "+"):
            bad = segments.copy()
            bad[index] += slack
            with refused("malformed"):
                KEY.decrypt(".".join(bad))
    with refused("decrypt_failed"):
        KEY.decrypt(".".join([segments[0], "AAAA", *segments[2:]]))


def test_B033_segments_and_limits():
    token = encrypt(b"x", KEY.public_jwk())
    KEY.decrypt(token)
    for bad in ("", "a.b.c", token + ".", token.replace(".", "", 1), "....", "." * 1000):
        with refused("malformed"):
            KEY.decrypt(bad)
    with refused("limit_exceeded"):
        KEY.decrypt(token + "A" * MAX_JWE_BYTES)
    with refused("limit_exceeded"):
        KEY.decrypt("A" * (MAX_HEADER_BYTES + 1) + "....")
    with refused("malformed"):
        encrypt(b"", KEY.public_jwk())
    with refused("limit_exceeded"):
        encrypt(bytes(MAX_JWE_BYTES), KEY.public_jwk())
    assert len(KEY.decrypt(encrypt(bytes(1 << 20), KEY.public_jwk())).plaintext) == 1 << 20


@pytest.mark.parametrize("size", [0, 1, 8, 11, 13, 16])
def test_iv_and_tag_have_one_size(size):
    token = encrypt(b"x", KEY.public_jwk())
    protected, _, iv, ciphertext, tag = token.split(".")
    KEY.decrypt(token)
    with refused("decrypt_failed"):
        KEY.decrypt(f"{protected}..{b64url_encode(bytes(size))}.{ciphertext}.{tag}")
    if size != 16:
        with refused("decrypt_failed"):
            KEY.decrypt(
                f"{protected}..{iv}.{ciphertext}.{b64url_encode(b64url_decode(tag)[:size].ljust(size))}"
            )


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_text_as_a_jwe(data):
    for text in (
        data.decode("latin-1"),
        f"{b64url_encode(data)}....",
        f"{b64url_encode(data)}..AAAA.AAAA.AAAA",
    ):
        with pytest.raises(TrustidError):
            KEY.decrypt(text)


def test_encrypt_refuses_keys_for_something_else():
    good = KEY.public_jwk()
    encrypt(b"x", good)
    with refused("alg_not_allowed"):
        encrypt(b"x", good | {"alg": "ECDH-ES+A128KW"})
    for bad in (good | {"use": "sig"}, good | {"y": good["x"]}, {"kty": "EC", "crv": "P-256"}, {}):
        with refused("key_invalid"):
            encrypt(b"x", bad)
    for bad in (
        keys.generate("Ed25519").public_key.to_jwk(),
        keys.generate("P-256").public_key.to_jwk() | {"crv": "secp256k1"},
    ):
        with refused("unsupported"):
            encrypt(b"x", bad)


# --- official vectors ---


def test_rfc7518_appendix_c():
    """The key agreement of RFC 7518, appendix C, opened as a whole token."""
    bob = {
        "kty": "EC",
        "crv": "P-256",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    }
    epk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
    }
    shared = bytes(
        [
            *(158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156),
            *(251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196),
        ]
    )
    token = jwe_by_hand(shared, epk, apu="QWxpY2U", apv="Qm9i", kid="bob")
    assert EncryptionKey.from_private_jwk(bob | {"kid": "bob"}).decrypt(token).plaintext == b"hi"


@pytest.mark.parametrize("path", sorted((VECTORS / "jose/jwe").iterdir()), ids=lambda path: path.stem)
def test_rfc7520_encryption_is_of_kinds_not_spoken(path):
    """Wrapped keys, RSA and CBC: each refused by its own code before anything is decrypted."""
    case = json.loads(path.read_text(encoding="utf-8"))
    expected = {"5_5": "enc_not_allowed"}.get(path.stem.split(".")[0], "alg_not_allowed")
    if "compact" in case["output"]:
        with refused(expected):
            KEY.decrypt(case["output"]["compact"])
    else:
        assert path.stem[:4] in ("5_10", "5_13")
        with refused("malformed"):
            KEY.decrypt(json.dumps(case["output"]["json"]))  # JSON serialization of JWE


def test_wycheproof_aes_gcm():
    """The content encryption that a JWE passes through, with the sizes that JWE has.

    Other sizes of the initialization vector, and keys of 192 bits, cannot be
    asked for: `test_iv_and_tag_have_one_size`, `test_other_content_encryption_is_off`.
    """
    count = 0
    vectors = vector_json("wycheproof/aes_gcm_test.json")
    for group in vectors["testGroups"]:
        if group["ivSize"] != 96 or group["tagSize"] != 128 or group["keySize"] == 192:
            continue
        method = JWA.encryption_alg(f"A{group['keySize']}GCM")
        for case in group["tests"]:
            arguments = [bytes.fromhex(case[name]) for name in ("key", "aad", "iv", "ct", "tag")]
            count += 1
            if case["result"] == "valid":
                assert method.decrypt(*arguments) == bytes.fromhex(case["msg"]), case["tcId"]
            else:
                with pytest.raises(InvalidTag):
                    method.decrypt(*arguments)
    assert count == 133
    ran(count)
    left_out(vectors["numberOfTests"] - count, "aes_gcm_test: sizes that no JWE has")


def test_jwe_of_another_implementation():
    """A token in the form that JavaScript's jose makes: epk with other order of members."""
    other = generate_encryption_key()
    token = encrypt(b'{"vp_token":{}}', other.public_jwk(), "A256GCM", b"", b"nonce")
    header = parse_json_object(b64url_decode(token.split(".")[0]))
    assert set(header) == {"alg", "enc", "kid", "epk", "apu", "apv"}
    assert set(header["epk"]) == {"kty", "crv", "x", "y"}
    assert base64.urlsafe_b64decode(header["apv"] + "==") == b"nonce"
    assert other.decrypt(token).plaintext == b'{"vp_token":{}}'
