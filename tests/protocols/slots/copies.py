"""Copies with a slot in a registry, in every format that can carry one, and their presentations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from registry_under_test import World
from trustid import did, keys
from trustid.credentials.data_integrity import CREATORS
from trustid.credentials.enveloping import Envelope
from trustid.credentials.json_ld import OWN_CONTEXT
from trustid.credentials.jwt_vc_json import issue_jwt_vc_json, issue_jwt_vp_json
from trustid.credentials.presentation import issue_credential, make_presentation
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.credentials.vc_cose import issue_vc_cose
from trustid.credentials.vc_jose import issue_vc_jwt, issue_vp_jwt
from trustid.credentials.vc_sd_jwt import issue_vc_sd_jwt
from trustid.encoding import JsonObject, b64_encode
from trustid.protocols.presentation import Expected, Sources
from trustid.protocols.trust import TrustPolicy
from trustid.protocols.verifying import Verified, verify_presentation
from trustid.status.accumulator_entry import (
    ACCUMULATOR,
    STATUS_PROOF,
    AccumulatorEntry,
    StatusSecrets,
)
from trustid.status.epochs.holding import HolderKeeping, KeptWitness
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements
from trustid.status.proving import prove_status

KEY, HOLDER = keys.generate("Ed25519"), keys.generate("Ed25519")
ISSUER, ADA = (did.key.create(key.public_key) for key in (KEY, HOLDER))
KID, ADA_KID = (f"{name}#{name.removeprefix('did:key:')}" for name in (ISSUER, ADA))
AUDIENCE, NONCE = "x509_san_dns:v.example", "a-nonce-of-enough-characters"
EXPECTED = Expected(AUDIENCE, NONCE)
VCT = "urn:example:vaccination"
LIST = "https://hospital.example/status/1"
POLICY = TrustPolicy(issuers={VCT: [ISSUER], "VaccinationCredential": [ISSUER]})

Proof = JsonObject | None
Make = Callable[[AccumulatorEntry, Callable[[Any], Proof]], str | JsonObject]


def witness_of(registry: World, slot: int) -> KeptWitness:
    held = registry.held(slot)
    keeping = HolderKeeping(registry.source, MemorySeenStatements(), MemoryRowStore(), clock=registry.clock)
    keeping.refresh(held)
    return keeping.witness(held)


def w3c(entry: AccumulatorEntry, version: int = 2) -> JsonObject:
    base = {1: "https://www.w3.org/2018/credentials/v1", 2: "https://www.w3.org/ns/credentials/v2"}[version]
    dates = (
        {"issuanceDate": "2026-01-01T00:00:00Z"} if version == 1 else {"validFrom": "2026-01-01T00:00:00Z"}
    )
    return {
        "@context": [base, OWN_CONTEXT],
        "type": ["VerifiableCredential", "VaccinationCredential"],
        "issuer": ISSUER,
        "credentialStatus": entry.to_entry(),
        "credentialSubject": {"id": ADA},
    } | dates


def sd_jwt_vc(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_sd_jwt_vc(
        {"name": "Ada"},
        vct=VCT,
        issuer=ISSUER,
        key=KEY,
        holder=HOLDER.public_key,
        disclosable=[("name",)],
        issued_at=None,
        expires_at=None,
        status={ACCUMULATOR: entry.to_json()},
        kid=KID,
    )
    return bind(text, prove(text))


def bind(text: str, proof: Proof) -> str:
    extra = None if proof is None else {STATUS_PROOF: proof}
    return SdJwt.parse(text).bind(HOLDER, audience=AUDIENCE, nonce=NONCE, issued_at=NOW, extra_claims=extra)


def vc_sd_jwt(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_vc_sd_jwt(
        w3c(entry), disclosable=[("credentialSubject", "id")], key=KEY, kid=KID, holder=HOLDER.public_key
    )
    return bind(text, prove(text))


def enveloped(media_type: str, content: str, proof: Proof) -> str:
    document = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "VerifiablePresentation",
        "holder": ADA,
        "verifiableCredential": [Envelope(media_type, content).to_json()],
    }
    return issue_vp_jwt(
        document, key=HOLDER, kid=ADA_KID, audience=AUDIENCE, nonce=NONCE, issued_at=NOW, status_proof=proof
    )


def vc_jwt(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_vc_jwt(w3c(entry), key=KEY, kid=KID)
    return enveloped("application/vc+jwt", text, prove(text))


def vc_cose(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    data = issue_vc_cose(w3c(entry), key=KEY, kid=KID.encode())
    return enveloped("application/vc+cose", b64_encode(data), prove(data))


def jwt_vc_json(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> str:
    text = issue_jwt_vc_json(w3c(entry, 1), key=KEY, kid=KID)
    inner = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [text],
    }
    return issue_jwt_vp_json(
        inner,
        key=HOLDER,
        kid=ADA_KID,
        holder=ADA,
        audience=AUDIENCE,
        nonce=NONCE,
        issued_at=NOW,
        expires_at=NOW + 60,
        status_proof=prove(text),
    )


def data_integrity(suite: str) -> Make:
    def make(entry: AccumulatorEntry, prove: Callable[[Any], Proof]) -> JsonObject:
        moment = datetime.fromtimestamp(NOW, UTC)
        secured = issue_credential(
            w3c(entry), key=KEY, verification_method=KID, created=moment, create=CREATORS[suite]
        )
        return make_presentation(
            [secured],
            key=HOLDER,
            verification_method=ADA_KID,
            created=moment,
            challenge=NONCE,
            domain=AUDIENCE,
            create=CREATORS[suite],
            status_proof=prove(secured),
        )

    return make


NOW = 1_800_000_000
FORMATS: dict[str, Make] = {
    "dc+sd-jwt": sd_jwt_vc,
    "vc+sd-jwt": vc_sd_jwt,
    "vc+jwt": vc_jwt,
    "vc+cose": vc_cose,
    "jwt_vc_json": jwt_vc_json,
    "eddsa-jcs-2022": data_integrity("eddsa-jcs-2022"),
    "eddsa-rdfc-2022": data_integrity("eddsa-rdfc-2022"),
}


def verify(presentation: str | JsonObject, sources: Sources, **changes: Any) -> Verified:
    options: dict[str, Any] = {
        "policy": POLICY,
        "sources": sources,
        "now": NOW,
        "expected": EXPECTED,
    } | changes
    return verify_presentation(presentation, **options)


def proving(kept: KeptWitness, secrets: StatusSecrets, **changes: str) -> Callable[[Any], JsonObject]:
    request = {"audience": AUDIENCE, "nonce": NONCE} | changes
    return lambda credential: prove_status(kept, secrets, credential, **request)
