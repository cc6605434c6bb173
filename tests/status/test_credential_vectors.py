"""The vectors of a slot in a credential: this code makes them again, and its verifier accepts them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.errors import StatusUnknownError
from trustid.keys import public_key_from_jwk
from trustid.status.accumulator_entry import (
    ACCUMULATOR,
    STATUS_PROOF,
    AccumulatorEntry,
    StatusProof,
    StatusSecrets,
    credential_hash,
)
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.memory import MemorySeenStatements
from trustid.status.epochs.statement import keys_by_thumbprint
from trustid.status.epochs.trust import RegistryTrust
from trustid.status.membership import Presentation

OWN_VECTORS = Path(__file__).parents[1] / "own_vectors" / "revocation"


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((OWN_VECTORS / "credential.json").read_text(encoding="utf-8"))
    return loaded


def test_the_generator_makes_the_file_again(vectors: dict[str, Any]) -> None:
    sys.path.insert(0, str(OWN_VECTORS))
    try:
        import generate_credential
    finally:
        sys.path.remove(str(OWN_VECTORS))
    assert generate_credential.vectors() == vectors


class Published:
    """A source that has what stands in the vectors."""

    def __init__(self, vectors: dict[str, Any]) -> None:
        self.vectors = vectors

    def latest(self, _registry: str) -> str:
        return str(self.vectors["statement"])

    def params(self, _registry: str) -> bytes:
        return bytes.fromhex(self.vectors["params"])

    def __getattr__(self, name: str) -> Any:
        raise StatusUnknownError("status_unavailable", name)


def test_the_vectors_hold_here(vectors: dict[str, Any]) -> None:
    shown = SdJwtVc.parse(vectors["presentation"])
    shown.verify(public_key_from_jwk(vectors["issuer_jwk"]))
    shown.check_key_binding(audience=vectors["audience"], nonce=vectors["nonce"], now=vectors["now"])
    entry = AccumulatorEntry.parse((shown.status or {})[ACCUMULATOR])
    received = vectors["credential_response_entry"]
    assert StatusSecrets.parse(received["status_secrets"]).opening.commitment == entry.commitment
    trust = RegistryTrust(entry.registry, keys_by_thumbprint(public_key_from_jwk(vectors["manager_jwk"])))
    source: Any = Published(vectors)
    epochs = EpochTrust([trust], source, MemorySeenStatements(), clock=lambda: int(vectors["now"]))
    binding = shown.sd_jwt.key_binding
    assert binding is not None
    proof = StatusProof.parse(binding.claims()[STATUS_PROOF])
    verifier = epochs.accept(entry.registry, proof.epoch).verifier
    request = {
        "verifier": vectors["audience"].encode(),
        "nonce": vectors["nonce"].encode(),
        "credential_hash": credential_hash(received["credential"]),
    }
    verifier.verify(Presentation(proof.proof, entry.commitment, **request))
    for name, value in (("verifier", b"x"), ("nonce", bytes(16)), ("credential_hash", bytes(32))):
        with refused("acc_proof_invalid"):
            verifier.verify(Presentation(proof.proof, entry.commitment, **(request | {name: value})))
