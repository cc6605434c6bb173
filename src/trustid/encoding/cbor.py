"""CBOR, read strictly and written deterministically (RFC 8949). The only door to cbor2.

Writing is cbor2's; reading is done here, since the tags that cbor2 understands
(dates, regular expressions, mail, shared references) are more than a credential
needs and have been a source of faults.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import cbor2

from trustid.errors import LimitExceededError, MalformedError, UnsupportedError

__all__ = ["MAX_CBOR_BYTES", "MAX_CBOR_DEPTH", "CborTag", "cbor_decode", "cbor_encode"]

CborTag = cbor2.CBORTag

MAX_CBOR_BYTES: Final = 1 << 20
MAX_CBOR_DEPTH: Final = 32

_BIGNUM_POSITIVE: Final = 2
_BIGNUM_NEGATIVE: Final = 3
# String references, shared values and their references: one item would mean another one's content.
_REFERENCE_TAGS: Final = frozenset({25, 28, 29, 256})
_CONSTANTS: Final = {20: False, 21: True, 22: None}
_FLOATS: Final = {25: struct.Struct(">e"), 26: struct.Struct(">f"), 27: struct.Struct(">d")}


def cbor_encode(value: Any) -> bytes:
    """Write one CBOR item: definite lengths, shortest forms, shorter map keys first.

    Raises:
        MalformedError: A value that CBOR cannot hold.

    Reference:
        RFC 8949, sections 4.2.1 and 4.2.3 (length-first order of map keys).
    """
    try:
        return cbor2.dumps(value, canonical=True)
    except (cbor2.CBOREncodeError, ValueError, TypeError, OverflowError) as err:
        raise MalformedError("malformed", "expected values that CBOR can hold") from err
    except RecursionError as err:
        raise LimitExceededError("limit_exceeded", "expected CBOR of a moderate depth") from err


def cbor_decode(data: bytes, *, max_bytes: int = MAX_CBOR_BYTES, max_depth: int = MAX_CBOR_DEPTH) -> Any:
    """Read exactly one CBOR item.

    Refused are: indefinite lengths, lengths and integers not in their shortest
    form, lengths beyond the data, repeated map keys, map keys other than
    integers, text and bytes, references to other items, and trailing bytes.
    A tag comes back as `CborTag`, but big integers as int.

    Args:
        data: The item.
        max_bytes: Largest size accepted.
        max_depth: Deepest nesting of arrays, maps and tags accepted.

    Raises:
        MalformedError: `malformed`.
        LimitExceededError: `limit_exceeded`, too large or too deep.
        UnsupportedError: `unsupported`, undefined and simple values.

    Reference:
        RFC 8949, sections 3, 4.1 and 5.3.

    Example:
        >>> cbor_decode(bytes.fromhex("a201020304"))
        {1: 2, 3: 4}
    """
    if len(data) > max_bytes:
        raise LimitExceededError("limit_exceeded", f"expected at most {max_bytes} bytes of CBOR, found more")
    reader = _Reader(data, max_depth)
    value = reader.item(max_depth)
    if reader.position != len(data):
        raise MalformedError("malformed", "expected one CBOR item, found bytes after it")
    return value


class _Reader:
    """A place in the data. Recursion is bounded by `max_depth`."""

    def __init__(self, data: bytes, max_depth: int) -> None:
        self._data = data
        self._max_depth = max_depth
        self.position = 0

    def item(self, depth: int) -> Any:
        initial = self._take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self._simple(info)
        argument = self._argument(info)
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(argument)
        if depth == 0:
            raise LimitExceededError("limit_exceeded", f"expected CBOR at most {self._max_depth} deep")
        if major == 6:
            return self._tag(argument, depth - 1)
        # Every element takes a byte at least, so a count beyond the data is a lie; found out
        # here, before anything is reserved for it.
        if argument * (major - 3) > len(self._data) - self.position:
            raise MalformedError("malformed", "expected as many CBOR items as announced")
        if major == 4:
            return [self.item(depth - 1) for _ in range(argument)]
        return self._map(argument, depth - 1)

    def _take(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self._data):
            raise MalformedError("malformed", "expected more CBOR bytes than there are")
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise MalformedError("malformed", "expected a definite CBOR length")
        argument = int.from_bytes(self._take(1 << (info - 24)), "big")
        smallest = 24 if info == 24 else 1 << (4 << (info - 24))
        if argument < smallest:
            raise MalformedError("malformed", "expected the shortest form of a CBOR integer")
        return argument

    def _text(self, length: int) -> str:
        try:
            return str(self._take(length), "utf-8")
        except UnicodeDecodeError as err:
            raise MalformedError("malformed", "expected UTF-8 in CBOR text") from err

    def _map(self, length: int, depth: int) -> dict[int | str | bytes, Any]:
        members: dict[int | str | bytes, Any] = {}
        for _ in range(length):
            key = self.item(depth)
            if isinstance(key, bool) or not isinstance(key, int | str | bytes):
                raise MalformedError("malformed", "expected integers, text or bytes as CBOR map keys")
            if key in members:
                raise MalformedError("malformed", "expected unique CBOR map keys")
            members[key] = self.item(depth)
        return members

    def _tag(self, number: int, depth: int) -> Any:
        if number in _REFERENCE_TAGS:
            raise MalformedError("malformed", "expected CBOR without references between items")
        content = self.item(depth)
        if number not in (_BIGNUM_POSITIVE, _BIGNUM_NEGATIVE):
            return CborTag(number, content)
        if not isinstance(content, bytes) or len(content) <= 8 or content[0] == 0:
            raise MalformedError("malformed", "expected the shortest form of a CBOR big integer")
        magnitude = int.from_bytes(content, "big")
        return magnitude if number == _BIGNUM_POSITIVE else -1 - magnitude

    def _simple(self, info: int) -> bool | float | None:
        if info in _CONSTANTS:
            return _CONSTANTS[info]
        if info in _FLOATS:
            layout = _FLOATS[info]
            number: float = layout.unpack(self._take(layout.size))[0]
            return number
        if info > 27 or (info == 24 and self._take(1)[0] < 32):
            raise MalformedError("malformed", "expected a well-formed CBOR simple value")
        raise UnsupportedError("unsupported", "expected no undefined and no unassigned CBOR simple value")
