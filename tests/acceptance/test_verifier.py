"""OpenID4VP 1.0 as a stranger's wallet and a conformance suite meet it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography import x509

from tests.acceptance.conftest import World
from tests.acceptance.stranger import (
    FORM,
    JSON,
    Answer,
    Collector,
    Key,
    SdJwt,
    b64,
    bind,
    check_es256,
    digest,
    encrypt,
    get,
    http_call,
    leaf_of,
    parts_of,
    post_form,
    post_json,
    public_key_of,
    random_text,
    request_of,
    unb64,
)

ASKED = ("eduPersonPrimaryAffiliation", "schacHomeOrganization")
YEAR = 365 * 24 * 3600
PREFIXES = ["x509_san_dns", "x509_hash", "decentralized_identifier"]
KEY = Key.new()


class Session:
    """One request of the verifier, and an honest holder who could answer it."""

    def __init__(
        self, world: World, credential: SdJwt, mode: str = "direct_post", prefix: str | None = None
    ) -> None:
        self.world, self.credential = world, credential
        vct = parts_of(credential.token)[1]["vct"]
        wanted = {
            "id": "card",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [vct]},
            "claims": [{"path": [name]} for name in ASKED],
        }
        body: dict[str, Any] = {"dcql_query": {"credentials": [wanted]}, "response_mode": mode}
        if prefix is not None:
            body["client_id_prefix"] = prefix
        created = post_json(f"{world.verifier}/api/requests", body, world.admin)
        assert created.status == 201, created.body
        self.created = created.json
        self.header, self.request, self.link = request_of(self.created["request_uri"])

    def presentation(self, *names: str, key: Key = KEY, **changes: Any) -> str:
        claims = {"aud": self.request["client_id"], "nonce": self.request["nonce"]} | changes
        return bind(self.credential.show(*(names or ASKED)), key, **claims)

    def post(self, vp_token: Any, **fields: str) -> Answer:
        token = vp_token if isinstance(vp_token, str) else json.dumps(vp_token)
        members = {"vp_token": token, "state": self.request["state"]} | fields
        return post_form(self.request["response_uri"], members)

    def answer(self) -> Answer:
        """What an honest wallet posts."""
        return self.post({"card": [self.presentation()]})

    def result(self) -> dict[str, Any]:
        answer = get(self.created["result_url"], Authorization=f"Bearer {self.world.admin}")
        assert answer.status == 200, answer.body
        return answer.json  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def credential(world: World, collector: Collector) -> SdJwt:
    _, (held,) = world.collected(collector, KEY)
    return SdJwt.parse(held)


@pytest.fixture(scope="module")
def open_session(world: World, credential: SdJwt) -> Session:
    """A session for refusals: none of them may lock the honest wallet out."""
    return Session(world, credential)


# --- the request -----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_request_objects_have_what_is_needed_and_nothing_else(
    world: World, credential: SdJwt, prefix: str, mode: str
) -> None:
    session = Session(world, credential, mode, prefix)
    header, request, link = session.header, session.request, session.link
    assert header["typ"] == "oauth-authz-req+jwt"
    assert request["client_id"] == link["client_id"]
    assert request["client_id"].startswith(f"{prefix}:")
    assert request["aud"] == "https://self-issued.me/v2"
    assert request["response_type"] == "vp_token"
    assert request["response_mode"] == mode
    assert request["response_uri"].startswith(f"{world.verifier}/")
    assert len(unb64(request["nonce"])) >= 16
    assert request["iat"] <= time.time() < request["exp"]
    assert not {"scope", "redirect_uri", "client_id_scheme", "presentation_definition"} & set(request)
    metadata = request["client_metadata"]
    assert set(metadata) <= {"jwks", "vp_formats_supported", "encrypted_response_enc_values_supported"}
    assert "dc+sd-jwt" in metadata["vp_formats_supported"]
    if mode == "direct_post.jwt":
        (key,) = metadata["jwks"]["keys"]
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "enc", "ECDH-ES")
        assert key["kid"] and "d" not in key
        assert {"A128GCM", "A256GCM"} <= set(metadata["encrypted_response_enc_values_supported"])
    token = get(link["request_uri"]).body.decode()
    if prefix == "decentralized_identifier":
        did = request["client_id"].partition(":")[2]
        assert header["kid"].startswith(f"{did}#")
        document = get(f"{world.verifier}/.well-known/did.json").json
        method = next(one for one in document["verificationMethod"] if one["id"] == header["kid"])
        check_es256(token, public_key_of(method["publicKeyJwk"]))
        return
    leaf = leaf_of(token)
    check_es256(token, leaf.public_key())
    anchor = x509.load_pem_x509_certificate(get(f"{world.verifier}/development-ca.pem").body)
    leaf.verify_directly_issued_by(anchor)
    assert leaf.issuer != leaf.subject
    assert anchor not in [x509.load_der_x509_certificate(base64.b64decode(one)) for one in header["x5c"]]
    if prefix == "x509_hash":
        der = base64.b64decode(header["x5c"][0])
        assert request["client_id"] == f"x509_hash:{b64(hashlib.sha256(der).digest())}"
    else:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert request["client_id"].partition(":")[2] in names.get_values_for_type(x509.DNSName)


def test_B149_B150_a_request_is_served_again_and_echoes_the_wallets_nonce(
    world: World, credential: SdJwt
) -> None:
    session = Session(world, credential)
    place = session.link["request_uri"]
    again = get(place, Accept="application/oauth-authz-req+jwt")
    assert parts_of(again.body.decode())[1] == session.request
    assert "no-store" in again.headers["Cache-Control"]
    nonce = random_text()
    posted = post_form(place, {"wallet_nonce": nonce, "wallet_metadata": '{"vp_formats_supported":{}}'})
    assert posted.status == 200, posted.body
    assert posted.headers.get_content_type() == "application/oauth-authz-req+jwt"
    assert parts_of(posted.body.decode())[1]["wallet_nonce"] == nonce
    assert http_call("POST", place, b"", {"Content-Type": FORM}).status == 200
    too_long = post_form(place, {"wallet_nonce": "x" * 10_240})
    assert 400 <= too_long.status < 500
    assert get(f"{world.verifier}/oid4vp/requests/never-made").status in (400, 404)
    for method in ("PUT", "DELETE", "TRACE"):
        assert http_call(method, place).status == 405


def test_nothing_is_shared_between_sessions(world: World, credential: SdJwt) -> None:
    sessions = [Session(world, credential, "direct_post.jwt") for _ in range(5)]
    for name in ("nonce", "state", "response_uri"):
        assert len({session.request[name] for session in sessions}) == 5
    keys = [session.request["client_metadata"]["jwks"]["keys"][0]["x"] for session in sessions]
    assert len(set(keys)) == 5
    assert all(session.created["session_id"] not in session.created["request_uri"] for session in sessions)


# --- answers that hold -----------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("way", ["direct_post", "A128GCM", "A256GCM", "without state"])
def test_an_honest_answer_is_verified(world: World, credential: SdJwt, way: str, prefix: str) -> None:
    mode = "direct_post.jwt" if way.endswith("GCM") else "direct_post"
    session = Session(world, credential, mode, prefix)
    before = session.result()
    assert (before["state"], before["checks"]) == ("pending", [])
    vp_token = {"card": [session.presentation()]}
    if mode == "direct_post.jwt":
        payload = {"vp_token": vp_token, "state": session.request["state"]}
        sealed = encrypt(payload, session.request, way)
        answer = post_form(session.request["response_uri"], {"response": sealed})
    elif way == "without state":
        answer = post_form(session.request["response_uri"], {"vp_token": json.dumps(vp_token)})
    else:
        answer = session.post(vp_token)
    assert answer.status == 200, answer.body
    assert answer.headers.get_content_type() == JSON
    assert isinstance(answer.json, dict)
    result = session.result()
    assert result["state"] == "verified"
    assert set(result["claims"]["card"][0]) == set(ASKED)
    assert result["checks"] and all(
        check["ok"] is True and set(check) == {"name", "ok"} for check in result["checks"]
    )


def test_a_holder_with_an_ed25519_key_and_a_minimal_cnf(world: World, collector: Collector) -> None:
    key = Key.new("EdDSA")
    _, (held,) = world.collected(collector, key)
    credential = SdJwt.parse(held)
    session = Session(world, credential)
    assert session.post({"card": [session.presentation(key=key)]}).status == 200
    assert session.result()["state"] == "verified"


# --- answers that do not ---------------------------------------------------------


def spoiled(presentation: str, place: int) -> str:
    """The same text with one character of a part's middle changed."""
    parts = presentation.split("~")
    head, _, signature = parts[place].rpartition(".")
    swapped = ("B" if signature[10] != "B" else "C").join((signature[:10], signature[11:]))
    parts[place] = f"{head}.{swapped}"
    return "~".join(parts)


