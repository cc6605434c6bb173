"""PyPI pymdoccbor, which nobody here wrote: what it issues we read, what we issue it reads."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from refusing import refused
from trustid import keys
from trustid.credentials.mdoc import Mdoc, issue_mdoc
from trustid.encoding import b64_encode, b64url_decode, cbor_decode, cbor_encode
from trustid.keys.ec import P256SigningKey
from trustid.keys.x509 import DevelopmentCa

pytestmark = pytest.mark.filterwarnings("ignore")
pytest.importorskip("pymdoccbor", reason="pip install 'trustid[interop]' to compare mdoc with pymdoccbor")

NOW = int(time.time()) // 3600 * 3600
CA = DevelopmentCa.create("Authority", now=NOW)
KEY = P256SigningKey.generate()
LEAF = CA.issue(KEY.public_key, common_name="Signer", dns_names=["dmv.example"], uris=[], valid_days=30)
SPACE = "org.iso.18013.5.1"
MDL = f"{SPACE}.mDL"
ELEMENTS: dict[str, Any] = {
    "family_name": "Möbius",
    "age_over_18": True,
    "portrait": b"\xff\xd8",
    "height": 180,
}


def theirs(data: bytes) -> Any:
    from pymdoccbor.mdoc.verifier import MdocCbor

    reader = MdocCbor()
    reader.loads(data)
    return reader


def test_they_read_what_we_issue() -> None:
    mdoc = issue_mdoc(
        {SPACE: ELEMENTS},
        doc_type=MDL,
        key=KEY,
        x5c=[b64_encode(LEAF)],
        device_key=keys.generate("P-256").public_key,
        signed=NOW,
        valid_from=NOW,
        valid_until=NOW + 86_400,
    )
    document = {"docType": MDL, "issuerSigned": mdoc.to_value()}
    reader = theirs(cbor_encode({"version": "1.0", "documents": [document], "status": 0}))
    assert reader.verify([x509.load_der_x509_certificate(CA.certificate_der)])
    assert reader.disclosure_map == {SPACE: ELEMENTS}
    other = DevelopmentCa.create("Other", now=NOW).certificate_der
    assert not theirs(reader.dump()).verify([x509.load_der_x509_certificate(other)])


def test_we_read_what_they_issue() -> None:
    from pymdoccbor.mdoc.issuer import MdocCborIssuer

    jwk = KEY.to_private_jwk()
    x, y, d = (b64url_decode(jwk[name]) for name in ("x", "y", "d"))
    device = keys.generate("P-256").public_key
    point = [b64url_decode(device.to_jwk()[name]) for name in ("x", "y")]
    issuer = MdocCborIssuer(
        private_key={"KTY": "EC2", "CURVE": "P_256", "ALG": "ES256", "X": x, "Y": y, "D": d, "KID": b"k"},
        alg="ES256",
    )
    today = datetime.now(UTC).date()
    issuer.new(
        doctype=MDL,
        data={SPACE: ELEMENTS},
        validity={
            "issuance_date": today.isoformat(),
            "expiry_date": (today + timedelta(days=5)).isoformat(),
        },
        devicekeyinfo={"KTY": "EC2", "CURVE": "P_256", "X": point[0], "Y": point[1]},
        x509_chain=[LEAF],
    )
    (document,) = cbor_decode(issuer.dump())["documents"]
    mdoc = Mdoc.from_value(document["issuerSigned"], document["docType"])
    now = int(time.time())
    mdoc.verify(mdoc.check_certificate([CA.certificate_der], now), doc_type=MDL)
    mdoc.check_time(now)
    assert mdoc.security_object.device_key == device
    assert mdoc.claims() == {SPACE: ELEMENTS | {"portrait": "_9g"}}
    with refused("signature_invalid"):
        mdoc.verify(device)
