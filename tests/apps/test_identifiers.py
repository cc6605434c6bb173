"""`GET /1.0/identifiers/…` in both servers, and the limit on what is fetched for one client (B108)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import issuer_app
import verifier_app
from issuer_under_test import environment
from raw_servers import RawServer, reply
from trustid.did import key, web
from trustid.keys import generate
from trustid.settings import ServerSettings
from verifier_under_test import School, settings_in

PUBLIC = generate("P-256").public_key
DID = key.create(PUBLIC)
FETCHES_A_MINUTE = 60


class Clock:
    """A clock that stands still."""

    def __call__(self) -> int:
        return 1_800_000_000


def make_issuer(folder: Path, pair: str) -> Flask:
    settings = ServerSettings.from_environment("issuer", environment(folder))
    return issuer_app.create_app(replace(settings, http_hosts=frozenset({pair})), clock=Clock())


def make_verifier(folder: Path, pair: str) -> Flask:
    school = School(Clock())
    settings = settings_in(folder, school.ca.certificate_der, http_hosts=frozenset({pair}))
    return verifier_app.create_app(settings, clock=Clock())


SERVERS = pytest.mark.parametrize("make", [make_issuer, make_verifier])
Make = Callable[[Path, str], Flask]


@SERVERS
def test_resolution(make: Make, tmp_path: Path) -> None:
    client = make(tmp_path, "localhost:1").test_client()
    answer = client.get(f"/1.0/identifiers/{DID}")
    assert (answer.status_code, answer.content_type) == (200, "application/did-resolution")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(answer.data)["didDocument"]["id"] == DID
    answer = client.get(f"/1.0/identifiers/{DID}", headers={"Accept": "application/did"})
    assert json.loads(answer.data)["id"] == DID
    fragment = f"/1.0/identifiers/{DID}%23{DID[8:]}".replace("did:key:", "did%3Akey%3A")
    answer = client.get(fragment)
    assert (answer.status_code, answer.content_type) == (200, "application/did-url-dereferencing")
    assert client.get("/1.0/identifiers/did:key:zO0Il").status_code == 400
    assert client.get("/1.0/identifiers/did:example:1").status_code == 501
    assert client.get(f"/1.0/identifiers/{DID}", headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/1.0/identifiers/").status_code == 404
    assert client.post(f"/1.0/identifiers/{DID}").status_code == 405


@SERVERS
def test_B094_only_what_the_policy_admits_is_fetched(make: Make, tmp_path: Path) -> None:
    with RawServer(reply(b"", status="404 Not Found")) as server:
        pair = f"localhost:{server.port}"
        did = web.create(f"http://{pair}")
        server.answer = reply(json.dumps(web.document_for(did, {"k": PUBLIC})).encode())
        client = make(tmp_path, pair).test_client()
        answer = client.get(f"/1.0/identifiers/{did}")
        assert (answer.status_code, server.connections) == (200, 1)
        for host in ("127.0.0.1", f"127.0.0.1%3A{server.port}", "metadata.google.internal", "localhost%3A22"):
            answer = client.get(f"/1.0/identifiers/did:web:{host}")
            assert answer.status_code == 500, host
            assert json.loads(answer.data)["didResolutionMetadata"]["error"]["detail"] == (
                "did_unreachable: The DID's document could not be fetched."
            )
        assert server.connections == 1


@SERVERS
def test_B108_one_client_exhausts_its_own_limit_only(make: Make, tmp_path: Path) -> None:
    with RawServer(reply(b"", status="404 Not Found")) as server:
        pair = f"localhost:{server.port}"
        client = make(tmp_path, pair).test_client()

        def ask(number: int, address: str) -> Any:
            did = web.create(f"http://{pair}", f"issuer{number}")
            return client.get(f"/1.0/identifiers/{did}", environ_base={"REMOTE_ADDR": address})

        for number in range(FETCHES_A_MINUTE):
            assert ask(number, "203.0.113.7").status_code == 404
        refused = ask(1000, "203.0.113.7")
        assert (refused.status_code, refused.get_json()["code"]) == (429, "fetch_limited")
        assert refused.headers["Retry-After"]
        assert server.connections == FETCHES_A_MINUTE
        # Others are served, also that very DID; what needs no fetching is served to everybody.
        assert ask(1000, "203.0.113.8").status_code == 404
        there = client.get(f"/1.0/identifiers/{DID}", environ_base={"REMOTE_ADDR": "203.0.113.7"})
        assert there.status_code == 200
