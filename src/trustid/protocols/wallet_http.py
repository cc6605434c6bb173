"""How a wallet speaks HTTP, and what it takes of an answer that says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import urlsplit

from trustid.encoding import parse_json_object
from trustid.errors import FetchError, LimitExceededError, MalformedError, ProtocolError
from trustid.fetching import Fetched

__all__ = ["FORM", "JSON", "HttpClient", "error_of", "fetch", "printable", "web_host"]

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

ERROR_MAX: Final = 64


class HttpClient(Protocol):
    """What is needed of `trustid.fetching.Fetcher`."""

    def get(
        self, url: str, *, accept: str, max_bytes: int | None = None, raise_for_status: bool = True
    ) -> Fetched:
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


def fetch(http: HttpClient, url: str, *, accept: str, refusal: str) -> bytes:
    """What a link leads to; a link that was used or has ended is refused by name, not called unreachable.

    Args:
        http: The door to the network.
        url: Where it leads.
        accept: The media types taken.
        refusal: The code for an answer that says no.

    Raises:
        ProtocolError: `refusal`; the status is 400 to 499.
        FetchError: There is no usable answer.
    """
    answer = http.get(url, accept=accept, raise_for_status=False)
    if 400 <= answer.status < 500:
        raise ProtocolError(
            refusal, f"the link was answered with {answer.status} {error_of(answer)}".rstrip()
        )
    if answer.status >= 500:
        raise FetchError("fetch_failed", f"expected a resource, found status {answer.status}")
    return answer.body


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
