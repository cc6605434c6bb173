"""Writes `membership.json` from the Rust core; `tests/oracle` checks it with py_ecc.

python tests/own_vectors/revocation/generate.py

Every number is fixed here, so that the file never changes unless the scheme does.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from trustid.status.accumulator import Manager, block_hash
from trustid.status.membership import Opening, Witness

FILE = Path(__file__).with_name("membership.json")
REGISTRY = b"https://revocation.example/registry/1"
CAPACITY = 8
SLOT = 5
REVOKED = (1, 6)


def numbers(label: str, count: int) -> bytes:
    """Scalars below the group order, 32 bytes each."""
    return b"".join(
        b"\x00" + hashlib.sha256(f"{label} {index}".encode()).digest()[1:] for index in range(count)
    )


def vectors() -> dict[str, object]:
    """Everything that the scheme computes, once."""
    secret = numbers("secret", 2)
    manager = Manager._create_derand(secret, REGISTRY, CAPACITY)
    for slot in (SLOT, *REVOKED):
        manager.take(slot)
    before = manager.accumulator
    first = manager.rows(0, CAPACITY)
    after = manager.revoke(list(REVOKED))
    rows = manager.rows(0, CAPACITY)
    opening = Opening.from_bytes(manager.member(SLOT).to_bytes() + numbers("blinding", 1))
    request = {
        "verifier": b"x509_san_dns:verifier.example",
        "nonce": b"n-0S6_WzA2Mj-of-the-verifier",
        "credential_hash": hashlib.sha256(b"the credential").digest(),
    }
    witness = Witness.check(manager.params, after, opening.member, manager.row(SLOT))
    randomness = numbers("randomness", 4)
    proof = witness._prove_derand(opening, **request, randomness=randomness)
    found = {
        "secret": secret,
        "registry": REGISTRY,
        "params": bytes(manager.params),
        "accumulator_before": bytes(before),
        "rows_before": first,
        "accumulator": bytes(after),
        "rows": rows,
        "block_hash": block_hash(manager.params, after, 0, rows),
        "opening": opening.to_bytes(),
        "commitment": bytes(opening.commitment),
        **request,
        "randomness": randomness,
        "proof": bytes(proof),
    }
    text = {name: value.hex() for name, value in found.items()}
    return {"capacity": CAPACITY, "slot": SLOT, "revoked": list(REVOKED), **text}


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
