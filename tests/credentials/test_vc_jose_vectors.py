"""The W3C test suite of VC-JOSE-COSE: every case, with JOSE, SD-JWT and COSE."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from refusing import refused
from trustid import keys
from trustid.credentials.cose import KEY_ID
from trustid.credentials.enveloping import Envelope
from trustid.credentials.jwt_vc_json import JwtVcJson
from trustid.credentials.vc_cose import VcCose, VpCose, issue_vc_cose, issue_vp_cose
from trustid.credentials.vc_jose import VcJwt, VpJwt, issue_vc_jwt, issue_vp_jwt
from trustid.credentials.vc_sd_jwt import VcSdJwt, VpSdJwt, issue_vc_sd_jwt, issue_vp_sd_jwt
from trustid.encoding import JsonObject, b64_decode, parse_json_object
from trustid.errors import TrustidError
from vectors_at import vector_json, vector_text

CASES: list[dict[str, Any]] = vector_json("vc-jose-cose/cases.json")
ALGORITHMS = ("ES256", "ES384", "EdDSA")
NOW = 1734311060  # between iat and exp of the presentations

# Why each case that must fail does fail here. The "unknown extensions" of cases 5 and 9 are known to the
# examples context, whose @vocab gives every term a meaning, so what refuses is the key of those cases.
REASONS = {
    5: "unsupported",  # P-521
    9: "alg_not_allowed",  # ES512
    12: "signature_invalid",
    14: "typ_mismatch",
    15: "malformed",
    23: "signature_invalid",
    26: "unsupported",  # P-521; and its credential is no data URL: see below
    32: "signature_invalid",
    35: "malformed",
}


def document(name: str) -> JsonObject:
    return parse_json_object(vector_text(f"vc-jose-cose/{name}"))


def paths(case: dict[str, Any]) -> list[tuple[str | int, ...]]:
    return [
        tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path))
        for path in case["disclosure_paths"]
    ]


def issue(case: dict[str, Any]) -> None:
    method = vector_json(f"vc-jose-cose/{case['key_file']}")
    jwk = method["secretKeyJwk"]
    key, kid = keys.signing_key_from_jwk(jwk), jwk["kid"]
    source = document(case["input_file"])
    match case["feature"]:
        case "credential_jose":
            read: Any = VcJwt.parse(issue_vc_jwt(source, key=key, kid=kid))
        case "presentation_jose":
            read = VpJwt.parse(issue_vp_jwt(source, key=key, kid=kid))
        case "credential_sdjwt":
            read = VcSdJwt.parse(issue_vc_sd_jwt(source, disclosable=paths(case), key=key, kid=kid))
            assert len(read.sd_jwt.disclosures) == len(case["disclosure_paths"])
        case "presentation_sdjwt":
            read = VpSdJwt.parse(issue_vp_sd_jwt(source, disclosable=paths(case), key=key, kid=kid))
            assert len(read.sd_jwt.disclosures) == len(case["disclosure_paths"])
        case "credential_cose":
            read = VcCose.parse(issue_vc_cose(source, key=key, kid=kid.encode()))
        case "presentation_cose":
            read = VpCose.parse(issue_vp_cose(source, key=key, kid=kid.encode()))
        case other:
            pytest.fail(other)
    read.verify(key.public_key, algorithms=ALGORITHMS)
    assert read.claims == source


def unpadded(text: str) -> bytes:
    """The files of the suite leave the padding out."""
    return b64_decode(text + "=" * (-len(text) % 4))


READERS: dict[str, Callable[[str], Any]] = {
    "credential_jose": VcJwt.parse,
    "presentation_jose": VpJwt.parse,
    "credential_sdjwt": VcSdJwt.parse,
    "presentation_sdjwt": VpSdJwt.parse,
    "credential_cose": lambda text: VcCose.parse(unpadded(text)),
    "presentation_cose": lambda text: VpCose.parse(unpadded(text)),
}
# What these presentations hold is no credential ("eyJ...ifQ...."): only they themselves can be verified.
PLACEHOLDERS = {31}
KEYS = {
    jwk["kid"]: jwk
    for jwk in (
        vector_json(f"vc-jose-cose/{name}.json")["publicKeyJwk"]
        for name in ("vm-ed25519", "vm-p256", "vm-p384")
    )
}


def verify(case: dict[str, Any]) -> None:
    key = keys.public_key_from_jwk(vector_json(f"vc-jose-cose/{case['key_file']}")["publicKeyJwk"])
    read = READERS[case["feature"]](vector_text(f"vc-jose-cose/{case['input_file']}").strip())
    read.verify(key, algorithms=ALGORITHMS)
    if isinstance(read, VcJwt | VpJwt | VcSdJwt):
        read.check_time(NOW)
    if case["feature"].startswith("presentation"):
        for envelope in read.envelopes():
            if case["number"] in PLACEHOLDERS:
                with refused("malformed"):
                    verify_inside(envelope)
            else:
                verify_inside(envelope)


def verify_inside(envelope: Envelope) -> None:
    match envelope.media_type:
        case "application/vc+jwt":
            inner: Any = VcJwt.parse(envelope.content)
            kid = inner.jws.header["kid"]
        case "application/vc+sd-jwt":
            inner = VcSdJwt.parse(envelope.content)
            kid = inner.sd_jwt.issuer_jwt.header["kid"]
        case _:
            inner = VcCose.parse(envelope.to_bytes())
            kid = inner.message.protected[KEY_ID].decode()
    inner.verify(keys.public_key_from_jwk(KEYS[kid]), algorithms=ALGORITHMS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['number']}-{case['feature']}")
def test_case(case: dict[str, Any]) -> None:
    run = issue if case["function"] == "issue" else verify
    if case["expected_result"] == "success":
        run(case)
        return
    with pytest.raises(TrustidError) as caught:
        run(case)
    assert caught.value.code == REASONS[case["number"]]


def test_every_case_is_run_and_every_refusal_has_its_reason() -> None:
    assert len(CASES) == 21
    assert {case["number"] for case in CASES if case["expected_result"] == "failure"} == set(REASONS)


def test_case_26_would_fail_with_any_key() -> None:
    with pytest.raises(TrustidError) as caught:
        VpSdJwt.parse(vector_text("vc-jose-cose/presentation-sdjwt-bad-credential.txt").strip())
    assert caught.value.code == "malformed"


@pytest.mark.parametrize("name", ["credential-jose-minimal", "presentation-jose-multiple"])
def test_new_tokens_are_not_read_as_old_ones(name: str) -> None:
    with pytest.raises(TrustidError) as caught:
        JwtVcJson.parse(vector_text(f"vc-jose-cose/{name}.txt").strip())
    assert caught.value.code == "malformed"
