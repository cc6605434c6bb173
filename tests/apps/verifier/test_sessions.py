"""Who may see an answer: the admin, the browser that asked, and whoever brings the response code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from refusing import refused
from trustid.protocols.results import asked_claims
from trustid.stores.sqlite_verifier import SqliteVerifierStore
from verifier_under_test import ADMIN, NOW, PUBLIC_URL, Bench, ask_at_counter, bearer, link_in, log_in

SECRETS_OF_A_CREDENTIAL = ("Rossi", "Physics", "eyJ")


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_B154_result_without_the_starters_secret(bench: Bench) -> None:
    session = bench.ask()
    request = bench.request(session["request_uri"])
    path = urlsplit(session["result_url"]).path
    stranger = bench.app.test_client()
    assert code_of(stranger.get(path)) == (404, "not_found")
    assert code_of(stranger.get(path, query_string={"state": request["state"]})) == (404, "not_found")
    assert code_of(stranger.get(f"/api/requests/{request['state']}", headers=bearer())) == (404, "not_found")
    assert code_of(stranger.get("/api/requests/" + "x" * 300, headers=bearer())) == (404, "not_found")
    wrong = {"Authorization": f"Bearer {ADMIN}x"}
    assert code_of(stranger.get(path, headers=wrong)) == (401, "unauthorized")
    log_in(stranger)
    assert code_of(stranger.get(path)) == (404, "not_found")  # staff, but another browser
    assert stranger.get(path, headers=bearer()).status_code == 200


def test_the_browser_that_asked_sees_the_result(bench: Bench) -> None:
    clerk, colleague = bench.app.test_client(), bench.app.test_client()
    log_in(clerk)
    log_in(colleague)
    page = ask_at_counter(clerk)
    session_id = page.request.path.rpartition("/")[2]
    assert clerk.get(f"/api/requests/{session_id}").get_json()["state"] == "pending"
    assert code_of(colleague.get(f"/api/requests/{session_id}")) == (404, "not_found")
    assert colleague.get(f"/counter/{session_id}").status_code == 404


def answered_on_same_device(bench: Bench, clerk: FlaskClient) -> tuple[str, str]:
    """Ask at the counter for a wallet on the same device, answer; returns page and redirect URI."""
    page = ask_at_counter(clerk, same_device="yes")
    request = bench.request(link_in(page.text))
    answer = bench.post(request, bench.wallet.form(request))
    assert answer.status_code == 200, answer.text
    redirect_uri = answer.get_json()["redirect_uri"]
    assert redirect_uri.startswith(f"{PUBLIC_URL}/counter/return/")
    assert len(parse_qs(urlsplit(redirect_uri).query)["response_code"][0]) == 43
    return page.request.path, redirect_uri.removeprefix(PUBLIC_URL)


def test_B152_another_browser_cannot_finish(bench: Bench) -> None:
    attacker, victim = bench.app.test_client(), bench.app.test_client()
    log_in(attacker)
    log_in(victim)
    victim.get("/")
    page, back = answered_on_same_device(bench, attacker)
    # The attacker began it and polls; the answer came from the victim's wallet, and its browser is sent back.
    session_id = page.rpartition("/")[2]
    assert code_of(attacker.get(f"/api/requests/{session_id}")) == (403, "session_mismatch")
    assert "Rossi" not in attacker.get(page).text
    found = victim.get(back)
    assert found.status_code == 403
    assert "session_mismatch" in found.text
    # The twin: the browser that began it finishes it, and the victim's try has not burnt the code.
    done = attacker.get(back, follow_redirects=True)
    assert done.status_code == 200
    assert "Everything checks out" in done.text
    assert attacker.get(f"/api/requests/{session_id}").get_json()["state"] == "verified"


def test_B153_response_code_guessed_reused_missing_or_of_another_session(bench: Bench) -> None:
    clerk = bench.app.test_client()
    log_in(clerk)
    _, first = answered_on_same_device(bench, clerk)
    _, second = answered_on_same_device(bench, clerk)
    path, code = first.split("?response_code=")
    other_code = second.split("?response_code=")[1]
    for query in ("", "?response_code=", "?response_code=guess", f"?response_code={other_code}"):
        assert clerk.get(path + query).status_code == 403, query
    assert clerk.get(f"{path}?response_code={code}").status_code == 303
    assert clerk.get(f"{path}?response_code={code}").status_code == 403
    assert clerk.get(second).status_code == 303


def test_a_browser_without_our_cookie_is_led_over_a_page_of_ours(bench: Bench) -> None:
    """SameSite=Strict keeps the cookie back when the wallet's site sends the browser."""
    clerk = bench.app.test_client()
    log_in(clerk)
    _, back = answered_on_same_device(bench, clerk)
    bare = bench.app.test_client()
    page = bare.get(back)
    assert page.status_code == 200
    target = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert target is not None
    onward = target[1].replace("&amp;", "&")
    assert bare.get(onward).status_code == 403
    assert clerk.get(onward).status_code == 303


