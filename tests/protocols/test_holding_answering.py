"""Answering questions: only to who proved a name, only what was asked, each copy once."""

from __future__ import annotations

import json

import pytest

from protocols.wallet_peers import CA, NOW, QUERY, VCT, VERIFIER, Http, School, Shop
from trustid.credentials import jose
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did import key as did_key
from trustid.errors import FetchError, TrustidError
from trustid.fetching import Fetcher
from trustid.keys import generate
from trustid.keys.jose import EncryptionKey
from trustid.keys.x509 import DevelopmentCa
from trustid.protocols.holding import Holder
from trustid.protocols.openid4vp import WalletAnswer, read_response
from trustid.stores.wallet_memory import MemoryWallet


def holder_with_degree(http: Http, **settings) -> Holder:
    holder = Holder.open(MemoryWallet(), http, clock=lambda: NOW, **settings)
    holder.accept(holder.read_offer(School(http).link()))
    return holder


def present(shop: Shop, link: str | None = None, **settings) -> str | None:
    holder = holder_with_degree(shop.http, **settings)
    return holder.send(holder.plan(holder.read_request(link or shop.link())))


def refused(code: str, shop: Shop, link: str | None = None, **settings) -> TrustidError:
    """The question is refused, and nothing is sent to anybody."""
    with pytest.raises(TrustidError) as refusal:
        present(shop, link, **settings)
    assert refusal.value.code == code, refusal.value
    assert shop.posted == []
    return refusal.value


def shown(shop: Shop) -> SdJwtVc:
    (presentation,) = json.loads(shop.posted[-1]["vp_token"])["d"]
    return SdJwtVc.parse(presentation)


def test_only_what_was_asked_is_shown_to_who_asked() -> None:
    shop = Shop(Http())
    assert present(shop) == f"{VERIFIER}/done?code=1"
    presented = shown(shop)
    presented.check_key_binding(audience="x509_san_dns:shop.example", nonce="n-1", now=NOW)
    assert presented.claims()["degree"] == {"name": "Physics"}
    assert len(presented.sd_jwt.disclosures) == 1
    assert shop.posted[0]["state"] == "s-1"


def test_the_plan_shows_the_person_exactly_what_the_verifier_gets() -> None:
    shop = Shop(Http())
    holder = holder_with_degree(shop.http)
    request = holder.read_request(shop.link())
    answer = holder.plan(request)
    (showing,) = answer.showings
    assert (request.asker.name, request.asker.proof, request.response_host) == (
        "shop.example",
        "first-use",
        "shop.example",
    )
    assert showing.claims == {"degree": {"name": "Physics"}}
    assert not showing.seen_before
    assert shop.posted == []
    holder.send(answer)
    claims = shown(shop).claims()
    assert showing.claims == {name: claims[name] for name in showing.claims}
    assert set(claims) - set(showing.claims) == {"iss", "iat", "exp", "vct", "cnf"}


def test_each_copy_is_shown_once_before_one_is_shown_again() -> None:
    shop = Shop(Http())
    holder = holder_with_degree(shop.http)
    keys, seen_before = [], []
    for _ in range(4):
        answer = holder.plan(holder.read_request(shop.link()))
        seen_before.append(answer.showings[0].seen_before)
        holder.send(answer)
        keys.append(shown(shop).holder_key)
    assert len(set(keys[:3])) == 3
    assert keys[3] == keys[0]
    assert seen_before == [False, False, False, True]


def test_a_copy_counts_as_shown_even_if_the_verifier_breaks_off() -> None:
    shop = Shop(Http(), answer=(500, {}))
    holder = holder_with_degree(shop.http)
    answer = holder.plan(holder.read_request(shop.link()))
    with pytest.raises(TrustidError) as refusal:
        holder.send(answer)
    assert refusal.value.code == "verifier_refused"
    assert holder.store.credentials()[0].fresh_copies == 2


