"""A real issuer in a temporary folder, a clock that a test can move, and a small wallet."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from issuer_app.engine import EXTENSION, Engine
from trustid import keys
from trustid.credentials import jose

PUBLIC_URL = "https://school.example"
ADMIN_TOKEN = "admin-token-for-tests-000000"
STAFF_PASSWORD = "staff-password"
PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
START = 1_800_000_123
TABLES = ("issuance", "offer", "token", "nonce", "credential", "status_list", "answer", "upload")


class StoppedClock:
    """A clock that a test moves."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a complete and safe issuer."""
    passphrase = folder / "passphrase"
    passphrase.write_text("a passphrase for tests")
    passphrase.chmod(0o600)
    values = {
        "TRUSTID_STORE": f"sqlite:///{folder}/issuer.db",
        "TRUSTID_PUBLIC_URL": PUBLIC_URL,
        "TRUSTID_ADMIN_TOKEN": ADMIN_TOKEN,
        "TRUSTID_STAFF_PASSWORD": STAFF_PASSWORD,
        "TRUSTID_KEYSTORE": f"{folder}/keys.json",
        "TRUSTID_KEYSTORE_PASSPHRASE_FILE": str(passphrase),
        "TRUSTID_ORGANISATION": "Example School",
    }
    return values | changes


class IssuerUnderTest:
    """The app, its engine, its clock, and what its store holds."""

    def __init__(self, app: Flask, clock: StoppedClock, path: Path) -> None:
        self.app = app
        self.clock = clock
        self.path = path
        self.engine: Engine = app.extensions[EXTENSION]

    def client(self) -> FlaskClient:
        """A browser or wallet without cookies."""
        return self.app.test_client()

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with sqlite3.connect(self.path) as connection:
            found = {
                name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES
            }
        connection.close()
        return found

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into the store behind the engine's back."""
        with sqlite3.connect(self.path) as connection:
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found

    def claims(self, configuration_id: str = "degree") -> dict[str, Any]:
        """Claims that fit."""
        return dict(self.engine.kinds[configuration_id].sample_claims)

    def admin(self, method: str, path: str, **arguments: Any) -> TestResponse:
        """A call of the back office."""
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"} | arguments.pop("headers", {})
        return self.client().open(path, method=method, headers=headers, **arguments)

    def offer(
        self, *, tx_code: bool = False, configuration_id: str = "degree", **more: Any
    ) -> dict[str, Any]:
        """A fresh issuance through the back office."""
        body = {
            "credential_configuration_id": configuration_id,
            "claims": self.claims(configuration_id),
            "tx_code": tx_code,
            **more,
        }
        response = self.admin("POST", "/api/offers", json=body)
        assert response.status_code == 201, response.json
        return dict(response.json or {})

    def code(self, offer: Mapping[str, Any]) -> str:
        """The pre-authorized code behind an offer link."""
        reference = parse_qs(urlsplit(offer["credential_offer_uri"]).query)["credential_offer_uri"][0]
        response = self.client().get(urlsplit(reference).path)
        assert response.status_code == 200, response.json
        return str((response.json or {})["grants"][PRE_AUTHORIZED]["pre-authorized_code"])

    def token(self, code: str, **more: str) -> TestResponse:
        """A token request."""
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, **more}
        return self.client().post("/oid4vci/token", data=form)

    def access_token(self, **arguments: Any) -> str:
        """Offer and token in one."""
        response = self.token(self.code(self.offer(**arguments)))
        assert response.status_code == 200, response.json
        return str((response.json or {})["access_token"])

    def nonce(self) -> str:
        """A nonce."""
        response = self.client().post("/oid4vci/nonce")
        assert response.status_code == 200
        return str((response.json or {})["c_nonce"])

    def proof(
        self,
        key: keys.SigningKey | None = None,
        *,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """A key proof; `header` and `claims` change or, with None, remove members."""
        key = key or keys.generate("P-256")
        made: dict[str, Any] = {"typ": "openid4vci-proof+jwt", "jwk": key.public_key.to_jwk()} | dict(
            header or {}
        )
        body: dict[str, Any] = {"aud": PUBLIC_URL, "iat": self.clock.now} | dict(claims or {})
        if "nonce" not in body:
            body["nonce"] = self.nonce()
        return jose.sign(
            {name: value for name, value in made.items() if value is not None},
            {name: value for name, value in body.items() if value is not None},
            key,
        )

    def ask(self, access_token: str, *proofs: str, **more: Any) -> TestResponse:
        """A credential request."""
        body: dict[str, Any] = {
            "credential_configuration_id": "degree",
            "proofs": {"jwt": list(proofs)},
        } | more
        return self.client().post(
            "/oid4vci/credential",
            json={name: value for name, value in body.items() if value is not None},
            headers={"Authorization": f"Bearer {access_token}"},
        )

    def collect(self, number: int = 1, **arguments: Any) -> tuple[str, list[str]]:
        """A whole issuance: its id and the credentials."""
        offer = self.offer(**arguments)
        token = (self.token(self.code(offer)).json or {})["access_token"]
        nonce = self.nonce()
        proofs = [self.proof(claims={"nonce": nonce}) for _ in range(number)]
        asked = arguments.get("configuration_id", "degree")
        response = self.ask(token, *proofs, credential_configuration_id=asked)
        assert response.status_code == 200, response.json
        return offer["issuance_id"], [entry["credential"] for entry in (response.json or {})["credentials"]]


def error_of(response: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal, in whichever form it came."""
    body = response.json or {}
    return response.status_code, str(body.get("error") or body.get("code"))
