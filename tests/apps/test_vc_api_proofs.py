"""What the official suites of the Data Integrity cryptosuites ask of both servers, case by case, over HTTP.

Read in vc-di-eddsa-test-suite, vc-di-ecdsa-test-suite and
data-integrity-test-suite-assertion of the W3C and its Community Group; the
documents here are our own. A proof that is to be refused for one reason is
valid but for that: what is wrong in it was signed.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from refusing import refused
from trustid import keys
from trustid.credentials.data_integrity import SUITES, ecdsa_rdfc_2019, ecdsa_sd_2023, eddsa_rdfc_2022
from trustid.credentials.json_ld import Contexts
from trustid.did import key as did_key
from trustid.encoding import b64url_decode, b64url_encode, base58_decode, base58_encode, canonicalize, sha256
from trustid.keys import SigningKey
from vc_api_servers import Servers, open_servers

V2 = "https://www.w3.org/ns/credentials/v2"
CREATED = "2026-01-01T00:00:00Z"
DATE_TIME_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
CASES = [
    ("eddsa-jcs-2022", "Ed25519", 64),
    ("eddsa-rdfc-2022", "Ed25519", 64),
    ("ecdsa-jcs-2019", "P-256", 64),
    ("ecdsa-jcs-2019", "P-384", 96),
    ("ecdsa-rdfc-2019", "P-256", 64),
    ("ecdsa-rdfc-2019", "P-384", 96),
]
NAMES = [f"{suite} {kind}" for suite, kind, _ in CASES]
ALGORITHM = {"Ed25519": "EdDSA", "P-256": "ES256", "P-384": "ES384"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    return open_servers(tmp_path_factory.mktemp("proofs"))


def unsigned(issuer: str, **changes: Any) -> dict[str, Any]:
    return {
        "@context": [V2],
        "id": "urn:uuid:0b2f1a0e-4c0f-4d7e-9d0a-3f1d8a4f7c55",
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "credentialSubject": {"id": "did:example:ada", "name": "Ada"},
        **changes,
    }


def names_of(client: FlaskClient) -> dict[str, str]:
    """The issuer's did:key for each kind of key."""
    vc = client.application.extensions["trustid_issuer"].vc
    found = {
        name.keys[0].key.algorithm: did
        for did, name in vc.identity.names.items()
        if did.startswith("did:key")
    }
    return {kind: found[algorithm] for kind, algorithm in ALGORITHM.items()}


def issue(servers: Servers, suite: str, kind: str, **options: Any) -> Any:
    document = unsigned(names_of(servers.issuer)[kind])
    answer = servers.issuer.post(
        f"/credentials/issue/{suite}", json={"credential": document, "options": options}
    )
    assert answer.status_code == 201, answer.json
    return answer.json["verifiableCredential"]


def verify(servers: Servers, credential: Any, **options: Any) -> tuple[int, list[str]]:
    body = {"verifiableCredential": credential, "options": {"checks": ["proof"], **options}}
    answer = servers.verifier.post("/credentials/verify", json=body)
    assert answer.json["verified"] is (answer.status_code == 200)
    return answer.status_code, [error["code"] for error in answer.json["errors"]]


OK: tuple[int, list[str]] = (200, [])


@pytest.mark.parametrize(("suite", "kind", "size"), CASES, ids=NAMES)
def test_what_is_issued(servers: Servers, suite: str, kind: str, size: int) -> None:
    issued = issue(servers, suite, kind)
    proof = issued["proof"]
    assert (proof["type"], proof["cryptosuite"], proof["proofPurpose"]) == (
        "DataIntegrityProof",
        suite,
        "assertionMethod",
    )
    assert DATE_TIME_STAMP.fullmatch(proof["created"])
    assert proof["proofValue"][0] == "z"
    assert len(base58_decode(proof["proofValue"][1:])) == size
    assert proof.get("@context") == (issued["@context"] if "-jcs-" in suite else None)
    did, _, fragment = proof["verificationMethod"].partition("#")
    assert did == f"did:key:{fragment}" == issued["issuer"]
    assert fragment[0] == "z"
    assert verify(servers, issued) == OK


def changed(credential: Any, **changes: Any) -> Any:
    return {**credential, "proof": {**credential["proof"], **changes}}


def without(credential: Any, name: str) -> Any:
    return {**credential, "proof": {key: value for key, value in credential["proof"].items() if key != name}}


