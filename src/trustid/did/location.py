"""Where did:web and did:webvh keep their files: from the end of the DID to a host and a path.

The host must be spelled as a name server would print it: lower case, labels of
letters, digits and hyphens (international names in their `xn--` form), no dot
at the end; a port as `%3A8443`. Path segments are letters, digits and `.-_`, or
percent-encoded, but never what another program could read as a way out of the
path. Whether the host may be reached at all is decided by the fetcher.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from trustid.errors import FetchError, ResolutionError
from trustid.fetching import Fetched, Fetcher

__all__ = ["Location"]

HOST_LENGTH_MAX = 253
PATH_SEGMENTS_MAX = 16
SEGMENT_LENGTH_MAX = 256

_HOST = re.compile(r"([a-z0-9.-]+)(?:%3A([1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._-]|%[0-9A-F]{2})+")
_ESCAPE = re.compile(r"%([0-9A-F]{2})")
# Escapes that are refused in a path: controls, space, and " # % . / : ? @ \ DEL.
_UNSAFE = frozenset(range(0x21)) | frozenset(b'"#%./:?@\\') | {0x7F}
_HTTP_PORT = 80
_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Location:
    """A place on the web, as a DID spells it.

    Attributes:
        host: The host's name.
        port: None for the scheme's own.
        segments: Of the path; none means `.well-known`.
    """

    host: str
    port: int | None
    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the part of a DID that says where: `host[%3Aport][:segment]*`.

        Raises:
            ResolutionError: `did_malformed`.

        Example:
            >>> Location.parse("example.com%3A3000:user:alice").url("did.json")
            'https://example.com:3000/user/alice/did.json'
        """
        name, *segments = text.split(":")
        match = _HOST.fullmatch(name)
        host, port = (match[1], match[2]) if match else ("", None)
        if len(host) > HOST_LENGTH_MAX or not all(_LABEL.fullmatch(label) for label in host.split(".")):
            raise ResolutionError(
                "did_malformed", "expected a host name in lower case, with %3A before a port"
            )
        if port is not None and int(port) > 0xFFFF:
            raise ResolutionError("did_malformed", "expected a port up to 65535")
        if len(segments) > PATH_SEGMENTS_MAX or not all(_is_plain(segment) for segment in segments):
            raise ResolutionError("did_malformed", "expected plain path segments")
        return cls(host, None if port is None else int(port), tuple(segments))

    @classmethod
    def of_url(cls, url: str, *path: str) -> Self:
        """The location under a public URL.

        Raises:
            ResolutionError: `did_malformed`; no DID can spell this URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as err:
            raise ResolutionError("did_malformed", "expected a URL with a host") from err
        if parts.scheme not in ("https", "http") or parts.query or parts.fragment or "@" in parts.netloc:
            raise ResolutionError("did_malformed", "expected an https URL without query and fragment")
        if port == (_HTTPS_PORT if parts.scheme == "https" else _HTTP_PORT):
            port = None
        name = host if port is None else f"{host}%3A{port}"
        segments = [segment for segment in parts.path.strip("/").split("/") if segment]
        return cls.parse(":".join([name, *segments, *path]))

    def __str__(self) -> str:
        name = self.host if self.port is None else f"{self.host}%3A{self.port}"
        return ":".join((name, *self.segments))

    @property
    def base(self) -> str:
        """The URL of the folder, without `.well-known`, ending in a slash."""
        port = "" if self.port is None else f":{self.port}"
        return "/".join((f"https://{self.host}{port}", *self.segments, ""))

    def url(self, file: str) -> str:
        """Where a file of the DID lies."""
        return f"{self.base}{'' if self.segments else '.well-known/'}{file}"

    def fetch(self, fetcher: Fetcher, file: str, *, accept: str, max_bytes: int) -> Fetched:
        """Fetch a file of the DID, never through a redirect.

        Over http only from hosts that the fetcher's policy admits, in development.

        Raises:
            ResolutionError: `did_not_found` or `did_unreachable`.
            FetchError: `fetch_blocked`, `port_not_allowed`, `fetch_limited` or `tls_invalid`.
            LimitExceededError: `limit_exceeded`.
        """
        url = self.url(file)
        port = self.port or _HTTP_PORT
        if fetcher.policy.admits(self.host, port):
            url = f"http://{self.host}:{port}{urlsplit(url).path}"
        try:
            answer = fetcher.get(
                url, accept=accept, max_bytes=max_bytes, max_redirects=0, raise_for_status=False
            )
        except FetchError as err:
            if err.code in ("fetch_failed", "fetch_timeout"):
                raise ResolutionError("did_unreachable", err.message) from err
            raise
        if answer.status in (404, 410):
            raise ResolutionError("did_not_found", f"expected {file}, found status {answer.status}")
        if answer.status >= 400:
            raise ResolutionError("did_unreachable", f"expected {file}, found status {answer.status}")
        return answer


def _is_plain(segment: str) -> bool:
    if len(segment) > SEGMENT_LENGTH_MAX or not _SEGMENT.fullmatch(segment) or set(segment) == {"."}:
        return False
    return all(int(code, 16) not in _UNSAFE for code in _ESCAPE.findall(segment))
