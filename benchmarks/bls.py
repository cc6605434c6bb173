"""How fast are BLS signatures, one and in bulk?

    python -m benchmarks.bls [--json] [--quick]

From Python: signing, verifying, reading keys, adding keys up, checking
aggregates, beside blspy, chia_rs and py_ecc where they are installed (their
wheels are no dependency: `pip install blspy chia_rs`). In Rust: the core beside
raw blst 0.3.17, in one process (`rust/core/examples/bls_peers.rs`), in
microseconds for each item; what is done in bulk both on the path that is taken
and on the portable one. Everything on one thread, but for the rows that say two:
those are beside our own single thread, by the clock on the wall.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, Run, best_seconds, compare, main
from trustid._core import lanes_path
from trustid.keys import bls
from trustid.keys.bls import KeyStore, PublicKey, SecretKey, Suite

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "target" / "release" / "examples" / "bls_peers"
MESSAGE = b"epoch 7"
SIGNERS = 1_000
MESSAGES = 100
MANY_KEYS = 1_000_000
"""Keys of the long sum, which only the full run has: reading them takes a minute."""
SLOW_ROUNDS = 3
"""py_ecc takes a good part of a second for one verification."""

Call = Callable[[], Any]


def peer_name(package: str) -> str | None:
    """Name and version of a peer, or None with a word on stderr if it is not installed."""
    if importlib.util.find_spec(package) is None:
        print(f"{package} is not installed: its rows are left out", file=sys.stderr)
        return None
    return f"{package} {version(package)}"


def rows(name: str, ours: Call, peers: Mapping[str, Call], rounds: int) -> list[Row]:
    """Measure us and the peers in turns."""
    seconds = best_seconds({"ours": ours, **peers}, rounds=rounds)
    return compare(name, seconds["ours"], {peer: seconds[peer] for peer in peers})


def beside_blspy(run: Run, name: str) -> Iterator[Row]:
    """The proof-of-possession scheme of blspy, a C++ library over blst."""
    import blspy

    scheme = blspy.PopSchemeMPL
    secrets = [SecretKey.derive(b"b" * 32, info=index.to_bytes(4, "big")) for index in range(SIGNERS)]
    key = secrets[0]
    theirs = blspy.PrivateKey.from_bytes(key.to_bytes())
    public, their_public = key.public_key(), theirs.get_g1()
    signed, their_signed = key.sign(MESSAGE), scheme.sign(theirs, MESSAGE)
    data = bytes(public)
    yield from rows(
        "sign", lambda: key.sign(MESSAGE), {name: lambda: scheme.sign(theirs, MESSAGE)}, run.rounds
    )
    yield from rows(
        "verify",
        lambda: public.verify(signed, MESSAGE),
        {name: lambda: scheme.verify(their_public, MESSAGE, their_signed)},
        run.rounds,
    )
    yield from rows(
        "read a public key",
        lambda: PublicKey.from_bytes(data),
        {name: lambda: blspy.G1Element.from_bytes(data)},
        run.rounds,
    )
    proven = [secret.proven_key() for secret in secrets]
    their_keys = [blspy.G1Element.from_bytes(bytes(each)) for each in proven]
    total = bls.aggregate([secret.sign(MESSAGE) for secret in secrets])
    their_total = blspy.G2Element.from_bytes(bytes(total))
    yield from rows(
        f"FastAggregateVerify, {SIGNERS} keys in a list",
        lambda: bls.fast_aggregate_verify(total, proven, MESSAGE),
        {name: lambda: scheme.fast_aggregate_verify(their_keys, MESSAGE, their_total)},
        run.rounds // 4,
    )
    texts = [bytes([index]) for index in range(MESSAGES)]
    some = bls.aggregate([secret.sign(text) for secret, text in zip(secrets, texts, strict=False)])
    their_some = blspy.G2Element.from_bytes(bytes(some))
    yield from rows(
        f"AggregateVerify, {MESSAGES} messages",
        lambda: bls.verify_aggregate(some, proven[:MESSAGES], texts),
        {name: lambda: scheme.aggregate_verify(their_keys[:MESSAGES], texts, their_some)},
        run.rounds // 10,
    )
    yield from stored_keys(run, name, secrets, their_keys)


def beside_chia(run: Run, name: str) -> Iterator[Row]:
    """The augmented scheme of chia_rs, a Rust library over blst; it has no other."""
    import chia_rs

    scheme = chia_rs.AugSchemeMPL
    key = SecretKey.derive(b"c" * 32, Suite.MIN_PK_AUGMENTED)
    theirs = chia_rs.PrivateKey.from_bytes(key.to_bytes())
    public, their_public = key.public_key(), theirs.get_g1()
    signed, their_signed = key.sign(MESSAGE), scheme.sign(theirs, MESSAGE)
    yield from rows(
        "verify, augmented",
        lambda: public.verify(signed, MESSAGE),
        {name: lambda: scheme.verify(their_public, MESSAGE, their_signed)},
        run.rounds,
    )
    secrets = [SecretKey.derive(b"b" * 32, info=index.to_bytes(4, "big")) for index in range(SIGNERS)]
    their_keys = [chia_rs.G1Element.from_bytes(bytes(secret.public_key())) for secret in secrets]
    yield from stored_keys(run, name, secrets, their_keys)


def sum_of(keys: list[Any]) -> Any:
    """The sum of a peer's key objects."""
    total = type(keys[0])()  # the identity: `+=` writes into its left side
    for key in keys:
        total += key
    return total