def test_an_encrypted_answer_opens_with_the_verifiers_key_only() -> None:
    key = EncryptionKey.generate("e-1")
    shop = Shop(Http(), encryption_key=key)
    present(shop)
    answer = read_response(shop.posted[0], response_mode="direct_post.jwt", encryption_key=key)
    assert isinstance(answer, WalletAnswer)
    assert answer.state == "s-1"
    assert SdJwtVc.parse(answer.vp_token["d"][0]).claims()["degree"] == {"name": "Physics"}
    assert set(shop.posted[0]) == {"response"}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "EC", "crv": "P-521", "alg": "ECDH-ES"}]}},
        {"jwks": {"keys": [EncryptionKey.generate("e").public_jwk() | {"alg": "ECDH-ES", "use": "sig"}]}},
        {
            "jwks": {"keys": [EncryptionKey.generate("e").public_jwk() | {"alg": "ECDH-ES"}]},
            "encrypted_response_enc_values_supported": ["A128CBC-HS256"],
        },
        {"jwks": "keys"},
    ],
)
def test_an_answer_that_cannot_be_encrypted_as_asked_is_not_sent(metadata) -> None:
    good = Shop(Http(), encryption_key=EncryptionKey.generate("e-1"))
    present(good)
    assert len(good.posted) == 1
    refused(
        "request_invalid",
        Shop(Http(), encryption_key=EncryptionKey.generate("e-1"), payload={"client_metadata": metadata}),
    )


def test_a_request_by_value_by_get_and_by_post() -> None:
    shop = Shop(Http())
    assert present(shop, shop.link_by_value())
    assert present(shop, shop.link(request_uri_method="get"))
    assert present(shop, shop.link(request_uri_method="post"))
    assert ("POST", f"{VERIFIER}/request") in shop.http.asked


def test_the_wallets_nonce_must_come_back() -> None:
    shop = Shop(Http())
    assert present(shop, shop.link(request_uri_method="post"))
    stale = shop.request_object(wallet_nonce="of-another-time").encode()
    bad = Shop(Http())
    bad.http.handlers[f"{VERIFIER}/request"] = lambda m, b, h: (200, "application/oauth-authz-req+jwt", stale)
    refused("request_invalid", bad, bad.link(request_uri_method="post"))


def test_x509_hash_names_the_certificate_itself() -> None:
    assert present(Shop(Http(), prefix="x509_hash"))
    bad = Shop(Http(), prefix="x509_hash")
    other = Shop(Http(), prefix="x509_hash")
    link = bad.link(client_id=other.client_id)
    bad.payload = {"client_id": other.client_id}
    refused("verifier_unknown", bad, link)


def test_a_did_names_its_own_keys_only() -> None:
    key = generate("Ed25519")
    did = did_key.create(key.public_key)
    kid = f"{did}#{did.removeprefix('did:key:')}"

    class DidShop(Shop):
        @property
        def client_id(self) -> str:
            return f"decentralized_identifier:{did}"

    shop = DidShop(Http(), key=key, header={"kid": kid})
    holder = holder_with_degree(shop.http)
    assert holder.read_request(shop.link()).asker.proof == "did"
    assert present(shop)
    other = did_key.create(generate("Ed25519").public_key)
    for code, header in {
        "verifier_unknown": {"kid": f"{other}#{other.removeprefix('did:key:')}"},
        "issuer_key_unknown": {"kid": f"{did}#other"},
        "did_malformed": {"kid": "no-did"},
    }.items():
        refused(code, DidShop(Http(), key=key, header=header))
    refused("signature_invalid", DidShop(Http(), key=generate("Ed25519"), header={"kid": kid}))


def test_an_unsigned_question_is_bound_to_where_its_answer_goes() -> None:
    shop = Shop(Http(), prefix="redirect_uri")
    holder = holder_with_degree(shop.http)
    assert holder.read_request(shop.link_unsigned()).asker.proof == "unsigned"
    assert present(shop, shop.link_unsigned())
    refused(
        "request_invalid",
        Shop(Http(), prefix="redirect_uri"),
        shop.link_unsigned(response_uri="https://evil.example/response"),
    )
    refused("request_invalid", Shop(Http(), prefix="redirect_uri"), shop.link_unsigned(request="x.y.z"))
    refused(
        "request_invalid",
        Shop(Http(), prefix="redirect_uri"),
        shop.link_unsigned(request_uri=f"{VERIFIER}/request"),
    )
    refused("request_invalid", Shop(Http(), prefix="redirect_uri"), shop.link())


