"""What wallets send: each bad answer beside its good twin (OpenID4VP 1.0, sections 8 and 14)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trustid import keys
from trustid.credentials.jose import sign
from trustid.encoding import b64_encode, b64url_encode, dump_json
from trustid.keys.jose import EncryptionKey, encrypt
from trustid.protocols.verifying import verify_answer
from verifier_under_test import (
    CLAIMS,
    DISCLOSABLE,
    NOW,
    QUERY,
    VCT,
    Bench,
    School,
    Wallet,
    bearer,
    make_bench,
    path_of,
)

CHECKS = [
    "readable",
    "issuer_trusted",
    "key_found",
    "signature",
    "time",
    "not_revoked",
    "holder_present",
    "answers_question",
]
ASKED = {"degree": [{"family_name": "Rossi", "degree": {"name": "Physics"}}]}


def refused(answer: Any, code: str, status: int = 400) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert answer.content_type == "application/problem+json"


def accepted(bench: Bench, session: dict[str, Any], answer: Any) -> None:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    assert bench.result(session).get_json()["state"] == "verified"


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_san_dns", "x509_hash", "decentralized_identifier"])
def test_a_good_answer_is_verified_and_only_what_was_asked_is_kept(
    bench: Bench, mode: str, prefix: str
) -> None:
    session = bench.ask(response_mode=mode, client_id_prefix=prefix)
    assert bench.result(session).get_json() == {"state": "pending", "claims": {}, "checks": []}
    request = bench.request(session["request_uri"])
    assert request["client_id"].startswith(f"{prefix}:")
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))
    assert bench.result(session).get_json() == {
        "state": "verified",
        "claims": ASKED,
        "checks": [{"name": name, "ok": True} for name in CHECKS],
    }


def test_B140_answer_sent_twice(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    form = bench.wallet.form(request)
    accepted(bench, session, bench.post(request, form))
    before = bench.result(session).get_json()
    refused(bench.post(request, form), "session_consumed")
    assert bench.result(session).get_json() == before
    refused(bench.client.get(path_of(session["request_uri"])), "session_consumed")


@pytest.mark.parametrize("slow_one_is_good", [True, False])
def test_B141_another_answer_is_accepted_while_one_is_judged(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, slow_one_is_good: bool
) -> None:
    """The race itself, without threads."""
    session = bench.ask()
    request = bench.request(session["request_uri"])
    good = bench.wallet.form(request)
    bad = bench.wallet.form(request, {"degree": [bench.wallet.present(request, nonce="another")]})
    calls: list[int] = []

    def judge(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            accepted(bench, session, bench.post(request, good))
        return verify_answer(*arguments, **named)

    monkeypatch.setattr("trustid.protocols.presenting.verify_answer", judge)
    refused(bench.post(request, good if slow_one_is_good else bad), "session_consumed")
    assert len(calls) == 2
    assert bench.result(session).get_json()["state"] == "verified"


def test_B142_state_of_another_session_and_expired_session(bench: Bench) -> None:
    first, second = bench.ask(), bench.ask()
    mine, other = bench.request(first["request_uri"]), bench.request(second["request_uri"])
    form = bench.wallet.form(mine)
    refused(bench.post(mine, form | {"state": other["state"]}), "session_unknown")
    refused(bench.post(mine, form | {"state": "no such state"}), "session_unknown")
    refused(bench.client.post("/oid4vp/responses/no-such-session", data=form), "session_unknown")
    # The answer of one session at the other's address: its nonce is another one.
    refused(bench.post(other, {"vp_token": form["vp_token"]}), "kb_nonce")
    assert bench.result(first).get_json() == {"state": "pending", "claims": {}, "checks": []}
    bench.clock.now += 600
    refused(bench.post(mine, form), "session_unknown")
    refused(bench.client.get(path_of(first["request_uri"])), "session_unknown")
    found = bench.result(first).get_json()
    assert (found["state"], found["checks"]) == (
        "refused",
        [{"name": "answered", "ok": False, "code": "session_expired"}],
    )
    bench.clock.now -= 1
    accepted(bench, first, bench.post(mine, form | {"vp_token": _at(bench, mine, bench.clock.now)}))


def _at(bench: Bench, request: dict[str, Any], now: int) -> str:
    return json.dumps({"degree": [bench.wallet.present(request, issued_at=now)]})


def test_an_answer_without_state_is_correlated_by_its_link(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    form = bench.wallet.form(request)
    del form["state"]
    accepted(bench, session, bench.post(request, form))


@pytest.mark.parametrize(
    "bend",
    [
        lambda one, wallet, request: {"degree": [one], "other": [one]},
        lambda one, wallet, request: {"other": [one]},
        lambda one, wallet, request: {},
        lambda one, wallet, request: {"degree": [one, wallet.present(request)]},
        lambda one, wallet, request: {"degree": one},
        lambda one, wallet, request: {"degree": []},
        lambda one, wallet, request: {"degree": [wallet.present(request, DISCLOSABLE)]},
        lambda one, wallet, request: {"degree": [wallet.present(request, [("family_name",)])]},
    ],
    ids=[
        "key-not-asked",
        "other-key",
        "nothing",
        "two-for-one",
        "not-an-array",
        "empty",
        "too-much",
        "too-little",
    ],
)
def test_B144_answer_does_not_fit_the_question(bench: Bench, bend: Any) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    token = bend(bench.wallet.present(request), bench.wallet, request)
    refused(bench.post(request, bench.wallet.form(request, token)), "query_mismatch")
    found = bench.result(session).get_json()
    assert (found["state"], found["claims"]) == ("refused", {})
    assert found["checks"][-1] == {"name": "answers_question", "ok": False, "code": "query_mismatch"}
    # The honest wallet is not locked out by an answer that somebody else could have sent.
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))


def test_B145_holder_binding_missing(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    bound = bench.wallet.present(request)
    unbound = bound[: bound.rindex("~") + 1]
    refused(bench.post(request, bench.wallet.form(request, {"degree": [unbound]})), "kb_required")
    # The verifier's own policy asks for holder binding even where the question does not.
    loose = {"credentials": [QUERY["credentials"][0] | {"require_cryptographic_holder_binding": False}]}
    other = bench.request(bench.ask(dcql_query=loose)["request_uri"])
    refused(bench.post(other, bench.wallet.form(other, {"degree": [unbound]})), "kb_required")
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))


def test_state_is_demanded_where_no_holder_binding_is(bench: Bench) -> None:
    loose = {"credentials": [QUERY["credentials"][0] | {"require_cryptographic_holder_binding": False}]}
    session = bench.ask(dcql_query=loose)
    request = bench.request(session["request_uri"])
    form = bench.wallet.form(request)
    refused(bench.post(request, {"vp_token": form["vp_token"]}), "session_unknown")
    accepted(bench, session, bench.post(request, form))


def test_B146_one_presentation_for_two_questions(bench: Bench) -> None:
    question = QUERY["credentials"][0]
    session = bench.ask(dcql_query={"credentials": [question, question | {"id": "again"}]})
    request = bench.request(session["request_uri"])
    one, two = bench.wallet.present(request), bench.wallet.present(request, issued_at=NOW - 1)
    refused(
        bench.post(request, bench.wallet.form(request, {"degree": [one], "again": [one]})),
        "presentation_reused",
    )
    accepted(
        bench, session, bench.post(request, bench.wallet.form(request, {"degree": [one], "again": [two]}))
    )


def test_B147_encrypted_answers(bench: Bench) -> None:
    session, other = bench.ask(response_mode="direct_post.jwt"), bench.ask(response_mode="direct_post.jwt")
    request, stranger = bench.request(session["request_uri"]), bench.request(other["request_uri"])
    good = bench.wallet.form(request)["response"]
    content = {"vp_token": {"degree": [bench.wallet.present(request)]}, "state": request["state"]}
    own_key = request["client_metadata"]["jwks"]["keys"][0]
    their_key = stranger["client_metadata"]["jwks"]["keys"][0] | {"kid": own_key["kid"]}

    def post(token: str) -> Any:
        return bench.post(request, {"response": token})

    def header(**changes: Any) -> str:
        parts = good.split(".")
        protected = {
            "alg": "ECDH-ES",
            "enc": "A128GCM",
            "kid": own_key["kid"],
            "epk": EncryptionKey.generate().public_jwk(),
        }
        return ".".join([b64url_encode(dump_json(protected | changes)), *parts[1:]])

    refused(post(encrypt(dump_json(content), their_key)), "decrypt_failed")
    their_own = stranger["client_metadata"]["jwks"]["keys"][0]
    refused(post(encrypt(dump_json(content), their_own)), "decrypt_failed")
    refused(post(header(alg="RSA1_5")), "enc_not_allowed")
    refused(post(header(alg="dir")), "enc_not_allowed")
    refused(post(header(enc="A128CBC-HS256")), "enc_not_allowed")
    refused(post(header(apu="AAAA", apv="AAAA")), "decrypt_failed")
    refused(post(sign({"typ": "JWT"}, content, keys.generate("P-256"))), "enc_not_allowed")
    refused(bench.post(request, {"vp_token": json.dumps(content["vp_token"])}), "enc_not_allowed")
    refused(post(good[:-4] + "AAAA"), "decrypt_failed")
    assert bench.result(session).get_json()["state"] == "pending"
    accepted(bench, session, post(encrypt(dump_json(content), own_key, enc="A256GCM", apu=b"a", apv=b"b")))


def test_direct_post_refuses_what_was_not_asked_for(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    refused(bench.post(request, {"response": "a.b.c.d.e"}), "invalid_request")
    refused(bench.post(request, {"state": request["state"]}), "invalid_request")
    refused(bench.post(request, {"vp_token": "[]"}), "malformed")
    refused(bench.post(request, {"vp_token": "{"}), "malformed")
    refused(bench.post(request, {"vp_token": '{"degree": ["a"], "degree": ["b"]}'}), "duplicate_key")
    refused(bench.post(request, {"vp_token": json.dumps({"degree": ["not a credential"]})}), "malformed")
    json_post = bench.client.post(
        f"/oid4vp/responses/{path_of(session['request_uri']).rpartition('/')[2]}", json={}
    )
    refused(json_post, "media_type_unsupported", 415)
    repeated = bench.client.post(
        f"/oid4vp/responses/{path_of(session['request_uri']).rpartition('/')[2]}",
        data="vp_token=%7B%7D&vp_token=%7B%7D",
        content_type="application/x-www-form-urlencoded",
    )
    refused(repeated, "invalid_request")
    assert bench.result(session).get_json() == {"state": "pending", "claims": {}, "checks": []}
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))


def test_B149_request_object_is_served_until_the_session_ends(bench: Bench) -> None:
    session = bench.ask()
    served = [bench.client.get(path_of(session["request_uri"])) for _ in range(3)]
    assert {answer.status_code for answer in served} == {200}
    assert {answer.content_type for answer in served} == {"application/oauth-authz-req+jwt"}
    payloads = [bench.payload(answer.text) for answer in served]
    assert payloads[0] == payloads[1] == payloads[2]
    accepted(bench, session, bench.post(payloads[0], bench.wallet.form(payloads[0])))
    refused(bench.client.get(path_of(session["request_uri"])), "session_consumed")


def test_B150_wallet_nonce_comes_back(bench: Bench) -> None:
    session = bench.ask(request_uri_method="post")
    assert "request_uri_method=post" in session["request_uri"]
    path = path_of(session["request_uri"])
    answer = bench.client.post(path, data={"wallet_nonce": "qPmxiNFCR3QTm19POc8u", "wallet_metadata": "{}"})
    assert bench.payload(answer.text)["wallet_nonce"] == "qPmxiNFCR3QTm19POc8u"
    assert "wallet_nonce" not in bench.payload(bench.client.post(path).text)
    refused(bench.client.post(path, data={"wallet_nonce": "x" * 10 * 1024}), "limit_exceeded", 413)
    assert bench.client.post(path, data={"wallet_nonce": "x" * 1024}).status_code == 200


def test_B158_presentation_relayed_from_another_verifier(bench: Bench, tmp_path: Any) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    relayed = bench.wallet.present(request, audience="x509_san_dns:shop.example")
    refused(bench.post(request, bench.wallet.form(request, {"degree": [relayed]})), "kb_aud")
    without_prefix = bench.wallet.present(request, audience="counter.example")
    refused(bench.post(request, bench.wallet.form(request, {"degree": [without_prefix]})), "kb_aud")
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))


@pytest.mark.parametrize(
    ("code", "check", "changes"),
    [
        ("kb_nonce", "holder_present", {"nonce": "another"}),
        ("kb_iat", "holder_present", {"issued_at": NOW - 365 * 24 * 3600}),
        ("kb_iat", "holder_present", {"issued_at": NOW + 365 * 24 * 3600}),
        ("kb_signature", "holder_present", {"key": keys.generate("P-256")}),
    ],
)
def test_what_the_conformance_suite_bends_in_the_holders_proof(
    bench: Bench, code: str, check: str, changes: dict[str, Any]
) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    bent = bench.wallet.form(request, {"degree": [bench.wallet.present(request, **changes)]})
    refused(bench.post(request, bent), code)
    found = bench.result(session).get_json()
    place = CHECKS.index(check)
    passed = [{"name": name, "ok": True} for name in CHECKS[:place]]
    assert found == {
        "state": "refused",
        "claims": {},
        "checks": [*passed, {"name": check, "ok": False, "code": code}],
    }
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))


def test_revoked_expired_untrusted_and_forged(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    stranger = School(bench.clock)
    holder = bench.wallet.key

    def post(credential: str) -> Any:
        return bench.post(request, Wallet(holder, credential).form(request))

    refused(post(bench.school.issue(holder, expires_at=NOW - 3600)), "expired")
    refused(post(bench.school.issue(holder, not_before=NOW + 3600)), "not_yet_valid")
    refused(post(stranger.issue(holder)), "x5c_invalid")
    refused(post(bench.school.issue(holder, key=stranger.key)), "signature_invalid")
    refused(post(bench.school.issue(holder, vct="urn:something:else")), "issuer_not_trusted")
    refused(post(bench.school.issue(holder, issuer="https://other.example")), "x5c_invalid")
    assert bench.school.fetched == []  # nothing of a stranger's was looked up
    bench.school.statuses.set(9, 1)
    refused(post(bench.school.issue(holder, index=9)), "revoked")
    refused(post(bench.school.issue(holder, index=64)), "status_range")
    accepted(bench, session, post(bench.school.issue(holder, index=8)))


def test_a_certified_issuer_is_trusted_only_if_it_is_named(bench: Bench) -> None:
    """An authority may certify many: the trust file names issuers as well, and both must fit."""
    session = bench.ask()
    request = bench.request(session["request_uri"])
    key = keys.generate("P-256")
    leaf = bench.school.ca.issue(
        key.public_key,
        common_name="Mill",
        dns_names=["mill.example"],
        uris=["https://mill.example"],
        valid_days=30,
        now=NOW,
    )
    forged = bench.school.issue(
        bench.wallet.key, issuer="https://mill.example", key=key, x5c=[b64_encode(leaf)]
    )
    refused(bench.post(request, Wallet(bench.wallet.key, forged).form(request)), "issuer_not_trusted")
    assert bench.school.fetched == []
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))


def test_status_unreachable_refuses_and_later_holds(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    form = bench.wallet.form(request)
    bench.school.reachable = False
    refused(bench.post(request, form), "status_unavailable", 503)
    assert bench.result(session).get_json()["checks"][-1]["code"] == "status_unavailable"
    bench.school.reachable = True
    bench.clock.now += 20
    accepted(bench, session, bench.post(request, form))


def test_revocation_is_noticed_after_a_refresh(bench: Bench) -> None:
    first = bench.ask()
    request = bench.request(first["request_uri"])
    accepted(bench, first, bench.post(request, bench.wallet.form(request)))
    bench.school.statuses.set(3, 1)
    second = bench.ask()
    request = bench.request(second["request_uri"])
    # The list at hand is fresh for its ttl; nobody asks the issuer for each presentation.
    accepted(bench, second, bench.post(request, bench.wallet.form(request)))
    assert len(bench.school.fetched) == 1
    answer = bench.client.post("/api/status/refresh", headers=bearer())
    assert answer.get_json() == {"lists": [{"uri": "https://school.example/status/1", "state": "renewed"}]}
    third = bench.ask()
    request = bench.request(third["request_uri"])
    refused(bench.post(request, bench.wallet.form(request)), "revoked")


def test_B155_wallet_error_is_text(bench: Bench) -> None:
    session = bench.ask(response_mode="direct_post.jwt")
    request = bench.request(session["request_uri"])
    words = '<script>alert(1)</script>\u202egnp.exe\x1b[31m"><svg onload=alert(1)>'
    form = {"error": "access_denied<b>", "error_description": words, "state": request["state"]}
    refused(bench.post(request, form | {"state": "another"}), "session_unknown")
    assert bench.result(session).get_json()["state"] == "pending"
    answer = bench.post(request, form)
    assert (answer.status_code, answer.get_json()) == (200, {})
    assert bench.result(session).get_json() == {
        "state": "refused",
        "claims": {},
        "checks": [{"name": "answered", "ok": False, "code": "wallet_declined"}],
    }
    # The person changes their mind.
    accepted(bench, session, bench.post(request, bench.wallet.form(request)))


def test_answers_to_one_session_are_throttled_but_never_cut_off(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    for _ in range(60):
        refused(bench.post(request, {"vp_token": "{"}), "malformed")
    refused(bench.post(request, {"vp_token": "{"}), "too_many_attempts", 429)
    bench.clock.now += 60
    form = {"vp_token": _at(bench, request, bench.clock.now), "state": request["state"]}
    accepted(bench, session, bench.post(request, form))


def test_credentials_of_a_question_without_claims(bench: Bench) -> None:
    plain = {"credentials": [{"id": "degree", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}}]}
    session = bench.ask(dcql_query=plain)
    request = bench.request(session["request_uri"])
    credential = bench.school.issue(bench.wallet.key, claims=CLAIMS | {"kind": "open"})
    wallet = Wallet(bench.wallet.key, credential)
    accepted(bench, session, bench.post(request, wallet.form(request)))
    assert bench.result(session).get_json()["claims"] == {"degree": [{"kind": "open", "degree": {}}]}


def test_every_worker_sees_the_same(bench: Bench, tmp_path: Any) -> None:
    """Two apps over one store, as two workers are."""
    from verifier_app import create_app

    other = create_app(bench.settings, clock=bench.clock, fetcher=bench.school)  # type: ignore[arg-type]
    session = bench.ask()
    request = bench.payload(other.test_client().get(path_of(session["request_uri"])).text)
    form = bench.wallet.form(request)
    accepted(bench, session, bench.post(request, form))
    twice = other.test_client().post(
        f"/oid4vp/responses/{request['response_uri'].rpartition('/')[2]}", data=form
    )
    refused(twice, "session_consumed")


def test_make_bench_is_isolated(tmp_path: Any) -> None:
    one, two = make_bench(tmp_path / "a"), make_bench(tmp_path / "b")
    session = one.ask()
    refused(two.client.get(path_of(session["request_uri"])), "session_unknown")