TAMPERED: dict[str, Callable[[Any], Any]] = {
    "no proof": lambda vc: {key: value for key, value in vc.items() if key != "proof"},
    "proof null": lambda vc: {**vc, "proof": None},
    "proof text": lambda vc: {**vc, "proof": "z"},
    "no proofs": lambda vc: {**vc, "proof": []},
    "no type": lambda vc: without(vc, "type"),
    "other type": lambda vc: changed(vc, type="UnknownProofType"),
    "no cryptosuite": lambda vc: without(vc, "cryptosuite"),
    "other cryptosuite": lambda vc: changed(vc, cryptosuite="invalid-cryptosuite"),
    "no proofValue": lambda vc: without(vc, "proofValue"),
    "proofValue null": lambda vc: changed(vc, proofValue=None),
    "proofValue without header": lambda vc: changed(vc, proofValue=vc["proof"]["proofValue"][1:]),
    "proofValue of another base": lambda vc: changed(
        vc, proofValue="u" + b64url_encode(base58_decode(vc["proof"]["proofValue"][1:]))
    ),
    "proofValue too long": lambda vc: changed(
        vc, proofValue="z" + base58_encode(base58_decode(vc["proof"]["proofValue"][1:]) + bytes(32))
    ),
    "undefined term": lambda vc: {
        **vc,
        "credentialSubject": {**vc["credentialSubject"], "undefinedTerm": "lost"},
    },
    "undefined type": lambda vc: {**vc, "type": [*vc["type"], "UndefinedType"]},
    "another subject": lambda vc: {**vc, "credentialSubject": {"id": "urn:invalid"}},
}


@pytest.mark.parametrize("change", TAMPERED)
@pytest.mark.parametrize(("suite", "kind", "size"), CASES, ids=NAMES)
def test_B085_tampered(servers: Servers, suite: str, kind: str, size: int, change: str) -> None:
    issued = issue(servers, suite, kind)
    assert verify(servers, issued) == OK
    status, codes = verify(servers, TAMPERED[change](copy.deepcopy(issued)))
    assert (status, len(codes)) == (400, 1)
    assert codes[0] in {"proof_invalid", "malformed", "context_undefined_term"}


@dataclass(frozen=True)
class Signer:
    """A signer who checks nothing."""

    key: SigningKey
    suite: str

    @property
    def did(self) -> str:
        return did_key.create(self.key.public_key)

    def hashed(self, part: Any) -> bytes:
        hash_name = "sha384" if self.key.algorithm == "ES384" else "sha256"
        if "-jcs-" in self.suite:
            return hashlib.new(hash_name, canonicalize(part)).digest()
        return Contexts.bundled().digest(part, hash_name=hash_name)  # type: ignore[arg-type]

    def sign(self, document: Any, hashed: Callable[[Any], bytes] | None = None, **options: Any) -> Any:
        proof = {
            "type": "DataIntegrityProof",
            "cryptosuite": self.suite,
            "created": CREATED,
            "verificationMethod": f"{self.did}#{self.did.removeprefix('did:key:')}",
            "proofPurpose": "assertionMethod",
            **options,
        }
        proof = {name: value for name, value in proof.items() if value is not None}
        configuration = {**proof, "@context": document["@context"]}
        hashed = hashed or self.hashed
        value = self.key.sign(hashed(configuration) + hashed(document))
        kept = configuration if "-jcs-" in self.suite else proof
        return {**document, "proof": {**kept, "proofValue": "z" + base58_encode(value)}}


SIGNED: list[dict[str, Any]] = [
    {"verificationMethod": None},
    {"verificationMethod": "did:key:invalidVm"},
    {"proofPurpose": None},
    {"proofPurpose": "authentication"},
    {"created": "invalidDate"},
    {"created": "2026-01-01T00:00:00"},
    {"expires": "2026-01-01T00:00:00"},
    {"expires": "2020-01-01T00:00:00Z"},
    {"cryptosuite": "UnknownCryptosuite"},
    {"cryptosuite": ""},
]


@pytest.mark.parametrize("options", SIGNED, ids=str)
@pytest.mark.parametrize(("suite", "kind", "size"), CASES, ids=NAMES)
def test_B085_signed_though_wrong(servers: Servers, suite: str, kind: str, size: int, options: Any) -> None:
    signer = Signer(keys.generate(kind), suite)  # type: ignore[arg-type]
    document = unsigned(signer.did)
    assert verify(servers, signer.sign(document)) == OK
    assert verify(servers, signer.sign(document, created=None)) == OK
    status, codes = verify(servers, signer.sign(document, **options))
    assert (status, codes) in [(400, ["proof_invalid"]), (400, ["issuer_mismatch"])]


