"""From a DID to its document, and from a DID URL to a key.

Documents that had to be fetched are kept for `cache_seconds`; a failure is
remembered for at most a minute, so that a host that is down is not asked again
for every credential, and never hides a document that is there. A document past
its age is never used because a newer one could not be had.

A DID that is its own document (did:key, did:jwk, did:peer) says the same for
ever: a method that was read from one is kept until others take its place.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trustid.did import jwk, key, peer, web, webvh
from trustid.did.document import DidDocument, VerificationMethod
from trustid.did.resolution import History, Resolution, failure_to_json
from trustid.did.syntax import Did, DidUrl
from trustid.errors import ConfigurationError, ResolutionError, TrustError, TrustidError
from trustid.fetching import Fetcher
from trustid.keys import PublicKey

__all__ = ["Resolution", "Resolver", "failure_to_json"]

CACHE_SECONDS = 300
CACHE_SECONDS_MAX = 24 * 3600
NEGATIVE_SECONDS_MAX = 60
CACHE_ENTRIES_MAX = 1024
LOCAL_METHODS_MAX = 256
"""Methods of DIDs that are their own documents: a verifier meets the same few issuers again and again."""

# fetch_limited says something about the peer, nothing about the DID; the others are
# to be mended by the controller, and did:webvh asks not to keep them.
_NOT_KEPT = frozenset({"fetch_limited", "did_log_invalid", "did_log_proof", "did_log_parameters"})

Method = Callable[[Did], Resolution]
"""How one DID method resolves."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known about a DID since a moment: a resolution, or why there is none."""

    since: int
    outcome: Resolution | TrustidError


