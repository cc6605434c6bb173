"""The library's own JSON-LD context: what it defines, and what it does not let through."""

from __future__ import annotations

import copy

import pytest

from tests.refusing import refused
from trustid import catalogue, issue, verify
from trustid.credentials.json_ld import OWN_CONTEXT, Contexts
from trustid.credentials.model import V2_CONTEXT
from trustid.did.key import create
from trustid.errors import MalformedError, ProofError
from trustid.keys import generate
from trustid.protocols.trust import TrustPolicy

KINDS = sorted(catalogue.load())
ENTRY = {
    "type": "AccumulatorStatusEntry",
    "registry": "https://school.example/registries/1",
    "commitment": "l" * 64,
}


def document(kind: str) -> dict:
    form = catalogue.load()[kind].w3c
    return {
        "@context": [V2_CONTEXT, OWN_CONTEXT],
        "type": ["VerifiableCredential", form.type],
        "issuer": "did:web:school.example",
        "credentialStatus": dict(ENTRY),
        "credentialSubject": form.subject(catalogue.load()[kind].sample_claims),
    }


def every_property(schema: dict, claims: dict) -> set[str]:
    return schema.get("properties", {}).keys() - claims.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_type_of_the_catalogue_means_something(kind) -> None:
    """Every claim of the schema is a statement of its own, whether the sample has it or not."""
    good = document(kind)
    lines = Contexts.bundled().canonicalize(good).decode().splitlines()
    assert any("urn:trustid:vocab#" in line for line in lines)
    schema = catalogue.load()[kind].claims_schema
    for name in every_property(schema, catalogue.load()[kind].sample_claims):
        more = copy.deepcopy(good)
        more["credentialSubject"][name] = "2001-01-01"
        assert len(Contexts.bundled().canonicalize(more).splitlines()) == len(lines) + 1


@pytest.mark.parametrize("kind", KINDS)
def test_B067_a_term_beyond_the_type_is_refused(kind) -> None:
    for place in ("credentialSubject", "credentialStatus"):
        bad = document(kind)
        bad[place]["isAdmin"] = True
        with refused("context_undefined_term"):
            Contexts.bundled().canonicalize(bad)
    Contexts.bundled().canonicalize(document(kind))


def test_B071_the_terms_are_protected() -> None:
    own = {"registry": "urn:evil:registry"}
    swapped = document("degree")
    swapped["@context"].append({"AccumulatorStatusEntry": {"@id": "urn:evil:entry", "@context": own}})
    contexts = Contexts.bundled().extended({}, inline=[swapped["@context"][-1], {"free": "urn:ours:free"}])
    with refused("context_protected"):
        contexts.canonicalize(swapped)
    good = document("degree")
    good["@context"].append({"free": "urn:ours:free"})
    contexts.canonicalize(good)


def test_the_status_entry_is_signed() -> None:
    lines = Contexts.bundled().canonicalize(document("vaccination")).decode()
    assert f"<urn:trustid:vocab#registry> <{ENTRY['registry']}>" in lines
    assert f'<urn:trustid:vocab#commitment> "{ENTRY["commitment"]}"' in lines


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_types_of_the_catalogue_are_issued_in_these_words(kind, suite) -> None:
    one = catalogue.load()[kind]
    key = generate("Ed25519")
    issued = issue(one.sample_claims, one.w3c.type, key, "ldp_vc", cryptosuite=suite)
    assert issued["@context"] == [V2_CONTEXT, OWN_CONTEXT]
    policy = TrustPolicy(issuers={one.w3c.type: [create(key.public_key)]}, require_key_binding=False)
    assert verify(issued, policy).claims["credentialSubject"]["type"] == one.w3c.subject_type
    issued["credentialSubject"]["type"] = "Person"
    with pytest.raises((ProofError, MalformedError)):
        verify(issued, policy)


def test_claims_that_do_not_fit_their_type_are_not_signed() -> None:
    claims = {"family_name": "Rossi", "degree": {"name": "Law"}}
    key = generate("Ed25519")
    issue(claims, "DegreeCredential", key, "ldp_vc")
    with refused("claim_type_invalid"):
        issue({**claims, "isAdmin": True}, "DegreeCredential", key, "ldp_vc")