def test_other_ways_to_hash(servers: Servers) -> None:
    signer = Signer(keys.generate("Ed25519"), "eddsa-rdfc-2022")
    document = unsigned(signer.did)
    assert verify(servers, signer.sign(document)) == OK
    for hashed in (
        lambda part: sha256(canonicalize(part)),
        lambda part: hashlib.sha512(Contexts.bundled().canonicalize(part)).digest(),
    ):
        assert verify(servers, signer.sign(document, hashed)) == (400, ["proof_invalid"])


def test_B084_purpose_challenge_and_domain_of_a_credential(servers: Servers) -> None:
    signer = Signer(keys.generate("Ed25519"), "eddsa-rdfc-2022")
    plain = signer.sign(unsigned(signer.did))
    assert verify(servers, plain, expectedProofPurpose="assertionMethod") == OK
    assert verify(servers, plain, expectedProofPurpose="authentication") == (400, ["proof_invalid"])
    addressed = signer.sign(unsigned(signer.did), challenge="c", domain="d.example")
    assert verify(servers, addressed) == OK
    assert verify(servers, addressed, challenge="c", domain="d.example") == OK
    assert verify(servers, addressed, challenge="other", domain="d.example") == (400, ["challenge_mismatch"])
    assert verify(servers, addressed, challenge="c", domain="other.example") == (400, ["domain_mismatch"])
    assert verify(servers, plain, domain="d.example") == (400, ["domain_mismatch"])
    assert verify(servers, plain, challenge="c") == (400, ["challenge_mismatch"])
    both = signer.sign(unsigned(signer.did), challenge="c", domain=["d.example", "other.example"])
    assert verify(servers, both, domain="d.example") == (400, ["domain_mismatch"])


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "ecdsa-rdfc-2019"])
def test_B080_chains(servers: Servers, suite: str) -> None:
    signer = Signer(keys.generate("Ed25519" if suite.startswith("eddsa") else "P-256"), suite)
    document = unsigned(signer.did)
    first = signer.sign(document, id="urn:uuid:1")["proof"]

    def second(**options: Any) -> Any:
        return signer.sign({**document, "proof": [first]}, id="urn:uuid:2", **options)["proof"]

    def both(*proofs: Any) -> tuple[int, list[str]]:
        return verify(servers, {**document, "proof": list(proofs)})

    for name in ("urn:uuid:1", ["urn:uuid:1"]):
        assert both(first, second(previousProof=name)) == OK
    chained = second(previousProof="urn:uuid:1")
    assert both(first, {**chained, "id": "urn:uuid:3"}) == (400, ["proof_invalid"])
    for name in ("urn:uuid:9", ["urn:uuid:9"], ["urn:uuid:1", "urn:uuid:9"], 1, {"id": "urn:uuid:1"}):
        assert both(first, second(previousProof=name)) == (400, ["proof_invalid"])
    alone = signer.sign(document, id="urn:uuid:2")["proof"]
    assert both(first, alone) == OK
    assert both(alone, chained) == (400, ["proof_invalid"])


BROUGHT = {
    "@protected": True,
    "RaceCredential": "urn:example:RaceCredential",
    "boards": {"@id": "urn:example:boards", "@context": {"@protected": True, "maker": "urn:example:maker"}},
    "sailNumber": "urn:example:sailNumber",
}
RACE = {
    "@context": [V2, BROUGHT],
    "id": None,
    "type": ["VerifiableCredential", "RaceCredential"],
    "credentialSubject": {
        "sailNumber": "Earth101",
        "boards": [{"maker": "Tillo"}, {"maker": "Wailea"}, {"maker": "Oak"}],
    },
}


def race(issuer: str) -> dict[str, Any]:
    return {name: value for name, value in unsigned(issuer, **RACE).items() if value is not None}


@pytest.mark.parametrize(
    ("suite", "kind"),
    [("eddsa-rdfc-2022", "Ed25519"), ("ecdsa-rdfc-2019", "P-256"), ("ecdsa-rdfc-2019", "P-384")],
)
def test_B068_contexts_that_a_document_brings(servers: Servers, suite: str, kind: Any) -> None:
    """Taken in this mode only, and signed with the rest."""
    key = keys.generate(kind)
    did = did_key.create(key.public_key)
    contexts = Contexts.bundled().with_inline([BROUGHT])
    cryptosuite = (eddsa_rdfc_2022 if kind == "Ed25519" else ecdsa_rdfc_2019).cryptosuite(contexts)
    method = f"{did}#{did.removeprefix('did:key:')}"
    options = {"created": CREATED, "verificationMethod": method, "proofPurpose": "assertionMethod"}
    signed = {**race(did), "proof": cryptosuite.create(race(did), options, key)}
    assert verify(servers, signed) == OK
    with refused("context_not_allowed"):
        SUITES[suite](race(did), signed["proof"], key.public_key)
    other = {**BROUGHT, "sailNumber": "urn:example:other"}
    assert verify(servers, {**signed, "@context": [V2, other]}) == (400, ["proof_invalid"])


