"""An mdoc as the answer: asked for over OpenID4VP, bound to the session, with no more than was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trustid import keys
from trustid.credentials.mdoc import DeviceResponse, Mdoc, issue_mdoc, openid4vp_transcript, present
from trustid.encoding import b64_encode, b64url_decode, b64url_encode
from trustid.keys.x509 import DevelopmentCa
from verifier_under_test import NOW, Bench, make_bench

SPACE = "org.iso.18013.5.1"
MDL = f"{SPACE}.mDL"
CA = DevelopmentCa.create("Authority", now=NOW - 3600)
KEY, DEVICE = keys.generate("P-256"), keys.generate("P-256")
LEAF = CA.issue(
    KEY.public_key, common_name="Signer", dns_names=["dmv.example"], uris=[], valid_days=3000, now=NOW
)
QUERY = {
    "credentials": [
        {
            "id": "licence",
            "format": "mso_mdoc",
            "meta": {"doctype_value": MDL},
            "claims": [{"path": [SPACE, "age_over_18"]}],
        }
    ]
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    trust = tmp_path / "mdoc.json"
    entry = {"issuers": ["x509_san_dns:dmv.example"], "x509_anchors": [b64_encode(CA.certificate_der)]}
    trust.write_text(json.dumps({"types": {MDL: entry}}))
    return make_bench(tmp_path / "verifier", trust_file=trust)


def licence(**changes: Any) -> Mdoc:
    options: dict[str, Any] = {
        "doc_type": MDL,
        "key": KEY,
        "x5c": [b64_encode(LEAF)],
        "device_key": DEVICE.public_key,
        "signed": NOW,
        "valid_from": NOW,
        "valid_until": NOW + 1000,
    }
    return issue_mdoc({SPACE: {"age_over_18": True, "family_name": "Rossi"}}, **(options | changes))


def answer(request: dict[str, Any], *names: str, **session: Any) -> dict[str, list[str]]:
    thumbprint = None
    if request["response_mode"] == "direct_post.jwt":
        jwk = request["client_metadata"]["jwks"]["keys"][0]
        point = keys.P256PublicKey.from_coordinates(jwk["x"], jwk["y"])
        thumbprint = b64url_decode(point.thumbprint())
    asked = {
        "client_id": request["client_id"],
        "nonce": request["nonce"],
        "response_uri": request["response_uri"],
        "jwk_thumbprint": thumbprint,
    }
    transcript = openid4vp_transcript(**(asked | session))
    document = present(licence().select({SPACE: names}), transcript=transcript, device_key=DEVICE)
    return {"licence": [b64url_encode(DeviceResponse((document,)).to_bytes())]}


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_B191_an_mdoc_answers_one_session(bench: Bench, mode: str) -> None:
    session = bench.ask(dcql_query=QUERY, response_mode=mode)
    request = bench.request(session["request_uri"])
    assert request["client_metadata"]["vp_formats_supported"]["mso_mdoc"]
    for wrong in (
        {"nonce": "other"},
        {"client_id": "x509_san_dns:other.example"},
        {"response_uri": "https://counter.example/oid4vp/responses/other"},
        {"jwk_thumbprint": bytes(32)},
    ):
        refusal = bench.post(request, bench.wallet.form(request, answer(request, "age_over_18", **wrong)))
        assert (refusal.status_code, refusal.get_json()["code"]) == (400, "mdoc_device_auth")
    good = bench.post(request, bench.wallet.form(request, answer(request, "age_over_18")))
    assert good.status_code == 200, good.text
    result = bench.result(session).get_json()
    assert result["state"] == "verified"
    assert result["claims"] == {"licence": [{SPACE: {"age_over_18": True}}]}


def test_B201_more_than_was_asked_is_refused(bench: Bench) -> None:
    request = bench.request(bench.ask(dcql_query=QUERY)["request_uri"])
    for names in (("age_over_18", "family_name"), ("family_name",)):
        refusal = bench.post(request, bench.wallet.form(request, answer(request, *names)))
        assert refusal.get_json()["code"] == "query_mismatch"
    assert bench.post(request, bench.wallet.form(request, answer(request, "age_over_18"))).status_code == 200
