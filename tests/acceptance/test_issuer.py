"""OpenID4VCI 1.0 as a stranger's wallet and a conformance suite meet it."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509

from tests.acceptance.conftest import World
from tests.acceptance.stranger import (
    FORM,
    GRANT,
    JSON,
    Answer,
    Collector,
    Key,
    SdJwt,
    b64,
    check_es256,
    digest,
    get,
    http_call,
    leaf_of,
    parts_of,
    post_form,
    post_json,
    public_key_of,
    random_text,
)

HOUR = 3600
NAME = "student-id"


@pytest.fixture(scope="module")
def token(world: World, collector: Collector) -> str:
    """A token for refusals, which leave nothing behind."""
    return world.token(collector)


def ask(collector: Collector, token: str, *proofs: str, **members: Any) -> Answer:
    body = {"credential_configuration_id": NAME, "proofs": {"jwt": list(proofs)}} | members
    return collector.request(token, {name: value for name, value in body.items() if value is not None})


def holds(collector: Collector, token: str, key: Key | None = None) -> None:
    """The valid twin of every refusal: the same token collects with an honest proof."""
    answer = ask(collector, token, collector.proof(key or TWIN, collector.nonce()))
    assert answer.status == 200, answer.body


TWIN = Key.new()


# --- metadata --------------------------------------------------------------------


def test_metadata_says_what_a_strict_client_looks_for(world: World, collector: Collector) -> None:
    found = get(f"{world.issuer}/.well-known/openid-credential-issuer", Accept=JSON)
    assert found.headers.get_content_type() == JSON
    metadata = found.json
    assert metadata["credential_issuer"] == world.issuer
    for name in ("credential_endpoint", "nonce_endpoint"):
        assert metadata[name].startswith(f"{world.issuer}/")
    assert metadata["batch_credential_issuance"]["batch_size"] >= 2
    for configuration in metadata["credential_configurations_supported"].values():
        assert configuration["format"] == "dc+sd-jwt"
        assert configuration["scope"]
        assert configuration["credential_metadata"]["display"][0]["name"]
        assert configuration["credential_metadata"]["claims"][0]["path"]
        algorithms = configuration["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"]
        assert {"ES256", "EdDSA"} <= set(algorithms)
        assert "jwk" in configuration["cryptographic_binding_methods_supported"]
    server = get(f"{world.issuer}/.well-known/oauth-authorization-server").json
    assert server["issuer"] == world.issuer
    assert server["token_endpoint"].startswith(f"{world.issuer}/")
    assert GRANT in server["grant_types_supported"]
    assert server["pre-authorized_grant_anonymous_access_supported"] is True


def test_type_metadata_and_issuer_keys_stand_where_credentials_point(
    world: World, collector: Collector
) -> None:
    for kind in world.types().values():
        metadata = get(kind["vct"])
        assert metadata.status == 200
        assert metadata.headers.get_content_type() == JSON
        assert metadata.json["vct"] == kind["vct"]
        listed = collector.metadata["credential_configurations_supported"]
        assert listed[kind["credential_configuration_id"]]["vct"] == kind["vct"]
    keys = get(f"{world.issuer}/.well-known/jwt-vc-issuer").json
    assert keys["issuer"] == world.issuer
    assert all("d" not in key for key in keys["jwks"]["keys"])
    document = get(f"{world.issuer}/.well-known/did.json").json
    port = world.issuer.rpartition(":")[2]
    assert document["id"] == f"did:web:localhost%3A{port}"
    methods = {method["id"]: method for method in document["verificationMethod"]}
    assert set(document["assertionMethod"]) <= set(methods)
    published = {key["x"] for key in keys["jwks"]["keys"]}
    assert published <= {method.get("publicKeyJwk", {}).get("x") for method in methods.values()}


# --- token endpoint --------------------------------------------------------------


def test_a_token_answer_is_bearer_and_extras_are_ignored(world: World, collector: Collector) -> None:
    code, tx_code = world.code(tx_code=True)
    answer = collector.token(code, tx_code=tx_code, user_pin=tx_code, resource=world.issuer, foo="bar")
    assert answer.status == 200, answer.body
    assert answer.headers.get_content_type() == JSON
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Date"]
    body = answer.json
    assert body["token_type"].lower() == "bearer"
    assert body["expires_in"] > 0
    assert "authorization_details" not in body


def test_B205_fifty_redemptions_at_once_give_one_token(world: World, collector: Collector) -> None:
    code, _ = world.code()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: collector.token(code), range(50)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 49
    for answer in answers:
        if answer.status != 200:
            answer.is_refused(400, "invalid_grant")
    collector.token(code).is_refused(400, "invalid_grant")


def test_B206_B207_B208_B209_transaction_code(world: World, collector: Collector) -> None:
    code, right = world.code(tx_code=True)
    wrong = "".join(str(9 - int(digit)) for digit in right)
    collector.token(code, tx_code=wrong).is_refused(400, "invalid_grant")
    collector.token(code).is_refused(400, "invalid_request")
    assert collector.token(code, tx_code=right).status == 200
    locked, right = world.code(tx_code=True)
    wrong = "".join(str(9 - int(digit)) for digit in right)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: collector.token(locked, tx_code=wrong), range(50)))
    assert {(answer.status, answer.error) for answer in answers} == {(400, "invalid_grant")}
    collector.token(locked, tx_code=right).is_refused(400, "invalid_grant")
    without, _ = world.code()
    collector.token(without, tx_code="1234").is_refused(400, "invalid_request")
    assert collector.token(without).status == 200


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": GRANT}, "invalid_request"),
        ({"grant_type": GRANT, "pre-authorized_code": ""}, "invalid_request"),
        ({"grant_type": GRANT, "pre-authorized_code": "never-made"}, "invalid_grant"),
        ({"grant_type": GRANT, "pre-authorized_code": "\x00\ud7ff💥"}, "invalid_grant"),
        ({"grant_type": GRANT, "pre-authorized_code": "x" * 100_000}, "invalid_request"),
    ],
)
def test_token_requests_of_other_forms(collector: Collector, fields: dict[str, str], error: str) -> None:
    post_form(collector.token_endpoint, fields).is_refused(400, error)


def test_token_requests_that_are_no_form(world: World, collector: Collector) -> None:
    code, _ = world.code()
    place = collector.token_endpoint
    body = f"grant_type={GRANT}&pre-authorized_code={code}".encode()
    twice = body + b"&pre-authorized_code=other"
    http_call("POST", place, twice, {"Content-Type": FORM}).is_refused(400, "invalid_request")
    http_call("POST", place, body, {"Content-Type": "text/plain"}).is_refused(415, "invalid_request")
    post_json(place, {"grant_type": GRANT, "pre-authorized_code": code}).is_refused(415, "invalid_request")
    assert http_call("POST", f"{place}?{body.decode()}", b"", {"Content-Type": FORM}).status == 400
    for method in ("GET", "HEAD", "PUT", "DELETE", "TRACE", "PATCH"):
        assert http_call(method, place).status == 405
    charset = {"Content-Type": f"{FORM}; charset=utf-8"}
    assert http_call("POST", place, body, charset).status == 200


def test_identifiers_come_only_where_authorization_details_were_sent(
    world: World, collector: Collector
) -> None:
    code, _ = world.code()
    details = [{"type": "openid_credential", "credential_configuration_id": NAME}]
    answer = collector.token(code, authorization_details=json.dumps(details))
    assert answer.status == 200, answer.body
    found = answer.json["authorization_details"][0]
    assert found["credential_configuration_id"] == NAME
    token = answer.json["access_token"]
    proof = collector.proof(Key.new(), collector.nonce())
    by_identifier = {"credential_identifier": found["credential_identifiers"][0], "proofs": {"jwt": [proof]}}
    assert collector.request(token, by_identifier).status == 200
    holds(collector, token)  # the main client always sends credential_configuration_id
    fresh = collector.proof(Key.new(), collector.nonce())
    unknown = {"credential_identifier": "never-made", "proofs": {"jwt": [fresh]}}
    collector.request(token, unknown).is_refused(400, "unknown_credential_identifier")


# --- nonce endpoint --------------------------------------------------------------


def test_nonces_are_fresh_and_not_kept(collector: Collector) -> None:
    place = collector.metadata["nonce_endpoint"]
    answers = [http_call("POST", place, b"") for _ in range(5)]
    assert {answer.status for answer in answers} == {200}
    assert all("no-store" in answer.headers["Cache-Control"] for answer in answers)
    assert len({answer.json["c_nonce"] for answer in answers}) == 5
    assert http_call("POST", place, None, {"Content-Length": "0", "Content-Type": JSON}).status == 200
    assert http_call("GET", place).status == 405


# --- credential endpoint ---------------------------------------------------------


def test_the_answer_has_the_form_of_the_specification(world: World, collector: Collector) -> None:
    token = world.token(collector)
    answer = ask(collector, token, collector.proof(Key.new(), collector.nonce()), foo={"unknown": [1]})
    assert answer.status == 200, answer.body
    assert set(answer.json) == {"credentials"}
    assert set(answer.json["credentials"][0]) == {"credential"}
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Date"]
    second = ask(collector, token, collector.proof(Key.new("EdDSA"), collector.nonce()))
    assert second.status == 200, "several credential requests with one token"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_every_way_to_name_the_key_is_accepted(world: World, collector: Collector, alg: str) -> None:
    key = Key.new(alg)
    token = world.token(collector)
    held = ask(collector, token, collector.proof(key, collector.nonce())).json["credentials"][0]["credential"]
    confirmed = parts_of(SdJwt.parse(held).token)[1]["cnf"]["jwk"]
    assert {name: confirmed[name] for name in key.jwk} == key.jwk
    other = Key.new(alg)
    proof = collector.proof(other, collector.nonce(), header={"jwk": None, "kid": f"{other.did_jwk}#0"})
    assert ask(collector, token, proof).status == 200


PROOF_FAULTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("aud of another issuer", {}, {"aud": "https://other.example"}),
    ("aud missing", {}, {"aud": None}),
    ("aud a list of others", {}, {"aud": ["https://other.example"]}),
    ("typ missing", {"typ": None}, {}),
    ("typ JWT", {"typ": "JWT"}, {}),
    ("typ of a key binding", {"typ": "kb+jwt"}, {}),
    ("iat missing", {}, {"iat": None}),
    ("iat a text", {}, {"iat": "now"}),
    ("iat an hour old", {}, {"iat": -HOUR}),
    ("iat an hour ahead", {}, {"iat": HOUR}),
    ("iat beyond numbers", {}, {"iat": 10**400}),
    ("nonce missing", {}, {"nonce": None}),
    ("nonce a number", {}, {"nonce": 5}),
    ("alg none", {"alg": "none"}, {}),
    ("alg HS256", {"alg": "HS256"}, {}),
    ("alg a list", {"alg": ["ES256"]}, {}),
    ("alg EdDSA with a P-256 key", {"alg": "EdDSA"}, {}),
    ("no key", {"jwk": None}, {}),
    ("kid that is no DID", {"jwk": None, "kid": "my-key"}, {}),
    ("kid of another DID", {"jwk": None, "kid": f"{Key.new().did_jwk}#0"}, {}),
    ("kid with a fragment that is not there", {"jwk": None, "kid": f"{TWIN.did_jwk}#7"}, {}),
    ("kid that leads to loopback", {"jwk": None, "kid": "did:web:127.0.0.1%3A1#0"}, {}),
    ("jwk and kid", {"kid": f"{TWIN.did_jwk}#0"}, {}),
    ("jwk of another key", {"jwk": Key.new().jwk}, {}),
    ("jwk symmetric", {"jwk": {"kty": "oct", "k": "AAAA"}}, {}),
    ("jwk not on the curve", {"jwk": TWIN.jwk | {"y": b64(bytes(32))}}, {}),
    ("jwk a text", {"jwk": "key"}, {}),
    ("jwk with a private part", {"jwk": TWIN.jwk | {"d": b64(bytes(range(32)))}}, {}),
    ("crit", {"crit": ["exp"], "exp": 1}, {}),
    ("iss after anonymous access", {}, {"iss": "wallet"}),
    ("x5c that is none", {"jwk": None, "x5c": ["AAAA"]}, {}),
]


@pytest.mark.parametrize(("name", "header", "claims"), PROOF_FAULTS, ids=[fault[0] for fault in PROOF_FAULTS])
def test_B214_B218_B219_a_faulty_proof_is_refused(
    collector: Collector, token: str, name: str, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    if isinstance(claims.get("iat"), int) and abs(claims["iat"]) == HOUR:
        claims = {"iat": int(time.time()) + claims["iat"]}
    proof = collector.proof(TWIN, collector.nonce(), header=header, claims=claims)
    ask(collector, token, proof).is_refused(400, "invalid_proof")


def test_B215_a_proof_that_was_changed_is_refused(collector: Collector, token: str) -> None:
    good = collector.proof(TWIN, collector.nonce())
    text, _, signature = good.rpartition(".")
    flipped = bytearray(base64.urlsafe_b64decode(signature + "=="))
    flipped[0] ^= 1
    spoiled = [f"{text}.{b64(bytes(flipped))}", f"{text}.", text, "a.b.c", "", "..", good + "~", "é" * 10]
    for proof in spoiled:
        ask(collector, token, proof).is_refused(400, "invalid_proof")
    assert ask(collector, token, good).status == 200, "refusals used nothing up"


def test_B216_B217_nonces(world: World, collector: Collector, token: str) -> None:
    for nonce in ("", "unknown", random_text(40), b64(bytes(16)) + collector.nonce()[22:], "é", "x" * 5000):
        wanted = "invalid_nonce" if nonce else "invalid_proof"
        ask(collector, token, collector.proof(TWIN, nonce)).is_refused(400, wanted)
    nonce = collector.nonce()
    proof = collector.proof(Key.new(), nonce)
    other = world.token(collector)
    assert ask(collector, other, proof).status == 200
    ask(collector, other, proof).is_refused(400, "invalid_nonce")
    ask(collector, other, collector.proof(Key.new(), nonce)).is_refused(400, "invalid_nonce")


def test_B222_batches_are_whole_or_nothing(world: World, collector: Collector) -> None:
    made = world.new_offer()
    grant = next(iter(Collector.offer(made["credential_offer_uri"])["grants"].values()))
    token = collector.token(grant["pre-authorized_code"]).json["access_token"]
    size = collector.metadata["batch_credential_issuance"]["batch_size"]
    nonce = collector.nonce()
    keys = [Key.new() for _ in range(size + 1)]
    good = [collector.proof(key, nonce) for key in keys]
    again = collector.proof(keys[0], nonce, claims={"iat": int(time.time()) - 1})
    ask(collector, token, good[0], again).is_refused(400, "invalid_proof")
    ask(collector, token, good[0], good[0]).is_refused(400, "invalid_proof")
    ask(collector, token, *good).is_refused(400, "invalid_proof")
    bad = collector.proof(keys[1], nonce, header={"typ": "JWT"})
    ask(collector, token, good[0], bad).is_refused(400, "invalid_proof")
    stale = collector.proof(keys[1], "stale")
    ask(collector, token, good[0], stale).is_refused(400, "invalid_nonce")
    place = f"{world.issuer}/api/issuances/{made['issuance_id']}"
    assert get(place, Authorization=f"Bearer {world.admin}").json["credentials"] == 0
    answer = ask(collector, token, *good[:size])
    assert answer.status == 200, answer.body
    assert len(answer.json["credentials"]) == size


def test_B223_what_a_request_may_name(world: World, collector: Collector, token: str) -> None:
    proof = collector.proof(TWIN, collector.nonce())
    both: dict[str, Any] = {"credential_identifier": "x"}
    ask(collector, token, proof, **both).is_refused(400, "invalid_credential_request")
    neither = {"credential_configuration_id": None}
    ask(collector, token, proof, **neither).is_refused(400, "invalid_credential_request")
    unknown = {"credential_configuration_id": "never-heard-of"}
    ask(collector, token, proof, **unknown).is_refused(400, "unknown_credential_configuration")
    by_identifier = {"credential_configuration_id": None, "credential_identifier": "never-made"}
    ask(collector, token, proof, **by_identifier).is_refused(400, "unknown_credential_identifier")
    encryption = {"credential_response_encryption": {"jwk": TWIN.jwk, "enc": "A128GCM"}}
    ask(collector, token, proof, **encryption).is_refused(400, "invalid_encryption_parameters")
    proofs: list[Any] = [
        None,
        {},
        {"jwt": []},
        {"jwt": "x"},
        {"jwt": [1]},
        [],
        "x",
        {"cwt": ["x"]},
        {"jwt": None},
    ]
    for value in proofs:
        ask(collector, token, proofs=value).is_refused(400, "invalid_proof")
    for value in (5, [], {}, "", True):
        answer = ask(collector, token, proof, credential_configuration_id=value)
        answer.is_refused(400, "invalid_credential_request")
    assert ask(collector, token, proof).status == 200, "nothing of this used the nonce up"


def test_a_token_for_one_kind_does_not_collect_another(
    world: World, collector: Collector, token: str
) -> None:
    proof = collector.proof(TWIN, collector.nonce())
    answer = ask(collector, token, proof, credential_configuration_id="degree")
    assert answer.status in (400, 403)
    holds(collector, token)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"a":1,"a":2}', b'{"a":NaN}', b"[" * 100_000, b"{}",
     b"\xef\xbb\xbf{}", b'{"credential_configuration_id":"\\ud800"}'],
)  # fmt: skip
def test_malformed_credential_requests(collector: Collector, token: str, body: bytes) -> None:
    headers = {"Content-Type": JSON, "Authorization": f"Bearer {token}"}
    answer = http_call("POST", collector.metadata["credential_endpoint"], body, headers)
    answer.is_refused(400, "invalid_credential_request")


def test_B224_B226_B232_access_tokens_and_content_types(collector: Collector, token: str) -> None:
    place = collector.metadata["credential_endpoint"]
    proof = collector.proof(TWIN, collector.nonce())
    body = json.dumps({"credential_configuration_id": NAME, "proofs": {"jwt": [proof]}}).encode()
    json_type = {"Content-Type": JSON}
    in_query = http_call("POST", f"{place}?access_token={token}", body, json_type)
    assert in_query.status in (400, 401)
    beside = json_type | {"Authorization": f"Bearer {token}"}
    assert http_call("POST", f"{place}?access_token={token}", body, beside).status in (400, 401)
    missing = http_call("POST", place, body, json_type)
    assert missing.status == 401
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    for header in (
        f"Bearer {token}x",
        "Bearer",
        "Bearer ",
        f"Basic {token}",
        "Bearer \u00e9",
        f"DPoP {token}",
    ):
        wrong = http_call("POST", place, body, json_type | {"Authorization": header})
        wrong.is_refused(401, "invalid_token")
        assert wrong.headers["WWW-Authenticate"].startswith("Bearer")
    for content_type in ("text/plain", FORM, "application/jwt", ""):
        other = http_call("POST", place, body, beside | {"Content-Type": content_type})
        other.is_refused(415, "invalid_credential_request")
    for method in ("GET", "HEAD", "PUT", "TRACE"):
        assert http_call(method, place, headers=beside).status == 405
    with_charset = beside | {"Content-Type": f"{JSON}; charset=utf-8"}
    assert http_call("POST", place, body, with_charset).status == 200
    lower = json_type | {"Authorization": f"bearer {token}"}
    assert http_call("POST", place, body, lower).error == "invalid_nonce", "the scheme has no case"


def test_bodies_over_the_limit_are_refused(collector: Collector, token: str) -> None:
    headers = {"Content-Type": JSON, "Authorization": f"Bearer {token}"}
    answer = http_call("POST", collector.metadata["credential_endpoint"], b" " * (900 * 1024), headers)
    assert answer.status in (400, 413)
    assert answer.error == "invalid_credential_request"
    holds(collector, token)


# --- what is issued --------------------------------------------------------------


def test_a_credential_is_what_the_specifications_say(world: World, collector: Collector) -> None:
    key = Key.new()
    _, (held,) = world.collected(collector, key)
    credential = SdJwt.parse(held)
    header, payload = parts_of(credential.token)
    assert header["typ"] == "dc+sd-jwt"
    assert header["alg"] == "ES256"
    leaf = leaf_of(credential.token)
    check_es256(credential.token, leaf.public_key())
    assert leaf.issuer != leaf.subject, "the leaf is not self-signed"
    anchor = x509.load_pem_x509_certificate(get(f"{world.issuer}/development-ca.pem").body)
    leaf.verify_directly_issued_by(anchor)
    chain = [x509.load_der_x509_certificate(base64.b64decode(entry)) for entry in header["x5c"]]
    assert anchor not in chain
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert world.issuer in names.get_values_for_type(x509.UniformResourceIdentifier)
    assert payload["iss"] == world.issuer
    assert payload["vct"] == world.types()[NAME]["vct"]
    for name in ("iat", "exp", "nbf"):
        assert payload.get(name, 0) % HOUR == 0
    assert payload["iat"] <= time.time() < payload["exp"]
    assert payload["_sd_alg"] == "sha-256"
    assert {"iss", "vct", "cnf", "status", "exp"} <= set(payload), "claims that can never be hidden"
    assert "x" in payload["cnf"]["jwk"] and "d" not in payload["cnf"]["jwk"]
    opened = credential.opened()
    hidden = {entry[1] for entry in opened if len(entry) == 3}
    assert {"familyName", "firstName", "identifier", "mail"} <= hidden
    assert not hidden & {"iss", "nbf", "exp", "cnf", "vct", "status", "_sd", "..."}
    salts = [entry[0] for entry in opened]
    assert len(set(salts)) == len(salts)
    assert min(len(salt) for salt in salts) >= 22, "128 bits at six a character"
    digests = set(payload["_sd"])
    assert len(digests) == len(payload["_sd"])
    assert {
        digest(text)
        for text in credential.disclosures
        if len(json.loads(base64.urlsafe_b64decode(text + "==="))) == 3
    } <= digests
    assert "thumbprint" not in json.dumps(payload)


def test_copies_have_nothing_in_common_but_their_claims(world: World, collector: Collector) -> None:
    keys = [Key.new() for _ in range(3)]
    _, copies = world.collected(collector, *keys)
    taken = [SdJwt.parse(copy) for copy in copies]
    payloads = [parts_of(copy.token)[1] for copy in taken]
    assert [payload["cnf"]["jwk"]["x"] for payload in payloads] == [key.jwk["x"] for key in keys]
    salts = [entry[0] for copy in taken for entry in copy.opened()]
    assert len(set(salts)) == len(salts)
    digests = [text for payload in payloads for text in payload["_sd"]]
    assert len(set(digests)) == len(digests)
    places = [(p["status"]["status_list"]["uri"], p["status"]["status_list"]["idx"]) for p in payloads]
    assert len(set(places)) == 3
    indexes = sorted(place[1] for place in places)
    assert indexes[2] - indexes[0] > 3, "neighbouring places would link the copies"
    assert len({(p["iat"], p["exp"]) for p in payloads}) == 1
    for payload in payloads:
        assert set(payload) == set(payloads[0])
        assert "jti" not in payload and "sub" not in payload


def test_status_lists_are_tokens_that_stand_on_their_own(world: World, collector: Collector) -> None:
    issuance, copies = world.collected(collector, Key.new(), Key.new())
    entries = [parts_of(SdJwt.parse(copy).token)[1]["status"]["status_list"] for copy in copies]
    place = entries[0]["uri"]
    answer = get(place, Accept="application/statuslist+jwt")
    assert answer.status == 200
    assert answer.headers.get_content_type() == "application/statuslist+jwt"
    token = answer.body.decode()
    header, payload = parts_of(token)
    assert header["typ"] == "statuslist+jwt"
    check_es256(token, leaf_of(token).public_key())
    assert leaf_of(token) == leaf_of(SdJwt.parse(copies[0]).token), "some wallets know no other key"
    assert payload["sub"] == place
    assert payload["ttl"] > 0
    assert payload["iat"] <= time.time() < payload["exp"]
    assert payload["status_list"]["bits"] in (1, 2, 4, 8)
    assert status_of(payload, entries[0]["idx"]) == 0
    assert get(place).status == 200, "without Accept"
    assert get(place, Accept="*/*").status == 200
    etag = answer.headers["ETag"]
    assert get(place, If_None_Match=etag).status == 304
    assert get(place, If_None_Match='"other"').status == 200
    assert get(place, Accept="text/html").status == 406
    assert get(f"{world.issuer}/status/never-made").status == 404
    assert http_call("HEAD", place).status == 200
    revoke = f"{world.issuer}/api/issuances/{issuance}/revoke"
    first, second = (http_call("POST", revoke, b"", bearer(world)) for _ in range(2))
    assert (first.status, second.status) == (200, 200)
    assert first.json == second.json, "revoking twice is revoking once"
    assert first.json["state"] == "revoked"
    changed = get(place, If_None_Match=etag)
    assert changed.status == 200
    payload = parts_of(changed.body.decode())[1]
    assert [status_of(payload, entry["idx"]) for entry in entries] == [1, 1]


def status_of(payload: dict[str, Any], index: int) -> int:
    import zlib

    packed = zlib.decompress(base64.urlsafe_b64decode(payload["status_list"]["lst"] + "==="))
    bits = payload["status_list"]["bits"]
    per_byte = 8 // bits
    return packed[index // per_byte] >> (index % per_byte * bits) & ((1 << bits) - 1)


def test_the_certified_key_is_the_published_key(world: World, collector: Collector) -> None:
    _, (held,) = world.collected(collector, Key.new())
    token = SdJwt.parse(held).token
    numbers = leaf_of(token).public_key().public_numbers()  # type: ignore[union-attr]
    published = get(f"{world.issuer}/.well-known/jwt-vc-issuer").json["jwks"]["keys"]
    assert numbers in [public_key_of(key).public_numbers() for key in published]


# --- back office -----------------------------------------------------------------


def bearer(world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.admin}"}


def test_the_back_office_is_closed_to_strangers(world: World) -> None:
    places = [("GET", "/api/types"), ("POST", "/api/offers"), ("GET", "/api/issuances"), ("GET", "/api/issuances/x"),
              ("POST", "/api/issuances/x/revoke"), ("POST", "/api/rosters")]  # fmt: skip
    for method, place in places:
        for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Basic {world.admin}"}):
            answer = http_call(method, world.issuer + place, b"{}", {"Content-Type": JSON} | headers)
            assert answer.status == 401, (method, place)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_offers_say_what_is_wrong_and_leave_nothing(world: World) -> None:
    sample = world.types()[NAME]["sample_claims"]
    before = get(f"{world.issuer}/api/issuances?limit=1", **bearer(world)).json["issuances"]
    bad: list[Any] = [
        {},
        {"credential_configuration_id": NAME},
        {"credential_configuration_id": NAME, "claims": []},
        {"credential_configuration_id": NAME, "claims": {}},
        {"credential_configuration_id": NAME, "claims": sample | {"unheard-of": 1}},
        {"credential_configuration_id": NAME, "claims": sample | {"firstName": 5}},
        {"credential_configuration_id": NAME, "claims": sample | {"dateOfBirth": "2010-02-30"}},
        {"credential_configuration_id": NAME, "claims": sample, "tx_code": "yes"},
        {"credential_configuration_id": 5, "claims": sample},
        {"credential_configuration_id": "unheard-of", "claims": sample},
    ]
    for body in bad:
        answer = post_json(f"{world.issuer}/api/offers", body, world.admin)
        assert 400 <= answer.status < 500, (body, answer.body)
        assert answer.json["code"] and answer.json["detail"], answer.body
    after = get(f"{world.issuer}/api/issuances?limit=1", **bearer(world)).json["issuances"]
    assert before == after


def test_issuances_are_listed_a_page_at_a_time(world: World) -> None:
    made = [world.new_offer("degree")["issuance_id"] for _ in range(5)]
    seen: list[str] = []
    url = f"{world.issuer}/api/issuances?credential_configuration_id=degree&limit=2"
    while url:
        page = get(url, **bearer(world)).json
        seen += [issuance["issuance_id"] for issuance in page["issuances"]]
        url = page["next"]
    assert seen[:5] == made[::-1]
    assert len(seen) == len(set(seen))
    after = get(f"{world.issuer}/api/issuances?limit=1", **bearer(world)).json["after"]
    assert get(f"{world.issuer}/api/issuances?after={after}&limit=1", **bearer(world)).status == 200
    for query in (
        "after=x",
        "after=-1",
        "limit=0",
        "limit=9999",
        "state=unheard-of",
        "after=99999999999999999999",
    ):
        assert get(f"{world.issuer}/api/issuances?{query}", **bearer(world)).status == 400, query
    assert get(f"{world.issuer}/api/issuances/never-made", **bearer(world)).status == 404


def test_B211_an_offer_by_reference_is_gone_after_redemption(world: World, collector: Collector) -> None:
    made = world.new_offer()
    link = made["credential_offer_uri"]
    offer = Collector.offer(link)
    assert Collector.offer(link) == offer, "until then it can be fetched again"
    assert offer["credential_issuer"] == world.issuer
    assert offer["credential_configuration_ids"] == [NAME]
    assert collector.token(offer["grants"][GRANT]["pre-authorized_code"]).status == 200
    from urllib.parse import parse_qs, urlsplit

    reference = parse_qs(urlsplit(link).query).get("credential_offer_uri")
    if reference:
        assert get(reference[0]).status == 404
