"""Clients that hold on, send too much, or speak two languages at once: real gunicorn, real sockets."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time

import pytest

from tools.servers import Servers, call
from trustid.arriving import ARRIVAL_SECONDS, is_whole

CONNECTIONS = 60
NONCE = b"POST /oid4vci/nonce HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"


def exchange(port: int, data: bytes, *, seconds: float = 5) -> bytes:
    """Send bytes and read until the server closes, or for so long."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(data)
        received = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
        return received


def status_of(answer: bytes) -> int:
    """The status of the first answer that is not informational."""
    while answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("role", ["issuer", "verifier"])
def test_B038_slow_senders_keep_nobody_waiting(servers: Servers, role: str) -> None:
    port = servers.issuer_port if role == "issuer" else servers.verifier_port
    heads = (
        b"GET /health HTTP/1.1\r\nHo",
        b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\na=",
    )
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(CONNECTIONS)
        ]
        for number, connection in enumerate(slow):
            connection.sendall(heads[number % 2])
        for _ in range(5):
            began = time.monotonic()
            assert call("GET", f"http://localhost:{port}/health") == (200, {"status": "ok"})
            assert time.monotonic() - began < 1
        # The twin: a client that is merely unhurried is served.
        slow[0].sendall(b"st: localhost\r\nConnection: close\r\n\r\n")
        assert status_of(slow[0].recv(65536)) == 200


def test_B038_a_sender_that_never_ends_is_told_and_dropped(servers: Servers) -> None:
    began = time.monotonic()
    answer = exchange(
        servers.issuer_port, b"GET /health HTTP/1.1\r\nHost: a\r\n", seconds=ARRIVAL_SECONDS + 5
    )
    assert status_of(answer) == 408
    assert ARRIVAL_SECONDS - 1 < time.monotonic() - began < ARRIVAL_SECONDS + 4


def test_B038_too_many_fields_and_parts_are_refused(servers: Servers) -> None:
    def post(content_type: str, body: bytes) -> int:
        head = f"POST /oid4vci/token HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return status_of(exchange(servers.issuer_port, head.encode() + body))

    form = "application/x-www-form-urlencoded"
    assert post(form, b"&".join(b"f%d=1" % number for number in range(10_000))) in (400, 413)
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' for _ in range(15_000))
    assert post("multipart/form-data; boundary=x", parts + b"--x--\r\n") in (400, 413, 415)
    assert post(form, b"a=" + b"1" * (3 << 20)) == 413
    # The twin reaches the protocol, which has its own words for it.
    assert post(form, b"grant_type=something") == 400


def test_B038_a_compressed_body_is_not_unpacked(servers: Servers) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    head = f"POST /oid4vci/credential HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\nConnection: close\r\n\r\n"
    began = time.monotonic()
    assert status_of(exchange(servers.issuer_port, head.encode() + bomb)) in (400, 401, 415)
    assert time.monotonic() - began < 1


def test_a_head_without_end_is_refused(servers: Servers) -> None:
    assert status_of(exchange(servers.issuer_port, b"GET /health HTTP/1.1\r\nX: " + b"a" * 70_000)) == 431


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_B242_two_ways_to_measure_one_body_are_refused(servers: Servers, head: bytes) -> None:
    request = b"POST /oid4vci/nonce HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + head
    answer = exchange(servers.issuer_port, request + b"\r\n0\r\n\r\n", seconds=2)
    assert answer == b"" or 400 <= status_of(answer) < 502
    assert answer.count(b"HTTP/1.1") <= 1
    twin = exchange(servers.issuer_port, NONCE + b"Connection: close\r\n\r\n")
    assert status_of(twin) == 200


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_request_in_pieces_is_the_same_request(servers: Servers, size: int) -> None:
    body = json.dumps({"credential_configuration_id": "student-id"}).encode()
    head = f"POST /oid4vci/credential HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    whole = head.encode() + body
    with socket.create_connection(("127.0.0.1", servers.issuer_port), timeout=5) as connection:
        for start in range(0, len(whole), size):
            connection.sendall(whole[start : start + size])
        assert status_of(connection.recv(65536)) == 401


def test_chunks_continuation_and_pipelining(servers: Servers) -> None:
    chunked = b"POST /oid4vci/nonce HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
    assert status_of(exchange(servers.issuer_port, chunked)) == 200
    with socket.create_connection(("127.0.0.1", servers.issuer_port), timeout=5) as connection:
        connection.sendall(
            b"POST /oid4vci/token HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 12\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"grant_type=x")
        received = b""
        while piece := connection.recv(65536):
            received += piece
        assert status_of(received) == 400
    two = NONCE + b"\r\n" + NONCE + b"Connection: close\r\n\r\n"
    assert exchange(servers.issuer_port, two).count(b"HTTP/1.1 200") == 2


def test_is_whole() -> None:
    assert not is_whole(b"GET / HTTP/1.1\r\nHost: a\r\n")
    assert is_whole(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not is_whole(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na")
    assert is_whole(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab")
    assert is_whole(b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\na")
    assert not is_whole(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    assert is_whole(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")
