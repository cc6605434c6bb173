"""Enveloped W3C credentials: laws, and each rule broken once beside its valid twin."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from strategies import json_objects, signing_keys
from trustid import keys
from trustid.credentials import cose, jose, sd_jwt
from trustid.credentials.cose import sign1
from trustid.credentials.enveloping import Envelope
from trustid.credentials.issuer_keys import DidSource, X5cSource
from trustid.credentials.jwt_vc_json import JwtVcJson, JwtVpJson, issue_jwt_vc_json, issue_jwt_vp_json
from trustid.credentials.vc_cose import VC_COSE_TYPE, VcCose, VpCose, issue_vc_cose, issue_vp_cose
from trustid.credentials.vc_jose import VcJwt, VpJwt, issue_vc_jwt, issue_vp_jwt
from trustid.credentials.vc_sd_jwt import VcSdJwt, VpSdJwt, issue_vc_sd_jwt, issue_vp_sd_jwt
from trustid.encoding import JsonObject, b64_encode, cbor_encode, dump_json
from trustid.errors import TrustidError

KEY = keys.generate("Ed25519")
OTHER = keys.generate("Ed25519")
DID = "did:web:school.example"
KID = f"{DID}#key-1"
NOW = 1_800_000_000
VC: JsonObject = {
    "@context": ["https://www.w3.org/ns/credentials/v2", {"Degree": "https://school.example/Degree"}],
    "id": "urn:uuid:3978344f-8596-4c3a-a978-8fcaba3903c5",
    "type": ["VerifiableCredential", "Degree"],
    "issuer": DID,
    "validFrom": "2026-01-01T00:00:00Z",
    "validUntil": "2036-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:ada", "name": "Ada"},
}
VC_1_1: JsonObject = {
    "@context": ["https://www.w3.org/2018/credentials/v1"],
    "id": "urn:uuid:3978344f-8596-4c3a-a978-8fcaba3903c5",
    "type": ["VerifiableCredential"],
    "issuer": {"id": DID, "name": "School"},
    "issuanceDate": "2026-01-01T00:00:00Z",
    "expirationDate": "2036-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:ada", "name": "Ada"},
}
HEADER = {"typ": "vc+jwt", "cty": "vc", "kid": KID}


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def vp(*tokens: str) -> JsonObject:
    return {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "VerifiablePresentation",
        "holder": "did:example:ada",
        "verifiableCredential": [Envelope("application/vc+jwt", token).to_json() for token in tokens],
    }


def check(token: str) -> None:
    read = VcJwt.parse(token)
    read.verify(KEY.public_key)
    read.check_time(NOW)


def signed(claims: JsonObject | None = None, **header: Any) -> str:
    members = {name: value for name, value in (HEADER | header).items() if value is not None}
    return jose.sign(members, VC if claims is None else claims, KEY)


@given(key=signing_keys)
def test_each_form_round_trips(key: keys.SigningKey) -> None:
    for issue, read in (
        (issue_vc_jwt, VcJwt.parse),
        (issue_vc_cose, VcCose.parse),
        (
            lambda c, key: issue_vc_sd_jwt(c, disclosable=[("credentialSubject", "name")], key=key),
            VcSdJwt.parse,
        ),
    ):
        found: Any = read(issue(VC, key=key))  # type: ignore[operator]
        found.verify(key.public_key)
        found.check_time(NOW)
        assert found.claims == VC
        assert "Ada" not in repr(found)
        with pytest.raises(TrustidError):
            found.verify(OTHER.public_key)
    token = issue_vc_jwt(VC, key=key)
    for issue, read in (
        (issue_vp_jwt, VpJwt.parse),
        (issue_vp_cose, VpCose.parse),
        (lambda c, key: issue_vp_sd_jwt(c, disclosable=[("holder",)], key=key), VpSdJwt.parse),
    ):
        presented: Any = read(issue(vp(token), key=key))  # type: ignore[operator]
        presented.verify(key.public_key)
        assert presented.claims == vp(token)
        assert [one.content for one in presented.envelopes()] == [token]


@given(position=st.integers(min_value=0), letter=st.sampled_from("Ab9_-."))
def test_any_changed_character_refuses(position: int, letter: str) -> None:
    token = signed()
    check(token)
    place = position % len(token)
    if token[place] != letter:
        with pytest.raises(TrustidError):
            check(token[:place] + letter + token[place + 1 :])


@given(json_objects, st.sampled_from([VC, VC_1_1, {"vc": VC_1_1}, {"vp": {}}, vp()]))
def test_only_our_errors(extra: JsonObject, base: JsonObject) -> None:
    claims = {**base, **extra}
    token = jose.sign(HEADER, dump_json(claims), KEY)
    message = sign1(dump_json(claims), KEY).to_bytes()
    readers: list[tuple[Callable[[Any], Any], Any]] = [
        (VcJwt.parse, token),
        (VpJwt.parse, token),
        (JwtVcJson.parse, token),
        (JwtVpJson.parse, token),
        (VcSdJwt.parse, f"{token}~"),
        (VpSdJwt.parse, f"{token}~"),
        (VcCose.parse, message),
        (VpCose.parse, message),
    ]
    for read, value in readers:
        with contextlib.suppress(TrustidError):
            read(value)


def test_B026_types_of_tokens() -> None:
    check(signed())
    check(signed(cty=None))
    check(signed(typ="application/vc+jwt", cty="application/vc"))
    for typ in (None, "JWT", "vp+jwt", "kb+jwt", "statuslist+jwt", "vc+sd-jwt", "at+jwt"):
        with refused("typ_mismatch"):
            check(signed(typ=typ))
    for cty in ("vp", "json", "bad+cty"):
        with refused("typ_mismatch"):
            check(signed(cty=cty))
    with refused("malformed"):
        VpJwt.parse(signed())


def test_claims_that_disagree_with_the_document() -> None:
    check(signed(VC | {"iss": DID, "jti": VC["id"], "sub": "did:example:ada", "iat": "any form"}))
    with refused("issuer_mismatch"):
        check(signed(VC | {"iss": "did:web:mill.example"}))
    for wrong in ({"jti": "urn:uuid:other"}, {"sub": "did:example:bob"}, {"vc": {}}, {"vp": None}):
        with refused("malformed"):
            check(signed(VC | wrong))


def test_B031_times_of_the_signature() -> None:
    check(signed(VC | {"exp": NOW + 1, "nbf": NOW}))
    for exp in ("1700000000", True, -1, 1.5, 2**63, None):
        with refused("claim_type_invalid", "malformed"):
            check(signed(VC | {"exp": exp}))
    with refused("expired"):
        check(signed(VC | {"exp": NOW - 60}))
    with refused("not_yet_valid"):
        check(signed(VC | {"nbf": NOW + 61}))
    with refused("expired"):
        check(signed(VC | {"validUntil": "2026-12-31T00:00:00Z"}))
    with refused("not_yet_valid"):
        check(signed(VC | {"validFrom": "2035-12-31T00:00:00Z"}))


def test_versions_are_not_mixed() -> None:
    with refused("malformed"):
        check(signed(VC_1_1))
    with refused("malformed"):
        issue_vc_jwt(VC_1_1, key=KEY)
    with refused("malformed"):
        issue_jwt_vc_json(VC, key=KEY)
    with refused("malformed"):
        JwtVcJson.parse(jose.sign({"typ": "JWT"}, {"vc": VC}, KEY))


def test_keys_are_named_by_the_header() -> None:
    assert VcJwt.parse(issue_vc_jwt(VC, key=KEY, kid=KID)).key_source() == DidSource(DID, KID)
    assert VcCose.parse(issue_vc_cose(VC, key=KEY, kid=KID.encode())).key_source() == DidSource(DID, KID)
    chain = [b64_encode(b"leaf")]
    for source in (
        VcJwt.parse(issue_vc_jwt(VC, key=KEY, x5c=chain)).key_source(),
        VcCose.parse(issue_vc_cose(VC, key=KEY, x5c=chain)).key_source(),
    ):
        assert source == X5cSource(tuple(chain), DID)
    with refused("issuer_key_mismatch"):
        VcJwt.parse(issue_vc_jwt(VC, key=KEY, kid="did:web:mill.example#key-1")).key_source()
    with refused("malformed"):
        VcCose.parse(issue_vc_cose(VC, key=KEY, kid=b"\xff")).key_source()
    with refused("issuer_key_unknown"):
        VcJwt.parse(issue_vc_jwt(VC, key=KEY)).key_source()


def test_issuing_sets_its_claims_itself() -> None:
    read = VcJwt.parse(issue_vc_jwt(VC, key=KEY, issued_at=NOW, expires_at=NOW + 5, holder=OTHER.public_key))
    assert read.claims["cnf"] == {"jwk": OTHER.public_key.to_jwk()}
    assert (read.claims["iat"], read.lifetime.expires_at) == (NOW, NOW + 5)
    with refused("malformed"):
        issue_vc_jwt(VC | {"exp": NOW + 9}, key=KEY, expires_at=NOW + 5)


def test_presentations_are_for_one_verifier_and_one_request() -> None:
    token = issue_vc_jwt(VC, key=KEY)
    made = issue_vp_jwt(
        vp(token), key=OTHER, audience="https://v.example", nonce="n", issued_at=NOW, expires_at=NOW + 9
    )
    read = VpJwt.parse(made)
    read.verify(OTHER.public_key)
    read.check_time(NOW)
    read.check_expected(audience="https://v.example", nonce="n")
    with refused("kb_nonce"):
        read.check_expected(audience="https://v.example", nonce="m")
    with refused("kb_aud"):
        read.check_expected(audience="https://w.example", nonce="n")
    with refused("expired"):
        read.check_time(NOW + 70)
    with refused("kb_nonce"):
        VpJwt.parse(issue_vp_jwt(vp(token), key=OTHER)).check_expected(audience="a", nonce="n")
    several = jose.sign({"typ": "vp+jwt"}, vp() | {"aud": ["a", "b"], "nonce": "n"}, KEY)
    VpJwt.parse(several).check_expected(audience="b", nonce="n")


def test_credentials_in_presentations_must_be_secured() -> None:
    issue_vp_jwt(vp("e30.e30.c2ln"), key=KEY)
    with refused("malformed"):
        issue_vp_jwt(vp() | {"verifiableCredential": [VC]}, key=KEY)
    with refused("holder_mismatch"):
        VpJwt.parse(jose.sign({"typ": "vp+jwt"}, vp() | {"iss": "did:example:bob"}, KEY))


def test_envelopes() -> None:
    data = issue_vc_cose(VC, key=KEY)
    envelope = Envelope("application/vc+cose", b64_encode(data))
    assert Envelope.parse(envelope.to_json()["id"]) == envelope
    assert envelope.to_bytes() == data
    assert Envelope("application/vc+cose", b64_encode(data).rstrip("=")).to_bytes() == data
    assert Envelope("application/vp+jwt", "x").to_json()["type"] == "EnvelopedVerifiablePresentation"
    for bad in (
        "https://x.example",
        "data:text/plain,x",
        "data:application/vc+jwt;base64,x",
        "data:application/vc+cose,x",
        "",
    ):
        with refused("malformed"):
            Envelope.parse(bad)
    with refused("unsupported"):
        Envelope.parse("data:application/vc+zip,x")


def test_what_a_verifier_needs_is_never_disclosable() -> None:
    for name in ("issuer", "credentialStatus", "credentialSchema", "validUntil", "@context"):
        with refused("claim_not_disclosable"):
            issue_vc_sd_jwt(VC, disclosable=[(name,)], key=KEY)
        if name in VC:
            text = sd_jwt.issue(VC, disclosable=[(name,)], key=KEY, header={"typ": "vc+sd-jwt"})
            with refused("claim_not_disclosable"):
                VcSdJwt.parse(text)
    text = issue_vc_sd_jwt(
        VC, disclosable=[("credentialSubject", "name")], key=KEY, holder=OTHER.public_key, kid=KID
    )
    shown = VcSdJwt.of(VcSdJwt.parse(text).sd_jwt.select([]))
    assert shown.claims["credentialSubject"] == {"id": "did:example:ada"}
    assert shown.key_source() == DidSource(DID, KID)
    with refused("typ_mismatch"):
        VcSdJwt.parse(issue_vc_jwt(VC, key=KEY) + "~").verify(KEY.public_key)


def test_types_of_cose_messages() -> None:
    payload = dump_json(VC)
    header = {cose.TYPE: VC_COSE_TYPE, cose.CONTENT_TYPE: "application/vc"}
    VcCose.parse(sign1(payload, KEY, protected=header).to_bytes()).verify(KEY.public_key)
    for change in (
        {cose.TYPE: "application/vp+cose"},
        {cose.TYPE: 16},
        {cose.CONTENT_TYPE: "application/vp"},
    ):
        with refused("typ_mismatch"):
            VcCose.parse(sign1(payload, KEY, protected=header | change).to_bytes()).verify(KEY.public_key)
    with refused("typ_mismatch"):
        VcCose.parse(sign1(payload, KEY).to_bytes()).verify(KEY.public_key)
    with refused("malformed"):
        VcCose.parse(sign1(payload, KEY, protected=header, detached=True).to_bytes())
    with refused("malformed"):
        VcCose.parse(sign1(cbor_encode(VC), KEY, protected=header).to_bytes())


def old(claims: JsonObject, **header: Any) -> JwtVcJson:
    return JwtVcJson.parse(jose.sign({"typ": "JWT", **header}, claims, KEY))


def test_older_credentials() -> None:
    read = JwtVcJson.parse(issue_jwt_vc_json(VC_1_1, key=KEY, kid=KID))
    read.verify(KEY.public_key)
    read.check_time(NOW)
    assert read.document == VC_1_1
    assert read.key_source() == DidSource(DID, KID)
    with refused("signature_invalid"):
        read.verify(OTHER.public_key)
    with refused("expired"):
        read.check_time(seconds("2036-01-02T00:00:00"))
    with refused("typ_mismatch"):
        old({"vc": VC_1_1}, typ="kb+jwt").verify(KEY.public_key)


def test_older_credentials_are_put_together_again() -> None:
    """Data model 1.1, section 6.3.1: what stands in claims may be left out of `vc`."""
    bare = {name: VC_1_1[name] for name in ("@context", "type")}
    bare |= {"issuer": {"name": "School"}, "credentialSubject": {"name": "Ada"}}
    times = {"nbf": seconds("2026-01-01T00:00:00"), "exp": seconds("2036-01-01T00:00:00")}
    read = old({"iss": DID, "jti": VC_1_1["id"], "sub": "did:example:ada", **times, "vc": bare})
    assert read.document == VC_1_1
    whole = {"iss": DID, **times, "vc": VC_1_1}
    assert old(whole).credential.issuer == DID
    with refused("issuer_mismatch"):
        old(whole | {"iss": "did:web:mill.example"})
    for wrong in (
        {"jti": "urn:x"},
        {"sub": "did:example:bob"},
        {"nbf": 1},
        {"exp": 2**40},
        {"vp": {}},
        {"vc": "x"},
    ):
        with refused("malformed"):
            old(whole | wrong)
    with refused("claim_type_invalid"):
        old({"iss": DID, "vc": bare, "nbf": 2**50})


def test_older_presentations() -> None:
    token = issue_jwt_vc_json(VC_1_1, key=KEY)
    inner = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [token],
    }
    made = issue_jwt_vp_json(
        inner, key=OTHER, holder="did:example:ada", audience="v", nonce="n", issued_at=NOW, expires_at=NOW + 9
    )
    read = JwtVpJson.parse(made)
    read.verify(OTHER.public_key)
    read.check_time(NOW)
    read.check_expected(audience="v", nonce="n")
    assert (read.holder, read.tokens) == ("did:example:ada", (token,))
    claims = {"iss": "did:example:ada", "vp": inner}
    for wrong in ({"vp": inner | {"verifiableCredential": [VC_1_1]}}, {"vp": 1}, {"vc": {}}):
        with refused("malformed"):
            JwtVpJson.parse(jose.sign({"typ": "JWT"}, claims | wrong, KEY))
    with refused("holder_mismatch"):
        JwtVpJson.parse(jose.sign({}, claims | {"vp": inner | {"holder": "did:example:bob"}}, KEY))
    with refused("claim_type_invalid"):
        JwtVpJson.parse(jose.sign({}, claims | {"iss": 1}, KEY))
