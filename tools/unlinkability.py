"""Do presentations tell two holders apart? 10,000 to learn from, 10,000 to judge.

    python -m tools.unlinkability [--presentations N]

Two holders of one registry show one-time copies: each presentation has a fresh
commitment, nonce and credential, and a proof made with the system's randomness.
What a verifier sees of it, 288 bytes of proof and 48 of commitment, goes to the
classifiers of `tools.classifying`. Then the same with holders who leak: they use
copies twice, or a bit of theirs is biased; those must be told apart.

Ends with 1 when it is not as it should be: by chance once in a million runs.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.classifying import Verdict, classify
from trustid.status.accumulator import Accumulator, Manager, Params
from trustid.status.membership import Opening, Witness

REGISTRY = b"https://revocation.example/registry"
VERIFIER = b"x509_san_dns:verifier.example"
NONCE_BYTES = 16
HASH_BYTES = 32
SLOTS = (3, 1000)
PRESENTATIONS = 10_000
COPIES_OF_A_LEAK = 50
BIASED_PLACE = 200
BIASED_SHARE = 0.2

Holder = tuple[bytes, bytes, bytes, list[bytes]]
"""Parameters, value, the row, and openings of copies: as bytes, since they go to other processes."""

Source = Callable[[Holder, int], list[bytes]]


def holders() -> list[Holder]:
    """Two holders of a fresh registry, each with a few copies of a credential."""
    manager = Manager.create(REGISTRY, 4096)
    public = bytes(manager.params), bytes(manager.accumulator)
    made = []
    for slot in SLOTS:
        member = manager.take(slot)
        copies = [Opening.generate(member).to_bytes() for _ in range(COPIES_OF_A_LEAK)]
        made.append((*public, manager.row(slot), copies))
    return made


def presentations(holder: Holder, count: int, *, reuse: bool = False) -> list[bytes]:
    """What verifiers see of a holder: proof and commitment, 336 bytes each.

    Args:
        holder: From `holders`.
        count: How many.
        reuse: Show the few copies again and again, instead of a fresh one each time.
    """
    params, value, row, copies = holder
    wallet = [Opening.from_bytes(copy) for copy in copies]
    member = wallet[0].member
    witness = Witness.check(Params.from_bytes(params), Accumulator.from_bytes(value), member, row)
    seen = []
    for _ in range(count):
        opening = secrets.choice(wallet) if reuse else Opening.generate(member)
        proof = witness.prove(
            opening,
            verifier=VERIFIER,
            nonce=secrets.token_bytes(NONCE_BYTES),
            credential_hash=secrets.token_bytes(HASH_BYTES),
        )
        seen.append(bytes(proof) + bytes(opening.commitment))
    return seen


def told_apart(first: list[bytes], second: list[bytes]) -> Verdict:
    """Learn from the first half of each, judge the second."""
    half = len(first) // 2
    return classify((first[:half], second[:half]), (first[half:], second[half:]))


def with_biased_bit(seen: list[bytes]) -> list[bytes]:
    """The same with a leak planted: one bit of one byte is set a little more often."""
    threshold = int(BIASED_SHARE * (1 << 32))
    leaking = []
    for each in seen:
        changed = bytearray(each)
        changed[BIASED_PLACE] |= secrets.randbits(32) < threshold
        leaking.append(bytes(changed))
    return leaking


def gather(source: Source, both: list[Holder], count: int) -> list[list[bytes]]:
    """So many presentations of each holder, made by a process for each core."""
    processes = os.cpu_count() or 1
    parts = [count // processes + (part < count % processes) for part in range(processes)]
    with ProcessPoolExecutor(processes) as pool:
        made = [[pool.submit(source, holder, part) for part in parts] for holder in both]
        return [[each for part in parts for each in part.result()] for parts in made]


def main() -> int:
    """Make, classify, print."""
    parser = argparse.ArgumentParser(description="Do presentations tell two holders apart?")
    parser.add_argument(
        "--presentations", type=int, default=PRESENTATIONS, help="to learn from, and as many to judge"
    )
    count = parser.parse_args().presentations
    both = holders()
    honest = gather(presentations, both, count)
    reusing = gather(partial(presentations, reuse=True), both, count)
    cases = [
        ("fresh copies", honest, False),
        ("one bit of one holder biased", [honest[0], with_biased_bit(honest[1])], True),
        (f"{COPIES_OF_A_LEAK} copies used again and again", reusing, True),
    ]
    wrong = 0
    for title, seen, expected in cases:
        verdict = told_apart(*seen)
        as_expected = verdict.told_apart == expected
        wrong += not as_expected
        print(
            f"{title}: {verdict.accuracy:.2%} right on {count:,} held out, by {verdict.classifier};"
            f" chance ends {verdict.tolerance:.2%} from 50 %: {'as expected' if as_expected else 'WRONG'}"
        )
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