BAD: dict[str, Any] = {
    "aud of another verifier": lambda s: s.presentation(aud="x509_san_dns:other.example"),
    "aud without the prefix": lambda s: s.presentation(aud=s.request["client_id"].partition(":")[2]),
    "aud the response_uri": lambda s: s.presentation(aud=s.request["response_uri"]),
    "aud missing": lambda s: s.presentation(aud=None),
    "nonce of another request": lambda s: s.presentation(nonce=random_text()),
    "nonce missing": lambda s: s.presentation(nonce=None),
    "iat a year ago": lambda s: s.presentation(iat=int(time.time()) - YEAR),
    "iat in a year": lambda s: s.presentation(iat=int(time.time()) + YEAR),
    "iat missing": lambda s: s.presentation(iat=None),
    "iat a text": lambda s: s.presentation(iat="now"),
    "sd_hash of something else": lambda s: s.presentation(sd_hash=digest("other~")),
    "sd_hash missing": lambda s: s.presentation(sd_hash=None),
    "typ JWT": lambda s: s.presentation(header={"typ": "JWT"}),
    "alg none": lambda s: s.presentation(header={"alg": "none"}).rpartition(".")[0] + ".",
    "alg HS256": lambda s: s.presentation(header={"alg": "HS256"}),
    "alg of the other curve": lambda s: s.presentation(header={"alg": "EdDSA"}),
    "signed by a stranger": lambda s: s.presentation(key=Key.new()),
    "binding signature changed": lambda s: spoiled(s.presentation(), -1),
    "credential signature changed": lambda s: spoiled(s.presentation(), 0),
    "a disclosure taken away afterwards": lambda s: "~".join(s.presentation().split("~")[:1] + s.presentation().split("~")[2:]),
    "a disclosure added afterwards": lambda s: with_added(s),
    "no binding": lambda s: s.credential.show(*ASKED),
    "too little disclosed": lambda s: s.presentation(ASKED[0]),
    "too much disclosed": lambda s: s.presentation(*ASKED, "familyName"),
    "a forged disclosure": lambda s: forged(s),
    "one disclosure twice": lambda s: doubled(s),
    "not an SD-JWT": lambda s: "hello",
    "empty": lambda s: "",
    "only tildes": lambda s: "~~~",
    "five parts": lambda s: "a.b.c.d.e~",
}  # fmt: skip


