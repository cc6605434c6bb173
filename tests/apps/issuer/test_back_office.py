"""The back office: types, offers, issuances, revocation (B127), rosters."""

from __future__ import annotations

from typing import Any

import pytest

from issuer_under_test import ADMIN_TOKEN, IssuerUnderTest, error_of
from trustid.catalogue.loading import sample
from trustid.protocols.offering import ANSWER_SECONDS
from trustid.protocols.revoking import REVOKED_AT_ONCE

ROUTES = [
    ("GET", "/api/types"),
    ("POST", "/api/offers"),
    ("GET", "/api/issuances"),
    ("GET", "/api/issuances/x"),
    ("POST", "/api/issuances/x/revoke"),
    ("DELETE", "/api/issuances/x/revoke"),
    ("POST", "/api/revocations"),
    ("POST", "/api/issuances/x/suspend"),
    ("DELETE", "/api/issuances/x/suspend"),
    ("POST", "/api/issuances/x/renew"),
    ("POST", "/api/rosters"),
    ("GET", "/api/revocation"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "value", [None, "", "Bearer", "Bearer wrong", f"Basic {ADMIN_TOKEN}", f"Bearer {ADMIN_TOKEN}x"]
)
def test_every_route_needs_the_admin_token(
    issuer: IssuerUnderTest, method: str, path: str, value: str | None
) -> None:
    before = issuer.rows()
    headers = {} if value is None else {"Authorization": value}
    response = issuer.client().open(path, method=method, headers=headers)
    assert error_of(response) == (401, "unauthorized")
    assert "Bearer" in response.headers["WWW-Authenticate"]
    assert issuer.rows() == before
    assert issuer.admin(method, path).status_code != 401


def test_every_api_route_is_in_the_list_above(issuer: IssuerUnderTest) -> None:
    found = {
        (method, rule.rule.replace("<issuance_id>", "x"))
        for rule in issuer.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert found == set(ROUTES)


def test_types_describe_what_can_be_issued(issuer: IssuerUnderTest) -> None:
    types = issuer.admin("GET", "/api/types").json
    assert types is not None
    for one in types:
        assert {"credential_configuration_id", "format", "vct", "claims_schema", "sample_claims"} <= set(one)
        body = {
            "credential_configuration_id": one["credential_configuration_id"],
            "claims": one["sample_claims"],
        }
        assert issuer.admin("POST", "/api/offers", json=body).status_code == 201
        assert (
            issuer.client().get(one["vct"].removeprefix("https://school.example")).json["vct"] == one["vct"]
        )


def test_offer_answers_as_promised(issuer: IssuerUnderTest) -> None:
    plain, coded = issuer.offer(), issuer.offer(tx_code=True)
    assert set(plain) == {"issuance_id", "credential_offer_uri", "claim_url"}
    assert set(coded) == {"issuance_id", "credential_offer_uri", "claim_url", "tx_code"}
    assert len(coded["tx_code"]) == 6


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"credential_configuration_id": "nothing"}, (400, "unknown_credential_configuration")),
        ({"credential_configuration_id": 7}, (400, "invalid_request")),
        ({"claims": []}, (400, "invalid_request")),
        ({"tx_code": "yes"}, (400, "invalid_request")),
        ({"txcode": True}, (400, "invalid_request")),
        ({"claims": {"family_name": 7}}, (400, "claim_type_invalid")),
        ({"claims": {"iss": "https://evil.example"}}, (400, "claim_type_invalid")),
    ],
)
def test_offer_refused(issuer: IssuerUnderTest, change: dict[str, object], found: tuple[int, str]) -> None:
    good = {"credential_configuration_id": "degree", "claims": issuer.claims()}
    before = issuer.rows()
    response = issuer.admin("POST", "/api/offers", json=good | change)
    assert error_of(response) == found
    assert response.content_type == "application/problem+json"
    assert issuer.rows() == before
    assert issuer.admin("POST", "/api/offers", json=good).status_code == 201