def test_the_response_goes_to_the_host_of_the_certificate() -> None:
    assert present(Shop(Http()))
    for address in (
        "https://evil.example/response",
        "https://shop.example.evil.example/",
        "https://sub.shop.example/r",
    ):
        refused("request_invalid", Shop(Http(), payload={"response_uri": address}))


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"client_id": "x509_san_dns:evil.example"}, "request_invalid"),
        ({"aud": "https://wallet.example"}, "request_invalid"),
        ({"exp": NOW - 61}, "request_invalid"),
        ({"nbf": NOW + 61}, "request_invalid"),
        ({"exp": "soon"}, "claim_type_invalid"),
        ({"response_type": "code"}, "request_invalid"),
        ({"response_mode": "fragment"}, "request_invalid"),
        ({"response_mode": None}, "request_invalid"),
        ({"redirect_uri": "https://shop.example/cb"}, "request_invalid"),
        ({"scope": "degree"}, "request_invalid"),
        ({"transaction_data": ["e30"]}, "request_invalid"),
        ({"nonce": "with space"}, "request_invalid"),
        ({"nonce": "x" * 1_025}, "request_invalid"),
        ({"nonce": ""}, "request_invalid"),
        ({"state": "ü"}, "request_invalid"),
        ({"dcql_query": {}}, "query_malformed"),
        ({"dcql_query": "x"}, "query_malformed"),
        ({"response_uri": 5}, "request_invalid"),
        ({"response_uri": "https://["}, "malformed"),
        ({"response_uri": "javascript:alert(1)"}, "malformed"),
        ({"client_metadata": "x"}, "request_invalid"),
    ],
)
def test_questions_that_break_the_rules_are_refused(payload, code) -> None:
    assert present(Shop(Http()))
    refused(code, Shop(Http(), payload=payload))


@pytest.mark.parametrize("name", ["aud", "nonce", "response_uri", "dcql_query", "client_id", "response_type"])
def test_questions_that_lack_something_are_refused(name) -> None:
    assert present(Shop(Http()))
    refused("query_malformed" if name == "dcql_query" else "request_invalid", Shop(Http(), dropped=(name,)))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"typ": "JWT"}, "typ_mismatch"),
        ({"typ": "dc+sd-jwt"}, "typ_mismatch"),
        ({"x5c": []}, "x5c_invalid"),
        ({"x5c": ["AAAA"]}, "x5c_invalid"),
    ],
)
def test_request_objects_with_a_wrong_header_are_refused(header, code) -> None:
    assert present(Shop(Http()))
    refused(code, Shop(Http(), header=header))


def test_a_request_object_that_was_changed_is_refused() -> None:
    shop = Shop(Http())
    assert present(shop)
    header, payload, signature = shop.request_object().split(".")
    forged = jose.parse(Shop(Http(), payload={"nonce": "n-2"}).request_object()).compact().split(".")[1]
    bad = Shop(Http())
    changed = f"{header}.{forged}.{signature}".encode()
    bad.http.handlers[f"{VERIFIER}/request"] = lambda m, b, h: (
        200,
        "application/oauth-authz-req+jwt",
        changed,
    )
    assert forged != payload
    refused("signature_invalid", bad)


def test_a_certificate_for_another_host_is_refused() -> None:
    assert present(Shop(Http()))
    refused("verifier_unknown", Shop(Http(), dns_name="evil.example"))


def test_authorities_are_asked_for_where_there_are_any() -> None:
    holder = holder_with_degree(Http(), verifier_anchors=[CA.certificate_der])
    shop = Shop(holder.http)
    assert holder.read_request(shop.link()).asker.proof == "certificate"
    other = DevelopmentCa.create("Other", now=NOW)
    refused("x5c_invalid", Shop(Http()), verifier_anchors=[other.certificate_der])
    school_only = Shop(Http())
    holder = Holder.open(MemoryWallet(), school_only.http, clock=lambda: NOW, first_use=False)
    with pytest.raises(TrustidError) as refusal:
        holder.read_request(school_only.link())
    assert refusal.value.code == "verifier_unknown"


def test_a_verifier_seen_before_must_keep_its_key() -> None:
    http = Http()
    holder = holder_with_degree(http)
    shop = Shop(http)
    holder.send(holder.plan(holder.read_request(shop.link())))
    assert holder.read_request(shop.link()).asker.proof == "known"
    Shop(http)  # the same name, another key
    with pytest.raises(TrustidError) as refusal:
        holder.read_request(shop.link())
    assert refusal.value.code == "verifier_changed"


