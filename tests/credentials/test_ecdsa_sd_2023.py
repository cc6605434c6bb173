"""ecdsa-sd-2023: the official vector step by step, what holders can keep back, and what they cannot."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.refusing import refused
from tests.vectors_at import vector_json, vector_text
from trustid.credentials.data_integrity import SUITES, Expectation, ecdsa_sd_2023, verify_document
from trustid.credentials.data_integrity.ecdsa_sd_2023 import (
    create_base,
    create_base_derand,
    derive,
    essential_pointers,
)
from trustid.credentials.data_integrity.ecdsa_sd_proof_value import BaseProofValue, DerivedProofValue
from trustid.credentials.data_integrity.proof import split_proofs
from trustid.credentials.data_integrity.selection import MAX_POINTER_CHARS, MAX_POINTERS, select
from trustid.credentials.data_integrity.statements import MAX_STATEMENTS, Statements
from trustid.credentials.json_ld import Contexts, canonicalize_nquads
from trustid.credentials.presentation import issue_credential
from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import b64url_decode, b64url_encode, cbor_encode, sha256
from trustid.keys import P256PublicKey, generate, public_key_from_multikey, signing_key_from_multikey

FOLDER = "di-ecdsa/ecdsa-sd-2023"
KEYS = vector_json(f"{FOLDER}/SDKeyMaterial.json")
KEY = signing_key_from_multikey(KEYS["baseKeyPair"]["secretKeyMultibase"])
PROOF_KEY = signing_key_from_multikey(KEYS["proofKeyPair"]["secretKeyMultibase"])
HMAC_KEY = bytes.fromhex(KEYS["hmacKeyString"])
DOCUMENT = vector_json("di-ecdsa/employmentAuth.json")
MANDATORY = vector_json("di-ecdsa/employMandatory.json")
SELECTIVE = vector_json("di-ecdsa/employSelective.json")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def vector(name: str) -> Any:
    return vector_json(f"{FOLDER}/employ/{name}.json")


def map_of(value: Any) -> dict[Any, Any]:
    return dict(value["value"])


# --- the official vector


@cache
def statements() -> Statements:
    return Statements.of(DOCUMENT, HMAC_KEY, Contexts.bundled())


def test_vector_statements() -> None:
    assert list(statements().lines) == vector("addBaseDocHMACCanon")
    canonical = Contexts.bundled().canonicalize(DOCUMENT).decode()
    assert canonical == "".join(vector("addBaseDocCanon"))


def test_vector_groups() -> None:
    transformed = vector("addBaseTransform")
    groups = vector("derivedGroupIndexes")
    mandatory = statements().select(MANDATORY).indexes
    assert {i: statements().lines[i] for i in mandatory} == map_of(transformed["mandatory"])
    assert list(mandatory) == groups["mandatoryIndexes"]
    assert [i for i in range(24) if i not in mandatory] == groups["nonMandatoryIndexes"]
    assert list(statements().select(SELECTIVE).indexes) == groups["selectiveIndexes"]
    assert list(statements().select(MANDATORY + SELECTIVE).indexes) == groups["combinedIndexes"]


def test_vector_mandatory_values() -> None:
    for entry in vector("addPointerValues"):
        assert select(DOCUMENT, [entry["pointer"]])["issuer"] == entry["value"]


def test_vector_hashes() -> None:
    config = vector("addProofConfig")
    canonical = Contexts.bundled().canonicalize(config)
    assert canonical.decode() == vector_text(f"{FOLDER}/employ/addProofConfigCanon.txt")
    hashes = vector("addHashData")
    assert sha256(canonical).hex() == hashes["proofHash"]
    mandatory = "".join(statements().lines[i] for i in statements().select(MANDATORY).indexes)
    assert sha256(mandatory.encode()).hex() == hashes["mandatoryHash"]


def test_vector_base_proof() -> None:
    """All but the signatures, which ECDSA makes new each time; the vector's hold for what is signed here."""
    unsecured, (proof,) = split_proofs(vector("addSignedSDBase"))
    assert unsecured == DOCUMENT
    value = BaseProofValue.parse(proof["proofValue"])
    raw = vector("addRawBaseSignatureInfo")
    assert value.base_signature.hex() == raw["baseSignature"]
    assert [signature.hex() for signature in value.signatures] == raw["signatures"]
    assert value.to_text() == proof["proofValue"]
    options = {name: text for name, text in proof.items() if name != "proofValue"}
    made = create_base_derand(
        DOCUMENT,
        options,
        KEY,
        mandatory_pointers=MANDATORY,
        contexts=Contexts.bundled(),
        hmac_key=HMAC_KEY,
        proof_key=PROOF_KEY,
    )
    ours = BaseProofValue.parse(made["proofValue"])
    assert (ours.public_key, ours.hmac_key, ours.mandatory_pointers) == (
        value.public_key,
        value.hmac_key,
        value.mandatory_pointers,
    )
    others = [statements().lines[i] for i in vector("derivedGroupIndexes")["nonMandatoryIndexes"]]
    for line, signature, other in zip(others, value.signatures, ours.signatures, strict=True):
        PROOF_KEY.public_key.verify(signature, line.encode())
        PROOF_KEY.public_key.verify(other, line.encode())
    hashes = vector("addHashData")
    signed = bytes.fromhex(hashes["proofHash"]) + value.public_key + bytes.fromhex(hashes["mandatoryHash"])
    KEY.public_key.verify(value.base_signature, signed)
    KEY.public_key.verify(ours.base_signature, signed)


