"""Draws what a refresh of all members takes, ours and the peers': time, and bytes to publish.

    python -m benchmarks.revocation_plot [FILE.svg]

Ours is measured here, on one thread, for registries of several sizes; so are dock's
batch function and blst's multiplication, whose time a member does not depend on the
number of members and is drawn on as a line. The full run that `make bench-100m` kept is
drawn as a point. AnonCreds: a registry of 32,768 and its tails file as anoncreds 0.2.3
makes them (33 CPU seconds, 8.4 MB), as many registries as the members need; measured in
November 2026 on another machine, so drawn for its slope. Needs matplotlib.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.harness import heading
from benchmarks.revocation import DOCK_NAME, build, dock, ours

HERE = Path(__file__).parent
DEFAULT_FILE = HERE / "plots" / "revocation.svg"
FULL_RUN = HERE / "results" / "revocation-100m.jsonl"

SIZES = (4_096, 32_768, 262_144, 2_097_152)
ALL_SIZES = (*SIZES, 16_777_216, 100_000_000)

ANONCREDS_SIZE = 32_768
ANONCREDS_SECONDS = 33.0
ANONCREDS_BYTES = 8_400_000
ROW_BYTES = 48


def measure() -> tuple[list[float], float, float]:
    """Seconds of ours for each size, and a member's seconds at dock's and at blst's."""
    build()
    seconds = []
    peer = float("inf")
    for size in SIZES:
        for row in ours("--rows", "--members", str(size)):
            seconds.append(row.ours * size / 1e6)
            peer = min(peer, row.peer)
    return seconds, dock("--quick")["refresh"] / 1e6, peer / 1e6


def full_run() -> dict[str, Any] | None:
    """What the kept full run says about its rows."""
    if not FULL_RUN.exists():
        return None
    lines = [json.loads(line) for line in FULL_RUN.read_text(encoding="utf-8").splitlines()]
    return next((line for line in lines if line.get("step") == "rows of everybody"), None)


def draw(path: Path) -> None:
    """Measure, and write the plot."""
    mpl.use("svg")
    from matplotlib import pyplot

    seconds, by_dock, by_blst = measure()
    figure, (time, size) = pyplot.subplots(1, 2, figsize=(10, 4.5))
    time.loglog(SIZES, seconds, marker="o", label="trustid, all of it, to the file")
    time.loglog(ALL_SIZES, [by_dock * n for n in ALL_SIZES], "--", label=f"{DOCK_NAME}, batch function")
    time.loglog(ALL_SIZES, [by_blst * n for n in ALL_SIZES], ":", label="blst, one multiplication each")
    registries = [-(-n // ANONCREDS_SIZE) for n in ALL_SIZES]
    anoncreds = [ANONCREDS_SECONDS * n for n in registries]
    time.loglog(ALL_SIZES, anoncreds, "-.", label="anoncreds 0.2.3, registries anew")
    if found := full_run():
        time.loglog(found["rows"], found["cpu_seconds"], "*", markersize=12, label="trustid, kept full run")
    time.set_title("Refresh of all members")
    time.set_ylabel("seconds of CPU time")
    size.loglog(ALL_SIZES, [ROW_BYTES * n for n in ALL_SIZES], marker="o", label="trustid, rows of an epoch")
    size.loglog(ALL_SIZES, [196_608 + 480] * len(ALL_SIZES), label="trustid, what one holder fetches")
    size.loglog(ALL_SIZES, [ANONCREDS_BYTES * n for n in registries], "-.", label="anoncreds 0.2.3, tails")
    size.set_title("Published for them")
    size.set_ylabel("bytes")
    for axes in (time, size):
        axes.set_xlabel("members")
        axes.grid(visible=True, which="major", alpha=0.4)
        axes.legend(fontsize=7)
    figure.text(0.01, 0.005, heading(["trustid"]).split(";")[0], fontsize=6)
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FILE)
