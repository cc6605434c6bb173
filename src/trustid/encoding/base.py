"""Bytes as text: base64url, base64, base58btc and multibase, in canonical form only.

Every reader accepts exactly one spelling of each value. Slack here (padding,
spare bits, line breaks) would let one signed token have many spellings.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from trustid import _core
from trustid.errors import MalformedError, UnsupportedError

__all__ = [
    "MAX_BASE58",
    "b64_decode",
    "b64_encode",
    "b64url_decode",
    "b64url_encode",
    "base58_decode",
    "base58_encode",
    "multibase_decode",
    "multibase_encode",
]

# Reading base58 costs the square of its length; keys and proofs need about 130 characters.
MAX_BASE58: Final = 1024


def b64url_encode(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515, section 2)."""
    return _core.encode_base64url(data)


def b64url_decode(text: str | bytes) -> bytes:
    """Decode base64url in its one canonical form.

    Args:
        text: Base64url characters only: no padding, no white space, and zero
            spare bits in the last character.

    Raises:
        MalformedError: `malformed` for everything else.

    Reference:
        RFC 7515, section 2; RFC 4648, sections 3.2, 3.3 and 3.5.
    """
    return _core.decode_base64url(_ascii(text))


def b64_encode(data: bytes) -> str:
    """Encode as base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def b64_decode(text: str) -> bytes:
    """Decode base64 with padding in its one canonical form, as x5c uses it.

    Raises:
        MalformedError: `malformed` for missing padding, foreign characters,
            line breaks or non-zero spare bits.

    Reference:
        RFC 4648, section 4.
    """
    raw = _ascii(text)
    try:
        data = binascii.a2b_base64(raw, strict_mode=True)
    except binascii.Error as err:
        raise MalformedError("malformed", "expected base64 with padding") from err
    if base64.b64encode(data) != raw:
        raise MalformedError("malformed", "expected base64 in canonical form")
    return data


def _ascii(text: str | bytes) -> bytes:
    try:
        return text.encode("ascii") if isinstance(text, str) else bytes(text)
    except UnicodeEncodeError as err:
        raise MalformedError("malformed", "expected ASCII text") from err


# --- base58 and multibase ---------------------------------------------------


def base58_encode(data: bytes, *, max_characters: int = MAX_BASE58) -> str:
    """Encode with the Bitcoin alphabet (draft-msporny-base58-03).

    Raises:
        LimitExceededError: The text would exceed `max_characters`.

    Cost:
        Grows with the square of the length.
    """
    return _core.encode_base58(data, max_characters)


def base58_decode(text: str, *, max_characters: int = MAX_BASE58) -> bytes:
    """Decode the Bitcoin alphabet (draft-msporny-base58-03).

    Raises:
        MalformedError: `malformed` for a foreign character.
        LimitExceededError: More than `max_characters`.

    Cost:
        Grows with the square of the length.
    """
    return _core.decode_base58(_ascii(text), max_characters)


def _base16_decode(text: str) -> bytes:
    if re.fullmatch(r"(?:[0-9a-f]{2})*", text) is None:
        raise MalformedError("malformed", "expected lower-case hexadecimal pairs")
    return bytes.fromhex(text)


def _base32_encode(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()


def _base32_decode(text: str) -> bytes:
    try:
        data = base64.b32decode(_ascii(text.upper()) + b"=" * (-len(text) % 8))
    except binascii.Error as err:
        raise MalformedError("malformed", "expected lower-case base32") from err
    if _base32_encode(data) != text:
        raise MalformedError("malformed", "expected base32 in canonical form")
    return data


def _base64_encode(data: bytes) -> str:
    return b64_encode(data).rstrip("=")


def _base64_decode(text: str) -> bytes:
    if "=" in text:
        raise MalformedError("malformed", "expected base64 without padding")
    return b64_decode(text + "=" * (-len(text) % 4))


_MULTIBASES: Final[dict[str, tuple[Callable[[bytes], str], Callable[[str], bytes]]]] = {
    "z": (base58_encode, base58_decode),
    "u": (b64url_encode, b64url_decode),
    "m": (_base64_encode, _base64_decode),
    "M": (b64_encode, b64_decode),
    "f": (bytes.hex, _base16_decode),
    "b": (_base32_encode, _base32_decode),
}


def multibase_encode(data: bytes, base: str = "z") -> str:
    """Encode with a leading character that names the base.

    Args:
        data: Any bytes.
        base: "z" (base58btc), "u" (base64url), "m" (base64), "M" (base64 with
            padding), "f" (base16) or "b" (base32).

    Raises:
        UnsupportedError: Another base.
    """
    if base not in _MULTIBASES:
        raise UnsupportedError("unsupported", "expected a multibase of z, u, m, M, f, b")
    return base + _MULTIBASES[base][0](data)


def multibase_decode(text: str) -> bytes:
    """Decode multibase text in its one canonical form.

    Raises:
        MalformedError: The text does not fit the base that it names.
        UnsupportedError: The base is none of z, u, m, M, f, b.

    Reference:
        draft-multiformats-multibase; W3C Controlled Identifiers 1.0, section 2.4.

    Example:
        >>> multibase_decode("z7paNL19xttacUY")
        b'yes mani !'
    """
    if not text:
        raise MalformedError("malformed", "expected multibase text, found nothing")
    if text[0] not in _MULTIBASES:
        raise UnsupportedError("unsupported", "expected a multibase of z, u, m, M, f, b")
    return _MULTIBASES[text[0]][1](text[1:])