def test_idempotency_key_gives_the_same_answer_and_one_effect(issuer: IssuerUnderTest) -> None:
    key = {"Idempotency-Key": "order-7"}
    body = {"credential_configuration_id": "degree", "claims": issuer.claims(), "tx_code": True}
    first = issuer.admin("POST", "/api/offers", json=body, headers=key)
    before = issuer.rows()
    again = issuer.admin("POST", "/api/offers", json=body, headers=key)
    assert (again.status_code, again.json) == (201, first.json)
    other = issuer.admin("POST", "/api/offers", json=body | {"tx_code": False}, headers=key)
    assert error_of(other) == (409, "idempotency_conflict")
    assert issuer.rows() == before
    issuer.clock.now += ANSWER_SECONDS
    assert (
        issuer.admin("POST", "/api/offers", json=body, headers={"Idempotency-Key": "x" * 256}).status_code
        == 400
    )


def test_issuances_in_pages(issuer: IssuerUnderTest) -> None:
    made = [issuer.offer()["issuance_id"] for _ in range(7)]
    seen: list[str] = []
    path: str | None = "/api/issuances?state=offered&limit=3"
    sizes = []
    while path is not None:
        page = issuer.admin("GET", path).json or {}
        sizes.append(len(page["issuances"]))
        seen += [one["issuance_id"] for one in page["issuances"]]
        path = page["next"] and page["next"].removeprefix("https://school.example")
        issuer.offer()  # what is made meanwhile moves no page
    assert sizes == [3, 3, 1]
    assert seen == made[::-1]
    assert (issuer.admin("GET", "/api/issuances?state=revoked").json or {})["issuances"] == []


@pytest.mark.parametrize("query", ["state=nothing", "after=x", "after=-1", "limit=0", "limit=201", "limit=x"])
def test_issuances_refuse_what_they_do_not_know(issuer: IssuerUnderTest, query: str) -> None:
    assert error_of(issuer.admin("GET", f"/api/issuances?{query}")) == (400, "invalid_request")
    assert issuer.admin("GET", "/api/issuances?state=issued&after=1&limit=200").status_code == 200


def test_B127_revocation_is_final_and_repeatable(issuer: IssuerUnderTest) -> None:
    name, _ = issuer.collect(2)
    kept, _ = issuer.collect()
    assert error_of(issuer.admin("DELETE", f"/api/issuances/{name}/revoke")) == (404, "not_found")
    first = issuer.admin("POST", f"/api/issuances/{name}/revoke")
    issuer.clock.now += 5
    again = issuer.admin("POST", f"/api/issuances/{name}/revoke")
    assert (first.status_code, again.status_code, again.json) == (200, 200, first.json)
    assert (first.json or {})["state"] == "revoked"
    before = issuer.sql("SELECT id, state FROM issuance"), issuer.sql("SELECT id, revoked_at FROM credential")
    assert error_of(issuer.admin("DELETE", f"/api/issuances/{name}/revoke")) == (409, "revocation_final")
    assert (
        issuer.sql("SELECT id, state FROM issuance"),
        issuer.sql("SELECT id, revoked_at FROM credential"),
    ) == before
    assert (issuer.admin("GET", f"/api/issuances/{kept}").json or {})["state"] == "issued"


