"""Data Integrity: the official eddsa-jcs-2022 vector, and every check of a proof broken once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trustid.credentials.data_integrity import SUITES, Expectation, eddsa_jcs_2022, verify_document
from trustid.credentials.data_integrity.proof import MAX_PROOFS, split_proofs
from trustid.credentials.model import V2_CONTEXT
from trustid.credentials.presentation import (
    check_subjects,
    issue_credential,
    make_presentation,
    verify_credential,
    verify_presentation,
)
from trustid.did import key as did_key
from trustid.did.document import DidDocument
from trustid.did.resolver import Resolver
from trustid.encoding import base58_decode, base58_encode, canonicalize, multibase_encode, sha256
from trustid.errors import ResolutionError, TrustidError
from trustid.keys import (
    Ed25519SigningKey,
    PublicKey,
    SigningKey,
    generate,
    public_key_from_multikey,
    signing_key_from_multikey,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "di-eddsa"
JCS = VECTORS / "eddsa-jcs-2022"
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def read(name: str) -> str:
    return (JCS / name).read_text().strip()


def refused(code: str, call: Any, *args: Any, **options: Any) -> None:
    with pytest.raises(TrustidError) as caught:
        call(*args, **options)
    assert caught.value.code == code


# --- the official vector, each intermediate file


UNSIGNED = json.loads((VECTORS / "unsigned.json").read_text())
CONFIG = json.loads(read("proofConfigJCS.json"))
SIGNED = json.loads(read("signedJCS.json"))
KEY = signing_key_from_multikey(json.loads((VECTORS / "keyPair.json").read_text())["privateKeyMultibase"])


def test_vector_canonical_forms() -> None:
    assert canonicalize(UNSIGNED).decode() == read("canonDocJCS.txt")
    assert canonicalize(CONFIG).decode() == read("proofCanonJCS.txt")


def test_vector_hashes() -> None:
    assert sha256(canonicalize(UNSIGNED)).hex() == read("docHashJCS.txt")
    assert sha256(canonicalize(CONFIG)).hex() == read("proofHashJCS.txt")
    assert eddsa_jcs_2022.hash_data(UNSIGNED, CONFIG).hex() == read("combinedHashJCS.txt")


def test_vector_signature() -> None:
    signature = KEY.sign(bytes.fromhex(read("combinedHashJCS.txt")))
    assert signature.hex() == read("sigHexJCS.txt")
    assert "z" + base58_encode(signature) == read("sigBTC58JCS.txt")


def test_vector_created() -> None:
    options = {name: value for name, value in CONFIG.items() if name != "@context"}
    assert {**UNSIGNED, "proof": eddsa_jcs_2022.create(UNSIGNED, options, KEY)} == SIGNED


def test_vector_verified() -> None:
    unsecured, (proof,) = split_proofs(SIGNED)
    eddsa_jcs_2022.verify(unsecured, proof, KEY.public_key)
    verified = verify_document(
        SIGNED,
        resolver=Resolver(None, clock=lambda: 0),
        suites=SUITES,
        expected=Expectation("assertionMethod", NOW),
    )
    assert verified.document == UNSIGNED
    assert verified.controllers == ("did:key:" + KEY.public_key.to_multikey(),)


def test_vector_changed() -> None:
    """One character of any claim, option or of the proof value: refused."""
    unsecured, (proof,) = split_proofs(SIGNED)
    for document, part in ((unsecured, unsecured), (proof, proof)):
        text = json.dumps(document)
        for position, character in enumerate(text):
            if not character.isalnum():
                continue
            other = "2" if character == "1" else "1"
            try:
                changed = json.loads(text[:position] + other + text[position + 1 :])
            except ValueError:
                continue
            if changed == document:
                continue
            arguments = (changed, proof) if part is unsecured else (unsecured, changed)
            refused("proof_invalid", eddsa_jcs_2022.verify, *arguments, KEY.public_key)


# --- a small world: two parties, and what their documents list


@dataclass(frozen=True)
class Method:
    id: str
    controller: str
    public_key: PublicKey


ADA, BOB = Ed25519SigningKey.generate(), Ed25519SigningKey.generate()
ADA_DID, BOB_DID = "did:example:ada", "did:example:bob"


class World:
    """A resolver over documents that are made here, with the DID floor's own rules."""

    def __init__(self, **changes: Any) -> None:
        self.documents = {ADA_DID: document(ADA_DID, ADA, **changes), BOB_DID: document(BOB_DID, BOB)}

    def verification_method(self, did_url: str, relationship: str) -> Any:
        did = did_url.partition("#")[0]
        if did not in self.documents:
            raise ResolutionError("did_not_found")
        return DidDocument.from_json(self.documents[did], did).verification_method(did_url, relationship)


