"""Data Integrity: the official vectors of eddsa-rdfc-2022, ecdsa-rdfc-2019 and ecdsa-jcs-2019, byte for byte."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from trustid.credentials.data_integrity import (
    CREATORS,
    SUITES,
    Expectation,
    ecdsa_jcs_2019,
    ecdsa_rdfc_2019,
    ecdsa_sd_2023,
    eddsa_rdfc_2022,
    verify_document,
)
from trustid.credentials.json_ld import Contexts
from trustid.credentials.presentation import issue_credential, make_presentation, verify_presentation
from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import base58_decode, base58_encode, canonicalize
from trustid.errors import ProofError, TrustidError
from trustid.keys import SigningKey, generate, signing_key_from_multikey

VECTORS = Path(__file__).parents[1] / "vectors"
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    folder: Path
    suffix: str
    unsigned: str
    keys: str
    suite: ModuleType
    hash_name: Any
    deterministic: bool

    def text(self, name: str) -> str:
        return (self.folder / f"{name}{self.suffix}.txt").read_text().strip()

    def json(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}{self.suffix}.json").read_text())

    def document(self) -> Any:
        return json.loads((VECTORS / self.unsigned).read_text())

    def key(self) -> SigningKey:
        pair = json.loads((VECTORS / self.keys).read_text())
        return signing_key_from_multikey(pair.get("secretKeyMultibase") or pair["privateKeyMultibase"])

    def transform(self, document: Mapping[str, Any]) -> bytes:
        if "jcs" in self.suite.CRYPTOSUITE:
            return canonicalize(document)
        return Contexts.bundled().canonicalize(document, hash_name=self.hash_name)


ECDSA = VECTORS / "di-ecdsa"
CASES = [
    Case(VECTORS / "di-eddsa/eddsa-rdfc-2022", "DataInt", "di-eddsa/unsigned.json", "di-eddsa/keyPair.json",
         eddsa_rdfc_2022, "sha256", True),
    Case(ECDSA / "ecdsa-rdfc-2019-p256", "ECDSAP256", "di-ecdsa/unsigned.json", "di-ecdsa/p256KeyPair.json",
         ecdsa_rdfc_2019, "sha256", False),
    Case(ECDSA / "ecdsa-rdfc-2019-p384/employ", "ECDSAP384", "di-ecdsa/employmentAuth.json",
         "di-ecdsa/p384KeyPair.json", ecdsa_rdfc_2019, "sha384", False),
    Case(ECDSA / "ecdsa-jcs-2019-p256", "JCSECDSAP256", "di-ecdsa/unsigned.json", "di-ecdsa/p256KeyPair.json",
         ecdsa_jcs_2019, "sha256", False),
]  # fmt: skip


@pytest.fixture(params=CASES, ids=lambda case: case.suffix)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def test_each_intermediate(case: Case) -> None:
    """Canonical forms, hashes and what is signed."""
    document, config = case.document(), case.json("proofConfig")
    assert case.transform(document).decode().strip() == case.text("canonDoc")
    assert case.transform(config).decode().strip() == case.text("proofCanon")
    digest = [hashlib.new(case.hash_name, case.transform(part)).hexdigest() for part in (config, document)]
    assert digest == [case.text("proofHash"), case.text("docHash")]
    assert "".join(digest) == case.text("combinedHash")


def test_the_signature(case: Case) -> None:
    """The published one verifies; ours is the same where signing has no randomness."""
    message = bytes.fromhex(case.text("combinedHash"))
    signature = bytes.fromhex(case.text("sigHex"))
    assert "z" + base58_encode(signature) == case.text("sigBTC58")
    case.key().public_key.verify(signature, message)
    if case.deterministic:
        assert case.key().sign(message) == signature


def test_verified(case: Case) -> None:
    signed = case.json("signed")
    document = {name: value for name, value in signed.items() if name != "proof"}
    case.suite.verify(document, signed["proof"], case.key().public_key)
    with pytest.raises(ProofError) as caught:
        case.suite.verify({**document, "id": "urn:example:other"}, signed["proof"], case.key().public_key)
    assert caught.value.code == "proof_invalid"


def test_created(case: Case) -> None:
    """What is made here has the vector's form, and verifies."""
    signed, key = case.json("signed"), case.key()
    options = {
        name: value for name, value in signed["proof"].items() if name not in ("@context", "proofValue")
    }
    proof = case.suite.create(case.document(), options, key)
    case.suite.verify(case.document(), proof, key.public_key)
    assert proof.keys() == signed["proof"].keys()
    if case.deterministic:
        assert proof == signed["proof"]


