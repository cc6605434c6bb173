"""How fast is revocation: making, checking and batching proofs, making rows, revoking many?

    python -m benchmarks.revocation [--json] [--quick]

The Rust core beside raw blst 0.3.17, in one process and on one thread
(`rust/core/examples/membership_peers.rs`), in microseconds for each item. blst
has no accumulator: the peer is as many of its multiplications or pairings as the
plainest way of doing the same would take, with nothing read and nothing hashed.

docknetwork's vb_accumulator, the peer with a scheme of the same kind, is not run
here yet.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Row, Run, main

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "target" / "release" / "examples" / "membership_peers"


def measure(run: Run) -> Iterator[Row]:
    """What the example prints; it is built first if need be."""
    subprocess.run(
        ["cargo", "build", "--release", "-q", "-p", "trustid-core", "--example", EXAMPLE.name],
        cwd=ROOT,
        check=True,
    )
    command = [str(EXAMPLE), *(["--quick"] if run.quick else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as example:
        for line in example.stdout or ():
            yield Row(**json.loads(line))
    if example.returncode:
        raise subprocess.CalledProcessError(example.returncode, command)


if __name__ == "__main__":
    main(measure, packages=["trustid"], summary="Revocation: proofs, batches, rows, many revoked at once.")
