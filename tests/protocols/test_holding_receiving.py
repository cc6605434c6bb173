"""Accepting offers: everything is checked before anything is kept."""

from __future__ import annotations

import json

import pytest

from protocols.wallet_peers import CA, ISSUER, NOW, VCT, Http, School
from trustid.credentials import jose
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did import key as did_key
from trustid.errors import FetchError, MalformedError, TrustidError
from trustid.fetching import Fetcher
from trustid.keys import generate
from trustid.protocols.holding import Holder
from trustid.stores.wallet_memory import MemoryWallet


def wallet(http, **settings) -> Holder:
    return Holder.open(MemoryWallet(), http, clock=lambda: NOW, **settings)


def accept(school: School, link: str | None = None, tx_code: str | None = None, **settings):
    holder = wallet(school.http, **settings)
    return holder.accept(holder.read_offer(link or school.link()), tx_code=tx_code)


def refused(
    code: str, school: School, link: str | None = None, tx_code: str | None = None, **settings
) -> TrustidError:
    holder = wallet(school.http, **settings)
    with pytest.raises(TrustidError) as refusal:
        holder.accept(holder.read_offer(link or school.link()), tx_code=tx_code)
    assert refusal.value.code == code, refusal.value
    assert holder.store.credentials() == ()
    return refusal.value


def test_an_offer_becomes_one_credential_with_several_copies() -> None:
    school = School(Http())
    (held,) = accept(school)
    assert (held.issuer, held.source, held.vct, held.issuer_proof) == (ISSUER, ISSUER, VCT, "first-use")
    assert held.title == "Degree[31m"
    assert len(held.copies) == held.fresh_copies == 3
    assert held.claims()["degree"] == {"name": "Physics", "type": "BSc"}
    assert len({SdJwtVc.parse(copy.text).holder_key for copy in held.copies}) == 3
    assert all(SdJwtVc.parse(copy.text).holder_key == copy.key.public_key for copy in held.copies)


def test_an_offer_by_reference_is_fetched() -> None:
    school = School(Http())
    school.http.json(f"{ISSUER}/offer/1", school.offer())
    assert accept(school, f"openid-credential-offer://?credential_offer_uri={ISSUER}/offer/1")


def test_a_claim_link_leads_to_the_offer() -> None:
    school = School(Http())
    school.http.json(f"{ISSUER}/claim/1", {"credential_offer_uri": school.link()})
    assert accept(school, f"{ISSUER}/claim/1")
    for answer in ({}, {"credential_offer_uri": 5}, {"credential_offer_uri": f"{ISSUER}/claim/1"}):
        school.http.json(f"{ISSUER}/claim/2", answer)
        with pytest.raises(MalformedError):
            wallet(school.http).read_offer(f"{ISSUER}/claim/2")


@pytest.mark.parametrize("status", [404, 409, 410, 500])
def test_a_link_that_was_used_says_so(status: int) -> None:
    school = School(Http())
    body = b'{"code":"already_collected"}'
    for place in ("claim/1", "offer/1"):
        school.http.handlers[f"{ISSUER}/{place}"] = lambda *_: (status, "application/problem+json", body)
    for link in (f"{ISSUER}/claim/1", f"openid-credential-offer://?credential_offer_uri={ISSUER}/offer/1"):
        with pytest.raises(TrustidError) as refusal:
            wallet(school.http).read_offer(link)
        assert refusal.value.code == ("fetch_failed" if status == 500 else "offer_unusable")
    assert accept(school)


def test_trusted_authorities_are_asked_for_where_there_are_any() -> None:
    (held,) = accept(School(Http()), issuer_anchors=[CA.certificate_der])
    assert held.issuer_proof == "certificate"
    other = type(CA).create("Other", now=NOW)
    refused("x5c_invalid", School(Http()), issuer_anchors=[other.certificate_der])
    refused("x5c_invalid", School(Http()), first_use=False)


def test_an_issuer_with_a_did_is_resolved() -> None:
    key = generate("Ed25519")
    did = did_key.create(key.public_key)
    school = School(
        Http(), key=key, issued={"issuer": did, "x5c": None, "kid": f"{did}#{did.removeprefix('did:key:')}"}
    )
    (held,) = accept(school)
    assert (held.issuer, held.issuer_proof) == (did, "did")
    school.issued["key"] = generate("Ed25519")
    refused("signature_invalid", school)


