"""Which hosts and addresses count as public, and the one look-up of a name."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Sequence

from trustid.errors import FetchError
from trustid.fetching.deadline import remaining

__all__ = ["Address", "Resolve", "check_public_name", "checked_addresses", "system_resolver"]

Resolve = Callable[[str, int], Sequence[str]]
"""Turns (host name, port) into the text form of every address it has."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

HOST_LENGTH_MAX = 253
ADDRESSES_MAX = 64
RESOLVING_MAX = 32
"""Name look-ups that may hang at one time; a further one waits for its turn."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRIVATE_SUFFIXES = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "home.arpa",
    "onion",
)

# IANA IPv4 and IPv6 special-purpose registries (RFC 6890 and its updates), and
# Azure's wire server 168.63.129.16, a metadata service on a public address.
_BLOCKED_V4 = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_BLOCKED_V6 = tuple(
    ipaddress.IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_resolving = threading.BoundedSemaphore(RESOLVING_MAX)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system for every address of a name."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_public_name(host: str) -> None:
    """Refuse addresses in every spelling, and names of this machine and network.

    Public addresses are refused as well: certificates name hosts.

    Raises:
        FetchError: `fetch_blocked`.
    """
    labels = host.split(".")
    if ":" in host or "%" in host or _NUMBER.fullmatch(labels[-1]):
        # RFC 3986 would let "2130706433" and "0x7f.1" be names; resolvers read them as addresses.
        raise FetchError("fetch_blocked", "expected a host name, found an address")
    if len(host) > HOST_LENGTH_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise FetchError("fetch_blocked", "expected a host name of letters, digits and hyphens")
    if len(labels) < 2 or any(host == suffix or host.endswith(f".{suffix}") for suffix in _PRIVATE_SUFFIXES):
        raise FetchError("fetch_blocked", "expected a public host name, found a local one")


def checked_addresses(
    host: str, port: int, *, resolver: Resolve, loopback_admitted: bool, deadline: float
) -> list[Address]:
    """Resolve a name once; every address must be one that may be reached.

    Args:
        host: A name, or an address of the configured hosts.
        loopback_admitted: Whether this host was configured for loopback.

    Raises:
        FetchError: `fetch_blocked` when any address is not public, even if
            others are; `fetch_failed` when there is none; `fetch_timeout`.
    """
    try:
        found: Sequence[str] = [str(ipaddress.ip_address(host))]
    except ValueError:
        found = _resolve_within(host, port, resolver, deadline)
    if not 0 < len(found) <= ADDRESSES_MAX:
        raise FetchError(
            "fetch_failed", f"expected 1 to {ADDRESSES_MAX} addresses for the host, found {len(found)}"
        )
    addresses: list[Address] = []
    for text in dict.fromkeys(found):
        try:
            address = ipaddress.ip_address(text)
        except ValueError as err:
            raise FetchError("fetch_blocked", "expected addresses from the resolver") from err
        if not (_is_public(address) or (loopback_admitted and _unwrapped(address).is_loopback)):
            raise FetchError("fetch_blocked", "the host has an address that is not public")
        addresses.append(address)
    return addresses


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped or NAT64 address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        return False
    inner = _unwrapped(address)
    if isinstance(inner, ipaddress.IPv4Address):
        return not any(inner in network for network in _BLOCKED_V4)
    return inner in _GLOBAL_V6 and not any(inner in network for network in _BLOCKED_V6)


def _resolve_within(host: str, port: int, resolver: Resolve, deadline: float) -> Sequence[str]:
    """Run the look-up in a thread: the operating system's has no deadline of its own."""
    answer: list[Sequence[str]] = []
    if not _resolving.acquire(timeout=remaining(deadline)):
        raise FetchError("fetch_timeout", "too many name look-ups are waiting")

    def look_up() -> None:
        try:
            answer.append(list(resolver(host, port)))
        except (OSError, UnicodeError):
            answer.append(())  # no such name: reported as no address
        finally:
            _resolving.release()

    thread = threading.Thread(target=look_up, daemon=True, name="trustid-resolve")
    thread.start()
    thread.join(remaining(deadline))
    if not answer:
        raise FetchError("fetch_timeout", "the name was not resolved in time")
    return answer[0]
