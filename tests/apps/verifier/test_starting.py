"""Starting: what is missing or unsafe is named in one line, and what the server says of itself is true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from refusing import refused
from trustid import keys
from trustid.credentials.jose import parse as parse_jws
from trustid.credentials.jose import verify
from trustid.did.document import DidDocument
from trustid.encoding import b64_encode
from trustid.keys.keystore import Keystore
from trustid.keys.x509 import DevelopmentCa, check_x5c
from verifier_app import create_app
from verifier_app.trust import load_trust
from verifier_under_test import (
    ADMIN,
    NOW,
    PUBLIC_URL,
    QUERY,
    SCHOOL,
    VCT,
    Bench,
    Clock,
    School,
    ask_at_counter,
    bearer,
    log_in,
    settings_in,
)

ROOT = Path(__file__).resolve().parents[3]


def pem(der: bytes) -> str:
    import ssl

    return ssl.DER_cert_to_PEM_cert(der)


def operator_certificate(folder: Path, host: str) -> tuple[Path, Path, bytes]:
    """A keystore with an operator's key, and a certificate for it that names a host."""
    store = Keystore.create(folder / f"{host}.keys", b"a passphrase")
    key = keys.generate("P-256")
    store.add("verifier.request", key)
    authority = DevelopmentCa.create("Public authority", now=NOW)
    leaf = authority.issue(key.public_key, common_name="Counter", dns_names=[host], valid_days=30, now=NOW)
    file = folder / f"{host}.pem"
    file.write_text(pem(leaf))
    return folder / f"{host}.keys", file, authority.certificate_der


def test_B106_B157_certificate_of_another_host(tmp_path: Path) -> None:
    school = School(Clock())
    for host, code in (("other.example", "setting_unsafe"), ("counter.example", None)):
        keystore, certificate, anchor = operator_certificate(tmp_path, host)
        settings = settings_in(
            tmp_path,
            school.ca.certificate_der,
            keystore_path=keystore,
            extra={"TRUSTID_X_CERTIFICATE_FILE": str(certificate)},
        )
        if code:
            with refused(code):
                create_app(settings, clock=Clock())
            continue
        client = create_app(settings, clock=Clock()).test_client()
        created = client.post("/api/requests", json={"dcql_query": QUERY}, headers=bearer()).get_json()
        header = parse_jws(client.get(_path(created)).text).header
        check_x5c(header["x5c"], trust_anchors=[anchor], now=NOW, dns_name="counter.example")
        assert client.get("/development-ca.pem").status_code == 404


def _path(created: dict[str, Any]) -> str:
    from verifier_under_test import path_of

    return path_of(created["request_uri"])


def test_B157_client_id_prefix_unknown_or_not_possible(bench: Bench) -> None:
    def ask(**members: Any) -> Any:
        return bench.client.post("/api/requests", json={"dcql_query": QUERY} | members, headers=bearer())

    for prefix in ("redirect_uri", "verifier_attestation", "openid_federation", "origin", "", 7, None):
        answer = ask(client_id_prefix=prefix)
        wanted = 201 if prefix is None else 400
        assert answer.status_code == wanted, prefix
    assert ask(client_id_prefix="x509_hash").status_code == 201
    assert ask(response_mode="fragment").get_json()["code"] == "invalid_request"
    assert ask(request_uri_method="put").get_json()["code"] == "invalid_request"
    assert ask(scope="x").get_json()["code"] == "invalid_request"
    assert ask(transaction_data=["e30"]).get_json()["code"] == "unsupported"
    assert ask(dcql_query={"credentials": []}).get_json()["code"] == "query_malformed"
    other = {"credentials": [{"id": "m", "format": "ac_vp", "meta": {}}]}
    assert ask(dcql_query=other).get_json()["code"] == "unsupported"
    mdoc = {"credentials": [{"id": "m", "format": "mso_mdoc", "meta": {"doctype_value": "x"}}]}
    assert ask(dcql_query=mdoc).status_code == 201


def test_a_host_without_a_name(tmp_path: Path) -> None:
    school = School(Clock())
    settings = settings_in(tmp_path, school.ca.certificate_der, public_url="https://[2001:db8::1]")
    with refused("setting_unsafe"):
        create_app(settings, clock=Clock())


