"""Requests that no wallet, clerk or program would send."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from trustid.stores import sqlite
from trustid.stores.sqlite_verifier import SqliteVerifierStore
from verifier_app import create_app
from verifier_under_test import QUERY, Bench, bearer, make_bench

BODY: dict[str, Any] = {
    "dcql_query": QUERY,
    "response_mode": "direct_post",
    "client_id_prefix": "x509_hash",
    "request_uri_method": "post",
    "redirect_uri": "https://shop.example/",
}
WRONG: list[Any] = [{"$gt": ""}, {"$where": "1"}, ["a"], "a.$b", "a\0b", 7, True]


def rows(bench: Bench) -> int:
    found = SqliteVerifierStore(bench.settings.store_path).query_one("SELECT count(*) AS n FROM session")
    assert found is not None
    return int(found["n"])


@pytest.mark.parametrize("member", BODY)
def test_B246_objects_and_operators_where_text_is_expected(bench: Bench, member: str) -> None:
    for value in WRONG:
        answer = bench.client.post("/api/requests", json=BODY | {member: value}, headers=bearer())
        assert answer.status_code == 400, (member, value, answer.text)
        assert answer.get_json()["code"] in ("invalid_request", "query_malformed")
    assert rows(bench) == 0
    assert bench.client.post("/api/requests", json=BODY, headers=bearer()).status_code == 201
    assert rows(bench) == 1


@pytest.mark.parametrize(
    "name", ["' OR 1=1 --", "x'; DROP TABLE session; --", "%", "_", "\u0000", "$where", "é" * 40]
)
def test_B247_metacharacters_in_names(bench: Bench, name: str) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    form = bench.wallet.form(request)
    for path in (f"/oid4vp/requests/{name}", f"/oid4vp/responses/{name}", f"/api/requests/{name}"):
        if "responses" in path:
            answer = bench.client.post(path, data=form)
        else:
            answer = bench.client.get(path, headers=bearer())
        assert answer.get_json()["code"] in ("session_unknown", "not_found"), path
    assert bench.client.get(f"/counter/return/{name}?response_code={name}&again=1").status_code == 403
    assert bench.post(request, form).status_code == 200


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '"x"', "{", '{"dcql_query": {}, "dcql_query": {}}', "\ufeff{}", "[" * 60]
)
def test_bodies_that_are_no_request(bench: Bench, body: str) -> None:
    headers = bearer() | {"Content-Type": "application/json"}
    answer = bench.client.post("/api/requests", data=body.encode(), headers=headers)
    assert answer.status_code in (400, 413), answer.text
    assert answer.get_json()["code"] in ("malformed", "duplicate_key", "limit_exceeded", "invalid_request")
    assert rows(bench) == 0


def test_bodies_that_are_too_large(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    for size in (600_000, 2_000_000):
        answer = bench.post(request, {"vp_token": "x" * size})
        assert (answer.status_code, answer.get_json()["code"]) == (413, "limit_exceeded")
    many = bench.post(request, {f"field{number}": "x" for number in range(2000)})
    assert many.status_code in (400, 413)
    padded = {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["x" * 2048] * 40}}]}
    answer = bench.client.post("/api/requests", json={"dcql_query": padded}, headers=bearer())
    assert (answer.status_code, answer.get_json()["code"]) == (400, "query_malformed")
    assert bench.post(request, bench.wallet.form(request)).status_code == 200


def test_B245_no_debugger_and_no_inside_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    bench = make_bench(tmp_path)
    assert bench.app.debug is False
    for path in ("/console", "/metrics", "/health/details", "/?__debugger__=yes&cmd=resource&f=debugger.js"):
        assert bench.client.get(path).status_code in (302, 404), path
    assert bench.client.get("/health").get_json() == {"status": "ok"}


def test_B250_store_of_a_newer_version(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    store = SqliteVerifierStore(bench.settings.store_path)
    create_app(bench.settings, clock=bench.clock)
    with store.transaction() as work:
        work.execute("UPDATE schema_version SET version = 99 WHERE component = 'verifier'")
    with refused("store_version"):
        create_app(bench.settings, clock=bench.clock)


def test_B251_store_locked_by_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.2)
    bench = make_bench(tmp_path)
    session = bench.ask()
    request = bench.request(session["request_uri"])
    form = bench.wallet.form(request)
    holder = sqlite3.connect(bench.settings.store_path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        answer = bench.post(request, form)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        holder.execute("ROLLBACK")
    finally:
        holder.close()
    assert bench.post(request, form).status_code == 200


def test_an_unexpected_fault_tells_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    secret = "Rossi-in-a-message"

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(secret)

    session = bench.ask()
    request = bench.request(session["request_uri"])
    monkeypatch.setattr("trustid.protocols.presenting.verify_answer", fail)
    answer = bench.post(request, bench.wallet.form(request))
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert secret not in answer.text
    assert secret not in caplog.text
    monkeypatch.undo()
    assert bench.post(request, bench.wallet.form(request)).status_code == 200


def test_P01_no_claim_or_token_in_the_log(bench: Bench, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    session = bench.ask(response_mode="direct_post.jwt")
    request = bench.request(session["request_uri"])
    bench.post(request, {"response": "a.b.c.d.e"})
    bench.post(
        request, bench.wallet.form(request, {"degree": [bench.wallet.present(request, nonce="other")]})
    )
    bench.post(request, bench.wallet.form(request))
    bench.result(session)
    assert "answer verified" in caplog.text
    for secret in ("Rossi", "Physics", request["nonce"], request["state"], "eyJ", session["session_id"]):
        assert secret not in caplog.text
