"""Messages of OpenID4VP 1.0: requests as they must be, responses read strictly."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from trustid import keys
from trustid.credentials.jose import parse as parse_jws
from trustid.credentials.jose import verify
from trustid.encoding import b64_encode, b64url_encode, sha256
from trustid.errors import TrustidError
from trustid.keys.jose import EncryptionKey, encrypt
from trustid.keys.x509 import DevelopmentCa
from trustid.protocols.openid4vp import (
    PresentationRequest,
    VerifierIdentity,
    WalletAnswer,
    WalletRefusal,
    read_response,
    request_link,
)

NOW = 1_790_000_000
KEY = keys.generate("P-256")
CA = DevelopmentCa.create("Test authority", now=NOW)
LEAF = CA.issue(KEY.public_key, common_name="Shop", dns_names=["shop.example"], valid_days=30, now=NOW)
DID = "did:web:shop.example"
IDENTITY = VerifierIdentity("https://shop.example", KEY, (LEAF,), DID, f"{DID}#request")
ENCRYPTION = EncryptionKey.generate()


def request(**changes: Any) -> PresentationRequest:
    values: dict[str, Any] = {
        "prefix": "x509_san_dns",
        "response_uri": "https://shop.example/oid4vp/responses/x",
        "response_mode": "direct_post",
        "nonce": "n",
        "state": "s",
        "dcql_query": {"credentials": []},
        "issued_at": NOW,
        "expires_at": NOW + 600,
    }
    return PresentationRequest(**(values | changes))


def test_request_object_as_the_specification_wants_it() -> None:
    token = parse_jws(request(response_mode="direct_post.jwt", encryption_key=ENCRYPTION).sign(IDENTITY))
    verify(token, KEY.public_key, algorithms=["ES256"], typ="oauth-authz-req+jwt")
    assert token.header == {"alg": "ES256", "typ": "oauth-authz-req+jwt", "x5c": [b64_encode(LEAF)]}
    claims = token.claims()
    metadata = claims.pop("client_metadata")
    assert claims == {
        "aud": "https://self-issued.me/v2",
        "iat": NOW,
        "exp": NOW + 600,
        "response_type": "vp_token",
        "response_mode": "direct_post.jwt",
        "client_id": "x509_san_dns:shop.example",
        "response_uri": "https://shop.example/oid4vp/responses/x",
        "nonce": "n",
        "state": "s",
        "dcql_query": {"credentials": []},
    }
    assert metadata.keys() == {"jwks", "vp_formats_supported", "encrypted_response_enc_values_supported"}
    assert metadata["encrypted_response_enc_values_supported"] == ["A128GCM", "A256GCM"]
    (jwk,) = metadata["jwks"]["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("EC", "P-256", "ECDH-ES", "enc")
    assert jwk["kid"]
    assert "d" not in jwk


def test_unencrypted_request_carries_no_key() -> None:
    metadata = parse_jws(request().sign(IDENTITY)).claims()["client_metadata"]
    assert metadata.keys() == {"vp_formats_supported"}
    assert metadata["vp_formats_supported"]["dc+sd-jwt"].keys() == {"sd-jwt_alg_values", "kb-jwt_alg_values"}


def test_client_identifiers() -> None:
    assert IDENTITY.prefixes == ("x509_san_dns", "x509_hash", "decentralized_identifier")
    assert IDENTITY.client_id("x509_hash") == f"x509_hash:{b64url_encode(sha256(LEAF))}"
    assert IDENTITY.client_id("decentralized_identifier") == f"decentralized_identifier:{DID}"
    header = parse_jws(request(prefix="decentralized_identifier").sign(IDENTITY)).header
    assert header["kid"] == f"{DID}#request"
    assert "x5c" not in header


def test_B157_prefix_that_the_identity_cannot_use() -> None:
    without = VerifierIdentity("https://shop.example", KEY, (), DID, f"{DID}#request")
    assert without.prefixes == ("decentralized_identifier",)
    without.check()
    with refused("invalid_request"):
        request().sign(without)
    request(prefix="decentralized_identifier").sign(without)


def test_B106_certificate_of_another_host() -> None:
    IDENTITY.check()
    with refused("setting_unsafe"):
        VerifierIdentity("https://other.example", KEY, (LEAF,)).check()


def test_B150_wallet_nonce() -> None:
    assert parse_jws(request().sign(IDENTITY, wallet_nonce="w" * 1024)).claims()["wallet_nonce"] == "w" * 1024
    with refused("limit_exceeded"):
        request().sign(IDENTITY, wallet_nonce="w" * 1025)


def test_link() -> None:
    link = urlsplit(request_link("x509_san_dns:shop.example", "https://shop.example/r?a=b&c=d"))
    assert (link.scheme, link.netloc, link.path) == ("openid4vp", "", "")
    assert parse_qs(link.query) == {
        "client_id": ["x509_san_dns:shop.example"],
        "request_uri": ["https://shop.example/r?a=b&c=d"],
    }
    assert "request_uri_method=post" in request_link("x", "y", method="post")


def read(fields: dict[str, str], *, encrypted: bool = False) -> WalletAnswer | WalletRefusal:
    mode = "direct_post.jwt" if encrypted else "direct_post"
    return read_response(fields, response_mode=mode, encryption_key=ENCRYPTION if encrypted else None)  # type: ignore[arg-type]


def sealed(content: Any) -> dict[str, str]:
    return {"response": encrypt(json.dumps(content).encode(), ENCRYPTION.public_jwk())}


def test_answers_are_read() -> None:
    token = {"a": ["x"]}
    for found in (
        read({"vp_token": json.dumps(token), "state": "s", "extra": "ignored"}),
        read(sealed({"vp_token": token, "state": "s", "extra": 1}), encrypted=True),
    ):
        assert isinstance(found, WalletAnswer)
        assert (found.vp_token, found.state) == (token, "s")


def test_refusals_are_read() -> None:
    for found in (
        read({"error": "access_denied", "error_description": "no\nthank\u202eyou", "state": "s"}),
        read(
            {"error": "access_denied", "error_description": "no\nthank\u202eyou", "state": "s"},
            encrypted=True,
        ),
        read(
            sealed({"error": "access_denied", "error_description": "nothankyou", "state": "s"}),
            encrypted=True,
        ),
    ):
        assert found == WalletRefusal("access_denied", "nothankyou", "s")
    long = read({"error": "e" * 1000, "error_description": "d" * 1000})
    assert isinstance(long, WalletRefusal)
    assert (len(long.error), len(long.description)) == (64, 200)


@pytest.mark.parametrize(
    ("fields", "encrypted", "code"),
    [
        ({}, False, "invalid_request"),
        ({"response": "x"}, False, "invalid_request"),
        ({"vp_token": "[]"}, False, "malformed"),
        ({"vp_token": "{}", "state": "s" * 257}, False, "malformed"),
        ({"vp_token": '{"a": 1, "a": 2}'}, False, "duplicate_key"),
        ({"vp_token": '{"a": ' + "[" * 20 + "]" * 20 + "}"}, False, "limit_exceeded"),
        ({"vp_token": '{"a": ["' + "x" * 600_000 + '"]}'}, False, "limit_exceeded"),
        ({"vp_token": "{}"}, True, "enc_not_allowed"),
        ({}, True, "enc_not_allowed"),
        ({"response": "a.b.c"}, True, "enc_not_allowed"),
        ({"response": "x" * 600_000}, True, "limit_exceeded"),
        ({"response": "a.b.c.d.e"}, True, "malformed"),
        (sealed([]), True, "malformed"),
        (sealed({"vp_token": "{}"}), True, "malformed"),
        (sealed({"state": "s"}), True, "malformed"),
        (sealed({"vp_token": {"a": ["x"]}, "state": 7}), True, "malformed"),
    ],
)
def test_bad_responses(fields: dict[str, str], encrypted: bool, code: str) -> None:
    with refused(code):
        read(fields, encrypted=encrypted)
    good = {"a": ["x"]}
    assert isinstance(
        read(
            sealed({"vp_token": good}) if encrypted else {"vp_token": json.dumps(good)}, encrypted=encrypted
        ),
        WalletAnswer,
    )


def test_what_stands_beside_the_encrypted_answer_does_not_count() -> None:
    found = read(
        sealed({"vp_token": {"a": ["x"]}, "state": "inner"}) | {"state": "outer", "vp_token": "{}"},
        encrypted=True,
    )
    assert isinstance(found, WalletAnswer)
    assert found.state == "inner"


field_names = st.sampled_from(["vp_token", "state", "response", "error", "error_description"]) | st.text(
    max_size=5
)
field_values = st.text(max_size=60) | st.sampled_from(["{}", '{"a":["b"]}', "a.b.c.d.e", "...."])


@given(fields=st.dictionaries(field_names, field_values, max_size=5), encrypted=st.booleans())
def test_only_our_errors_leave(fields: dict[str, str], encrypted: bool) -> None:
    with contextlib.suppress(TrustidError):
        read(fields, encrypted=encrypted)