def test_request_objects_prove_who_asks(bench: Bench) -> None:
    import ssl

    anchor = ssl.PEM_cert_to_DER_cert(bench.client.get("/development-ca.pem").text)
    document = bench.client.get("/.well-known/did.json")
    assert document.content_type == "application/did+json"
    did = DidDocument.from_json(document.get_json(), "did:web:counter.example")
    for prefix in ("x509_san_dns", "x509_hash", "decentralized_identifier"):
        token = parse_jws(bench.client.get(_path(bench.ask(client_id_prefix=prefix))).text)
        if prefix == "decentralized_identifier":
            key = did.verification_method(token.header["kid"], "authentication").public_key
            assert token.claims()["client_id"] == "decentralized_identifier:did:web:counter.example"
            assert "x5c" not in token.header
        else:
            key = check_x5c(token.header["x5c"], trust_anchors=[anchor], now=NOW, dns_name="counter.example")
            assert len(token.header["x5c"]) == 1  # the anchor stays out
        verify(token, key, algorithms=["ES256"], typ="oauth-authz-req+jwt")
        assert not {"scope", "redirect_uri", "client_id_scheme", "iss"} & token.claims().keys()


def test_B241_absolute_urls_come_from_the_settings(bench: Bench) -> None:
    spoofed = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
    }
    body = {"dcql_query": QUERY, "response_mode": "direct_post"}
    created = bench.client.post("/api/requests", json=body, headers=bearer() | spoofed).get_json()
    assert created["result_url"].startswith(f"{PUBLIC_URL}/api/requests/")
    assert "evil" not in json.dumps(created)
    payload = bench.payload(bench.client.get(_path(created), headers=spoofed).text)
    assert payload["response_uri"].startswith(f"{PUBLIC_URL}/oid4vp/responses/")
    assert "evil" not in json.dumps(payload)
    clerk = bench.app.test_client()
    log_in(clerk)
    page = ask_at_counter(clerk, same_device="yes")
    assert "evil" not in clerk.get(page.request.path, headers=spoofed).text


def test_openapi_is_valid_and_true_to_the_routes(bench: Bench) -> None:
    document = bench.client.get("/openapi.json").get_json()
    validate(document)
    described = {
        (path, method.upper())
        for path, operations in document["paths"].items()
        for method in operations
        if method in ("get", "post")
    }
    served = {
        (_openapi_path(rule.rule), method)
        for rule in bench.app.url_map.iter_rules()
        if not rule.endpoint.startswith("pages.") and rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    schemas = document["components"]["schemas"]

    def fits(name: str, value: Any) -> None:
        Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        ).validate(value)

    session = bench.ask()
    fits("Created", session)
    fits("Request", {"dcql_query": QUERY, "response_mode": "direct_post"})
    request = bench.request(session["request_uri"])
    fits("Problem", bench.post(request, {"vp_token": "{"}).get_json())
    fits("Result", bench.result(session).get_json())
    bench.post(request, bench.wallet.form(request))
    fits("Result", bench.result(session).get_json())


def _openapi_path(rule: str) -> str:
    return rule.replace("<path:", "<").replace("<", "{").replace(">", "}")


def test_headers_on_every_route(bench: Bench) -> None:
    for rule in bench.app.url_map.iter_rules():
        path = (
            rule.rule.replace("<session_id>", "x")
            .replace("<request_id>", "x")
            .replace("<path:filename>", "counter.css")
        )
        answer = bench.client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["Referrer-Policy"] == "no-referrer", path
        assert "max-age=" in answer.headers["Strict-Transport-Security"], path
        assert "Access-Control-Allow-Origin" not in answer.headers, path
        answer.close()


def test_a_path_in_the_public_url_goes_before_every_route(tmp_path: Path) -> None:
    school = School(Clock())
    settings = settings_in(tmp_path, school.ca.certificate_der, public_url=f"{PUBLIC_URL}/library")
    client = create_app(settings, clock=Clock(), fetcher=school).test_client()  # type: ignore[arg-type]
    assert client.get("/library/did.json").get_json()["id"] == "did:web:counter.example:library"
    created = client.post("/library/api/requests", json={"dcql_query": QUERY}, headers=bearer()).get_json()
    path = _path(created)
    assert path.startswith("/library/oid4vp/requests/")
    response_uri = Bench.payload(client.get(path).text)["response_uri"]
    assert urlsplit(response_uri).path.startswith("/library/oid4vp/responses/")
    assert client.get(urlsplit(created["result_url"]).path, headers=bearer()).status_code == 200
    assert client.get("/library/login").status_code == 200
    validate(client.get("/library/openapi.json").get_json())