def test_many_are_revoked_at_once_or_none(issuer: IssuerUnderTest) -> None:
    names = [issuer.collect()[0] for _ in range(4)]
    path = "/api/revocations"

    def revoke(body: Any) -> Any:
        return issuer.admin("POST", path, json=body)

    assert error_of(revoke({"issuance_ids": [*names, "nothing"]})) == (404, "not_found")
    assert issuer.sql("SELECT count(*) FROM issuance WHERE state = 'revoked'") == [(0,)]
    for body in ({}, [], {"issuance_ids": names[0]}, {"issuance_ids": [1]}, {"issuance_ids": names, "x": 1}):
        assert revoke(body).status_code == 400
    too_many = {"issuance_ids": names * (REVOKED_AT_ONCE // 4 + 1)}
    assert error_of(revoke(too_many)) == (413, "limit_exceeded")
    for expected, ids in ((0, []), (2, names[:2]), (1, names[1:3]), (0, names[:1] * 2)):
        answer = revoke({"issuance_ids": ids})
        assert (answer.status_code, answer.json) == (200, {"revoked": expected})
    assert issuer.sql("SELECT count(*) FROM credential WHERE revoked_at IS NULL") == [(1,)]


def test_suspended_and_resumed(issuer: IssuerUnderTest) -> None:
    name, _ = issuer.collect(2)
    path = f"/api/issuances/{name}/suspend"
    for method, suspended in (("POST", True), ("POST", True), ("DELETE", False), ("DELETE", False)):
        answer = issuer.admin(method, path)
        assert answer.status_code == 200
        assert ((answer.json or {})["suspended_at"] is not None) == suspended
        assert (answer.json or {})["state"] == "issued"
    for method in ("POST", "DELETE"):
        assert error_of(issuer.admin(method, "/api/issuances/nothing/suspend")) == (404, "not_found")


def test_B127_what_was_revoked_is_neither_suspended_nor_resumed(issuer: IssuerUnderTest) -> None:
    name, _ = issuer.collect()
    path = f"/api/issuances/{name}/suspend"
    assert issuer.admin("POST", path).status_code == 200
    assert issuer.admin("POST", f"/api/issuances/{name}/revoke").status_code == 200
    for method in ("POST", "DELETE"):
        assert error_of(issuer.admin(method, path)) == (409, "revocation_final")


def test_what_nobody_collected_is_not_suspended(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer()
    path = f"/api/issuances/{offer['issuance_id']}/suspend"
    assert error_of(issuer.admin("POST", path)) == (409, "not_suspendable")
    assert issuer.admin("DELETE", path).status_code == 200
    assert issuer.token(issuer.code(offer)).status_code == 200


def test_revoking_what_nobody_collected_ends_the_offer(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer()
    code = issuer.code(offer)
    assert issuer.admin("POST", f"/api/issuances/{offer['issuance_id']}/revoke").status_code == 200
    assert error_of(issuer.token(code)) == (400, "invalid_grant")
    assert error_of(issuer.admin("POST", f"/api/issuances/{offer['issuance_id']}/renew")) == (
        409,
        "already_collected",
    )


@pytest.mark.parametrize("tail", ["", "/revoke", "/renew"])
def test_unknown_issuance(issuer: IssuerUnderTest, tail: str) -> None:
    offer = issuer.offer()
    method = "POST" if tail else "GET"
    for name in ("nothing", offer["issuance_id"][:-1], "%00", "' OR 1=1 --"):
        assert error_of(issuer.admin(method, f"/api/issuances/{name}{tail}")) == (404, "not_found")
    assert issuer.admin(method, f"/api/issuances/{offer['issuance_id']}{tail}").status_code in (200, 201)


def test_renewing_ends_the_older_link(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer(tx_code=True)
    code = issuer.code(offer)
    fresh = issuer.admin("POST", f"/api/issuances/{offer['issuance_id']}/renew").json or {}
    assert fresh["claim_url"] != offer["claim_url"]
    assert error_of(issuer.token(code, tx_code=offer["tx_code"])) == (400, "invalid_grant")
    old = issuer.client().get(offer["claim_url"].removeprefix("https://school.example"))
    assert old.status_code == 404
    assert issuer.token(issuer.code(fresh), tx_code=fresh["tx_code"]).status_code == 200


# --- rosters ---------------------------------------------------------------------


def post_roster(issuer: IssuerUnderTest, data: bytes, query: str, content_type: str = "text/csv"):  # type: ignore[no-untyped-def]
    return issuer.admin("POST", f"/api/rosters?{query}", data=data, content_type=content_type)


GOOD = "oneroster_users.csv"
MESSY = "oneroster_users_messy.csv"


def test_roster_dry_run_makes_nothing(issuer: IssuerUnderTest) -> None:
    before = issuer.rows()
    response = post_roster(issuer, sample("student_id", GOOD), "configuration_id=student-id&dry_run=true")
    body = response.json
    assert (response.status_code, body["dry_run"]) == (200, True)
    assert body["ready"] == len([row for row in body["rows"] if row["state"] == "ready"]) > 0
    assert issuer.rows() == before


def test_roster_for_real_then_again(issuer: IssuerUnderTest) -> None:
    query = "configuration_id=student-id&dry_run=false&tx_code=true"
    first = post_roster(issuer, sample("student_id", GOOD), query)
    assert first.status_code == 201
    made = [row for row in first.json["rows"] if row["state"] == "offered"]
    assert first.json["issued"] == len(made) == issuer.rows()["issuance"]
    assert all(row["claim_url"] and len(row["tx_code"]) == 6 for row in made)
    again = post_roster(issuer, sample("student_id", GOOD), query)
    assert (again.status_code, again.json["issued"], again.json["unchanged"]) == (201, 0, len(made))
    assert issuer.rows()["issuance"] == len(made)
    # Who was revoked gets a new one.
    issuer.admin("POST", f"/api/issuances/{made[0]['issuance_id']}/revoke")
    once_more = post_roster(issuer, sample("student_id", GOOD), query)
    assert once_more.json["issued"] == 1


def test_roster_claim_link_leads_to_a_credential(issuer: IssuerUnderTest) -> None:
    body = post_roster(issuer, sample("student_id", GOOD), "configuration_id=student-id&dry_run=false").json
    path = body["rows"][0]["claim_url"].removeprefix("https://school.example")
    offer = issuer.client().get(path, headers={"Accept": "application/json"}).json or {}
    token = (issuer.token(issuer.code(offer)).json or {})["access_token"]
    assert issuer.ask(token, issuer.proof(), credential_configuration_id="student-id").status_code == 200
    assert error_of(issuer.client().get(path, headers={"Accept": "application/json"})) == (
        409,
        "already_collected",
    )


def test_roster_with_bad_rows_issues_nothing(issuer: IssuerUnderTest) -> None:
    before = issuer.rows()
    for query in ("dry_run=true", "dry_run=false"):
        response = post_roster(issuer, sample("student_id", MESSY), f"configuration_id=student-id&{query}")
        expected = 200 if query == "dry_run=true" else 422
        assert response.status_code == expected
        assert {"row", "column", "code", "message"} == set(response.json["problems"][0])
        assert "password" in response.json["columns_dropped"]
        assert "secret123" not in response.text
    assert error_of(response) == (422, "roster_invalid")
    assert issuer.rows() == before


def test_roster_requests_refused(issuer: IssuerUnderTest) -> None:
    good = sample("student_id", GOOD)
    before = issuer.rows()
    assert error_of(post_roster(issuer, good, "configuration_id=nothing")) == (
        400,
        "unknown_credential_configuration",
    )
    assert error_of(post_roster(issuer, good, "")) == (400, "unknown_credential_configuration")
    assert error_of(post_roster(issuer, good, "configuration_id=student-id&dry_run=no")) == (
        400,
        "invalid_request",
    )
    assert error_of(post_roster(issuer, good, "configuration_id=student-id", "text/plain")) == (
        415,
        "media_type_unsupported",
    )
    assert post_roster(issuer, b"\x00\xff", "configuration_id=student-id&dry_run=false").status_code in (
        400,
        422,
    )
    assert post_roster(issuer, b"x" * ((1 << 20) + 1), "configuration_id=student-id").status_code == 413
    assert issuer.rows() == before
    assert post_roster(issuer, good, "configuration_id=student-id").status_code == 200
