"""Both servers on loopback, open for the official test suites of the VC API."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient

import issuer_app
import verifier_app
from issuer_under_test import StoppedClock, environment
from trustid.errors import FetchError
from trustid.fetching import Fetched
from trustid.protocols.ports import Clock
from trustid.protocols.vc_api import OPEN_VARIABLE
from trustid.settings import ServerSettings


@dataclass
class Servers:
    """The verifier fetches from the issuer and nowhere else; `issuer_id` is the did:key that signs with Ed25519."""

    issuer: FlaskClient
    verifier: FlaskClient
    issuer_id: str

    def on_behalf_of(self, _peer: str) -> AbstractContextManager[None]:
        return nullcontext()

    def get(self, url: str, **_: Any) -> Fetched:
        if not url.startswith("http://localhost:8001/"):
            raise FetchError("fetch_failed", "nothing there")
        answer = self.issuer.get(urlsplit(url).path)
        if answer.status_code != 200:
            raise FetchError("fetch_failed", "nothing there")
        return Fetched(200, {"content-type": answer.content_type}, answer.data, url)


def open_settings(folder: Path, role: Any, port: int) -> ServerSettings:
    changes = {
        "TRUSTID_PUBLIC_URL": f"http://localhost:{port}",
        "TRUSTID_ALLOW_HTTP": "1",
        "TRUSTID_STORE": f"sqlite:///{folder}/{role}.db",
        "TRUSTID_KEYSTORE": f"{folder}/{role}.keys",
        OPEN_VARIABLE: "1",
    }
    return ServerSettings.from_environment(role, environment(folder, **changes))


def open_servers(folder: Path, clock: Clock | None = None) -> Servers:
    """Both, with their files in a folder."""
    clock = clock or StoppedClock()
    issuing = issuer_app.create_app(open_settings(folder, "issuer", 8001), clock=clock)
    names = issuing.extensions["trustid_issuer"].vc.identity.names
    made = Servers(issuing.test_client(), None, next(name for name in names if name.startswith("did:key")))  # type: ignore[arg-type]
    settings = open_settings(folder, "verifier", 8002)
    made.verifier = verifier_app.create_app(settings, clock=clock, fetcher=made).test_client()  # type: ignore[arg-type]
    return made
