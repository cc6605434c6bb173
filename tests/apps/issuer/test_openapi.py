"""The OpenAPI document is valid, complete, and says no more than the routes do."""

from __future__ import annotations

import re

from openapi_spec_validator import validate

from issuer_under_test import IssuerUnderTest

PAGES = {
    "login",
    "begin_session",
    "end_session",
    "home",
    "empty_roster",
    "check_roster",
    "issue_roster",
    "roster",
}
PAGES |= {"issuances", "issuance", "revoke", "renew", "suspend", "resume"}
NOT_FOR_PROGRAMS = {f"pages.{name}" for name in PAGES} | {"static", "pages.static"}


def test_document_is_valid(issuer: IssuerUnderTest) -> None:
    document = issuer.client().get("/openapi.json").json
    assert document is not None
    validate(document)


def test_document_is_true_to_the_routes(issuer: IssuerUnderTest) -> None:
    document = issuer.client().get("/openapi.json").json or {}
    written = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = {
        (method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule))
        for rule in issuer.app.url_map.iter_rules()
        if rule.endpoint not in NOT_FOR_PROGRAMS
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert written == served


def test_admin_routes_say_that_they_need_the_token(issuer: IssuerUnderTest) -> None:
    document = issuer.client().get("/openapi.json").json or {}
    for path, item in document["paths"].items():
        for operation in item.values():
            assert (operation["security"] == [{"admin": []}]) == path.startswith(("/api/", "/credentials/"))