def stored_keys(run: Run, name: str, secrets: list[SecretKey], theirs: list[Any]) -> Iterator[Row]:
    """Sums over a key store beside sums over a peer's objects."""
    keys = [bytes(secret.public_key()) for secret in secrets]
    for count in (SIGNERS,) if run.quick else (SIGNERS, MANY_KEYS):
        # The same keys again and again: no side gains by that, but for the peer's objects, which stay in the cache.
        repeats = count // SIGNERS
        with tempfile.TemporaryDirectory() as folder:
            store = KeyStore.build(Path(folder) / "keys", b"".join(keys * repeats), None, threads=2)
            objects = theirs * repeats
            assert store.sum() == bytes(sum_of(objects))
            rounds = max(SLOW_ROUNDS, run.rounds // 4 // repeats)
            yield from rows(
                f"sum of {count} keys, stored or objects",
                store.sum,
                {name: lambda objects=objects: sum_of(objects)},
                rounds,
            )


def beside_py_ecc(name: str) -> Iterator[Row]:
    """The oracle of our tests, in plain Python."""
    from py_ecc.bls import G2ProofOfPossession

    key = SecretKey.derive(b"p" * 32)
    public, signed = key.public_key(), key.sign(MESSAGE)
    data, signature = bytes(public), bytes(signed)
    yield from rows(
        "verify",
        lambda: public.verify(signed, MESSAGE),
        {name: lambda: G2ProofOfPossession.Verify(data, MESSAGE, signature)},
        SLOW_ROUNDS,
    )


def rows_of_core(run: Run, path: str) -> list[Row]:
    """What the example prints on one path; what no path changes is left to the one that is taken."""
    options = (["--quick"] if run.quick else []) + (["--bulk"] if path != lanes_path() else [])
    lines = subprocess.run(
        [EXAMPLE, *options],
        env={**os.environ, "TRUSTID_LANES": path},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [Row(**json.loads(line)) for line in lines]


def beside_blst(run: Run) -> Iterator[Row]:
    """The core beside raw blst in Rust, then our calls from Python beside the same."""
    if not (run.quick and EXAMPLE.exists()):
        command = ["cargo", "build", "--quiet", "--release", "-p", "trustid-core", "--example", "bls_peers"]
        subprocess.run(command, cwd=ROOT, check=True)
    paths = dict.fromkeys((lanes_path(), "portable"))
    core = [row for path in paths for row in rows_of_core(run, path)]
    key = SecretKey.derive(b"b" * 32)
    public, signed = key.public_key(), key.sign(MESSAGE)
    calls: dict[str, Call] = {
        "verify": lambda: public.verify(signed, MESSAGE),
        "sign": lambda: key.sign(MESSAGE),
    }
    raw = {row.name: row for row in core}
    for name, call in calls.items():
        ours = best_seconds({"ours": call}, rounds=run.rounds)["ours"]
        peer = raw[name].peer
        yield Row(
            f"{name} from Python",
            round(1e6 * ours, 1),
            peer,
            raw[name].peer_name,
            "us",
            round(peer / ours / 1e6, 3),
        )
    yield from (
        Row(f"core: {row.name}", row.ours, row.peer, row.peer_name, row.unit, row.ratio) for row in core
    )


def measure(run: Run) -> Iterator[Row]:
    """All rows; those of peers that are not installed are left out."""
    yield from beside_blst(run)
    if name := peer_name("blspy"):
        yield from beside_blspy(run, name)
    if name := peer_name("chia_rs"):
        yield from beside_chia(run, name)
    if name := peer_name("py_ecc"):
        yield from beside_py_ecc(name)


if __name__ == "__main__":
    main(measure, packages=["blspy", "chia_rs", "py_ecc"], summary="BLS signatures, one and in bulk")
