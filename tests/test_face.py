"""`trustid.issue` and `trustid.verify`: one way for every format."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

import trustid
from refusing import refused
from trustid import keys
from trustid.did.key import create
from trustid.facade.credentials import FORMATS, issue, verify
from trustid.protocols.trust import TrustPolicy
from trustid.protocols.verifying import CHECK_NAMES

NOW = 1_800_000_000
KEY = keys.generate("Ed25519")
TYPE = "https://school.example/types/degree"
POLICY = TrustPolicy(issuers={TYPE: [create(KEY.public_key)]}, require_key_binding=False)
BEARER_FORMATS = [name for name in FORMATS if name != "mso_mdoc"]
"""An mdoc is presented by its holder or not at all: see test_issuing_formats.py."""


def clock() -> int:
    return NOW


def issued(format: Any, **options: Any) -> Any:
    return issue({"degree": "Physics"}, TYPE, KEY, format, **({"clock": clock} | options))


def test_exported() -> None:
    assert trustid.issue is issue
    assert trustid.verify is verify


@pytest.mark.parametrize("format", BEARER_FORMATS)
def test_the_same_checks_whatever_the_format(format: Any) -> None:
    fact = verify(issued(format), POLICY, clock=clock)
    assert (fact.format, fact.credential_type, fact.issuer) == (format, TYPE, create(KEY.public_key))
    assert tuple(check.name for check in fact.checks) == CHECK_NAMES
    with pytest.raises(FrozenInstanceError):
        fact.issuer = "somebody"  # type: ignore[misc]


@pytest.mark.parametrize("format", BEARER_FORMATS)
def test_the_same_refusals_whatever_the_format(format: Any) -> None:
    good = issued(format)
    verify(good, POLICY, clock=clock)
    with refused("issuer_not_trusted"):
        verify(good, TrustPolicy(issuers={TYPE: ["did:web:mill.example"]}), clock=clock)
    with refused("kb_required"):
        verify(good, replace(POLICY, require_key_binding=True), clock=clock)
    with refused("status_missing"):
        verify(good, replace(POLICY, require_status=True), clock=clock)
    short = issued(format, expires_at=NOW + 10)
    verify(short, POLICY, clock=clock)
    with refused("expired"):
        verify(short, POLICY, clock=lambda: NOW + 1000)


def test_w3c_as_text_bytes_and_object() -> None:
    document = issued("ldp_vc")
    for anything in (
        document,
        json.dumps(document),
        f"  {json.dumps(document)}\n",
        json.dumps(document).encode(),
    ):
        assert verify(anything, POLICY, clock=clock).format == "ldp_vc"
    assert verify(issued("dc+sd-jwt").encode(), POLICY, clock=clock).format == "dc+sd-jwt"


@pytest.mark.parametrize("anything", ["", "x", "{", "{}", b"\xff", '{"a":1,"a":2}', "a.b.c", "~", {}])
def test_what_is_nothing(anything: Any) -> None:
    with refused("malformed", "duplicate_key", "required_claim_missing"):
        verify(anything, POLICY, clock=clock)


def test_holder_and_disclosable() -> None:
    holder = keys.generate("Ed25519")
    document = issued("ldp_vc", holder=holder.public_key)
    assert document["credentialSubject"]["id"] == create(holder.public_key)
    assert verify(document, POLICY, clock=clock).subject == create(holder.public_key)
    open_claims = issued("dc+sd-jwt", disclosable=())
    assert open_claims.count("~") == 1
    assert verify(open_claims, POLICY, clock=clock).claims["degree"] == "Physics"


@pytest.mark.parametrize(
    ("kind", "suite"),
    [("Ed25519", "eddsa-jcs-2022"), ("P-256", "ecdsa-jcs-2019"), ("P-384", "ecdsa-jcs-2019")],
)
def test_the_key_chooses_the_cryptosuite(kind: Any, suite: str) -> None:
    key = keys.generate(kind)
    policy = replace(POLICY, issuers={TYPE: [create(key.public_key)]}, algorithms=("EdDSA", "ES256", "ES384"))
    document: Any = issue({"degree": "Physics"}, TYPE, key, "ldp_vc", clock=clock)
    assert document["proof"]["cryptosuite"] == suite
    assert verify(document, policy, clock=clock).format == "ldp_vc"


def test_another_issuer() -> None:
    name = "did:web:school.example"
    document = issued("ldp_vc", issuer=name, key_id=f"{name}#1")
    assert document["proof"]["verificationMethod"] == f"{name}#1"
    with refused("issuer_mismatch"):
        issued("ldp_vc", issuer=name, key_id="did:web:mill.example#1")
    with refused("malformed"):
        issued("ldp_vc", issuer=name)


def test_what_cannot_be_issued() -> None:
    with refused("unsupported"):
        issued("ldp_vp")
    with refused("proof_invalid"):
        issue({"a": 1}, TYPE, KEY, "ldp_vc", cryptosuite="ecdsa-jcs-2019", clock=clock)
    with refused("unsupported"):
        issue({"a": 1}, TYPE, KEY, "ldp_vc", cryptosuite="nothing", clock=clock)
    with refused("malformed"):
        issue({}, TYPE, KEY, "ldp_vc", clock=clock)
    with refused("malformed"):
        issue({"a": 1}, "Degree", KEY, "ldp_vc", context=(), clock=clock)
    with refused("malformed"):
        issue({"iss": "x"}, TYPE, KEY, "dc+sd-jwt", disclosable=(), clock=clock)
