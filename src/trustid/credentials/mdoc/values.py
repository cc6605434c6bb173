"""The values of an mdoc: dates, keys, embedded CBOR.

Embedded CBOR (tag 24) is kept as the bytes that came: digests and signatures
are over these, never over what was read from them and written anew.

Reference:
    ISO/IEC 18013-5:2021, sections 7.2.1, 7.4, 9.1.2.4; RFC 8949, sections
    3.4.1 and 3.4.5.1; RFC 8943 (full-date); RFC 9052, section 7 (COSE_Key).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from trustid.encoding import CborTag, b64url_decode, b64url_encode, cbor_decode
from trustid.errors import MalformedError, UnsupportedError
from trustid.keys import PublicKey, public_key_from_jwk

__all__ = [
    "embed",
    "key_from_cose",
    "key_to_cose",
    "read_embedded",
    "read_map",
    "read_moment",
    "text_members",
    "to_cbor",
    "to_claim",
    "write_moment",
]

MAX_DEPTH: Final = 24

TAG_MOMENT: Final = 0
TAG_EMBEDDED: Final = 24
TAG_DATE: Final = 1004

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")

_KEY_TYPE, _CURVE, _X, _Y = 1, -1, -2, -3
_EC2, _OKP = 2, 1
_CURVES: Final = {(_EC2, 1): "P-256", (_EC2, 2): "P-384", (_OKP, 6): "Ed25519"}
_NUMBERS: Final = {name: number for number, name in _CURVES.items()}


def embed(data: bytes) -> CborTag:
    """CBOR as a byte string that says so: tag 24."""
    return CborTag(TAG_EMBEDDED, data)


def read_embedded(value: object, name: str) -> bytes:
    """The bytes in tag 24.

    Raises:
        MalformedError: malformed: the tag is missing, or holds no bytes.
    """
    if not isinstance(value, CborTag) or value.tag != TAG_EMBEDDED or not isinstance(value.value, bytes):
        raise MalformedError("malformed", f"expected {name} as embedded CBOR (tag 24)")
    return value.value


def text_members(value: object, name: str) -> dict[str, Any]:
    """A map whose keys are all text.

    Raises:
        MalformedError: malformed.
    """
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise MalformedError("malformed", f"expected {name} to be a map with text as keys")
    return value


def read_map(data: bytes, name: str) -> dict[str, Any]:
    """Decode a map whose keys are all text; as `text_members`."""
    return text_members(cbor_decode(data, max_depth=MAX_DEPTH), name)


def read_moment(value: object, name: str) -> datetime:
    """Read a tdate: whole seconds in UTC, with tag 0.

    Raises:
        MalformedError: malformed.

    Reference:
        ISO/IEC 18013-5:2021, section 9.1.2.4: no fraction, the time zone Z.
    """
    text = value.value if isinstance(value, CborTag) and value.tag == TAG_MOMENT else None
    if not isinstance(text, str) or not _MOMENT.match(text):
        raise MalformedError("malformed", f"expected {name} as tdate in UTC")
    try:
        return datetime.fromisoformat(text)
    except ValueError as err:
        raise MalformedError("malformed", f"expected {name} to be a time that exists") from err


def write_moment(moment: datetime) -> CborTag:
    """A tdate; fractions of a second are left out."""
    return CborTag(TAG_MOMENT, moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def to_cbor(value: Any) -> Any:
    """A value as an issuer states it: dates become full-date, times tdate."""
    if isinstance(value, datetime):
        return write_moment(value)
    if isinstance(value, date):
        return CborTag(TAG_DATE, value.isoformat())
    if isinstance(value, Mapping):
        return {name: to_cbor(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_cbor(inner) for inner in value]
    return value


def to_claim(value: Any) -> Any:
    """A value as JSON can hold it: dates and times as text, bytes in base64url.

    Raises:
        UnsupportedError: unsupported: a tag or a key that has no meaning here.
    """
    if isinstance(value, bytes):
        return b64url_encode(value)
    if isinstance(value, CborTag):
        if value.tag not in (TAG_MOMENT, TAG_DATE) or not isinstance(value.value, str):
            raise UnsupportedError("unsupported", "expected dates and times as the only tagged values")
        return value.value
    if isinstance(value, dict):
        return {name: to_claim(inner) for name, inner in text_members(value, "a value").items()}
    if isinstance(value, list):
        return [to_claim(inner) for inner in value]
    return value


def key_to_cose(key: PublicKey) -> dict[int, Any]:
    """A public key as COSE_Key."""
    jwk = key.to_jwk()
    point = key.to_bytes()
    kind, curve = _NUMBERS[jwk["crv"]]
    if kind == _OKP:
        return {_KEY_TYPE: kind, _CURVE: curve, _X: point}
    # The compressed form is allowed, and few wallets read it: both coordinates are written.
    return {_KEY_TYPE: kind, _CURVE: curve, _X: b64url_decode(jwk["x"]), _Y: b64url_decode(jwk["y"])}


def key_from_cose(value: object) -> PublicKey:
    """Read a COSE_Key that is for verifying signatures.

    Raises:
        MalformedError: key_invalid; also for a secret key.
        UnsupportedError: unsupported: another curve, or a compressed point.

    Reference:
        RFC 9053, sections 7.1 and 7.2.
    """
    if not isinstance(value, dict):
        raise MalformedError("key_invalid", "expected a COSE_Key")
    kind, curve = value.get(_KEY_TYPE), value.get(_CURVE)
    if type(kind) is not int or type(curve) is not int or (kind, curve) not in _CURVES:
        raise UnsupportedError("unsupported", "expected a COSE_Key on P-256, P-384 or Ed25519")
    if -4 in value:
        raise MalformedError("key_invalid", "expected a public key")
    jwk: dict[str, Any] = {"kty": "EC" if kind == _EC2 else "OKP", "crv": _CURVES[kind, curve]}
    names = {_X: "x", _Y: "y"} if kind == _EC2 else {_X: "x"}
    for number, name in names.items():
        member = value.get(number)
        if number == _Y and isinstance(member, bool):
            raise UnsupportedError("unsupported", "expected both coordinates of the point")
        if not isinstance(member, bytes):
            raise MalformedError("key_invalid", "expected the coordinates as bytes")
        jwk[name] = b64url_encode(member)
    return public_key_from_jwk(jwk)
