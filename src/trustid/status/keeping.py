"""Fetching and keeping signed lists of one format, whatever the format.

A list is fetched when there is none or the one at hand is no longer fresh,
never for each presentation: whoever serves the list must not be able to
follow who shows what when. A list never goes back in time, and many
presentations at once wait for one fetch.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, Protocol

from trustid.credentials.jose import DEFAULT_ALGORITHMS
from trustid.errors import FetchError, SignatureError, StatusUnknownError, TrustidError
from trustid.fetching import Fetched
from trustid.status.cache import MEMORY_LISTS_MAX, StatusCache, StoredList
from trustid.status.list_format import KeyOf, List, ListFormat, WantedList
from trustid.status.list_token import MAX_TOKEN_BYTES, clamp_ttl

__all__ = ["ListFetcher", "ListKeeper", "StatusPolicy"]

MAX_REDIRECTS = 1
MAX_OPEN_BYTES = 256 * 1024 * 1024
"""How much of opened lists of one format one process keeps; the least recently used goes first."""

FETCHING_MAX = 64
"""How many lists one process fetches at a time."""

MAX_CHANGES = 8
"""How many changes are followed before the whole list is fetched: each is a request of its own."""

RETRY_SECONDS = 10
"""After a failed fetch nobody tries again for so long: an outage must not cost each presentation a timeout."""


class ListFetcher(Protocol):
    """What is needed of `trustid.fetching.Fetcher`."""

    def get(
        self, url: str, *, accept: str, max_bytes: int | None = None, max_redirects: int | None = None
    ) -> Fetched:
        """Fetch, or raise FetchError."""
        ...


@dataclass(frozen=True, slots=True)
class StatusPolicy:
    """How old a list may be.

    Attributes:
        max_age_seconds: Since the issuer signed it. A list that is older
            refuses, even if it is not expired.
        default_ttl_seconds: How long a copy is kept when the list does not say.
        outage_grace_seconds: For how long a copy may be used beyond its time
            when no newer one can be fetched. 0 refuses at once.
        accept_messages: Let a credential pass whose issuer left a message other
            than 0 for it, and report the message. Nobody but the verifier
            knows what the messages of an issuer mean for it.
        algorithms: Signature algorithms that are accepted.
    """

    max_age_seconds: int = 7 * 24 * 3600
    default_ttl_seconds: int = 3600
    outage_grace_seconds: int = 0
    accept_messages: bool = False
    algorithms: Collection[str] = DEFAULT_ALGORITHMS


@dataclass(frozen=True, slots=True)
class _Open(Generic[List]):
    """A verified list in memory, with what is needed to renew it."""

    version: str | None
    stored: StoredList
    list: List
    key_of: KeyOf


class ListKeeper(Generic[List]):
    """Has lists of one format at hand.

    Args:
        list_format: Which.
        fetcher: Fetches lists.
        cache: Keeps them.
        clock: Epoch seconds.
        policy: How old a list may be.
    """

    def __init__(
        self,
        list_format: ListFormat[List],
        fetcher: ListFetcher,
        cache: StatusCache,
        *,
        clock: Callable[[], int],
        policy: StatusPolicy,
    ) -> None:
        self._format = list_format
        self._fetcher = fetcher
        self._cache = cache
        self._clock = clock
        self.policy = policy
        self._open: OrderedDict[tuple[str, str], _Open[List]] = OrderedDict()
        self._failed_at: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()
        # Few locks for all lists: two lists may wait for each other, but none can fill the memory.
        self._fetching = tuple(threading.Lock() for _ in range(FETCHING_MAX))

    def refresh_all(
        self, *, force: bool = False, ahead_seconds: int = 0
    ) -> tuple[tuple[str, TrustidError | None], ...]:
        """See `StatusChecker.refresh_all`."""
        with self._lock:
            known = [(*place, opened.key_of) for place, opened in self._open.items()]
        outcomes: list[tuple[str, TrustidError | None]] = []
        for issuer, uri, key_of in known:
            try:
                self.current(issuer, uri, key_of, force=force, ahead_seconds=ahead_seconds)
                outcomes.append((uri, None))
            except TrustidError as err:
                outcomes.append((uri, err))
        return tuple(outcomes)

    def current(
        self, issuer: str, uri: str, key_of: KeyOf, *, force: bool = False, ahead_seconds: int = 0
    ) -> List:
        """The list at hand if it is fresh, otherwise a new one.

        Args:
            issuer: Who must have signed it.
            uri: Where it is served.
            key_of: Finds the issuer's key.
            force: Fetch it even if the one at hand is fresh.
            ahead_seconds: Fetch it if it will be out of date by then.

        Raises:
            StatusUnknownError, SignatureError, LimitExceededError: As `StatusChecker.check`.
        """
        with self._fetching[
            hash((issuer, uri)) % FETCHING_MAX
        ]:  # many presentations at once wait for one fetch
            now = self._clock()
            kept = self._kept(issuer, uri, key_of, now)
            if kept is not None and now + ahead_seconds < kept.stored.fresh_until and not force:
                return kept.list
            try:
                return self._renewed(issuer, uri, key_of, now, kept, force=force)
            except StatusUnknownError as err:
                if err.code != "status_unavailable" or kept is None:
                    raise
                if now < kept.stored.fresh_until + self.policy.outage_grace_seconds:
                    return kept.list
                raise StatusUnknownError(
                    "status_stale", "the list is out of date and cannot be renewed"
                ) from err

    def _kept(self, issuer: str, uri: str, key_of: KeyOf, now: int) -> _Open[List] | None:
        """What the process or the cache holds. A token from the cache is verified like a fetched one."""
        place = (issuer, uri)
        version = self._cache.version(issuer, uri)
        with self._lock:
            opened = self._open.get(place)
            if opened is not None:
                self._open.move_to_end(place)
        if version is None or (opened is not None and opened.version == version):
            return opened
        stored = self._cache.load(issuer, uri)
        if stored is None:  # removed in between
            return opened
        try:
            wanted = self._wanted(issuer, uri, key_of, now, grace=self.policy.outage_grace_seconds)
            changes = self._format.changes
            opened_list = (self._format if changes is None else changes).open(stored.token, wanted)
        except StatusUnknownError:
            return opened  # nothing usable is kept; the list is fetched again
        return self._remember(place, _Open(version, stored, opened_list, key_of))

    def _remember(self, place: tuple[str, str], opened: _Open[List]) -> _Open[List]:
        with self._lock:
            self._open[place] = opened
            self._open.move_to_end(place)
            size = sum(each.list.statuses.byte_length for each in self._open.values())
            while size > MAX_OPEN_BYTES and len(self._open) > 1:
                _, dropped = self._open.popitem(last=False)
                size -= dropped.list.statuses.byte_length
        return opened

    def _renewed(
        self, issuer: str, uri: str, key_of: KeyOf, now: int, kept: _Open[List] | None, *, force: bool
    ) -> List:
        with self._lock:
            failed_at = self._failed_at.get((issuer, uri))
        if not force and failed_at is not None and 0 <= now - failed_at < RETRY_SECONDS:
            raise StatusUnknownError("status_unavailable", "the list could not be fetched a moment ago")
        wanted = self._wanted(issuer, uri, key_of, now)
        followed = None if kept is None else self._followed(kept.list, wanted)
        if followed is None:
            text = self._fetch(issuer, uri, now)
            opened = self._format.open(text, wanted)
        else:
            text, opened = followed
        # Held against whatever was kept last, expired or not: a list never goes back.
        before = self._cache.load(issuer, uri)
        if before is not None and opened.issued_at < before.issued_at:
            raise StatusUnknownError("status_rollback", "the list is older than the one at hand")
        ttl = self.policy.default_ttl_seconds if opened.ttl is None else opened.ttl
        fresh_until = now + clamp_ttl(ttl)
        if opened.expires_at is not None:
            fresh_until = min(fresh_until, opened.expires_at)
        stored = StoredList(text, opened.issued_at, now, fresh_until)
        version = self._cache.save(issuer, uri, stored)
        # Where another worker kept a later one meanwhile, that one is opened at the next check.
        if version is not None:
            self._remember((issuer, uri), _Open(version, stored, opened, key_of))
        return opened

    def _followed(self, listed: List, wanted: WantedList) -> tuple[str, List] | None:
        """The newest list by its changes; None where that does not work, and the whole list is to be fetched."""
        changes = self._format.changes
        if changes is None:
            return None
        address = changes.uri_of(listed)
        for _ in range(MAX_CHANGES):
            if address is None:
                return None
            try:
                fetched = self._fetcher.get(
                    address, accept=changes.media_type, max_bytes=MAX_TOKEN_BYTES, max_redirects=MAX_REDIRECTS
                )
                text = fetched.body.decode("utf-8")
                listed = changes.apply(listed, text, wanted)
            except (TrustidError, UnicodeDecodeError):
                return None
            before, address = address, changes.uri_of(listed)
            if address == before:
                return changes.keep(listed, text), listed
        return None

    def _fetch(self, issuer: str, uri: str, now: int) -> str:
        place = (issuer, uri)
        try:
            fetched = self._fetcher.get(
                uri,
                accept=self._format.accept,
                max_bytes=MAX_TOKEN_BYTES,
                max_redirects=MAX_REDIRECTS,
            )
        except FetchError as err:
            if err.code != "fetch_limited":  # one peer asked too much: says nothing about the list
                with self._lock:
                    self._failed_at[place] = now
                    if len(self._failed_at) > MEMORY_LISTS_MAX:
                        self._failed_at.popitem(last=False)
            raise StatusUnknownError("status_unavailable", f"the list was not fetched ({err.code})") from err
        with self._lock:
            self._failed_at.pop(place, None)
        if fetched.media_type not in self._format.media_types:
            raise SignatureError(
                "typ_mismatch", f"expected {self._format.media_types[0]} from the list's address"
            )
        try:
            return fetched.body.decode("utf-8")
        except UnicodeDecodeError as err:
            raise StatusUnknownError("status_malformed", "expected a signed status list") from err

    def _wanted(self, issuer: str, uri: str, key_of: KeyOf, now: int, *, grace: int = 0) -> WantedList:
        return WantedList(issuer, uri, key_of, now, grace, self.policy.algorithms)
