"""The refresh of everybody, once and in full: time, CPU, memory, disk, and whether the rows are right.

    python -m benchmarks.revocation_full [--members N] [--threads T] [--folder DIR] [--output FILE]

Makes a registry, revokes a million of its members at once, writes the rows of all slots
to a file, and checks rows at random places: those of live members answer their handles
by pairing, those of revoked ones do not, and blocks belong to the root. One JSON object
a line, as it is ready. A hundred million members take 4.8 GB of disk, which are given
back at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from benchmarks.harness import heading
from trustid.errors import ProofError
from trustid.status.accumulator import (
    BLOCK_ROWS,
    ROW_BYTES,
    Manager,
    Member,
    RowsFile,
    check_block,
    encode_slots,
)
from trustid.status.membership import Witness

REGISTRY = b"https://revocation.example/registry/benchmark"
REVOKED = 1_000_000
SAMPLE = 200
"""Rows of live members, and of revoked ones, that are checked."""

Tell = Callable[..., None]


def teller(output: TextIO | None) -> Tell:
    """Prints what is found, and keeps it."""

    def tell(**found: Any) -> None:
        line = json.dumps(found)
        print(line, flush=True)
        if output:
            output.write(line + "\n")
            output.flush()

    return tell


@contextmanager
def measured(tell: Tell, step: str) -> Iterator[dict[str, Any]]:
    """Wall time, CPU time and the most memory so far; what the step adds itself is told too."""
    found: dict[str, Any] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield found
    tell(
        step=step,
        wall_seconds=round(time.perf_counter() - wall, 3),
        cpu_seconds=round(time.process_time() - cpu, 3),
        memory_peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **found,
    )


def progress(done: int, rows: int) -> None:
    """How far it is, on one line of the terminal."""
    if sys.stderr.isatty():
        print(f"\r{done:,} of {rows:,} rows", end="\n" if done == rows else "", file=sys.stderr)


def row_of(manager: Manager, file: RowsFile, slot: int) -> bytes:
    """The row of a slot, out of a block that belongs to the root."""
    block, place = divmod(slot, BLOCK_ROWS)
    rows = file.block(block)
    check_block(manager.params, manager.accumulator, file.root, block, rows, file.proof(block))
    return rows[ROW_BYTES * place :][:ROW_BYTES]


def answers(manager: Manager, member: Member, row: bytes) -> bool:
    """Whether a row answers a handle, by pairing."""
    try:
        Witness.check(manager.params, manager.accumulator, member, row)
    except ProofError:
        return False
    return True


def run(members: int, threads: int, folder: Path, tell: Tell) -> None:
    """Every step, told as it is done."""
    chosen = random.Random(members).sample(range(members), min(members // 2, REVOKED + SAMPLE))
    live, revoked = chosen[:SAMPLE], chosen[SAMPLE:]
    with measured(tell, "registry, and slots taken") as found:
        manager = Manager.create(REGISTRY, members)
        handles = {slot: manager.take(slot) for slot in chosen[: 2 * SAMPLE]}
        for slot in chosen[2 * SAMPLE :]:
            manager.take(slot)
        found |= {"rows": members, "slots_taken": len(chosen)}
    gone = encode_slots(revoked)
    with measured(tell, "next value after revoking many") as found:
        manager.revoke_encoded(gone, threads=threads)
        found |= {"revoked": len(revoked), "threads": threads}
    path = folder / "rows"
    with measured(tell, "rows of everybody") as found:
        summary = manager.write_rows(path, threads=threads, progress=progress)
        file_bytes = path.stat().st_size
        found |= {"rows": summary.rows, "threads": threads, "bytes": file_bytes}
        found |= {"root": summary.root.hex()}
    with measured(tell, "every block held against its hash"):
        file = RowsFile.open(path, manager.params)
        file.check(threads=threads)
    with measured(tell, "random rows, by pairing") as found:
        right = sum(answers(manager, handles[slot], row_of(manager, file, slot)) for slot in live)
        wrong = sum(answers(manager, handles[slot], row_of(manager, file, slot)) for slot in revoked[:SAMPLE])
        found |= {"live": len(live), "live_that_answer": right}
        found |= {"revoked": SAMPLE, "revoked_that_answer": wrong}
    if right != len(live) or wrong:
        raise SystemExit("rows are wrong")


def main() -> None:
    """Read the command line, run, keep what was found."""
    parser = argparse.ArgumentParser(description="The refresh of everybody, once and in full.")
    parser.add_argument("--members", type=int, default=1_000_000, help="slots of the registry")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, help="where the file of rows goes for a while")
    parser.add_argument("--output", type=Path, help="where the figures are kept")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        options.output.open("w", encoding="utf-8") if options.output else nullcontext() as output,
    ):
        tell = teller(output)
        tell(machine=heading(["trustid"]).partition(";")[0])
        run(options.members, options.threads, Path(folder), tell)


if __name__ == "__main__":
    main()
