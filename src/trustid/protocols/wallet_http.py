"""How a wallet speaks HTTP, and what it takes of an answer that says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import urlsplit

from trustid.encoding import parse_json_object
from trustid.errors import LimitExceededError, MalformedError
from trustid.fetching import Fetched

__all__ = ["FORM", "JSON", "HttpClient", "error_of", "printable", "web_host"]

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

ERROR_MAX: Final = 64


class HttpClient(Protocol):
    """What is needed of `trustid.fetching.Fetcher`."""

    def get(self, url: str, *, accept: str, max_bytes: int | None = None) -> Fetched:
        """Fetch, or raise FetchError."""
        ...

    def post(
        self,
        url: str,
        *,
        body: bytes,
        content_type: str,
        accept: str,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Fetched:
        """Send; answers of 400 and more are returned."""
        ...


def error_of(answer: Fetched) -> str:
    """The error code of an answer (OAuth's `error`, or `code`), fit to be shown; empty if there is none."""
    try:
        body = parse_json_object(answer.body)
    except (MalformedError, LimitExceededError):
        return ""
    code = body.get("error") or body.get("code")
    return printable(code, ERROR_MAX) if isinstance(code, str) else ""


def web_host(url: str) -> str:
    """The host of a URL, with its port if it names one.

    Raises:
        MalformedError: Not an https (or, in development, http) URL with a host.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as err:
        raise MalformedError("malformed", "expected a URL with a host") from err
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc:
        raise MalformedError("malformed", "expected an https URL with a host")
    return parts.netloc


def printable(text: str, most: int) -> str:
    """Text from elsewhere: bounded, without characters that steer a terminal or turn the reading direction."""
    return "".join(character for character in text[:most] if character.isprintable())
