"""How fast is revocation: making, checking and batching proofs, revoking many, making rows?

    python -m benchmarks.revocation [--json] [--quick]

In Rust, on one thread: the core beside raw blst 0.3.17, in one process
(`rust/core/examples/membership_peers.rs`), in microseconds for each item. blst
has no accumulator: the peer is so many of its multiplications or pairings as the
plainest way of doing the same would take. From Python: the same through
`trustid.status`, in operations a second, beside the Rust core itself.

docknetwork's vb_accumulator, the peer with a scheme of the same kind, is not
run here: it would have to be built from some two hundred crates.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, Run, best_seconds, compare, main
from trustid.status.accumulator import Manager
from trustid.status.membership import (
    Commitment,
    MembershipProof,
    MembershipVerifier,
    Opening,
    Presentation,
    Witness,
)

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "target" / "release" / "examples" / "membership_peers"
REQUEST = {
    "verifier": b"x509_san_dns:verifier.example",
    "nonce": bytes(16),
    "credential_hash": bytes(32),
}
MICROSECONDS = 1e6


def measured_in_rust(run: Run) -> list[dict[str, Any]]:
    """What the example prints; it is built first if need be."""
    subprocess.run(
        ["cargo", "build", "--release", "-q", "-p", "trustid-core", "--example", EXAMPLE.name],
        cwd=ROOT,
        check=True,
    )
    command = [str(EXAMPLE), *(["--quick"] if run.quick else [])]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in printed.splitlines()]


def measured_in_python() -> dict[str, Any]:
    """The same work through the Python face, by the names that the example uses."""
    manager = Manager.create(b"https://example.org/registry", 1 << 20)
    opening = Opening.generate(manager.take(7))
    params, value, row = manager.params, manager.accumulator, manager.row(7)
    witness = Witness.check(params, value, opening.member, row)
    verifier = MembershipVerifier(params, value)
    proof = bytes(witness.prove(opening, **REQUEST))
    commitment = bytes(opening.commitment)

    def read() -> Presentation:
        return Presentation(MembershipProof.from_bytes(proof), Commitment.from_bytes(commitment), **REQUEST)

    return {
        "check a row": lambda: Witness.check(params, value, opening.member, row),
        "make a proof": lambda: witness.prove(opening, **REQUEST),
        "read and check a proof": lambda: verifier.verify(read()),
    }


def measure(run: Run) -> Iterator[Row]:
    """All rows: Rust beside blst, Python beside Rust."""
    rust = measured_in_rust(run)
    yield from (Row(**row) for row in rust)
    seconds = best_seconds(measured_in_python(), rounds=run.rounds // 4)
    for row in rust:
        if row["name"] in seconds:
            peers = {"the Rust core": row["ours"] / MICROSECONDS}
            yield from compare(f"{row['name']}, Python", seconds[row["name"]], peers)


if __name__ == "__main__":
    main(measure, packages=["trustid"], summary="Revocation: proofs, batches, rows, many revoked at once.")
