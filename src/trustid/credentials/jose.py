"""Signed tokens: compact JWS, straight over the keys (RFC 7515, RFC 8725).

Reading and verifying are two steps, and neither trusts the token about how it
wants to be verified: `parse` refuses every header that asks for something not
understood, before the payload is even decoded; `verify` takes the algorithms,
the type and the key from the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from trustid.encoding import (
    MAX_SAFE_INTEGER,
    JsonObject,
    b64url_decode,
    b64url_encode,
    dump_json,
    parse_json_object,
)
from trustid.errors import LimitExceededError, MalformedError, SignatureError, UnsupportedError
from trustid.keys.signing import PublicKey, SigningKey

__all__ = [
    "DEFAULT_ALGORITHMS",
    "MAX_HEADER_BYTES",
    "MAX_TOKEN_BYTES",
    "Jws",
    "numeric_date",
    "parse",
    "parse_json_serialization",
    "sign",
    "verify",
]

DEFAULT_ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519")

MAX_TOKEN_BYTES: Final = 1 << 20
# Room for a chain of five certificates in base64, the largest honest header.
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_HEADER_DEPTH: Final = 8
KEPT_HEADERS: Final = 256
# A quarter of a megabyte is kept at most, together with the number above.
KEPT_HEADER_CHARS: Final = 1024
MAX_SIGNATURE_BYTES: Final = 1024

# The names that one key may go by (RFC 9864 gives EdDSA on Ed25519 a second one).
_NAMES: Final = {"EdDSA": "EdDSA", "Ed25519": "EdDSA"}
# A verifier that follows these fetches what an attacker names (SSRF).
_FETCHING_MEMBERS: Final = ("jku", "x5u")


@dataclass(frozen=True, slots=True)
class Jws:
    """A signed token that was read and not yet verified.

    Attributes:
        header: The protected header.
        payload: The signed bytes.
        signature: The signature, raw.
        signing_input: What the signature is over: the first two segments.
    """

    header: JsonObject
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)

    @property
    def algorithm(self) -> str:
        """The header's `alg`, which only `verify` may believe."""
        name: str = self.header["alg"]
        return name

    def claims(self) -> JsonObject:
        """The payload as a JSON object, read strictly.

        Raises:
            MalformedError: `malformed` or `duplicate_key`.
        """
        return parse_json_object(self.payload, max_bytes=max(len(self.payload), 1))

    def compact(self) -> str:
        """The token as text again, the same bytes that were read."""
        return f"{self.signing_input.decode('ascii')}.{b64url_encode(self.signature)}"


def sign(header: Mapping[str, Any], payload: Mapping[str, Any] | bytes, key: SigningKey) -> str:
    """Sign a payload and write the compact serialization.

    Args:
        header: The protected header, at least `typ` by good manners; `alg` is
            set here from the key.
        payload: Claims, written as compact JSON, or bytes as they are.
        key: The key to sign with.

    Raises:
        SignatureError: `alg_not_allowed`, the header names another algorithm.

    Reference:
        RFC 7515, sections 5.1 and 7.1.

    Example:
        >>> from trustid import keys
        >>> key = keys.generate("Ed25519")
        >>> token = sign({"typ": "vc+jwt"}, {"name": "Ada"}, key)
        >>> verify(parse(token), key.public_key, algorithms=DEFAULT_ALGORITHMS, typ="vc+jwt")
        >>> parse(token).claims()
        {'name': 'Ada'}
    """
    if header.get("alg", key.algorithm) != key.algorithm:
        raise SignatureError("alg_not_allowed", f"expected alg {key.algorithm}, as the key has it")
    data = payload if isinstance(payload, bytes) else dump_json(payload)
    protected = b64url_encode(dump_json({"alg": key.algorithm, **header}))
    signing_input = f"{protected}.{b64url_encode(data)}"
    return f"{signing_input}.{b64url_encode(key.sign(signing_input.encode('ascii')))}"


def parse(token: str, *, max_bytes: int = MAX_TOKEN_BYTES) -> Jws:
    """Read a compact JWS, without verifying it.

    The header is checked before the payload is decoded: whoever asks for an
    unencoded, compressed or extended token is refused at the cost of a header.

    Args:
        token: Three base64url segments, joined by dots.
        max_bytes: Largest token accepted.

    Raises:
        MalformedError: `malformed`, `duplicate_key`, `limit_exceeded`.
        SignatureError: `alg_not_allowed`, `crit_unsupported`,
            `b64_unsupported`, `zip_unsupported`, `header_not_allowed`.

    Reference:
        RFC 7515, sections 4.1.11, 5.2 and 7.1; RFC 7797; RFC 8725, section 3.
    """
    if len(token) > max_bytes:
        raise LimitExceededError("limit_exceeded", f"expected a token of at most {max_bytes} bytes")
    segments = token.split(".", 3)
    if len(segments) != 3:
        raise MalformedError("malformed", "expected a token of three segments")
    return _read(*segments)


