"""The one door for all outbound HTTP: it connects only where it may."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["FetchPolicy", "Fetched", "Fetcher", "Resolve", "system_resolver"]

Resolve = Callable[[str, int], Sequence[str]]
"""Turns (host name, port) into the text form of every address it has."""

MAX_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5.0


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system for every address of a name."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """Where a fetcher may connect, and how much it takes.

    Attributes:
        allow_http_hosts: exact `host:port` pairs admitted for http and loopback.
        allowed_ports: ports admitted for every other host.
        max_bytes: largest body.
        timeout_seconds: for one call as a whole, name resolution and redirects included.
        max_redirects: redirects followed unless the call says otherwise.
    """

    allow_http_hosts: frozenset[str] = frozenset()
    allowed_ports: frozenset[int] = frozenset({443})
    max_bytes: int = MAX_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS
    max_redirects: int = 0
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the other side answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Fetcher:
    """Fetches over https from public addresses, and from nowhere else."""

    def __init__(self, policy: FetchPolicy | None = None, *, resolver: Resolve = system_resolver) -> None:
        self.policy = policy or FetchPolicy()
        self._resolver = resolver

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
        """GET a resource; raises FetchError for anything but a 2xx answer of type `accept`."""
        raise NotImplementedError

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
        """POST a body; gives back 4xx answers too (they carry the error as JSON). Never redirected."""
        raise NotImplementedError

    def close(self) -> None:
        """Close connections kept open."""
