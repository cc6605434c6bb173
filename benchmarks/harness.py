"""How every benchmark here measures, and how it prints.

What is compared runs in turns, in short batches, many times over; the best
batch of each counts. A machine that is busy for a while then slows all of them
alike, and the best shows what the code costs when nothing disturbs it. Time is
CPU time of this process.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["Row", "Run", "Timed", "best_seconds", "compare", "heading", "main"]

BATCH_SECONDS = 0.004
"""How long one batch takes, about; long against the clock's step, short against a disturbance."""

ROUNDS = 400
QUICK_ROUNDS = 60


@dataclass(frozen=True)
class Row:
    """One figure beside a peer's.

    Attributes:
        name: What was done.
        ours: Our figure.
        peer: The peer's, from the same run.
        peer_name: Who the peer is, with its version.
        unit: The unit of both.
        ratio: Above 1, we are better.
    """

    name: str
    ours: float
    peer: float
    peer_name: str
    unit: str
    ratio: float


@dataclass(frozen=True)
class Run:
    """What the command line asked for.

    Attributes:
        rounds: How many batches of each contender.
        quick: Whether the whole must end within 50 seconds.
        options: What a benchmark asked for beside that.
    """

    rounds: int
    quick: bool
    options: argparse.Namespace = field(default_factory=argparse.Namespace)


@dataclass(frozen=True)
class Timed:
    """A contender in another process, which measures its own CPU time.

    Attributes:
        seconds: Does the work so many times, and gives the CPU seconds that all of them took.
    """

    seconds: Callable[[int], float]


def best_seconds(contenders: Mapping[str, Callable[[], object] | Timed], *, rounds: int) -> dict[str, float]:
    """The least CPU time that one call of each took, in batches that take turns.

    Args:
        contenders: What to call, by name.
        rounds: How many batches of each; their order turns by one each time.
    """
    repeats = {name: _batch(call) for name, call in contenders.items()}
    best = dict.fromkeys(contenders, float("inf"))
    names = list(contenders)
    enabled = gc.isenabled()
    gc.disable()
    try:
        for turn in range(rounds):
            gc.collect(0)
            for name in (*names[turn % len(names) :], *names[: turn % len(names)]):
                count = repeats[name]
                best[name] = min(best[name], _seconds(contenders[name], count) / count)
    finally:
        if enabled:
            gc.enable()
    return best


def _seconds(call: Callable[[], object] | Timed, count: int) -> float:
    if isinstance(call, Timed):
        return call.seconds(count)
    start = time.process_time()
    for _ in range(count):
        call()
    return time.process_time() - start


def _batch(call: Callable[[], object] | Timed) -> int:
    _seconds(call, 1)
    count = 1
    while True:
        taken = _seconds(call, count)
        if taken >= BATCH_SECONDS / 2:
            return max(1, round(count * BATCH_SECONDS / taken))
        count *= 2


def compare(name: str, ours: float, peers: Mapping[str, float]) -> list[Row]:
    """Turn seconds into operations a second, ours beside each peer's."""
    return [
        Row(name, round(1 / ours, 1), round(1 / peer, 1), peer_name, "operations/s", round(peer / ours, 3))
        for peer_name, peer in peers.items()
    ]


def heading(packages: Sequence[str]) -> str:
    """One line: machine, commit, versions, method."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return (
        f"{_processor()} ({os.cpu_count()} cores), commit {commit or 'unknown'}, "
        f"Python {platform.python_version()}, {versions}; CPU time, batches in turns, best of many"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(from this checkout)"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main(
    measure: Callable[[Run], Iterable[Row]],
    *,
    packages: Sequence[str],
    summary: str,
    arguments: Callable[[argparse.ArgumentParser], object] | None = None,
) -> None:
    """Read the command line, measure, print.

    Args:
        measure: Gives the rows, as they are ready.
        packages: Whose versions the first line tells.
        summary: What is measured, for `--help`.
        arguments: Adds options of its own, which then stand in `Run.options`.
    """
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="end within 50 seconds")
    if arguments:
        arguments(parser)
    options = parser.parse_args()
    if not options.json:
        print(heading(packages))
    for row in measure(Run(QUICK_ROUNDS if options.quick else ROUNDS, options.quick, options)):
        print(json.dumps(asdict(row)) if options.json else _line(row))
        sys.stdout.flush()


def _line(row: Row) -> str:
    return (
        f"{row.name:<24} {row.ours:>12,.1f} {row.unit}   "
        f"{row.peer_name} {row.peer:,.1f}   {row.ratio:.2f} times"
    )
