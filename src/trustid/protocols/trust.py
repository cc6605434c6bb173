"""Whom a verifier trusts for what, and where the keys of those issuers are found.

Deciding about trust needs no network, and comes first; only for an issuer
that is trusted is anything fetched (`trustid.protocols.verifying`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trustid.credentials.issuer_keys import choose_jwk, issuer_jwks
from trustid.credentials.jose import DEFAULT_ALGORITHMS
from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import FetchError, MalformedError, TrustError
from trustid.fetching import Fetched
from trustid.keys import PublicKey

__all__ = ["ANY_TYPE", "IssuerMetadata", "MetadataFetcher", "TrustPolicy"]

ANY_TYPE = "*"
"""As a credential type in a policy: every type."""

METADATA_CACHE_SECONDS = 300
METADATA_CACHE_ENTRIES = 256
METADATA_MAX_BYTES = 128 * 1024
JSON_MEDIA_TYPE = "application/json"
JWKS_ACCEPT = "application/jwk-set+json, application/json"


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Whom and what a verifier accepts; every default is the strict one.

    Attributes:
        issuers: For each credential type the identifiers of the issuers that
            are trusted for it: a DID, or the https URL of an SD-JWT VC issuer.
        anchors: For each credential type the certificates (DER) that issuer
            certificates must lead to. Where a type has issuers and anchors, a
            certified issuer must fit both.
        algorithms: Signature algorithms, for issuers, holders and lists.
        clock_skew_seconds: How far clocks may differ.
        require_status: Refuse credentials that cannot be taken back.
        max_status_age_seconds: How long ago an issuer may have signed its list.
        require_key_binding: Refuse whoever does not prove to be the holder.
        key_binding_max_age_seconds: How long ago the holder may have signed.

    Example:
        >>> policy = TrustPolicy(issuers={"urn:degree": ["did:web:school.example"]})
        >>> policy.check_issuer("did:web:school.example", ["urn:degree"])
        >>> policy.check_issuer("did:web:mill.example", ["urn:degree"])
        Traceback (most recent call last):
        ...
        trustid.errors.TrustError: issuer_not_trusted: the issuer is not trusted for this type of credential
    """

    issuers: Mapping[str, Collection[str]] = field(default_factory=dict)
    anchors: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    algorithms: Collection[str] = DEFAULT_ALGORITHMS
    clock_skew_seconds: int = 60
    require_status: bool = False
    max_status_age_seconds: int = 7 * 24 * 3600
    require_key_binding: bool = True
    key_binding_max_age_seconds: int = 300

    def check_issuer(self, issuer: str | None, credential_types: Collection[str]) -> None:
        """Refuse an issuer that is not named for one of these types.

        Args:
            issuer: As the credential names it; compared exactly.
            credential_types: The types of the credential.

        Raises:
            TrustError: `issuer_not_trusted`.
        """
        for credential_type in (*credential_types, ANY_TYPE):
            if issuer is not None and issuer in self.issuers.get(credential_type, ()):
                return
        raise TrustError("issuer_not_trusted", "the issuer is not trusted for this type of credential")

    def names_issuers(self, credential_type: str) -> bool:
        """Whether issuers are named for a type, so that a certificate alone is not enough."""
        return bool(self.issuers.get(credential_type) or self.issuers.get(ANY_TYPE))

    def anchors_for(self, credential_type: str) -> tuple[bytes, ...]:
        """The certificates that an issuer's certificate may lead to; none for a type that has none."""
        return (*self.anchors.get(credential_type, ()), *self.anchors.get(ANY_TYPE, ()))


class MetadataFetcher(Protocol):
    """What is needed of `trustid.fetching.Fetcher`."""

    def get(self, url: str, *, accept: str, max_bytes: int | None = None) -> Fetched:
        """Fetch, or raise FetchError."""
        ...


class IssuerMetadata:
    """Keys of SD-JWT VC issuers that are named by an https URL.

    Fetched for trusted issuers only and kept for some minutes, so that an
    issuer does not see each presentation.

    Args:
        fetcher: The door to the network, or None to do without.
        clock: Epoch seconds.
        cache_seconds: How long keys are kept.
    """

    def __init__(
        self,
        fetcher: MetadataFetcher | None,
        *,
        clock: Callable[[], int],
        cache_seconds: int = METADATA_CACHE_SECONDS,
    ) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._kept: dict[str, tuple[int, JsonObject]] = {}
        self._lock = threading.Lock()

    def public_key(self, issuer: str, url: str, kid: str | None) -> PublicKey:
        """The key of an issuer that a token names.

        Args:
            issuer: The issuer's identifier; its metadata must name the same.
            url: Where the metadata stands.
            kid: The token's key identifier.

        Raises:
            FetchError: The metadata cannot be fetched or read.
            TrustError: `issuer_mismatch`, `issuer_key_unknown`.
            SignatureError: `key_not_found`.

        Reference:
            draft-ietf-oauth-sd-jwt-vc-19, section 4 (JWT VC issuer metadata).
        """
        now = self._clock()
        with self._lock:
            fetched_at, jwks = self._kept.get(url, (None, None))
        if jwks is None or fetched_at is None or not 0 <= now - fetched_at < self._cache_seconds:
            jwks = self._jwks(issuer, url)
            with self._lock:
                if len(self._kept) >= METADATA_CACHE_ENTRIES:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[url] = (now, jwks)
        return choose_jwk(jwks, kid)

    def _jwks(self, issuer: str, url: str) -> JsonObject:
        found = issuer_jwks(self._document(url, JSON_MEDIA_TYPE), issuer)
        return self._document(found, JWKS_ACCEPT) if isinstance(found, str) else found

    def _document(self, url: str, accept: str) -> JsonObject:
        if self._fetcher is None:
            raise FetchError("fetch_blocked", "nothing may be fetched here")
        fetched = self._fetcher.get(url, accept=accept, max_bytes=METADATA_MAX_BYTES)
        try:
            return parse_json_object(fetched.body)
        except MalformedError as err:
            raise FetchError("fetch_failed", "expected a JSON object at the issuer's address") from err
