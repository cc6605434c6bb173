"""JSON as strict as I-JSON (RFC 7493) asks: one text, one meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from trustid.errors import LimitExceededError, MalformedError

__all__ = [
    "MAX_JSON_BYTES",
    "MAX_JSON_DEPTH",
    "JsonObject",
    "dump_json",
    "parse_json",
    "parse_json_object",
]

JsonObject = dict[str, Any]

MAX_JSON_BYTES: Final = 1 << 20
MAX_JSON_DEPTH: Final = 64

_STRINGS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS: Final = re.compile(r"[\[\]{}]")
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def _unique_members(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedError("duplicate_key", "expected unique member names in a JSON object")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise MalformedError("malformed", "expected a number within the range of a double")
    return number


def _no_constant(_text: str) -> float:
    raise MalformedError("malformed", "expected a JSON number, found NaN or Infinity")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique_members, parse_float=_finite, parse_constant=_no_constant
)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def parse_json(data: bytes | str, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_JSON_DEPTH) -> Any:
    """Read one JSON text as strictly as I-JSON asks.

    Refused are: repeated member names, NaN and Infinity, numbers beyond a
    double, bytes that are not UTF-8, a byte order mark, lone surrogates, and
    NUL in a member name. The size is checked before anything is read, the
    depth before anything is built.

    Args:
        data: The text, as UTF-8 bytes or as a string.
        max_bytes: Largest size accepted.
        max_depth: Deepest nesting of arrays and objects accepted.

    Raises:
        MalformedError: `duplicate_key` or `malformed`.
        LimitExceededError: `limit_exceeded`, too large or too deep.

    Cost:
        Linear in the size.

    Reference:
        RFC 8259; RFC 7493, section 2.

    Example:
        >>> parse_json(b'{"alg":"ES256","alg":"none"}')
        Traceback (most recent call last):
        trustid.errors.MalformedError: duplicate_key: expected unique member names in a JSON object
    """
    if len(data) > max_bytes:
        raise LimitExceededError("limit_exceeded", f"expected at most {max_bytes} bytes of JSON, found more")
    try:
        text = data if isinstance(data, str) else str(data, "utf-8")
        _check_json_depth(text, max_depth)
        value = _decode(text)
        # Escapes can spell what UTF-8 cannot, and a string that never was bytes can hold it;
        # only then is it worth looking at every string.
        if ("\\" in text and _SURROGATE_ESCAPE.search(text)) or (text is data and not text.isascii()):
            _ENCODER.encode(value).encode("utf-8")
    except RecursionError as err:
        raise LimitExceededError("limit_exceeded", f"expected JSON at most {max_depth} deep") from err
    except MalformedError:
        raise
    except ValueError as err:
        raise MalformedError("malformed", "expected one JSON text in UTF-8") from err
    if "\\u0000" in text and any("\0" in name for name in _member_names(value)):
        raise MalformedError("malformed", "expected member names without NUL")
    return value


def parse_json_object(
    data: bytes | str, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_JSON_DEPTH
) -> JsonObject:
    """Read one JSON text that must be an object; otherwise as `parse_json`."""
    value = parse_json(data, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise MalformedError("malformed", "expected a JSON object")
    return value


def dump_json(value: Any) -> bytes:
    """Write compact UTF-8 JSON, members in their given order.

    Raises:
        MalformedError: `value` holds NaN, Infinity or a lone surrogate.
        LimitExceededError: `value` is nested too deeply to be written.
    """
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except RecursionError as err:
        raise LimitExceededError("limit_exceeded", "expected JSON of a moderate depth") from err
    except ValueError as err:
        raise MalformedError("malformed", "expected values that JSON can hold") from err


def _decode(text: str) -> Any:
    # A text without white space around it, the common case, spares two searches for some.
    try:
        value, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError:
        return _DECODER.decode(text)
    return value if end == len(text) else _DECODER.decode(text)


def _check_json_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > max_depth:
            raise LimitExceededError("limit_exceeded", f"expected JSON at most {max_depth} deep")


def _member_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _member_names(item)
