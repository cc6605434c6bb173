"""Compressing lists: what comes out opens again, stays small and is the same each time."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustid.status.deflating import SEARCHED_BYTES, deflated
from trustid.status.inflating import GZIP, ZLIB, inflated


@given(content=st.binary(min_size=1, max_size=300), times=st.integers(1, 200))
@pytest.mark.parametrize("container", [ZLIB, GZIP], ids=["zlib", "gzip"])
def test_law_opens_again(content: bytes, times: int, container: int) -> None:
    whole = content * times
    compressed = deflated(whole, container)
    assert inflated(compressed, container) == whole
    assert deflated(bytearray(whole), container) == compressed


def sparse(length: int, share: float) -> bytes:
    chosen = random.Random(5).sample(range(length * 8), int(length * 8 * share))
    content = bytearray(length)
    for place in chosen:
        content[place >> 3] |= 1 << (place & 7)
    return bytes(content)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.001, 0.01, 0.05, 0.3])
def test_within_a_tenth_of_the_highest_level(share: float) -> None:
    content = sparse(SEARCHED_BYTES * 8, share)
    assert len(deflated(content, ZLIB)) <= 1.1 * len(zlib.compress(content, 9)) + 16
