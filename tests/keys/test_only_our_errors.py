"""Whatever comes in, only errors of the one tree come out: every reader of keys and tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import json_objects, json_values, texts
from trustid import keys
from trustid.credentials import jose
from trustid.encoding import b64_encode, b64url_encode
from trustid.errors import TrustidError
from trustid.keys import x509
from trustid.keys.jose import EncryptionKey, encrypt

GOOD = {
    "P-256": keys.generate("P-256").to_private_jwk(),
    "Ed25519": keys.generate("Ed25519").to_private_jwk(),
}
# Good keys with some members replaced by anything at all: the readers get past their first lines.
almost_keys = st.builds(
    lambda kind, changes: GOOD[kind] | changes,
    st.sampled_from(sorted(GOOD)),
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "d", "use", "key_ops", "alg", "kid", "n", "e", "k"]),
        json_values | st.sampled_from(["EC", "OKP", "RSA", "P-256", "P-384", "Ed25519", "enc", "sig"]),
        min_size=1,
        max_size=4,
    ),
)
segments = st.one_of(
    json_objects.map(lambda value: b64url_encode(repr(value).encode())),
    st.binary(max_size=30).map(b64url_encode),
    texts,
    st.just("eyJhbGciOiJFUzI1NiJ9"),
)


def only_ours(read, *arguments, **options):
    try:
        read(*arguments, **options)
    except TrustidError as error:
        assert len(error.message) <= 200


@given(almost_keys | json_objects)
def test_jwk(value):
    public = {name: item for name, item in value.items() if name != "d"}
    only_ours(keys.public_key_from_jwk, value)
    only_ours(keys.public_key_from_jwk, public)
    only_ours(keys.signing_key_from_jwk, value)
    only_ours(EncryptionKey.from_private_jwk, value)
    only_ours(encrypt, b"x", public)


@given(json_values | st.lists(almost_keys, max_size=3).map(lambda items: {"keys": items}))
def test_jwk_set(value):
    only_ours(keys.JwkSet.from_json, value)


@given(texts | st.binary(max_size=50).map(lambda data: "z6Mk" + b64url_encode(data)))
def test_multikey(text):
    only_ours(keys.public_key_from_multikey, text)
    only_ours(keys.signing_key_from_multikey, text)


@given(json_values | st.lists(st.binary(max_size=60).map(b64_encode), max_size=6))
def test_x5c(value):
    with pytest.raises(TrustidError) as caught:
        x509.check_x5c(value, trust_anchors=[], now=0)
    assert caught.value.code == "x5c_invalid"
    only_ours(x509.leaf_names, value)
    only_ours(x509.leaf_key, value, now=0)


@given(
    st.binary(max_size=80) | st.binary(max_size=60).map(lambda data: b"-----BEGIN CERTIFICATE-----\n" + data)
)
def test_pem(data):
    only_ours(x509.certificate_from_pem, data)
    only_ours(x509.DevelopmentCa.from_pem, data)


@given(
    json_objects
    | st.fixed_dictionaries(
        {},
        optional={"protected": segments, "payload": segments, "signature": segments, "header": json_values},
    )
    | st.fixed_dictionaries({"payload": segments, "signatures": st.lists(json_objects, max_size=2)})
)
def test_jws_in_json(value):
    only_ours(jose.parse_json_serialization, value)


@given(segments, segments, segments)
def test_jws(protected, payload, signature):
    only_ours(lambda: jose.parse(f"{protected}.{payload}.{signature}").claims())


@given(json_objects, st.sampled_from(["exp", "nbf", "iat"]))
def test_times(claims, name):
    only_ours(jose.numeric_date, claims, name)
    only_ours(jose.numeric_date, {name: claims}, name)
