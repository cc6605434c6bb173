"""Presentations of two holders look alike to classifiers that find what leaks. 10,000 of them: `make statistics`.

The randomness is the system's, so an honest run fails by chance once in 1.7
million runs (five standard deviations); what leaks is planted far above that.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tools.classifying import classify, tolerance
from tools.unlinkability import Holder, holders, presentations, told_apart

SHOWN = 800
NOISE_BYTES = 64
NOISE = 600


@pytest.fixture(scope="module")
def both() -> list[Holder]:
    return holders()


def test_P06_two_holders_cannot_be_told_apart(both: list[Holder]) -> None:
    verdict = told_apart(*(presentations(holder, SHOWN) for holder in both))
    assert not verdict.told_apart, verdict


def test_P06_copies_that_are_used_again_are_found(both: list[Holder]) -> None:
    """The twin: the same holders, the same proofs, but copies of which each is shown several times."""
    verdict = told_apart(*(presentations(holder, SHOWN // 4, reuse=True) for holder in both))
    assert verdict.told_apart, verdict


def noise(seed: int) -> list[bytes]:
    source = random.Random(seed)
    return [source.randbytes(NOISE_BYTES) for _ in range(NOISE)]


def test_noise_is_not_told_apart() -> None:
    verdict = classify((noise(1), noise(2)), (noise(3), noise(4)))
    assert not verdict.told_apart, verdict


def biased(samples: list[bytes], place: int) -> list[bytes]:
    """A bit that is set in three of four instead of two of four."""
    source = random.Random(9)
    return [each[:place] + bytes([each[place] | source.randrange(2)]) + each[place + 1 :] for each in samples]


def spread(samples: list[bytes]) -> list[bytes]:
    """No byte is ever above 250: nothing stands out, all of them together do."""
    return [bytes(min(byte, 250) for byte in each) for each in samples]


@pytest.mark.parametrize(
    ("leak", "expected"),
    [(lambda samples: biased(samples, 40), "bits"), (spread, "bytes")],
    ids=["one bit", "all bytes"],
)
def test_planted_leaks_are_found(leak: Callable[[list[bytes]], list[bytes]], expected: str) -> None:
    verdict = classify((noise(1), leak(noise(2))), (noise(3), leak(noise(4))))
    assert verdict.told_apart, verdict
    assert verdict.classifier == expected


def test_a_band_of_five_deviations() -> None:
    assert tolerance(10_000) == pytest.approx(0.025)
