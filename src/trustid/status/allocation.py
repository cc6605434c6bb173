"""In which order the entries of a status list are given out.

An index is a serial number: given out in order it tells when a credential was
issued and who stood next in the queue. So the n-th credential takes place
P(n), where P is a keyed permutation of the whole list: every place exactly
once, no table to store, and an order that nobody without the key can tell
from a random one. Nothing is drawn and tried again, however full the list is.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import isqrt

__all__ = ["KEY_BYTES", "MAX_SIZE", "IndexPermutation"]

KEY_BYTES = 32
MAX_SIZE = 1 << 40

ROUNDS = 10
"""Feistel rounds. Four make a permutation pseudorandom for large halves (Luby
and Rackoff); for halves of a few bits more are needed, and NIST SP 800-38G
settles on ten for its small domains."""


TABLE_BASE_MAX = 1 << 12
"""Up to this many values of half a number, the rounds are tabled for work in bulk (sizes to 2**24)."""


class IndexPermutation:
    """A secret permutation of the numbers from 0 to size - 1.

    A Feistel network over the two digits of a number in base ceil(sqrt(size)),
    with keyed BLAKE2b as round function. It permutes slightly more numbers
    than asked for; a result outside is permuted again until it falls inside
    (cycle walking), which keeps it a permutation.

    Args:
        key: 32 bytes, secret, one for each list.
        size: Number of entries, 1 to 2**40.

    Cost:
        Ten hashes for each walk; fewer than two walks on average from a size
        of 100 entries on. In bulk (`indexes`) about a microsecond each.

    Reference:
        Black and Rogaway, "Ciphers with Arbitrary Finite Domains" (2002),
        generalized Feistel and cycle walking. The privacy considerations of
        the Token Status List draft ask for indexes that are not sequential.

    Example:
        >>> order = IndexPermutation(bytes(32), 5)
        >>> sorted(order.index(counter) for counter in range(5))
        [0, 1, 2, 3, 4]
    """

    __slots__ = ("_base", "_key", "_tables", "size")

    def __init__(self, key: bytes, size: int) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"expected a key of {KEY_BYTES} bytes, found {len(key)}")
        if not 1 <= size <= MAX_SIZE:
            raise ValueError(f"expected a size of 1 to {MAX_SIZE}")
        self.size = size
        self._key = key
        self._base = isqrt(size - 1) + 1  # ceil(sqrt(size)), so that base * base >= size
        self._tables: list[list[int]] = []

    def __repr__(self) -> str:
        return f"IndexPermutation(size={self.size})"

    def index(self, counter: int) -> int:
        """The place that the credential with this number takes.

        Args:
            counter: From 0; each number is used once by the caller.

        Returns:
            An index, for each counter another one.

        Raises:
            ValueError: The list has no more places.
        """
        if not 0 <= counter < self.size:
            raise ValueError(f"expected a counter below {self.size}")
        place = self._permute(counter)
        while place >= self.size:
            place = self._permute(place)
        return place

    def indexes(self, counters: Iterable[int]) -> list[int]:
        """The places that several credentials take, each the same as from `index`.

        Cost:
            For a size of 2**20 some 10 ms once, for a table of every round's
            values, then about a microsecond each. Above 2**24 as `index`.

        Raises:
            ValueError: The list has no such place.
        """
        if self._base > TABLE_BASE_MAX:
            return [self.index(counter) for counter in counters]
        if not self._tables:
            self._tables = [[self._round(step, half) for half in range(self._base)] for step in range(ROUNDS)]
        size, permute = self.size, self._permute_by_tables
        places = []
        for counter in counters:
            if not 0 <= counter < size:
                raise ValueError(f"expected a counter below {size}")
            place = permute(counter)
            while place >= size:
                place = permute(place)
            places.append(place)
        return places

    def counter(self, index: int) -> int:
        """The number of the credential that takes a place: `index` the other way round.

        Raises:
            ValueError: The list has no such place.
        """
        if not 0 <= index < self.size:
            raise ValueError(f"expected an index below {self.size}")
        number = self._permute_back(index)
        while number >= self.size:
            number = self._permute_back(number)
        return number

    def _permute_back(self, place: int) -> int:
        base = self._base
        left, right = divmod(place, base)
        for step in reversed(range(ROUNDS)):
            left, right = (right - self._round(step, left)) % base, left
        return left * base + right

    def _permute_by_tables(self, number: int) -> int:
        base = self._base
        left, right = divmod(number, base)
        for table in self._tables:
            left, right = right, (left + table[right]) % base
        return left * base + right

    def _permute(self, number: int) -> int:
        base = self._base
        left, right = divmod(number, base)
        for step in range(ROUNDS):
            left, right = right, (left + self._round(step, right)) % base
        return left * base + right

    def _round(self, step: int, half: int) -> int:
        # 128 bits reduced modulo at most 2**20: the bias is below 2**-107.
        message = step.to_bytes(1, "big") + half.to_bytes(8, "big") + self.size.to_bytes(8, "big")
        digest = blake2b(message, key=self._key, digest_size=16).digest()
        return int.from_bytes(digest, "big") % self._base
