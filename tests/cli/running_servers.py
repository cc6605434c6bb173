"""The real issuer and verifier on loopback, for tests that walk the whole way."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from issuer_app.app import create_app as create_issuer
from trustid.settings import ServerSettings
from verifier_app.app import create_app as create_verifier

ADMIN_TOKEN = "admin-token-for-tests-0123456789"


@dataclass(frozen=True)
class Servers:
    """Where both servers are."""

    issuer: str
    verifier: str
    ca_file: Path

    def call(self, url: str, body: Any = None) -> Any:
        """Speak to a back office."""
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data=data, headers=headers, method="GET" if body is None else "POST"
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def offer(self, *, tx_code: bool = False, **claims: Any) -> Any:
        """Offer a degree."""
        stated = {"family_name": "Rossi", "degree": {"name": "Physics"}} | claims
        body = {"credential_configuration_id": "degree", "claims": stated, "tx_code": tx_code}
        return self.call(f"{self.issuer}/api/offers", body)

    def ask(self, *paths: list[str], mode: str = "direct_post", prefix: str | None = None) -> Any:
        """Ask for claims of a degree."""
        credential = {
            "id": "d",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [f"{self.issuer}/vct/degree/1"]},
            "claims": [{"path": path} for path in paths or (["degree", "name"],)],
        }
        body: dict[str, Any] = {"dcql_query": {"credentials": [credential]}, "response_mode": mode}
        if prefix is not None:
            body["client_id_prefix"] = prefix
        return self.call(f"{self.verifier}/api/requests", body)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def _serving(app: Any, port: int) -> Iterator[None]:
    server = make_server("localhost", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@contextmanager
def running_servers(folder: Path) -> Iterator[Servers]:
    """Start both servers with stores and keys in a folder."""
    ports = {"issuer": _free_port(), "verifier": _free_port()}
    urls = {role: f"http://localhost:{port}" for role, port in ports.items()}
    passphrase = folder / "passphrase"
    passphrase.write_text("passphrase of the servers")
    passphrase.chmod(0o600)
    common = {
        "TRUSTID_ADMIN_TOKEN": ADMIN_TOKEN,
        "TRUSTID_KEYSTORE_PASSPHRASE_FILE": str(passphrase),
        "TRUSTID_ALLOW_HTTP": "1",
        "TRUSTID_HTTP_HOSTS": ",".join(f"localhost:{port}" for port in ports.values()),
        "TRUSTID_STATUS_TTL": "5",
    }

    def settings(role: Any, **more: str) -> ServerSettings:
        own = {
            "TRUSTID_STORE": f"sqlite:///{folder}/{role}.db",
            "TRUSTID_PUBLIC_URL": urls[role],
            "TRUSTID_KEYSTORE": str(folder / f"{role}.keys"),
        }
        return ServerSettings.from_environment(role, common | own | more)

    with _serving(create_issuer(settings("issuer")), ports["issuer"]):
        ca_file = folder / "ca.pem"
        with urllib.request.urlopen(f"{urls['issuer']}/development-ca.pem", timeout=20) as answer:
            ca_file.write_bytes(answer.read())
        trust = folder / "trust.json"
        entry = {"issuers": [urls["issuer"]], "x509_anchors": [str(ca_file)]}
        trust.write_text(json.dumps({"types": {f"{urls['issuer']}/vct/degree/1": entry}}))
        verifier = create_verifier(settings("verifier", TRUSTID_TRUST=str(trust)))
        with _serving(verifier, ports["verifier"]):
            yield Servers(urls["issuer"], urls["verifier"], ca_file)
