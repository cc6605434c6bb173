"""Making the holder's proof that a credential was not revoked, for one verifier and one request.

What comes back goes into what the holder signs: the key binding JWT of an
SD-JWT (claim `status_proof`), a presentation as JWT (the same claim), or the
Data Integrity proof of a presentation (member `statusProof`).

Reference: docs/revocation.md, section "In credentials".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trustid.encoding import JsonObject
from trustid.status.accumulator_entry import StatusProof, StatusSecrets, credential_hash
from trustid.status.epochs.holding import KeptWitness

__all__ = ["prove_status"]


def prove_status(
    kept: KeptWitness,
    secrets: StatusSecrets,
    credential: str | bytes | Mapping[str, Any],
    *,
    audience: str,
    nonce: str,
) -> JsonObject:
    """Prove that the slot behind a credential was not revoked.

    Args:
        kept: The holder's row, from `HolderKeeping.witness`.
        secrets: What opens the commitment of this copy.
        credential: The copy, as for `credential_hash`.
        audience: What the verifier calls itself: `aud`, or `domain`.
        nonce: What the verifier asked for, 16 to 1,024 bytes: `nonce`, or `challenge`.

    Returns:
        The proof, as it is written.

    Raises:
        MalformedError: `malformed`: the nonce or the name is too short or too long.

    Cost:
        Some multiplications in G1, about half a millisecond; no pairing.
    """
    proof = kept.witness.prove(
        secrets.opening,
        verifier=audience.encode(),
        nonce=nonce.encode(),
        credential_hash=credential_hash(credential),
    )
    return StatusProof(kept.witness.epoch, proof).to_json()
