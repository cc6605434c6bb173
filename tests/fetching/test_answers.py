"""What a fetcher takes: sizes, times, types, TLS."""

from __future__ import annotations

import gzip
import http.client
import resource
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raw_servers import Answer, Authority, RawServer, raw, reply
from trustid.errors import FetchError, LimitExceededError, TrustidError
from trustid.fetching import Fetched, Fetcher, FetchPolicy

JSON = "application/json"
LIMIT = 256 * 1024
TIMEOUT = 0.4


def fetch(server: RawServer, *, timeout: float = 2, accept: str = JSON, **options: object) -> Fetched:
    pair = f"127.0.0.1:{server.port}"
    policy = FetchPolicy(allow_http_hosts=frozenset({pair}), timeout_seconds=timeout)
    return Fetcher(policy).get(f"http://{pair}/", accept=accept, **options)  # type: ignore[arg-type]


def refused(answer: Answer, **options: object) -> str:
    """The code with which an answer is refused; takes no more than two seconds."""
    started = time.monotonic()
    with RawServer(answer) as server:
        with pytest.raises((FetchError, LimitExceededError)) as caught:
            fetch(server, **options)  # type: ignore[arg-type]
        assert time.monotonic() - started < 2
        return str(caught.value.code)


def taken(answer: Answer, **options: object) -> bytes:
    with RawServer(answer) as server:
        return fetch(server, **options).body  # type: ignore[arg-type]


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def endless(piece: bytes, head: bytes = b"") -> Answer:
    def answer(conn: socket.socket, _request: bytes) -> None:
        conn.sendall(head)
        while True:
            conn.sendall(piece)

    return answer


def drip(head: bytes, piece: bytes = b" ", every: float = 0.05) -> Answer:
    def answer(conn: socket.socket, _request: bytes) -> None:
        conn.sendall(head)
        for _ in range(100):
            time.sleep(every)
            conn.sendall(piece)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def test_B101_body_over_the_limit() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(reply(b"x" * (LIMIT + 1))) == "limit_exceeded"
    assert refused(raw(HEAD + b"Content-Length: 104857600\r\n\r\n" + b"x" * 1000)) == "limit_exceeded"
    assert refused(endless(b"x" * 65536, HEAD + b"\r\n")) == "limit_exceeded"
    assert refused(raw(chunked(*[b"x" * 65536] * 4, b"x"))) == "limit_exceeded"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert refused(endless(chunk, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")) == "limit_exceeded"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    assert len(taken(reply(b"x" * LIMIT))) == LIMIT
    assert len(taken(raw(chunked(*[b"x" * 65536] * 4)))) == LIMIT


def test_B101_limit_of_the_call() -> None:
    assert refused(reply(b"12345"), max_bytes=4) == "limit_exceeded"
    assert taken(reply(b"1234"), max_bytes=4) == b"1234"


def test_B101_negative_and_malformed_chunks() -> None:
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    assert refused(endless(b"x" * 65536, head + b"-1\r\n")) in ("limit_exceeded", "fetch_failed")
    for body in (b"-5\r\nxxxxx\r\n0\r\n\r\n", b"zz\r\n", b"5\r\nab", b"", b"5\r\nabcde\r\n"):
        assert refused(raw(head + body)) == "fetch_failed"
    assert taken(raw(head + b"2\r\n{}\r\n0\r\n\r\n")) == b"{}"


def test_B101_framing_much_larger_than_the_body() -> None:
    extension = b";" + b"e" * 60_000
    many = b"".join(b"1" + extension + b"\r\nx\r\n" for _ in range(40))
    assert (
        refused(raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + many + b"0\r\n\r\n")) == "limit_exceeded"
    )
    assert taken(raw(chunked(*[b"x"] * 40))) == b"x" * 40


@pytest.mark.parametrize("kind", ["text/html", "application/jsonx", "text/json", "", "application/did+json"])
def test_B101_wrong_content_type(kind: str) -> None:
    assert refused(reply(b"{}", content_type=kind)) == "fetch_failed"
    for good in (JSON, "application/json; charset=utf-8", "Application/JSON"):
        assert taken(reply(b"{}", content_type=good)) == b"{}"


def test_B101_accept_names_what_is_taken() -> None:
    accept = "application/did+json, application/json;q=0.9"
    assert taken(reply(b"1", content_type="application/did+json"), accept=accept) == b"1"
    assert taken(reply(b"1", content_type=JSON), accept=accept) == b"1"
    assert taken(reply(b"1", content_type="image/png"), accept="image/*") == b"1"
    assert taken(reply(b"1", content_type=""), accept="*/*") == b"1"
    assert refused(reply(b"1", content_type="image/png"), accept=accept) == "fetch_failed"
    assert refused(raw(HEAD + b"Content-Type: text/html\r\nContent-Length: 1\r\n\r\n1")) == "fetch_failed"


def test_B101_gzip_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(100 * 1024 * 1024), 9)
    assert len(bomb) < LIMIT
    for coding in ("gzip", "deflate", "br", "gzip, identity"):
        assert refused(reply(bomb, headers=[("Content-Encoding", coding)])) == "fetch_failed"
    assert taken(reply(b"{}", headers=[("Content-Encoding", "identity")])) == b"{}"
    with RawServer(reply()) as server:
        fetch(server)
        assert b"Accept-Encoding: identity\r\n" in server.requests[0]


