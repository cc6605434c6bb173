"""Writes `credential.json`: the proof of `membership.json` where it lives, in a credential; `tests/oracle` checks it.

python tests/own_vectors/revocation/generate_credential.py

Keys, blinding and masks are fixed here, and Ed25519 signs the same way each time, so that the file never changes
unless the format does.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from trustid.credentials import jose
from trustid.credentials.sd_jwt import SdJwt
from trustid.encoding import sha256
from trustid.keys import Ed25519SigningKey
from trustid.status.accumulator import Accumulator, Manager
from trustid.status.accumulator_entry import (
    ACCUMULATOR,
    STATUS_PROOF,
    AccumulatorEntry,
    StatusProof,
    StatusSecrets,
    credential_hash,
)
from trustid.status.epochs.statement import EpochStatement, sign_statement
from trustid.status.membership import Opening, Witness

FILE = Path(__file__).with_name("credential.json")
REGISTRY = "https://hospital.example/revocation/vaccination"
CAPACITY, SLOT, REVOKED = 8, 3, (0, 6)
NOW = 1_800_000_000
AUDIENCE, NONCE = "x509_san_dns:counter.example", "q0ZfYx3vVgI9pT7aR1sWdQ"


def key(label: str) -> Ed25519SigningKey:
    """A key that everybody knows."""
    return Ed25519SigningKey.from_bytes(hashlib.sha256(label.encode()).digest())


def numbers(label: str, count: int) -> bytes:
    """Scalars below the group order, 32 bytes each."""
    return b"".join(
        b"\x00" + hashlib.sha256(f"credential {label} {index}".encode()).digest()[1:]
        for index in range(count)
    )


def statement(manager: Manager, value: Accumulator) -> str:
    """The statement of the second epoch; rows and the statement before are not part of these vectors."""
    said = EpochStatement(
        registry=REGISTRY,
        accumulator=value,
        rows_root=sha256(b"the rows"),
        params_digest=sha256(bytes(manager.params)),
        previous=sha256(b"the statement before"),
        issued_at=NOW - 600,
        next_at=NOW + 85_800,
    )
    return sign_statement(said, key("manager")).token


def vectors() -> dict[str, object]:
    """A credential, what its holder got beside it, and a presentation."""
    manager = Manager._create_derand(numbers("secret", 2), REGISTRY.encode(), CAPACITY)
    for slot in (SLOT, *REVOKED):
        manager.take(slot)
    value = manager.revoke(list(REVOKED))
    opening = Opening.from_bytes(manager.member(SLOT).to_bytes() + numbers("blinding", 1))
    entry = AccumulatorEntry(REGISTRY, opening.commitment)
    payload = {
        "iss": "https://hospital.example",
        "vct": "https://hospital.example/vct/vaccination/1",
        "exp": NOW + 31_536_000,
        "status": {ACCUMULATOR: entry.to_json()},
        "cnf": {"jwk": key("holder").public_key.to_jwk()},
        "target_disease": "measles",
    }
    credential = jose.sign({"typ": "dc+sd-jwt", "kid": "1"}, payload, key("issuer")) + "~"
    randomness = numbers("randomness", 4)
    witness = Witness.check(manager.params, value, opening.member, manager.row(SLOT))
    proof = witness._prove_derand(
        opening,
        verifier=AUDIENCE.encode(),
        nonce=NONCE.encode(),
        credential_hash=credential_hash(credential),
        randomness=randomness,
    )
    presentation = SdJwt.parse(credential).bind(
        key("holder"),
        audience=AUDIENCE,
        nonce=NONCE,
        issued_at=NOW,
        extra_claims={STATUS_PROOF: StatusProof(value.epoch, proof).to_json()},
    )
    return {
        "now": NOW,
        "audience": AUDIENCE,
        "nonce": NONCE,
        "issuer_jwk": key("issuer").public_key.to_jwk(),
        "manager_jwk": key("manager").public_key.to_jwk(),
        "params": bytes(manager.params).hex(),
        "statement": statement(manager, value),
        "row": manager.row(SLOT).hex(),
        "credential_response_entry": {
            "credential": credential,
            "status_secrets": StatusSecrets(SLOT, opening).to_json(),
        },
        "randomness": randomness.hex(),
        "presentation": presentation,
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
