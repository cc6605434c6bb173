"""mdoc: ISO 18013-5 Annex D, examples of isomdl and AAMVA, and the transcripts of OpenID4VP."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import cbor2
import pytest
from cryptography import x509

from refusing import refused
from trustid import keys
from trustid.credentials.cose import CoseMac0, CoseSign1, x5chain
from trustid.credentials.mdoc import (
    DeviceMacKey,
    DeviceResponse,
    Mdoc,
    dc_api_transcript,
    openid4vp_transcript,
)
from trustid.credentials.mdoc.values import embed, key_from_cose, key_to_cose, read_embedded
from trustid.encoding import b64_decode, b64_encode, b64url_decode, cbor_decode, cbor_encode, sha256
from trustid.keys.ec import P256SigningKey
from trustid.keys.x509 import certificate_from_pem, check_x5c, leaf_key
from vectors_at import VECTORS, ran, vector_json, vector_text

ANNEX_D: dict[str, str] = vector_json("mdoc/iso18013-5-annexD.json")
RESPONSE = bytes.fromhex(ANNEX_D["D.4.1.2 device response (hex)"])
SIGNED_AT = 1_601_559_002  # 2020-10-01T13:30:02Z
MAC_KEY = DeviceMacKey(bytes.fromhex(ANNEX_D["EMacKey (hex)"]))


def transcript() -> bytes:
    """The SessionTranscript within the DeviceAuthentication of section D.5.2."""
    data = bytes.fromhex(ANNEX_D["D.5.2 DeviceAuthenticationBytes (hex)"])
    parts = cbor_decode(read_embedded(cbor_decode(data), "DeviceAuthentication"))
    return cbor_encode(parts[1])


def isomdl(name: str) -> bytes:
    return bytes.fromhex(vector_text(f"mdoc/isomdl/{name}").strip())


def test_annex_d_response() -> None:
    response = DeviceResponse.parse(RESPONSE)
    (document,) = response.documents
    mdoc = document.mdoc
    mdoc.verify(leaf_key(mdoc.x5chain(), now=SIGNED_AT))
    mdoc.check_time(SIGNED_AT)
    document.check_device(transcript(), mac_key=MAC_KEY)
    claims = mdoc.claims()["org.iso.18013.5.1"]
    assert (claims["family_name"], claims["issue_date"]) == ("Doe", "2019-10-20")
    assert [one["vehicle_category_code"] for one in claims["driving_privileges"]] == ["A", "B"]
    assert document.device_claims() == {}
    assert cbor_decode(response.to_bytes()) == cbor_decode(RESPONSE)
    for time, code in ((SIGNED_AT - 100, "not_yet_valid"), (SIGNED_AT + 366 * 86400, "expired")):
        with refused(code):
            mdoc.check_time(time)
    with refused("mdoc_device_auth"):
        document.check_device(transcript()[:-1] + b"\0", mac_key=MAC_KEY)
    with refused("mdoc_device_auth"):
        document.check_device(transcript(), mac_key=DeviceMacKey(bytes(32)))
    with refused("mdoc_device_auth"):
        document.check_device(transcript())


def test_annex_d_request_is_signed_over_the_same_session() -> None:
    request = cbor_decode(bytes.fromhex(ANNEX_D["D.4.1.1 device request (hex)"]))["docRequests"][0]
    auth = CoseSign1.from_value(request["readerAuth"])
    items = cbor_encode(request["itemsRequest"])
    reader = b"\x83" + cbor_encode("ReaderAuthentication") + transcript() + items
    key = leaf_key(x5chain(auth.unprotected), now=SIGNED_AT)
    auth.verify(key, payload=cbor_encode(embed(reader)))
    with refused("signature_invalid"):
        auth.verify(key, payload=cbor_encode(embed(reader + b"\0")))


def test_isomdl_issuer_signed() -> None:
    mdoc = Mdoc.parse(isomdl("issuer_signed.cbor"))
    mdoc.verify(leaf_key(mdoc.x5chain(), now=SIGNED_AT))
    assert cbor_decode(mdoc.to_bytes()) == cbor_decode(isomdl("issuer_signed.cbor"))
    assert Mdoc.parse(mdoc.to_bytes()).to_bytes() == mdoc.to_bytes()


def test_isomdl_device_response_is_only_an_example_of_the_form() -> None:
    """Its issuerAuth signs a sentence instead of a security object, its random is one byte long."""
    data = isomdl("device_response.cbor")
    assert cbor_decode(cbor_encode(cbor_decode(data))) == cbor_decode(data)
    document = cbor_decode(data)["documents"][0]
    signed = CoseSign1.from_value(document["issuerSigned"]["issuerAuth"])
    assert signed.payload == b"This is the content."
    mac = CoseMac0.from_value(document["deviceSigned"]["deviceAuth"]["deviceMac"])
    assert mac.payload == b"This is the content."
    with refused("malformed"):
        DeviceResponse.parse(data)


def test_isomdl_sign1_and_key() -> None:
    ran(2)
    secret = P256SigningKey.from_bytes(isomdl("cose/sign1/secret_key"))
    message = CoseSign1.parse(isomdl("cose/sign1/serialized.cbor"))
    assert message.verify(secret.public_key) == b"This is the content."
    encoded = isomdl("cose_key/ec_p256.cbor")
    assert key_to_cose(key_from_cose(cbor_decode(encoded))) == cbor_decode(encoded)


def test_isomdl_mac0() -> None:
    """Its key is the whole file, as isomdl's own test takes it."""
    message = CoseMac0.parse(isomdl("cose/mac0/serialized.cbor"))
    assert message.verify(isomdl("cose/mac0/secret_key")) == b"This is the content."
    with refused("signature_invalid"):
        message.verify(bytes(32))