class Resolver:
    """Resolves did:key, did:jwk and did:peer at once, did:web and did:webvh through a fetcher.

    Threads may share one.

    Args:
        fetcher: Without one, did:web and did:webvh cannot be reached.
        cache_seconds: How long a fetched document is used, 0 to 24 hours.
        clock: Gives the epoch seconds.
        methods: Further methods, or others in place of these; theirs are
            cached like did:web.

    Attributes:
        methods: The names of the methods that it resolves.

    Raises:
        ConfigurationError: `setting_unsafe`; cache_seconds is out of range.

    Example:
        >>> did = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
        >>> resolver = Resolver(None, clock=lambda: 0)
        >>> key = resolver.public_key(did + "#" + did.removeprefix("did:key:"), "assertionMethod")
        >>> key.algorithm
        'EdDSA'
    """

    def __init__(
        self,
        fetcher: Fetcher | None,
        *,
        cache_seconds: int = CACHE_SECONDS,
        clock: Callable[[], int],
        methods: Mapping[str, Method] | None = None,
    ) -> None:
        if not 0 <= cache_seconds <= CACHE_SECONDS_MAX:
            raise ConfigurationError(
                "setting_unsafe", f"expected cache_seconds from 0 to {CACHE_SECONDS_MAX}"
            )
        self._fetcher = fetcher
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._local: dict[str, Callable[[Did], DidDocument]] = {
            "key": key.resolve,
            "jwk": jwk.resolve,
            "peer": peer.resolve,
        }
        self._remote: dict[str, Method] = {
            "web": self._resolve_web,
            "webvh": self._resolve_webvh,
            **(methods or {}),
        }
        self.methods = frozenset({*self._local, *self._remote})
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._local_methods: dict[tuple[str, str | None], VerificationMethod] = {}
        self._lock = threading.Lock()

    def resolve(self, did: str) -> Resolution:
        """Find the document of a DID.

        Raises:
            ResolutionError: `did_malformed`, `did_method_unsupported`,
                `did_not_found`, `did_unreachable`, `did_document_invalid`,
                `did_document_mismatch`, `did_log_invalid`, `did_log_proof` or
                `did_log_parameters`.
            UnsupportedError: A did:key or did:peer of an unknown kind.
            FetchError: The host may not be reached, or its TLS is not valid.

        Reference:
            W3C DID Resolution 1.0, section 4.4.
        """
        return self._resolve(Did.parse(did))

    def verification_method(
        self, did_url: str, relationship: str | None, *, at: float | None = None
    ) -> VerificationMethod:
        """Find the verification method that a DID URL names.

        Args:
            did_url: An absolute DID URL with a fragment.
            relationship: What the key must be listed for, such as
                "assertionMethod" or "authentication"; None for anything.
            at: The key must have been listed at this time (epoch seconds),
                for methods that keep their history; those that do not are
                asked for what is listed now. Whoever stole a key that has been
                rotated since can date a signature back: give a time that
                somebody else vouches for, or none.

        Raises:
            TrustError: `issuer_revoked` when the DID was deactivated;
                `issuer_key_unknown` when the key is not listed (any more).
            UnsupportedError: The key is of a kind that is not spoken here.
            ResolutionError, FetchError: As `resolve`.
        """
        known = self._local_methods.get((did_url, relationship))
        if known is not None:
            return known
        url = DidUrl.parse(did_url)
        if not url.fragment:
            raise TrustError("issuer_key_unknown", "expected a DID URL with a fragment that names the key")
        resolution = self._resolve(url.did)
        if resolution.deactivated:
            raise TrustError("issuer_revoked", "expected an active DID, found a deactivated one")
        if at is not None and resolution.history is not None:
            resolution = _version_at(resolution.history, at)
        method = resolution.document.verification_method(url, relationship)
        if url.did.method not in self._remote:
            self._keep_local(did_url, relationship, method)
        return method

    def public_key(self, did_url: str, relationship: str | None, *, at: float | None = None) -> PublicKey:
        """Find the key that a DID URL names; as `verification_method`."""
        return self.verification_method(did_url, relationship, at=at).public_key

    def _resolve(self, did: Did) -> Resolution:
        if did.method in self._remote:
            return self._resolve_remote(did)
        if did.method in self._local:
            return Resolution(self._local[did.method](did))
        raise ResolutionError(
            "did_method_unsupported", f"expected one of the methods {', '.join(sorted(self.methods))}"
        )

    def _resolve_web(self, did: Did) -> Resolution:
        if self._fetcher is None:
            raise ResolutionError("did_unreachable", "expected a fetcher for did:web, found none")
        return Resolution(web.resolve(did, self._fetcher), {}, self._clock())

    def _resolve_webvh(self, did: Did) -> Resolution:
        if self._fetcher is None:
            raise ResolutionError("did_unreachable", "expected a fetcher for did:webvh, found none")
        return webvh.resolve(did, self._fetcher, now=self._clock())

    def _resolve_remote(self, did: Did) -> Resolution:
        name, now = str(did), self._clock()
        kept = self._fresh(name, now)
        if kept is None:
            outcome: Resolution | TrustidError
            try:
                outcome = self._remote[did.method](did)
            except TrustidError as err:
                if err.code not in _NOT_KEPT:
                    self._keep(name, _Kept(now, type(err)(err.code, err.message)))
                raise
            self._keep(name, _Kept(now, outcome))
            return outcome
        if isinstance(kept.outcome, TrustidError):
            # A new object each time: one exception raised twice would gather tracebacks.
            raise type(kept.outcome)(kept.outcome.code, kept.outcome.message)
        return kept.outcome

    def _fresh(self, name: str, now: int) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                return None
            limit = self._cache_seconds
            if isinstance(kept.outcome, TrustidError):
                limit = min(limit, NEGATIVE_SECONDS_MAX)
            elif kept.outcome.cache_seconds is not None:
                limit = min(limit, kept.outcome.cache_seconds)
            # A clock that went back makes an entry old, not young.
            if not 0 <= now - kept.since < limit:
                del self._kept[name]
                return None
            self._kept.move_to_end(name)
            return kept

    def _keep(self, name: str, kept: _Kept) -> None:
        with self._lock:
            self._kept[name] = kept
            self._kept.move_to_end(name)
            while len(self._kept) > CACHE_ENTRIES_MAX:
                self._kept.popitem(last=False)

    def _keep_local(self, did_url: str, relationship: str | None, method: VerificationMethod) -> None:
        with self._lock:
            while len(self._local_methods) >= LOCAL_METHODS_MAX:
                del self._local_methods[next(iter(self._local_methods))]
            self._local_methods[did_url, relationship] = method


def _version_at(history: History, at: float) -> Resolution:
    try:
        return history.at(at)
    except ResolutionError as err:
        raise TrustError("issuer_key_unknown", "expected a key that was listed at that time") from err
