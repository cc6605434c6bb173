"""One selectively disclosable claim: its salt, its name and its value, as sent.

A disclosure is hashed as the text that was sent, never as its meaning, so its
text is kept beside what it says.

Reference:
    RFC 9901, section 4.2.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from trustid.encoding import b64url_decode, parse_json
from trustid.errors import DisclosureError, LimitExceededError, MalformedError

__all__ = [
    "DEFAULT_HASH",
    "DIGEST_KEY",
    "DIGESTS_KEY",
    "HASHES",
    "HASH_KEY",
    "MAX_CLAIMS_DEPTH",
    "MAX_DISCLOSURES",
    "MAX_DISCLOSURE_CHARS",
    "RESERVED_NAMES",
    "Disclosure",
    "Path",
    "digests_of",
    "parse_many",
]

Path = tuple[str | int | None, ...]
"""Where a claim stands, as in DCQL: a name, an index, or None for every element."""

MAX_DISCLOSURES: Final = 1024
"""How many disclosures one credential may carry."""

MAX_DISCLOSURE_CHARS: Final = 1 << 18
"""How long one disclosure may be; a portrait of a person fits."""

MAX_CLAIMS_DEPTH: Final = 32
"""How deep claims may be nested, disclosures within disclosures included."""

DIGESTS_KEY: Final = "_sd"
"""The member that lists the digests of hidden members (RFC 9901, section 4.2.4.1)."""

DIGEST_KEY: Final = "..."
"""The one member of an object that stands for a hidden element (RFC 9901, section 4.2.4.2)."""

HASH_KEY: Final = "_sd_alg"
"""The claim that names the hash algorithm (RFC 9901, section 4.1.1)."""

RESERVED_NAMES: Final = frozenset({DIGESTS_KEY, DIGEST_KEY, HASH_KEY})
"""Names that no claim may have. RFC 9901 forbids the first two in a disclosure;
the third would let a holder choose the hash algorithm, so it is refused as well."""

DEFAULT_HASH: Final = "sha-256"
"""What an absent `_sd_alg` means (RFC 9901, section 4.1.1)."""

HASHES: Final[dict[str, Callable[[bytes], Any]]] = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}
"""The hash algorithms that are deemed secure, by their IANA names."""

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")


class Disclosure(NamedTuple):
    """A salt, a claim name (none for an array element) and a value.

    Attributes:
        text: The base64url text as it was sent; the digest is taken over it.
        salt: What makes the digest unguessable.
        name: The claim's name, or None for an element of an array.
        value: Any JSON value; may itself hold digests of further disclosures.

    Reference:
        RFC 9901, section 4.2.
    """

    text: str
    salt: str
    name: str | None
    value: Any

    def __repr__(self) -> str:
        return "<Disclosure>"

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """Read one disclosure; as `parse_many`."""
        return parse_many([text])[0]

    def digest(self, algorithm: str = DEFAULT_HASH) -> str:
        """The digest that the issuer signed in place of the claim (RFC 9901, section 4.2.3)."""
        return digests_of([self.text.encode("ascii")], algorithm)[0]


def parse_many(texts: Sequence[str]) -> list[Disclosure]:
    """Read disclosures.

    Args:
        texts: base64url without padding, each at most `MAX_DISCLOSURE_CHARS` long.

    Raises:
        DisclosureError: disclosure_malformed, where one is no array of a
            salt, perhaps a name, and a value.
        MalformedError: duplicate_key.
        LimitExceededError: One is too long or too deep.

    Reference:
        RFC 9901, sections 4.2.1 and 4.2.2.
    """
    disclosures = []
    for text in texts:
        if len(text) > MAX_DISCLOSURE_CHARS:
            raise LimitExceededError("limit_exceeded", f"a disclosure of {len(text)} characters")
        try:
            parts = parse_json(
                b64url_decode(text), max_bytes=MAX_DISCLOSURE_CHARS, max_depth=MAX_CLAIMS_DEPTH
            )
        except MalformedError as err:
            if err.code != "malformed":
                raise
            raise DisclosureError("disclosure_malformed", "expected base64url of a JSON array") from err
        if type(parts) is not list or type(parts[0] if parts else None) is not str:
            raise DisclosureError("disclosure_malformed", "expected an array that begins with a salt")
        if len(parts) == 3 and type(parts[1]) is str:
            disclosures.append(Disclosure(text, *parts))
        elif len(parts) == 2:
            disclosures.append(Disclosure(text, parts[0], None, parts[1]))
        else:
            raise DisclosureError("disclosure_malformed", "expected a salt, perhaps a name, and a value")
    return disclosures


def digests_of(texts: Sequence[bytes], algorithm: str = DEFAULT_HASH) -> list[str]:
    """Hash many disclosures, each once, to base64url.

    The digests are encoded in one pass. Each is followed by zero bytes up to a
    multiple of three; its own characters then are what they would be alone,
    since the unused low bits of a last character are zero there as well. What
    follows is cut off.

    Args:
        texts: Disclosures as sent, in ASCII.
        algorithm: A key of `HASHES`.

    Raises:
        DisclosureError: hash_not_allowed.

    Reference:
        RFC 9901, section 4.2.3.
    """
    layout = _LAYOUTS.get(algorithm)
    if layout is None:
        raise DisclosureError("hash_not_allowed", "expected sha-256, sha-384 or sha-512")
    hasher, padding, chars, stride = layout
    joined = padding.join([hasher(text).digest() for text in texts])
    encoded = b2a_base64(joined, newline=False).translate(_TO_URL).decode("ascii")
    return [encoded[start : start + chars] for start in range(0, stride * len(texts), stride)]


def _layout(hasher: Callable[[bytes], Any]) -> tuple[Callable[[bytes], Any], bytes, int, int]:
    size: int = hasher(b"").digest_size
    return hasher, bytes(-size % 3), (size * 4 + 2) // 3, (size + 2) // 3 * 4


_LAYOUTS: Final = {name: _layout(hasher) for name, hasher in HASHES.items()}
