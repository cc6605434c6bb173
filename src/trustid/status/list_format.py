"""What the kinds of status lists have in common, for whoever fetches and keeps them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from trustid.encoding import JsonObject
from trustid.errors import (
    FetchError,
    MalformedError,
    ResolutionError,
    StatusUnknownError,
    UnsupportedError,
    VerificationError,
)
from trustid.keys import PublicKey

__all__ = ["KeyOf", "List", "ListChanges", "ListFormat", "SignedList", "WantedList", "list_key"]

KeyOf = Callable[[JsonObject, int], PublicKey]
"""From the header of a list's token (for a W3C list its proof), and the time, to the key of the issuer it must be signed with.

Called only for an issuer that is trusted already. It raises when the header
names no key of that issuer. It is kept for renewing the list, so it must hold
nothing of a person."""


class _Sized(Protocol):
    @property
    def byte_length(self) -> int: ...


class SignedList(Protocol):
    """What is needed of a verified list."""

    @property
    def issued_at(self) -> int:
        """When it was signed, epoch seconds."""
        ...

    @property
    def expires_at(self) -> int | None:
        """From when it is worth nothing."""
        ...

    @property
    def ttl(self) -> int | None:
        """How long it may be kept, in seconds."""
        ...

    @property
    def statuses(self) -> _Sized:
        """The list itself."""
        ...


List = TypeVar("List", bound=SignedList)


@dataclass(frozen=True, slots=True)
class WantedList:
    """What a list must be to be taken.

    Attributes:
        issuer: Who must have signed it.
        uri: The address that the credential names.
        key_of: Finds the issuer's key.
        now: Epoch seconds.
        grace_seconds: For how long after its end it is still taken.
        algorithms: Signature algorithms that are accepted.
    """

    issuer: str
    uri: str
    key_of: KeyOf
    now: int
    grace_seconds: int
    algorithms: Collection[str]


def list_key(key_of: KeyOf, header: JsonObject, now: int) -> PublicKey:
    """The key of a list, with what goes wrong said in terms of the status.

    Raises:
        StatusUnknownError: `status_unavailable`: it cannot be fetched.
            `status_untrusted`: it is no key of the issuer.
    """
    try:
        return key_of(header, now)
    except (FetchError, ResolutionError) as err:
        raise StatusUnknownError("status_unavailable", f"the list's key was not found ({err.code})") from err
    except (VerificationError, MalformedError, UnsupportedError) as err:
        raise StatusUnknownError(
            "status_untrusted", f"the list names no key of the issuer ({err.code})"
        ) from err


@dataclass(frozen=True, slots=True)
class ListChanges(Generic[List]):
    """How a list is brought up to date without fetching it whole.

    Attributes:
        media_type: What is served.
        uri_of: Where the change that starts from a list is served; None where its issuer serves none.
        apply: Verifies a change, and makes the newer list of one at hand.
        keep: The newer list, with the change that led there, as a text to be kept.
        open: Reads and verifies what was kept: such a text, or the token of a list.
    """

    media_type: str
    uri_of: Callable[[List], str | None]
    apply: Callable[[List, str, WantedList], List]
    keep: Callable[[List, str], str]
    open: Callable[[str, WantedList], List]


@dataclass(frozen=True, slots=True)
class ListFormat(Generic[List]):
    """What differs from one kind of list to the other.

    Attributes:
        media_types: What may be served, the best one first.
        open: Reads and verifies a list as it is served.
        changes: How it is followed, where it can be.
    """

    media_types: tuple[str, ...]
    open: Callable[[str, WantedList], List]
    changes: ListChanges[List] | None = None

    @property
    def accept(self) -> str:
        """Only these types are taken. The last part tells a server that, and
        lets the wrong type arrive here, where it has a code of its own."""
        return f"{', '.join(self.media_types)}, */*;q=0"
