"""What may be fetched, and fetching it."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from trustid.errors import ConfigurationError, FetchError
from trustid.fetching.addresses import Resolve, check_public_name, checked_addresses, system_resolver
from trustid.fetching.deadline import deadline_after
from trustid.fetching.exchange import Answer, Request, connect, converse, tls_context
from trustid.fetching.limit import PeerLimit

__all__ = ["FetchPolicy", "Fetched", "Fetcher"]

MAX_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5.0
PEER_REQUESTS = 60
URL_LENGTH_MAX = 2048
REDIRECTS_MAX = 1
"""No caller may follow more hops than this."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_URL_TEXT = re.compile(r"[!-~]+")
_peer: ContextVar[str | None] = ContextVar("trustid_fetching_peer", default=None)


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """Where a fetcher may connect, and how much it takes.

    Attributes:
        allow_http_hosts: Exact `host:port` pairs admitted for http and
            loopback (`localhost:8001`, `[::1]:8001`); without a port, 80.
        allowed_ports: Ports admitted for every other host.
        max_bytes: Largest body.
        timeout_seconds: For one call as a whole: name look-up, connecting,
            reading and redirects together.
        max_redirects: Redirects followed by a GET that names no number; 0 or 1.
        peer_requests: Requests a minute on behalf of one peer (`Fetcher.on_behalf_of`).
        ca_file: PEM file of the authorities trusted in place of the system's.
    """

    allow_http_hosts: frozenset[str] = frozenset()
    allowed_ports: frozenset[int] = frozenset({443})
    max_bytes: int = MAX_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS
    max_redirects: int = 0
    peer_requests: int = PEER_REQUESTS
    ca_file: str | None = None
    _admitted: frozenset[tuple[str, int]] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        positive = self.max_bytes >= 1 and self.timeout_seconds > 0 and self.peer_requests >= 1
        if not positive or not 0 <= self.max_redirects <= REDIRECTS_MAX:
            raise ConfigurationError("setting_unsafe", "expected positive limits and at most one redirect")
        object.__setattr__(self, "_admitted", frozenset(_pair(text) for text in self.allow_http_hosts))

    def admits(self, host: str, port: int) -> bool:
        """Whether http and loopback are open for this host and port."""
        return (host, port) in self._admitted


