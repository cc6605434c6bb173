"""One selectively disclosable claim: its salt, its name and its value, as sent.

A disclosure is hashed as the text that was sent, never as its meaning, so its
text is kept beside what it says.

Reference:
    RFC 9901, section 4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from trustid import _core
from trustid.encoding import parse_json
from trustid.errors import DisclosureError, MalformedError

__all__ = [
    "BETWEEN",
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

BETWEEN: Final = "~"
"""Stands between two disclosures, here as in an SD-JWT."""


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
        return digests_of([self.text], algorithm)[0]


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
    if not texts:
        return []
    joined = BETWEEN.join(texts)
    try:
        if not joined.isascii() or joined.count(BETWEEN) != len(texts) - 1 or "" in texts:
            raise MalformedError("malformed", "expected base64url")
        read = _core.read_disclosures(
            joined.encode("ascii"), max_characters=MAX_DISCLOSURE_CHARS, max_depth=MAX_CLAIMS_DEPTH
        )
    except MalformedError as err:
        if err.code != "malformed":
            raise
        raise DisclosureError("disclosure_malformed", "expected base64url of a JSON array") from err
    # One array around all of them.
    parts = parse_json(read, max_bytes=len(read), max_depth=MAX_CLAIMS_DEPTH + 1)
    return [Disclosure(text, *part) for text, part in zip(texts, parts, strict=True)]


def digests_of(texts: Sequence[str], algorithm: str = DEFAULT_HASH) -> list[str]:
    """Hash many disclosures, each once, to base64url.

    Args:
        texts: Disclosures as sent.
        algorithm: A key of `HASHES`.

    Raises:
        DisclosureError: hash_not_allowed.

    Reference:
        RFC 9901, section 4.2.3.
    """
    joined = BETWEEN.join(texts).encode("ascii")
    digests = _core.digest_disclosures(joined, algorithm)
    return digests.split(BETWEEN) if texts else []
