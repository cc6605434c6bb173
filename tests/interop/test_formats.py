"""Formats both ways with packages that nobody here wrote: they verify ours, we verify theirs.

npm @sd-jwt/sd-jwt-vc, @digitalbazaar/vc with eddsa-rdfc-2022 and ecdsa-sd-2023, @owf/mdoc. Each
acceptance has its refusal beside it. Needs Node and `npm install` in formats/.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mdoc_authority import MdocAuthority
from refusing import refused
from tools.node_peers import NodePeers, PeerError, missing
from trustid.credentials.data_integrity import (
    SUITES,
    Expectation,
    ecdsa_sd_2023,
    eddsa_rdfc_2022,
    verify_document,
)
from trustid.credentials.data_integrity.proof import split_proofs
from trustid.credentials.mdoc import DeviceResponse, issue_mdoc, openid4vp_transcript, present
from trustid.credentials.presentation import make_presentation, verify_presentation
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import SdJwtVc, issue_sd_jwt_vc
from trustid.did.key import create
from trustid.did.resolver import Resolver
from trustid.encoding import (
    b64_encode,
    b64url_decode,
    b64url_encode,
    dump_json,
    multibase_encode,
    parse_json_object,
)
from trustid.keys import Ed25519SigningKey, P256SigningKey, SigningKey, generate
from trustid.keys.ec import MULTICODEC_P256_PRIVATE
from trustid.keys.ed25519 import MULTICODEC_ED25519_PRIVATE

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    pytest.mark.timeout(120),
]
NOW = int(time.time())
CLAIMS: dict[str, Any] = {
    "given_name": "Ada",
    "family_name": 'Möbius "\\\n\u2028😀',
    "age_over_18": True,
    "address": {"locality": "Köln", "lines": ["a", 1, None]},
    "ratio": 0.1,
}
AUDIENCE, NONCE = "https://verifier.example", "n-0S6_WzA2Mj"


@pytest.fixture(scope="module")
def peers() -> Iterator[NodePeers]:
    with NodePeers() as running:
        yield running


# --- SD-JWT VC -----------------------------------------------------------------


def issued(key: SigningKey, holder: SigningKey) -> str:
    return issue_sd_jwt_vc(
        CLAIMS,
        vct="urn:example:identity",
        issuer="https://issuer.example",
        key=key,
        holder=holder.public_key,
        disclosable=[(name,) for name in CLAIMS],
        issued_at=NOW,
        expires_at=NOW + 86_400,
    )


@pytest.mark.parametrize("kind", ["P-256", "Ed25519"])
def test_they_verify_our_sd_jwt_vc(peers: NodePeers, kind: str) -> None:
    key, holder = generate(kind), generate("P-256")
    text = issued(key, holder)
    jwk, holder_jwk = key.public_key.to_jwk(), holder.public_key.to_jwk()
    assert peers("sd_jwt_vc_verify", key=jwk, text=text)["payload"].items() >= CLAIMS.items()
    shown = SdJwt.parse(text).select([("given_name",)])
    bound = shown.bind(holder, audience=AUDIENCE, nonce=NONCE, issued_at=NOW)
    order = {"key": jwk, "holder": holder_jwk, "text": bound}
    found = peers("sd_jwt_vc_verify", **order, nonce=NONCE)
    assert found["payload"]["given_name"] == "Ada"
    assert "family_name" not in found["payload"]
    assert found["kb"]["aud"] == AUDIENCE
    with pytest.raises(PeerError, match=r"(?i)nonce"):
        peers("sd_jwt_vc_verify", **order, nonce="another")
    with pytest.raises(PeerError, match=r"(?i)signature"):
        peers("sd_jwt_vc_verify", key=generate(kind).public_key.to_jwk(), text=text)


@pytest.mark.parametrize("kind", ["P-256", "Ed25519"])
def test_we_verify_their_sd_jwt_vc(peers: NodePeers, kind: str) -> None:
    key, holder = generate(kind), generate("P-256")
    claims = {**CLAIMS, "vct": "urn:example:identity", "iat": NOW, "cnf": {"jwk": holder.public_key.to_jwk()}}
    text = peers(
        "sd_jwt_vc_issue", key=key.to_private_jwk(), claims=claims, hidden=list(CLAIMS), header={"kid": "1"}
    )
    credential = SdJwtVc.parse(text)
    credential.verify(key.public_key)
    assert credential.claims().items() >= CLAIMS.items()
    presented = peers(
        "sd_jwt_vc_present",
        key=key.public_key.to_jwk(),
        holder=holder.to_private_jwk(),
        text=text,
        shown=["address"],
        payload={"iat": NOW, "aud": AUDIENCE, "nonce": NONCE},
    )
    credential = SdJwtVc.parse(presented)
    credential.verify(key.public_key)
    credential.check_key_binding(audience=AUDIENCE, nonce=NONCE, now=NOW)
    claims = credential.claims()
    assert claims["address"] == CLAIMS["address"]
    assert "given_name" not in claims
    with refused("kb_nonce"):
        credential.check_key_binding(audience=AUDIENCE, nonce="another", now=NOW)
    with refused("signature_invalid"):
        SdJwtVc.parse(text).verify(generate(kind).public_key)


# --- W3C credentials with eddsa-rdfc-2022 ---------------------------------------

KEY = Ed25519SigningKey.generate()
ISSUER = create(KEY.public_key)
METHOD = f"{ISSUER}#{ISSUER.removeprefix('did:key:')}"
SECRET = {
    "did": ISSUER,
    "secretKeyMultibase": multibase_encode(
        MULTICODEC_ED25519_PRIVATE + KEY.to_bytes() + KEY.public_key.to_bytes()
    ),
}
CREDENTIAL = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://w3id.org/citizenship/v3"],
    "id": "urn:uuid:0dd5f5a4-8d49-4d2d-8a5e-0b9d3a4f0c11",
    "type": ["VerifiableCredential", "PermanentResidentCard"],
    "issuer": ISSUER,
    "validFrom": "2024-01-01T00:00:00Z",
    "credentialSubject": {
        "id": ISSUER,
        "type": ["PermanentResident", "Person"],
        "givenName": "Ada",
        "familyName": 'Möbius "\\\n',
        "birthDate": "1815-12-10",
    },
}
RESOLVER = Resolver(None, clock=lambda: NOW)


def ours() -> dict[str, Any]:
    options = {
        "created": "2024-01-01T00:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
    }
    return {**CREDENTIAL, "proof": eddsa_rdfc_2022.create(CREDENTIAL, options, KEY)}


def check(document: dict[str, Any]) -> None:
    verify_document(
        parse_json_object(dump_json(document)),
        resolver=RESOLVER,
        suites=SUITES,
        expected=Expectation("assertionMethod", datetime.now(UTC), controller=ISSUER),
    )


def changed(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "validFrom": "2024-01-02T00:00:00Z"}


def test_they_verify_our_eddsa_rdfc_2022(peers: NodePeers) -> None:
    document = ours()
    assert peers("ldp_vc_verify", credential=document)
    with pytest.raises(PeerError, match="Invalid signature"):
        peers("ldp_vc_verify", credential=changed(document))


def test_we_verify_their_eddsa_rdfc_2022(peers: NodePeers) -> None:
    document = peers("ldp_vc_issue", credential=CREDENTIAL, **SECRET)
    check(document)
    with refused("proof_invalid"):
        check(changed(document))


def test_they_verify_our_presentation(peers: NodePeers) -> None:
    presentation = make_presentation(
        [ours()],
        key=KEY,
        verification_method=METHOD,
        created=datetime.now(UTC),
        challenge=NONCE,
        domain=AUDIENCE,
        create=eddsa_rdfc_2022.create,
    )
    assert peers("ldp_vp_verify", presentation=presentation, challenge=NONCE, domain=AUDIENCE)
    with pytest.raises(PeerError, match="challenge"):
        peers("ldp_vp_verify", presentation=presentation, challenge="another", domain=AUDIENCE)


def test_we_verify_their_presentation(peers: NodePeers) -> None:
    presentation = peers(
        "ldp_vp_present",
        credentials=[peers("ldp_vc_issue", credential=CREDENTIAL, **SECRET)],
        holder=ISSUER,
        challenge=NONCE,
        domain=AUDIENCE,
        **SECRET,
    )

    def verify(challenge: str) -> Any:
        return verify_presentation(
            presentation, resolver=RESOLVER, challenge=challenge, domain=AUDIENCE, now=datetime.now(UTC)
        )

    verify(NONCE)
    with refused("challenge_mismatch"):
        verify("another")


# --- W3C credentials with ecdsa-sd-2023 -----------------------------------------

SD_KEY = P256SigningKey.generate()
SD_ISSUER = create(SD_KEY.public_key)
SD_SECRET = {
    "did": SD_ISSUER,
    "secretKeyMultibase": multibase_encode(MULTICODEC_P256_PRIVATE + SD_KEY.to_bytes()),
}
SUBJECT = {
    "id": ISSUER,
    "type": ["PermanentResident", "Person"],
    "givenName": "Ada",
    # Not a text like "<urn:bnid:x>": the peer (3.4.1) takes it for a blank node when it issues, and refuses its own proof.
    "familyName": "Möbius 😀",
    "image": [{"type": "Person", "name": "a"}, {"type": "Person", "name": "a"}, {"type": "Person"}],
}
SD_CREDENTIAL = CREDENTIAL | {"issuer": SD_ISSUER, "credentialSubject": SUBJECT}
POINTERS = [
    ["/credentialSubject/givenName"],
    ["/credentialSubject/familyName", "/credentialSubject/image/1"],
    ["/credentialSubject"],
]


def check_derived(document: dict[str, Any]) -> None:
    unsecured, (proof,) = split_proofs(parse_json_object(dump_json(document)))
    ecdsa_sd_2023.verify(unsecured, proof, SD_KEY.public_key)


@pytest.mark.parametrize("pointers", POINTERS, ids=range(len(POINTERS)))
@pytest.mark.parametrize("theirs", [False, True], ids=["ours", "theirs"])
def test_ecdsa_sd_2023_issued_derived_and_verified(
    peers: NodePeers, pointers: list[str], theirs: bool
) -> None:
    """Whoever issued, both derive the same bytes, and each verifies what the other derived."""
    mandatory = ["/issuer", "/validFrom"]
    if theirs:
        base = peers("sd_2023_issue", credential=SD_CREDENTIAL, mandatoryPointers=mandatory, **SD_SECRET)
    else:
        options = {
            "created": "2024-01-01T00:00:00Z",
            "verificationMethod": f"{SD_ISSUER}#{SD_ISSUER.removeprefix('did:key:')}",
            "proofPurpose": "assertionMethod",
        }
        proof = ecdsa_sd_2023.create_base(SD_CREDENTIAL, options, SD_KEY, mandatory_pointers=mandatory)
        base = {**SD_CREDENTIAL, "proof": proof}
    derived = ecdsa_sd_2023.derive(base, pointers)
    assert peers("sd_2023_derive", credential=base, selectivePointers=pointers) == derived
    assert peers("sd_2023_verify", credential=derived)
    check_derived(derived)
    with pytest.raises(PeerError):
        peers("sd_2023_verify", credential=changed(derived))
    with refused("proof_invalid"):
        check_derived(changed(derived))


# --- ISO mdoc -------------------------------------------------------------------

SPACE = "org.iso.18013.5.1"
MDL = f"{SPACE}.mDL"
ELEMENTS: dict[str, Any] = {"family_name": "Möbius", "age_over_18": True, "height": 180}
CA = MdocAuthority()
SIGNER, DEVICE = P256SigningKey.generate(), P256SigningKey.generate()
LEAF = CA.signer(SIGNER.public_key.to_bytes())
SESSION = {
    "clientId": "x509_san_dns:shop.example",
    "nonce": NONCE,
    "responseUri": "https://shop.example/answer",
}
TRANSCRIPT = openid4vp_transcript(
    client_id=SESSION["clientId"], nonce=NONCE, response_uri=SESSION["responseUri"], jwk_thumbprint=None
)


def test_they_verify_our_mdoc(peers: NodePeers) -> None:
    mdoc = issue_mdoc(
        {SPACE: ELEMENTS},
        doc_type=MDL,
        key=SIGNER,
        x5c=[b64_encode(LEAF)],
        device_key=DEVICE.public_key,
        signed=NOW,
        valid_from=NOW,
        valid_until=NOW + 86_400,
    )
    shown = present(mdoc.select({SPACE: ["age_over_18"]}), transcript=TRANSCRIPT, device_key=DEVICE)
    order = {
        "response": b64url_encode(DeviceResponse((shown,)).to_bytes()),
        "trusted": [b64url_encode(CA.certificate)],
    }
    (found,) = peers("mdoc_verify", **order, session=SESSION)
    assert found == {"docType": MDL, "claims": {SPACE: {"age_over_18": True}}}
    with pytest.raises(PeerError):
        peers("mdoc_verify", **order, session={**SESSION, "nonce": "another"})
    other = MdocAuthority("Other").certificate
    with pytest.raises(PeerError):
        peers("mdoc_verify", **{**order, "trusted": [b64url_encode(other)]}, session=SESSION)


def test_we_verify_their_mdoc(peers: NodePeers) -> None:
    text = peers(
        "mdoc_issue",
        docType=MDL,
        claims={SPACE: ELEMENTS},
        key=SIGNER.to_private_jwk(),
        certificate=b64url_encode(LEAF),
        device=DEVICE.public_key.to_jwk(),
        signed=(NOW // 3600) * 3600 * 1000,
        validUntil=(NOW + 86_400) * 1000,
    )
    response = peers(
        "mdoc_present",
        issuerSigned=text,
        docType=MDL,
        elements={SPACE: ["family_name"]},
        device=DEVICE.to_private_jwk(),
        session=SESSION,
    )
    (document,) = DeviceResponse.parse(b64url_decode(response)).documents
    key = document.mdoc.check_certificate([CA.certificate], NOW)
    document.mdoc.verify(key, doc_type=MDL)
    document.mdoc.check_time(NOW)
    document.check_device(TRANSCRIPT)
    assert document.mdoc.claims() == {SPACE: {"family_name": "Möbius"}}
    with refused("mdoc_device_auth"):
        document.check_device(TRANSCRIPT + b"\0")
    with refused("x5c_invalid"):
        document.mdoc.check_certificate([MdocAuthority("Other").certificate], NOW)
