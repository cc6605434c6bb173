"""The JSON Canonicalization Scheme: one byte string for each JSON value (RFC 8785)."""

from __future__ import annotations

import math
import re
from json.encoder import encode_basestring
from typing import Any, Final

from trustid.encoding.json_text import MAX_JSON_DEPTH, json_encoder
from trustid.errors import LimitExceededError, MalformedError

__all__ = ["MAX_SAFE_INTEGER", "canonicalize", "canonicalize_parsed"]

# Beyond this a reader that holds numbers as doubles sees another value than was signed.
MAX_SAFE_INTEGER: Final = 2**53 - 1

_encode_sorted: Final = json_encoder(sort_keys=True)
# A number that stands where a value may; three patterns, for each begins with one letter to look for.
_NUMBERS: Final = tuple(
    re.compile(rf"{start}-?[0-9][0-9.eE+-]*(?:[,\]}}]|$)").search for start in (":", ",", r"\[")
)


def canonicalize(value: Any) -> bytes:
    """Write a JSON value in its one canonical form.

    Args:
        value: Dictionaries with string keys, lists or tuples, strings, finite
            numbers, booleans and None. Integers within the doubles' exact range.

    Returns:
        UTF-8 without white space, members sorted by UTF-16 code units, numbers
        as ECMAScript writes them.

    Raises:
        MalformedError: A value that I-JSON cannot hold: an integer beyond
            2^53 - 1, NaN, Infinity, a lone surrogate, a foreign type.
        LimitExceededError: Nested deeper than `MAX_JSON_DEPTH`.

    Reference:
        RFC 8785, section 3.2.

    Example:
        >>> canonicalize({"b": 1e21, "a": [True, -0.0, "\\u20ac"]}).decode()
        '{"a":[true,0,"\u20ac"],"b":1e+21}'
    """
    parts: list[str] = []
    _write(value, parts, MAX_JSON_DEPTH)
    try:
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as err:
        raise MalformedError("malformed", "expected text without lone surrogates") from err


def canonicalize_parsed(value: Any) -> bytes:
    """As `canonicalize`, at about four times the speed, for what `parse_json` gave.

    The standard library's encoder writes the same text as long as there is no
    number (it spells some doubles otherwise, and knows no largest integer) and
    nothing but ASCII (it sorts by code points). Where either may be, the text
    is written by `canonicalize` instead.

    Args:
        value: From `parse_json`; of another origin, names that are not strings
            would be made into strings.

    Raises:
        MalformedError, LimitExceededError: As `canonicalize`.
    """
    if not isinstance(value, dict):
        return canonicalize(value)
    text = _encode_sorted(value)
    after_colon, after_comma, after_bracket = _NUMBERS
    if text.isascii() and not (after_colon(text) or after_comma(text) or after_bracket(text)):
        return text.encode("ascii")
    return canonicalize(value)


def _write(value: Any, parts: list[str], depth: int) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif value is None:
        parts.append("null")
    elif isinstance(value, int):
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise MalformedError("malformed", "expected an integer within 2^53 - 1")
        parts.append(str(int(value)))
    elif isinstance(value, float):
        parts.append(_number(value))
    elif depth == 0:
        raise LimitExceededError("limit_exceeded", f"expected JSON at most {MAX_JSON_DEPTH} deep")
    elif isinstance(value, dict):
        _write_object(value, parts, depth - 1)
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            parts.append(separator)
            _write(item, parts, depth - 1)
            separator = ","
        parts.append("]" if value else "[]")
    else:
        raise MalformedError("malformed", f"expected a JSON value, found {type(value).__name__}")


def _write_object(value: dict[Any, Any], parts: list[str], depth: int) -> None:
    separator = "{"
    for name in _sorted_names(value):
        parts.append(separator)
        parts.append(encode_basestring(name))
        parts.append(":")
        _write(value[name], parts, depth)
        separator = ","
    parts.append("}" if value else "{}")


def _sorted_names(value: dict[Any, Any]) -> list[str]:
    if not all(isinstance(name, str) for name in value):
        raise MalformedError("malformed", "expected member names that are strings")
    if all(name.isascii() for name in value):
        return sorted(value)
    try:
        return sorted(value, key=lambda name: name.encode("utf-16-be"))
    except UnicodeEncodeError as err:
        raise MalformedError("malformed", "expected member names without lone surrogates") from err


def _number(value: float) -> str:
    """Write a double as ECMAScript's Number::toString does (RFC 8785, section 3.2.2.3)."""
    if not math.isfinite(value):
        raise MalformedError("malformed", "expected a finite number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    # repr gives the shortest digits that read back the same, which is what ECMAScript asks;
    # only the placing of the point and of the exponent differs.
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)  # n in ECMA-262
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"
