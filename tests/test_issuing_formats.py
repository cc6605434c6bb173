"""`trustid.issue` in every format, and `trustid.verify` of what it made."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest

from tests.refusing import refused
from trustid import catalogue, issue, verify
from trustid.credentials.data_integrity import CREATORS
from trustid.credentials.data_integrity.ecdsa_sd_2023 import derive
from trustid.credentials.mdoc import DeviceResponse, openid4vp_transcript, present
from trustid.credentials.mdoc.issuer_signed import Mdoc
from trustid.did.key import create
from trustid.encoding import b64_encode, b64url_decode
from trustid.facade.credentials import FORMATS
from trustid.keys import generate
from trustid.keys.x509 import DevelopmentCa
from trustid.protocols.trust import TrustPolicy
from trustid.protocols.verifying import Expected

KEYS = {"EdDSA": generate("Ed25519"), "ES256": generate("P-256")}
HOLDER = generate("P-256")
W3C = [name for name in FORMATS if name not in ("dc+sd-jwt", "mso_mdoc")]
CLAIMS = {"name": "Ada", "degree": {"kind": "Law", "year": 1843}}


def policy_for(key: Any, kind: str = "Degree", **options: Any) -> TrustPolicy:
    return TrustPolicy(issuers={kind: [create(key.public_key)]}, require_key_binding=False, **options)


@pytest.mark.parametrize("algorithm", sorted(KEYS))
@pytest.mark.parametrize("form", [name for name in FORMATS if name != "mso_mdoc"])
def test_issued_and_verified(form, algorithm) -> None:
    key = KEYS[algorithm]
    made = issue(CLAIMS, "Degree", key, form, holder=HOLDER.public_key, expires_at=int(time.time()) + 3600)
    fact = verify(made, policy_for(key))
    assert fact.format == form
    shown = fact.claims["credentialSubject"] if form in W3C else fact.claims
    if form == "jwt_vc_json":
        assert "expirationDate" in fact.claims
    assert shown["degree"] == CLAIMS["degree"]
    with refused("issuer_not_trusted"):
        verify(made, policy_for(HOLDER))
    past = issue(CLAIMS, "Degree", key, form, expires_at=int(time.time()) - 1000, clock=lambda: 1_700_000_000)
    with refused("expired"):
        verify(past, policy_for(key))


@pytest.mark.parametrize("form", W3C)
@pytest.mark.parametrize("kind", sorted(catalogue.load()))
def test_types_of_the_catalogue_in_every_w3c_format(form, kind) -> None:
    one = catalogue.load()[kind]
    key = KEYS["ES256"]
    made = issue(one.sample_claims, one.w3c.type, key, form)
    subject = verify(made, policy_for(key, one.w3c.type)).claims["credentialSubject"]
    assert subject == one.w3c.subject(one.sample_claims)


@pytest.mark.parametrize("suite", sorted(CREATORS))
def test_every_cryptosuite(suite) -> None:
    key = generate("Ed25519") if suite.startswith("eddsa") else generate("P-256")
    made = issue(CLAIMS, "Degree", key, "ldp_vc", cryptosuite=suite)
    if suite == "ecdsa-sd-2023":
        made = derive(made, ["/credentialSubject"])
    assert verify(made, policy_for(key)).claims["credentialSubject"] == CLAIMS
    with refused("unsupported"):
        issue(CLAIMS, "Degree", key, "ldp_vc", cryptosuite="Ed25519Signature2018")


@pytest.mark.parametrize(
    ("disclosable", "always"),
    [
        (None, {}),
        ([("name",)], {"degree": {"kind": "Law", "year": 1843}}),
        ([("degree", "year")], {"name": "Ada", "degree": {"kind": "Law"}}),
        ([], CLAIMS),
    ],
)
def test_what_can_be_kept_back_with_ecdsa_sd_2023(disclosable, always) -> None:
    key = KEYS["ES256"]
    options = {"cryptosuite": "ecdsa-sd-2023", "disclosable": disclosable, "holder": HOLDER.public_key}
    made = issue(CLAIMS, "Degree", key, "ldp_vc", **options)
    shown = derive(made, [])
    assert shown["credentialSubject"] == {"id": create(HOLDER.public_key), **always}
    fact = verify(shown, policy_for(key))
    assert (fact.claims, fact.linkability) == (
        {name: value for name, value in shown.items() if name != "proof"},
        "signature",
    )
    everything = verify(derive(made, [""]), policy_for(key))
    assert everything.claims["credentialSubject"] == {"id": create(HOLDER.public_key), **CLAIMS}
    with refused("proof_invalid"):
        verify(made, policy_for(key))


def test_paths_into_arrays_with_ecdsa_sd_2023() -> None:
    key = KEYS["ES256"]
    claims = {"marks": [{"of": "Law", "mark": 1}, {"of": "Latin", "mark": 2}], "name": "Ada"}
    for path, always in (
        (("marks", None, "mark"), [{"of": "Law"}, {"of": "Latin"}]),
        (("marks", 1), [{"of": "Law", "mark": 1}]),
    ):
        made = issue(claims, "Degree", key, "ldp_vc", cryptosuite="ecdsa-sd-2023", disclosable=[path])
        assert derive(made, [])["credentialSubject"] == {"marks": always, "name": "Ada"}
    with refused("malformed"):
        issue(claims, "Degree", key, "ldp_vc", cryptosuite="ecdsa-sd-2023", disclosable=[()])


def test_an_mdoc() -> None:
    authority = DevelopmentCa.create("Authority")
    office = KEYS["ES256"]
    leaf = authority.issue(office.public_key, common_name="Office", dns_names=["o.example"], valid_days=30)
    options = {"x5c": [b64_encode(leaf)], "holder": HOLDER.public_key, "expires_at": int(time.time()) + 3600}
    claims = {"org.iso.18013.5.1": {"birth_date": date(1990, 1, 2), "age_over_18": True}}
    text = issue(claims, "org.iso.18013.5.1.mDL", office, "mso_mdoc", **options)
    transcript = openid4vp_transcript(
        client_id="c", nonce="n", response_uri="https://v.example", jwk_thumbprint=None
    )
    shown = present(Mdoc.parse(b64url_decode(str(text))), transcript=transcript, device_key=HOLDER)
    policy = TrustPolicy(anchors={"org.iso.18013.5.1.mDL": [authority.certificate_der]})
    fact = verify(
        DeviceResponse((shown,)).to_bytes(),
        policy,
        expected=Expected("c", "n", session_transcript=transcript),
    )
    assert fact.claims["org.iso.18013.5.1"]["age_over_18"] is True
    for missing in options:
        with refused("malformed"):
            issue(claims, "org.iso.18013.5.1.mDL", office, "mso_mdoc", **(options | {missing: None}))


@pytest.mark.parametrize("form", ["dc+sd-jwt", "vc+jwt", "vc+sd-jwt", "vc+cose", "jwt_vc_json"])
def test_certified_issuers(form) -> None:
    authority, school = DevelopmentCa.create("Authority"), KEYS["ES256"]
    leaf = authority.issue(school.public_key, common_name="S", dns_names=["s.example"], valid_days=30)
    made = issue(CLAIMS, "Degree", school, form, issuer="https://s.example", x5c=[b64_encode(leaf)])
    policy = TrustPolicy(anchors={"Degree": [authority.certificate_der]}, require_key_binding=False)
    assert verify(made, policy).issuer == "https://s.example"
    stranger = TrustPolicy(
        anchors={"Degree": [DevelopmentCa.create("Other").certificate_der]}, require_key_binding=False
    )
    with refused("x5c_invalid", "issuer_not_trusted"):
        verify(made, stranger)
    with refused("malformed"):
        issue(CLAIMS, "Degree", school, form, issuer="https://s.example")
