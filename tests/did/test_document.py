"""DID documents: what is taken and what is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import json_objects
from trustid.did.document import DidDocument
from trustid.encoding import base58_encode
from trustid.errors import (
    LimitExceededError,
    MalformedError,
    ResolutionError,
    TrustError,
    TrustidError,
    UnsupportedError,
)
from trustid.keys import Ed25519PublicKey, generate

DID = "did:example:123"
OTHER = "did:example:456"
ED = generate("Ed25519").public_key
P256 = generate("P-256").public_key


def method(name: str = f"{DID}#a", **members: Any) -> dict[str, Any]:
    made = {"id": name, "type": "Multikey", "controller": DID, "publicKeyMultibase": ED.to_multikey()}
    return {key: value for key, value in (made | members).items() if value is not None}


def jwk_method(name: str = f"{DID}#b", **members: Any) -> dict[str, Any]:
    made = {"id": name, "type": "JsonWebKey2020", "controller": DID, "publicKeyJwk": P256.to_jwk()}
    return made | members


def good() -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/did/v1", {"x": "https://example.org/x"}],
        "id": DID,
        "controller": [DID, OTHER],
        "alsoKnownAs": ["https://example.org/"],
        "verificationMethod": [method(), jwk_method()],
        "assertionMethod": [f"{DID}#a", f"{DID}#b", f"{OTHER}#z", f"{DID}#gone"],
        "authentication": ["#b", method(f"{DID}#embedded")],
        "service": [
            {"id": "https://example.org/s", "type": "LinkedDomains", "serviceEndpoint": "https://example.org"}
        ],
        "unknown": {"kept": [1, 2.5, None]},
    }


def refused(obj: Any, expected_id: str = DID) -> str:
    with pytest.raises(TrustidError) as caught:
        DidDocument.from_json(obj, expected_id)
    DidDocument.from_json(good(), DID)  # the twin
    return caught.value.code


def test_good_document() -> None:
    document = DidDocument.from_json(good(), DID)
    assert document.id == DID
    assert document.to_json() == good()
    assert document.verification_method(f"{DID}#a", "assertionMethod").public_key == ED
    assert document.verification_method("#b", "authentication").public_key == P256
    assert document.verification_method(f"{DID}#b", "assertionMethod").controller == DID
    assert [found.id for found in document.methods("assertionMethod")] == [f"{DID}#a", f"{DID}#b"]
    assert [found.id for found in document.methods("authentication")] == [f"{DID}#b", f"{DID}#embedded"]
    assert len(document.methods()) == 3
    assert document.methods("keyAgreement") == ()


def test_what_goes_in_and_comes_out_is_copied() -> None:
    source = good()
    document = DidDocument.from_json(source, DID)
    source["verificationMethod"][0]["publicKeyMultibase"] = "changed"
    document.to_json()["verificationMethod"].clear()
    assert document.to_json() == good()
    assert document.verification_method("#a").public_key == ED


def test_B102_id_of_another_did() -> None:
    assert refused(good() | {"id": OTHER}) == "did_document_mismatch"
    assert refused(good(), OTHER) == "did_document_mismatch"
    for value in (None, 1, [DID], f"{DID}#", DID.upper(), f"{DID} "):
        assert refused(good() | {"id": value}) == "did_document_mismatch"
    document = good()
    del document["id"]
    assert refused(document) == "did_document_mismatch"


def test_B102_method_of_another_did() -> None:
    for bad in (
        method(f"{OTHER}#a"),
        method(controller=OTHER),
        method(controller=[DID]),
        method(controller=None),
        method(controller=f"{DID}#a"),
    ):
        assert refused(good() | {"verificationMethod": [bad]}) == "did_document_mismatch"
        assert refused(good() | {"keyAgreement": [bad | {"id": bad["id"] + "x"}]}) == "did_document_mismatch"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verificationMethod", {}),
        ("verificationMethod", "x"),
        ("verificationMethod", ["x"]),
        ("verificationMethod", [method(), method()]),
        ("verificationMethod", [method(), method("#a")]),
        ("verificationMethod", [method(DID)]),
        ("verificationMethod", [method(f"{DID}#")]),
        ("verificationMethod", [method(f"{DID}/p#a")]),
        ("verificationMethod", [method(f"{DID}?q#a")]),
        ("verificationMethod", [method("a")]),
        ("verificationMethod", [method("")]),
        ("verificationMethod", [method(f"{DID}#a b")]),
        ("verificationMethod", [method() | {"id": 5}]),
        ("verificationMethod", [method(type=None)]),
        ("verificationMethod", [method(type=["Multikey"])]),
        ("verificationMethod", [method(type="")]),
        ("verificationMethod", [method(publicKeyMultibase=5)]),
        ("verificationMethod", [method(publicKeyMultibase=None)]),
        ("verificationMethod", [method(publicKeyJwk=P256.to_jwk())]),
        ("verificationMethod", [method(secretKeyMultibase="z3u2")]),
        ("verificationMethod", [jwk_method(publicKeyJwk="x")]),
        ("verificationMethod", [jwk_method(publicKeyJwk=P256.to_jwk() | {"d": "AQ"})]),
        ("verificationMethod", [jwk_method(publicKeyJwk={"kty": "oct", "k": "AQ"})]),
        ("verificationMethod", [jwk_method(privateKeyJwk={})]),
        ("verificationMethod", [method(f"{DID}#k{number}") for number in range(65)]),
        ("authentication", [method()]),
        ("authentication", [method(f"{DID}#e"), method(f"{DID}#e")]),
        ("authentication", f"{DID}#a"),
        ("authentication", [5]),
        ("authentication", ["a"]),
        ("authentication", [None]),
        ("authentication", [f"{DID}#{number}" for number in range(65)]),
        ("controller", "not a did"),
        ("controller", [5]),
        ("controller", {}),
        ("controller", [f"did:example:{number}" for number in range(100)]),
        ("@context", 5),
        ("@context", {}),
        ("@context", ["https://example.org/"] * 65),
        ("@context", [5]),
        ("alsoKnownAs", "x"),
        ("alsoKnownAs", [5]),
        ("service", {}),
        ("service", ["x"]),
        ("service", [{}]),
        ("service", [{"id": f"{DID}#s", "type": "x"}]),
        ("service", [{"id": f"{DID}#s", "type": 5, "serviceEndpoint": "https://x"}]),
        ("service", [{"id": "#a", "type": "x", "serviceEndpoint": "https://x"}]),
        ("service", [{"id": "#s", "type": "x", "serviceEndpoint": "https://x"}] * 2),
    ],
)
def test_invalid(name: str, value: Any) -> None:
    assert refused(good() | {name: value}) == "did_document_invalid"


def test_a_controller_is_never_followed() -> None:
    document = DidDocument.from_json(
        good() | {"controller": [f"did:web:c{number}.example" for number in range(60)]}, DID
    )
    assert document.verification_method("#a").public_key == ED


def test_limits() -> None:
    assert refused(good() | {"unknown": "x" * 300_000}) == "limit_exceeded"
    deep: Any = []
    for _ in range(20):
        deep = [deep]
    assert refused(good() | {"unknown": deep}) == "limit_exceeded"
    assert refused({"id": DID, "unknown": {1, 2}}) == "did_document_invalid"
    assert refused({"id": DID, "unknown": float("nan")}) == "did_document_invalid"
    with pytest.raises(LimitExceededError):
        for _ in range(5000):
            deep = [deep]
        DidDocument.from_json({"id": DID, "unknown": deep}, DID)


@pytest.mark.parametrize(
    ("did_url", "relationship", "code"),
    [
        (f"{DID}#none", None, "issuer_key_unknown"),
        (f"{DID}#gone", "assertionMethod", "issuer_key_unknown"),
        (f"{DID}#a", "authentication", "issuer_key_unknown"),
        (f"{DID}#embedded", "assertionMethod", "issuer_key_unknown"),
        (f"{DID}#a", "keyAgreement", "issuer_key_unknown"),
        (DID, None, "issuer_key_unknown"),
        (f"{DID}?versionId=1#a", None, "issuer_key_unknown"),
        (f"{DID}/p#a", None, "issuer_key_unknown"),
        (f"{OTHER}#z", "assertionMethod", "issuer_key_mismatch"),
        (f"{OTHER}#a", None, "issuer_key_mismatch"),
        ("a", None, "did_malformed"),
        (f"{DID}#a", "signing", "unsupported"),
    ],
)
def test_key_that_is_not_listed(did_url: str, relationship: str | None, code: str) -> None:
    document = DidDocument.from_json(good(), DID)
    with pytest.raises((TrustError, ResolutionError, UnsupportedError)) as caught:
        document.verification_method(did_url, relationship)
    assert caught.value.code == code
    assert document.verification_method(f"{DID}#a", "assertionMethod").id == f"{DID}#a"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (method(type="EcdsaSecp256k1VerificationKey2019"), "unsupported"),
        (method(type="Somebody'sKey"), "unsupported"),
        (method(publicKeyMultibase="z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F"), "unsupported"),
        (jwk_method(publicKeyJwk={"kty": "OKP", "crv": "X25519", "x": "AQ"}), "unsupported"),
        (method(publicKeyMultibase="uAQ"), "key_invalid"),
        (method(publicKeyMultibase="z0"), "key_invalid"),
        (method(type="Ed25519VerificationKey2020", publicKeyMultibase=P256.to_multikey()), "key_invalid"),
        (method(type="JsonWebKey2020"), "key_invalid"),
        (jwk_method(publicKeyJwk=P256.to_jwk() | {"use": "enc"}), "key_invalid"),
        (jwk_method(publicKeyJwk=P256.to_jwk() | {"x": "AQ"}), "key_invalid"),
        (
            method(type="Ed25519VerificationKey2018", publicKeyMultibase=None, publicKeyBase58="0"),
            "key_invalid",
        ),
    ],
)
def test_key_that_cannot_be_used_does_not_spoil_the_others(bad: dict[str, Any], code: str) -> None:
    document = DidDocument.from_json(good() | {"verificationMethod": [bad, method(f"{DID}#twin")]}, DID)
    with pytest.raises((UnsupportedError, MalformedError)) as caught:
        document.verification_method(bad["id"])
    assert caught.value.code == code
    assert document.verification_method("#twin").public_key == ED


def test_legacy_ed25519_method_is_read() -> None:
    assert isinstance(ED, Ed25519PublicKey)
    old = method(
        type="Ed25519VerificationKey2018",
        publicKeyMultibase=None,
        publicKeyBase58=base58_encode(ED.to_bytes()),
    )
    document = DidDocument.from_json(good() | {"verificationMethod": [old]}, DID)
    assert document.verification_method("#a").public_key == ED


def test_did_web_documents_use_absolute_ids() -> None:
    did = "did:web:example.org"
    document = {"id": did, "verificationMethod": [method("#a", controller=did)]}
    with pytest.raises(ResolutionError) as caught:
        DidDocument.from_json(document, did)
    assert caught.value.code == "did_document_invalid"
    document["verificationMethod"] = [method(f"{did}#a", controller=did)]
    assert DidDocument.from_json(document, did).verification_method("#a").public_key == ED


@given(json_objects)
def test_only_our_errors_come_out_of_any_object(obj: dict[str, Any]) -> None:
    for candidate in (obj, good() | obj, good() | {"verificationMethod": [obj]}, good() | {"service": [obj]}):
        try:
            DidDocument.from_json(candidate, DID)
        except TrustidError as err:
            assert err.code in ("did_document_invalid", "did_document_mismatch", "limit_exceeded")


@given(st.data())
def test_any_member_may_be_missing_or_odd(data: st.DataObject) -> None:
    document = copy.deepcopy(good())
    name = data.draw(st.sampled_from(sorted(document)))
    document[name] = data.draw(
        st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3))
    )
    try:
        DidDocument.from_json(document, DID)
    except TrustidError as err:
        assert err.code in ("did_document_invalid", "did_document_mismatch")