def parse_json_serialization(value: Mapping[str, Any]) -> tuple[Jws, JsonObject]:
    """Read a JWS in JSON, flattened or general with exactly one signature.

    Args:
        value: The object, already parsed strictly.

    Returns:
        The token, and the unprotected header, which nobody signed.

    Raises:
        MalformedError: `malformed`; also for an `alg` outside the protected
            header and for a member that stands in both headers.
        SignatureError: As in `parse`.
        UnsupportedError: `unsupported`, several signatures.

    Reference:
        RFC 7515, section 7.2.
    """
    flat = dict(value)
    if "signatures" in flat:
        signatures = flat.pop("signatures")
        if not isinstance(signatures, list) or not all(isinstance(item, Mapping) for item in signatures):
            raise MalformedError("malformed", "expected a list of signatures")
        if len(signatures) != 1:
            raise UnsupportedError("unsupported", f"expected one signature, found {len(signatures)}")
        if {"protected", "header", "signature"} & flat.keys():
            raise MalformedError("malformed", "expected either the flattened or the general form")
        flat |= signatures[0]
    segments = [flat.get(name) for name in ("protected", "payload", "signature")]
    texts = [segment for segment in segments if isinstance(segment, str)]
    unprotected = flat.get("header", {})
    if len(texts) != 3 or not isinstance(unprotected, Mapping):
        raise MalformedError("malformed", "expected protected, payload and signature as text")
    if sum(map(len, texts)) > MAX_TOKEN_BYTES:
        raise LimitExceededError("limit_exceeded", f"expected a token of at most {MAX_TOKEN_BYTES} bytes")
    jws = _read(*texts)
    if "crit" in unprotected:
        raise SignatureError("crit_unsupported", "expected no crit in the unprotected header")
    if {"alg", "b64", "typ"} & unprotected.keys() or unprotected.keys() & jws.header.keys():
        raise MalformedError("malformed", "expected no signed member in the unprotected header")
    return jws, dict(unprotected)


def _read(protected: str, payload: str, signature: str) -> Jws:
    if len(protected) > MAX_HEADER_BYTES:
        raise LimitExceededError("limit_exceeded", f"expected a header of at most {MAX_HEADER_BYTES} bytes")
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_SIGNATURE_BYTES} signature bytes")
    kept = _kept_header(protected) if len(protected) <= KEPT_HEADER_CHARS else None
    return Jws(
        _read_header(protected) if kept is None else dict(kept),
        b64url_decode(payload),
        b64url_decode(signature),
        f"{protected}.{payload}".encode("ascii"),
    )


def _read_header(protected: str) -> JsonObject:
    header = parse_json_object(b64url_decode(protected), max_depth=MAX_HEADER_DEPTH)
    _check_header(header)
    return header


@lru_cache(KEPT_HEADERS)
def _kept_header(protected: str) -> JsonObject | None:
    """The header, if all its members are text: an issuer writes the same one under all that it signs.

    Nothing within such a header can be changed, so one that is kept can be handed out as a copy.
    """
    header = _read_header(protected)
    return header if {str}.issuperset(map(type, header.values())) else None


def _check_header(header: JsonObject) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise MalformedError("malformed", "expected text as alg")
    if algorithm.lower() in ("", "none"):
        raise SignatureError("alg_not_allowed", "expected a signed token")
    # b64 before crit: who understands RFC 7797 lists b64 there, and learns the real reason.
    if "b64" in header:
        raise SignatureError("b64_unsupported", "expected a header without b64")
    if "crit" in header:
        raise SignatureError("crit_unsupported", "expected a header without crit")
    if "zip" in header:
        raise SignatureError("zip_unsupported", "expected a header without zip")
    for name in _FETCHING_MEMBERS:
        if name in header:
            raise SignatureError("header_not_allowed", f"expected a header without {name}")
    for name in ("typ", "kid", "cty"):
        if name in header and not isinstance(header[name], str):
            raise MalformedError("malformed", f"expected text as {name}")


def verify(
    jws: Jws,
    key: PublicKey,
    *,
    algorithms: Collection[str],
    typ: str | Collection[str | None],
) -> None:
    """Check that the key signed this token, as the type that is wanted here.

    Args:
        jws: The token, from `parse`.
        key: The key that must have signed it; where it comes from is the
            caller's decision, never the token's.
        algorithms: The names of `alg` that are allowed here.
        typ: The type or types wanted, compared without case and without the
            "application/" in front; None among them tolerates a missing `typ`.

    Raises:
        SignatureError: `alg_not_allowed`, `typ_mismatch`, `signature_invalid`.

    Cost:
        One signature verification.

    Reference:
        RFC 7515, section 5.2; RFC 8725, sections 3.1 and 3.11.
    """
    algorithm = jws.algorithm
    if isinstance(algorithms, str) or algorithm not in algorithms:
        raise SignatureError("alg_not_allowed", "expected an algorithm that is allowed here")
    if _NAMES.get(algorithm, algorithm) != key.algorithm:
        raise SignatureError("alg_not_allowed", f"expected {key.algorithm}, as the key has it")
    _check_typ(jws.header.get("typ"), typ)
    key.verify(jws.signature, jws.signing_input)


def _check_typ(found: str | None, wanted: str | Collection[str | None]) -> None:
    names: Collection[str | None] = (wanted,) if isinstance(wanted, str) else wanted
    if found in names:
        return
    # ASCII only: case folding beyond it would let other characters stand for these.
    if found is not None and found.isascii():
        wanted_types = {_media_type(name) for name in names if name is not None}
        if _media_type(found) in wanted_types:
            return
    raise SignatureError("typ_mismatch", "expected a token of another type")


def _media_type(typ: str) -> str:
    return typ.lower().removeprefix("application/")


def numeric_date(claims: Mapping[str, Any], name: str) -> int | None:
    """Read a time claim: whole seconds since 1970, or None where it is missing.

    Args:
        claims: The payload.
        name: The claim, as "exp", "nbf" or "iat".

    Raises:
        MalformedError: `claim_type_invalid` for text, truth values, fractions,
            negative numbers and integers beyond 2^53 - 1.

    Reference:
        RFC 7519, section 2 (NumericDate); fractions, which it allows, are
        refused here, as no credential format uses them.
    """
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SAFE_INTEGER:
        raise MalformedError("claim_type_invalid", f"expected whole seconds since 1970 as {name}")
    return value
