"""JSON as strict as I-JSON (RFC 7493) asks: one text, one meaning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from trustid import _core
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


def json_encoder(*, sort_keys: bool) -> Callable[[Any], str]:
    """What `json.JSONEncoder` does for compact JSON, with its set-up done once instead of at each call.

    Circles are found by the depth of the interpreter's stack, as `RecursionError`.
    """
    options = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=sort_keys, separators=(",", ":")
    )
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return options.encode
    encode = make(
        None, options.default, json.encoder.encode_basestring, None, ":", ",", sort_keys, False, False
    )
    return lambda value: "".join(encode(value, 0))


_encode: Final = json_encoder(sort_keys=False)


def parse_json(data: bytes | str, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_JSON_DEPTH) -> Any:
    """Read one JSON text as strictly as I-JSON asks.

    Refused are: repeated member names, NaN and Infinity, numbers beyond a
    double, bytes that are not UTF-8, a byte order mark, lone surrogates, and
    NUL in a member name, and integers of more than 308 digits. All of it is
    checked before anything is built.

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
        raw = data.encode("utf-8") if isinstance(data, str) else data
    except UnicodeEncodeError as err:
        raise MalformedError("malformed", "expected text without lone surrogates") from err
    return _core.read_json(raw, max_depth)


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
        return _encode(value).encode("utf-8")
    except RecursionError as err:
        raise LimitExceededError("limit_exceeded", "expected JSON of a moderate depth") from err
    except ValueError as err:
        raise MalformedError("malformed", "expected values that JSON can hold") from err
