"""A hospital whose certificates have slots in a registry, its revocation manager, a counter, and wallets: one process.

Everything is the real thing but the network: requests go straight to the WSGI applications.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from issuer_app import create_app as create_issuer
from issuer_app.engine import EXTENSION as ISSUER
from issuer_app.engine import Engine as IssuerEngine
from trustid import keys
from trustid.credentials import jose
from trustid.encoding import b64_encode, b64url_decode
from trustid.errors import FetchError, ProtocolError
from trustid.fetching import Fetched
from trustid.keys.keystore import Keystore
from trustid.keys.x509 import certificate_from_pem
from trustid.protocols.answering import make_vp_token
from trustid.protocols.holding import HeldCredential, Holder
from trustid.settings import Secret, ServerSettings
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import Registry
from trustid.stores.sqlite_revocation import SqliteRegistryStore
from trustid.stores.sqlite_tickets import SqliteTicketStore
from trustid.stores.wallet_memory import MemoryWallet
from verifier_app import create_app as create_verifier

HOSPITAL = "https://hospital.example"
COUNTER = "https://counter.example"
REGISTRY = f"{HOSPITAL}/revocation/vaccination"
TOKEN = "an-admin-token-of-some-length"
PASSWORD = "staff-password"
START = 1_800_000_000
CAPACITY = 5000
COPIES = 10

Request = dict[str, Any]


@dataclass
class Clock:
    """A clock that a test moves."""

    now: int = START

    def __call__(self) -> int:
        return self.now


@dataclass
class Net:
    """Takes requests to the applications; remembers each, so that a test sees who asked when."""

    apps: dict[str, Flask] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cut: bool = False

    def on_behalf_of(self, _peer: str) -> AbstractContextManager[None]:
        return nullcontext()

    def get(self, url: str, *, accept: str, raise_for_status: bool = True, **_: Any) -> Fetched:
        answer = self._open("GET", url, headers={"Accept": accept})
        if raise_for_status and answer.status >= 400:
            raise FetchError("fetch_failed", f"status {answer.status}")
        return answer

    def post(
        self, url: str, *, body: bytes, content_type: str, headers: dict[str, str] | None = None, **_: Any
    ) -> Fetched:
        return self._open("POST", url, data=body, content_type=content_type, headers=headers)

    def _open(self, method: str, url: str, **arguments: Any) -> Fetched:
        self.asked.append(f"{method} {url}")
        parts = urlsplit(url)
        app = self.apps.get(f"{parts.scheme}://{parts.netloc}")
        if self.cut or app is None:
            raise FetchError("fetch_failed", "nobody there")
        place = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = app.test_client().open(place, method=method, buffered=True, **arguments)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Fetched(answer.status_code, headers, answer.get_data(), url)


class World:
    """Everybody, in one folder."""

    def __init__(
        self, folder: Path, *, previous_seconds: int = 0, committee: dict[str, str] | None = None
    ) -> None:
        self.clock = Clock()
        self.net = Net()
        self.folder = folder
        self.published = folder / "published"
        keystore = Keystore.create(folder / "manager.json", b"correct horse battery")
        store = SqliteRegistryStore(folder / "registry.db")
        manager = ManagerKeys.create(keystore, REGISTRY, CAPACITY)
        self.registry = Registry.create(store, manager, clock=self.clock)
        self.key = self.registry.statement_key.to_jwk()
        self.issuer = self._issuer()
        self.engine: IssuerEngine = self.issuer.extensions[ISSUER]
        self.pool = SqliteTicketStore(folder / "issuer.db")
        self.join(40)
        self.publish()
        self.verifier = self._verifier(previous_seconds, {"committee": committee} if committee else {})

    # --- the servers ----------------------------------------------------------------

    def _settings(self, role: str, url: str, **more: Any) -> ServerSettings:
        return ServerSettings(
            role=role,  # type: ignore[arg-type]
            store_path=self.folder / f"{role}.db",
            public_url=url,
            admin_token=Secret(TOKEN),
            keystore_path=self.folder / f"{role}.json",
            keystore_passphrase=Secret("a passphrase for tests"),
            staff_password=Secret(PASSWORD),
            **more,
        )

    def _issuer(self) -> Flask:
        file = self.folder / "registries.json"
        entry = {"registry": REGISTRY, "keys": [self.key], "folder": "published"}
        file.write_text(json.dumps({"vaccination": entry}))
        app = create_issuer(self._settings("issuer", HOSPITAL, registries_file=file), clock=self.clock)
        self.net.apps[HOSPITAL] = app
        return app

    def _verifier(self, previous_seconds: int, more: dict[str, Any]) -> Flask:
        self.anchor = certificate_from_pem(self.engine.identity.ca_certificate_pem.encode())
        vct = self.engine.kinds["vaccination"].vct(HOSPITAL)
        trusted = {"issuers": [HOSPITAL], "x509_anchors": [b64_encode(self.anchor)]}
        trust = {
            "types": {vct: trusted},
            "registries": {REGISTRY: {"keys": [self.key]} | more},
            "epochs": {"previous_seconds": previous_seconds},
        }
        file = self.folder / "trust.json"
        file.write_text(json.dumps(trust))
        app = create_verifier(
            self._settings("verifier", COUNTER, trust_file=file),
            clock=self.clock,
            fetcher=self.net,  # type: ignore[arg-type]
        )
        self.net.apps[COUNTER] = app
        return app

    # --- the manager ------------------------------------------------------------------

    def join(self, count: int) -> None:
        """Give the issuer tickets."""
        [entry] = self.admin(self.issuer, "GET", "/api/revocation")
        self.registry.join("issuer", self.pool, b64url_decode(entry["ticket_key"]), count)

    def publish(self) -> int:
        """What `trustid revocation publish` does; returns the epoch."""
        self.clock.now += 60
        self.registry.collect("issuer", self.pool)
        signed = Publisher(self.registry, self.published).publish()
        self.registry.settle(self.pool)
        return signed.epoch

    # --- the others -------------------------------------------------------------------

    @staticmethod
    def admin(app: Flask, method: str, path: str, body: Any = None) -> Any:
        """A call of a back office."""
        answer = app.test_client().open(
            path, method=method, json=body, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def wallet(self, *, copies: int = COPIES) -> Holder:
        """A wallet that knows the hospital's authority."""
        return Holder.open(
            MemoryWallet(),
            self.net,  # type: ignore[arg-type]
            clock=self.clock,
            issuer_anchors=[self.anchor],
            copies=copies,
        )

    def offer(self) -> dict[str, Any]:
        """A certificate for a person."""
        claims = dict(self.engine.kinds["vaccination"].sample_claims)
        body = {"credential_configuration_id": "vaccination", "claims": claims}
        found: dict[str, Any] = self.admin(self.issuer, "POST", "/api/offers", body)
        return found

    def collect(self, holder: Holder) -> tuple[str, HeldCredential]:
        """Offer and collect; returns the issuance's id."""
        offer = self.offer()
        [held] = holder.accept(holder.read_offer(offer["credential_offer_uri"]))
        return offer["issuance_id"], held

    def ask(self) -> dict[str, Any]:
        """A question at the counter."""
        kind = self.engine.kinds["vaccination"]
        question = next(one for one in kind.questions if one.id == "dose")
        body = {"dcql_query": question.query([kind.vct(HOSPITAL)]), "response_mode": "direct_post"}
        found: dict[str, Any] = self.admin(self.verifier, "POST", "/api/requests", body)
        return found

    def result(self, asked: dict[str, Any]) -> dict[str, Any]:
        """How it stands."""
        found: dict[str, Any] = self.admin(self.verifier, "GET", urlsplit(asked["result_url"]).path)
        return found

    def revoke(self, issuance_id: str) -> None:
        """What staff do at the desk."""
        self.admin(self.issuer, "POST", f"/api/issuances/{issuance_id}/revoke")

    def refresh_verifier(self) -> None:
        """What its schedule does."""
        self.clock.now += 30
        self.admin(self.verifier, "POST", "/api/status/refresh")


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def new_key() -> keys.SigningKey:
    """A key of somebody else."""
    return keys.generate("P-256")