def test_vector_recovered_base_data() -> None:
    value = BaseProofValue.parse(vector("addSignedSDBase")["proof"]["proofValue"])
    expected = vector("derivedRecoveredBaseData")
    assert value.hmac_key.hex() == expected["hmacKey"]
    assert list(value.mandatory_pointers) == expected["mandatoryPointers"]
    assert public_key_from_multikey(expected["proofPublicKey"]) == P256PublicKey.from_bytes(
        value.public_key[2:]
    )


def test_vector_derived_proof() -> None:
    assert derive(vector("addSignedSDBase"), SELECTIVE) == vector("derivedRevealDocument")
    assert select(DOCUMENT, MANDATORY + SELECTIVE) == vector("derivedUnsignedReveal")
    value = DerivedProofValue.parse(vector("derivedRevealDocument")["proof"]["proofValue"])
    disclosed = vector("derivedDisclosureData")
    assert dict(value.labels) == map_of(disclosed["labelMap"])
    assert list(value.mandatory_indexes) == vector("derivedAdjMandatoryIndexes")["adjMandatoryIndexes"]
    assert [s.hex() for s in value.signatures] == vector("derivedAdjSignatures")["filteredSignatures"]


def test_vector_verified() -> None:
    parsed = vector("verifyDerivedProofValue")
    document = vector("derivedRevealDocument")
    unsecured, (proof,) = split_proofs(document)
    value = DerivedProofValue.parse(proof["proofValue"])
    assert value.base_signature.hex() == parsed["baseSignature"]
    assert dict(value.labels) == dict(parsed["labelMap"])
    lines = vector("verifyNQuads")
    others = [line for index, line in enumerate(lines) if index not in value.mandatory_indexes]
    assert others == vector("verifyCreateVerifyData")["nonMandatory"]
    ecdsa_sd_2023.verify(unsecured, proof, KEY.public_key)
    expected = Expectation("assertionMethod", NOW)
    resolver = Resolver(None, clock=lambda: 0)
    assert (
        verify_document(document, resolver=resolver, suites=SUITES, expected=expected).document == unsecured
    )


def test_vector_group_data() -> None:
    groups = vector("derivedAllGroupData")["groups"]
    for name, pointers in (
        ("selective", SELECTIVE),
        ("mandatory", MANDATORY),
        ("combined", MANDATORY + SELECTIVE),
    ):
        chosen = statements().select(pointers)
        assert {i: statements().lines[i] for i in chosen.indexes} == map_of(groups[name]["matching"])
        theirs = "".join(groups[name]["deskolemizedNQuads"]).encode()
        assert canonicalize_nquads("".join(chosen.nquads).encode()) == canonicalize_nquads(theirs)


# --- what a holder can do