@pytest.mark.parametrize(
    "prefix",
    ["openid_federation:https://x.example", "origin:https://x.example", "verifier_attestation:x", "plain"],
)
def test_names_that_cannot_be_proved_are_refused(prefix) -> None:
    shop = Shop(Http())
    assert present(shop)
    refused("verifier_unknown", Shop(Http()), shop.link(client_id=prefix))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"request_uri_method": "put"}, "request_invalid"),
        ({"request_uri_method": "POST"}, "request_invalid"),
        ({"request": "x.y.z"}, "request_invalid"),
        ({"client_id": ""}, "malformed"),
    ],
)
def test_links_that_break_the_rules_are_refused(changes, code) -> None:
    shop = Shop(Http())
    assert present(shop)
    refused(code, Shop(Http()), shop.link(**changes))


def test_links_that_are_none_are_refused() -> None:
    for link in ("", "openid4vp://", "openid4vp://?client_id=a&client_id=b", "x" * 70_000):
        refused("malformed", Shop(Http()), link or " ")


def test_a_wallet_without_an_answer_says_nothing() -> None:
    assert present(Shop(Http()))
    for claims in ([{"path": ["degree", "name"], "values": ["History"]}], [{"path": ["salary"]}]):
        query = {"credentials": [QUERY["credentials"][0] | {"claims": claims}]}
        refused("query_mismatch", Shop(Http(), payload={"dcql_query": query}))
    other = {"credentials": [QUERY["credentials"][0] | {"meta": {"vct_values": ["urn:other"]}}]}
    refused("query_mismatch", Shop(Http(), payload={"dcql_query": other}))


def test_without_claims_nothing_that_can_be_kept_back_is_shown() -> None:
    query = {"credentials": [{"id": "d", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}}]}
    shop = Shop(Http(), payload={"dcql_query": query})
    present(shop)
    assert shown(shop).sd_jwt.disclosures == ()


def test_an_expired_credential_is_not_shown() -> None:
    shop = Shop(Http(), dropped=("exp",))
    clock = [NOW]
    holder = Holder.open(MemoryWallet(), shop.http, clock=lambda: clock[0])
    holder.accept(holder.read_offer(School(shop.http).link()))
    assert holder.plan(holder.read_request(shop.link()))
    clock[0] = NOW + 86_400
    with pytest.raises(TrustidError) as refusal:
        holder.plan(holder.read_request(shop.link()))
    assert refusal.value.code == "query_mismatch"


def test_the_person_may_choose_among_credentials() -> None:
    http = Http()
    holder = holder_with_degree(http)
    holder.accept(holder.read_offer(School(http).link()))
    first, second = holder.store.credentials()
    shop = Shop(http)
    request = holder.read_request(shop.link())
    for wanted in (first, second):
        assert holder.plan(request, choice={"d": wanted.id}).showings[0].credential.id == wanted.id
    with pytest.raises(TrustidError) as refusal:
        holder.plan(request, choice={"d": "0" * 16})
    assert refusal.value.code == "not_found"


def test_declining_says_so_and_not_why() -> None:
    shop = Shop(Http())
    holder = holder_with_degree(shop.http)
    holder.decline(holder.read_request(shop.link()))
    assert shop.posted == [{"error": "access_denied", "state": "s-1"}]


@pytest.mark.parametrize(
    "redirect",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        5,
        None,
        "https://shop.example/\x1b",
        "https://x" * 1_000,
    ],
)
def test_only_web_addresses_are_opened_afterwards(redirect) -> None:
    assert present(Shop(Http())) == f"{VERIFIER}/done?code=1"
    assert present(Shop(Http(), answer=(200, {"redirect_uri": redirect}))) is None


def test_a_verifiers_refusal_is_shown_with_a_clean_code() -> None:
    shop = Shop(Http(), answer=(400, {"error": "bad\x1b[2J"}))
    with pytest.raises(TrustidError) as refusal:
        present(shop)
    assert refusal.value.code == "verifier_refused"
    assert "\x1b" not in refusal.value.message


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/r",
        "https://localhost/r",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/r",
    ],
)
def test_B105_request_at_an_internal_address(address) -> None:
    """The twin is a question at a public address, above."""
    holder = Holder.open(MemoryWallet(), Fetcher(), clock=lambda: NOW)
    for method in ("get", "post"):
        with pytest.raises(FetchError) as refusal:
            holder.read_request(Shop(Http()).link(request_uri=address, request_uri_method=method))
        assert refusal.value.code == "fetch_blocked"