REGISTRY = "https://hospital.example/revocation/vaccination"
JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
GOOD_TRUST: dict[str, Any] = {"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": []}}}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (GOOD_TRUST, None),
        ({"types": {}}, None),
        ({"types": {VCT: {"issuers": [SCHOOL]}}}, None),
        ({}, "setting_unsafe"),
        ([], "setting_unsafe"),
        ({"types": [], "x": 1}, "setting_unsafe"),
        ({"types": {VCT: {"issuers": []}}}, "setting_unsafe"),
        ({"types": {VCT: {"issuers": SCHOOL}}}, "setting_unsafe"),
        ({"types": {VCT: {"issuers": [SCHOOL], "anchors": []}}}, "setting_unsafe"),
        ({"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": ["AAAA", 7]}}}, "setting_unsafe"),
        ({"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": ["not base64!"]}}}, "setting_unsafe"),
        ({"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": ["AAAA"]}}}, "setting_unsafe"),
        ({"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": ["missing.pem"]}}}, "setting_missing"),
        (GOOD_TRUST | {"registries": {REGISTRY: {"keys": [JWK]}}}, None),
        (GOOD_TRUST | {"epochs": {"previous_seconds": 0, "max_age_seconds": 3600}}, None),
        (GOOD_TRUST | {"registries": []}, "setting_unsafe"),
        (GOOD_TRUST | {"registries": {REGISTRY: {"keys": []}}}, "setting_unsafe"),
        (GOOD_TRUST | {"registries": {REGISTRY: {"keys": [JWK] * 17}}}, "setting_unsafe"),
        (GOOD_TRUST | {"registries": {REGISTRY: {"keys": [JWK], "x": 1}}}, "setting_unsafe"),
        (GOOD_TRUST | {"registries": {REGISTRY: {"keys": [7]}}}, "setting_unsafe"),
        (GOOD_TRUST | {"registries": {"urn:registry": {"keys": [JWK]}}}, "setting_unsafe"),
        (GOOD_TRUST | {"epochs": {"max_age_seconds": 0}}, "setting_unsafe"),
        (GOOD_TRUST | {"epochs": {"max_age_seconds": True}}, "setting_unsafe"),
        (GOOD_TRUST | {"epochs": {"previous_seconds": -1}}, "setting_unsafe"),
        (GOOD_TRUST | {"epochs": {"skew_seconds": 9}}, "setting_unsafe"),
    ],
)
def test_trust_file(tmp_path: Path, content: Any, code: str | None) -> None:
    file = tmp_path / "trust.json"
    file.write_text(json.dumps(content))
    if code is None:
        assert set(load_trust(file).policy.issuers) == set(content["types"])
        return
    with refused(code):
        load_trust(file)


def test_trust_file_with_a_pem_anchor(tmp_path: Path) -> None:
    anchor = DevelopmentCa.create("School", now=NOW).certificate_der
    (tmp_path / "school.pem").write_text(pem(anchor))
    anchors = ["school.pem", b64_encode(anchor)]
    file = tmp_path / "trust.json"
    file.write_text(json.dumps({"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": anchors}}}))
    assert load_trust(file).policy.anchors_for(VCT) == (anchor, anchor)
    with refused("setting_missing"):
        load_trust(tmp_path / "nothing.json")
    assert not load_trust(None).policy.issuers


def environment(folder: Path) -> dict[str, str]:
    (folder / "passphrase").write_text("a passphrase\n")
    (folder / "passphrase").chmod(0o600)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        "TRUSTID_STORE": f"sqlite:///{folder / 'verifier.db'}",
        "TRUSTID_PUBLIC_URL": PUBLIC_URL,
        "TRUSTID_ADMIN_TOKEN": ADMIN,
        "TRUSTID_KEYSTORE": str(folder / "verifier.keys"),
        "TRUSTID_KEYSTORE_PASSPHRASE_FILE": str(folder / "passphrase"),
    }


def run(*arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "verifier_app", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"TRUSTID_ADMIN_TOKEN": ""},
        {"TRUSTID_ADMIN_TOKEN": "short"},
        {"TRUSTID_PUBLIC_URL": "http://counter.example"},
        {"TRUSTID_STORE": "mysql://x"},
        {"TRUSTID_TRUST": "/nowhere/trust.json"},
        {"TRUSTID_KEYSTORE_PASSPHRASE_FILE": "/nowhere"},
        {"TRUSTID_WORKERS": "1"},
        {"TRUSTID_X_ANSWER_SECONDS": "10"},
        {"TRUSTID_X_RETENTION_SECONDS": "for ever"},
    ],
    ids=lambda changes: "-".join(changes.values()) or "empty",
)
def test_a_setting_that_is_missing_or_unsafe_ends_in_one_line(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    done = run(environ=environment(tmp_path) | changes)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("trustid-verifier: ")
    assert done.stderr.count("\n") == 1
    assert next(iter(changes)) in done.stderr


def test_help(tmp_path: Path) -> None:
    done = run("--help", environ=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    for word in (
        "TRUSTID_TRUST",
        "x509_anchors",
        "TRUSTID_X_CERTIFICATE_FILE",
        "TRUSTID_X_RETENTION_SECONDS",
    ):
        assert word in done.stdout
    assert run("--colour", environ=environment(tmp_path)).returncode == 2


def test_settings_of_an_issuer_are_refused(bench: Bench) -> None:
    with refused("setting_unsafe"):
        create_app(replace(bench.settings, role="issuer"), clock=bench.clock)