class Selective:
    """An issuer and a holder of ecdsa-sd-2023."""

    def __init__(self) -> None:
        self.key = keys.generate("P-256")
        self.did = did_key.create(self.key.public_key)
        self.contexts = Contexts.bundled().with_inline([BROUGHT])

    def base(self, document: Any) -> Any:
        method = f"{self.did}#{self.did.removeprefix('did:key:')}"
        options = {"created": CREATED, "verificationMethod": method, "proofPurpose": "assertionMethod"}
        proof = ecdsa_sd_2023.create_base(
            document, options, self.key, mandatory_pointers=["/issuer"], contexts=self.contexts
        )
        return {**document, "proof": proof}

    def shown(self, document: Any, *pointers: str) -> Any:
        return ecdsa_sd_2023.derive(self.base(document), pointers, contexts=self.contexts)


def test_selective_disclosure(servers: Servers) -> None:
    """Nested parts, nodes without a name, arrays whole and in part; never a base proof."""
    holder = Selective()
    document = race(holder.did)
    assert verify(servers, holder.base(document)) == (400, ["proof_invalid"])
    for pointers in (
        ["/credentialSubject/boards"],
        ["/credentialSubject/boards/1", "/credentialSubject/boards/2"],
        ["/credentialSubject/boards/0/maker", "/credentialSubject/sailNumber"],
        ["/credentialSubject/sailNumber"],
    ):
        assert verify(servers, holder.shown(document, *pointers)) == OK, pointers
    plain = unsigned(holder.did)
    assert verify(servers, holder.shown(plain, "/credentialSubject/id")) == OK


def test_selective_disclosure_refused(servers: Servers) -> None:
    holder = Selective()
    shown = holder.shown(unsigned(holder.did), "/credentialSubject/id")
    assert verify(servers, shown) == OK
    value = shown["proof"]["proofValue"]
    raw = b64url_decode(value[1:])
    for other in ("a", value[1:], value[:1] + value[4:], "z" + base58_encode(raw), None, "u", "u2V0B"):
        assert verify(servers, changed(shown, proofValue=other)) == (400, ["proof_invalid"]), other
    for header in (b"\xd9\x5d\x00", b"\xd9\x5d\x02", b"\xd9\x5e\x01"):
        other = "u" + b64url_encode(header + raw[3:])
        assert verify(servers, changed(shown, proofValue=other)) == (400, ["proof_invalid"])
    assert verify(servers, changed(shown, cryptosuite="invalid-cryptosuite"))[0] == 400
    assert verify(servers, {**shown, "credentialSubject": {"id": "urn:invalid"}}) == (400, ["proof_invalid"])


def test_selective_disclosure_through_the_servers(servers: Servers) -> None:
    base = issue(servers, "ecdsa-sd-2023", "P-256", mandatoryPointers=["/issuer"])
    assert base["proof"]["proofValue"].startswith("u2V0A")
    derived = servers.issuer.post(
        "/credentials/derive",
        json={"options": {"selectivePointers": ["/credentialSubject/id"]}, "verifiableCredential": base},
    )
    assert derived.status_code == 201
    assert verify(servers, derived.json["verifiableCredential"]) == OK
    document = unsigned(names_of(servers.issuer)["P-256"])
    body = {"credential": document, "options": {"mandatoryPointers": ["/credentialSubject/invalidPointer"]}}
    assert servers.issuer.post("/credentials/issue/ecdsa-sd-2023", json=body).status_code == 400


def test_a_request_without_a_credential(servers: Servers) -> None:
    """Test data that a suite failed to make leaves the member out."""
    answer = servers.verifier.post("/credentials/verify", json={"options": {"checks": ["proof"]}})
    assert (answer.status_code, answer.json["verified"]) == (400, False)


def test_the_kinds_of_key(servers: Servers) -> None:
    prefixes = {"Ed25519": "did:key:z6Mk", "P-256": "did:key:zDna", "P-384": "did:key:z82L"}
    assert all(did.startswith(prefixes[kind]) for kind, did in names_of(servers.issuer).items())