ISSUER = generate("P-256")
DID = did_key.create(ISSUER.public_key)
METHOD = f"{DID}#{DID.removeprefix('did:key:')}"
OPTIONS = {
    "created": "2026-01-01T00:00:00Z",
    "verificationMethod": METHOD,
    "proofPurpose": "assertionMethod",
}
CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://w3id.org/citizenship/v4rc1"],
    "type": ["VerifiableCredential"],
    "issuer": DID,
    "validUntil": "2030-01-01T00:00:00Z",
    "credentialSubject": {
        "id": "did:example:ada",
        "type": ["Person", "PermanentResident"],
        "givenName": "Ada\u2028\u0085\u000b_:c14n0 <urn:bnid:1> .",
        "familyName": "Rossi",
        "birthCountry": "Arcadia",
        "image": {"id": "data:image/png;base64,AAAA"},
        "permanentResidentCard": {"type": "PermanentResidentCard", "identifier": "1"},
    },
}


@cache
def base(pointers: tuple[str, ...] = ("/issuer", "/validUntil", "/credentialSubject/id")) -> str:
    proof = create_base(CREDENTIAL, OPTIONS, ISSUER, mandatory_pointers=pointers)
    return json.dumps({**CREDENTIAL, "proof": proof})


def derived(*pointers: str) -> dict[str, Any]:
    return derive(json.loads(base()), pointers)


def check(document: dict[str, Any]) -> None:
    unsecured, (proof,) = split_proofs(document)
    ecdsa_sd_2023.verify(unsecured, proof, ISSUER.public_key)


