"""Opening a compressed list without being blown up by it."""

from __future__ import annotations

import zlib
from typing import Final

from trustid.errors import LimitExceededError, StatusUnknownError

__all__ = ["GZIP", "MAX_LIST_BYTES", "ZLIB", "inflated"]

MAX_LIST_BYTES: Final = 64 * 1024 * 1024
"""The most a list may take uncompressed: 536,870,912 entries of one bit."""

INFLATE_BYTES: Final = 1024 * 1024
"""How much is inflated at a time."""

ZLIB: Final = zlib.MAX_WBITS
"""RFC 1950, as Token Status Lists have it."""
GZIP: Final = zlib.MAX_WBITS | 16
"""RFC 1952, as Bitstring Status Lists have it. (Adding 16 is how zlib spells it.)"""

_NAMES: Final = {ZLIB: "ZLIB", GZIP: "GZIP"}


def inflated(data: bytes, container: int) -> bytearray:
    """One whole stream, piece by piece: a bomb is noticed while it is small.

    Args:
        data: A stream and nothing behind it; a second member of a GZIP file
            counts as something behind it.
        container: `ZLIB` or `GZIP`.

    Raises:
        StatusUnknownError: `status_malformed`: not such a stream, cut short,
            or bytes behind the end.
        LimitExceededError: `limit_exceeded`: larger than `MAX_LIST_BYTES`.

    Cost:
        At most `MAX_LIST_BYTES` are ever held, in one piece.
    """
    name = _NAMES[container]
    inflater = zlib.decompressobj(container)
    content = bytearray()
    rest = data
    while True:
        try:
            piece = inflater.decompress(rest, INFLATE_BYTES)
        except zlib.error as err:
            raise StatusUnknownError("status_malformed", f"expected a {name} stream") from err
        if len(content) + len(piece) > MAX_LIST_BYTES:
            raise LimitExceededError(
                "limit_exceeded", f"expected at most {MAX_LIST_BYTES} bytes uncompressed"
            )
        content += piece
        rest = inflater.unconsumed_tail
        if inflater.eof:
            break
        if not piece and not rest:
            raise StatusUnknownError("status_malformed", f"expected a {name} stream that is not cut short")
    if inflater.unused_data:
        raise StatusUnknownError("status_malformed", f"expected nothing behind the {name} stream")
    return content
