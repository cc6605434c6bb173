"""A verifier with everything around it made for a test: a school, its status list, a wallet, a clock."""

from __future__ import annotations

import html
import json
import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient

from trustid import keys
from trustid.credentials.jose import parse as parse_jws
from trustid.credentials.jose import sign
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.encoding import b64_encode
from trustid.errors import FetchError
from trustid.fetching import Fetched
from trustid.keys import SigningKey
from trustid.keys.jose import encrypt
from trustid.keys.x509 import DevelopmentCa
from trustid.settings import Secret, ServerSettings
from trustid.status.token_list import TokenStatusList
from verifier_app import create_app
from verifier_app.identity import load_keys

NOW = 1_790_000_000
SCHOOL = "https://school.example"
VCT = f"{SCHOOL}/vct/degree/1"
LIST = f"{SCHOOL}/status/1"
PUBLIC_URL = "https://counter.example"
ADMIN = "an-admin-token-of-some-length"
PASSWORD = "staff-password"
CLAIMS = {
    "given_name": "Ada",
    "family_name": "Rossi",
    "degree": {"name": "Physics", "type": "BSc"},
    "year": 2024,
}
DISCLOSABLE = (("given_name",), ("family_name",), ("degree", "name"), ("degree", "type"), ("year",))
QUERY = {
    "credentials": [
        {
            "id": "degree",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [VCT]},
            "claims": [{"path": ["family_name"]}, {"path": ["degree", "name"]}],
        }
    ]
}

KEYSTORE: list[bytes] = []


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@dataclass
class School:
    """An issuer with x5c, and its status list."""

    clock: Clock
    key: SigningKey = field(default_factory=lambda: keys.generate("P-256"))
    statuses: TokenStatusList = field(default_factory=lambda: TokenStatusList(1, 64))
    fetched: list[str] = field(default_factory=list)
    reachable: bool = True

    def __post_init__(self) -> None:
        self.ca = DevelopmentCa.create("School authority", now=self.clock())
        leaf = self.ca.issue(
            self.key.public_key,
            common_name="School",
            dns_names=["school.example"],
            uris=[SCHOOL],
            valid_days=30,
            now=self.clock(),
        )
        self.x5c = [b64_encode(leaf)]

    def issue(self, holder: SigningKey, *, index: int = 3, **changes: Any) -> str:
        values: dict[str, Any] = {
            "vct": VCT,
            "issuer": SCHOOL,
            "key": self.key,
            "holder": holder.public_key,
            "disclosable": DISCLOSABLE,
            "issued_at": NOW - 3600,
            "expires_at": NOW + 30 * 24 * 3600,
            "status": {"status_list": {"idx": index, "uri": LIST}},
            "x5c": self.x5c,
        }
        return issue_sd_jwt_vc(changes.pop("claims", CLAIMS), **(values | changes))

    def on_behalf_of(self, _peer: str) -> AbstractContextManager[None]:
        """Stands in for the fetcher: counts nothing."""
        return nullcontext()

    def get(self, url: str, **_: Any) -> Fetched:
        """Stands in for the fetcher: serves the status list and nothing else."""
        self.fetched.append(url)
        if url != LIST or not self.reachable:
            raise FetchError("fetch_failed", "nothing there")
        token = sign(
            {"typ": "statuslist+jwt", "x5c": self.x5c},
            {
                "sub": LIST,
                "iat": self.clock(),
                "exp": self.clock() + 7200,
                "ttl": 60,
                "status_list": self.statuses.to_claim(),
            },
            self.key,
        )
        return Fetched(200, {"content-type": "application/statuslist+jwt"}, token.encode(), url)


@dataclass
class Wallet:
    """Answers requests, rightly or as a test bends it."""

    key: SigningKey
    credential: str

    def present(self, request: dict[str, Any], paths: Any = None, **changes: Any) -> str:
        """A presentation for a request object's payload."""
        asked = [tuple(claim["path"]) for claim in request["dcql_query"]["credentials"][0].get("claims", [])]
        values = {"audience": request["client_id"], "nonce": request["nonce"], "issued_at": NOW} | changes
        shown = SdJwt.parse(self.credential).select(asked if paths is None else paths)
        other_key = values.pop("key", None)
        bound = shown.bind(self.key, **values)
        if other_key is None:
            return bound
        proof = parse_jws(bound.rpartition("~")[2])
        return bound.rpartition("~")[0] + "~" + sign(dict(proof.header), proof.claims(), other_key)

    def form(self, request: dict[str, Any], vp_token: Any = None, **changes: Any) -> dict[str, str]:
        """The form to post for a request object's payload."""
        token = {"degree": [self.present(request)]} if vp_token is None else vp_token
        if request["response_mode"] == "direct_post":
            return {"vp_token": json.dumps(token), "state": request["state"]} | changes
        jwk = request["client_metadata"]["jwks"]["keys"][0]
        content = {"vp_token": token, "state": request["state"]} | changes
        return {"response": encrypt(json.dumps(content).encode(), jwk)}


