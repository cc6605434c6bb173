"""One selectively disclosable claim: its salt, its name and its value, as sent.

A disclosure is hashed as the text that was sent, never as its meaning, so its
text is kept beside what it says.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trustid.encoding import b64url_decode, parse_json
from trustid.errors import DisclosureError, LimitExceededError, MalformedError

__all__ = ["DEFAULT_HASH", "HASHES", "MAX_DISCLOSURES", "Disclosure", "Path", "digests_of"]

Path = tuple[str | int | None, ...]
"""Where a claim stands, as in DCQL: a name, an index, or None for every element."""

MAX_DISCLOSURES = 1024
"""How many disclosures one credential may carry."""

MAX_DISCLOSURE_CHARS = 1 << 18
"""How long one disclosure may be; a portrait of a person fits."""

MAX_DISCLOSURE_DEPTH = 32
"""How deep the JSON of one disclosure may be nested."""

DEFAULT_HASH = "sha-256"
"""What an absent `_sd_alg` means (RFC 9901, section 4.1.1)."""

HASHES: dict[str, Callable[[bytes], Any]] = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}
"""The hash algorithms that are deemed secure, by their IANA names."""


@dataclass(frozen=True, slots=True)
class Disclosure:
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

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """Read a disclosure.

        Args:
            text: base64url without padding, at most `MAX_DISCLOSURE_CHARS` long.

        Raises:
            DisclosureError: disclosure_malformed, where it is no array of a
                salt, perhaps a name, and a value.
            MalformedError: duplicate_key.
            LimitExceededError: It is too long or too deep.

        Reference:
            RFC 9901, sections 4.2.1 and 4.2.2.
        """
        if len(text) > MAX_DISCLOSURE_CHARS:
            raise LimitExceededError("limit_exceeded", f"a disclosure of {len(text)} characters")
        try:
            parts = parse_json(
                b64url_decode(text), max_bytes=MAX_DISCLOSURE_CHARS, max_depth=MAX_DISCLOSURE_DEPTH
            )
        except MalformedError as err:
            if err.code != "malformed":
                raise
            raise DisclosureError("disclosure_malformed", "expected base64url of a JSON array") from err
        if type(parts) is not list or not 2 <= len(parts) <= 3 or type(parts[0]) is not str:
            raise DisclosureError("disclosure_malformed", "expected an array of a salt, a name and a value")
        if len(parts) == 2:
            return cls(text, parts[0], None, parts[1])
        if type(parts[1]) is not str:
            raise DisclosureError("disclosure_malformed", "expected a string as claim name")
        return cls(text, parts[0], parts[1], parts[2])

    def digest(self, algorithm: str = DEFAULT_HASH) -> str:
        """The digest that the issuer signed in place of the claim (RFC 9901, section 4.2.3)."""
        return digests_of([self.text.encode("ascii")], algorithm)[0]


def digests_of(texts: Sequence[bytes], algorithm: str) -> list[str]:
    """Hash many disclosures, each once.

    The digests are turned to base64url together: each is followed by zero
    bytes up to a multiple of three, which leaves its own characters as they
    would be alone.

    Raises:
        DisclosureError: hash_not_allowed.
    """
    hasher = HASHES.get(algorithm)
    if hasher is None:
        raise DisclosureError("hash_not_allowed", "expected sha-256, sha-384 or sha-512")
    size: int = hasher(b"").digest_size
    padding = bytes(-size % 3)
    joined = b2a_base64(padding.join([hasher(text).digest() for text in texts]), newline=False)
    encoded = joined.translate(_TO_URL).decode("ascii")
    wide = (size + len(padding)) // 3 * 4
    narrow = (size * 4 + 2) // 3
    return [encoded[start : start + narrow] for start in range(0, wide * len(texts), wide)]


_TO_URL = bytes.maketrans(b"+/", b"-_")
