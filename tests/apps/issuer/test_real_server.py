"""`trustid-issuer` itself, with two workers on loopback: what only real processes can show."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from issuer_under_test import ADMIN_TOKEN, PRE_AUTHORIZED, environment
from trustid import catalogue, keys
from trustid.credentials import jose
from trustid.credentials.sd_jwt_vc import SdJwtVc

START_SECONDS = 30


class RealIssuer:
    """The running server, spoken to over sockets."""

    def __init__(self, port: int, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.url = f"http://localhost:{port}"
        self.path = folder / "issuer.db"
        self.process = process

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(raw) if raw[:1] in (b"{", b"[") else raw

    def offer(self, *, tx_code: bool = False) -> dict[str, Any]:
        claims = dict(catalogue.load()["degree"].sample_claims)
        body = {"credential_configuration_id": "degree", "claims": claims, "tx_code": tx_code}
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
        status, made = self.call("POST", "/api/offers", json.dumps(body).encode(), headers)
        assert status == 201
        return dict(made)

    def code(self, offer: Mapping[str, Any]) -> str:
        reference = parse_qs(urlsplit(offer["credential_offer_uri"]).query)["credential_offer_uri"][0]
        _, body = self.call("GET", urlsplit(reference).path)
        return str(body["grants"][PRE_AUTHORIZED]["pre-authorized_code"])

    def redeem(self, code: str, **more: str) -> tuple[int, Any]:
        form = urlencode({"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, **more}).encode()
        return self.call(
            "POST", "/oid4vci/token", form, {"Content-Type": "application/x-www-form-urlencoded"}
        )

    def collect(self, number: int) -> list[str]:
        _, token = self.redeem(self.code(self.offer()))
        nonce = self.call("POST", "/oid4vci/nonce", b"")[1]["c_nonce"]
        proofs = []
        for _ in range(number):
            key = keys.generate("Ed25519")
            header = {"typ": "openid4vci-proof+jwt", "jwk": key.public_key.to_jwk()}
            proofs.append(jose.sign(header, {"aud": self.url, "iat": int(time.time()), "nonce": nonce}, key))
        body = {"credential_configuration_id": "degree", "proofs": {"jwt": proofs}}
        headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/json"}
        status, answer = self.call("POST", "/oid4vci/credential", json.dumps(body).encode(), headers)
        assert status == 200, answer
        return [entry["credential"] for entry in answer["credentials"]]

    def count(self, table: str) -> int:
        connection = sqlite3.connect(self.path)
        try:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        finally:
            connection.close()

    def workers(self) -> list[int]:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in text.split()]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(folder: Path, port: int) -> RealIssuer:
    values = environment(
        folder,
        TRUSTID_PUBLIC_URL=f"http://localhost:{port}",
        TRUSTID_PORT=str(port),
        TRUSTID_ALLOW_HTTP="1",
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "issuer_app"],
            env={"PATH": os.environ["PATH"], **values},
            cwd=Path(__file__).parents[3],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    issuer = RealIssuer(port, folder, process)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if issuer.call("GET", "/health")[0] == 200:
                return issuer
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError((folder / "log").read_text())


def stop(issuer: RealIssuer) -> int:
    issuer.process.send_signal(signal.SIGTERM)
    return issuer.process.wait(timeout=20)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealIssuer]:
    issuer = start(tmp_path_factory.mktemp("real"), free_port())
    yield issuer
    assert stop(issuer) == 0


def test_B205_fifty_at_once_one_gets_the_token(real: RealIssuer) -> None:
    code = real.code(real.offer())
    before = real.count("token")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: real.redeem(code), range(50)))
    assert sorted({status for status, _ in answers}) == [200, 400]
    assert [status for status, _ in answers].count(200) == 1
    assert {body["error"] for status, body in answers if status == 400} == {"invalid_grant"}
    assert real.count("token") == before + 1


def test_B208_tries_are_counted_over_all_workers(real: RealIssuer) -> None:
    offer, other = real.offer(tx_code=True), real.offer(tx_code=True)
    code = real.code(offer)
    wrong = [f"{number:06}" for number in range(1000, 1050) if f"{number:06}" != offer["tx_code"]]
    before = real.count("token")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda tx_code: real.redeem(code, tx_code=tx_code), wrong))
    assert {(status, body["error"]) for status, body in answers} == {(400, "invalid_grant")}
    said = [body["error_description"] for _, body in answers]
    assert sum("the transaction code is wrong" in text for text in said) == 5
    assert real.redeem(code, tx_code=offer["tx_code"])[1]["error"] == "invalid_grant"
    assert real.count("token") == before
    assert real.redeem(real.code(other), tx_code=other["tx_code"])[0] == 200


def test_one_nonce_for_twenty_requests_at_once(real: RealIssuer) -> None:
    _, token = real.redeem(real.code(real.offer()))
    nonce = real.call("POST", "/oid4vci/nonce", b"")[1]["c_nonce"]
    headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/json"}

    def ask(_: int) -> tuple[int, Any]:
        key = keys.generate("P-256")
        header = {"typ": "openid4vci-proof+jwt", "jwk": key.public_key.to_jwk()}
        proof = jose.sign(header, {"aud": real.url, "iat": int(time.time()), "nonce": nonce}, key)
        body = {"credential_configuration_id": "degree", "proofs": {"jwt": [proof]}}
        return real.call("POST", "/oid4vci/credential", json.dumps(body).encode(), headers)

    before = real.count("credential")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    assert [status for status, _ in answers].count(200) == 1
    assert {body["error"] for status, body in answers if status != 200} == {"invalid_nonce"}
    assert real.count("credential") == before + 1


def test_places_are_given_out_once_over_all_workers(real: RealIssuer) -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: real.collect(5), range(16)))
    places = []
    for text in (credential for batch in batches for credential in batch):
        status = SdJwtVc.parse(text).status
        assert status is not None
        places.append((status["status_list"]["uri"], status["status_list"]["idx"]))
    assert len(set(places)) == len(places) == 80


def test_revocations_at_once_all_show(real: RealIssuer) -> None:
    from trustid.status.token_list import TokenStatusList

    offers = [real.offer() for _ in range(8)]

    def collect_and_revoke(offer: dict[str, Any]) -> tuple[str, int]:
        _, token = real.redeem(real.code(offer))
        nonce = real.call("POST", "/oid4vci/nonce", b"")[1]["c_nonce"]
        key = keys.generate("Ed25519")
        header = {"typ": "openid4vci-proof+jwt", "jwk": key.public_key.to_jwk()}
        proof = jose.sign(header, {"aud": real.url, "iat": int(time.time()), "nonce": nonce}, key)
        body = {"credential_configuration_id": "degree", "proofs": {"jwt": [proof]}}
        headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/json"}
        _, answer = real.call("POST", "/oid4vci/credential", json.dumps(body).encode(), headers)
        status = SdJwtVc.parse(answer["credentials"][0]["credential"]).status
        assert status is not None
        admin = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        assert real.call("POST", f"/api/issuances/{offer['issuance_id']}/revoke", b"", admin)[0] == 200
        real.call("GET", urlsplit(status["status_list"]["uri"]).path)
        return status["status_list"]["uri"], status["status_list"]["idx"]

    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(collect_and_revoke, offers))
    [uri] = {uri for uri, _ in places}
    _, raw = real.call("GET", urlsplit(uri).path)
    statuses = TokenStatusList.from_claim(jose.parse(raw.decode()).claims()["status_list"])
    assert [statuses.get(index) for _, index in places] == [1] * 8


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    issuer = start(tmp_path, free_port())
    try:
        deadline = time.monotonic() + 10
        while len(first := issuer.workers()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)  # the first may answer before the second is there
        assert len(first) == 2
        waiting = issuer.code(issuer.offer())
        for victim in first:
            os.kill(victim, signal.SIGKILL)
            issuer.collect(2)
        assert issuer.redeem(waiting)[0] == 200
        assert issuer.redeem(waiting)[1]["error"] == "invalid_grant"
        assert issuer.count("credential") == 4
    finally:
        assert stop(issuer) == 0


def run(folder: Path, *arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    values: dict[str, str | None] = {**environment(folder), "PATH": os.environ["PATH"], **changes}
    return subprocess.run(
        [sys.executable, "-m", "issuer_app", *arguments],
        env={name: value for name, value in values.items() if value is not None},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"TRUSTID_STORE": None}, "TRUSTID_STORE"),
        ({"TRUSTID_PUBLIC_URL": "http://school.example"}, "TRUSTID_PUBLIC_URL"),
        ({"TRUSTID_ADMIN_TOKEN": "short"}, "TRUSTID_ADMIN_TOKEN"),
        ({"TRUSTID_TYPES": "nothing"}, "TRUSTID_TYPES"),
    ],
)
def test_bad_settings_are_one_clear_line(tmp_path: Path, change: dict[str, str | None], named: str) -> None:
    done = run(tmp_path, **change)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("trustid-issuer: ")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1


def test_wrong_passphrase_is_one_clear_line(tmp_path: Path, prepared: Path) -> None:
    (tmp_path / "keys.json").write_bytes(prepared.read_bytes())
    (tmp_path / "keys.json").chmod(0o600)
    other = tmp_path / "other"
    other.write_text("another passphrase")
    other.chmod(0o600)
    done = run(tmp_path, TRUSTID_KEYSTORE_PASSPHRASE_FILE=str(other))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("trustid-issuer: ")


def test_help(tmp_path: Path) -> None:
    done = run(tmp_path, "--help", TRUSTID_STORE=None)
    assert done.returncode == 0
    assert "TRUSTID_PUBLIC_URL" in done.stdout
    assert run(tmp_path, "--port").returncode == 2
