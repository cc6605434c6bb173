"""The VC API of the issuer over HTTP: who may call, what comes back, and the lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from issuer_app import create_app
from issuer_under_test import ADMIN_TOKEN, PUBLIC_URL, IssuerUnderTest, environment, error_of
from refusing import refused
from trustid.did.document import DidDocument
from trustid.encoding import b64url_encode
from trustid.protocols.vc_api import OPEN_VARIABLE
from trustid.protocols.vc_api_lists import LEASE_BLOCK
from trustid.settings import ServerSettings
from trustid.status.bitstring import Bitstring
from trustid.status.list_change import CHANGE_MEDIA_TYPE, REVERSED, list_digest, parse

WEB = "did:web:school.example"


def credential(**changes: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": WEB,
        "credentialSubject": {"id": "did:example:subject"},
        **changes,
    }


def issue(school: IssuerUnderTest, /, **changes: Any) -> Any:
    return school.admin("POST", "/credentials/issue", json={"credential": credential(**changes)})


def test_issued(issuer: IssuerUnderTest) -> None:
    answer = issue(issuer)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    secured = answer.json["verifiableCredential"]
    assert secured["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    document = DidDocument.from_json(issuer.client().get("/.well-known/did.json").json, WEB)
    method = document.verification_method(secured["proof"]["verificationMethod"], "assertionMethod")
    assert method.public_key == issuer.engine.vc.identity.public_keys["vc"]


def test_a_cryptosuite_by_its_address(issuer: IssuerUnderTest) -> None:
    document = DidDocument.from_json(issuer.client().get("/.well-known/did.json").json, WEB)
    for suite, fragment in (("ecdsa-rdfc-2019", "vc-p256"), ("eddsa-rdfc-2022", "vc")):
        path = f"/credentials/issue/{suite}"
        answer = issuer.admin("POST", path, json={"credential": credential()})
        assert answer.status_code == 201, answer.json
        proof = answer.json["verifiableCredential"]["proof"]
        assert proof["cryptosuite"] == suite
        method = document.verification_method(proof["verificationMethod"], "assertionMethod")
        assert method.public_key == issuer.engine.vc.identity.public_keys[fragment]
    unknown = issuer.admin("POST", "/credentials/issue/none", json={"credential": credential()})
    assert error_of(unknown) == (400, "malformed")


def test_issue_and_derive(issuer: IssuerUnderTest) -> None:
    body = {
        "credential": credential(credentialSubject={"id": "did:example:subject", "name": "Ada"}),
        "options": {"cryptosuite": "ecdsa-sd-2023", "mandatoryPointers": ["/issuer"]},
    }
    secured = issuer.admin("POST", "/credentials/issue", json=body).json["verifiableCredential"]
    wanted = {"verifiableCredential": secured, "options": {"selectivePointers": ["/credentialSubject/name"]}}
    answer = issuer.admin("POST", "/credentials/derive", json=wanted)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.json["verifiableCredential"]["credentialSubject"]["name"] == "Ada"
    for bad, code in (
        ({**wanted, "options": {"selectivePointers": ["/nowhere"]}}, "malformed"),
        (answer.json, "proof_invalid"),
    ):
        assert error_of(issuer.admin("POST", "/credentials/derive", json=bad)) == (400, code)


@pytest.mark.parametrize(
    "path",
    [
        "/credentials/issue",
        "/credentials/status",
        "/credentials/derive",
        "/credentials/issue/eddsa-jcs-2022",
    ],
)
def test_B233_without_the_admin_token(issuer: IssuerUnderTest, path: str) -> None:
    body = {"credential": credential()}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": ADMIN_TOKEN}):
        answer = issuer.client().post(path, json=body, headers=headers)
        assert error_of(answer) == (401, "unauthorized")
    assert issuer.sql("SELECT count(*) FROM set_list") == [(0,)]
    assert issue(issuer).status_code == 201


def test_B233_other_issuers_proofs_and_statuses(issuer: IssuerUnderTest) -> None:
    assert issue(issuer).status_code == 201
    for changes, expected in (
        ({"issuer": "did:web:attacker.example"}, (403, "issuer_not_ours")),
        ({"proof": {}}, (400, "malformed")),
        ({"credentialStatus": {"type": "https://attacker.example/S"}}, (400, "malformed")),
    ):
        assert error_of(issue(issuer, **changes)) == expected
    body = {"credential": credential(), "options": {"issuer": "did:web:attacker.example"}}
    assert error_of(issuer.admin("POST", "/credentials/issue", json=body)) == (403, "issuer_not_ours")
    for _ in range(LEASE_BLOCK - 1):
        issue(issuer)
    assert issuer.sql("SELECT allocated FROM set_shard") == [(LEASE_BLOCK,)]


def test_malformed_is_400_with_problem_details(issuer: IssuerUnderTest) -> None:
    for arguments in ({"json": []}, {"json": {}}, {"data": b"{", "content_type": "application/json"}):
        answer = issuer.admin("POST", "/credentials/issue", **arguments)
        assert answer.status_code == 400
        assert answer.json["errors"][0]["type"].startswith("https://www.w3.org/TR/vc-data-model#")
    answer = issuer.admin("POST", "/credentials/issue", data="x", content_type="text/plain")
    assert answer.status_code == 415


def test_list_is_served_to_everybody(issuer: IssuerUnderTest) -> None:
    entry = issue(issuer).json["verifiableCredential"]["credentialStatus"]
    path = entry["statusListCredential"].removeprefix(PUBLIC_URL)
    answer = issuer.client().get(path)
    assert (answer.status_code, answer.content_type) == (200, "application/vc")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in answer.headers
    body = answer.get_json(force=True)
    assert (body["id"], body["issuer"]) == (entry["statusListCredential"], WEB)
    assert Bitstring.decode(body["credentialSubject"]["encodedList"]).get(int(entry["statusListIndex"])) == 0
    again = issuer.client().get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert issuer.client().get("/status-lists/unknown").status_code == 404
    change = {"credentialStatus": entry, "status": True}
    assert issuer.admin("POST", "/credentials/status", json=change).status_code == 200
    body = issuer.client().get(path).get_json(force=True)
    assert Bitstring.decode(body["credentialSubject"]["encodedList"]).get(int(entry["statusListIndex"])) == 1
    undo = issuer.admin("POST", "/credentials/status", json=change | {"status": False})
    assert error_of(undo) == (409, "revocation_final")


def test_changes_of_a_list_are_served_to_everybody(issuer: IssuerUnderTest) -> None:
    entry = issue(issuer).json["verifiableCredential"]["credentialStatus"]
    path = entry["statusListCredential"].removeprefix(PUBLIC_URL)
    encoded = issuer.client().get(path).get_json(force=True)["credentialSubject"]["encodedList"]
    digest = list_digest(Bitstring.decode(encoded).to_bytes().translate(REVERSED), 1)
    assert issuer.admin("POST", "/credentials/status", json={"credentialStatus": entry, "status": True})
    answer = issuer.client().get(f"{path}/changes/{b64url_encode(digest)}")
    assert (answer.status_code, answer.content_type) == (200, CHANGE_MEDIA_TYPE)
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in answer.headers
    claims = parse(answer.get_data(as_text=True)).claims()
    assert (claims["sub"], claims["base"]) == (entry["statusListCredential"], b64url_encode(digest))
    assert issuer.client().get(f"{path}/changes/{b64url_encode(bytes(32))}").status_code == 404


def test_nothing_of_a_credential_is_kept(issuer: IssuerUnderTest) -> None:
    issue(issuer, credentialSubject={"id": "did:example:somebody-special"})
    content = b"".join(path.read_bytes() for path in issuer.path.parent.glob("issuer.db*"))
    assert b"somebody-special" not in content


def test_open_is_for_loopback(tmp_path: Path) -> None:
    closed = ServerSettings.from_environment("issuer", environment(tmp_path, **{OPEN_VARIABLE: "1"}))
    with refused("setting_unsafe"):
        create_app(closed)
    local = {"TRUSTID_PUBLIC_URL": "http://localhost:8001", "TRUSTID_ALLOW_HTTP": "1", OPEN_VARIABLE: "1"}
    app = create_app(ServerSettings.from_environment("issuer", environment(tmp_path, **local)))
    body = {"credential": credential(issuer="did:web:localhost%3A8001")}
    assert app.test_client().post("/credentials/issue", json=body).status_code == 201
    assert app.test_client().post("/api/offers", json={}).status_code == 401
