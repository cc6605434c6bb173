"""Cross-check with didkit (Rust, by SpruceID), which nobody here wrote.

Its PyPI release knows the contexts of version 1.1 and Ed25519Signature2020,
which signs the same two hashes of canonical statements as eddsa-rdfc-2022. It
runs in a process of its own: its threads outlive the interpreter's end.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

import pytest

from trustid.credentials.data_integrity.cryptosuite import EDDSA, Cryptosuite, read_signature
from trustid.credentials.json_ld import Contexts
from trustid.did import key as did_key
from trustid.encoding import base58_encode
from trustid.errors import SignatureError
from trustid.keys import Ed25519SigningKey

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("didkit") is None, reason="PyPI didkit is not installed"
)

PROGRAM = """
import asyncio, didkit, json, os, sys

async def main():
    order = json.load(sys.stdin)
    made = await didkit.issue_credential(json.dumps(order["credential"]), json.dumps(order["options"]), order["jwk"])
    checked = [await didkit.verify_credential(json.dumps(one), "{}") for one in order["verify"]]
    print(json.dumps([json.loads(made), [json.loads(one)["errors"] for one in checked]]), flush=True)

asyncio.run(main())
os._exit(0)
"""
SUITE = "https://w3id.org/security/suites/ed25519-2020/v1"
KEY = Ed25519SigningKey.generate()
ISSUER = did_key.create(KEY.public_key)
METHOD = f"{ISSUER}#{ISSUER.removeprefix('did:key:')}"
RDFC = Cryptosuite("", EDDSA, lambda part, _: Contexts.bundled().digest(part), keeps_context=False)
CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/citizenship/v1"],
    "id": "urn:uuid:0dd5f5a4-8d49-4d2d-8a5e-0b9d3a4f0c11",
    "type": ["VerifiableCredential", "PermanentResidentCard"],
    "issuer": {"id": ISSUER},
    "issuanceDate": "2024-01-01T00:00:00Z",
    "credentialSubject": [
        {
            "type": ["PermanentResident", "Person"],
            "givenName": "Ada",
            "familyName": 'Loveläce "\\\n',
            "gender": "F",
        },
        {"type": ["PermanentResident", "Person"], "givenName": "Ada", "birthDate": "1815-12-10"},
        {"type": ["PermanentResident", "Person"], "givenName": "Ada", "birthDate": "1815-12-10"},
    ],
}


def hash_data(credential: dict[str, Any], proof: dict[str, Any]) -> bytes:
    """As the suite's options are read: with the document's contexts and its own."""
    options = {name: value for name, value in proof.items() if name not in ("proofValue", "@context")}
    options["@context"] = [*credential["@context"], SUITE]
    return RDFC.hash_data(credential, options, "sha256")


def secured(credential: dict[str, Any]) -> dict[str, Any]:
    proof = {
        "type": "Ed25519Signature2020",
        "created": "2024-01-01T00:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
    }
    value = "z" + base58_encode(KEY.sign(hash_data(credential, proof)))
    return {**credential, "proof": {"@context": [SUITE], **proof, "proofValue": value}}


def test_both_ways() -> None:
    """didkit's proof holds here, ours holds there, and a changed credential in neither place."""
    ours = secured(CREDENTIAL)
    changed = {**ours, "issuanceDate": "2024-01-02T00:00:00Z"}
    order = {
        "credential": CREDENTIAL,
        "options": {"type": "Ed25519Signature2020", "proofPurpose": "assertionMethod",
                    "verificationMethod": METHOD},
        "jwk": json.dumps(KEY.to_private_jwk()),
        "verify": [ours, changed],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stdout, done.stderr
    theirs, errors = json.loads(done.stdout)
    assert errors[0] == []
    assert errors[1] != []
    proof = theirs.pop("proof")
    signature = read_signature(proof["proofValue"], 64)
    KEY.public_key.verify(signature, hash_data(theirs, proof))
    theirs["credentialSubject"][0]["givenName"] = "Eve"
    with pytest.raises(SignatureError):
        KEY.public_key.verify(signature, hash_data(theirs, proof))
