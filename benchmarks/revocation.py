"""How fast is revocation: rows of everybody, the next value, making and checking proofs?

    python -m benchmarks.revocation [--members N] [--json] [--quick]

The Rust core on one thread, in microseconds of CPU time for each item, beside two
peers in the same run:

- raw blst 0.3.17, in the same process and in turns
  (`rust/core/examples/membership_peers.rs`): as many of its multiplications or pairings
  as the plainest way of doing the same would take, with nothing read and nothing hashed;
- docknetwork's vb_accumulator 0.29, a scheme of the same kind, in a process of its own
  right after ours (`benchmarks/peers/dock`): the positive accumulator's batch functions
  that use the manager's key, and its quicker proof, which has no commitment to the handle.

Rows are made, and many proofs checked, on each path that the machine has: eight lanes of
AVX-512 IFMA or AVX2, and portable. `refresh` is all of it: scalars, tables, additions,
compression, hash tree, file. The value after a million are revoked is taken from Python,
on two threads, in milliseconds of wall time: a publisher waits for it.

The full run for a hundred million members is `make bench-100m`; AnonCreds stands in
`make bench-anoncreds`, status lists in `make bench-lists`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.harness import Row, Run, main
from trustid.status.accumulator import Manager, encode_slots

ROOT = Path(__file__).parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
EXAMPLE = TARGET / "release" / "examples" / "membership_peers"
DOCK_SOURCE = ROOT / "benchmarks" / "peers" / "dock"
DOCK = TARGET / "dock-peer"
DOCK_NAME = "vb_accumulator 0.29"

MEMBERS = 1_000_000

REVOKED = 1_000_000
"""How many are revoked at once."""

THREADS = 2
VALUES = 5
"""How often the value after them is computed; the least counts."""

PEERS = {
    "refresh": ("refresh", "refresh by its batch function"),
    "make a proof": ("make a proof", "proof without commitment"),
    "read and check a proof": ("read and check a proof", "without commitment"),
    "read and check, each of 1,000": ("read and check a proof", "one by one, without commitment"),
    "revocation": ("value after 4000", "value alone, each of 4,000"),
}
"""Our figures, by how their names begin, and dock's that answer them."""


def build() -> None:
    """Compile both sides; nothing happens if they are there."""
    cargo = ["cargo", "build", "--release", "--quiet", "--locked"]
    example = [*cargo, "-p", "trustid-core", "--example", EXAMPLE.name]
    subprocess.run(example, cwd=ROOT, check=True)
    environment = os.environ | {"CARGO_TARGET_DIR": str(DOCK)}
    subprocess.run(cargo, cwd=DOCK_SOURCE, env=environment, check=True)


def ours(*arguments: str, path: str | None = None) -> Iterator[Row]:
    """What the example prints, as it is ready."""
    environment = os.environ | ({"TRUSTID_LANES": path} if path else {})
    command = [str(EXAMPLE), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as example:
        for line in example.stdout or ():
            yield Row(**json.loads(line))
    if example.returncode:
        raise subprocess.CalledProcessError(example.returncode, command)


def paths() -> list[str]:
    """The ways that this machine has to make rows, the quickest first."""
    found = subprocess.run([EXAMPLE, "--paths"], capture_output=True, text=True, check=True)
    return found.stdout.split()[::-1]


def dock(*arguments: str) -> dict[str, float]:
    """Microseconds of the peer, by name; the size of a proof in bytes."""
    command = [str(DOCK / "release" / "dock-peer"), *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    return {row["name"]: row.get("bytes") or 1e6 * row["seconds"] for row in rows}


def beside_dock(row: Row, peer: Mapping[str, float]) -> Iterator[Row]:
    """The same figure of ours beside dock's, if it has one."""
    for begin, (name, what) in PEERS.items():
        if row.name == begin or row.name.startswith(f"{begin}, "):
            ratio = round(peer[name] / row.ours, 3)
            yield Row(row.name, row.ours, round(peer[name], 4), f"{DOCK_NAME}, {what}", row.unit, ratio)
            return


def next_value(each_at_dock: float) -> Row:
    """The value after a million are revoked at once, out of a registry of more."""
    manager = Manager.create(b"https://example.org/registry", 2 * REVOKED)
    for slot in range(REVOKED):
        manager.take(2 * slot)
    gone = encode_slots(2 * slot for slot in range(REVOKED))
    best = float("inf")
    for _ in range(VALUES):
        copy = Manager.restore(manager.secret_bytes(), manager.params, manager.state_bytes())
        start = time.perf_counter()
        copy.revoke_encoded(gone, threads=THREADS)
        best = min(best, time.perf_counter() - start)
    ours, theirs = 1e3 * best, 1e-3 * each_at_dock * REVOKED
    name = f"value after {REVOKED} revoked, {THREADS} threads"
    peer_name = f"{DOCK_NAME}, value alone, as for each of 4,000"
    return Row(name, round(ours, 2), round(theirs, 2), peer_name, "ms", round(theirs / ours, 3))


def in_rust(run: Run) -> Iterator[Row]:
    """What the example measures, on every path where there are several."""
    quick = ["--quick"] if run.quick else []
    members = str(run.options.members or MEMBERS)
    for path in paths():
        yield from ours("--rows", "--members", members, *quick, path=path)
        yield from ours("--batch", *quick, path=path)
    yield from ours(*quick)


def measure(run: Run) -> Iterator[Row]:
    """Every figure beside each of its peers."""
    build()
    found = []
    for row in in_rust(run):
        found.append(row)
        yield row
    peer = dock(*(["--quick"] if run.quick else []))
    yield next_value(peer["value after 4000"])
    for row in found:
        yield from beside_dock(row, peer)
    size = peer["bytes of a proof"]
    yield Row(
        "bytes of a proof", 288, size, f"{DOCK_NAME}, without commitment", "bytes", round(size / 288, 3)
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """What this benchmark can be told beside the usual."""
    parser.add_argument("--members", type=int, help=f"rows of the registry; {MEMBERS:,} if not told")


if __name__ == "__main__":
    main(
        measure,
        packages=["trustid"],
        summary="Revocation: rows, many revoked at once, proofs, batches.",
        arguments=arguments,
    )