def with_added(session: Session) -> str:
    parts = session.presentation().split("~")
    extra = next(text for text in session.credential.disclosures if text not in parts)
    return "~".join([*parts[:-1], extra, parts[-1]])


def forged(session: Session) -> str:
    disclosure = b64(json.dumps([random_text(), "eduPersonPrimaryAffiliation", "faculty"]).encode())
    shown = session.credential.show(*ASKED) + f"{disclosure}~"
    return bind(shown, KEY, aud=session.request["client_id"], nonce=session.request["nonce"])


def doubled(session: Session) -> str:
    shown = session.credential.show(*ASKED)
    shown += shown.split("~")[1] + "~"
    return bind(shown, KEY, aud=session.request["client_id"], nonce=session.request["nonce"])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_presentation_is_answered_4xx_and_locks_nobody_out(
    world: World, credential: SdJwt, name: str
) -> None:
    session = Session(world, credential)
    answer = session.post({"card": [BAD[name](session)]})
    assert 400 <= answer.status < 500, answer.body
    assert answer.json.get("code") or answer.json.get("error")
    result = session.result()
    assert result["state"] in ("refused", "pending")
    assert result["claims"] == {}
    assert session.answer().status == 200, "the honest wallet is not locked out"
    assert session.result()["state"] == "verified"


