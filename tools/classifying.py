"""Small honest classifiers: can two sources of byte strings be told apart?

Three look for different things: values of bytes, all together; single bits that
stand out; and runs of four bytes seen before (randomness that is used again). Each adds up evidence over all places, as
if these were independent (naive Bayes). Which one decides is chosen on a part of
the training data, and it is judged once, on data that none of them has seen.

Under the hypothesis that the sources cannot be told apart, the share of right
answers on n strings has mean 1/2 and standard deviation 1/(2 sqrt n); a band of
five deviations is left with a probability of 5.8e-7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log, sqrt

__all__ = ["DEVIATIONS", "Verdict", "classify", "tolerance"]

DEVIATIONS = 5
CHUNK_BYTES = 4
PRIOR = 1.0
"""How often everything was seen before anything was seen (Laplace)."""

Samples = Sequence[bytes]
STANDS_OUT = 3.5
"""Standard deviations from which a bit counts; of 2,688 unbiased ones about one does."""

Judge = Callable[[bytes], float]
"""Above zero for the first source, below zero for the second."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the chosen classifier achieved.

    Attributes:
        classifier: Which one it was.
        accuracy: Share of right answers on the strings that were held out.
        tolerance: How far from 1/2 chance alone takes it.
    """

    classifier: str
    accuracy: float
    tolerance: float

    @property
    def told_apart(self) -> bool:
        """Whether it is more than chance."""
        return abs(self.accuracy - 0.5) > self.tolerance


def tolerance(held_out: int) -> float:
    """Five standard deviations of the share of right answers among so many guesses."""
    return DEVIATIONS / (2 * sqrt(held_out))


def classify(training: tuple[Samples, Samples], held_out: tuple[Samples, Samples]) -> Verdict:
    """Train on one part of the data, judge on the other.

    Args:
        training: Strings of one length from the first and the second source; as many of each.
        held_out: Others.
    """
    cut = len(training[0]) * 3 // 4
    learn = (training[0][:cut], training[1][:cut])
    choose = (training[0][cut:], training[1][cut:])
    name = max(CLASSIFIERS, key=lambda each: _accuracy(CLASSIFIERS[each](*learn), *choose))
    judge = CLASSIFIERS[name](*training)
    return Verdict(name, _accuracy(judge, *held_out), tolerance(len(held_out[0]) + len(held_out[1])))


def _accuracy(judge: Judge, first: Samples, second: Samples) -> float:
    found = [*map(judge, first), *(-judge(each) for each in second)]
    return sum(1.0 if each > 0 else 0.5 if each == 0 else 0.0 for each in found) / len(found)


def by_bytes(first: Samples, second: Samples) -> Judge:
    """How often each value stands at each place."""
    evidence = [
        [log((one + PRIOR) / (other + PRIOR)) for one, other in zip(*counts, strict=True)]
        for counts in zip(_byte_counts(first), _byte_counts(second), strict=True)
    ]
    return lambda each: sum(values[byte] for values, byte in zip(evidence, each, strict=True))


def _byte_counts(samples: Samples) -> list[list[int]]:
    counts = []
    for column in zip(*samples, strict=True):
        values = [0] * 256
        for byte in column:
            values[byte] += 1
        counts.append(values)
    return counts


def by_bits(first: Samples, second: Samples) -> Judge:
    """Which bits are set more often; only those that stand out, so that the others' noise stays away."""
    evidence = [
        [sum(weights[bit][value >> bit & 1] for bit in range(8)) for value in range(256)]
        for weights in map(_bit_weights, _byte_counts(first), _byte_counts(second))
    ]
    return lambda each: sum(values[byte] for values, byte in zip(evidence, each, strict=True))


def _bit_weights(ones: list[int], others: list[int]) -> list[tuple[float, float]]:
    """For each bit of a byte what it says when it is clear, and when it is set."""
    weights = []
    totals = sum(ones), sum(others)
    for bit in range(8):
        hits = [
            sum(count for value, count in enumerate(counts) if value >> bit & 1) for counts in (ones, others)
        ]
        share, other = ((hit + PRIOR) / (total + 2 * PRIOR) for hit, total in zip(hits, totals, strict=True))
        spread = sqrt(share * (1 - share) / totals[0] + other * (1 - other) / totals[1])
        stands_out = abs(share - other) > STANDS_OUT * spread
        weights.append((log((1 - share) / (1 - other)), log(share / other)) if stands_out else (0.0, 0.0))
    return weights


def by_chunks(first: Samples, second: Samples) -> Judge:
    """Whose runs of four bytes were seen before, at the same place."""
    seen: dict[tuple[int, bytes], float] = {}
    for sign, samples in ((1.0, first), (-1.0, second)):
        for each in samples:
            for at in range(0, len(each), CHUNK_BYTES):
                place = (at, each[at : at + CHUNK_BYTES])
                seen[place] = seen.get(place, 0.0) + sign
    return lambda each: sum(
        seen.get((at, each[at : at + CHUNK_BYTES]), 0.0) for at in range(0, len(each), CHUNK_BYTES)
    )


CLASSIFIERS: dict[str, Callable[[Samples, Samples], Judge]] = {
    "bytes": by_bytes,
    "bits": by_bits,
    "chunks": by_chunks,
}
