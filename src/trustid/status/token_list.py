"""Token Status Lists: one small number for each credential, many thousand in one signed token.

draft-ietf-oauth-status-list-21. The list is a byte array in which entry
number i takes `bits` bits, least significant bits first, compressed with
ZLIB; the token around it (`trustid.status.list_token`) is signed by the issuer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from trustid.encoding import JsonObject, b64url_decode, b64url_encode
from trustid.errors import MalformedError, StatusUnknownError
from trustid.status.deflating import deflated
from trustid.status.inflating import MAX_LIST_BYTES, ZLIB, inflated

__all__ = ["BITS", "INVALID", "MAX_LIST_BYTES", "SUSPENDED", "VALID", "TokenStatusList"]

BITS = (1, 2, 4, 8)
"""The widths of an entry that the specification allows (section 4.1)."""

VALID, INVALID, SUSPENDED = 0x00, 0x01, 0x02
"""Status types with a registered meaning (section 7.1)."""


class TokenStatusList:
    """The statuses of many credentials.

    Args:
        bits: Width of an entry: 1, 2, 4 or 8.
        size: Number of entries; rounded up to whole bytes, all valid.

    Raises:
        ValueError: The width is another one, or the size is out of range.

    Reference:
        draft-ietf-oauth-status-list-21, section 4.1.

    Example:
        >>> statuses = TokenStatusList(bits=1, size=16)
        >>> statuses.set(3, INVALID)
        >>> TokenStatusList.from_claim(statuses.to_claim()).get(3)
        1
    """

    __slots__ = ("_bytes", "_mask", "_per_byte", "bits")

    def __init__(self, bits: int, size: int) -> None:
        if bits not in BITS:
            raise ValueError(f"expected 1, 2, 4 or 8 bits, found {bits}")
        length = -(-size * bits // 8)
        if not 0 < length <= MAX_LIST_BYTES:
            raise ValueError(f"expected a list of 1 to {MAX_LIST_BYTES} bytes, found {length}")
        self._adopt(bits, bytearray(length))

    def _adopt(self, bits: int, content: bytearray) -> None:
        self.bits = bits
        self._bytes = content
        self._per_byte = 8 // bits
        self._mask = (1 << bits) - 1

    @classmethod
    def from_bytes(cls, content: bytes, *, bits: int) -> TokenStatusList:
        """Take over an uncompressed list, for example one kept in a store.

        Raises:
            StatusUnknownError: `status_malformed`: a width that does not
                exist, or no or too many bytes.
        """
        cls._check(bits, len(content))
        statuses = cls.__new__(cls)
        statuses._adopt(bits, bytearray(content))
        return statuses

    @staticmethod
    def _check(bits: int, length: int) -> None:
        if type(bits) is not int or bits not in BITS:
            raise StatusUnknownError("status_malformed", "expected 1, 2, 4 or 8 bits")
        if not 0 < length <= MAX_LIST_BYTES:
            raise StatusUnknownError("status_malformed", f"expected 1 to {MAX_LIST_BYTES} bytes")

    def to_bytes(self) -> bytes:
        """The uncompressed list."""
        return bytes(self._bytes)

    @property
    def byte_length(self) -> int:
        """Bytes that the list takes uncompressed."""
        return len(self._bytes)

    def __len__(self) -> int:
        """Number of entries, those that round up to a whole byte included."""
        return len(self._bytes) * self._per_byte

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TokenStatusList):
            return NotImplemented
        return self.bits == other.bits and self._bytes == other._bytes

    __hash__ = None  # type: ignore[assignment]  # a list changes

    def get(self, index: int) -> int:
        """The status at an index.

        Args:
            index: From 0; any int, since it may come from outside.

        Returns:
            0 to 2**bits - 1.

        Raises:
            StatusUnknownError: `status_range`: the list has no such entry.
        """
        position, shift = self._place(index)
        return (self._bytes[position] >> shift) & self._mask

    def set(self, index: int, status: int) -> None:
        """Change the status at an index.

        Raises:
            StatusUnknownError: `status_range`.
            ValueError: The status does not fit into the width.
        """
        position, shift = self._place(index)
        if not 0 <= status <= self._mask:
            raise ValueError(f"expected a status of {self.bits} bits")
        self._bytes[position] = self._bytes[position] & ~(self._mask << shift) | status << shift

    def set_many(self, indexes: Iterable[int], status: int) -> None:
        """Give several entries one status; nothing is changed if an index does not fit.

        Args:
            indexes: From 0.
            status: 0 to 2**bits - 1.

        Raises:
            StatusUnknownError: `status_range`.
            ValueError: The status does not fit into the width.
        """
        if not 0 <= status <= self._mask:
            raise ValueError(f"expected a status of {self.bits} bits")
        changed = bytearray(self._bytes)
        for index in indexes:
            position, shift = self._place(index)
            changed[position] = changed[position] & ~(self._mask << shift) | status << shift
        self._bytes = changed

    def set_entries(self) -> Iterator[tuple[int, int]]:
        """Index and status of every entry that is not valid, in order.

        Cost:
            A search over the bytes at C speed, then one step for each byte
            that is not zero.
        """
        for position, byte in _nonzero(self._bytes):
            for slot in range(self._per_byte):
                status = (byte >> slot * self.bits) & self._mask
                if status:
                    yield position * self._per_byte + slot, status

    def _place(self, index: int) -> tuple[int, int]:
        if type(index) is not int or not 0 <= index < len(self):
            raise StatusUnknownError("status_range", f"expected an index below {len(self)}")
        position, slot = divmod(index, self._per_byte)
        return position, slot * self.bits

    def compress(self) -> bytes:
        """The list in ZLIB format (section 4.1)."""
        return deflated(self._bytes, ZLIB)

    @classmethod
    def decompress(cls, data: bytes, *, bits: int) -> TokenStatusList:
        """Read a compressed list.

        Args:
            data: A whole ZLIB stream and nothing behind it.
            bits: The width of an entry.

        Raises:
            StatusUnknownError: `status_malformed`: not ZLIB, cut short, or
                bytes behind the end.
            LimitExceededError: `limit_exceeded`: larger than `MAX_LIST_BYTES`.

        Cost:
            At most `MAX_LIST_BYTES` are ever held, in one piece.
        """
        content = inflated(data, ZLIB)
        cls._check(bits, len(content))
        statuses = cls.__new__(cls)
        statuses._adopt(bits, content)
        return statuses

    def to_claim(self) -> JsonObject:
        """The list as the JSON object `status_list` (section 4.2)."""
        return {"bits": self.bits, "lst": b64url_encode(self.compress())}

    @classmethod
    def from_claim(cls, claim: Any) -> TokenStatusList:
        """Read the JSON object `status_list`; unknown members are ignored.

        Raises:
            StatusUnknownError: `status_malformed`.

        Reference:
            draft-ietf-oauth-status-list-21, section 4.2.
        """
        if not isinstance(claim, dict) or not isinstance(claim.get("lst"), str):
            raise StatusUnknownError("status_malformed", "expected an object with bits and lst")
        try:
            data = b64url_decode(claim["lst"])
        except MalformedError as err:
            raise StatusUnknownError("status_malformed", "expected lst in base64url") from err
        return cls._from_member(data, claim.get("bits"))

    def to_cbor_claim(self) -> dict[str, int | bytes]:
        """The list as the CBOR map `StatusList` (section 4.3)."""
        return {"bits": self.bits, "lst": self.compress()}

    @classmethod
    def from_cbor_claim(cls, claim: Any) -> TokenStatusList:
        """Read the CBOR map `StatusList`.

        Raises:
            StatusUnknownError: `status_malformed`.

        Reference:
            draft-ietf-oauth-status-list-21, section 4.3.
        """
        if not isinstance(claim, dict) or not isinstance(claim.get("lst"), bytes):
            raise StatusUnknownError("status_malformed", "expected a map with bits and lst")
        return cls._from_member(claim["lst"], claim.get("bits"))

    @classmethod
    def _from_member(cls, data: bytes, bits: Any) -> TokenStatusList:
        # Judged before inflating: a bad width must not cost anything.
        if type(bits) is not int or bits not in BITS:
            raise StatusUnknownError("status_malformed", "expected 1, 2, 4 or 8 bits")
        return cls.decompress(data, bits=bits)


_BLOCK = 4096


def _nonzero(content: bytearray) -> Iterator[tuple[int, int]]:
    """Position and value of each byte that is not zero; blocks of zeros are skipped whole."""
    zeros = bytes(_BLOCK)
    for start in range(0, len(content), _BLOCK):
        block = content[start : start + _BLOCK]
        if block != zeros[: len(block)]:
            yield from ((start + offset, byte) for offset, byte in enumerate(block) if byte)
