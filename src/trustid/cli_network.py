"""What the command line may reach: public https, and in development the loopback hosts it was given."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from trustid.encoding import parse_json
from trustid.errors import ConfigurationError, MalformedError
from trustid.fetching import Fetcher, FetchPolicy
from trustid.keys.x509 import certificate_from_pem

__all__ = ["fetcher_for", "loopback_hosts", "read_anchors"]

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
ANCHOR_BYTES_MAX: Final = 64 * 1024


def fetcher_for(*given: str) -> Fetcher:
    """The door to the network for a command.

    With TRUSTID_ALLOW_HTTP=1, http and loopback are open for exactly those
    hosts that stand in what the person gave, and for no other.

    Args:
        given: Links, URLs and DIDs from the command line.

    Raises:
        ConfigurationError: TRUSTID_ALLOW_HTTP is neither 0 nor 1.
    """
    allowed = os.environ.get("TRUSTID_ALLOW_HTTP", "0")
    if allowed not in ("0", "1"):
        raise ConfigurationError("setting_unsafe", "TRUSTID_ALLOW_HTTP: expected 0 or 1")
    hosts = loopback_hosts(given) if allowed == "1" else frozenset()
    return Fetcher(FetchPolicy(allow_http_hosts=hosts))


def loopback_hosts(given: Iterable[str]) -> frozenset[str]:
    """The `host:port` pairs of this machine that stand in links, URLs and DIDs."""
    found: set[str] = set()
    for text in given:
        for place in _addresses(text):
            try:
                parts = urlsplit(place)
                port = parts.port
            except ValueError:
                continue
            if parts.hostname in LOOPBACK_NAMES:
                name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
                found.add(f"{name}:{port or (443 if parts.scheme == 'https' else 80)}")
    return frozenset(found)


def _addresses(text: str) -> Iterable[str]:
    """Every address in a link: itself, its parameters, the issuer of an offer by value, the host of a did:web."""
    texts = [text]
    try:
        parameters = parse_qsl(urlsplit(text).query, max_num_fields=40)
    except ValueError:
        parameters = []
    for name, value in parameters:
        texts.append(value)
        if name == "credential_offer":
            texts.append(_issuer_of(value))
    for one in texts:
        if one.startswith(("http://", "https://")):
            yield one
        host = one.partition("did:web:")[2].partition(":")[0].partition("#")[0]
        if host:
            yield f"http://{unquote(host)}"


def _issuer_of(offer: str) -> str:
    try:
        value = parse_json(offer)
    except MalformedError:
        return ""
    issuer = value.get("credential_issuer") if isinstance(value, dict) else None
    return issuer if isinstance(issuer, str) else ""


def read_anchors(files: Iterable[Path]) -> tuple[bytes, ...]:
    """Read trust anchors from PEM files.

    Raises:
        ConfigurationError: A file cannot be read.
        TrustError: `x5c_invalid`: a file holds no certificate.
    """
    anchors = []
    for file in files:
        try:
            with file.open("rb") as stream:
                anchors.append(certificate_from_pem(stream.read(ANCHOR_BYTES_MAX)))
        except OSError as err:
            raise ConfigurationError(
                "setting_missing", f"--trust-anchor: {file.name} cannot be read"
            ) from err
    return tuple(anchors)
