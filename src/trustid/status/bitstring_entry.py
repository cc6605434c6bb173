"""The entries by which a W3C credential names its places in Bitstring Status Lists.

W3C Bitstring Status List 1.0, section 2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from trustid.credentials.model_values import is_url
from trustid.errors import RevokedError, StatusUnknownError

__all__ = [
    "ENTRY_TYPE",
    "MESSAGE",
    "REFRESH",
    "REVOCATION",
    "SUSPENSION",
    "BitstringStatusListEntry",
    "EntryStatus",
]

ENTRY_TYPE: Final = "BitstringStatusListEntry"
REVOCATION: Final = "revocation"
SUSPENSION: Final = "suspension"
REFRESH: Final = "refresh"
MESSAGE: Final = "message"

MAX_SIZE: Final = 8
"""More than 256 messages for one credential are not spoken here."""
MAX_URI: Final = 2048
INDEX_DIGITS: Final = 20
"""An index may have any number of digits; no list has places for more than these."""

_DIGITS: Final = re.compile(r"[0-9]+")
_STATUS: Final = re.compile(r"0x[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True, slots=True)
class EntryStatus:
    """What a list says at one entry.

    Attributes:
        purpose: What the status is about.
        value: 0 for nothing.
        message: The issuer's word for it, where it has words: for developers.
        uri: The list.
    """

    purpose: str
    value: int
    message: str | None = field(repr=False)
    uri: str


class _Statuses(Protocol):
    def get(self, index: int, *, size: int = 1) -> int: ...


class _List(Protocol):
    @property
    def purposes(self) -> tuple[str, ...]: ...
    @property
    def size(self) -> int | None: ...
    @property
    def statuses(self) -> _Statuses: ...


@dataclass(frozen=True, slots=True)
class BitstringStatusListEntry:
    """One place in one list.

    Attributes:
        uri: The address of the list (`statusListCredential`).
        index: From 0.
        purpose: What the status is about.
        size: Bits of an entry.
        messages: For each value the issuer's word, if it has words.

    Example:
        >>> BitstringStatusListEntry.parse({
        ...     "type": "BitstringStatusListEntry",
        ...     "statusPurpose": "revocation",
        ...     "statusListIndex": "94567",
        ...     "statusListCredential": "https://school.example/status/3",
        ... }).index
        94567
    """

    uri: str
    index: int
    purpose: str
    size: int = 1
    messages: tuple[tuple[int, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, entry: Any) -> BitstringStatusListEntry:
        """Read one value of `credentialStatus`.

        Raises:
            StatusUnknownError: `status_unsupported`: another kind of status,
                or entries of more than 8 bits. `status_malformed`: a member
                is missing or of a wrong form. `status_range`: an index that
                no list has.

        Reference:
            Bitstring Status List 1.0, section 2.1.
        """
        if not isinstance(entry, dict):
            raise StatusUnknownError("status_malformed", "expected a status entry to be an object")
        if entry.get("type") not in (ENTRY_TYPE, [ENTRY_TYPE]):
            raise StatusUnknownError("status_unsupported", f"expected a {ENTRY_TYPE}")
        uri, purpose = entry.get("statusListCredential"), entry.get("statusPurpose")
        if not isinstance(uri, str) or len(uri) > MAX_URI or not is_url(uri):
            raise StatusUnknownError("status_malformed", "expected statusListCredential to be a URL")
        if "id" in entry and (not is_url(entry["id"]) or entry["id"] == uri):
            raise StatusUnknownError("status_malformed", "expected the id of the entry, not of the list")
        if not isinstance(purpose, str) or not purpose:
            raise StatusUnknownError("status_malformed", "expected statusPurpose to be a string")
        index = _index(entry.get("statusListIndex"))
        size = _size(entry)
        return cls(uri, index, purpose, size, _messages(entry, size))

    def judge(self, found: _List, *, accept_messages: bool = False) -> EntryStatus:
        """What the list says at this place; refuses where that forbids to accept the credential.

        Args:
            found: The verified list.
            accept_messages: Let a message other than 0 pass.

        Returns:
            The status. `refresh` does not invalidate a credential, so it comes back even if it is set.

        Raises:
            RevokedError: `revoked`, `suspended`; `status_application` for a
                message, or a purpose that is not known here.
            StatusUnknownError: `status_purpose_mismatch`,
                `status_size_mismatch`, `status_list_length`, `status_range`.

        Reference:
            Bitstring Status List 1.0, section 3.2, steps 5 and 9 to 14.
        """
        if self.purpose not in found.purposes:
            raise StatusUnknownError(
                "status_purpose_mismatch", "the list is for another purpose than the entry"
            )
        if found.size is not None and found.size != self.size:
            raise StatusUnknownError(
                "status_size_mismatch", f"expected entries of {self.size} bits, found {found.size}"
            )
        value = found.statuses.get(self.index, size=self.size)
        if value and self.purpose == REVOCATION:
            raise RevokedError("revoked", "revoked in its Bitstring Status List")
        if value and self.purpose == SUSPENSION:
            raise RevokedError("suspended", "suspended in its Bitstring Status List")
        if value and self.purpose != REFRESH and not (accept_messages and self.purpose == MESSAGE):
            raise RevokedError("status_application", f"marked with the status {value:#x} by its issuer")
        return EntryStatus(self.purpose, value, dict(self.messages).get(value), self.uri)


def _index(value: Any) -> int:
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise StatusUnknownError("status_malformed", "expected statusListIndex to be a string of digits")
    if len(value) > INDEX_DIGITS:
        raise StatusUnknownError("status_range", "expected an index that a list can have")
    return int(value)


def _size(entry: dict[str, Any]) -> int:
    size = entry.get("statusSize", 1)
    if type(size) is not int or size < 1:
        raise StatusUnknownError("status_malformed", "expected statusSize to be a whole number from 1")
    if size > MAX_SIZE:
        raise StatusUnknownError("status_unsupported", f"expected entries of at most {MAX_SIZE} bits")
    return size


def _messages(entry: dict[str, Any], size: int) -> tuple[tuple[int, str], ...]:
    if "statusMessage" not in entry and size == 1:
        return ()
    messages = entry.get("statusMessage")
    if not isinstance(messages, list) or len(messages) != 1 << size:
        raise StatusUnknownError("status_malformed", f"expected {1 << size} status messages")
    read: dict[int, str] = {}
    for one in messages:
        status, text = (one.get("status"), one.get("message")) if isinstance(one, dict) else (None, None)
        if not isinstance(status, str) or not _STATUS.fullmatch(status) or not isinstance(text, str):
            raise StatusUnknownError("status_malformed", "expected each message to have a status and a text")
        read[int(status, 16)] = text
    if read.keys() != set(range(1 << size)):
        raise StatusUnknownError("status_malformed", "expected one message for each status")
    return tuple(sorted(read.items()))