def _pair(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as err:
        raise ConfigurationError("setting_unsafe", "expected host:port among the http hosts") from err
    if not host or parts.path or parts.query or parts.fragment or "@" in text:
        raise ConfigurationError("setting_unsafe", "expected host:port among the http hosts")
    return host, http.client.HTTP_PORT if port is None else port


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the other side answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """The media type of the body without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class _Target:
    """Where one request goes, after the URL was checked."""

    url: str
    secure: bool
    host: str
    port: int
    authority: str
    path_and_query: str
    admitted: bool

    @property
    def origin(self) -> tuple[bool, str, int]:
        return self.secure, self.host, self.port


class Fetcher:
    """Fetches over https from public hosts, and from nowhere else.

    Keeps nothing between calls but the count of `on_behalf_of`; threads may
    share one.

    Args:
        policy: Where it may connect.
        resolver: Finds the addresses of a name; the operating system's look-up
            by default, another one in tests.

    Raises:
        ConfigurationError: `setting_unsafe`; the file of authorities cannot be read.

    Example:
        >>> Fetcher().get("https://127.0.0.1/", accept="application/json")
        Traceback (most recent call last):
        ...
        trustid.errors.FetchError: fetch_blocked: expected a host name, found an address
    """

    def __init__(self, policy: FetchPolicy | None = None, *, resolver: Resolve = system_resolver) -> None:
        self.policy = policy or FetchPolicy()
        self._resolver = resolver
        self._limit = PeerLimit(self.policy.peer_requests)
        # The system's authorities take 20 ms to load: only when https is first used.
        self._tls = None if self.policy.ca_file is None else tls_context(self.policy.ca_file)

    @contextmanager
    def on_behalf_of(self, peer: str) -> Iterator[None]:
        """Count what this thread fetches inside the block for a peer.

        Past `FetchPolicy.peer_requests` a minute, its requests are refused as
        `fetch_limited` before any name is looked up; those of others go on.

        Args:
            peer: Whatever names the peer, such as the address of a client. The
                count is kept for each process: two workers allow twice as much.
        """
        token = _peer.set(peer)
        try:
            yield
        finally:
            _peer.reset(token)

    def get(
        self,
        url: str,
        *,
        accept: str,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        max_redirects: int | None = None,
        raise_for_status: bool = True,
    ) -> Fetched:
        """Fetch a resource.

        Args:
            url: An https URL of at most 2048 ASCII characters.
            accept: The media types taken, as an Accept header; an answer of
                another type is refused.
            headers: Further request headers; not sent on to another origin.
            max_bytes: Largest body; the policy's by default.
            max_redirects: 0 or 1; the policy's by default.
            raise_for_status: Whether a status of 400 and more is an error;
                if not, such an answer is returned whatever its type.

        Returns:
            The answer; `url` is where it came from in the end.

        Raises:
            FetchError: `fetch_blocked`, `port_not_allowed`, `fetch_timeout`,
                `fetch_limited`, `tls_invalid` or `fetch_failed`.
            LimitExceededError: `limit_exceeded`; the answer is too large.
        """
        limit = self.policy.max_bytes if max_bytes is None else max_bytes
        hops = self.policy.max_redirects if max_redirects is None else min(max_redirects, REDIRECTS_MAX)
        request = Request("GET", accept, dict(headers or {}), limit)
        return self._fetch(url, request, hops, raise_for_status)

    def post(
        self,
        url: str,
        *,
        body: bytes,
        content_type: str,
        accept: str,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        raise_for_status: bool = False,
    ) -> Fetched:
        """Send a body; never redirected, never repeated.

        An answer of 400 and more is returned too, since it says in JSON what
        was wrong; otherwise as `get`.
        """
        limit = self.policy.max_bytes if max_bytes is None else max_bytes
        request = Request("POST", accept, {**(headers or {}), "Content-Type": content_type}, limit, body)
        return self._fetch(url, request, 0, raise_for_status)

    def _fetch(self, url: str, request: Request, hops: int, raise_for_status: bool) -> Fetched:
        deadline = deadline_after(self.policy.timeout_seconds)
        target = _target(url, self.policy)
        answer = self._exchange(target, request, deadline)
        while answer.status in _REDIRECTS:
            if hops == 0:
                raise FetchError("fetch_blocked", "expected an answer, found a redirect")
            hops -= 1
            following = _redirected(target, answer, self.policy)
            if following.origin != target.origin:
                request = replace(request, headers={})
            target = following
            answer = self._exchange(target, request, deadline)
        fetched = Fetched(answer.status, answer.headers, answer.body, target.url)
        _check_answer(fetched, request.accept, raise_for_status)
        return fetched

    def _exchange(self, target: _Target, request: Request, deadline: float) -> Answer:
        peer = _peer.get()
        if peer is not None:
            self._limit.spend(peer, time.monotonic())
        addresses = checked_addresses(
            target.host,
            target.port,
            resolver=self._resolver,
            loopback_admitted=target.admitted,
            deadline=deadline,
        )
        if target.secure and self._tls is None:
            self._tls = tls_context(None)
        tls = self._tls if target.secure else None
        with connect(addresses, target.port, tls=tls, host=target.host, deadline=deadline) as sock:
            return converse(
                sock, request, target=target.path_and_query, authority=target.authority, deadline=deadline
            )


def _target(url: str, policy: FetchPolicy) -> _Target:
    """Check everything about a URL that needs no look-up."""
    if len(url) > URL_LENGTH_MAX or not _URL_TEXT.fullmatch(url) or "\\" in url:
        raise FetchError("fetch_blocked", f"expected a URL of at most {URL_LENGTH_MAX} ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as err:
        raise FetchError("fetch_blocked", "expected a URL with a host and a port number") from err
    secure = parts.scheme == "https"
    if parts.scheme not in ("https", "http") or "@" in parts.netloc:
        raise FetchError("fetch_blocked", "expected an https URL without a user name")
    default = http.client.HTTPS_PORT if secure else http.client.HTTP_PORT
    port = default if port is None else port
    admitted = policy.admits(host, port)
    if not admitted:
        check_public_name(host)
        if not secure:
            raise FetchError("fetch_blocked", "expected https, found http")
        if port not in policy.allowed_ports:
            raise FetchError("port_not_allowed", f"expected port 443, found {port}")
    name = f"[{host}]" if ":" in host else host
    return _Target(
        url=parts._replace(fragment="").geturl(),
        secure=secure,
        host=host,
        port=port,
        authority=name if port == default else f"{name}:{port}",
        path_and_query=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        admitted=admitted,
    )


def _redirected(target: _Target, answer: Answer, policy: FetchPolicy) -> _Target:
    try:
        url = urljoin(target.url, answer.headers.get("location", ""))
    except ValueError as err:
        raise FetchError("fetch_blocked", "expected a URL to be redirected to") from err
    following = _target(url, policy)
    if target.secure and not following.secure:
        raise FetchError("fetch_blocked", "expected a redirect to https, found http")
    return following


def _check_answer(answer: Fetched, accept: str, raise_for_status: bool) -> None:
    if answer.status >= 400:
        if raise_for_status:
            raise FetchError("fetch_failed", f"expected a resource, found status {answer.status}")
        return
    if answer.status >= 300:
        raise FetchError("fetch_failed", f"expected a resource, found status {answer.status}")
    accepted = [item.partition(";")[0].strip().lower() for item in accept.split(",")]
    kind = f"{answer.media_type.partition('/')[0]}/*"
    if answer.body and not {answer.media_type, kind, "*/*"} & set(accepted):
        raise FetchError("fetch_failed", f"expected {accept}, found {answer.media_type or 'no content type'}")