def document(did: str, key: SigningKey, **changes: Any) -> dict[str, Any]:
    method = {
        "id": f"{did}#1",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": key.public_key.to_multikey(),
    }
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": did,
        "verificationMethod": [method | changes.pop("method", {})],
        "assertionMethod": [f"{did}#1"],
        "authentication": [f"{did}#1"],
        **changes,
    }


CREDENTIAL = {
    "@context": [V2_CONTEXT, {"name_of_school": "https://example.org/school"}],
    "type": ["VerifiableCredential"],
    "issuer": ADA_DID,
    "credentialSubject": {"id": BOB_DID, "name_of_school": "Examples"},
}


def secured(**options: Any) -> dict[str, Any]:
    base = {
        "verificationMethod": f"{ADA_DID}#1",
        "proofPurpose": "assertionMethod",
        "created": "2025-06-01T11:00:00Z",
    }
    merged = {name: value for name, value in (base | options).items() if value is not ...}
    key = merged.pop("key", ADA)
    return {**CREDENTIAL, "proof": eddsa_jcs_2022.create(CREDENTIAL, merged, key)}


def accept(value: dict[str, Any], world: World | None = None, **changes: Any) -> Any:
    expected = Expectation(**({"purpose": "assertionMethod", "now": NOW} | changes))
    return verify_document(value, resolver=world or World(), suites=SUITES, expected=expected)


def altered(value: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**value, "proof": {**value["proof"], **changes}}


def test_B081_purpose() -> None:
    assert accept(secured()).controllers == (ADA_DID,)
    refused("proof_invalid", accept, secured(), purpose="authentication")
    assert accept(secured(proofPurpose="authentication"), purpose="authentication")
    refused(
        "proof_invalid", accept, altered(secured(), proofPurpose="authentication"), purpose="authentication"
    )


def test_B082_relationship() -> None:
    assert accept(secured(), World())
    refused("proof_invalid", accept, secured(), World(assertionMethod=[]))
    assert accept(secured(proofPurpose="authentication"), World(assertionMethod=[]), purpose="authentication")


def test_B083_controller() -> None:
    assert accept(secured(), controller=ADA_DID)
    refused("proof_invalid", accept, secured(), controller=BOB_DID)
    bobs = secured(verificationMethod=f"{BOB_DID}#1", key=BOB)
    assert accept(bobs).controllers == (BOB_DID,)
    refused("issuer_mismatch", verify_credential, bobs, resolver=World(), now=NOW)
    refused("proof_invalid", accept, secured(verificationMethod=f"{BOB_DID}#1"))
    # A document may not lend out a method that another controls.
    with pytest.raises(ResolutionError):
        accept(secured(), World(method={"controller": BOB_DID}))

    class Lying:
        def verification_method(self, did_url: str, relationship: str) -> Method:
            return Method(f"{BOB_DID}#1", BOB_DID, ADA.public_key)

    refused("proof_invalid", accept, secured(), Lying())
    with pytest.raises(ResolutionError):
        accept(secured(verificationMethod="did:example:nobody#1"))


def test_B084_challenge_and_domain() -> None:
    def proved(**options: Any) -> dict[str, Any]:
        return secured(**({"challenge": "c", "domain": "v.example"} | options))

    wanted = {"challenge": "c", "domain": "v.example"}
    assert accept(proved(), **wanted)
    assert accept(proved(domain=["v.example"]), **wanted)
    for challenge in ("d", "", ...):
        refused("challenge_mismatch", accept, proved(challenge=challenge), **wanted)
    for domain in ("w.example", ..., [], ["v.example", "w.example"], "V.example"):
        refused("domain_mismatch", accept, proved(domain=domain), **wanted)
    refused("proof_invalid", accept, altered(proved(challenge="other"), challenge="c"), **wanted)
    refused("proof_invalid", secured, challenge=1)


