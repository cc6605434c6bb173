"""Is a credential still good? Reading the list that it names, of whichever kind.

The lists are fetched, kept and renewed by `trustid.status.keeping`. Everything
that cannot be found out refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from trustid.errors import RevokedError, StatusUnknownError, TrustidError
from trustid.status import list_change, list_token
from trustid.status.bitstring import (
    BITSTRING_LISTS,
    MAX_ENTRIES,
    BitstringStatusListEntry,
    EntryStatus,
)
from trustid.status.cache import MemoryStatusCache, StatusCache, StoredList
from trustid.status.keeping import ListFetcher, ListKeeper, StatusPolicy
from trustid.status.list_format import KeyOf, ListChanges, ListFormat, WantedList, list_key
from trustid.status.list_token import StatusListToken
from trustid.status.token_list import INVALID, SUSPENDED, VALID

__all__ = [
    "CREDENTIAL_STATUS",
    "KeyOf",
    "ListFetcher",
    "MemoryStatusCache",
    "StatusCache",
    "StatusChecker",
    "StatusPolicy",
    "StatusReference",
    "StatusResult",
    "StoredList",
]

MAX_URI: Final = 2048

CREDENTIAL_STATUS: Final = "credentialStatus"
"""The member in which W3C credentials name their places in lists."""


def _open_token(text: str, wanted: WantedList) -> StatusListToken:
    token = list_token.parse(text)
    return list_token.verify(
        token,
        list_key(wanted.key_of, token.header, wanted.now),
        uri=wanted.uri,
        now=wanted.now,
        algorithms=wanted.algorithms,
        grace_seconds=wanted.grace_seconds,
    )


def _open_kept(text: str, wanted: WantedList) -> StatusListToken:
    if not list_change.is_kept(text):
        return _open_token(text, wanted)
    token = list_change.kept_token(text)
    return list_change.open_kept(
        text,
        token,
        list_key(wanted.key_of, token.header, wanted.now),
        uri=wanted.uri,
        now=wanted.now,
        algorithms=wanted.algorithms,
        grace_seconds=wanted.grace_seconds,
    )


def _apply_change(listed: StatusListToken, text: str, wanted: WantedList) -> StatusListToken:
    token = list_change.parse(text)
    return list_change.apply(
        listed,
        token,
        list_key(wanted.key_of, token.header, wanted.now),
        now=wanted.now,
        algorithms=wanted.algorithms,
    )


TOKEN_LISTS: Final = ListFormat(
    (list_token.STATUS_LIST_MEDIA_TYPE,),
    _open_token,
    ListChanges(
        list_change.CHANGE_MEDIA_TYPE,
        lambda listed: list_change.change_uri(listed) if listed.changes else None,
        _apply_change,
        list_change.keep,
        _open_kept,
    ),
)


@dataclass(frozen=True, slots=True)
class StatusReference:
    """The place in a list that a credential names (section 6).

    Example:
        >>> StatusReference.parse({"status_list": {"idx": 3, "uri": "https://school.example/status/1"}}).index
        3
    """

    uri: str
    index: int

    @classmethod
    def parse(cls, status: Any) -> StatusReference:
        """Read the `status` claim of a credential, or the `status_list` object in it.

        Raises:
            StatusUnknownError: `status_malformed`: no reference to a Token
                Status List. `status_range`: a negative index.

        Reference:
            draft-ietf-oauth-status-list-21, sections 6.1 and 6.2.
        """
        if isinstance(status, dict) and "status_list" in status:
            status = status["status_list"]
        if not isinstance(status, dict):
            raise StatusUnknownError("status_malformed", "expected a status_list object")
        uri, index = status.get("uri"), status.get("idx")
        if not isinstance(uri, str) or not 0 < len(uri) <= MAX_URI:
            raise StatusUnknownError("status_malformed", "expected the address of a status list")
        if not isinstance(index, int) or isinstance(index, bool):
            raise StatusUnknownError(
                "status_malformed", f"expected idx to be an integer, found {type(index).__name__}"
            )
        if index < 0:
            raise StatusUnknownError("status_range", "expected an index from 0")
        return cls(uri, index)


@dataclass(frozen=True, slots=True)
class StatusResult:
    """What a list says about one credential.

    Attributes:
        value: The status; only 0 comes back from `StatusChecker.check`.
        age_seconds: How long ago the issuer signed the list, the oldest one
            where there are several.
        uri: The list, the oldest one.
        entries: For a W3C credential what each of its entries says.
        epoch: For a slot in a registry the epoch that was proved.
    """

    value: int
    age_seconds: int
    uri: str
    entries: tuple[EntryStatus, ...] = ()
    epoch: int | None = None


class StatusChecker:
    """Answers for one credential whether its issuer took it back.

    Args:
        fetcher: Fetches lists.
        cache: Keeps them; shared between processes if it is a store.
        clock: Epoch seconds.
        policy: How old a list may be.
    """

    def __init__(
        self,
        fetcher: ListFetcher,
        cache: StatusCache | None = None,
        *,
        clock: Callable[[], int],
        policy: StatusPolicy | None = None,
    ) -> None:
        self._clock = clock
        self.policy = policy or StatusPolicy()
        kept = cache or MemoryStatusCache()
        self._tokens = ListKeeper(TOKEN_LISTS, fetcher, kept, clock=clock, policy=self.policy)
        self._bitstrings = ListKeeper(BITSTRING_LISTS, fetcher, kept, clock=clock, policy=self.policy)

    def check(
        self, reference: Any, *, issuer: str, key_of: KeyOf, max_age_seconds: int | None = None
    ) -> StatusResult:
        """Refuse a credential unless its list says that it is valid.

        Call it only for a trusted issuer: the address in the reference is the
        issuer's wish that this machine should connect somewhere.

        Args:
            reference: The credential's `status` claim; for a W3C credential an
                object that holds its `credentialStatus`, one entry or several.
            issuer: Who issued the credential, and so must have signed the list.
            key_of: Finds the issuer's key for the header of the list.
            max_age_seconds: Since the issuer signed the list, where the
                caller is stricter than the policy.

        Returns:
            The status (valid) and its age.

        Raises:
            RevokedError: `revoked`, `suspended` or `status_application`.
            StatusUnknownError: `status_malformed`, `status_range`,
                `status_untrusted`, `status_mismatch`, `status_stale`,
                `status_rollback` or `status_unavailable`; for a Bitstring
                list also `status_list_length`, `status_purpose_mismatch`,
                `status_size_mismatch` or `status_unsupported`.
            SignatureError: `typ_mismatch`: something else is served there.
            LimitExceededError: `limit_exceeded`: the list is too large.

        Cost:
            One look at the cache while the list is fresh.

        Reference:
            draft-ietf-oauth-status-list-21, sections 7.1 and 8.3; Bitstring
            Status List 1.0, section 3.2.
        """
        most = min(self.policy.max_age_seconds, max_age_seconds or self.policy.max_age_seconds)
        # Alone: a status claim that names a Token Status List as well is read as that.
        if isinstance(reference, dict) and reference.keys() == {CREDENTIAL_STATUS}:
            return self._check_entries(reference[CREDENTIAL_STATUS], issuer, key_of, most)
        place = StatusReference.parse(reference)
        current = self._tokens.current(issuer, place.uri, key_of)
        age = self._age(current.issued_at, most)
        value = current.statuses.get(place.index)
        if value == INVALID:
            raise RevokedError("revoked", f"revoked in a list that is {age} seconds old")
        if value == SUSPENDED:
            raise RevokedError("suspended", f"suspended in a list that is {age} seconds old")
        if value != VALID:
            raise RevokedError("status_application", f"marked with the status {value:#04x} by its issuer")
        return StatusResult(value, age, place.uri)

    def _check_entries(self, status: Any, issuer: str, key_of: KeyOf, most: int) -> StatusResult:
        """Every entry of a W3C credential; one that refuses is enough."""
        values = status if isinstance(status, list) else [status]
        if not 0 < len(values) <= MAX_ENTRIES:
            raise StatusUnknownError("status_malformed", f"expected 1 to {MAX_ENTRIES} status entries")
        # All are read before the first is fetched: a credential that cannot be judged opens no connection.
        entries = [BitstringStatusListEntry.parse(value) for value in values]
        found: list[EntryStatus] = []
        ages: list[tuple[int, str]] = []
        for entry in entries:
            current = self._bitstrings.current(issuer, entry.uri, key_of)
            ages.append((self._age(current.issued_at, most), entry.uri))
            found.append(entry.judge(current, accept_messages=self.policy.accept_messages))
        age, uri = max(ages)
        return StatusResult(VALID, age, uri, tuple(found))

    def _age(self, issued_at: int, most: int) -> int:
        age = self._clock() - issued_at
        if age > most:
            raise StatusUnknownError("status_stale", f"the list is {age} seconds old")
        return max(age, 0)

    def refresh(self, uri: str, *, issuer: str, key_of: KeyOf, force: bool = False) -> StatusListToken:
        """Have a Token Status List at hand before anybody asks for it.

        Args:
            uri: The list.
            issuer: As for `check`.
            key_of: As for `check`.
            force: Fetch it even if the one at hand is fresh.

        Raises:
            StatusUnknownError: As `check`.
        """
        return self._tokens.current(issuer, uri, key_of, force=force)

    def refresh_all(
        self, *, force: bool = False, ahead_seconds: int = 0
    ) -> tuple[tuple[str, TrustidError | None], ...]:
        """Renew every list that this process has open and that is out of date.

        Args:
            force: Also those that are fresh.
            ahead_seconds: Also those that will be out of date by then. With
                the time until the next call, no presentation ever has to wait
                for a list, and its issuer cannot tell when one was checked.

        Returns:
            The address of each list, with the reason if it could not be renewed.
        """
        return tuple(
            outcome
            for keeper in (self._tokens, self._bitstrings)
            for outcome in keeper.refresh_all(force=force, ahead_seconds=ahead_seconds)
        )
