"""The documents of the official test suite of the Data Model 2.0, sent to both servers as the suite sends them."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from issuer_under_test import StoppedClock
from trustid import keys
from trustid.credentials.data_integrity import eddsa_jcs_2022, eddsa_rdfc_2022
from trustid.credentials.json_ld import Contexts
from trustid.credentials.model import V2_CONTEXT
from trustid.did.key import create as did_of
from vc_api_servers import Servers, open_servers

DOCUMENTS = sorted((Path(__file__).parents[1] / "vectors" / "vcdm2").rglob("*.json"))
CREDENTIALS = [path for path in DOCUMENTS if not path.name.startswith("presentation")]
PRESENTATIONS = [path for path in DOCUMENTS if path.name.startswith("presentation")]
KEY = keys.generate("Ed25519")
DID = did_of(KEY.public_key)
METHOD = f"{DID}#{DID.removeprefix('did:key:')}"
ABOUT_ISSUER = ("credential-issuer-", "credential-no-issuer")
BRINGS_A_PROOF = "credential-proof-ok"
"""Valid by itself, but whose proof it brings nobody knows: this issuer adds its own to no such credential (B233)."""
ENVELOPED = "presentation-enveloped-vc-ok"
"""A credential in a token of a draft (application/vc-ld+jwt, with the wrapper `vc`), which is no longer read."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    return open_servers(tmp_path_factory.mktemp("suite"))


def completed(path: Path, issuer: str) -> Any:
    document = json.loads(path.read_text())
    if not path.name.startswith(ABOUT_ISSUER):
        own = document.get("issuer")
        document["issuer"] = {**own, "id": issuer} if isinstance(own, dict) else issuer
    return document


@pytest.mark.parametrize("path", CREDENTIALS, ids=lambda path: path.stem)
def test_credential(servers: Servers, path: Path) -> None:
    document = completed(path, servers.issuer_id)
    issued = servers.issuer.post("/credentials/issue", json={"credential": document, "options": {}})
    if path.stem == BRINGS_A_PROOF:
        assert (issued.status_code, issued.json["code"]) == (400, "malformed")
        del document["proof"]
        issued = servers.issuer.post("/credentials/issue", json={"credential": document, "options": {}})
    if path.stem.endswith("-fail"):
        assert issued.status_code == 400
        assert issued.json["errors"][0]["type"].endswith(("MALFORMED_VALUE_ERROR", "PARSING_ERROR"))
        forged = {**document, "proof": sign(document, "assertionMethod")}
        answer = verify(servers, forged)
        assert (answer.status_code, answer.json["verified"]) == (400, False)
        assert answer.json["errors"][0]["code"] in {"malformed", "claim_type_invalid"}
        return
    assert issued.status_code == 201, issued.json
    secured = issued.json["verifiableCredential"]
    assert {name: value for name, value in secured.items() if name not in {"proof", "credentialStatus"}} == {
        name: value for name, value in document.items() if name != "credentialStatus"
    }
    answer = verify(servers, secured)
    assert (answer.status_code, answer.json["errors"]) == (200, []), answer.json


def verify(servers: Servers, credential: Any) -> Any:
    body = {"verifiableCredential": credential, "options": {"checks": ["proof"]}}
    return servers.verifier.post("/credentials/verify", json=body)