def test_vical() -> None:
    """AAMVA's list of authorities: COSE_Sign1 whose chain ends in the root."""
    data = (VECTORS / "mdoc/vical/aamva-vical-2025-11-18-1763491092481.cbor").read_bytes()
    message = CoseSign1.parse(data)
    chain = x5chain(message.unprotected)
    root = certificate_from_pem((VECTORS / "mdoc/vical/aamva_ca_root.crt").read_bytes())
    intermediate = certificate_from_pem((VECTORS / "mdoc/vical/aamva_ca_intermediate.crt").read_bytes())
    assert chain is not None and chain[1:] == [b64_encode(intermediate), b64_encode(root)]
    signed_at = 1_763_491_092
    certificates = [x509.load_der_x509_certificate(b64_decode(one)) for one in chain]
    for issued, issuer in pairwise(certificates):
        issued.verify_directly_issued_by(issuer)
    content = message.verify(leaf_key(chain, now=signed_at))
    # It writes serial numbers as big integers that are not big, which our reader refuses.
    assert cbor2.loads(content)["vicalProvider"] == "AAMVA"
    with refused("signature_invalid"):
        message.verify(keys.generate("P-256").public_key)
    # Its key usage lacks digitalSignature (RFC 5280, section 4.2.1.3): no signer of credentials here.
    with refused("x5c_invalid"):
        check_x5c(chain, trust_anchors=[root], now=signed_at, anchor_in_chain=True)


def pem(name: str) -> bytes:
    return certificate_from_pem((VECTORS / f"mdoc/x509/isomdl_{name}.pem").read_bytes())


def test_certificates_of_signers() -> None:
    """Correct, incorrect, and with an intermediate whose key usage forbids it to issue certificates."""
    ran(3)
    root, now = pem("iaca_root_cert"), 1_700_000_000
    check_x5c([b64_encode(pem("iaca_signer"))], trust_anchors=[root], now=now)
    with refused("x5c_invalid"):
        check_x5c([b64_encode(pem("incorrect_iaca_signer"))], trust_anchors=[root], now=now)
    chain = [pem("iaca_leaf_signer"), pem("iaca_intermediate")]
    for issued, issuer in pairwise([*chain, root]):
        x509.load_der_x509_certificate(issued).verify_directly_issued_by(
            x509.load_der_x509_certificate(issuer)
        )
    with refused("x5c_invalid"):
        check_x5c([b64_encode(one) for one in chain], trust_anchors=[root], now=now)


def hex_of(value: str) -> bytes:
    return bytes.fromhex("".join(value.split("CBOR", maxsplit=1)[0].removeprefix("Hex:").split()))


HANDOVERS: list[dict[str, Any]] = vector_json("mdoc/openid4vp-handover.json")


@pytest.mark.parametrize("first", [0, 4])
def test_openid4vp_transcripts(first: int) -> None:
    jwk, info, handover, whole = HANDOVERS[first : first + 4]
    members = json.loads(jwk["value"])
    public = keys.P256PublicKey.from_coordinates(members["x"], members["y"])
    thumbprint = b64url_decode(public.thumbprint())
    parts = cbor_decode(hex_of(info["value"]))
    assert parts[2] == thumbprint
    assert cbor_decode(hex_of(handover["value"]))[1] == sha256(hex_of(info["value"]))
    if first == 0:
        made = openid4vp_transcript(
            client_id="x509_san_dns:example.com",
            nonce=parts[1],
            response_uri="https://example.com/response",
            jwk_thumbprint=thumbprint,
        )
    else:
        made = dc_api_transcript(origin="https://example.com", nonce=parts[1], jwk_thumbprint=thumbprint)
    assert made == hex_of(whole["value"])
