"""SD-JWT VC: the draft's examples, and its rules broken beside a twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trustid.credentials import jose
from trustid.credentials.disclosure import Disclosure
from trustid.credentials.issuer_keys import (
    DidSource,
    MetadataSource,
    X5cSource,
    choose_jwk,
    issuer_jwks,
    key_source,
    metadata_url,
)
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import DRAFT, NEVER_DISCLOSABLE, SdJwtVc, issue_sd_jwt_vc
from trustid.encoding import b64url_encode
from trustid.errors import TrustidError
from trustid.keys import generate, public_key_from_jwk
from vectors_at import ran

VECTORS = Path(__file__).parents[1] / "vectors"
SECTIONS = json.loads((VECTORS / "sd-jwt-vc" / "draft-examples.json").read_text())
RFC_KEY = json.loads((VECTORS / "sd-jwt" / "rfc9901-examples.json").read_text())[-1]["blocks"][-1]["value"]
ISSUER = generate("Ed25519")
HOLDER = generate("P-256")
NOW = 1_800_000_000


def section(number: str) -> list[dict[str, Any]]:
    return next(s["blocks"] for s in SECTIONS if s["section"] == number)


def refused(code: str, call: Any, *args: Any, **options: Any) -> None:
    with pytest.raises(TrustidError) as caught:
        call(*args, **options)
    assert caught.value.code == code


def issued(claims: dict[str, Any] | None = None, **changes: Any) -> str:
    options: dict[str, Any] = {
        "vct": "urn:example:diploma",
        "issuer": "https://issuer.example",
        "key": ISSUER,
        "holder": HOLDER.public_key,
        "disclosable": [("name",)],
        "issued_at": NOW,
        "expires_at": NOW + 1000,
    }
    return issue_sd_jwt_vc({"name": "Ada", "sub": "s"} if claims is None else claims, **(options | changes))


def test_draft() -> None:
    assert DRAFT == "draft-ietf-oauth-sd-jwt-vc-19"


@pytest.mark.parametrize("block", [b["value"] for b in section("2.3.1") if b["kind"] == "disclosure"])
def test_disclosure(block: dict[str, str]) -> None:
    assert Disclosure.parse(block["disclosure"]).digest() == block["sha256"]


def test_issued_example() -> None:
    """Section 2.3.1: payload, and the user data whole again."""
    vc = SdJwtVc.parse(section("2.3.1")[-1]["value"])
    vc.verify(public_key_from_jwk(RFC_KEY))
    assert vc.sd_jwt.payload == section("2.3.1")[1]["value"]
    user = section("2.3.1")[0]["value"]
    claims = vc.claims()
    assert {name: claims[name] for name in user} == user


def test_presented_examples() -> None:
    """Section 2.3.2: one with a key binding JWT, one without."""
    ran(2)
    blocks = section("2.3.2")
    for token, expected in ((blocks[0], blocks[1]), (blocks[2], blocks[3])):
        vc = SdJwtVc.parse(token["value"])
        vc.verify(public_key_from_jwk(RFC_KEY))
        vc.check_time(1_787_325_881)
        assert vc.claims() == expected["value"]
    vc = SdJwtVc.parse(blocks[0]["value"])
    vc.check_key_binding(audience="https://example.com/verifier", nonce="1234567890", now=1_787_325_881)
    refused(
        "kb_nonce",
        vc.check_key_binding,
        audience="https://example.com/verifier",
        nonce="other",
        now=1_787_325_881,
    )


def test_header_and_types_examples() -> None:
    """Sections 2.2.1 to 2.2.2.2: what is written, and further types."""
    ran(3)
    header = SdJwtVc.parse(issued(key=generate("P-256"))).sd_jwt.issuer_jwt.header
    assert header == section("2.2.1")[0]["value"]
    example = section("2.2.2.2")[0]["value"]
    vc = SdJwtVc.parse(issued(vct=example["vct"], aka_vcts=example["aka_vcts"]))
    assert vc.types == {example["vct"], *example["aka_vcts"]}
    claims = section("2.2.2.1")[0]["value"]
    about = {name: value for name, value in claims.items() if name not in {*NEVER_DISCLOSABLE, "iat"}}
    again = SdJwtVc.parse(issued(about, vct=claims["vct"], disclosable=[(name,) for name in about]))
    assert again.vct == claims["vct"]
    assert again.claims().items() >= about.items()


def test_round_trip() -> None:
    text = issued(
        status={"status_list": {"idx": 1, "uri": "https://s.example/1"}},
        kid="k",
        not_before=NOW,
        x5c=["MIIB"],
    )
    vc = SdJwtVc.parse(text)
    vc.verify(ISSUER.public_key)
    assert (vc.issuer, vc.vct, vc.issued_at, vc.not_before, vc.expires_at) == (
        "https://issuer.example",
        "urn:example:diploma",
        NOW,
        NOW,
        NOW + 1000,
    )
    assert vc.status == {"status_list": {"idx": 1, "uri": "https://s.example/1"}}
    assert vc.holder_key == HOLDER.public_key
    assert vc.sd_jwt.issuer_jwt.header == {"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": "k", "x5c": ["MIIB"]}
    assert vc.claims()["name"] == "Ada"
    assert "name" not in vc.sd_jwt.payload
    assert SdJwtVc.parse(issued(holder=None)).holder_key is None
    bare = SdJwtVc.parse(issued(issuer=None, issued_at=None, expires_at=None, x5c=["MIIB"]))
    assert (bare.issuer, bare.issued_at, bare.expires_at) == (None, None, None)


@pytest.mark.parametrize("typ", ["dc+sd-jwt", "vc+sd-jwt", "JWT", "kb+jwt", "statuslist+jwt"])
def test_B026_typ(typ: str) -> None:
    vc = SdJwtVc.parse(jose.sign({"typ": typ}, {"vct": "v"}, ISSUER) + "~")
    if typ.endswith("+sd-jwt"):
        vc.verify(ISSUER.public_key)
    else:
        refused("typ_mismatch", vc.verify, ISSUER.public_key)
    refused("alg_not_allowed", vc.verify, ISSUER.public_key, algorithms=["ES256"])


def test_B046_issuer_claims_stay() -> None:
    """A disclosure can neither replace nor bring a claim that must be signed openly."""
    for name in ("iss", "exp", "cnf", "status", "vct"):
        smuggled = b64url_encode(json.dumps(["salt", name, {"x": 1}]).encode())
        digests = [Disclosure.parse(smuggled).digest()]
        harmless = SdJwtVc.parse(jose.sign({"typ": "dc+sd-jwt"}, {"vct": "v", "_sd": digests}, ISSUER) + "~")
        assert harmless.claims() == {"vct": "v"}
        payload = {"vct": "v", "_sd": digests}
        code = "disclosure_name_collision" if name == "vct" else "claim_not_disclosable"
        vc = SdJwtVc.parse(f"{jose.sign({'typ': 'dc+sd-jwt'}, payload, ISSUER)}~{smuggled}~")
        refused(code, vc.claims)


@pytest.mark.parametrize("name", sorted(NEVER_DISCLOSABLE))
def test_B047_claim_not_disclosable(name: str) -> None:
    assert issued(disclosable=[("name",), ("sub",), ("iat",)])
    refused("claim_not_disclosable", issued, disclosable=[(name,)])
    refused("claim_not_disclosable", issued, disclosable=[(name, "inner")])
    if name != "_sd_alg":
        refused("malformed", issued, {name: "x"})


def test_B048_required_claim_missing() -> None:
    vc = SdJwtVc.parse(issued())
    vc.check_time(NOW, required=["exp"])
    hidden = Disclosure.parse(b64url_encode(json.dumps(["salt", "exp", NOW]).encode())).digest()
    bad = SdJwtVc.parse(jose.sign({"typ": "dc+sd-jwt"}, {"vct": "v", "_sd": [hidden]}, ISSUER) + "~")
    bad.check_time(NOW)
    refused("required_claim_missing", bad.check_time, NOW, required=["exp"])
    refused(
        "required_claim_missing", SdJwtVc.parse, jose.sign({"typ": "dc+sd-jwt"}, {"iss": "x"}, ISSUER) + "~"
    )


def test_times() -> None:
    vc = SdJwtVc.parse(issued(not_before=NOW))
    for good in (NOW - 60, NOW, NOW + 1059):
        vc.check_time(good)
    refused("not_yet_valid", vc.check_time, NOW - 61)
    refused("expired", vc.check_time, NOW + 1060)
    vc.check_time(NOW + 999, skew_seconds=0)
    refused("expired", vc.check_time, NOW + 1000, skew_seconds=0)


@pytest.mark.parametrize(
    "claims",
    [
        {"vct": ""},
        {"vct": 1},
        {"vct": "v", "iss": 1},
        {"vct": "v", "exp": "1700000000"},
        {"vct": "v", "exp": True},
        {"vct": "v", "exp": -1},
        {"vct": "v", "exp": 2**63},
        {"vct": "v", "nbf": 1.5},
        {"vct": "v", "iat": None},
        {"vct": "v", "status": "x"},
        {"vct": "v", "cnf": []},
        {"vct": "v", "aka_vcts": []},
        {"vct": "v", "aka_vcts": ["a", 1]},
        {"vct": "v", "aka_vcts": ["a"] * 33},
        {"vct": "v", "vct#integrity": 1},
    ],
)
def test_B031_claim_types(claims: dict[str, Any]) -> None:
    good = {"vct": "v", "iss": "i", "exp": NOW, "status": {}, "aka_vcts": ["a"], "vct#integrity": "sha256-"}
    assert SdJwtVc.parse(jose.sign({"typ": "dc+sd-jwt"}, good, ISSUER) + "~").vct == "v"
    refused("claim_type_invalid", SdJwtVc.parse, jose.sign({"typ": "dc+sd-jwt"}, claims, ISSUER) + "~")


def test_select_keeps_the_credential() -> None:
    chosen = SdJwt.parse_issued(issued()).select([("vct",)])
    assert "name" not in SdJwtVc.of(chosen).claims()


def test_nothing_personal_is_printed() -> None:
    vc = SdJwtVc.parse(issued(status={"status_list": {"idx": 4711, "uri": "https://s.example/1"}}))
    printed = repr([vc, vc.sd_jwt, vc.sd_jwt.disclosures])
    assert "SdJwt" in printed
    for secret in ("Ada", "4711", vc.sd_jwt.disclosures[0].salt, vc.sd_jwt.disclosures[0].text):
        assert secret not in printed


# --- whose key


def test_metadata_url() -> None:
    assert metadata_url("https://example.com") == "https://example.com/.well-known/jwt-vc-issuer"
    assert metadata_url("https://example.com/") == "https://example.com/.well-known/jwt-vc-issuer"
    for path in ("https://example.com/tenant/1234", "https://example.com/tenant/1234/"):
        assert metadata_url(path) == "https://example.com/.well-known/jwt-vc-issuer/tenant/1234"
    assert metadata_url("https://example.com:8443/a").startswith("https://example.com:8443/.well-known/")
    for bad in (
        "http://example.com",
        "https://",
        "https://a@example.com",
        "https://example.com?x=1",
        "https://example.com/#f",
        "https://[bad",
        "example.com",
    ):
        refused("malformed", metadata_url, bad)


def test_issuer_metadata_examples() -> None:
    """Section 4.2: keys by value and by reference."""
    by_value, by_reference = [b["value"] for b in section("4.2")]
    jwks = issuer_jwks(by_value, "https://example.com")
    kid = by_value["jwks"]["keys"][0]["kid"]
    assert choose_jwk(jwks, kid) == public_key_from_jwk(by_value["jwks"]["keys"][0])
    assert issuer_jwks(by_reference, "https://example.com") == by_reference["jwks_uri"]
    refused("issuer_mismatch", issuer_jwks, by_value, "https://example.com/")
    for bad in (
        {"issuer": "i"},
        {"issuer": "i", "jwks": {"keys": []}, "jwks_uri": "https://x"},
        {"issuer": "i", "jwks_uri": "http://x"},
        {"issuer": "i", "jwks": []},
    ):
        refused("malformed", issuer_jwks, bad, "i")


def test_choose_jwk() -> None:
    one, two = generate("P-256").public_key, generate("Ed25519").public_key
    named = {"keys": [one.to_jwk() | {"kid": "1"}, two.to_jwk() | {"kid": "2"}]}
    assert choose_jwk(named, "2") == two
    assert choose_jwk({"keys": [one.to_jwk()]}, None) == one
    refused("key_not_found", choose_jwk, named, None)
    refused("key_not_found", choose_jwk, named, "3")
    refused(
        "key_invalid", choose_jwk, {"keys": [one.to_jwk() | {"kid": "1"}, two.to_jwk() | {"kid": "1"}]}, "1"
    )


def test_key_source() -> None:
    did = "did:web:issuer.example"
    assert key_source({"x5c": ["MIIB"]}, None) == X5cSource(("MIIB",), None)
    assert key_source({"x5c": ["MIIB"], "kid": "k"}, did) == X5cSource(("MIIB",), did)
    assert key_source({"kid": did + "#1"}, did) == DidSource(did, did + "#1")
    assert key_source({"kid": "#1"}, did) == DidSource(did, did + "#1")
    assert key_source({}, "did:key:z6Mk") == DidSource("did:key:z6Mk", "did:key:z6Mk#z6Mk")
    assert key_source({}, "did:jwk:eyJ9") == DidSource("did:jwk:eyJ9", "did:jwk:eyJ9#0")
    assert key_source({"kid": "k"}, "https://a.example/x") == MetadataSource(
        "https://a.example/x", "https://a.example/.well-known/jwt-vc-issuer/x", "k"
    )
    for chain in ([], "MIIB", [1], None):
        refused("x5c_invalid", key_source, {"x5c": chain}, None)
    refused("issuer_key_unknown", key_source, {}, did)
    refused("issuer_key_unknown", key_source, {}, None)
    refused("issuer_key_unknown", key_source, {"kid": "k"}, "http://a.example")
    vc = SdJwtVc.parse(issued())
    assert isinstance(vc.key_source(), MetadataSource)


def test_B025_key_of_another_issuer() -> None:
    did = "did:web:issuer.example"
    assert key_source({"kid": f"{did}#1"}, did)
    for kid in ("did:web:evil.example#1", f"{did}.evil#1", f"{did}:x#1", did, "k"):
        refused("issuer_key_mismatch", key_source, {"kid": kid}, did)


def test_B011_certificate_names() -> None:
    source = X5cSource(("MIIB",), "https://issuer.example/tenant")
    source.check_names(["Issuer.Example"], [])
    source.check_names([], ["https://issuer.example/tenant"])
    X5cSource(("MIIB",), None).check_names([], [])
    X5cSource(("MIIB",), "did:web:a").check_names([], ["did:web:a"])
    for names, uris in ((["evil.example", "*.example"], []), ([], ["https://issuer.example"]), ([], [])):
        refused("x5c_invalid", source.check_names, names, uris)
    refused("x5c_invalid", X5cSource(("MIIB",), "did:web:issuer.example").check_names, ["issuer.example"], [])
