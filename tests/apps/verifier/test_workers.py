"""The real server: gunicorn with two workers on loopback, and many wallets at once."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from trustid import keys
from trustid.credentials.jose import parse as parse_jws
from trustid.encoding import b64_encode
from verifier_under_test import ADMIN, QUERY, SCHOOL, VCT, Clock, School, Wallet, bearer

ROOT = Path(__file__).resolve().parents[3]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Running:
    """A running server and what it needs to be talked to."""

    process: subprocess.Popen[bytes]
    port: int
    school: School

    def call(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = answer.read().decode()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, json.loads(content) if is_json else content
        finally:
            connection.close()

    def ask(self, **members: Any) -> dict[str, Any]:
        body = json.dumps({"dcql_query": QUERY, "response_mode": "direct_post.jwt"} | members)
        status, created = self.call(
            "POST", "/api/requests", body, bearer() | {"Content-Type": "application/json"}
        )
        assert status == 201, created
        found: dict[str, Any] = created
        return found

    def request(self, session: dict[str, Any]) -> dict[str, Any]:
        uri = parse_qs(urlsplit(session["request_uri"]).query)["request_uri"][0]
        return parse_jws(self.call("GET", urlsplit(uri).path)[1]).claims()

    def post(self, request: dict[str, Any], form: dict[str, str]) -> tuple[int, Any]:
        return self.call("POST", urlsplit(request["response_uri"]).path, urlencode(form), FORM)

    def state(self, session: dict[str, Any]) -> str:
        state: str = self.call("GET", urlsplit(session["result_url"]).path, headers=bearer())[1]["state"]
        return state


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    now = int(time.time())
    school = School(Clock(now))
    anchors = [b64_encode(school.ca.certificate_der)]
    (tmp_path / "trust.json").write_text(
        json.dumps({"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": anchors}}})
    )
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text("a passphrase")
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        "TRUSTID_STORE": f"sqlite:///{tmp_path / 'verifier.db'}",
        "TRUSTID_PUBLIC_URL": f"http://localhost:{port}",
        "TRUSTID_ALLOW_HTTP": "1",
        "TRUSTID_ADMIN_TOKEN": ADMIN,
        "TRUSTID_KEYSTORE": str(tmp_path / "verifier.keys"),
        "TRUSTID_KEYSTORE_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
        "TRUSTID_TRUST": str(tmp_path / "trust.json"),
        "TRUSTID_PORT": str(port),
        "TRUSTID_WORKERS": "2",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "verifier_app"],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    running = Running(process, port, school)
    try:
        _wait_until_ready(running)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def _wait_until_ready(running: Running) -> None:
    for _ in range(300):
        try:
            if running.call("GET", "/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def wallet_of(server: Running) -> Wallet:
    holder = keys.generate("P-256")
    now = server.school.clock()
    credential = server.school.issue(holder, issued_at=now - 60, expires_at=now + 3600, status=None)
    return Wallet(holder, credential)


def good_form(wallet: Wallet, request: dict[str, Any]) -> dict[str, str]:
    presentation = wallet.present(request, issued_at=int(time.time()))
    return wallet.form(request, {"degree": [presentation]})


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def test_B141_fifty_answers_at_once(server: Running) -> None:
    wallet = wallet_of(server)
    session = server.ask()
    request = server.request(session)
    form = good_form(wallet, request)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: server.post(request, form), range(50)))
    outcomes = Counter((status, body.get("code")) for status, body in answers)
    assert outcomes == {(200, None): 1, (400, "session_consumed"): 49}
    assert server.state(session) == "verified"


def test_a_worker_killed_loses_nothing(server: Running) -> None:
    wallet = wallet_of(server)
    sessions = [server.ask() for _ in range(4)]
    requests = [server.request(session) for session in sessions]
    assert server.post(requests[0], good_form(wallet, requests[0]))[0] == 200
    deadline = time.monotonic() + 10
    while len(workers := workers_of(server.process)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)  # the first may answer before the second is there
    assert len(workers) == 2
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    _wait_until_ready(server)
    assert server.state(sessions[0]) == "verified"
    assert server.post(requests[0], good_form(wallet, requests[0]))[1]["code"] == "session_consumed"
    for session, request in zip(sessions[1:], requests[1:], strict=True):
        assert server.post(request, good_form(wallet, request))[0] == 200
        assert server.state(session) == "verified"


def raw(server: Running, data: bytes) -> int:
    """Send bytes as they are; returns the status, or 0 when the server just hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert b"Traceback" not in answer
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_B242_B243_requests_that_mean_two_things_or_too_much(server: Running) -> None:
    head = b"POST /oid4vp/requests/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    smuggled = [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"Content-Length: +1\r\n\r\na",
    ]
    for bad in smuggled:
        assert raw(server, head + bad) in (0, 400, 411, 501), bad
    for path in (
        b"/..%2f..%2fetc/passwd",
        b"/%00",
        b"//evil.example/",
        b"/oid4vp/requests/../../x",
        b"/" + b"x" * 10_240,
    ):
        status = raw(server, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert status == 0 or 300 <= status < 500, (path[:40], status)
    many = b"".join(b"X-H%d: x\r\n" % number for number in range(200))
    assert raw(
        server, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + many + b"\r\n"
    ) in (0, 400, 431)
    assert raw(server, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == 200
