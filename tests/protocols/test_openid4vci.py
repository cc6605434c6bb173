"""The messages of OpenID4VCI: read strictly, written as they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustid.errors import MalformedError, ProtocolError, TrustidError
from trustid.protocols.openid4vci import (
    PRE_AUTHORIZED_GRANT,
    CredentialOffer,
    CredentialRequest,
    IssuedCopy,
    IssuerMetadata,
    TokenRequest,
    TokenResponse,
    TxCode,
    credential_response,
    credentials_of,
    error_body,
    offer_uri,
    offer_uri_by_reference,
    parse_offer_uri,
    well_known_url,
)

OFFER = CredentialOffer(
    "https://issuer.example", ("degree",), "code", TxCode(6, description="From the letter")
)
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def mixed(*members: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the members that matter, holding anything."""
    return st.dictionaries(st.sampled_from(members), JSON)


@given(
    st.builds(
        CredentialOffer,
        TEXT,
        st.lists(TEXT, min_size=1, max_size=4, unique=True).map(tuple),
        TEXT,
        st.none() | st.builds(TxCode, st.none() | st.integers(1, 99), st.booleans(), st.none() | TEXT),
    )
)
def test_an_offer_reads_as_it_was_written(offer: CredentialOffer) -> None:
    assert parse_offer_uri(offer_uri(offer)) == offer
    assert CredentialOffer.from_json(json.loads(json.dumps(offer.to_json()))) == offer


@given(st.text(max_size=60))
def test_a_reference_reads_as_it_was_written(tail: str) -> None:
    url = f"https://issuer.example/offers/{tail.encode().hex()}"
    assert parse_offer_uri(offer_uri_by_reference(url)) == url
    assert (
        parse_offer_uri(f"https://wallet.example/offer?x=1&{offer_uri_by_reference(url).split('?')[1]}")
        == url
    )


@given(mixed("credential_issuer", "credential_configuration_ids", "grants"))
def test_only_our_errors_come_out_of_any_offer(body: dict[str, Any]) -> None:
    try:
        CredentialOffer.from_json(body)
    except TrustidError as err:
        assert err.code == "malformed"


@given(
    mixed(
        "credential_configuration_id",
        "credential_identifier",
        "proofs",
        "proof",
        "credential_response_encryption",
    )
)
def test_only_our_errors_come_out_of_any_credential_request(body: dict[str, Any]) -> None:
    try:
        CredentialRequest.from_json(body)
    except ProtocolError as err:
        assert err.code in {"invalid_credential_request", "invalid_proof", "invalid_encryption_parameters"}


@given(mixed("access_token", "token_type", "expires_in", "authorization_details"))
def test_only_our_errors_come_out_of_any_token_response(body: dict[str, Any]) -> None:
    try:
        TokenResponse.from_json(body)
    except TrustidError as err:
        assert err.code == "malformed"


