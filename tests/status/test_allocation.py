"""Places in a status list: each exactly once, in an order that tells nothing."""

from __future__ import annotations

from itertools import pairwise
from math import erfc, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustid.status.allocation import KEY_BYTES, MAX_SIZE, TABLE_BASE_MAX, IndexPermutation

KEY = bytes(range(32))


@given(key=st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), size=st.integers(1, 300))
def test_law_every_place_exactly_once(key: bytes, size: int) -> None:
    order = IndexPermutation(key, size)
    assert sorted(order.index(counter) for counter in range(size)) == list(range(size))


@given(key=st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), size=st.integers(1, 300))
def test_law_in_bulk_as_one_by_one(key: bytes, size: int) -> None:
    expected = [IndexPermutation(key, size).index(counter) for counter in range(size)]
    assert IndexPermutation(key, size).indexes(range(size)) == expected


@pytest.mark.parametrize("size", [1 << 20, TABLE_BASE_MAX**2, TABLE_BASE_MAX**2 + 1])
def test_in_bulk_as_one_by_one(size: int) -> None:
    order = IndexPermutation(KEY, size)
    counters = [0, size - 1, *range(5, size, size // 50)]
    assert order.indexes(counters) == [order.index(counter) for counter in counters]
    for outside in (-1, size):
        with pytest.raises(ValueError, match="counter"):
            order.indexes([0, outside])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 255, 256, 257, 10_000])
def test_every_place_exactly_once(size: int) -> None:
    order = IndexPermutation(KEY, size)
    assert sorted(map(order.index, range(size))) == list(range(size))


@pytest.mark.parametrize("size", [1 << 20, 100_000_000, MAX_SIZE])
def test_large_lists_stay_in_range(size: int) -> None:
    order = IndexPermutation(KEY, size)
    places = [order.index(counter) for counter in [*range(500), *range(size - 500, size)]]
    assert len(set(places)) == 1000
    assert 0 <= min(places) <= max(places) < size


def test_same_key_same_order_other_key_other_order() -> None:
    here = [IndexPermutation(KEY, 1 << 20).index(counter) for counter in range(50)]
    assert [IndexPermutation(KEY, 1 << 20).index(counter) for counter in range(50)] == here
    assert [IndexPermutation(bytes(32), 1 << 20).index(counter) for counter in range(50)] != here
    assert [IndexPermutation(KEY, (1 << 20) + 1).index(counter) for counter in range(50)] != here


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="key"):
        IndexPermutation(bytes(31), 8)
    for size in (0, -1, MAX_SIZE + 1):
        with pytest.raises(ValueError, match="size"):
            IndexPermutation(KEY, size)
    for counter in (-1, 8):
        with pytest.raises(ValueError, match="counter"):
            IndexPermutation(KEY, 8).index(counter)


def test_the_key_is_not_shown() -> None:
    assert repr(IndexPermutation(KEY, 8)) == "IndexPermutation(size=8)"


def test_P08_order_is_random() -> None:
    """Runs test, serial correlation, and correlation with the time of issuing, on 50,000 places.

    The key is fixed, so the outcome is; the bounds are those of a random order.
    """
    count = 50_000
    order = IndexPermutation(KEY, 1 << 20)
    places = [order.index(counter) for counter in range(count)]
    median = sorted(places)[count // 2]
    above = [place >= median for place in places]
    ups, downs = sum(above), count - sum(above)
    runs = 1 + sum(first != second for first, second in pairwise(above))
    mean = 2 * ups * downs / count + 1
    deviation = sqrt((mean - 1) * (mean - 2) / (count - 1))
    assert erfc(abs(runs - mean) / deviation / sqrt(2)) > 0.01
    assert abs(correlation(places[:-1], places[1:])) < 0.01
    assert abs(correlation(places, range(count))) < 0.01


def correlation(first: object, second: object) -> float:
    xs, ys = list(first), list(second)  # type: ignore[call-overload]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return covariance / sqrt(sum((x - mean_x) ** 2 for x in xs) * sum((y - mean_y) ** 2 for y in ys))


@given(
    st.integers(min_value=1, max_value=1 << 27), st.integers(min_value=0), st.binary(min_size=32, max_size=32)
)
def test_a_place_leads_back_to_its_number(size, number, key):
    order = IndexPermutation(key, size)
    assert order.counter(order.index(number % size)) == number % size
    for outside in (-1, size):
        with pytest.raises(ValueError, match="index below"):
            order.counter(outside)