def test_an_issuer_with_metadata_is_looked_up() -> None:
    school = School(Http(), issued={"x5c": None})
    school.http.json(
        "https://school.example/.well-known/jwt-vc-issuer/tenant",
        {"issuer": ISSUER, "jwks": {"keys": [school.key.public_key.to_jwk()]}},
    )
    (held,) = accept(school)
    assert held.issuer_proof == "metadata"
    school.http.json(
        "https://school.example/.well-known/jwt-vc-issuer/tenant",
        {"issuer": "https://evil.example", "jwks": {"keys": [school.key.public_key.to_jwk()]}},
    )
    refused("issuer_mismatch", school)


@pytest.mark.parametrize(("method", "prefix"), [("did:jwk", "did:jwk:"), ("did:key", "did:key:z")])
def test_keys_are_named_as_the_issuer_wants(method, prefix) -> None:
    school = School(Http(), configuration={"cryptographic_binding_methods_supported": [method]})
    seen = []
    school.http.handlers[f"{ISSUER}/credential"] = lambda m, body, h: (
        seen.append(json.loads(body)) or (400, "application/json", b'{"error":"credential_request_denied"}')
    )
    refused("credential_request_denied", school)
    assert jose.parse(seen[0]["proofs"]["jwt"][0]).header["kid"].startswith(prefix)


def test_transaction_codes_are_checked_before_a_try_is_wasted() -> None:
    school = School(Http(), tx_code={"input_mode": "numeric", "length": 4})
    for wrong in (None, "", "471", "471a", "４７１１"):
        refused("tx_code_needed", school, tx_code=wrong)
    assert school.tries == []
    refused("invalid_grant", school, tx_code="0000")
    assert accept(school, tx_code="4711")
    assert school.tries == ["0000", "4711"]


def test_a_code_that_was_not_asked_for_is_not_sent() -> None:
    school = School(Http())
    assert accept(school, tx_code="4711")
    assert school.tries == [None]


def test_a_stale_nonce_is_replaced_once() -> None:
    school = School(Http(), stale_nonces=1)
    assert accept(school)
    assert len(school.nonces) == 2
    refused("invalid_nonce", School(Http(), stale_nonces=2))


def test_B054_a_credential_with_a_key_binding_jwt_is_refused() -> None:
    """An issuer that sends an SD-JWT+KB sends somebody else's presentation (RFC 9901, 7.2)."""
    assert accept(School(Http()))
    school = School(Http(), bend=lambda ones: [ones[0] + ones[0].partition("~")[0], *ones[1:]])
    refused("malformed", school)
    for broken in (lambda text: text.rstrip("~"), lambda text: text + "~"):
        refused("malformed", School(Http(), bend=lambda ones, broken=broken: [broken(ones[0])]))


def test_what_was_not_offered_is_refused() -> None:
    assert accept(School(Http()))
    stranger = generate("P-256").public_key
    cases = {
        "holder_mismatch": {"holder": stranger},
        "credential_unexpected": {"vct": "https://school.example/vct/other"},
        "expired": {"expires_at": NOW - 1_000},
        "not_yet_valid": {"not_before": NOW + 1_000},
        "x5c_invalid": {"issuer": "https://evil.example"},
        "signature_invalid": {"key": generate("P-256")},
        "issuer_key_unknown": {"x5c": None, "issuer": None},
    }
    for code, changes in cases.items():
        school = School(Http())
        original = school.credential
        school.credential = lambda holder, original=original, changes=changes: original(
            **({"holder": holder} | changes)
        )
        refused(code, school)


def test_a_credential_without_a_key_or_with_one_key_twice_is_refused() -> None:
    refused("holder_mismatch", School(Http(), bend=lambda ones: [ones[0], ones[0]]))
    refused("credential_unexpected", School(Http(), bend=lambda ones: [*ones, ones[0]]))
    refused("malformed", School(Http(), bend=lambda ones: []))
    assert accept(School(Http(), bend=lambda ones: ones[:1]))[0].fresh_copies == 1


def test_copies_from_two_issuers_are_refused() -> None:
    other = generate("Ed25519")
    did = did_key.create(other.public_key)
    school = School(Http())
    original = school.credential
    named = iter(
        [{}, {"issuer": did, "key": other, "x5c": None, "kid": f"{did}#{did.removeprefix('did:key:')}"}, {}]
    )
    school.credential = lambda holder: original(holder, **next(named))
    refused("credential_unexpected", school)