def test_B085_suite_encoding_time() -> None:
    good = secured(expires="2025-06-02T00:00:00Z")
    assert accept(good)
    for suite in ("eddsa-rdfc-2022", "ecdsa-jcs-2019", "", None, 1):
        refused("proof_invalid", accept, altered(good, cryptosuite=suite))
    refused(
        "proof_invalid",
        eddsa_jcs_2022.verify,
        CREDENTIAL,
        altered(good, cryptosuite="x")["proof"],
        ADA.public_key,
    )
    refused("proof_invalid", accept, altered(good, type="Ed25519Signature2020"))
    raw = base58_decode(good["proof"]["proofValue"][1:])
    for value in (multibase_encode(raw, "u"), "z" + base58_encode(raw[:-1]), "z0", "z", "", None, ...):
        proof = {name: v for name, v in (good["proof"] | {"proofValue": value}).items() if v is not ...}
        refused("proof_invalid", accept, {**good, "proof": proof})
    refused("proof_invalid", accept, secured(created="2025-06-01T12:01:01Z"))
    assert accept(secured(created="2025-06-01T12:01:00Z"))
    refused("proof_invalid", accept, secured(expires="2025-06-01T11:59:00Z"))
    assert accept(secured(expires="2025-06-01T11:59:01Z"))
    for bad in ("yesterday", "2025-06-01", 1):
        refused("proof_invalid", secured, created=bad)
    refused("proof_invalid", secured, verificationMethod="no url")
    refused("proof_invalid", secured, proofPurpose=...)
    refused("proof_invalid", secured, key=generate("P-256"))
    refused("proof_invalid", secured, cryptosuite="eddsa-rdfc-2022")
    refused("proof_invalid", eddsa_jcs_2022.verify, CREDENTIAL, good["proof"], generate("P-256").public_key)


def test_B080_proof_places() -> None:
    good = secured()
    assert accept({**good, "proof": [good["proof"]]})
    forged = {**good["proof"], "verificationMethod": f"{BOB_DID}#1"}
    for proofs in ([], None, "x", [good["proof"], forged], [good["proof"]] * (MAX_PROOFS + 1), [1]):
        refused("proof_invalid", accept, {**good, "proof": proofs})
    refused("proof_invalid", accept, CREDENTIAL)


def test_B080_previous_proof() -> None:
    first = secured(id="urn:uuid:1")["proof"]
    options = {
        "verificationMethod": f"{BOB_DID}#1",
        "proofPurpose": "assertionMethod",
        "previousProof": "urn:uuid:1",
    }
    second = eddsa_jcs_2022.create({**CREDENTIAL, "proof": [first]}, options, BOB)
    assert accept({**CREDENTIAL, "proof": [first, second]}).controllers == (ADA_DID, BOB_DID)
    refused("proof_invalid", accept, {**CREDENTIAL, "proof": [second]})
    refused("proof_invalid", accept, {**CREDENTIAL, "proof": [first, {**second, "previousProof": []}]})
    refused("proof_invalid", accept, {**CREDENTIAL, "proof": [first, first, second]})
    swapped = secured(id="urn:uuid:1", created="2025-06-01T11:30:00Z")["proof"]
    refused("proof_invalid", accept, {**CREDENTIAL, "proof": [swapped, second]})
    cyclic = {**second, "id": "urn:uuid:2", "previousProof": "urn:uuid:2"}
    refused("proof_invalid", accept, {**CREDENTIAL, "proof": [cyclic]})


def test_context_must_begin_the_documents() -> None:
    """Section 3.3.2: contexts may be appended to the document, never put before or changed."""
    good = secured()
    inline = CREDENTIAL["@context"][1]
    assert accept({**good, "@context": [V2_CONTEXT, inline, "https://example.org/more"]})
    for context in (
        [V2_CONTEXT],
        [inline, V2_CONTEXT],
        ["https://example.org/x", V2_CONTEXT, inline],
        V2_CONTEXT,
        None,
    ):
        refused("proof_invalid", accept, {**good, "@context": context})
    refused("proof_invalid", accept, altered(good, **{"@context": []}))
    bare = {"a": 1}
    proof = eddsa_jcs_2022.create(bare, {"verificationMethod": f"{ADA_DID}#1", "proofPurpose": "p"}, ADA)
    assert "@context" not in proof
    eddsa_jcs_2022.verify(bare, proof, ADA.public_key)


# --- credentials and presentations


def issued(subject: str = BOB_DID, **changes: Any) -> dict[str, Any]:
    value = {**CREDENTIAL, "credentialSubject": {"id": subject, "name_of_school": "E"}, **changes}
    return issue_credential(value, key=ADA, verification_method=f"{ADA_DID}#1", created=NOW)


