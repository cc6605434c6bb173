"""The W3C data model: the documents of its official test suite, and times, subjects, issuers."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from trustid.credentials.json_ld import Contexts
from trustid.credentials.model import (
    PROTECTED_TERMS,
    PROTECTED_TERMS_1_1,
    V1_CONTEXT,
    V2_CONTEXT,
    Credential,
    Presentation,
    issuer_of,
)
from trustid.credentials.model_values import is_url, parse_datetime
from trustid.errors import TrustidError

VECTORS = Path(__file__).parents[1] / "vectors"
DOCUMENTS = sorted((VECTORS / "vcdm2").rglob("*.json"))
ISSUER = "did:example:issuer"
# What the suite checks about the issuer, so that it leaves the issuer as it is.
ABOUT_ISSUER = ("credential-issuer-", "credential-no-issuer")


def completed(path: Path) -> dict[str, Any]:
    """What the suite sends: it adds an issuer, or the id of one, where a document is not about that."""
    document: dict[str, Any] = json.loads(path.read_text())
    if "VerifiablePresentation" in str(document.get("type")) or path.name.startswith("presentation"):
        return document
    if not path.name.startswith(ABOUT_ISSUER):
        issuer = document.get("issuer")
        document["issuer"] = {**issuer, "id": ISSUER} if isinstance(issuer, dict) else ISSUER
    return document


def read(path: Path) -> Credential | Presentation:
    reader = Presentation if path.name.startswith("presentation") else Credential
    return reader.read(completed(path))


def refused(code: str, call: Any, *args: Any, **options: Any) -> None:
    with pytest.raises(TrustidError) as caught:
        call(*args, **options)
    assert caught.value.code == code


def test_number_of_documents() -> None:
    """All 62 are decided, the two self-asserted ones among them: in form they are right."""
    kinds = [next((kind for kind in ("-ok", "-fail") if path.stem.endswith(kind)), "") for path in DOCUMENTS]
    assert (kinds.count("-ok"), kinds.count("-fail"), kinds.count("")) == (33, 27, 2)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document(path: Path) -> None:
    if path.stem.endswith("-fail"):
        with pytest.raises(TrustidError) as caught:
            read(path)
        assert caught.value.code in {"malformed", "claim_type_invalid"}
    else:
        assert read(path)


@pytest.mark.parametrize(
    ("address", "terms"), [(V2_CONTEXT, PROTECTED_TERMS), (V1_CONTEXT, PROTECTED_TERMS_1_1)]
)
def test_protected_terms(address: str, terms: frozenset[str]) -> None:
    context = json.loads(Contexts.bundled().document(address) or b"")["@context"]
    assert context["@protected"] is True
    assert {name for name in context if not name.startswith("@")} == terms


def credential(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": [V2_CONTEXT],
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "credentialSubject": {"id": "did:example:subject"},
        **changes,
    }
    return {name: value for name, value in document.items() if value is not ...}


def test_view() -> None:
    view = Credential.read(
        credential(
            issuer={"id": ISSUER, "name": "I"},
            validFrom="2025-01-01T00:00:00Z",
            validUntil="2025-01-01T01:00:00+01:00",
            credentialSubject=[{"id": "did:example:a"}, {"name": "x"}],
            credentialStatus={"type": "BitstringStatusListEntry"},
        )
    )
    assert (view.version, view.issuer, view.subjects) == ("2.0", ISSUER, ("did:example:a",))
    assert view.valid_from == view.valid_until == datetime(2025, 1, 1, tzinfo=UTC)
    assert view.status == ({"type": "BitstringStatusListEntry"},)


def test_version_1_1() -> None:
    old = credential(**{"@context": [V1_CONTEXT], "issuanceDate": "2020-01-01T00:00:00Z"})
    view = Credential.read(old | {"expirationDate": "2021-01-01T00:00:00Z"})
    assert (view.version, view.valid_from) == ("1.1", datetime(2020, 1, 1, tzinfo=UTC))
    refused("expired", view.check_time, datetime(2021, 1, 2, tzinfo=UTC))
    refused("malformed", Credential.read, credential(**{"@context": [V1_CONTEXT]}))
    # Version 1.1 has no name of its own, so a document may bring one.
    for term, good in (("name", True), ("proof", False), ("id", False)):
        read = partial(Credential.read, old | {"@context": [V1_CONTEXT, {term: "https://schema.org/name"}]})
        if good:
            assert read().version == "1.1"
        else:
            refused("malformed", read)


def test_B087_times() -> None:
    view = Credential.read(credential(validFrom="2025-01-01T00:00:00Z", validUntil="2025-02-01T00:00:00Z"))
    view.check_time(datetime(2025, 1, 1, tzinfo=UTC))
    view.check_time(datetime(2025, 1, 31, 23, 59, 59, tzinfo=UTC))
    refused("not_yet_valid", view.check_time, datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC))
    refused("expired", view.check_time, datetime(2025, 2, 1, 0, 0, 1, tzinfo=UTC))
    view.check_time(datetime(2025, 2, 1, 0, 0, 1, tzinfo=UTC), skew_seconds=1)
    Credential.read(credential()).check_time(datetime(2025, 1, 1, tzinfo=UTC))


def test_B087_issuer_absent() -> None:
    assert issuer_of(credential()) == ISSUER
    refused("malformed", Credential.read, credential(issuer=...))
    for issuer in (None, 1, [ISSUER], {"id": None}, {}):
        refused("claim_type_invalid", Credential.read, credential(issuer=issuer))
    refused("malformed", Credential.read, credential(issuer="no url"))


def test_B074_context() -> None:
    other = "https://www.w3.org/ns/credentials/examples/v2"
    assert Credential.read(credential(**{"@context": [V2_CONTEXT, other]}))
    assert Credential.read(credential(**{"@context": V2_CONTEXT}))
    for context in ([other, V2_CONTEXT], [], ..., None, [None], {}, [{}], other, [V2_CONTEXT, "no url"]):
        refused("malformed", Credential.read, credential(**{"@context": context}))
    refused("claim_type_invalid", Credential.read, credential(**{"@context": [V2_CONTEXT, 1]}))
    refused("malformed", Credential.read, credential(**{"@context": [V2_CONTEXT] * 33}))


def test_B071_protected_term_redefined() -> None:
    assert Credential.read(credential(**{"@context": [V2_CONTEXT, {"other": "https://example.org/other"}]}))
    for term in ("VerifiableCredential", "id", "name"):
        context = [V2_CONTEXT, {term: "https://example.org/bad"}]
        refused("malformed", Credential.read, credential(**{"@context": context}))


@pytest.mark.parametrize(
    ("first", "second", "good"),
    [
        ({"@protected": True, "a": "urn:a"}, {"a": "urn:b"}, False),
        ({"@protected": True, "a": "urn:a"}, {"a": "urn:a"}, True),
        ({"@protected": True, "a": "urn:a"}, {"b": "urn:b"}, True),
        ({"@protected": True, "a": "urn:a"}, {"a": None}, False),
        ({"a": "urn:a"}, {"a": "urn:b"}, True),
        ({"a": {"@id": "urn:a", "@protected": True}}, {"a": "urn:b"}, False),
        ({"@protected": True, "a": {"@id": "urn:a", "@protected": False}}, {"a": "urn:b"}, True),
    ],
)
def test_B071_term_protected_in_the_document(first: Any, second: Any, good: bool) -> None:
    read = partial(Credential.read, credential(**{"@context": [V2_CONTEXT, first, second]}))
    if good:
        assert read()
    else:
        refused("malformed", read)


@pytest.mark.parametrize(
    ("vocabularies", "good"), [(["urn:x#"], True), ([None], False), ([""], False), (["urn:x#", None], False)]
)
def test_types_need_a_vocabulary_or_a_term(vocabularies: list[Any], good: bool) -> None:
    contexts = [V2_CONTEXT, *({"@vocab": vocabulary} for vocabulary in vocabularies)]
    read = partial(
        Credential.read, credential(**{"@context": contexts, "type": ["VerifiableCredential", "New"]})
    )
    if good:
        assert read()
    else:
        refused("malformed", read)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("malformed", {"type": []}),
        ("malformed", {"type": "Other"}),
        ("malformed", {"type": ["VerifiableCredential", "VerifiableCredential"]}),
        ("malformed", {"type": ["VerifiableCredential", "Undefined"]}),
        ("malformed", {"type": ["VerifiableCredential", 1]}),
        ("malformed", {"id": "no url"}),
        ("claim_type_invalid", {"id": 1}),
        ("malformed", {"credentialSubject": ...}),
        ("malformed", {"credentialSubject": []}),
        ("malformed", {"credentialSubject": {}}),
        ("claim_type_invalid", {"credentialSubject": "x"}),
        ("claim_type_invalid", {"credentialSubject": [{"id": "a:b"}] * 257}),
        ("claim_type_invalid", {"validFrom": 1}),
        ("malformed", {"validFrom": "2025-01-01"}),
        ("malformed", {"validFrom": "2025-01-01T00:00:00"}),
        ("malformed", {"validFrom": "2025-02-30T00:00:00Z"}),
        ("malformed", {"validFrom": "0001-01-01T00:00:00+14:00"}),
        ("claim_type_invalid", {"evidence": "x"}),
        ("malformed", {"credentialSchema": {"type": "JsonSchema"}}),
        ("malformed", {"evidence": {"type": []}}),
        ("malformed", {"validFrom": "2025-01-01T00:00:01Z", "validUntil": "2025-01-01T00:00:00Z"}),
        ("claim_type_invalid", {"name": {"@value": 1}}),
        ("claim_type_invalid", {"name": {"@value": "x", "@direction": "up"}}),
        ("claim_type_invalid", {"description": 1}),
        ("malformed", {"renderMethod": {"id": "https://a.example"}}),
        ("malformed", {"confidenceMethod": [{}]}),
    ],
)
def test_form(code: str, changes: dict[str, Any]) -> None:
    assert Credential.read(credential())
    refused(code, Credential.read, credential(**changes))


def test_presentation_form() -> None:
    good = {"@context": [V2_CONTEXT], "type": "VerifiablePresentation", "verifiableCredential": credential()}
    assert len(Presentation.read(good).credentials) == 1
    jwt = {
        "@context": V2_CONTEXT,
        "type": "EnvelopedVerifiableCredential",
        "id": "data:application/vc+jwt,a.b.c",
    }
    assert Presentation.read(good | {"verifiableCredential": [jwt]}).enveloped == (
        "data:application/vc+jwt,a.b.c",
    )
    bad = copy.deepcopy(good)
    bad["verifiableCredential"]["issuer"] = None  # type: ignore[index]
    refused("claim_type_invalid", Presentation.read, bad)
    refused(
        "malformed", Presentation.read, good | {"verifiableCredential": [jwt | {"id": "https://x.example"}]}
    )
    refused("claim_type_invalid", Presentation.read, good | {"verifiableCredential": ["a.b.c"]})
    refused("claim_type_invalid", Presentation.read, good | {"verifiableCredential": [credential()] * 65})
    refused("claim_type_invalid", Presentation.read, good | {"holder": None})


def test_values() -> None:
    assert is_url("did:example:1") and is_url("https://a.example/x?y#z")
    assert not any(is_url(value) for value in ("", "x", "a b:c", "https://a b", "1:x", "https:", None, "ä:x"))
    moment = parse_datetime("2023-02-25T19:10:39.123456789-06:00", "x")
    assert moment == datetime(2023, 2, 26, 1, 10, 39, 123456, tzinfo=UTC)