@pytest.mark.parametrize(
    "vp_token",
    ["", "{", "[]", "null", '"x"', "5", "{}", '{"card":{}}', '{"card":[]}', '{"card":[5]}', '{"card":[null]}',
     '{"card":[[]]}', '{"card":[{}]}', '{"other":["x"]}', '{"card":["x"],"card":["y"]}', '{"card":["\\ud800"]}',
     "[" * 50_000, '{"card":["' + "x" * 300_000 + '"]}', '{"card":' + json.dumps(["x"] * 1000) + "}"],
)  # fmt: skip
def test_garbage_leaves_no_trace(world: World, open_session: Session, vp_token: str) -> None:
    answer = open_session.post(vp_token)
    assert 400 <= answer.status < 500, answer.body
    assert open_session.result()["state"] in ("pending", "refused")


def test_B144_two_where_one_was_asked(world: World, credential: SdJwt, collector: Collector) -> None:
    session = Session(world, credential)
    one, two = session.presentation(), session.presentation()
    assert 400 <= session.post({"card": [one, two]}).status < 500
    assert 400 <= session.post({"card": [one], "more": [one]}).status < 500
    assert session.answer().status == 200


def test_B140_B141_B142_replays_and_states(world: World, credential: SdJwt) -> None:
    session, other = Session(world, credential), Session(world, credential)
    answer = {"card": [session.presentation()]}
    assert 400 <= session.post(answer, state=other.request["state"]).status < 500
    assert 400 <= session.post(answer, state="unknown").status < 500
    assert session.result()["state"] == "pending"
    foreign = post_form(
        other.request["response_uri"], {"vp_token": json.dumps(answer), "state": other.request["state"]}
    )
    assert 400 <= foreign.status < 500
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: session.post(answer).status, range(20)))
    assert sorted(answers)[0] == 200 and answers.count(200) == 1, answers
    assert all(400 <= status < 500 for status in answers if status != 200)
    session.post(answer).is_refused(400, "session_consumed")
    assert session.result()["state"] == "verified"
    assert get(session.link["request_uri"]).status in (400, 404, 410)
    assert post_form(f"{world.verifier}/oid4vp/responses/never-made", {"vp_token": "{}"}).status in (400, 404)


def test_B147_encrypted_answers_of_other_forms(world: World, credential: SdJwt) -> None:
    session, other = (Session(world, credential, "direct_post.jwt") for _ in range(2))
    payload = {"vp_token": {"card": [session.presentation()]}, "state": session.request["state"]}
    place = session.request["response_uri"]
    good = encrypt(payload, session.request, "A256GCM")
    head, *rest = good.split(".")
    header = json.loads(unb64(head))
    bad = [
        encrypt(payload, other.request, "A128GCM"),
        encrypt(payload, session.request, "A128CBC-HS256"),
        encrypt(payload, session.request, "A128GCM", alg="ECDH-ES+A128KW"),
        ".".join([b64(json.dumps(header | {"apu": "AAAA"}).encode()), *rest]),
        ".".join([b64(json.dumps(header | {"alg": "dir"}).encode()), *rest]),
        ".".join([b64(json.dumps(header | {"alg": "RSA1_5"}).encode()), *rest]),
        ".".join([*good.split(".")[:4], b64(bytes(16))]),
        KEY.sign({"alg": "ES256"}, payload),
        "....", "", "x" * 100_000, "a.b.c.d.e", "é.b.c.d.e",
    ]  # fmt: skip
    for response in bad:
        answer = post_form(place, {"response": response})
        assert 400 <= answer.status < 500, answer.body
    clear = post_form(place, {"vp_token": json.dumps(payload["vp_token"]), "state": session.request["state"]})
    assert 400 <= clear.status < 500
    assert session.result()["state"] == "pending"
    assert post_form(place, {"response": good}).status == 200
    assert session.result()["state"] == "verified"


