"""DIDs and DID URLs: reading and writing them.

Reading keeps the text as it is: no case is folded, nothing is decoded, so that
two DIDs are one exactly when their texts are equal, and what was signed is what
is compared.

Reference:
    W3C Decentralized Identifiers (DIDs) 1.1, sections 3.1 (syntax) and 3.2 (DID URL).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from trustid.errors import ResolutionError

__all__ = ["Did", "DidUrl"]

DID_LENGTH_MAX = 4096
"""Room for a did:jwk of a 4096-bit RSA key."""
DID_URL_LENGTH_MAX = 8192

# "++" and "*+" never give back what they took: no text makes these take more than linear time.
_DID = re.compile(r"did:([a-z0-9]++):((?:[A-Za-z0-9._:-]++|%[0-9A-Fa-f]{2})++)")
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]++|%[0-9A-Fa-f]{2})*+")
_QUERY = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]++|%[0-9A-Fa-f]{2})*+")


@dataclass(frozen=True, slots=True)
class Did:
    """A DID: `did:method:identifier`.

    Attributes:
        method: The method's name, lower-case letters and digits.
        identifier: What the method gives its own meaning to.
    """

    method: str
    identifier: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a DID.

        Args:
            text: At most 4096 characters, without path, query and fragment.

        Raises:
            ResolutionError: `did_malformed`.

        Example:
            >>> Did.parse("did:web:example.org").method
            'web'
        """
        if len(text) > DID_LENGTH_MAX:
            raise ResolutionError("did_malformed", f"expected a DID of at most {DID_LENGTH_MAX} characters")
        found = _DID.fullmatch(text)
        if found is None or text.endswith(":"):
            raise ResolutionError(
                "did_malformed", "expected did:method:identifier, of letters, digits and .-_:%"
            )
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return f"did:{self.method}:{self.identifier}"


@dataclass(frozen=True, slots=True)
class DidUrl:
    """A DID URL: a DID, and a place under it.

    Attributes:
        did: The DID.
        path: Empty, or starting with a slash.
        query: What follows `?`; None when there is no `?`.
        fragment: What follows `#`; None when there is no `#`. Names a key.
    """

    did: Did
    path: str = ""
    query: str | None = None
    fragment: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a DID URL.

        Args:
            text: At most 8192 characters. A relative one (`#key-1`) is refused.

        Raises:
            ResolutionError: `did_malformed`.

        Example:
            >>> DidUrl.parse("did:web:example.org#key-1").fragment
            'key-1'
        """
        if len(text) > DID_URL_LENGTH_MAX:
            raise ResolutionError(
                "did_malformed", f"expected a DID URL of at most {DID_URL_LENGTH_MAX} characters"
            )
        rest, hash_mark, fragment = text.partition("#")
        rest, question_mark, query = rest.partition("?")
        did, slash, path = rest.partition("/")
        if not (_PATH.fullmatch(path) and _QUERY.fullmatch(query) and _QUERY.fullmatch(fragment)):
            raise ResolutionError("did_malformed", "expected a DID URL of the characters that URLs allow")
        return cls(
            did=Did.parse(did),
            path=slash + path,
            query=query if question_mark else None,
            fragment=fragment if hash_mark else None,
        )

    def __str__(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.did}{self.path}{query}{fragment}"