# --- a wallet and the counter ---------------------------------------------------------


def held_by(holder: Holder) -> HeldCredential:
    [held] = holder.store.credentials()
    return held


def presentation(world: World, holder: Holder, asked: Request) -> str:
    """What the wallet would send."""
    answer = holder.plan(holder.read_request(asked["request_uri"]))
    token = make_vp_token(answer, store=holder.store, now=world.clock(), keeping=holder.keeping)
    return str(token["credential"][0])


def show(world: World, holder: Holder) -> Request:
    """Ask, answer, and look at the result."""
    asked = world.ask()
    try:
        holder.send(holder.plan(holder.read_request(asked["request_uri"])))
    except ProtocolError as err:
        assert err.code == "verifier_refused"
    return world.result(asked)


def post(world: World, holder: Holder, asked: Request, text: str) -> str:
    """Send a presentation; returns "verified" or the code of the check that failed."""
    request = holder.read_request(asked["request_uri"])
    form = {"vp_token": json.dumps({"credential": [text]}), "state": request.state or ""}
    world.verifier.test_client().post(request.response_uri.removeprefix("https://counter.example"), data=form)
    return verdict(world.result(asked))


def verdict(result: Request) -> str:
    failed = [check["code"] for check in result["checks"] if not check["ok"]]
    return failed[0] if failed else str(result["state"])


def bound(text: str, key: Any, **changes: Any) -> str:
    """The same presentation with members of the key binding JWT changed, signed anew by the holder."""
    shown, _, binding = text.rpartition("~")
    proof = jose.parse(binding)
    claims = {name: value for name, value in (proof.claims() | changes).items() if value is not None}
    return f"{shown}~{jose.sign(dict(proof.header), claims, key)}"


def key_of(holder: Holder, text: str) -> Any:
    """The holder's key of the copy that a presentation shows."""
    issued = text.partition("~")[0]
    return next(copy.key for copy in held_by(holder).copies if copy.text.partition("~")[0] == issued)
