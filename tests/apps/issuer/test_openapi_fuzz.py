"""Whatever a program sends, the issuer answers as its OpenAPI document says, and never with 500."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from issuer_under_test import ADMIN_TOKEN, IssuerUnderTest

METHODS = {"get", "post", "put", "delete", "patch"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_every_answer_is_as_described(issuer: IssuerUnderTest) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", issuer.app)
    tried = 0
    for operation in (found.ok() for found in schema.get_all_operations()):

        @given(case=operation.as_strategy())
        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def try_one(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, checks=CHECKS)

        try_one()
        tried += 1
    described = issuer.client().get("/openapi.json").json or {}
    paths = [operations for path, operations in described["paths"].items() if path != "/openapi.json"]
    assert tried == sum(len(set(operations) & METHODS) for operations in paths) > 20