def test_redirect_of_the_back_office_opens_the_result_once(bench: Bench) -> None:
    session = bench.ask(redirect_uri="https://shop.example/done?basket=7")
    request = bench.request(session["request_uri"])
    answer = bench.post(request, bench.wallet.form(request)).get_json()
    assert answer["redirect_uri"].startswith("https://shop.example/done?basket=7&response_code=")
    code = parse_qs(urlsplit(answer["redirect_uri"]).query)["response_code"][0]
    assert code_of(bench.result(session)) == (403, "session_mismatch")
    assert code_of(bench.result(session, response_code="guess")) == (403, "session_mismatch")
    assert bench.result(session, response_code=code).get_json()["state"] == "verified"
    assert code_of(bench.result(session, response_code=code)) == (403, "session_mismatch")
    assert bench.result(session).get_json()["state"] == "verified"
    plain = bench.ask()
    assert code_of(bench.result(plain, response_code=code)) == (403, "session_mismatch")


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://shop.example/done",
        "https://user@shop.example/",
        "https://shop.example/#there",
        "//shop.example/done",
        "https://",
        "https://shop.example:0/",
        "https://shop.example/ x",
        7,
    ],
)
def test_B236_redirect_that_is_no_https_address(bench: Bench, uri: object) -> None:
    body = {"dcql_query": bench.request(bench.ask()["request_uri"])["dcql_query"], "redirect_uri": uri}
    assert code_of(bench.client.post("/api/requests", json=body, headers=bearer())) == (
        400,
        "invalid_request",
    )
    body["redirect_uri"] = "https://shop.example/done"
    assert bench.client.post("/api/requests", json=body, headers=bearer()).status_code == 201


def test_what_is_kept_is_sealed_and_then_erased(bench: Bench, tmp_path: Path) -> None:
    session = bench.ask(response_mode="direct_post.jwt")
    request = bench.request(session["request_uri"])
    link_secret = path_secret(request)
    assert bench.post(request, bench.wallet.form(request)).status_code == 200
    store = SqliteVerifierStore(bench.settings.store_path)
    stored = store.session(session["session_id"])
    assert stored is not None
    assert stored.sealed_conversation is None  # the session's key is gone
    everything = _bytes_of(bench.settings.store_path)
    for secret in (*SECRETS_OF_A_CREDENTIAL, link_secret, request["nonce"], request["state"]):
        if secret == "eyJ":
            continue  # the signed status list is public and may stand there
        assert secret.encode() not in everything, secret
    bench.clock.now = NOW + 3599
    assert bench.app.extensions["trustid_verifier"].desk.erase() == 0
    assert bench.result(session).get_json()["state"] == "verified"
    bench.clock.now = NOW + 3600
    assert bench.app.extensions["trustid_verifier"].desk.erase() == 1
    assert code_of(bench.result(session)) == (404, "not_found")


def path_secret(request: dict[str, Any]) -> str:
    secret: str = request["response_uri"].rpartition("/")[2]
    return secret


def _bytes_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.name.startswith(path.name))


def test_expired_conversations_are_erased(bench: Bench) -> None:
    session = bench.ask(response_mode="direct_post.jwt")
    store = SqliteVerifierStore(bench.settings.store_path)
    bench.clock.now += 599
    bench.app.extensions["trustid_verifier"].keep_house()
    kept = store.session(session["session_id"])
    assert kept is not None
    assert kept.sealed_conversation is not None
    bench.clock.now += 30
    bench.app.extensions["trustid_verifier"].keep_house()
    kept = store.session(session["session_id"])
    assert kept is not None
    assert kept.sealed_conversation is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET state = 'verified', sealed_conversation = NULL",
        "UPDATE session SET state = 'refused', sealed_result = NULL",
        "UPDATE session SET sealed_result = (SELECT sealed_result FROM session WHERE state = 'verified')",
        "UPDATE session SET sealed_result = zeroblob(80)",
    ],
)
def test_B248_a_row_edited_by_hand_is_noticed(bench: Bench, statement: str) -> None:
    good, bad = bench.ask(), bench.ask()
    request = bench.request(good["request_uri"])
    assert bench.post(request, bench.wallet.form(request)).status_code == 200
    request = bench.request(bad["request_uri"])
    bench.post(request, {"error": "access_denied"})
    assert bench.result(bad).get_json()["state"] == "refused"
    store = SqliteVerifierStore(bench.settings.store_path)
    with store.transaction() as work:
        work.execute(f"{statement} WHERE id = ?", (bad["session_id"],))
    assert code_of(bench.result(bad)) == (500, "store_tampered")
    assert bench.result(good).get_json()["state"] == "verified"
    with refused("store_tampered"):
        bench.app.extensions["trustid_verifier"].desk.result(bad["session_id"], admin=True)


def test_only_asked_claims_are_cut_out() -> None:
    claims = {
        "a": {"b": 1, "c": 2},
        "list": [{"x": 1, "y": 2}, {"x": 3}],
        "iss": "me",
        "open": True,
        "n": None,
    }
    assert asked_claims(claims, [("a", "b")]) == {"a": {"b": 1}}
    assert asked_claims(claims, [("list", None, "x"), ("list", 0, "y")]) == {
        "list": [{"x": 1, "y": 2}, {"x": 3}]
    }
    assert asked_claims(claims, [("list", 1)]) == {"list": [{"x": 3}]}
    assert asked_claims(claims, [("a",), ("open",), ("n",)]) == {
        "a": {"b": 1, "c": 2},
        "open": True,
        "n": None,
    }
    assert asked_claims(claims, [("a", "b", "z"), ("missing",)]) == {}
    assert asked_claims(claims, []) == {name: claims[name] for name in ("a", "list", "open", "n")}