@dataclass
class Bench:
    """The app, a client for it, and everybody it deals with."""

    app: Flask
    client: FlaskClient
    school: School
    wallet: Wallet
    clock: Clock
    settings: ServerSettings

    def ask(self, **members: Any) -> dict[str, Any]:
        """Begin a session by the back office; returns its answer."""
        body = {"dcql_query": QUERY, "response_mode": "direct_post"} | members
        answer = self.client.post("/api/requests", json=body, headers=bearer())
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def request(self, link: str) -> dict[str, Any]:
        """Fetch a link's request object and return its payload."""
        return self.payload(self.client.get(path_of(link)).text)

    @staticmethod
    def payload(token: str) -> dict[str, Any]:
        return parse_jws(token).claims()

    def post(self, request: dict[str, Any], form: dict[str, str]) -> Any:
        """Post an answer to the response URI of a request."""
        return self.client.post(urlsplit(request["response_uri"]).path, data=form)

    def result(self, session: dict[str, Any], **query: str) -> Any:
        """The result of a session, as the admin."""
        path = urlsplit(session["result_url"]).path
        return self.client.get(path, headers=bearer(), query_string=query)


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {ADMIN}"}


def path_of(link: str) -> str:
    """The path of the request_uri in an openid4vp link."""
    return urlsplit(parse_qs(urlsplit(link).query)["request_uri"][0]).path


def settings_in(folder: Path, anchor: bytes, **changes: Any) -> ServerSettings:
    folder.mkdir(exist_ok=True)
    trust = folder / "trust.json"
    trust.write_text(
        json.dumps({"types": {VCT: {"issuers": [SCHOOL], "x509_anchors": [b64_encode(anchor)]}}})
    )
    values: dict[str, Any] = {
        "role": "verifier",
        "store_path": folder / "verifier.db",
        "public_url": PUBLIC_URL,
        "admin_token": Secret(ADMIN),
        "keystore_path": folder / "keys.json",
        "keystore_passphrase": Secret("a passphrase"),
        "staff_password": Secret(PASSWORD),
        "organisation": "City library",
        "trust_file": trust,
    }
    return ServerSettings(**(values | changes))


def _keystore_at(settings: ServerSettings) -> None:
    """A keystore made once for all tests: stretching its passphrase and making its keys takes a while."""
    if not KEYSTORE:
        load_keys(settings, clock=Clock())
        KEYSTORE.append(settings.keystore_path.read_bytes())
        return
    settings.keystore_path.touch(mode=0o600)
    settings.keystore_path.write_bytes(KEYSTORE[0])


def make_bench(folder: Path, **changes: Any) -> Bench:
    clock = Clock()
    school = School(clock)
    settings = settings_in(folder, school.ca.certificate_der, **changes)
    _keystore_at(settings)
    app = create_app(settings, clock=clock, fetcher=school)  # type: ignore[arg-type]
    holder = keys.generate("P-256")
    return Bench(app, app.test_client(), school, Wallet(holder, school.issue(holder)), clock, settings)


def csrf_of(page: str) -> str:
    """The CSRF token in a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def log_in(client: FlaskClient, password: str = PASSWORD) -> Any:
    """Log a browser in at the counter."""
    token = csrf_of(client.get("/login").text)
    return client.post("/login", data={"csrf_token": token, "password": password})


def ask_at_counter(client: FlaskClient, **fields: str) -> Any:
    """Ask the bench's question with the form for one's own; returns the page with the code."""
    form = {"csrf_token": csrf_of(client.get("/").text), "question": "own", "dcql_query": json.dumps(QUERY)}
    return client.post(
        "/counter", data=form | {"response_mode": "direct_post"} | fields, follow_redirects=True
    )


def link_in(page: str) -> str:
    """The wallet's link in a counter page."""
    found = re.search(r'<code id="link">([^<]+)</code>', page)
    assert found is not None
    return html.unescape(found[1])
