"""Is a credential still good? Fetching, keeping and reading the list that it names.

A list is fetched when there is none or the one at hand is no longer fresh,
never for each presentation: whoever serves the list must not be able to
follow who shows what when. Everything that cannot be found out refuses.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from trustid.credentials.jose import DEFAULT_ALGORITHMS
from trustid.encoding import JsonObject
from trustid.errors import (
    FetchError,
    MalformedError,
    ResolutionError,
    RevokedError,
    SignatureError,
    StatusUnknownError,
    TrustidError,
    UnsupportedError,
    VerificationError,
)
from trustid.fetching import Fetched
from trustid.keys import PublicKey
from trustid.status import list_token
from trustid.status.cache import MEMORY_LISTS_MAX, MemoryStatusCache, StatusCache, StoredList
from trustid.status.list_token import StatusListToken
from trustid.status.token_list import INVALID, SUSPENDED, VALID

__all__ = [
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

KeyOf = Callable[[JsonObject, int], PublicKey]
"""From the header of a list's token, and the time, to the key of the issuer it must be signed with.

Called only for an issuer that is trusted already. It raises when the header
names no key of that issuer. It is kept for renewing the list, so it must hold
nothing of a person."""

MAX_REDIRECTS = 1
ACCEPT = f"{list_token.STATUS_LIST_MEDIA_TYPE}, */*;q=0"
"""Only this type is taken. The second part tells a server that, and lets the
wrong type arrive here, where it has a code of its own."""
MAX_URI = 2048
MAX_OPEN_BYTES = 256 * 1024 * 1024
"""How much of opened lists one process keeps; the least recently used goes first."""

FETCHING_MAX = 64
"""How many lists one process fetches at a time."""

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
        algorithms: Signature algorithms that are accepted.
    """

    max_age_seconds: int = 7 * 24 * 3600
    default_ttl_seconds: int = 3600
    outage_grace_seconds: int = 0
    algorithms: Collection[str] = DEFAULT_ALGORITHMS


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
        age_seconds: How long ago the issuer signed the list.
        uri: The list.
    """

    value: int
    age_seconds: int
    uri: str


@dataclass(frozen=True, slots=True)
class _Open:
    """A verified list in memory, with what is needed to renew it."""

    version: str | None
    stored: StoredList
    list: StatusListToken
    key_of: KeyOf


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
        self._fetcher = fetcher
        self._cache = cache or MemoryStatusCache()
        self._clock = clock
        self.policy = policy or StatusPolicy()
        self._open: OrderedDict[tuple[str, str], _Open] = OrderedDict()
        self._failed_at: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()
        # Few locks for all lists: two lists may wait for each other, but none can fill the memory.
        self._fetching = tuple(threading.Lock() for _ in range(FETCHING_MAX))

    def check(
        self, reference: Any, *, issuer: str, key_of: KeyOf, max_age_seconds: int | None = None
    ) -> StatusResult:
        """Refuse a credential unless its list says that it is valid.

        Call it only for a trusted issuer: the address in the reference is the
        issuer's wish that this machine should connect somewhere.

        Args:
            reference: The credential's `status` claim.
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
                `status_rollback` or `status_unavailable`.
            SignatureError: `typ_mismatch`: something else is served there.
            LimitExceededError: `limit_exceeded`: the list is too large.

        Cost:
            One look at the cache while the list is fresh.

        Reference:
            draft-ietf-oauth-status-list-21, sections 7.1 and 8.3.
        """
        place = StatusReference.parse(reference)
        current = self._current(issuer, place.uri, key_of, force=False)
        age = self._clock() - current.issued_at
        if age > min(self.policy.max_age_seconds, max_age_seconds or self.policy.max_age_seconds):
            raise StatusUnknownError("status_stale", f"the list is {age} seconds old")
        value = current.statuses.get(place.index)
        if value == INVALID:
            raise RevokedError("revoked", f"revoked in a list that is {age} seconds old")
        if value == SUSPENDED:
            raise RevokedError("suspended", f"suspended in a list that is {age} seconds old")
        if value != VALID:
            raise RevokedError("status_application", f"marked with the status {value:#04x} by its issuer")
        return StatusResult(value, max(age, 0), place.uri)

    def refresh(self, uri: str, *, issuer: str, key_of: KeyOf, force: bool = False) -> StatusListToken:
        """Have a list at hand before anybody asks for it.

        Args:
            uri: The list.
            issuer: As for `check`.
            key_of: As for `check`.
            force: Fetch it even if the one at hand is fresh.

        Raises:
            StatusUnknownError: As `check`.
        """
        return self._current(issuer, uri, key_of, force=force)

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
        with self._lock:
            known = [(*place, opened.key_of) for place, opened in self._open.items()]
        outcomes: list[tuple[str, TrustidError | None]] = []
        for issuer, uri, key_of in known:
            try:
                self._current(issuer, uri, key_of, force=force, ahead_seconds=ahead_seconds)
                outcomes.append((uri, None))
            except TrustidError as err:
                outcomes.append((uri, err))
        return tuple(outcomes)

    def _current(
        self, issuer: str, uri: str, key_of: KeyOf, *, force: bool, ahead_seconds: int = 0
    ) -> StatusListToken:
        """The list at hand if it is fresh, otherwise a new one."""
        with self._fetching[
            hash((issuer, uri)) % FETCHING_MAX
        ]:  # many presentations at once wait for one fetch
            now = self._clock()
            kept = self._kept(issuer, uri, key_of, now)
            if kept is not None and now + ahead_seconds < kept.stored.fresh_until and not force:
                return kept.list
            try:
                return self._renewed(issuer, uri, key_of, now, force=force)
            except StatusUnknownError as err:
                if err.code != "status_unavailable" or kept is None:
                    raise
                if now < kept.stored.fresh_until + self.policy.outage_grace_seconds:
                    return kept.list
                raise StatusUnknownError(
                    "status_stale", "the list is out of date and cannot be renewed"
                ) from err

    def _kept(self, issuer: str, uri: str, key_of: KeyOf, now: int) -> _Open | None:
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
            token = self._verified(stored.token, uri, key_of, now, grace=self.policy.outage_grace_seconds)
        except StatusUnknownError:
            return opened  # nothing usable is kept; the list is fetched again
        return self._remember(place, _Open(version, stored, token, key_of))

    def _remember(self, place: tuple[str, str], opened: _Open) -> _Open:
        with self._lock:
            self._open[place] = opened
            self._open.move_to_end(place)
            size = sum(each.list.statuses.byte_length for each in self._open.values())
            while size > MAX_OPEN_BYTES and len(self._open) > 1:
                _, dropped = self._open.popitem(last=False)
                size -= dropped.list.statuses.byte_length
        return opened

    def _renewed(self, issuer: str, uri: str, key_of: KeyOf, now: int, *, force: bool) -> StatusListToken:
        text = self._fetch(issuer, uri, now, force=force)
        token = self._verified(text, uri, key_of, now)
        # Held against whatever was kept last, expired or not: a list never goes back.
        before = self._cache.load(issuer, uri)
        if before is not None and token.issued_at < before.issued_at:
            raise StatusUnknownError("status_rollback", "the list is older than the one at hand")
        ttl = self.policy.default_ttl_seconds if token.ttl is None else token.ttl
        fresh_until = now + list_token.clamp_ttl(ttl)
        if token.expires_at is not None:
            fresh_until = min(fresh_until, token.expires_at)
        stored = StoredList(text, token.issued_at, now, fresh_until)
        self._cache.save(issuer, uri, stored)
        self._remember((issuer, uri), _Open(self._cache.version(issuer, uri), stored, token, key_of))
        return token

    def _fetch(self, issuer: str, uri: str, now: int, *, force: bool) -> str:
        place = (issuer, uri)
        with self._lock:
            failed_at = self._failed_at.get(place)
        if not force and failed_at is not None and 0 <= now - failed_at < RETRY_SECONDS:
            raise StatusUnknownError("status_unavailable", "the list could not be fetched a moment ago")
        try:
            fetched = self._fetcher.get(
                uri,
                accept=ACCEPT,
                max_bytes=list_token.MAX_TOKEN_BYTES,
                max_redirects=MAX_REDIRECTS,
            )
        except FetchError as err:
            with self._lock:
                self._failed_at[place] = now
                if len(self._failed_at) > MEMORY_LISTS_MAX:
                    self._failed_at.popitem(last=False)
            raise StatusUnknownError("status_unavailable", f"the list was not fetched ({err.code})") from err
        with self._lock:
            self._failed_at.pop(place, None)
        if fetched.media_type != list_token.STATUS_LIST_MEDIA_TYPE:
            raise SignatureError(
                "typ_mismatch", f"expected {list_token.STATUS_LIST_MEDIA_TYPE} from the list's address"
            )
        try:
            return fetched.body.decode("ascii")
        except UnicodeDecodeError as err:
            raise StatusUnknownError("status_malformed", "expected a signed status list") from err

    def _verified(self, text: str, uri: str, key_of: KeyOf, now: int, *, grace: int = 0) -> StatusListToken:
        token = list_token.parse(text)
        try:
            key = key_of(token.header, now)
        except (FetchError, ResolutionError) as err:
            raise StatusUnknownError(
                "status_unavailable", f"the list's key was not found ({err.code})"
            ) from err
        except (VerificationError, MalformedError, UnsupportedError) as err:
            raise StatusUnknownError(
                "status_untrusted", f"the list names no key of the issuer ({err.code})"
            ) from err
        return list_token.verify(
            token, key, uri=uri, now=now, algorithms=self.policy.algorithms, grace_seconds=grace
        )