def presented(*credentials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"key": BOB, "verification_method": f"{BOB_DID}#1", "created": NOW}
    return make_presentation(credentials, **(options | {"challenge": "c", "domain": "v"} | changes))


def check(value: dict[str, Any], **changes: Any) -> Any:
    options: dict[str, Any] = {"resolver": World(), "now": NOW, "challenge": "c", "domain": "v"}
    return verify_presentation(value, **(options | changes))


def test_presentation() -> None:
    result = check(presented(issued(), issued()))
    assert (result.holder, len(result.credentials)) == (BOB_DID, 2)
    assert "proof" not in result.credentials[0].document
    check_subjects(result)
    refused("challenge_mismatch", check, presented(issued()), challenge="d")
    refused("domain_mismatch", check, presented(issued()), domain="w")
    bad = issued()
    bad["credentialSubject"]["name_of_school"] = "Other"
    refused("proof_invalid", check, presented(bad))
    refused("proof_invalid", check, presented(issued(), bad))
    refused("proof_invalid", check, presented(CREDENTIAL))
    envelope = {
        "@context": [V2_CONTEXT],
        "type": "EnvelopedVerifiableCredential",
        "id": "data:application/vc+jwt,x",
    }
    refused("proof_invalid", check, presented(envelope))


def test_B086_subject() -> None:
    check_subjects(check(presented(issued(BOB_DID))))
    refused("holder_mismatch", check_subjects, check(presented(issued(ADA_DID))))
    stolen = presented(issued(), key=ADA, verification_method=f"{ADA_DID}#1")
    refused("holder_mismatch", check_subjects, check(stolen))
    unsigned = {name: value for name, value in presented(issued()).items() if name != "proof"}
    options = {
        "verificationMethod": f"{ADA_DID}#1",
        "proofPurpose": "authentication",
        "challenge": "c",
        "domain": "v",
    }
    refused("holder_mismatch", check, {**unsigned, "proof": eddsa_jcs_2022.create(unsigned, options, ADA)})


def test_B087_credential() -> None:
    past, future = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
    stamps = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (past, future)]
    assert verify_credential(issued(validFrom=stamps[0], validUntil=stamps[1]), resolver=World(), now=NOW)
    refused("expired", verify_credential, issued(validUntil=stamps[0]), resolver=World(), now=NOW)
    refused("not_yet_valid", verify_credential, issued(validFrom=stamps[1]), resolver=World(), now=NOW)
    refused("issuer_mismatch", issued, issuer={"id": BOB_DID})
    foreign = {**CREDENTIAL, "issuer": {"id": BOB_DID}}
    options = {"verificationMethod": f"{ADA_DID}#1", "proofPurpose": "assertionMethod"}
    foreign["proof"] = eddsa_jcs_2022.create(foreign, options, ADA)
    refused("issuer_mismatch", verify_credential, foreign, resolver=World(), now=NOW)
    unissued = {name: value for name, value in issued().items() if name != "issuer"}
    refused("malformed", verify_credential, unissued, resolver=World(), now=NOW)
    refused("malformed", issued, proof={})


def test_with_did_key() -> None:
    """The real resolver, without a network: did:key on both sides."""
    issuer, holder = did_key.create(ADA.public_key), did_key.create(BOB.public_key)
    methods = [f"{did}#{did.removeprefix('did:key:')}" for did in (issuer, holder)]
    credential = issue_credential(
        {**CREDENTIAL, "issuer": issuer, "credentialSubject": {"id": holder}},
        key=ADA,
        verification_method=methods[0],
        created=NOW,
    )
    value = presented(credential, verification_method=methods[1])
    check_subjects(check(value, resolver=Resolver(None, clock=lambda: 0)))


WEBVH = sorted((VECTORS.parent / "did-webvh").rglob("did.jsonl"))


@pytest.mark.parametrize("path", WEBVH, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_did_webvh_entries(path: Path) -> None:
    """The log entries of did:webvh carry eddsa-jcs-2022 proofs of three other implementations."""
    for line in path.read_text().splitlines():
        entry, proofs = split_proofs(json.loads(line))
        for proof in proofs:
            key = public_key_from_multikey(proof["verificationMethod"].rpartition("#")[2])
            if "wrong-cryptosuite" in str(path):
                refused("proof_invalid", eddsa_jcs_2022.verify, entry, proof, key)
                continue
            eddsa_jcs_2022.verify(entry, proof, key)
            refused("proof_invalid", eddsa_jcs_2022.verify, {**entry, "x": 1}, proof, key)
