"""Bytes to text and back, strictly: base64, base58, multibase, JSON, JCS, CBOR.

Every reader here accepts exactly one spelling of a value wherever its
specification has one, and refuses the rest, since two programs that read one
text differently are how signatures get bypassed.

References:
    RFC 4648 (base64), RFC 8259 and RFC 7493 (JSON, I-JSON), RFC 8785 (JCS),
    RFC 8949 (CBOR), draft-multiformats-multibase.
"""

from __future__ import annotations

import hashlib

from trustid.encoding.base import (
    MAX_BASE58,
    b64_decode,
    b64_encode,
    b64url_decode,
    b64url_encode,
    base58_decode,
    base58_encode,
    multibase_decode,
    multibase_encode,
)
from trustid.encoding.canonical import MAX_SAFE_INTEGER, canonicalize, canonicalize_parsed
from trustid.encoding.cbor import MAX_CBOR_BYTES, MAX_CBOR_DEPTH, CborTag, cbor_decode, cbor_encode
from trustid.encoding.json_text import (
    MAX_JSON_BYTES,
    MAX_JSON_DEPTH,
    JsonObject,
    dump_json,
    parse_json,
    parse_json_object,
)

__all__ = [
    "MAX_BASE58",
    "MAX_CBOR_BYTES",
    "MAX_CBOR_DEPTH",
    "MAX_JSON_BYTES",
    "MAX_JSON_DEPTH",
    "MAX_SAFE_INTEGER",
    "CborTag",
    "JsonObject",
    "b64_decode",
    "b64_encode",
    "b64url_decode",
    "b64url_encode",
    "base58_decode",
    "base58_encode",
    "canonicalize",
    "canonicalize_parsed",
    "cbor_decode",
    "cbor_encode",
    "dump_json",
    "multibase_decode",
    "multibase_encode",
    "parse_json",
    "parse_json_object",
    "sha256",
]


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 digest of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()
