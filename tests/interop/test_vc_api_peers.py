"""What the W3C suites send: documents that their own library, @digitalbazaar/vc, makes and signs, and our answers.

With contexts that stand in the document, as the suites have them, in version
2.0 and 1.1; each acceptance has its refusal beside it. Needs Node and
`npm install` in formats/.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tools.node_peers import NodePeers, missing
from trustid.credentials.model import V1_CONTEXT, V2_CONTEXT
from trustid.did import key as did_key
from trustid.encoding import multibase_encode
from trustid.keys import Ed25519SigningKey, P256SigningKey
from trustid.keys.ec import MULTICODEC_P256_PRIVATE
from trustid.keys.ed25519 import MULTICODEC_ED25519_PRIVATE
from vc_api_servers import Servers, open_servers

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    pytest.mark.timeout(120),
]

ED25519 = Ed25519SigningKey.generate()
ALICE = did_key.create(ED25519.public_key)
ALICE_SECRET = {
    "did": ALICE,
    "secretKeyMultibase": multibase_encode(
        MULTICODEC_ED25519_PRIVATE + ED25519.to_bytes() + ED25519.public_key.to_bytes()
    ),
}
P256 = P256SigningKey.generate()
BOB = did_key.create(P256.public_key)
BOB_SECRET = {"did": BOB, "secretKeyMultibase": multibase_encode(MULTICODEC_P256_PRIVATE + P256.to_bytes())}

LOGBOOK = {
    "@protected": True,
    "LogbookCredential": "urn:example:LogbookCredential",
    "Flight": {
        "@id": "urn:example:Flight",
        "@context": {
            "@protected": True,
            "id": "@id",
            "type": "@type",
            "minutes": "urn:example:minutes",
            "landings": {
                "@id": "urn:example:landings",
                "@context": {"@protected": True, "field": "urn:example:field", "wind": "urn:example:wind"},
            },
        },
    },
    "flights": {"@id": "urn:example:flights", "@type": "@id"},
}
FLIGHTS = [
    {
        "type": "Flight",
        "minutes": 42 + number,
        "landings": [
            {"field": "EDLW", "wind": 5.5},
            {"field": "EDLN", "wind": 7.0},
            {"field": "EDLW", "wind": 5.5},
        ],
    }
    for number in range(2)
]
POINTERS = [
    ["/credentialSubject/flights/0/landings/0", "/credentialSubject/flights/0/landings/2"],
    ["/credentialSubject/flights/1"],
    ["/credentialSubject/name", "/credentialSubject/flights/0/minutes"],
    ["/credentialSubject"],
]


@pytest.fixture(scope="module")
def peers() -> Iterator[NodePeers]:
    with NodePeers() as running:
        yield running


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    return open_servers(tmp_path_factory.mktemp("peers"), clock=lambda: int(time.time()))


def credential(context: str, issuer: str) -> dict[str, Any]:
    brought = LOGBOOK if context == V2_CONTEXT else {**LOGBOOK, "name": "https://schema.org/name"}
    start = {} if context == V2_CONTEXT else {"issuanceDate": "2024-01-01T00:00:00Z"}
    return {
        "@context": [context, brought],
        "type": ["VerifiableCredential", "LogbookCredential"],
        "issuer": issuer,
        "credentialSubject": {"name": "Alice", "flights": FLIGHTS},
        **start,
    }


def verify(servers: Servers, document: Any) -> tuple[int, list[str]]:
    body = {"verifiableCredential": document, "options": {"checks": ["proof"]}}
    answer = servers.verifier.post("/credentials/verify", json=body)
    return answer.status_code, [error["code"] for error in answer.json["errors"]]


@pytest.mark.parametrize("context", [V2_CONTEXT, V1_CONTEXT], ids=["2.0", "1.1"])
def test_eddsa_rdfc_2022(servers: Servers, peers: NodePeers, context: str) -> None:
    secured = peers("ldp_vc_issue", credential=credential(context, ALICE), **ALICE_SECRET)
    assert verify(servers, secured) == (200, [])
    secured["credentialSubject"]["name"] = "Bob"
    assert verify(servers, secured) == (400, ["proof_invalid"])


@pytest.mark.parametrize("context", [V2_CONTEXT, V1_CONTEXT], ids=["2.0", "1.1"])
def test_ecdsa_sd_2023(servers: Servers, peers: NodePeers, context: str) -> None:
    pointers = ["/issuer"] if context == V2_CONTEXT else ["/issuer", "/issuanceDate"]
    base = peers(
        "sd_2023_issue", credential=credential(context, BOB), mandatoryPointers=pointers, **BOB_SECRET
    )
    assert verify(servers, base) == (400, ["proof_invalid"])
    for selective in POINTERS:
        shown = peers("sd_2023_derive", credential=base, selectivePointers=selective)
        assert verify(servers, shown) == (200, []), selective
        shown["credentialSubject"]["id"] = "urn:invalid"
        assert verify(servers, shown) == (400, ["proof_invalid"])


def test_presentation(servers: Servers, peers: NodePeers) -> None:
    secured = peers("ldp_vc_issue", credential=credential(V2_CONTEXT, ALICE), **ALICE_SECRET)
    presentation = peers(
        "ldp_vp_present",
        credentials=[secured],
        holder=ALICE,
        challenge="c",
        domain="d.example",
        **ALICE_SECRET,
    )

    def ask(**options: Any) -> tuple[int, list[str]]:
        body = {"verifiablePresentation": presentation, "options": options}
        answer = servers.verifier.post("/presentations/verify", json=body)
        return answer.status_code, [error["code"] for error in answer.json["errors"]]

    assert ask(checks=[]) == ask(challenge="c", domain="d.example") == (200, [])
    assert ask(challenge="other") == (400, ["challenge_mismatch"])
    assert ask(domain="other.example") == (400, ["domain_mismatch"])
    assert ask(expectedProofPurpose="assertionMethod") == (400, ["proof_invalid"])
    presentation["proof"]["proofValue"] = "z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh"
    assert ask(checks=[]) == (400, ["proof_invalid"])
