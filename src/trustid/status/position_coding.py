"""Writing down which few of many places changed, in hardly more than it takes.

The gaps between random places are geometrically distributed, and Golomb's code
is the best prefix code for those (Gallager and Van Voorhis, 1975): within one
percent of the entropy for a share of changes between 1 in 10,000 and 1 in 10.

    count        LEB128: 7 bits a byte, lowest first, no needless byte
    gaps         count of them, each: quotient by m in ones and a zero, then the
                 remainder in truncated binary; highest bit of a byte first
    padding      zeros to the next byte

A gap is the number of places between this one and the one before. m follows
from count and size: floor(693147 * size / (1000000 * count)), at least 1, which
is ln 2 times the mean distance.
"""

from __future__ import annotations

from collections.abc import Sequence

from trustid.errors import LimitExceededError, MalformedError

__all__ = ["MAX_POSITIONS", "decode_positions", "encode_positions"]

MAX_POSITIONS = 1 << 20
"""How many places are read: about a second of work, and every place of a list of a million."""

COUNT_BYTES = 5
"""No list has more than 2**35 places."""


def encode_positions(positions: Sequence[int], size: int) -> bytes:
    """Write down places.

    Args:
        positions: Ascending, each once, from 0 to size - 1.
        size: How many places there are.

    Cost:
        Half a microsecond for each place.
    """
    count = len(positions)
    divisor, width, short = _parameters(count, size)
    pieces: list[str] = []
    after = 0
    for position in positions:
        quotient, remainder = divmod(position - after, divisor)
        after = position + 1
        # Truncated binary: the first `short` remainders save a bit.
        value, digits = (remainder, width - 1) if remainder < short else (remainder + short, width)
        pieces.append(f"{'1' * quotient}0{value:0{digits}b}" if digits else f"{'1' * quotient}0")
    bits = "".join(pieces)
    length = -(-len(bits) // 8)
    return _leb128(count) + int(bits.ljust(8 * length, "0") or "0", 2).to_bytes(length, "big")


def decode_positions(data: bytes, size: int) -> list[int]:
    """Read places.

    Args:
        data: What `encode_positions` gave, and nothing behind it.
        size: How many places there are.

    Raises:
        MalformedError: `malformed`: anything else than the one way of writing
            places that exist.
        LimitExceededError: `limit_exceeded`: more than `MAX_POSITIONS`.

    Cost:
        A microsecond for each place.
    """
    count, start = _read_leb128(data)
    body = data[start:]
    if count > 8 * len(body) or count > size:
        raise MalformedError("malformed", "expected as many places as there are bits")
    if count > MAX_POSITIONS:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_POSITIONS} places")
    divisor, width, short = _parameters(count, size)
    bits = f"{int.from_bytes(body, 'big'):0{8 * len(body)}b}" if body else ""
    positions: list[int] = []
    at = after = 0
    for _ in range(count):
        zero = bits.find("0", at)
        end = zero + 1 + max(width - 1, 0)
        if zero < 0 or end > len(bits):
            raise MalformedError("malformed", "expected more places")
        remainder = int(bits[zero + 1 : end] or "0", 2)
        if remainder >= short and width:
            if end == len(bits):
                raise MalformedError("malformed", "expected more places")
            remainder = 2 * remainder + (bits[end] == "1") - short
            end += 1
        position = after + (zero - at) * divisor + remainder
        if position >= size:
            raise MalformedError("malformed", f"expected places below {size}")
        positions.append(position)
        at, after = end, position + 1
    if len(bits) - at >= 8 or "1" in bits[at:]:
        raise MalformedError("malformed", "expected nothing behind the last place")
    return positions


def _parameters(count: int, size: int) -> tuple[int, int, int]:
    """Golomb's divisor, the bits of its longest remainder, and how many remainders take one less."""
    divisor = max(1, 693_147 * size // (1_000_000 * count)) if count else 1
    width = (divisor - 1).bit_length()
    return divisor, width, (1 << width) - divisor


def _leb128(number: int) -> bytes:
    groups = []
    while number >= 0x80:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def _read_leb128(data: bytes) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(data[:COUNT_BYTES]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if byte == 0 and place:
                break
            return number, place + 1
    raise MalformedError("malformed", "expected the number of places")