def test_a_wallet_that_declines_is_shown_as_refused(world: World, credential: SdJwt) -> None:
    session = Session(world, credential)
    fields = {
        "error": "access_denied",
        "error_description": "<script>alert(1)</script>",
        "state": session.request["state"],
    }
    answer = post_form(session.request["response_uri"], fields)
    assert answer.status == 200
    result = session.result()
    assert result["state"] == "refused"
    assert result["claims"] == {}
    assert [check["ok"] for check in result["checks"]] == [False]
    assert result["checks"][0]["code"]


def test_revoked_credentials_are_refused_by_name(world: World, collector: Collector) -> None:
    key = Key.new()
    issuance, (held,) = world.collected(collector, key)
    credential = SdJwt.parse(held)
    session = Session(world, credential)
    assert session.post({"card": [session.presentation(key=key)]}).status == 200
    bearer = {"Authorization": f"Bearer {world.admin}"}
    assert http_call("POST", f"{world.issuer}/api/issuances/{issuance}/revoke", b"", bearer).status == 200
    assert http_call("POST", f"{world.verifier}/api/status/refresh", b"", bearer).status == 200
    session = Session(world, credential)
    assert 400 <= session.post({"card": [session.presentation(key=key)]}).status < 500
    result = session.result()
    assert result["state"] == "refused"
    assert [check["code"] for check in result["checks"] if not check["ok"]] == ["revoked"]


def test_other_ways_to_post_an_answer(open_session: Session) -> None:
    place = open_session.request["response_uri"]
    fields = {"vp_token": {"card": [open_session.presentation()]}, "state": open_session.request["state"]}
    assert post_json(place, fields).status == 415
    assert http_call("POST", place, b"x", {"Content-Type": "text/plain"}).status == 415
    assert http_call("POST", place, b"vp_token={}&vp_token={}", {"Content-Type": FORM}).status == 400
    assert http_call("POST", f"{place}?vp_token={{}}", b"", {"Content-Type": FORM}).status == 400
    for method in ("GET", "HEAD", "PUT", "TRACE"):
        assert http_call(method, place).status == 405


# --- back office -----------------------------------------------------------------


def test_B154_results_are_for_those_who_asked(world: World, credential: SdJwt) -> None:
    session = Session(world, credential)
    place = session.created["result_url"]
    assert get(place).status == 404
    assert get(place, Authorization="Bearer wrong").status == 401
    for name in ("state", "nonce"):
        assert get(f"{world.verifier}/api/requests/{session.request[name]}").status == 404
    assert get(place, Authorization=f"Bearer {world.admin}").status == 200


def test_requests_that_cannot_be_asked(world: World) -> None:
    place = f"{world.verifier}/api/requests"
    good = {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["x"]}}]}
    created = post_json(place, {"dcql_query": good, "response_mode": "direct_post"}, world.admin)
    assert created.status == 201
    assert set(created.json) == {"session_id", "request_uri", "result_url"}
    assert created.json["request_uri"].startswith("openid4vp://")
    bad: list[Any] = [
        {},
        {"dcql_query": good, "response_mode": "fragment"},
        {"dcql_query": good, "response_mode": "direct_post", "client_id_prefix": "redirect_uri"},
        {"dcql_query": good, "response_mode": 5},
        {"dcql_query": [], "response_mode": "direct_post"},
        {"dcql_query": {}, "response_mode": "direct_post"},
        {"dcql_query": {"credentials": []}, "response_mode": "direct_post"},
        {"dcql_query": {"credentials": [{"id": "a b", "format": "dc+sd-jwt", "meta": {}}]}},
        {"dcql_query": {"credentials": [{"id": "a", "format": "never", "meta": {}}]}},
        {"dcql_query": {"credentials": good["credentials"] * 2}},
    ]
    for body in bad:
        answer = post_json(place, body, world.admin)
        assert 400 <= answer.status < 500, (body, answer.body)
        assert answer.json["code"]
    assert post_json(place, {"dcql_query": good}).status == 401
    assert (
        http_call(
            "POST", place, b"{", {"Content-Type": JSON, "Authorization": f"Bearer {world.admin}"}
        ).status
        == 400
    )
