"""Nothing that names a person or opens a door stands in the store's files or in a log (P01, P02)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from issuer_under_test import ADMIN_TOKEN, PUBLIC_URL, IssuerUnderTest

CANARY = "Kanarienvogel-7f3a"


def found_in(issuer: IssuerUnderTest, secrets: Mapping[str, str]) -> list[str]:
    raw = b"".join(file.read_bytes() for file in issuer.path.parent.glob("issuer.db*"))
    return [name for name, secret in secrets.items() if secret.encode() in raw]


def test_store_and_log_hold_no_claim_and_no_secret(
    issuer: IssuerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    claims = issuer.claims() | {"family_name": CANARY}
    body = {"credential_configuration_id": "degree", "claims": claims, "tx_code": True}
    headers = {"Idempotency-Key": "key-of-the-request"}
    offer: dict[str, Any] = issuer.admin("POST", "/api/offers", json=body, headers=headers).json or {}
    code = issuer.code(offer)
    wrong = f"{(int(offer['tx_code']) + 1) % 1_000_000:06}"
    issuer.token(code, tx_code=wrong)
    token = (issuer.token(code, tx_code=offer["tx_code"]).json or {})["access_token"]
    nonce = issuer.nonce()
    issuer.ask(token, issuer.proof(claims={"nonce": nonce, "aud": CANARY}))
    issuer.ask(token, "x" * 50)
    [credential] = (issuer.ask(token, issuer.proof(claims={"nonce": nonce})).json or {})["credentials"]
    issuer.admin("POST", "/api/offers", json=body | {"claims": {"family_name": 7, CANARY: CANARY}})
    secrets = {
        "claim": CANARY,
        "credential": credential["credential"].split("~")[0][-60:],
        "disclosure": credential["credential"].split("~")[1],
        "reference": offer["credential_offer_uri"].rpartition("%2F")[2],
        "link": offer["claim_url"].rpartition("/")[2],
        "code": code,
        "tx_code": offer["tx_code"],
        "token": token,
        "nonce": nonce,
        "idempotency key": "key-of-the-request",
        "admin token": ADMIN_TOKEN,
    }
    assert found_in(issuer, secrets) == []
    assert found_in(issuer, {"the twin, which is there": offer["issuance_id"]}) == [
        "the twin, which is there"
    ]
    assert [name for name, secret in secrets.items() if secret in caplog.text] == []


def test_refusals_do_not_repeat_claims(issuer: IssuerUnderTest) -> None:
    bad = issuer.claims() | {"family_name": {"x": CANARY}, CANARY: 1}
    response = issuer.admin(
        "POST", "/api/offers", json={"credential_configuration_id": "degree", "claims": bad}
    )
    assert response.status_code == 400
    assert CANARY not in response.text


def test_public_answers_tell_nothing_about_others(issuer: IssuerUnderTest) -> None:
    offer, other = issuer.offer(), issuer.offer()
    issuer.admin("POST", f"/api/issuances/{other['issuance_id']}/revoke")
    gone = other["credential_offer_uri"].rpartition("%2F")[2]
    answers = [issuer.client().get(f"/offers/{name}") for name in (gone, "nothing", "x" * 43)]
    assert len({(answer.status_code, answer.get_data()) for answer in answers}) == 1
    assert issuer.code(offer)


def test_links_leak_nowhere(issuer: IssuerUnderTest) -> None:
    page = issuer.client().get(issuer.offer()["claim_url"].removeprefix(PUBLIC_URL))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.text
