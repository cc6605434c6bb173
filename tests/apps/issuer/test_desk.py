"""The staff's pages and the web around them: B234 to B238, B241."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from issuer_under_test import PUBLIC_URL, STAFF_PASSWORD, IssuerUnderTest, error_of
from trustid.catalogue.loading import sample

HTTPS = {"base_url": PUBLIC_URL}


def token_in(response: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', response.text)
    assert found is not None
    return found[1]


def logged_in(issuer: IssuerUnderTest) -> tuple[FlaskClient, str]:
    client = issuer.client()
    form = {"csrf_token": token_in(client.get("/login", **HTTPS)), "password": STAFF_PASSWORD}
    assert client.post("/login", data=form, **HTTPS).status_code == 303
    return client, token_in(client.get("/", **HTTPS))


def upload(client: FlaskClient, token: str, data: bytes, kind: str = "student-id") -> TestResponse:
    form = {"csrf_token": token, "configuration_id": kind, "roster": (io.BytesIO(data), "people.csv")}
    return client.post("/rosters/check", data=form, **HTTPS)


def test_from_roster_to_links_to_revocation(issuer: IssuerUnderTest) -> None:
    client, token = logged_in(issuer)
    checked = upload(client, token, sample("student_id", "oneroster_users.csv"))
    assert checked.status_code == 200
    assert "Every row is fine." in checked.text
    assert issuer.rows()["issuance"] == 0
    action = re.search(r'action="(/rosters/[0-9a-f]+/issue)"', checked.text)
    assert action is not None
    issued = client.post(action[1], data={"csrf_token": token, "tx_code": "yes"}, **HTTPS)
    assert issued.status_code == 303
    number = issuer.rows()["issuance"]
    page = client.get(issued.headers["Location"], **HTTPS)
    assert page.text.count("data:image/svg+xml") == number == len(re.findall(r'class="slip"', page.text))
    twice = client.post(action[1], data={"csrf_token": token, "tx_code": "yes"}, **HTTPS)
    assert (twice.status_code, issuer.rows()["issuance"]) == (303, number)
    listed = client.get("/issuances", **HTTPS)
    name = re.findall(r'href="/issuances/([0-9a-f]{32})"', listed.text)[0]
    unsure = client.post(f"/issuances/{name}/revoke", data={"csrf_token": token}, **HTTPS)
    assert unsure.status_code == 400
    assert issuer.sql("SELECT state FROM issuance WHERE id = ?", name) == [("offered",)]
    sure = client.post(f"/issuances/{name}/revoke", data={"csrf_token": token, "sure": "yes"}, **HTTPS)
    assert sure.status_code == 303
    assert issuer.sql("SELECT state FROM issuance WHERE id = ?", name) == [("revoked",)]
    assert "revoked" in client.get(f"/issuances/{name}", **HTTPS).text


@pytest.mark.parametrize(
    "name",
    ["oneroster_users_messy.csv", "oneroster_users_messy_gb18030.csv", "oneroster_users_bom_semicolon.csv"],
)
def test_rosters_as_they_come(issuer: IssuerUnderTest, name: str) -> None:
    client, token = logged_in(issuer)
    response = upload(client, token, sample("student_id", name))
    if "messy" in name:
        assert response.status_code == 422
        assert "Nothing was issued." in response.text
        assert "/issue" not in response.text
        assert issuer.rows()["upload"] == 0
    else:
        assert response.status_code == 200
        assert "semicolon between the cells" in response.text
    assert issuer.rows()["issuance"] == 0


def test_messy_roster_names_every_planted_fault(issuer: IssuerUnderTest) -> None:
    client, token = logged_in(issuer)
    text = upload(client, token, sample("student_id", "oneroster_users_messy.csv")).text
    rows = re.findall(
        r"<tr><td>(\d+|all)</td><td>(?:<code>)?([^<]+)(?:</code>)?</td><td>([^<]+)</td></tr>", text
    )
    assert len(rows) >= 8
    assert "secret123" not in text
    assert "HYPERLINK" not in text


def test_upload_without_file_or_type(issuer: IssuerUnderTest) -> None:
    client, token = logged_in(issuer)
    assert client.post("/rosters/check", data={"csrf_token": token}, **HTTPS).status_code == 400
    assert upload(client, token, b"", "nothing").status_code == 400
    assert upload(client, token, b"").status_code in (400, 422)
    assert upload(client, token, sample("student_id", "oneroster_users.csv")).status_code == 200


def test_upload_over_the_limit_is_refused_in_words(issuer: IssuerUnderTest) -> None:
    client, token = logged_in(issuer)
    head = b'--x\r\nContent-Disposition: form-data; name="roster"; filename="a.csv"\r\n\r\n'
    form = b"%s%s\r\n--x--\r\n" % (head, b"x" * (1 << 20))
    response = client.post(
        "/rosters/check", data=form, content_type="multipart/form-data; boundary=x", **HTTPS
    )
    assert response.status_code == 413
    assert response.mimetype == "text/html"
    assert "Send less." in response.text
    assert upload(client, token, sample("student_id", "oneroster_users.csv")).status_code == 200


def test_empty_list_has_the_columns(issuer: IssuerUnderTest) -> None:
    client, token = logged_in(issuer)
    response = client.get("/rosters/empty/student-id.csv", **HTTPS)
    assert response.data.startswith(b"\xef\xbb\xbfsourcedId,")
    assert "attachment" in response.headers["Content-Disposition"]
    assert client.get("/rosters/empty/nothing.csv", **HTTPS).status_code == 404
    del token


def test_pages_send_strangers_to_the_login(issuer: IssuerUnderTest) -> None:
    for path in ("/", "/issuances", "/issuances/x", "/rosters/x", "/rosters/empty/degree.csv"):
        response = issuer.client().get(path, **HTTPS)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login?next=")


WRITES = [
    "/rosters/check",
    "/rosters/x/issue",
    "/issuances/x/revoke",
    "/issuances/x/suspend",
    "/issuances/x/resume",
    "/issuances/x/renew",
    "/logout",
    "/login",
]


def test_B234_every_writing_page_is_in_the_list_above(issuer: IssuerUnderTest) -> None:
    found = {
        re.sub(r"<[^>]+>", "x", rule.rule)
        for rule in issuer.app.url_map.iter_rules()
        if "POST" in (rule.methods or set())
        and not rule.rule.startswith(("/api/", "/oid4vci/", "/credentials/"))
    }
    assert found == set(WRITES)


@pytest.mark.parametrize("path", WRITES)
def test_B234_csrf(issuer: IssuerUnderTest, path: str) -> None:
    client, token = logged_in(issuer)
    _, foreign = logged_in(issuer)
    before = issuer.rows()
    bad = [
        client.post(path, **HTTPS),
        client.post(path, data={"csrf_token": ""}, **HTTPS),
        client.post(path, data={"csrf_token": foreign}, **HTTPS),
        client.post(path, data={"csrf_token": token}, headers={"Origin": "https://evil.example"}, **HTTPS),
        client.post(path, data={"csrf_token": token}, headers={"Origin": "null"}, **HTTPS),
        client.post(path, json={"csrf_token": token}, **HTTPS),
    ]
    assert [response.status_code for response in bad] == [403] * len(bad)
    assert issuer.rows() == before
    good = client.post(path, data={"csrf_token": token}, headers={"Origin": PUBLIC_URL}, **HTTPS)
    # The login answers 403 for the password then, not for the form.
    assert good.status_code != 403 or "The password is wrong" in good.text


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><svg onload=alert(1)>', "=cmd()|' /C calc'!A0", "\u202egnp.exe"]
)
def test_B235_what_people_are_called_is_shown_inert(issuer: IssuerUnderTest, text: str) -> None:
    claims = issuer.claims() | {"family_name": text}
    body = {"credential_configuration_id": "degree", "claims": claims}
    made = issuer.admin("POST", "/api/offers", json=body)
    assert made.status_code == 201
    client, _ = logged_in(issuer)
    for path in ("/issuances", f"/issuances/{(made.json or {})['issuance_id']}"):
        page = client.get(path, **HTTPS)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<svg" not in page.text
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "javascript:alert(1)", "/\\evil", "\\\\e", "/\n/e"]
)
def test_B236_login_leads_nowhere_else(issuer: IssuerUnderTest, target: str) -> None:
    client = issuer.client()
    page = client.get("/login", query_string={"next": target}, **HTTPS)
    form = {"csrf_token": token_in(page), "password": STAFF_PASSWORD, "next": target}
    assert client.post("/login", data=form, **HTTPS).headers["Location"] == "/"
    other = issuer.client()
    form = {
        "csrf_token": token_in(other.get("/login", **HTTPS)),
        "password": STAFF_PASSWORD,
        "next": "/issuances",
    }
    assert other.post("/login", data=form, **HTTPS).headers["Location"] == "/issuances"


def test_B237_session_cookie(issuer: IssuerUnderTest) -> None:
    client = issuer.client()
    page = client.get("/login", **HTTPS)
    before = page.headers["Set-Cookie"]
    done = client.post("/login", data={"csrf_token": token_in(page), "password": STAFF_PASSWORD}, **HTTPS)
    after = done.headers["Set-Cookie"]
    for cookie in (before, after):
        assert cookie.startswith("__Host-trustid=")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= {
            part.strip() for part in cookie.split(";")
        }
    assert before.split(";")[0] != after.split(";")[0]
    assert token_in(client.get("/", **HTTPS)) != token_in(page)


def test_B238_guessing_the_password(issuer: IssuerUnderTest) -> None:
    client = issuer.client()
    token = token_in(client.get("/login", **HTTPS))
    found = []
    for number in range(20):
        headers = {"X-Forwarded-For": f"10.0.0.{number}"}  # B241: a header does not reset the count
        form = {"csrf_token": token, "password": "wrong password"}
        found.append(client.post("/login", data=form, headers=headers, **HTTPS).status_code)
    assert set(found[:10]) == {403}
    assert set(found[10:]) == {429}
    right = client.post("/login", data={"csrf_token": token, "password": STAFF_PASSWORD}, **HTTPS)
    assert right.status_code == 429


def test_B241_headers_do_not_change_our_addresses(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer()
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    paths = [
        "/.well-known/openid-credential-issuer",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwt-vc-issuer",
        "/.well-known/did.json",
        "/openapi.json",
        offer["claim_url"].removeprefix(PUBLIC_URL),
    ]
    for path in paths:
        response = issuer.client().get(path, headers=evil)
        assert response.status_code == 200
        assert "evil.example" not in response.text
        assert PUBLIC_URL in response.text or "school.example" in response.text


def test_claim_page_states(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer()
    path = offer["claim_url"].removeprefix(PUBLIC_URL)
    first, second = issuer.client().get(path), issuer.client().get(path)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "openid-credential-offer://" in first.text
    assert first.text != second.text
    token = (issuer.token(issuer.code(offer)).json or {})["access_token"]
    assert issuer.ask(token, issuer.proof()).status_code == 200
    taken = issuer.client().get(path)
    assert (taken.status_code, "Already collected" in taken.text) == (410, True)
    issuer.admin("POST", f"/api/issuances/{offer['issuance_id']}/revoke")
    assert "Withdrawn" in issuer.client().get(path).text
    assert issuer.client().get("/claim/nothing").status_code == 404
    assert error_of(issuer.client().get("/claim/nothing", headers={"Accept": "application/json"})) == (
        404,
        "not_found",
    )


def test_no_page_needs_script_or_inline_style(issuer: IssuerUnderTest) -> None:
    client, token = logged_in(issuer)
    pages = [client.get(path, **HTTPS) for path in ("/", "/issuances", "/login")]
    pages.append(upload(client, token, sample("student_id", "oneroster_users.csv")))
    for page in pages:
        assert not re.search(r"<script|<style|\son\w+=|\sstyle=", page.text)
    with client.get("/static/style.css", **HTTPS) as css:
        assert (css.status_code, css.mimetype) == (200, "text/css")
