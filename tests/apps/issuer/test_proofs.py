"""The credential endpoint: B214 to B219, B222 to B224, B226, B227, B232."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from issuer_app import create_app
from issuer_under_test import PUBLIC_URL, IssuerUnderTest, StoppedClock, environment, error_of
from trustid import keys
from trustid.credentials import jose
from trustid.did import jwk as did_jwk
from trustid.did import key as did_key
from trustid.encoding import b64url_encode, dump_json
from trustid.protocols.issuing import BATCHES_MAX, TOKEN_SECONDS
from trustid.protocols.nonces import NONCE_SECONDS
from trustid.settings import ServerSettings

KEY = keys.generate("P-256")


def refused(issuer: IssuerUnderTest, access_token: str, *proofs: str, **more: Any) -> tuple[int, str]:
    """Ask, and hold that nothing was left behind."""
    before = issuer.rows()
    found = error_of(issuer.ask(access_token, *proofs, **more))
    assert issuer.rows() == before
    return found


@pytest.mark.parametrize(
    "proofs",
    [None, {}, {"jwt": []}, {"jwt": "text"}, {"jwt": [7]}, {"cwt": ["x"]}, {"jwt": ["x"], "di_vp": [{}]}, []],
)
def test_B214_proofs_missing(issuer: IssuerUnderTest, proofs: Any) -> None:
    token = issuer.access_token()
    assert refused(issuer, token, proofs=proofs) == (400, "invalid_proof")
    assert issuer.ask(token, issuer.proof()).status_code == 200


def test_B215_bad_signature(issuer: IssuerUnderTest) -> None:
    token, good = issuer.access_token(), issuer.proof()
    head, body, signature = good.split(".")
    other = issuer.proof(claims={"nonce": issuer.nonce()}).split(".")[2]
    assert refused(issuer, token, f"{head}.{body}.{other}") == (400, "invalid_proof")
    assert issuer.ask(token, f"{head}.{body}.{signature}").status_code == 200


def test_B216_nonce_wrong(issuer: IssuerUnderTest, tmp_path: Path) -> None:
    token, nonce = issuer.access_token(), issuer.nonce()
    folder = tmp_path / "other"
    folder.mkdir()
    other = IssuerUnderTest(
        create_app(ServerSettings.from_environment("issuer", environment(folder)), clock=issuer.clock),
        issuer.clock,
        folder / "issuer.db",
    )
    altered = ("A" if nonce[0] != "A" else "B") + nonce[1:]
    for bad in (altered, nonce[:-2], "x", "ü", other.nonce(), b64url_encode(bytes(40)), "A" * 1000):
        assert refused(issuer, token, issuer.proof(claims={"nonce": bad})) == (400, "invalid_nonce")
    assert issuer.ask(token, issuer.proof(claims={"nonce": nonce})).status_code == 200


def test_B216_nonce_expired(issuer: IssuerUnderTest) -> None:
    token, old, good = issuer.access_token(), issuer.nonce(), issuer.nonce()
    issuer.clock.now += NONCE_SECONDS - 1
    assert issuer.ask(token, issuer.proof(claims={"nonce": good})).status_code == 200
    issuer.clock.now += 1
    assert refused(issuer, token, issuer.proof(claims={"nonce": old})) == (400, "invalid_nonce")


def test_B217_nonce_used_again(issuer: IssuerUnderTest) -> None:
    token, nonce = issuer.access_token(), issuer.nonce()
    proof = issuer.proof(claims={"nonce": nonce})
    assert issuer.ask(token, proof).status_code == 200
    assert refused(issuer, token, proof) == (400, "invalid_nonce")
    assert refused(issuer, token, issuer.proof(claims={"nonce": nonce})) == (400, "invalid_nonce")
    assert refused(issuer, issuer.access_token(), issuer.proof(claims={"nonce": nonce})) == (
        400,
        "invalid_nonce",
    )
    assert issuer.ask(token, issuer.proof()).status_code == 200


def test_B218_proof_without_nonce(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token()
    for nothing in (None, "", 7):
        assert refused(issuer, token, issuer.proof(claims={"nonce": nothing})) == (400, "invalid_proof")
    assert issuer.ask(token, issuer.proof()).status_code == 200


BAD_PROOFS: dict[str, Callable[[IssuerUnderTest], str]] = {
    "aud_other_issuer": lambda it: it.proof(claims={"aud": "https://other.example"}),
    "aud_missing": lambda it: it.proof(claims={"aud": None}),
    "aud_with_slash": lambda it: it.proof(claims={"aud": f"{PUBLIC_URL}/"}),
    "aud_list": lambda it: it.proof(claims={"aud": [PUBLIC_URL, "https://other.example"]}),
    "typ_jwt": lambda it: it.proof(header={"typ": "JWT"}),
    "typ_kb": lambda it: it.proof(header={"typ": "kb+jwt"}),
    "typ_missing": lambda it: it.proof(header={"typ": None}),
    "iat_hour_ago": lambda it: it.proof(claims={"iat": it.clock.now - 3600}),
    "iat_hour_ahead": lambda it: it.proof(claims={"iat": it.clock.now + 3600}),
    "iat_missing": lambda it: it.proof(claims={"iat": None}),
    "iat_text": lambda it: it.proof(claims={"iat": str(it.clock.now)}),
    "iat_bool": lambda it: it.proof(claims={"iat": True}),
    "exp_past": lambda it: it.proof(claims={"exp": it.clock.now - 3600}),
    "nbf_future": lambda it: it.proof(claims={"nbf": it.clock.now + 3600}),
    "iss_of_anonymous": lambda it: it.proof(claims={"iss": "wallet"}),
    "jwk_and_kid": lambda it: it.proof(KEY, header={"kid": _did_url(KEY)}),
    "no_key": lambda it: it.proof(header={"jwk": None}),
    "x5c": lambda it: it.proof(header={"jwk": None, "x5c": ["MAo="]}),
    "private_jwk": lambda it: it.proof(KEY, header={"jwk": _private(KEY)}),
    "symmetric_jwk": lambda it: it.proof(header={"jwk": {"kty": "oct", "k": "AAAA"}}),
    "jwk_not_object": lambda it: it.proof(header={"jwk": "x"}),
    "jwk_off_curve": lambda it: it.proof(
        KEY, header={"jwk": KEY.public_key.to_jwk() | {"x": b64url_encode(bytes(32))}}
    ),
    "kid_no_did": lambda it: it.proof(header={"jwk": None, "kid": "key-1"}),
    "kid_other_key": lambda it: it.proof(header={"jwk": None, "kid": _did_url(KEY)}),
    "kid_unknown_method": lambda it: it.proof(header={"jwk": None, "kid": "did:nothing:x#y"}),
    "alg_none": lambda it: _unsigned(it, "none"),
    "alg_hs256": lambda it: _unsigned(it, "HS256"),
    "alg_confused": lambda it: _unsigned(it, "EdDSA"),
    "crit": lambda it: it.proof(header={"crit": ["x"], "x": 1}),
    "not_a_jwt": lambda _it: "x.y",
    "too_long": lambda _it: "x" * 20_000,
}


def _did_url(key: keys.SigningKey) -> str:
    did = did_key.create(key.public_key)
    return f"{did}#{did.removeprefix('did:key:')}"


def _private(key: keys.SigningKey) -> dict[str, Any]:
    found: dict[str, Any] = key.to_private_jwk()  # type: ignore[attr-defined]
    return found


def _unsigned(issuer: IssuerUnderTest, alg: str) -> str:
    head, body, signature = issuer.proof(KEY).split(".")
    header = {"typ": "openid4vci-proof+jwt", "alg": alg, "jwk": KEY.public_key.to_jwk()}
    del head
    return f"{b64url_encode(dump_json(header))}.{body}.{'' if alg == 'none' else signature}"


@pytest.mark.parametrize("name", sorted(BAD_PROOFS))
def test_B219_bad_proof(issuer: IssuerUnderTest, name: str) -> None:
    token = issuer.access_token()
    assert refused(issuer, token, BAD_PROOFS[name](issuer)) == (400, "invalid_proof")
    assert issuer.ask(token, issuer.proof(KEY)).status_code == 200


def test_B219_iss_must_be_the_client_of_the_token(issuer: IssuerUnderTest) -> None:
    answer = issuer.token(issuer.code(issuer.offer()), client_id="wallet").json or {}
    token = answer["access_token"]
    assert refused(issuer, token, issuer.proof(claims={"iss": "another"})) == (400, "invalid_proof")
    assert issuer.ask(token, issuer.proof(claims={"iss": "wallet"})).status_code == 200
    assert issuer.ask(token, issuer.proof()).status_code == 200


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
@pytest.mark.parametrize("form", ["jwk", "did:key", "did:jwk"])
def test_every_kind_of_key_in_every_form(issuer: IssuerUnderTest, kind: Any, form: str) -> None:
    key = keys.generate(kind)
    kid = {"did:key": _did_url(key), "did:jwk": f"{did_jwk.create(key.public_key)}#0", "jwk": None}[form]
    header = {} if kid is None else {"jwk": None, "kid": kid}
    response = issuer.ask(issuer.access_token(), issuer.proof(key, header=header))
    assert response.status_code == 200, response.json


def test_B222_one_key_twice(issuer: IssuerUnderTest) -> None:
    token, nonce = issuer.access_token(), issuer.nonce()
    one, two = (issuer.proof(KEY, claims={"nonce": nonce, "jti": str(number)}) for number in (1, 2))
    other = issuer.proof(claims={"nonce": nonce})
    assert refused(issuer, token, one, two) == (400, "invalid_proof")
    assert issuer.ask(token, one, other).status_code == 200


def test_B222_more_proofs_than_the_batch(issuer: IssuerUnderTest) -> None:
    token, nonce = issuer.access_token(), issuer.nonce()
    size = issuer.engine.offering.batch_size
    proofs = [issuer.proof(claims={"nonce": nonce}) for _ in range(size + 1)]
    assert refused(issuer, token, *proofs) == (400, "invalid_proof")
    response = issuer.ask(token, *proofs[:size])
    assert response.status_code == 200
    assert len((response.json or {})["credentials"]) == size


@pytest.mark.parametrize("place", [0, 1, 2])
def test_B222_one_bad_among_good(issuer: IssuerUnderTest, place: int) -> None:
    token, nonce = issuer.access_token(), issuer.nonce()
    proofs = [issuer.proof(claims={"nonce": nonce}) for _ in range(3)]
    head, body, _ = proofs[place].split(".")
    bad = [*proofs]
    bad[place] = f"{head}.{body}.{b64url_encode(bytes(64))}"
    assert refused(issuer, token, *bad) == (400, "invalid_proof")
    assert issuer.ask(token, *proofs).status_code == 200


def test_B223_which_credential(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token()
    cases = {
        "unknown_credential_configuration": {"credential_configuration_id": "nothing"},
        "unknown_credential_identifier": {
            "credential_configuration_id": None,
            "credential_identifier": "nothing",
        },
    }
    for code, change in cases.items():
        assert refused(issuer, token, issuer.proof(), **change) == (400, code)
    for change in (
        {"credential_identifier": "x"},
        {"credential_configuration_id": None},
        {"credential_configuration_id": 7},
    ):
        assert refused(issuer, token, issuer.proof(), **change) == (400, "invalid_credential_request")
    encrypted = {"credential_response_encryption": {"jwk": {}, "enc": "A128GCM"}}
    assert refused(issuer, token, issuer.proof(), **encrypted) == (400, "invalid_encryption_parameters")
    assert issuer.ask(token, issuer.proof(), unknown_parameter=1).status_code == 200


def test_B223_body_not_json(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token()
    headers = {"Authorization": f"Bearer {token}"}
    for bad in (b"", b"[]", b"{", b'{"proofs":1,"proofs":2}', b"\xff"):
        response = issuer.client().post(
            "/oid4vci/credential", data=bad, headers=headers, content_type="application/json"
        )
        assert error_of(response) == (400, "invalid_credential_request")
    assert issuer.ask(token, issuer.proof()).status_code == 200


def test_B224_token_in_the_query(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token()
    body = {"credential_configuration_id": "degree", "proofs": {"jwt": [issuer.proof()]}}
    before = issuer.rows()
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        response = issuer.client().post(
            f"/oid4vci/credential?access_token={token}", json=body, headers=headers
        )
        assert error_of(response) == (401, "invalid_token")
        assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert issuer.rows() == before
    good = issuer.client().post(
        "/oid4vci/credential", json=body, headers={"Authorization": f"bearer {token}"}
    )
    assert good.status_code == 200


def test_B226_token_missing_wrong_or_ended(issuer: IssuerUnderTest) -> None:
    token, proof = issuer.access_token(), issuer.proof()
    body = {"credential_configuration_id": "degree", "proofs": {"jwt": [proof]}}
    nothing = issuer.client().post("/oid4vci/credential", json=body)
    assert error_of(nothing) == (401, "invalid_token")
    assert nothing.headers["WWW-Authenticate"] == "Bearer"
    for bad in (token[:-1], f"{token}x", "x" * 2000):
        assert refused(issuer, bad, proof) == (401, "invalid_token")
    issuer.clock.now += TOKEN_SECONDS - 1
    assert issuer.ask(token, issuer.proof()).status_code == 200
    issuer.clock.now += 1
    assert refused(issuer, token, issuer.proof()) == (401, "invalid_token")


def test_B226_token_of_a_revoked_issuance(issuer: IssuerUnderTest) -> None:
    offer, other = issuer.offer(), issuer.offer()
    tokens = [(issuer.token(issuer.code(one)).json or {})["access_token"] for one in (offer, other)]
    assert issuer.admin("POST", f"/api/issuances/{offer['issuance_id']}/revoke").status_code == 200
    assert refused(issuer, tokens[0], issuer.proof()) == (401, "invalid_token")
    assert issuer.ask(tokens[1], issuer.proof()).status_code == 200


def test_B227_token_for_another_configuration(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token(configuration_id="vaccination")
    assert refused(issuer, token, issuer.proof()) == (403, "insufficient_scope")
    assert issuer.ask(token, issuer.proof(), credential_configuration_id="vaccination").status_code == 200


def test_B232_content_types_and_methods(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token()
    headers = {"Authorization": f"Bearer {token}"}
    body = dump_json({"credential_configuration_id": "degree", "proofs": {"jwt": [issuer.proof()]}})
    client = issuer.client()
    text = client.post("/oid4vci/credential", data=body, headers=headers, content_type="text/plain")
    assert error_of(text) == (415, "invalid_credential_request")
    assert error_of(client.post("/oid4vci/token", json={"grant_type": "x"})) == (415, "invalid_request")
    for method in ("GET", "PUT", "DELETE", "TRACE"):
        assert client.open("/oid4vci/credential", method=method).status_code == 405
    override = client.get("/oid4vci/nonce", headers={"X-HTTP-Method-Override": "POST"})
    assert override.status_code == 405
    good = client.post("/oid4vci/credential", data=body, headers=headers, content_type="application/json")
    assert good.status_code == 200


def test_several_requests_with_one_token(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token()
    size = issuer.engine.kinds["degree"].batch_size
    for _ in range(BATCHES_MAX):
        nonce = issuer.nonce()
        response = issuer.ask(token, *[issuer.proof(claims={"nonce": nonce}) for _ in range(size)])
        assert response.status_code == 200
    assert refused(issuer, token, issuer.proof()) == (400, "credential_request_denied")
    assert issuer.rows()["credential"] == size * BATCHES_MAX


def test_a_wallet_that_lost_the_answer_gets_the_same_credential(issuer: IssuerUnderTest) -> None:
    token = issuer.access_token()
    first = issuer.ask(token, issuer.proof(KEY))
    places = issuer.rows()["credential"]
    again = issuer.ask(token, issuer.proof(KEY, claims={"nonce": issuer.nonce()}))
    assert (again.status_code, again.json) == (200, first.json)
    assert issuer.rows()["credential"] == places == 1


def test_every_copy_is_stored_before_it_leaves(issuer: IssuerUnderTest) -> None:
    _, credentials = issuer.collect(3)
    from trustid.encoding import sha256

    stored = {row[0] for row in issuer.sql("SELECT digest FROM credential")}
    assert {sha256(text.encode()) for text in credentials} == stored


def test_copies_share_nothing_but_what_the_institution_says(
    issuer: IssuerUnderTest, clock: StoppedClock
) -> None:
    _, credentials = issuer.collect(5)
    issuer_jwts = [jose.parse(text.split("~")[0]) for text in credentials]
    bodies = [jws.claims() for jws in issuer_jwts]
    for name in ("iat", "exp"):
        assert {body[name] % 3600 for body in bodies} == {0}
        assert len({body[name] for body in bodies}) == 1
    assert bodies[0]["iat"] == clock.now - clock.now % 3600
    for distinct in (
        [body["cnf"]["jwk"]["x"] for body in bodies],
        [body["status"]["status_list"]["idx"] for body in bodies],
        [digest for body in bodies for digest in body["_sd"]],
        [disclosure for text in credentials for disclosure in text.split("~")[1:-1]],
    ):
        assert len(set(distinct)) == len(distinct)
