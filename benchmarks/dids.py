"""How fast is a DID resolved, and a whole did:webvh log verified?

    python -m benchmarks.dids [--json] [--quick]

No cache is used: each did:key is another one, and the log is read from its
bytes each time. The peers are floors, not other libraries: for a did:key the
work that only libsodium and big integers do (is the key a point, and its X25519
form); for a log as many bare Ed25519 verifications as it has entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

from nacl.bindings import crypto_core_ed25519_add, crypto_sign_open

from benchmarks.harness import Row, Run, best_seconds, compare, main
from trustid.did import key, peer, webvh
from trustid.did.resolver import Resolver
from trustid.did.webvh import Log
from trustid.keys import Ed25519SigningKey, P256SigningKey

NOW = 1_800_000_000
KEYS = 200
ENTRIES = 100

_PRIME = 2**255 - 19
_IDENTITY = b"\x01" + bytes(31)


def resolving(dids: list[str]) -> Callable[[], object]:
    """Resolve the next DID of a list."""
    resolver, names = Resolver(None, clock=lambda: NOW), cycle(dids)
    return lambda: resolver.resolve(next(names))


def floor_of(raw: bytes) -> Callable[[], object]:
    """Check a point, and find its X25519 form: what no did:key of Ed25519 can do without."""
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)

    def work() -> object:
        crypto_core_ed25519_add(raw, _IDENTITY)
        return (1 + y) * pow(1 - y, -1, _PRIME) % _PRIME

    return work


def make_log() -> Log:
    """A log of 100 entries; every tenth changes the keys of the document."""
    signer = Ed25519SigningKey.generate()
    log = webvh.create(
        "https://school.example",
        key=signer,
        methods={"key-0": P256SigningKey.generate().public_key},
        now=NOW - 60 * ENTRIES,
    )
    for number in range(1, ENTRIES):
        methods = None if number % 10 else {f"key-{number}": P256SigningKey.generate().public_key}
        log = webvh.update(log, key=signer, now=NOW - 60 * (ENTRIES - number), methods=methods)
    return log


def measure(run: Run) -> Iterator[Row]:
    """Resolve did:key and did:peer, verify a log."""
    edwards = [Ed25519SigningKey.generate().public_key for _ in range(KEYS)]
    curves = [P256SigningKey.generate().public_key for _ in range(KEYS)]
    lists = {
        "did:key Ed25519": [key.create(public) for public in edwards],
        "did:key P-256": [key.create(public) for public in curves],
        "did:peer:2": [
            peer.create_from_keys([("authentication", one), ("assertionMethod", two)])
            for one, two in zip(edwards, curves, strict=True)
        ],
    }
    floor = "point check and inversion"
    for name, dids in lists.items():
        best = best_seconds(
            {"ours": resolving(dids), floor: floor_of(edwards[0].to_bytes())}, rounds=run.rounds
        )
        yield from compare(f"resolve {name}", best.pop("ours"), best)
    data = b"\n".join(make_log().lines) + b"\n"
    signer = Ed25519SigningKey.generate()
    signed, public = signer.sign(bytes(64)) + bytes(64), signer.public_key.to_bytes()
    bare = f"{ENTRIES} verifications by libsodium"
    contenders = {
        "ours": lambda: Log.read(data, now=NOW),
        bare: lambda: [crypto_sign_open(signed, public) for _ in range(ENTRIES)],
    }
    best = best_seconds(contenders, rounds=run.rounds)
    ours, peers = best["ours"] * 1000, best[bare] * 1000
    yield Row(
        f"did:webvh, {ENTRIES} entries", round(ours, 2), round(peers, 2), bare, "ms", round(peers / ours, 3)
    )


if __name__ == "__main__":
    main(measure, packages=["trustid", "pynacl", "cryptography"], summary=str(__doc__))