def test_content_length_that_lies() -> None:
    assert refused(raw(HEAD + b"Content-Length: 10\r\n\r\n{}")) == "fetch_failed"
    assert refused(raw(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")) == "fetch_failed"
    assert taken(raw(HEAD + b"Content-Length: 2\r\n\r\n{}")) == b"{}"
    # More than announced: the rest is never read.
    assert taken(raw(HEAD + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK")) == b"{}"


def test_headers_without_end() -> None:
    line = b"X-A: " + b"a" * 1000 + b"\r\n"
    assert refused(endless(line, HEAD)) == "limit_exceeded"
    assert refused(endless(b"a" * 65536, HEAD + b"X: ")) in ("limit_exceeded", "fetch_failed")
    assert refused(raw(HEAD + b"X: y\r\n" * 200 + b"\r\n")) == "fetch_failed"
    assert refused(endless(b"HTTP/1.1 100 Continue\r\n\r\n")) == "limit_exceeded"
    assert (
        taken(raw(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + line * 9 + b"Content-Length: 2\r\n\r\n{}"))
        == b"{}"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1",
        b"\x16\x03\x01",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 99 x\r\n\r\n",
        b"HTTP/1.1 103 x\r\n\r\n",
    ],
)
def test_what_is_not_http(data: bytes) -> None:
    assert refused(raw(data)) == "fetch_failed"
    assert taken(reply()) == b"{}"


SLOW: list[Callable[[], Answer]] = [
    lambda: drip(HEAD + b"Content-Length: 1000\r\n\r\n"),
    lambda: drip(HEAD + b"\r\n"),
    lambda: drip(HEAD, b"X: y\r\n"),
    lambda: drip(b"", b"H"),
    lambda: drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    lambda: lambda conn, request: time.sleep(1),
]


@pytest.mark.parametrize("slow", SLOW)
def test_slow_drip_ends_at_the_total_deadline(slow: Callable[[], Answer]) -> None:
    started = time.monotonic()
    with RawServer(slow()) as server:
        with pytest.raises(FetchError) as caught:
            fetch(server, timeout=TIMEOUT)
        assert caught.value.code == "fetch_timeout"
        assert time.monotonic() - started < TIMEOUT + 0.5
    assert taken(drip(HEAD + b"Content-Length: 3\r\n\r\n", every=0.05), timeout=TIMEOUT) == b"   "


def test_port_where_nobody_listens() -> None:
    with RawServer(reply()) as server:
        assert fetch(server).status == 200
    with pytest.raises(FetchError) as caught:
        fetch(server)
    assert caught.value.code == "fetch_failed"


@pytest.mark.parametrize("status", ["400 Bad", "404 Not Found", "410 Gone", "500 Oops", "503 Later"])
def test_statuses(status: str) -> None:
    error = b'{"error":"invalid_nonce"}'
    assert refused(reply(error, status=status)) == "fetch_failed"
    with RawServer(reply(error, status=status, content_type="text/html")) as server:
        answer = fetch(server, raise_for_status=False)
        assert (answer.status, answer.body) == (int(status[:3]), error)
        pair = f"127.0.0.1:{server.port}"
        fetcher = Fetcher(FetchPolicy(allow_http_hosts=frozenset({pair})))
        posted = fetcher.post(f"http://{pair}/", body=b"{}", content_type=JSON, accept=JSON)
        assert (posted.status, posted.body) == (int(status[:3]), error)
        with pytest.raises(FetchError) as caught:
            fetcher.post(f"http://{pair}/", body=b"{}", content_type=JSON, accept=JSON, raise_for_status=True)
        assert caught.value.code == "fetch_failed"


def test_answer_without_body_needs_no_type() -> None:
    assert taken(raw(b"HTTP/1.1 204 No Content\r\n\r\n")) == b""
    assert refused(raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")) == "fetch_failed"


def test_cookies_are_neither_kept_nor_sent() -> None:
    with RawServer(reply(headers=[("Set-Cookie", "a=b"), ("X-Two", "1"), ("X-Two", "2")])) as server:
        pair = f"127.0.0.1:{server.port}"
        fetcher = Fetcher(FetchPolicy(allow_http_hosts=frozenset({pair})))
        answer = fetcher.get(f"http://{pair}/", accept=JSON)
        fetcher.get(f"http://{pair}/", accept=JSON)
        assert "set-cookie" not in answer.headers
        assert answer.headers["x-two"] == "1, 2"
        assert b"ookie" not in server.requests[1]
        assert f"Host: {pair}".encode() in server.requests[1]


def test_caller_cannot_smuggle_headers() -> None:
    with RawServer(reply()) as server:
        with pytest.raises(FetchError) as caught:
            fetch(server, headers={"Authorization": "Bearer x\r\nHost: evil"})
        assert caught.value.code == "fetch_failed"
        fetch(server, headers={"Authorization": "Bearer x", "Host": "evil", "Accept-Encoding": "gzip"})
        assert b"Authorization: Bearer x\r\n" in server.requests[-1]
        assert b"evil" not in server.requests[-1]
        assert b"gzip" not in server.requests[-1]


HOST = "issuer.example"


def fetch_tls(tls: ssl.SSLContext, authority: Authority, timeout: float = 2) -> int:
    with RawServer(reply(), tls=tls) as server:
        pair = f"{HOST}:{server.port}"
        policy = FetchPolicy(
            allow_http_hosts=frozenset({pair}), ca_file=str(authority.file), timeout_seconds=timeout
        )
        return (
            Fetcher(policy, resolver=lambda _host, _port: ["127.0.0.1"])
            .get(f"https://{pair}/", accept=JSON)
            .status
        )


def old_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def test_B100_tls_must_be_valid(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    stranger = Authority(tmp_path, "Another authority")
    bad = {
        "expired": authority.server_context(HOST, expired=True),
        "wrong name": authority.server_context("other.example"),
        "self-signed": authority.server_context(HOST, self_signed=True),
        "unknown authority": stranger.server_context(HOST),
        "TLS 1.1": old_tls(authority.server_context(HOST)),
    }
    for name, context in bad.items():
        with pytest.raises(FetchError) as caught:
            fetch_tls(context, authority)
        assert (name, caught.value.code) == (name, "tls_invalid")
    assert fetch_tls(authority.server_context(HOST), authority) == 200
    twelve = authority.server_context(HOST)
    twelve.maximum_version = ssl.TLSVersion.TLSv1_2
    assert fetch_tls(twelve, authority) == 200


def test_B100_the_name_is_sent_and_checked(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context(HOST)
    seen: list[str | None] = []
    context.sni_callback = lambda _sock, name, _context: seen.append(name)
    assert fetch_tls(context, authority) == 200
    assert seen == [HOST]


def test_B100_plain_http_where_tls_is_expected(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RawServer(raw(b"HTTP/1.1 400 Bad\r\n\r\n")) as server:
        pair = f"{HOST}:{server.port}"
        fetcher = Fetcher(
            FetchPolicy(allow_http_hosts=frozenset({pair}), timeout_seconds=0.5),
            resolver=lambda _host, _port: ["127.0.0.1"],
        )
        with pytest.raises(FetchError) as caught:
            fetcher.get(f"https://{pair}/", accept=JSON)
        assert caught.value.code in ("tls_invalid", "fetch_timeout")
    assert fetch_tls(authority.server_context(HOST), authority) == 200


def test_tls_handshake_that_never_ends(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    pair = f"{HOST}:{listener.getsockname()[1]}"
    fetcher = Fetcher(
        FetchPolicy(allow_http_hosts=frozenset({pair}), timeout_seconds=TIMEOUT),
        resolver=lambda _host, _port: ["127.0.0.1"],
    )
    with listener, pytest.raises(FetchError) as caught:
        fetcher.get(f"https://{pair}/", accept=JSON)
    assert caught.value.code == "fetch_timeout"


def test_connection_that_breaks_before_it_is_secured(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def reset() -> None:
        conn, _ = listener.accept()
        conn.recv(1)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        conn.close()

    thread = threading.Thread(target=reset)
    thread.start()
    pair = f"{HOST}:{listener.getsockname()[1]}"
    fetcher = Fetcher(
        FetchPolicy(allow_http_hosts=frozenset({pair})), resolver=lambda _host, _port: ["127.0.0.1"]
    )
    with listener, pytest.raises(FetchError) as caught:
        fetcher.get(f"https://{pair}/", accept=JSON)
    thread.join()
    assert caught.value.code == "fetch_failed"
    authority = Authority(tmp_path)
    assert fetch_tls(authority.server_context(HOST), authority) == 200


def test_threads_share_a_fetcher() -> None:
    with RawServer(reply()) as server:
        pair = f"127.0.0.1:{server.port}"
        fetcher = Fetcher(FetchPolicy(allow_http_hosts=frozenset({pair})))
        statuses: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: statuses.append(fetcher.get(f"http://{pair}/", accept=JSON).status)
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 8


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), prefix=st.sampled_from([b"", b"HTTP/1.1 200 ", HEAD, HEAD + b"\r\n"]))
def test_only_our_errors_come_out_of_any_answer(
    server_for_any: RawServer, data: bytes, prefix: bytes
) -> None:
    server_for_any.answer = raw(prefix + data)
    try:
        fetch(server_for_any)
    except TrustidError as err:
        assert err.code in ("fetch_failed", "limit_exceeded", "fetch_blocked")


@pytest.fixture
def server_for_any() -> object:
    with RawServer(reply()) as server:
        yield server


def test_http_client_is_asked_for_nothing_it_would_log() -> None:
    assert http.client.HTTPConnection.debuglevel == 0