@given(
    mixed(
        "credential_issuer",
        "credential_endpoint",
        "nonce_endpoint",
        "authorization_servers",
        "batch_credential_issuance",
        "display",
        "credential_configurations_supported",
    )
)
def test_only_our_errors_come_out_of_any_metadata(body: dict[str, Any]) -> None:
    try:
        IssuerMetadata.from_json(body, expected_issuer="https://issuer.example")
    except TrustidError as err:
        assert err.code in {"malformed", "issuer_metadata_mismatch"}


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "openid-credential-offer://",
        "openid-credential-offer://?x=1",
        "openid-credential-offer://?credential_offer=%7B%7D&credential_offer_uri=https%3A%2F%2Fx",
        "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fx&credential_offer_uri=https%3A%2F%2Fy",
        "openid-credential-offer://?credential_offer=nothing",
        "openid-credential-offer://?credential_offer=%5B%5D",
        "openid-credential-offer://?credential_offer_uri=" + "x" * 20_000,
        "http://[?credential_offer_uri=x",
    ],
)
def test_links_that_are_no_offers(uri: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_offer_uri(uri)
    assert caught.value.code == "malformed"
    assert parse_offer_uri(offer_uri(OFFER)) == OFFER


@pytest.mark.parametrize(
    "change",
    [
        {"credential_issuer": None},
        {"credential_issuer": 7},
        {"credential_configuration_ids": []},
        {"credential_configuration_ids": ["a", "a"]},
        {"credential_configuration_ids": [1]},
        {"grants": []},
        {"grants": {PRE_AUTHORIZED_GRANT: []}},
        {"grants": {PRE_AUTHORIZED_GRANT: {}}},
        {"grants": {PRE_AUTHORIZED_GRANT: {"pre-authorized_code": "c", "tx_code": []}}},
        {"grants": {PRE_AUTHORIZED_GRANT: {"pre-authorized_code": "c", "tx_code": {"length": 0}}}},
        {"grants": {PRE_AUTHORIZED_GRANT: {"pre-authorized_code": "c", "tx_code": {"length": True}}}},
        {"grants": {PRE_AUTHORIZED_GRANT: {"pre-authorized_code": "c", "tx_code": {"input_mode": "voice"}}}},
        {
            "grants": {
                PRE_AUTHORIZED_GRANT: {"pre-authorized_code": "c", "tx_code": {"description": "x" * 301}}
            }
        },
    ],
)
def test_offers_that_cannot_be_read(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        CredentialOffer.from_json(OFFER.to_json() | change)
    assert caught.value.code == "malformed"
    assert CredentialOffer.from_json(OFFER.to_json() | {"unknown": 1}) == OFFER


def test_an_empty_tx_code_object_still_asks_for_one() -> None:
    body = OFFER.to_json()
    body["grants"][PRE_AUTHORIZED_GRANT]["tx_code"] = {}
    assert CredentialOffer.from_json(body).tx_code == TxCode()


def test_an_offer_without_our_grant_has_no_code() -> None:
    body = OFFER.to_json() | {"grants": {"authorization_code": {}}}
    assert CredentialOffer.from_json(body).pre_authorized_code is None


def test_token_request_as_form_and_back() -> None:
    from urllib.parse import parse_qsl

    request = TokenRequest("code+/=&", "123456", "wallet", None)
    assert TokenRequest.from_form(dict(parse_qsl(request.to_form().decode()))) == request


def test_token_response_with_identifiers_and_back() -> None:
    answer = TokenResponse("token", 600, {"degree": ("one", "two")})
    assert TokenResponse.from_json(json.loads(json.dumps(answer.to_json()))) == answer
    plain = TokenResponse("token", 600, {})
    assert "authorization_details" not in plain.to_json()
    assert TokenResponse.from_json(plain.to_json() | {"token_type": "bearer"}) == plain


def test_credentials_of_an_answer() -> None:
    copies = (IssuedCopy("a"), IssuedCopy("b", {"slot": 3}))
    assert credentials_of(credential_response(copies)) == copies
    for bad in (
        {},
        {"credentials": []},
        {"credentials": ["a"]},
        {"credentials": [{"credential": {}}]},
        {"credentials": [{"credential": "a", "status_secrets": "b"}]},
        {"transaction_id": "x"},
    ):
        with pytest.raises(MalformedError):
            credentials_of(bad)


def test_error_description_keeps_to_the_allowed_characters() -> None:
    body = error_body(ProtocolError("invalid_proof", 'a "quoted" \\ text: 你好\n'))
    assert body["error"] == "invalid_proof"
    assert all(0x20 <= ord(char) <= 0x7E and char not in '"\\' for char in body["error_description"])


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("https://a.example", "https://a.example/.well-known/jwt-vc-issuer"),
        ("https://a.example/", "https://a.example/.well-known/jwt-vc-issuer"),
        ("https://a.example:8443/x/y", "https://a.example:8443/.well-known/jwt-vc-issuer/x/y"),
    ],
)
def test_well_known_is_inserted_before_the_path(issuer: str, expected: str) -> None:
    assert well_known_url(issuer, "jwt-vc-issuer") == expected


def test_metadata_of_another_issuer_is_not_used() -> None:
    body = {
        "credential_issuer": "https://issuer.example",
        "credential_endpoint": "https://issuer.example/credential",
        "credential_configurations_supported": {},
    }
    metadata = IssuerMetadata.from_json(body, expected_issuer="https://issuer.example")
    assert (metadata.nonce_endpoint, metadata.batch_size) == (None, 1)
    with pytest.raises(ProtocolError) as caught:
        IssuerMetadata.from_json(body, expected_issuer="https://issuer.example/")
    assert caught.value.code == "issuer_metadata_mismatch"
