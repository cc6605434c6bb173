"""PyPI openvc-core, which nobody here wrote: it verifies ours, we verify its own.

SD-JWT VC, the older JWT (its newer one is not that of VC-JOSE-COSE: it puts the
credential into a claim), Data Integrity over JSON and over statements, ISO mdoc.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from mdoc_authority import MdocAuthority
from refusing import refused
from trustid import issue, verify
from trustid.credentials.jwt_vc_json import issue_jwt_vc_json
from trustid.credentials.mdoc import DeviceResponse, issue_mdoc, openid4vp_transcript, present
from trustid.credentials.sd_jwt import SdJwt
from trustid.did.key import create
from trustid.encoding import JsonObject, b64_encode
from trustid.keys import Ed25519SigningKey, P256SigningKey, SigningKey, generate
from trustid.protocols.trust import TrustPolicy
from trustid.protocols.verifying import Expected

openvc = pytest.importorskip("openvc", reason="pip install 'trustid[interop]' to compare with openvc-core")
pytestmark = pytest.mark.filterwarnings("ignore")

AUDIENCE, NONCE, VCT = "https://verifier.example", "n-0S6_WzA2Mj", "https://issuer.example/vct/degree"
CLAIMS = {"name": "Möbius", "degree": {"subject": "Law", "year": 1999}}
DEGREE = "https://issuer.example/ns#Degree"
NOW = int(time.time())


def own(key: SigningKey) -> tuple[str, str]:
    """The did:key of a key, and the DID URL of the key in it."""
    did = create(key.public_key)
    return did, f"{did}#{did.removeprefix('did:key:')}"


def their_key(key: SigningKey) -> Any:
    """The same key in their hands."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from openvc import keys

    if isinstance(key, Ed25519SigningKey):
        return keys.Ed25519SigningKey(
            ed25519.Ed25519PrivateKey.from_private_bytes(key.to_bytes()), kid=own(key)[1]
        )
    secret = ec.derive_private_key(int.from_bytes(key.to_bytes(), "big"), ec.SECP256R1())
    return keys.P256SigningKey(secret, kid=own(key)[1])


def test_they_verify_our_sd_jwt_vc() -> None:
    from openvc.proof.errors import ProofError
    from openvc.proof.sd_jwt import SdJwtVcProofSuite

    for kind in ("P-256", "Ed25519"):
        key, holder = generate(kind), generate("P-256")  # type: ignore[arg-type]
        shown = SdJwt.parse(issue(CLAIMS, VCT, key, holder=holder.public_key)).select([("name",)])
        order = {"public_key_jwk": key.public_key.to_jwk(), "require_key_binding": True, "expected_vct": VCT}
        bound = shown.bind(holder, audience=AUDIENCE, nonce=NONCE, issued_at=int(time.time()))
        found = SdJwtVcProofSuite().verify(bound, audience=AUDIENCE, nonce=NONCE, **order)
        assert (found.claims["name"], found.key_bound) == ("Möbius", True)
        assert "degree" not in found.claims
        with pytest.raises(ProofError):
            SdJwtVcProofSuite().verify(bound, audience=AUDIENCE, nonce="another", **order)


def test_we_verify_their_sd_jwt_vc() -> None:
    from openvc.proof.sd_jwt import SdJwtVcProofSuite

    key, holder = generate("P-256"), generate("P-256")
    suite = SdJwtVcProofSuite()
    text = suite.issue(
        {"iss": own(key)[0], **CLAIMS},
        signing_key=their_key(key),
        disclosable=list(CLAIMS),
        holder_jwk=holder.public_key.to_jwk(),
        vct=VCT,
    )
    presented = suite.create_presentation(text, holder_key=their_key(holder), audience=AUDIENCE, nonce=NONCE)
    policy = TrustPolicy(issuers={VCT: [own(key)[0]]})
    fact = verify(presented, policy, expected=Expected(audience=AUDIENCE, nonce=NONCE))
    assert fact.claims.items() >= CLAIMS.items()
    with refused("kb_nonce"):
        verify(presented, policy, expected=Expected(audience=AUDIENCE, nonce="another"))