def sign(document: Any, purpose: str, create: Any = eddsa_jcs_2022.create) -> Any:
    created = datetime.fromtimestamp(StoppedClock().now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    options = {"verificationMethod": METHOD, "proofPurpose": purpose, "created": created}
    if purpose == "authentication":
        options |= {"challenge": "c", "domain": "d"}
    return create(document, options, KEY)


def create_over_statements(document: Any, options: Any, key: Any) -> Any:
    """As the suite's own library signs: contexts in the document are taken, an empty array says nothing."""
    inline = [context for context in document["@context"] if isinstance(context, dict)]
    said = {name: value for name, value in document.items() if value != []}
    suite = eddsa_rdfc_2022.cryptosuite(Contexts.bundled().with_inline(inline))
    return suite.create(said, options, key)


def signed_presentation(path: Path, create: Any) -> Any:
    """As the suite makes it: every credential gets the test's issuer and a proof, then the whole gets one."""
    document = copy.deepcopy(json.loads(path.read_text()))
    secured = []
    for credential in document.get("verifiableCredential", []):
        if credential.get("type") != "EnvelopedVerifiableCredential":
            credential["issuer"] = DID
            credential["proof"] = sign(credential, "assertionMethod", create)
        secured.append(credential)
    if secured:
        document["verifiableCredential"] = secured
    if isinstance(document.get("holder"), str) and "fail" not in path.stem and "mismatch" not in path.stem:
        document["holder"] = DID  # who signs
    document["proof"] = sign(document, "authentication", create)
    return document


PRESENTED = [(path, eddsa_jcs_2022.create) for path in PRESENTATIONS] + [
    # What a suite's own library cannot sign, because it has no canonical statements, comes in the other form only.
    (path, create_over_statements)
    for path in PRESENTATIONS
    if not path.stem.endswith("-fail") and path.stem != ENVELOPED
]


@pytest.mark.parametrize(
    ("path", "create"),
    PRESENTED,
    ids=[f"{path.stem}-{'jcs' if create is eddsa_jcs_2022.create else 'rdfc'}" for path, create in PRESENTED],
)
def test_presentation(servers: Servers, path: Path, create: Any) -> None:
    body = {"verifiablePresentation": signed_presentation(path, create), "options": {"checks": []}}
    answer = servers.verifier.post("/presentations/verify", json=body)
    if path.stem == ENVELOPED:
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (400, "malformed")
    elif path.stem.endswith("-fail"):
        assert (answer.status_code, answer.json["verified"]) == (400, False)
        assert answer.json["errors"][0]["code"] in {"malformed", "claim_type_invalid"}
    elif path.stem.endswith("mismatch"):
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (400, "holder_mismatch")
    else:
        assert (answer.status_code, answer.json["errors"]) == (200, []), answer.json


def test_presentation_of_nothing(servers: Servers) -> None:
    """An empty array of credentials says nothing, so a proof over statements does not cover it."""
    document = {"@context": [V2_CONTEXT], "type": ["VerifiablePresentation"], "verifiableCredential": []}
    for create in (eddsa_jcs_2022.create, create_over_statements):
        secured = {**document, "proof": sign(document, "authentication", create)}
        body = {"verifiablePresentation": secured, "options": {"checks": []}}
        assert servers.verifier.post("/presentations/verify", json=body).status_code == 200
        secured["proof"]["proofValue"] = "z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh"
        assert servers.verifier.post("/presentations/verify", json=body).status_code == 400


def test_every_document_is_sent() -> None:
    assert (len(CREDENTIALS), len(PRESENTATIONS)) == (48, 14)


def test_issue_revoke_verify(servers: Servers) -> None:
    """Through both servers: the list of the issuer reaches the verifier, and says what the issuer said."""
    credential = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": servers.issuer_id,
        "credentialSubject": {"id": "did:example:subject"},
    }
    first, second = (
        servers.issuer.post("/credentials/issue", json={"credential": credential}).json[
            "verifiableCredential"
        ]
        for _ in range(2)
    )
    change = {"credentialStatus": second["credentialStatus"], "status": True}
    assert servers.issuer.post("/credentials/status", json=change).status_code == 200

    def check(document: Any) -> Any:
        return servers.verifier.post("/credentials/verify", json={"verifiableCredential": document})

    # The list was fetched before, and is kept as long as it says: the verifier asks anew when told so.
    servers.verifier.post(
        "/api/status/refresh", headers={"Authorization": "Bearer admin-token-for-tests-000000"}
    )
    assert check(first).status_code == 200
    answer = check(second)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (400, "revoked")
    assert answer.json["errors"][0]["type"].endswith("STATUS_VERIFICATION_ERROR")
    assert [one["name"] for one in answer.json["checks"]][-1] == "not_revoked"
