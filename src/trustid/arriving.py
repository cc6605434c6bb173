"""A gunicorn worker whose threads only see requests that have arrived whole.

gunicorn's thread worker gives a connection a thread as soon as its first byte
is there, so a few dozen clients that send one byte a second would hold all
threads, and nobody else would be served. Here the worker's event loop collects
each request first, in memory, within a limit of size and of time; a thread
never waits for a client.

Reference:
    RFC 9112 (HTTP/1.1), sections 2, 6 and 9.5; RFC 6585, section 5 (431).
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

__all__ = ["BufferingWorker", "is_whole"]

ARRIVAL_SECONDS: Final = 10
"""From a connection's first moment, or its next request's first byte, to that request's last."""
HEAD_MAX: Final = 64 * 1024
BODY_KEPT_MAX: Final = 2 * 1024 * 1024
"""A longer body is not waited for: the application refuses it by its announced length, or while reading."""
READ_MAX: Final = 256 * 1024
ARRIVING_BYTES_MAX: Final = 64 * 1024 * 1024
"""For all requests that are arriving at one worker, together."""

_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
_EXPECT: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


def is_whole(received: bytes | bytearray) -> bool:
    """Whether a request has arrived, or will not be waited for.

    It only decides when to look; what the bytes mean is gunicorn's to say, so
    a request that fools this function hurts nobody but its sender.
    """
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    head = bytes(received[: head_end + 2])
    body = len(received) - head_end - 4
    if _CHUNKED.search(head):
        return received.endswith(b"0\r\n\r\n") or body > BODY_KEPT_MAX
    length = _LENGTH.search(head)
    expected = int(length[1]) if length else 0
    return body >= expected or expected > BODY_KEPT_MAX


class _Arriving:
    """A connection whose request is not whole yet."""

    __slots__ = ("connection", "deadline", "received", "told_to_continue")

    def __init__(self, connection: Any, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.received = bytearray()
        self.told_to_continue = False


class BufferingWorker(ThreadWorker):
    """gunicorn's thread worker, behind a buffer.

    Everything here runs in the worker's main thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arriving: OrderedDict[socket.socket, _Arriving] = OrderedDict()
        self._arriving_bytes = 0

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its request without a thread."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self._wait_for(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """A kept connection's next request begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._read(self._wait_for(conn), client)

    def murder_pending(self) -> None:
        """End connections whose request did not arrive in time; called once a second and after each event."""
        super().murder_pending()
        now = time.monotonic()
        while self._arriving:
            client, arriving = next(iter(self._arriving.items()))
            if arriving.deadline > now:
                break
            self._refuse(client, b"408 Request Timeout")

    def _wait_for(self, conn: Any) -> _Arriving:
        arriving = _Arriving(conn, time.monotonic() + ARRIVAL_SECONDS)
        conn.sock.setblocking(False)
        # A connection with a parser was kept alive, and its next request is added to that parser.
        if conn.parser is None:
            conn.parser = get_parser(self.cfg, conn.sock, conn.client)
        self._arriving[conn.sock] = arriving
        readable: Callable[[socket.socket], None] = partial(self._read, arriving)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)
        return arriving

    def _read(self, arriving: _Arriving, client: socket.socket) -> None:
        try:
            piece = client.recv(READ_MAX)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._forget(client)
            self.nr_conns -= 1
            arriving.connection.close()
            return
        arriving.received += piece
        self._arriving_bytes += len(piece)
        if is_whole(arriving.received):
            self._forget(client)
            self._hand_over(arriving)
        elif b"\r\n\r\n" not in arriving.received and len(arriving.received) > HEAD_MAX:
            self._refuse(client, b"431 Request Header Fields Too Large")
        elif self._arriving_bytes > ARRIVING_BYTES_MAX:
            self._refuse(client, b"503 Service Unavailable")
        else:
            self._encourage(arriving, client)

    def _encourage(self, arriving: _Arriving, client: socket.socket) -> None:
        """Answer `Expect: 100-continue`: the client waits for it before it sends the body."""
        if not arriving.told_to_continue and _EXPECT.search(arriving.received):
            arriving.told_to_continue = True
            self._send(client, _CONTINUE)

    def _hand_over(self, arriving: _Arriving) -> None:
        conn = arriving.connection
        conn.parser.unreader.unread(bytes(arriving.received))
        conn.data_ready = True
        self.enqueue_req(conn)

    def _refuse(self, client: socket.socket, status: bytes) -> None:
        arriving = self._forget(client)
        self._send(client, b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.nr_conns -= 1
        arriving.connection.close()

    def _forget(self, client: socket.socket) -> _Arriving:
        arriving = self._arriving.pop(client)
        self._arriving_bytes -= len(arriving.received)
        self.poller.unregister(client)
        return arriving

    @staticmethod
    def _send(client: socket.socket, data: bytes) -> None:
        try:
            client.send(data)
        except OSError:
            return  # it is the client's loss