@pytest.mark.parametrize(
    ("kind", "suite"),
    [
        ("Ed25519", "eddsa-jcs-2022"),
        ("Ed25519", "eddsa-rdfc-2022"),
        ("P-256", "ecdsa-jcs-2019"),
        ("P-256", "ecdsa-rdfc-2019"),
    ],
)
def test_they_verify_our_data_integrity(kind: Any, suite: str) -> None:
    from openvc import verify_credential
    from openvc.errors import OpenvcError

    key = generate(kind)
    made = issue({"name": "Möbius"}, DEGREE, key, "ldp_vc", context=(), cryptosuite=suite)
    found = verify_credential(made)
    assert found.issuer == own(key)[0]
    with pytest.raises(OpenvcError):
        verify_credential(altered(made))


def altered(made: str | JsonObject) -> str | JsonObject:
    """The same with one character of its content changed."""
    if isinstance(made, Mapping):
        return {**made, "credentialSubject": {**made["credentialSubject"], "name": "Mobius"}}
    head, payload, signature = made.split(".")
    return f"{head}.{payload}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"


def test_they_verify_our_jwt_vc_json() -> None:
    """The older JWT, with the credential in `vc`: the one that openvc-core speaks."""
    from openvc import verify_credential
    from openvc.errors import OpenvcError

    key = generate("P-256")
    token = issue_jwt_vc_json(older(key), key=key, kid=own(key)[1])
    assert verify_credential(token).issuer == own(key)[0]
    with pytest.raises(OpenvcError):
        verify_credential(altered(token))


def older(key: SigningKey, issued: int = NOW) -> JsonObject:
    """A credential of the data model 1.1."""
    date = datetime.fromtimestamp(issued, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential", DEGREE],
        "issuer": own(key)[0],
        "issuanceDate": date,
        "credentialSubject": {"id": "did:example:holder"},
    }


def newer(key: SigningKey) -> JsonObject:
    """A credential of the data model 2.0, in terms of its own context only."""
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", DEGREE],
        "issuer": own(key)[0],
        "credentialSubject": {"id": "did:example:holder", "name": "Möbius"},
    }


@pytest.mark.parametrize("form", ["jwt_vc_json", "eddsa-rdfc-2022"])
def test_we_verify_their_w3c_credentials(form: str) -> None:
    from openvc.proof.data_integrity import DataIntegrityProofSuite
    from openvc.proof.vc_jwt import VcJwtProofSuite

    key = Ed25519SigningKey.generate()
    made: Any
    if form == "jwt_vc_json":
        # It takes nbf from the clock, whatever issuanceDate says: the two must be of one second.
        now = 0
        while now != int(time.time()):
            now = int(time.time())
            made = VcJwtProofSuite().sign(older(key, now), signing_key=their_key(key))
    else:
        made = DataIntegrityProofSuite().add_proof(
            newer(key), signing_key=their_key(key), verification_method=own(key)[1]
        )
    policy = TrustPolicy(issuers={DEGREE: [own(key)[0]]}, require_key_binding=False)
    assert verify(made, policy).issuer == own(key)[0]
    with refused("signature_invalid", "proof_invalid"):
        verify(altered(made), policy)


def test_they_verify_our_mdoc() -> None:
    from cryptography import x509
    from openvc.mdoc import MdocError, verify_device_response

    space = "org.iso.18013.5.1"
    authority = MdocAuthority()
    key, device = P256SigningKey.generate(), P256SigningKey.generate()
    leaf = authority.signer(key.public_key.to_bytes())
    mdoc = issue_mdoc(
        {space: {"family_name": "Möbius", "age_over_18": True}},
        doc_type=f"{space}.mDL",
        key=key,
        x5c=[b64_encode(leaf)],
        device_key=device.public_key,
        signed=NOW,
        valid_from=NOW,
        valid_until=NOW + 86_400,
    )
    session = openid4vp_transcript(
        client_id="x509_san_dns:shop.example", nonce=NONCE, response_uri=AUDIENCE, jwk_thumbprint=None
    )
    shown = present(mdoc.select({space: ["age_over_18"]}), transcript=session, device_key=device)
    response = DeviceResponse((shown,)).to_bytes()
    anchors = [x509.load_der_x509_certificate(authority.certificate)]
    (found,) = verify_device_response(response, trust_anchors=anchors, session_transcript=session)
    assert found.elements(space) == {"age_over_18": True}
    with pytest.raises(MdocError):
        verify_device_response(response, trust_anchors=anchors, session_transcript=session + b"\0")
