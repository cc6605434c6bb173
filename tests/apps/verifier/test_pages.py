"""The counter's pages: logins, forms, and strangers' words shown as text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from trustid.errors import CODES
from trustid.protocols.verifying import CHECK_NAMES
from verifier_app.words import CHECKS, check_words, headline
from verifier_under_test import (
    LIST,
    NOW,
    PASSWORD,
    PUBLIC_URL,
    QUERY,
    Bench,
    Wallet,
    ask_at_counter,
    bearer,
    csrf_of,
    link_in,
    log_in,
    make_bench,
)

NASTY = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "\u202egnp.exe",
    "{{7*7}}",
    "=cmd()|'/C calc'!A0",
]


def test_a_clerk_asks_and_sees_the_answer(bench: Bench) -> None:
    clerk = bench.app.test_client()
    assert clerk.get("/").headers["Location"].startswith("/login")
    assert log_in(clerk).status_code == 303
    home = clerk.get("/").text
    assert "Which degree does this person hold?" in home
    page = clerk.post(
        "/counter", data={"csrf_token": csrf_of(home), "question": "degree.degree"}, follow_redirects=True
    )
    assert "<svg" in page.text
    assert "Waiting for an answer" in page.text
    page = ask_at_counter(clerk)
    request = bench.request(link_in(page.text))
    assert bench.post(request, bench.wallet.form(request)).status_code == 200
    answer = clerk.get(page.request.path).text
    assert "Everything checks out." in answer
    assert "Rossi" in answer
    assert "Physics" in answer
    assert "Ada" not in answer
    assert "counter.js" not in answer  # the session has ended: nothing to wait for
    assert "accepted" in clerk.get("/").text


def test_a_refusal_says_what_to_do_and_the_page_goes_on_waiting(bench: Bench) -> None:
    clerk = bench.app.test_client()
    log_in(clerk)
    page = ask_at_counter(clerk)
    request = bench.request(link_in(page.text))
    expired = Wallet(bench.wallet.key, bench.school.issue(bench.wallet.key, expires_at=NOW - 3600))
    assert bench.post(request, expired.form(request)).status_code == 400
    refusal = clerk.get(page.request.path).text
    assert "Do not accept this." in refusal
    assert "Ask the person to get a new one" in refusal
    assert "Rossi" not in refusal
    assert "counter.js" in refusal
    assert bench.post(request, bench.wallet.form(request)).status_code == 200
    assert "Everything checks out." in clerk.get(page.request.path).text


def test_a_wrong_question_is_explained(bench: Bench) -> None:
    clerk = bench.app.test_client()
    log_in(clerk)
    token = csrf_of(clerk.get("/").text)
    for text, words in (("{", "cannot be read"), ("{}", "DCQL"), ('{"credentials": []}', "DCQL")):
        form = {"csrf_token": token, "question": "own", "dcql_query": text}
        answer = clerk.post("/counter", data=form)
        assert (answer.status_code, words in answer.text) == (400, True), answer.text
    unknown = clerk.post("/counter", data={"csrf_token": token, "question": "nothing"})
    assert (unknown.status_code, "choose a question" in unknown.text) == (400, True)
    form = {"csrf_token": token, "question": "own", "dcql_query": json.dumps(QUERY)}
    assert clerk.post("/counter", data=form).status_code == 303


def test_B234_form_from_elsewhere(bench: Bench) -> None:
    clerk, colleague = bench.app.test_client(), bench.app.test_client()
    log_in(clerk)
    log_in(colleague)
    mine, other = csrf_of(clerk.get("/").text), csrf_of(colleague.get("/").text)
    form = {"question": "own", "dcql_query": json.dumps(QUERY)}
    assert clerk.post("/counter", data=form).status_code == 403
    assert clerk.post("/counter", data=form | {"csrf_token": other}).status_code == 403
    evil = {"Origin": "https://evil.example"}
    assert clerk.post("/counter", data=form | {"csrf_token": mine}, headers=evil).status_code == 403
    assert (
        clerk.post("/counter", data=form | {"csrf_token": mine}, headers={"Origin": "null"}).status_code
        == 403
    )
    trick = json.dumps(form | {"csrf_token": mine})
    assert clerk.post("/counter", data=trick, content_type="text/plain").status_code == 403
    assert clerk.post("/counter", json=form | {"csrf_token": mine}).status_code == 403
    opaque = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}
    assert clerk.post("/counter", data=form | {"csrf_token": mine}, headers=opaque).status_code == 403
    assert clerk.post("/logout").status_code == 403
    stranger = bench.app.test_client()
    assert stranger.post("/counter", data=form | {"csrf_token": mine}).status_code == 403
    assert "Asked lately" not in clerk.get("/").text  # nothing was begun
    ours = {"Origin": PUBLIC_URL}
    assert clerk.post("/counter", data=form | {"csrf_token": mine}, headers=ours).status_code == 303
    assert "Asked lately" in clerk.get("/").text


def test_B234_the_back_office_takes_no_cookie(bench: Bench) -> None:
    clerk = bench.app.test_client()
    log_in(clerk)
    assert clerk.post("/api/requests", json={"dcql_query": QUERY}).status_code == 401
    assert clerk.post("/api/status/refresh").status_code == 401
    assert clerk.post("/api/requests", json={"dcql_query": QUERY}, headers=bearer()).status_code == 201
    plain = clerk.post(
        "/api/requests", data=json.dumps({"dcql_query": QUERY}), content_type="text/plain", headers=bearer()
    )
    assert (plain.status_code, plain.get_json()["code"]) == (415, "media_type_unsupported")


@pytest.mark.parametrize("words", NASTY)
def test_B235_B244_claims_are_shown_inert(bench: Bench, words: str) -> None:
    clerk = bench.app.test_client()
    log_in(clerk)
    page = ask_at_counter(clerk)
    request = bench.request(link_in(page.text))
    claims = {"family_name": words, "degree": {"name": words}}
    credential = bench.school.issue(
        bench.wallet.key, claims=claims, disclosable=[("family_name",), ("degree", "name")]
    )
    assert bench.post(request, Wallet(bench.wallet.key, credential).form(request)).status_code == 200
    answer = clerk.get(page.request.path).text
    assert "<script>alert" not in answer
    assert "<svg onload" not in answer
    assert ">49<" not in answer
    shown = re.findall(r"<dd><bdi>(.*?)</bdi></dd>", answer)
    assert len(shown) == 2  # each isolated, so that it cannot turn the text around it


def test_B155_B235_what_a_wallet_writes_is_shown_inert(bench: Bench) -> None:
    clerk = bench.app.test_client()
    log_in(clerk)
    page = ask_at_counter(clerk)
    request = bench.request(link_in(page.text))
    for words in NASTY:
        assert bench.post(request, {"error": "access_denied", "error_description": words}).status_code == 200
        answer = clerk.get(page.request.path).text
        assert "No credential was shown." in answer
        assert "<script>alert" not in answer
        assert "<svg onload" not in answer
        assert "\u202e" not in answer
        assert "access_denied" in answer


def test_B235_organisation_name_is_shown_inert(tmp_path: Any) -> None:
    bench = make_bench(tmp_path, organisation=NASTY[0])
    page = bench.client.get("/login").text
    assert NASTY[0] not in page
    assert "&lt;script&gt;" in page


def test_B237_session_cookie(bench: Bench) -> None:
    clerk = bench.app.test_client()
    before = clerk.get("/login").headers["Set-Cookie"]
    for word in ("__Host-trustid=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in before, before
    assert "Domain" not in before
    token = csrf_of(clerk.get("/login").text)
    answer = clerk.post("/login", data={"csrf_token": token, "password": PASSWORD})
    after = answer.headers["Set-Cookie"]
    assert after.split(";")[0] != before.split(";")[0]
    assert csrf_of(clerk.get("/").text) != token  # a token from before the login is worth nothing
    # Over http, on loopback, while developing: everything but Secure.
    assert "HttpOnly" in after


def test_wrong_password_and_next_elsewhere(bench: Bench) -> None:
    clerk = bench.app.test_client()
    assert log_in(clerk, "wrong").status_code == 403
    assert clerk.get("/").status_code == 302
    for target in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "javascript:alert(1)",
    ):
        token = csrf_of(clerk.get("/login", query_string={"next": target}).text)
        answer = clerk.post("/login", data={"csrf_token": token, "password": PASSWORD, "next": target})
        assert answer.headers["Location"] == "/", target
        clerk.post("/logout", data={"csrf_token": csrf_of(clerk.get("/").text)})
    token = csrf_of(clerk.get("/login").text)
    answer = clerk.post("/login", data={"csrf_token": token, "password": PASSWORD, "next": "/counter/x"})
    assert answer.headers["Location"] == "/counter/x"


def test_B238_many_wrong_passwords(bench: Bench) -> None:
    clerk = bench.app.test_client()
    codes = [log_in(clerk, f"wrong-{number}").status_code for number in range(12)]
    assert codes == [403] * 10 + [429] * 2
    spoofed = {"X-Forwarded-For": "192.0.2.7", "X-Real-IP": "192.0.2.7"}
    form = {"csrf_token": csrf_of(clerk.get("/login").text), "password": PASSWORD}
    assert clerk.post("/login", data=form, headers=spoofed).status_code == 429


def test_pages_without_inline_code(bench: Bench) -> None:
    """The content security policy allows no inline script or style; the pages have none."""
    clerk = bench.app.test_client()
    log_in(clerk)
    page = ask_at_counter(clerk)
    for text in (clerk.get("/login").text, clerk.get("/").text, page.text):
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", text)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for name in ("counter.css", "counter.js", "icon.svg"):
        with clerk.get(f"/static/{name}") as file:
            assert file.status_code == 200


def test_a_credential_without_status_is_not_called_unrevoked(bench: Bench) -> None:
    clerk = bench.app.test_client()
    log_in(clerk)
    for status, words in (
        (None, "It holds until it expires"),
        ({"status_list": {"idx": 3, "uri": LIST}}, "It has not been taken back"),
    ):
        page = ask_at_counter(clerk)
        request = bench.request(link_in(page.text))
        wallet = Wallet(bench.wallet.key, bench.school.issue(bench.wallet.key, status=status))
        assert bench.post(request, wallet.form(request)).status_code == 200
        shown = clerk.get(page.request.path).text
        assert [
            one for one in ("It holds until it expires", "It has not been taken back") if one in shown
        ] == [words]


def test_every_check_and_every_code_has_words() -> None:
    assert set(CHECK_NAMES) | {"answered"} == set(CHECKS)
    from trustid.errors import Check

    for code, info in CODES.items():
        for name in CHECKS:
            words = check_words(Check(name, False, code, info.public))
            assert words.title
            assert words.explanation
            assert words.advice
        assert headline("refused", [Check("readable", False, code, info.public)])[0].endswith(".")
