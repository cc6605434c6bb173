"""One request and its answer over one connection, against a deadline and a size."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from trustid.errors import ConfigurationError, FetchError, LimitExceededError
from trustid.fetching.addresses import Address
from trustid.fetching.deadline import remaining

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Answer", "Request", "connect", "converse", "tls_context"]

HEADER_BYTES_MAX = 64 * 1024
FRAMING_FACTOR = 4
"""Bytes on the wire for each byte of body, at most: bounds chunked framing."""
READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    accept: str
    headers: Mapping[str, str]
    max_bytes: int
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case, cookies left out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 and later, certificate and name checked.

    Not `ssl.create_default_context`: that one writes the session secrets to a
    file when the environment names one in SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(cafile=ca_file)
    except OSError as err:
        raise ConfigurationError(
            "setting_unsafe", "the file of certificate authorities cannot be read"
        ) from err
    return context


def connect(
    addresses: Sequence[Address], port: int, *, tls: ssl.SSLContext | None, host: str, deadline: float
) -> socket.socket:
    """Connect to the first checked address that answers, and to no other.

    Args:
        addresses: Where it may connect; tried in this order.
        tls: None for plain http.
        host: The name that the certificate must carry.
    """
    problem: OSError | None = None
    for address in addresses:
        sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        try:
            sock.settimeout(remaining(deadline))
            sock.connect((str(address), port))
        except OSError as err:
            sock.close()
            problem = err
        except FetchError:
            sock.close()
            raise
        else:
            return sock if tls is None else _secured(sock, tls, host, deadline)
    if isinstance(problem, TimeoutError):
        raise FetchError("fetch_timeout", "no connection in time") from problem
    raise FetchError("fetch_failed", "no connection") from problem


def _secured(sock: socket.socket, tls: ssl.SSLContext, host: str, deadline: float) -> ssl.SSLSocket:
    try:
        sock.settimeout(remaining(deadline))
        return tls.wrap_socket(sock, server_hostname=host)
    except TimeoutError as err:
        raise FetchError("fetch_timeout", "no TLS connection in time") from err
    except (ssl.SSLError, ssl.CertificateError) as err:
        raise FetchError("tls_invalid", f"TLS failed: {err.reason or type(err).__name__}") from err
    except (OSError, ValueError) as err:
        raise FetchError("fetch_failed", "the connection broke before it was secured") from err
    finally:
        sock.close()  # after success the TLS socket owns the descriptor, and this does nothing


def converse(
    sock: socket.socket, request: Request, *, target: str, authority: str, deadline: float
) -> Answer:
    """Send a request and read the answer.

    Args:
        target: Path and query.
        authority: Host and, unless it is the scheme's own, port.

    Raises:
        FetchError: `fetch_timeout` or `fetch_failed`.
        LimitExceededError: `limit_exceeded`; header or body is too large.
    """
    channel = _Channel(sock, deadline)
    connection = http.client.HTTPConnection("checked.invalid")
    connection.auto_open = 0  # never connect by yourself
    connection.sock = cast(socket.socket, channel)
    headers = {
        **request.headers,
        "Host": authority,
        "Accept": request.accept,
        "Accept-Encoding": "identity",
        "User-Agent": "trustid",
        "Connection": "close",
    }
    try:
        connection.request(request.method, target, body=request.body, headers=headers)
        response = connection.getresponse()
        channel.limit = HEADER_BYTES_MAX + FRAMING_FACTOR * request.max_bytes
        return _answer(response, request.max_bytes)
    except LimitExceededError:
        raise
    except TimeoutError as err:
        raise FetchError("fetch_timeout", "the answer did not come in time") from err
    except (OSError, http.client.HTTPException, ValueError) as err:
        channel.check_limit()  # http.client takes every ValueError in chunked framing for its own
        raise FetchError("fetch_failed", f"the exchange broke: {type(err).__name__}") from err


def _answer(response: http.client.HTTPResponse, max_bytes: int) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        if key != "set-cookie":
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    if response.status < 200:
        raise FetchError("fetch_failed", f"expected an answer, found status {response.status}")
    if headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise FetchError("fetch_failed", "expected no transfer coding but chunked")
    if headers.get("content-encoding", "identity").lower() != "identity":
        # Asked for identity; unpacking what was sent anyway would invite decompression bombs.
        raise FetchError("fetch_failed", "expected no content coding")
    return Answer(response.status, headers, _body(response, max_bytes))


def _body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    room = max_bytes + 1
    if response.length is not None and response.length > max_bytes:
        raise LimitExceededError(
            "limit_exceeded", f"expected at most {max_bytes} bytes, found {response.length}"
        )
    while room > 0 and (piece := response.read(min(READ_BYTES, room))):
        pieces.append(piece)
        room -= len(piece)
    if room <= 0:
        raise LimitExceededError("limit_exceeded", f"expected at most {max_bytes} bytes, found more")
    if response.length:
        raise FetchError("fetch_failed", f"the body ended {response.length} bytes early")
    return b"".join(pieces)


class _Channel:
    """What http.client sees in place of a socket: each wait ends at the deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        # Until the header is read, the reader's own buffer may already hold some of the body.
        self.limit = HEADER_BYTES_MAX + io.DEFAULT_BUFFER_SIZE

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(remaining(self._deadline))
        self._sock.sendall(data)

    def receive_into(self, buffer: WriteableBuffer) -> int:
        self._sock.settimeout(remaining(self._deadline))
        count = self._sock.recv_into(buffer)
        self.limit -= count
        self.check_limit()
        return count

    def check_limit(self) -> None:
        if self.limit < 0:
            raise LimitExceededError("limit_exceeded", "the answer is larger than allowed")

    def makefile(self, *_args: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Nothing: whoever opened the socket closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, channel: _Channel) -> None:
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        return self._channel.receive_into(buffer)