def test_B041_holder_refuses_a_disclosure_that_nobody_signed() -> None:
    assert accept(School(Http()))
    other = School(Http()).credential(generate("P-256").public_key).split("~")[1]
    refused("disclosure_unreferenced", School(Http(), bend=lambda ones: [ones[0] + other + "~"]))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"metadata": {"credential_issuer": "https://evil.example"}}, "issuer_metadata_mismatch"),
        ({"metadata": {"credential_issuer": ISSUER + "/"}}, "issuer_metadata_mismatch"),
        ({"server": {"issuer": "https://evil.example"}}, "issuer_metadata_mismatch"),
        ({"server": {"token_endpoint": 5}}, "malformed"),
        ({"server": {"token_endpoint": "https://["}}, "fetch_blocked"),
        ({"metadata": {"authorization_servers": ["https://["]}}, "malformed"),
        ({"configuration": {"format": "ldp_vc"}}, "offer_unusable"),
        ({"configuration": {"proof_types_supported": {}}}, "offer_unusable"),
        ({"configuration": {"cryptographic_binding_methods_supported": ["cose_key"]}}, "offer_unusable"),
        ({"metadata": {"nonce_endpoint": "https://10.0.0.1/nonce"}}, "fetch_blocked"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(change, code) -> None:
    assert accept(School(Http()))
    refused(code, School(Http(), **change))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credential_configuration_ids": ["other"]}, "offer_unusable"),
        ({"credential_configuration_ids": []}, "malformed"),
        ({"grants": {}}, "unsupported"),
        ({"grants": {"authorization_code": {}}}, "unsupported"),
        ({"credential_issuer": "https://evil.example"}, "fetch_blocked"),
        ({"credential_issuer": 5}, "malformed"),
        ({"credential_issuer": "https://["}, "malformed"),
        ({"credential_issuer": "ftp://school.example"}, "malformed"),
        ({"credential_issuer": "https://a@school.example"}, "malformed"),
        ({"credential_issuer": "https://school.example:x"}, "malformed"),
    ],
)
def test_offers_that_cannot_be_used_are_refused(changes, code) -> None:
    school = School(Http())
    assert accept(school)
    with pytest.raises(TrustidError) as refusal:
        accept(school, school.link(**changes))
    assert refusal.value.code == code


def test_deferred_issuance_is_not_waited_for() -> None:
    school = School(Http())
    school.http.handlers[f"{ISSUER}/credential"] = lambda m, b, h: (
        202,
        "application/json",
        b'{"transaction_id":"1"}',
    )
    refused("unsupported", school)


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "ü", ""])
def test_an_access_token_that_is_none_is_refused(token) -> None:
    school = School(Http())
    assert accept(school)
    body = json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 1}).encode()
    school.http.handlers[f"{ISSUER}/token"] = lambda m, b, h: (200, "application/json", body)
    refused("malformed", school)


def test_an_issuers_refusal_is_shown_with_a_clean_code() -> None:
    school = School(Http())
    school.http.handlers[f"{ISSUER}/token"] = lambda m, b, h: (
        400,
        "application/json",
        b'{"error":"odd\\u001b[2J"}',
    )
    error = refused("issuer_refused", school)
    assert "\x1b" not in error.message
    school.http.handlers[f"{ISSUER}/token"] = lambda m, b, h: (500, "text/html", b"<h1>")
    refused("issuer_refused", school)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/offer",
        "https://localhost/offer",
        "https://10.1.2.3/offer",
        "https://[::1]/offer",
        "file:///etc/passwd",
    ],
)
def test_B105_offer_at_an_internal_address(address) -> None:
    """The twin is an offer at a public address, above."""
    holder = wallet(Fetcher())
    with pytest.raises(FetchError) as refusal:
        holder.read_offer(f"openid-credential-offer://?credential_offer_uri={address}")
    assert refusal.value.code == "fetch_blocked"


def test_no_secret_is_shown_by_repr() -> None:
    school = School(Http())
    (held,) = accept(school)
    for text in (repr(held), repr(held.copies[0])):
        assert "Rossi" not in text
        assert held.copies[0].text not in text
