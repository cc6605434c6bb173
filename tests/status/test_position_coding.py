"""Places written down: read back exactly, in one way only, near the entropy."""

from __future__ import annotations

import random
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from trustid.status.position_coding import MAX_POSITIONS, decode_positions, encode_positions

SIZE = 1 << 20


@st.composite
def places(draw: st.DrawFn) -> tuple[list[int], int]:
    size = draw(st.integers(1, 5000))
    return sorted(draw(st.sets(st.integers(0, size - 1), max_size=200))), size


@given(places())
def test_law_read_back(drawn: tuple[list[int], int]) -> None:
    positions, size = drawn
    assert decode_positions(encode_positions(positions, size), size) == positions


@given(data=st.binary(max_size=60), size=st.integers(1, 4000))
def test_law_one_way_of_writing(data: bytes, size: int) -> None:
    """Whatever is read is written the same way again; all else is refused."""
    try:
        positions = decode_positions(data, size)
    except ValueError as err:
        assert getattr(err, "code", "") == "malformed"
    else:
        assert positions == sorted(set(positions))
        assert all(0 <= position < size for position in positions)
        assert encode_positions(positions, size) == data


@pytest.mark.parametrize("size", range(10))
def test_every_set_of_few_places(size: int) -> None:
    written = set()
    for chosen in range(1 << size):
        positions = [position for position in range(size) if chosen >> position & 1]
        data = encode_positions(positions, size)
        assert decode_positions(data, size) == positions
        written.add(data)
    assert len(written) == 1 << size


@pytest.mark.parametrize("share", [0.0001, 0.001, 0.01, 0.05, 0.3])
def test_within_two_percent_of_the_entropy(share: float) -> None:
    """The count and the padding included."""
    count = round(SIZE * share)
    positions = sorted(random.Random(count).sample(range(SIZE), count))
    entropy = SIZE * (-share * log2(share) - (1 - share) * log2(1 - share)) / 8
    assert len(encode_positions(positions, SIZE)) <= 1.02 * entropy


GOOD = encode_positions([3, 40, 41, 999], 1000)
BAD = {
    "empty": b"",
    "count not ended": b"\x84",
    "count with a needless byte": b"\x84\x00" + GOOD[1:],
    "count of six bytes": b"\x84\x80\x80\x80\x80\x01" + GOOD[1:],
    "cut short": GOOD[:-1],
    "a byte behind": GOOD + b"\0",
    "padding set": GOOD[:-1] + bytes([GOOD[-1] | 1]),
    "more counted": bytes([5]) + GOOD[1:],
    "fewer counted": bytes([3]) + GOOD[1:],
    "more counted than bits": b"\xff\xff\x03" + GOOD[1:],
    "a gap that never ends": b"\x01" + b"\xff" * 40,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_refused(data: bytes) -> None:
    assert decode_positions(GOOD, 1000) == [3, 40, 41, 999]
    with refused("malformed"):
        decode_positions(data, 1000)


def test_more_places_than_are_read_are_refused() -> None:
    every = list(range(MAX_POSITIONS + 1))
    assert len(decode_positions(encode_positions(every[:-1], MAX_POSITIONS), MAX_POSITIONS)) == MAX_POSITIONS
    with refused("limit_exceeded"):
        decode_positions(encode_positions(every, MAX_POSITIONS + 1), MAX_POSITIONS + 1)


def test_a_place_outside_is_refused() -> None:
    """Two places among four and among three are told by the same divisor: only the end differs."""
    data = encode_positions([0, 3], 4)
    assert decode_positions(data, 4) == [0, 3]
    with refused("malformed"):
        decode_positions(data, 3)


def by_the_book(data: bytes, size: int) -> list[int]:
    """docs/status-lists.md read by somebody else: bit by bit, from generators."""
    octets = iter(data)
    count = shift = 0
    for octet in octets:
        count |= (octet & 127) << shift
        shift += 7
        if octet < 128:
            break
    bits = (octet >> bit & 1 for octet in octets for bit in range(7, -1, -1))
    m = max(1, 693147 * size // (1000000 * count)) if count else 1
    b = 0
    while 2**b < m:
        b += 1
    position = -1
    positions = []
    for _ in range(count):
        quotient = 0
        while next(bits):
            quotient += 1
        remainder = 0
        for _ in range(b - 1):
            remainder = 2 * remainder + next(bits)
        if b and remainder >= 2**b - m:
            remainder = 2 * remainder + next(bits) - (2**b - m)
        position += quotient * m + remainder + 1
        positions.append(position)
    return positions


VECTORS = {
    "none": ([], 8, "00"),
    "the only one": ([0], 1, "0100"),
    "all": ([0, 1, 2, 3], 4, "0400"),
    "some": ([3, 40, 41, 999], 1000, "04032400fabc"),
    "the last of many": ([131071], 131072, "01a746c0"),
    "far apart": ([5, 70000, 70001, 1048575], 1 << 20, "0400015116a00003e88d28"),
}


@pytest.mark.parametrize(("positions", "size", "written"), VECTORS.values(), ids=VECTORS.keys())
def test_vectors(positions: list[int], size: int, written: str) -> None:
    assert encode_positions(positions, size).hex() == written
    assert by_the_book(bytes.fromhex(written), size) == positions
    assert decode_positions(bytes.fromhex(written), size) == positions


@given(places())
def test_law_as_written_in_the_book(drawn: tuple[list[int], int]) -> None:
    positions, size = drawn
    assert by_the_book(encode_positions(positions, size), size) == positions
