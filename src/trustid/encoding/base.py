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

from trustid.errors import LimitExceededError, MalformedError, UnsupportedError

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

# A final group of two characters carries 8 bits in 12, one of three carries 16 in 18: the
# spare bits must be zero (RFC 4648, section 3.5), so only these characters may stand last.
_LAST_OF_TWO: Final = frozenset(b"AQgw")
_LAST_OF_THREE: Final = frozenset(b"AEIMQUYcgkosw048")
# One pass maps base64url to base64 and everything foreign to it ("+", "/", "=") to "!",
# which the strict decoder then refuses.
_URL_TO_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")


def b64url_encode(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


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
    raw = _ascii(text)
    tail = len(raw) & 3
    if (
        tail == 1
        or (tail == 2 and raw[-1] not in _LAST_OF_TWO)
        or (tail == 3 and raw[-1] not in _LAST_OF_THREE)
    ):
        raise MalformedError("malformed", "expected base64url in canonical form")
    try:
        return binascii.a2b_base64(raw.translate(_URL_TO_STANDARD) + b"==="[: -tail & 3], strict_mode=True)
    except binascii.Error as err:
        raise MalformedError("malformed", "expected base64url without padding") from err


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

_BASE58: Final = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_FOREIGN: Final = 0xFF
_BASE58_VALUES: Final = bytes(
    _BASE58.index(character) if character in _BASE58 else _BASE58_FOREIGN for character in range(256)
)
_BASE58_ENCODED: Final = _BASE58 + bytes(256 - len(_BASE58))
# Ten digits at a time fit in a machine word; only then is the number that grows touched.
_BASE58_STEP: Final = 10
_BASE58_POWER: Final = 58**_BASE58_STEP


def base58_encode(data: bytes, *, max_characters: int = MAX_BASE58) -> str:
    """Encode with the Bitcoin alphabet (draft-msporny-base58-03).

    Raises:
        LimitExceededError: The text would exceed `max_characters`.

    Cost:
        Grows with the square of the length.
    """
    zeros = len(data) - len(data.lstrip(b"\0"))
    if len(data) * 8 > max_characters * 6:
        raise LimitExceededError("limit_exceeded", f"expected fewer bytes for base58, found {len(data)}")
    number = int.from_bytes(data, "big")
    digits = bytearray()
    while number:
        number, step = divmod(number, _BASE58_POWER)
        for _ in range(_BASE58_STEP):
            step, digit = divmod(step, 58)
            digits.append(digit)
    digits.reverse()
    text = "1" * zeros + digits.lstrip(b"\0").translate(_BASE58_ENCODED).decode("ascii")
    if len(text) > max_characters:
        raise LimitExceededError("limit_exceeded", f"expected at most {max_characters} base58 characters")
    return text


def base58_decode(text: str, *, max_characters: int = MAX_BASE58) -> bytes:
    """Decode the Bitcoin alphabet (draft-msporny-base58-03).

    Raises:
        MalformedError: `malformed` for a foreign character.
        LimitExceededError: More than `max_characters`.

    Cost:
        Grows with the square of the length.
    """
    length = len(text)
    if length > max_characters:
        raise LimitExceededError("limit_exceeded", f"expected at most {max_characters} base58 characters")
    try:
        digits = text.encode("ascii").translate(_BASE58_VALUES)
    except UnicodeEncodeError as err:
        raise MalformedError("malformed", "expected base58btc characters") from err
    if _BASE58_FOREIGN in digits:
        raise MalformedError("malformed", "expected base58btc characters")
    first = length % _BASE58_STEP
    number = 0
    for place in range(first - _BASE58_STEP if first else 0, length, _BASE58_STEP):
        step = 0
        for digit in digits[max(place, 0) : place + _BASE58_STEP]:
            step = step * 58 + digit
        number = number * _BASE58_POWER + step
    zeros = length - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


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
