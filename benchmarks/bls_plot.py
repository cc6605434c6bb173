"""Draws how long it takes to add up public keys, ours and the peers'.

    python -m benchmarks.bls_plot [FILE.svg]

Both axes are logarithmic; everything on one thread, CPU time, best of many.
Ours stands there by path: the one that the processor has, and the portable one,
which another process takes (`TRUSTID_LANES`) and measures itself. Needs
matplotlib; peers that are not installed are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.bls import peer_name, sum_of
from benchmarks.harness import Timed, best_seconds, heading
from trustid._core import lanes_path
from trustid.keys.bls import KeyStore, SecretKey

SIZES = (10, 100, 1_000, 10_000, 100_000)
DIFFERENT = 1_000
"""Keys that are made; longer lists hold them again and again, which no side gains by."""

DEFAULT_FILE = Path(__file__).parent / "plots" / "bls.svg"
ROUNDS = 12
SERVE = "--serve"

Call = Callable[[], Any]


def elements(package: str, keys: list[bytes]) -> list[Any]:
    """The keys as a peer's objects."""
    module = __import__(package)
    return [module.G1Element.from_bytes(key) for key in keys]


@contextmanager
def portable_sum(file: Path) -> Iterator[Timed]:
    """Adds up a store's keys in another process, on the portable path."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bls_plot", SERVE, str(file)],
        env={**os.environ, "TRUSTID_LANES": "portable"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    asked, answered = child.stdin, child.stdout
    if asked is None or answered is None:
        raise RuntimeError("pipes were asked for")

    def seconds(count: int) -> float:
        print(count, file=asked, flush=True)
        return float(answered.readline())

    with child:
        yield Timed(seconds)
        asked.close()


def serve(file: Path) -> None:
    """Answer numbers of sums, a line each, with the CPU seconds that they took."""
    store = KeyStore.open(file)
    for line in sys.stdin:
        start = time.process_time()
        for _ in range(int(line)):
            store.sum()
        print(time.process_time() - start, flush=True)


def measure(folder: Path) -> dict[str, list[float]]:
    """Milliseconds for each size, by name."""
    secrets = [SecretKey.derive(b"d" * 32, info=index.to_bytes(4, "big")) for index in range(DIFFERENT)]
    keys = [bytes(secret.public_key()) for secret in secrets]
    peers = {
        name: elements(package, keys) for package in ("blspy", "chia_rs") if (name := peer_name(package))
    }
    found: dict[str, list[float]] = {}
    for size in SIZES:
        data = b"".join(keys[index % DIFFERENT] for index in range(size))
        store = KeyStore.build(folder / "keys", data, None, threads=2)
        calls: dict[str, Call | Timed] = {f"trustid, key store, {lanes_path()}": store.sum}
        for name, objects in peers.items():
            some = [objects[index % DIFFERENT] for index in range(size)]
            calls[f"{name}, objects"] = lambda some=some: sum_of(some)
        with portable_sum(folder / "keys") as portable:
            calls["trustid, key store, portable"] = portable
            for name, seconds in best_seconds(calls, rounds=ROUNDS).items():
                found.setdefault(name, []).append(1e3 * seconds)
    return found


def draw(found: dict[str, list[float]], path: Path) -> None:
    """Write the plot."""
    mpl.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name, milliseconds in found.items():
        axes.loglog(SIZES, milliseconds, marker="o", label=name)
    axes.set_xlabel("public keys")
    axes.set_ylabel("milliseconds of CPU time")
    axes.set_title("Adding up BLS public keys (G1), one thread")
    axes.grid(visible=True, which="major", alpha=0.4)
    axes.legend()
    figure.text(0.01, 0.005, heading(["blspy", "chia_rs"]).split(";")[0], fontsize=6)
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    if sys.argv[1:2] == [SERVE]:
        serve(Path(sys.argv[2]))
        sys.exit()
    with tempfile.TemporaryDirectory() as folder:
        draw(measure(Path(folder)), Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FILE)
