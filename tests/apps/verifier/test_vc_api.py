"""The VC API of the verifier over HTTP: who may call, and what the answers look like."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from trustid import keys
from trustid.credentials.presentation import issue_credential, make_presentation
from trustid.did.key import create as did_of
from trustid.protocols.vc_api import OPEN_VARIABLE
from trustid.settings import ServerSettings
from verifier_under_test import NOW, Bench, bearer, make_bench

KEY = keys.generate("Ed25519")
COLLEGE = did_of(KEY.public_key)
HOLDER = keys.generate("Ed25519")
STUDENT = did_of(HOLDER.public_key)
TYPE = "https://college.example/types#Degree"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    trust = tmp_path / "college.json"
    trust.write_text(json.dumps({"types": {TYPE: {"issuers": [COLLEGE]}}}))
    return make_bench(tmp_path / "verifier", trust_file=trust)


def method(name: str) -> str:
    return f"{name}#{name.removeprefix('did:key:')}"


def credential(key: Any = KEY, **changes: Any) -> dict[str, Any]:
    name = did_of(key.public_key)
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", TYPE],
        "issuer": name,
        "credentialSubject": {"id": STUDENT},
        **changes,
    }
    created = datetime.fromtimestamp(NOW, UTC)
    return issue_credential(document, key=key, verification_method=method(name), created=created)


def presentation(**changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"challenge": "c", "domain": "d", "created": datetime.fromtimestamp(NOW, UTC)}
    return make_presentation(
        [credential()], key=HOLDER, verification_method=method(STUDENT), **(options | changes)
    )


def verify(bench: Bench, document: Any, **options: Any) -> Any:
    body = {"verifiableCredential": document, "options": options}
    return bench.client.post("/credentials/verify", json=body, headers=bearer())


def test_verified(bench: Bench) -> None:
    answer = verify(bench, credential())
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json == {
        "verified": True,
        "checks": ["proof", "validity", "status"],
        "warnings": [],
        "errors": [],
        "problemDetails": [],
    }


@pytest.mark.parametrize("path", ["/credentials/verify", "/presentations/verify"])
def test_only_the_admin_may_call(bench: Bench, path: str) -> None:
    answer = bench.client.post(path, json={"verifiableCredential": credential()})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
    assert verify(bench, credential()).status_code == 200


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({}, "MALFORMED_VALUE_ERROR"),
        ({**credential(), "issuer": None}, "MALFORMED_VALUE_ERROR"),
        ({**credential(), "name": "changed"}, "PROOF_VERIFICATION_ERROR"),
        (credential(validUntil="2020-01-01T00:00:00Z"), "RANGE_ERROR"),
        (credential(keys.generate("Ed25519")), "issuer_not_trusted"),
        (credential(credentialStatus={"type": "https://x.example/S"}), "STATUS_VERIFICATION_ERROR"),
        (
            credential(
                credentialStatus={
                    "type": "BitstringStatusListEntry",
                    "statusPurpose": "revocation",
                    "statusListIndex": "1",
                    "statusListCredential": "https://college.example/lists/1",
                }
            ),
            "STATUS_RETRIEVAL_ERROR",
        ),
    ],
)
def test_refused_with_problem_details(bench: Bench, document: Any, kind: str) -> None:
    assert verify(bench, credential()).status_code == 200
    answer = verify(bench, document)
    assert (answer.status_code, answer.json["verified"]) == (400, False)
    assert [one["type"].endswith(kind) for one in answer.json["errors"]] == [True], answer.json
    assert answer.json["errors"] == answer.json["problemDetails"]


def test_what_is_no_request(bench: Bench) -> None:
    for arguments in ({"json": []}, {"json": {}}, {"data": b"{", "content_type": "application/json"}):
        answer = bench.client.post("/credentials/verify", headers=bearer(), **arguments)
        assert (answer.status_code, answer.json["verified"]) == (400, False)
    answer = bench.client.post("/credentials/verify", data="x", content_type="text/plain", headers=bearer())
    assert answer.status_code == 415
    answer = bench.client.post("/credentials/verify", json={"x": "y" * (1 << 20)}, headers=bearer())
    assert answer.status_code == 413


def test_B084_presentation(bench: Bench) -> None:
    def ask(document: Any, **options: Any) -> Any:
        body = {"verifiablePresentation": document, "options": {"challenge": "c", "domain": "d"} | options}
        answer = bench.client.post("/presentations/verify", json=body, headers=bearer())
        assert answer.json["verified"] is (answer.status_code == 200)
        return answer.status_code, [one["type"].rpartition("#")[2] for one in answer.json["errors"]]

    assert ask(presentation()) == (200, [])
    assert ask(presentation(), challenge="other") == (400, ["INVALID_CHALLENGE_ERROR"])
    assert ask(presentation(), domain="other") == (400, ["INVALID_DOMAIN_ERROR"])
    assert ask({**presentation(), "id": "urn:uuid:1"}) == (400, ["PROOF_VERIFICATION_ERROR"])


def test_open_is_for_loopback(tmp_path: Path) -> None:
    with refused("setting_unsafe"):
        make_bench(tmp_path / "world", extra={OPEN_VARIABLE: "1"})
    local = make_bench(tmp_path / "local", extra={OPEN_VARIABLE: "1"}, public_url="http://localhost:8002")
    stranger = credential(keys.generate("Ed25519"))
    answer = local.client.post("/credentials/verify", json={"verifiableCredential": stranger})
    assert (answer.status_code, answer.json["errors"]) == (200, [])
    assert isinstance(local.settings, ServerSettings)
    assert local.client.post("/api/requests", json={}).status_code == 401