def test_every_changed_member_is_refused(case: Case) -> None:
    """Each text of the document and of the proof, changed by one character, is noticed."""
    signed, key = case.json("signed"), case.key().public_key
    document = {name: value for name, value in signed.items() if name != "proof"}
    for secured in (document, signed["proof"]):
        for path, text in texts(secured):
            bad = changed(secured, path, f"{text}x")
            parts = (bad, signed["proof"]) if secured is document else (document, bad)
            with pytest.raises(TrustidError):
                case.suite.verify(*parts, key)
    case.suite.verify(document, signed["proof"], key)


def texts(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], str]]:
    """Every text in a JSON value, with where it stands."""
    if isinstance(value, str):
        return [(path, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, item in items for found in texts(item, (*path, name))]


def changed(value: Any, path: tuple[Any, ...], text: str) -> Any:
    whole = copy.deepcopy(value)
    place = whole
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = text
    return whole


def test_keys_of_another_kind() -> None:
    document = json.loads((VECTORS / "di-eddsa/unsigned.json").read_text())
    options = {"verificationMethod": "did:example:1#k", "proofPurpose": "assertionMethod"}
    for kind, good, other in (
        ("Ed25519", eddsa_rdfc_2022, ecdsa_rdfc_2019),
        ("P-256", ecdsa_jcs_2019, eddsa_rdfc_2022),
    ):
        key = generate(kind)  # type: ignore[arg-type]
        proof = good.create(document, options, key)
        good.verify(document, proof, key.public_key)
        for call in (
            lambda key=key, other=other: other.create(document, options, key),
            lambda key=key, good=good: good.create(document, {**options, "@context": []}, key),
            lambda key=key, other=other, proof=proof: other.verify(document, proof, key.public_key),
            lambda key=key, good=good, proof=proof: good.verify(
                document, {**proof, "proofValue": proof["proofValue"][:-1]}, key.public_key
            ),
            lambda key=key, good=good, proof=proof: good.verify(
                document, {**proof, "proofValue": "u" + proof["proofValue"][1:]}, key.public_key
            ),
            lambda key=key, good=good, proof=proof: good.verify(
                document, {**proof, "proofValue": "z0" + proof["proofValue"][2:]}, key.public_key
            ),
        ):
            with pytest.raises(ProofError) as caught:
                call()
            assert caught.value.code == "proof_invalid"


def test_a_proof_over_statements_brings_no_context() -> None:
    case = CASES[0]
    signed = case.json("signed")
    document = {name: value for name, value in signed.items() if name != "proof"}
    eddsa_rdfc_2022.verify(document, signed["proof"], case.key().public_key)
    with pytest.raises(ProofError):
        eddsa_rdfc_2022.verify(
            document, {**signed["proof"], "@context": document["@context"]}, case.key().public_key
        )


# --- proof sets and chains

CHAIN = VECTORS / "di-eddsa" / "proof-set-chain"


@pytest.mark.parametrize("name", ["signedProofSet1", "signedProofSet2", "signedProofChain1"])
def test_proof_sets_and_chains(name: str) -> None:
    signed = json.loads((CHAIN / f"{name}.json").read_text())
    verify = lambda document: verify_document(  # noqa: E731
        document,
        resolver=Resolver(None, clock=lambda: int(NOW.timestamp())),
        suites=SUITES,
        expected=Expectation("assertionMethod", NOW),
    )
    proofs = signed["proof"] if isinstance(signed["proof"], list) else [signed["proof"]]
    assert len(verify(signed).controllers) == len(proofs)
    for place, proof in enumerate(proofs):
        value = base58_decode(proof["proofValue"][1:])
        broken = copy.deepcopy(signed)
        target = broken["proof"][place] if isinstance(broken["proof"], list) else broken["proof"]
        target["proofValue"] = "z" + base58_encode(bytes([value[0] ^ 1]) + value[1:])
        with pytest.raises(ProofError) as caught:
            verify(broken)
        assert caught.value.code == "proof_invalid"


def test_a_chain_is_made_as_published() -> None:
    """The third proof covers the first two."""
    keys = json.loads((CHAIN / "multiKeyPairs.json").read_text())
    signed = json.loads((CHAIN / "signedProofChain1.json").read_text())
    document = {name: value for name, value in signed.items() if name != "proof"}
    for proof in signed["proof"]:
        pair = next(
            pair for pair in keys.values() if pair["publicKeyMultibase"] in proof["verificationMethod"]
        )
        names = proof.get("previousProof", [])
        earlier = [other for other in signed["proof"] if other["id"] in names]
        options = {name: value for name, value in proof.items() if name != "proofValue"}
        made = eddsa_rdfc_2022.create(
            {**document, "proof": earlier} if earlier else document,
            options,
            signing_key_from_multikey(pair["privateKeyMultibase"]),
        )
        assert made == proof


# --- every cryptosuite, through issuing, presenting and verifying


@pytest.mark.parametrize("name", sorted(CREATORS))
def test_from_issuing_to_presenting(name: str) -> None:
    """Issued, presented and verified with each suite; a changed claim or challenge is refused."""
    assert SUITES.keys() == CREATORS.keys()
    kind: Any = "Ed25519" if name.startswith("eddsa") else "P-256"
    issuer, holder = generate(kind), generate(kind)
    names = {key: did_key.create(key.public_key) for key in (issuer, holder)}
    methods = {key: f"{did}#{did.removeprefix('did:key:')}" for key, did in names.items()}
    resolver = Resolver(None, clock=lambda: int(NOW.timestamp()))
    credential = {
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://w3id.org/citizenship/v4rc1"],
        "type": ["VerifiableCredential", "EmploymentAuthorizationDocumentCredential"],
        "issuer": names[issuer],
        "credentialSubject": {"id": names[holder], "type": "Person", "givenName": "Ada"},
    }
    secured = issue_credential(
        credential, key=issuer, verification_method=methods[issuer], created=NOW, create=CREATORS[name]
    )
    if name == ecdsa_sd_2023.CRYPTOSUITE:
        # A base proof is the holder's; and a presentation is shown whole, so it takes another suite.
        secured = ecdsa_sd_2023.derive(secured, ["/credentialSubject/givenName"])
    presented = make_presentation(
        [secured],
        key=holder,
        verification_method=methods[holder],
        created=NOW,
        challenge="challenge",
        domain="verifier.example",
        create=CREATORS["ecdsa-rdfc-2019" if name == ecdsa_sd_2023.CRYPTOSUITE else name],
    )

    def check(document: Any, challenge: str = "challenge") -> None:
        verify_presentation(
            document, resolver=resolver, now=NOW, challenge=challenge, domain="verifier.example"
        )

    check(presented)
    changed_claim = copy.deepcopy(presented)
    changed_claim["verifiableCredential"][0]["credentialSubject"]["givenName"] = "Eve"
    for document, challenge, code in (
        (changed_claim, "challenge", "proof_invalid"),
        (presented, "another", "challenge_mismatch"),
        (changed(presented, ("proof", "domain"), "other.example"), "challenge", "domain_mismatch"),
        (changed(presented, ("proof", "created"), "2025-06-01T11:59:59Z"), "challenge", "proof_invalid"),
    ):
        with pytest.raises(TrustidError) as caught:
            check(document, challenge)
        assert caught.value.code == code
