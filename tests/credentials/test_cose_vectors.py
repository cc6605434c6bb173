"""The examples of the COSE working group: each file is run, or named with the reason why it is not."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from refusing import refused
from trustid import keys
from trustid.credentials.cose import CoseMac0, CoseSign1, create_mac0, sign1
from trustid.encoding import b64url_decode, b64url_encode, cbor_decode
from trustid.errors import TrustidError
from vectors_at import VECTORS, left_out, vector_json

ENCRYPTED = "encrypted CBOR (COSE_Encrypt, COSE_Encrypt0) is not spoken"
SEVERAL = "COSE_Sign, with several signers, is not spoken (refused: malformed)"
RECIPIENTS = "COSE_Mac, with recipients, is not spoken (refused: malformed)"
UNPROTECTED = "its alg is unprotected, which is refused here (malformed)"

NOT_RUN = {
    "aes-gcm-examples": ENCRYPTED,
    "aes-wrap-examples": RECIPIENTS,
    "ecdh-direct-examples": RECIPIENTS,
    "encrypted-tests": ENCRYPTED,
    "X25519-tests": ENCRYPTED,
    "sign-tests": SEVERAL,
    "x509-examples": SEVERAL,
    "RFC8152/Appendix_B": ENCRYPTED,
    "RFC8152/Appendix_C_1_2": SEVERAL,
    "RFC8152/Appendix_C_1_4": SEVERAL,
    "RFC8152/Appendix_C_3_1": ENCRYPTED,
    "RFC8152/Appendix_C_3_3": ENCRYPTED,
    "RFC8152/Appendix_C_4_1": ENCRYPTED,
    "RFC8152/Appendix_C_5_1": RECIPIENTS,
    "RFC8152/Appendix_C_5_3": RECIPIENTS,
    "RFC8152/Appendix_C_6_1": "AES-CBC-MAC is not spoken (refused: alg_not_allowed)",
    "CWT/A_5": ENCRYPTED,
    "ecdsa-examples/ecdsa-01": SEVERAL,
    "ecdsa-examples/ecdsa-03": SEVERAL,
    "ecdsa-examples/ecdsa-sig-03": "P-521 is not spoken (refused: unsupported, alg_not_allowed)",
    "eddsa-examples/eddsa-01": SEVERAL,
    "hmac-examples/HMac-01": RECIPIENTS,
    "hmac-examples/HMac-03": RECIPIENTS,
    "hmac-examples/HMac-05": RECIPIENTS,
    "sign1-tests/sign-pass-01": UNPROTECTED,
    "mac0-tests/mac-pass-02": UNPROTECTED,
}
"""What is not verified, by folder or file, and why. Each is shown to be refused by `test_not_run`."""

FILES = sorted(
    PurePosixPath(path.relative_to(VECTORS / "cose")).with_suffix("").as_posix()
    for path in (VECTORS / "cose").rglob("*.json")
)


def reason(name: str) -> str | None:
    return NOT_RUN.get(name) or NOT_RUN.get(name.partition("/")[0])


def load(name: str) -> tuple[dict[str, Any], bytes]:
    case = vector_json(f"cose/{name}.json")
    return case, bytes.fromhex(case["output"]["cbor"])


def coordinate(jwk: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(jwk[f"{name}_hex"]) if f"{name}_hex" in jwk else b64url_decode(jwk[name])


def signing_key(jwk: dict[str, Any]) -> keys.SigningKey:
    members = {name: b64url_encode(coordinate(jwk, name)) for name in ("x", "y", "d") if name in jwk}
    members |= {
        name: b64url_encode(coordinate(jwk, name)) for name in ("x", "y", "d") if f"{name}_hex" in jwk
    }
    return keys.signing_key_from_jwk({"kty": jwk["kty"], "crv": jwk["crv"]} | members)


def run(case: dict[str, Any], data: bytes) -> None:
    source = case["input"]
    outer = source.get("sign0") or source["mac0"]
    payload = (
        bytes.fromhex(source["plaintext_hex"]) if "plaintext_hex" in source else source["plaintext"].encode()
    )
    aad = bytes.fromhex(outer.get("external", ""))
    if "sign0" in source:
        key = signing_key(outer["key"])
        message: CoseSign1 | CoseMac0 = CoseSign1.parse(data)
        assert message.verify(key.public_key, external_aad=aad) == payload
        again = sign1(payload, key, protected=message.protected, external_aad=aad)
        assert again.protected_bytes == message.protected_bytes
    else:
        secret = outer["recipients"][0]["key"]
        shared = coordinate(secret, "k")
        names = {"HS256": "HMAC 256/256", "HS256/64": "HMAC 256/64", "HS384": "HMAC 384/384"}
        message = CoseMac0.parse(data)
        algorithm = names[outer["alg"]]
        assert message.verify(shared, algorithms=[algorithm], external_aad=aad) == payload
        again = create_mac0(
            payload, shared, protected=message.protected, external_aad=aad, algorithm=algorithm
        )
        assert again.seal == message.seal
    if case["output"]["cbor"].startswith("D"):
        assert message.to_bytes() == data


@pytest.mark.parametrize("name", [name for name in FILES if reason(name) is None])
def test_example(name: str) -> None:
    case, data = load(name)
    if case.get("fail"):
        with pytest.raises(TrustidError) as caught:
            run(case, data)
        changed = case["input"]["failures"]
        expected = {"ChangeCBORTag": "malformed", "ChangeAttr": "alg_not_allowed"}
        assert caught.value.code == expected.get(next(iter(changed)), "signature_invalid")
    else:
        run(case, data)


@pytest.mark.parametrize("name", [name for name in FILES if reason(name) is not None])
def test_not_run(name: str) -> None:
    left_out(1, str(reason(name)))
    _, data = load(name)
    secret = bytes(32)
    with refused("malformed", "alg_not_allowed", "crit_unsupported"):
        CoseSign1.parse(data).verify(keys.generate("P-256").public_key)
    with refused("malformed", "alg_not_allowed", "crit_unsupported"):
        CoseMac0.parse(data).verify(secret)


def test_every_file_is_run_or_named_with_its_reason() -> None:
    assert len(FILES) == 72
    assert {name for name in NOT_RUN if not any(f.startswith(name) for f in FILES)} == set()
    assert len([name for name in FILES if reason(name) is None]) == 14


def test_claims_of_the_cwt_examples_can_be_read() -> None:
    """RFC 8392, appendix A.3."""
    case, data = load("CWT/A_3")
    claims = cbor_decode(CoseSign1.parse(data).verify(signing_key(case["input"]["sign0"]["key"]).public_key))
    assert (claims[1], claims[2], claims[4]) == ("coap://as.example.com", "erikw", 1444064944)