def changed(document: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """The document with other parts in its proof value."""
    value = DerivedProofValue.parse(document["proof"]["proofValue"])
    names = ("base_signature", "public_key", "signatures", "labels", "mandatory_indexes")
    whole = {name: getattr(value, name) for name in names} | parts
    return {**document, "proof": {**document["proof"], "proofValue": DerivedProofValue(**whole).to_text()}}


POINTERS = [
    (),
    ("/credentialSubject/familyName",),
    ("/credentialSubject/permanentResidentCard",),
    ("/credentialSubject/permanentResidentCard/identifier", "/credentialSubject/givenName"),
    ("/credentialSubject/type/1", "/credentialSubject/image"),
    ("/credentialSubject",),
    ("",),
]


@pytest.mark.parametrize("pointers", POINTERS, ids=range(len(POINTERS)))
def test_what_is_shown_verifies_and_nothing_else_is_there(pointers) -> None:
    document = derived(*pointers)
    check(document)
    unsecured, _ = split_proofs(document)
    shown = set(Contexts.bundled().canonicalize(unsecured).decode().split("\n"))
    plain = {line for line in shown if "_:" not in line}
    assert plain <= set(Contexts.bundled().canonicalize(CREDENTIAL).decode().split("\n"))
    assert ("Rossi" in json.dumps(document)) == any(
        "/credentialSubject/familyName".startswith(pointer) for pointer in pointers
    )


def test_mandatory_statements_are_always_shown() -> None:
    document = derived("/credentialSubject/familyName")
    assert document["issuer"] == DID
    assert document["validUntil"] == CREDENTIAL["validUntil"]
    assert document["credentialSubject"] == {
        "id": "did:example:ada",
        "type": ["Person", "PermanentResident"],
        "familyName": "Rossi",
    }


@pytest.mark.parametrize("path", [("issuer",), ("validUntil",), ("credentialSubject", "id"), ("type",)])
def test_B040_a_mandatory_statement_cannot_be_dropped(path) -> None:
    good = derived("/credentialSubject/familyName")
    check(good)
    bad = copy.deepcopy(good)
    parent = bad if len(path) == 1 else bad[path[0]]
    del parent[path[-1]]
    with refused("proof_invalid", "context_undefined_term"):
        check(bad)
    lines = len(DerivedProofValue.parse(good["proof"]["proofValue"]).mandatory_indexes)
    for fewer in range(lines):
        with refused("proof_invalid", "context_undefined_term"):
            check(changed(bad, mandatory_indexes=tuple(range(fewer))))


def test_B040_a_changed_claim_is_refused() -> None:
    good = derived("/credentialSubject/familyName", "/credentialSubject/permanentResidentCard")
    check(good)
    for change in (
        lambda d: d["credentialSubject"].update(familyName="Bianchi"),
        lambda d: d["credentialSubject"].update(birthCountry="Arcadia"),
        lambda d: d["credentialSubject"]["permanentResidentCard"].update(identifier="2"),
        lambda d: d["credentialSubject"].update(id="did:example:eve"),
        lambda d: d.update(validUntil="2031-01-01T00:00:00Z"),
        lambda d: d["credentialSubject"].update(
            identifier=d["credentialSubject"]["permanentResidentCard"].pop("identifier")
        ),
        lambda d: d["proof"].update(created="2026-01-02T00:00:00Z"),
        lambda d: d["proof"].update(expires="2036-01-02T00:00:00Z"),
        lambda d: d["proof"].update(nonce="x"),
    ):
        bad = copy.deepcopy(good)
        change(bad)
        assert bad != good
        with refused("proof_invalid", "context_undefined_term"):
            check(bad)


def test_B085_signatures_of_other_statements_and_other_credentials() -> None:
    good = derived("/credentialSubject/familyName", "/credentialSubject/permanentResidentCard")
    value = DerivedProofValue.parse(good["proof"]["proofValue"])
    check(changed(good))
    one, two, *rest = value.signatures
    for signatures in ((two, one, *rest), (two, *rest), (one, *value.signatures), ()):
        with refused("proof_invalid"):
            check(changed(good, signatures=signatures))
    other = BaseProofValue.parse(
        create_base(CREDENTIAL, OPTIONS, ISSUER, mandatory_pointers=["/issuer"])["proofValue"]
    )
    for parts in (
        {"public_key": other.public_key},
        {"base_signature": other.base_signature},
        {"base_signature": bytes(64)},
        {"public_key": value.public_key[:2] + bytes(33)},
        {"public_key": bytes(2) + value.public_key[2:]},
    ):
        with refused("proof_invalid"):
            check(changed(good, **parts))


def test_foreign_labels_are_refused() -> None:
    good = derived("/credentialSubject/permanentResidentCard/identifier")
    labels = dict(DerivedProofValue.parse(good["proof"]["proofValue"]).labels)
    assert len(labels) == 2
    foreign = f"u{b64url_encode(bytes(32))}"
    for bad in (
        {"c14n0": labels["c14n1"], "c14n1": labels["c14n0"]},
        {**labels, "c14n1": foreign},
        {**labels, "c14n2": foreign},
        {"c14n0": labels["c14n0"]},
        dict.fromkeys(labels, labels["c14n0"]),
    ):
        with refused("proof_invalid"):
            check(changed(good, labels=bad))
    check(changed(good, labels=labels))


def test_labels_tell_nothing_of_what_was_kept_back() -> None:
    """The HMAC key stays with the holder: it is in no derived proof."""
    document = derived("/credentialSubject/familyName")
    key = BaseProofValue.parse(json.loads(base())["proof"]["proofValue"]).hmac_key
    assert key not in b64url_decode(document["proof"]["proofValue"][1:])
    assert b64url_encode(key) not in json.dumps(document)


def test_a_base_proof_is_not_for_verifiers() -> None:
    with refused("proof_invalid"):
        check(json.loads(base()))
    with refused("proof_invalid"):
        derive(derived("/credentialSubject/familyName"), ["/credentialSubject"])
    check(derived(""))


def test_keys_of_another_kind() -> None:
    for kind in ("P-384", "Ed25519"):
        with refused("proof_invalid"):
            create_base(CREDENTIAL, OPTIONS, generate(kind), mandatory_pointers=["/issuer"])
        unsecured, (proof,) = split_proofs(derived())
        with refused("proof_invalid"):
            ecdsa_sd_2023.verify(unsecured, proof, generate(kind).public_key)


# --- pointers


@pytest.mark.parametrize(
    "pointer",
    ["/nowhere", "/credentialSubject/nowhere", "/credentialSubject/type/2", "/credentialSubject/type/01",
     "/credentialSubject/type/-", "/credentialSubject/familyName/0", "issuer", "/a~2b", "/@context/0", "/proof"],
)  # fmt: skip
def test_pointers_that_lead_nowhere(pointer) -> None:
    with refused("malformed"):
        derived(pointer)
    with refused("malformed"):
        create_base(CREDENTIAL, OPTIONS, ISSUER, mandatory_pointers=[pointer])


def test_pointers_escape_and_are_bounded() -> None:
    assert select({"a/b": {"m~n": 1}, "c": 2}, ["/a~1b/m~0n"]) == {"a/b": {"m~n": 1}}
    with refused("limit_exceeded"):
        derived(*["/issuer"] * MAX_POINTERS)
    derived(*["/issuer"] * (MAX_POINTERS - 3))
    with refused("limit_exceeded"):
        derived("/" + "a" * MAX_POINTER_CHARS)
    with refused("malformed"):
        derive(json.loads(base(())), [])
    for bad in (1, None, ["/issuer"]):
        with refused("malformed"):
            create_base(CREDENTIAL, OPTIONS, ISSUER, mandatory_pointers=[bad])  # type: ignore[list-item]


def test_part_of_a_literal_is_no_statement() -> None:
    document = {
        **CREDENTIAL,
        "name": {"@value": "Card", "@language": "en"},
        "credentialSubject": {"id": "did:example:ada", "type": "Person", "familyName": "Rossi"},
    }
    create_base(document, OPTIONS, ISSUER, mandatory_pointers=["/name"])
    with refused("malformed"):
        create_base(document, OPTIONS, ISSUER, mandatory_pointers=["/name/@value"])


def test_documents_of_too_many_statements() -> None:
    subject = {"id": "did:example:ada", "type": "Person"}
    for count, ends in ((MAX_STATEMENTS - 5, False), (MAX_STATEMENTS, True)):
        document = {
            **CREDENTIAL,
            "credentialSubject": {**subject, "givenName": [f"n{i}" for i in range(count)]},
        }
        if ends:
            with refused("limit_exceeded"):
                Statements.of(document, HMAC_KEY, Contexts.bundled())
        else:
            Statements.of(document, HMAC_KEY, Contexts.bundled())


def test_essential_pointers_are_mandatory_by_default() -> None:
    issued = issue_credential(
        CREDENTIAL, key=ISSUER, verification_method=METHOD, created=NOW, create=ecdsa_sd_2023.create
    )
    shown = derive(issued, [])
    assert shown["validUntil"] == CREDENTIAL["validUntil"]
    assert shown["credentialSubject"]["id"] == "did:example:ada"
    several = {"credentialSubject": [{"a": 1}, {"id": "urn:x"}], "credentialStatus": {}}
    assert essential_pointers(several) == ("/credentialStatus", "/credentialSubject/1/id")


# --- proof values


PARTS: list[Any] = [bytes(64), bytes(35), [bytes(64)], {0: bytes(32)}, [0]]
BAD_PARTS = [
    (0, bytes(63)), (0, "x"), (1, bytes(36)), (2, [bytes(65)]), (2, bytes(64)), (2, [1]),
    (3, {1: bytes(32)}), (3, {0: bytes(31)}), (3, {"0": bytes(32)}), (3, []), (3, {0: bytes(32), 1: bytes(32)}),
    (4, [-1]), (4, [1, 0]), (4, [0, 0]), (4, [True]), (4, {}),
]  # fmt: skip


def text_of(parts: Any, header: bytes = b"\xd9\x5d\x01") -> str:
    return f"u{b64url_encode(header + cbor_encode(parts))}"


@pytest.mark.parametrize(("place", "part"), BAD_PARTS, ids=range(len(BAD_PARTS)))
def test_B035_malformed_proof_values(place, part) -> None:
    DerivedProofValue.parse(text_of(PARTS))
    with refused("proof_invalid"):
        DerivedProofValue.parse(text_of([*PARTS[:place], part, *PARTS[place + 1 :]]))


@pytest.mark.parametrize(
    "value",
    [None, "", "z" + text_of(PARTS)[1:], text_of(PARTS)[1:], text_of(PARTS, b"\xd9\x5d\x00"),
     text_of(PARTS, b"\xd9\x5d\x02"), text_of(PARTS[:4]), text_of([*PARTS, 0]), text_of({}),
     text_of(PARTS) + "=", text_of(PARTS)[:-4], text_of(PARTS) + "AAAA", "u" + "A" * (1 << 20)],
    ids=range(13),
)  # fmt: skip
def test_B029_B036_proof_values_in_other_wrappings(value) -> None:
    with refused("proof_invalid"):
        DerivedProofValue.parse(value)
    with refused("proof_invalid"):
        BaseProofValue.parse(value)


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_changed_bit_of_a_derived_proof_is_refused(position, bit) -> None:
    good = derived("/credentialSubject/familyName")
    data = bytearray(b64url_decode(good["proof"]["proofValue"][1:]))
    data[position % len(data)] ^= 1 << bit
    with refused("proof_invalid"):
        check({**good, "proof": {**good["proof"], "proofValue": f"u{b64url_encode(bytes(data))}"}})
