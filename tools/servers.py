"""Start both servers with everything they need, and stop them again.

    with Servers(data) as servers:      # secrets, keystores and stores are made when they are not there
        servers.issuer_url, servers.verifier_url, servers.admin_token, servers.staff_password

The servers run with at least two workers each on loopback. All state stays in `data`, a folder that only its owner
can enter, so that a second start goes on where the first one ended.

    with Servers(data, registry=True) as servers:      # vaccination certificates have slots in a revocation registry
        servers.publish()                              # its next epoch, with what staff have revoked until now

The registry belongs to the command `trustid revocation`, which runs as a process of its own each time it is needed; no
server ever has its secret.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

START_SECONDS = 30
STOP_SECONDS = 10
INSTITUTIONS = "student-id=Example School,degree=Example University,vaccination=Example Hospital"
MODULES = {"issuer": "issuer_app", "verifier": "verifier_app"}
REGISTRY_TYPE = "vaccination"
REGISTRY_CAPACITY = 8192
TICKETS = 4000
EPOCH_POLICY = {"previous_seconds": 0, "renew_seconds": 30}
"""An example city's strictness: who was revoked is refused as soon as the next epoch is known."""


class Servers:
    """The issuer and the verifier as processes of their own.

    Args:
        data: The folder of stores, keys and secrets.
        issuer_port: Where the issuer listens on loopback; a free port when it is 0.
        verifier_port: The same for the verifier.
        admin_token: The back offices' token; kept in `data`, made when None.
        registry: Whether vaccination certificates are revoked through an accumulator.
    """

    def __init__(
        self,
        data: Path,
        *,
        issuer_port: int = 0,
        verifier_port: int = 0,
        admin_token: str | None = None,
        registry: bool = False,
    ) -> None:
        self.data = data
        self.issuer_port = issuer_port or free_port()
        self.verifier_port = verifier_port or free_port()
        self.issuer_url = f"http://localhost:{self.issuer_port}"
        self.verifier_url = f"http://localhost:{self.verifier_port}"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        data.chmod(0o700)
        self.admin_token = kept_secret(data / "admin-token", admin_token)
        self.staff_password = kept_secret(data / "staff-password")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        # Named by the port, which is part of its URI: another port is another registry.
        self.registry = data / f"revocation-{self.issuer_port}" if registry else None
        self.registry_key: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            if self.registry is not None:
                self.make_registry()
            self.start("issuer")
            if self.registry is not None:
                self.fill_registry()
            self.write_trust()
            self.start("verifier")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def environment(self, role: str) -> dict[str, str]:
        """The settings of one server, beside what the process needs to run at all."""
        folder = self.data / role
        folder.mkdir(mode=0o700, exist_ok=True)
        kept_secret(folder / "keystore-passphrase")
        port = self.issuer_port if role == "issuer" else self.verifier_port
        return {name: value for name, value in os.environ.items() if not name.startswith("TRUSTID_")} | {
            "TRUSTID_STORE": f"sqlite:///{folder / 'store.db'}",
            "TRUSTID_PUBLIC_URL": f"http://localhost:{port}",
            "TRUSTID_ADMIN_TOKEN": self.admin_token,
            "TRUSTID_STAFF_PASSWORD": self.staff_password,
            "TRUSTID_KEYSTORE": str(folder / "keystore.json"),
            "TRUSTID_KEYSTORE_PASSPHRASE_FILE": str(folder / "keystore-passphrase"),
            "TRUSTID_ALLOW_HTTP": "1",
            "TRUSTID_HTTP_HOSTS": f"localhost:{self.issuer_port},localhost:{self.verifier_port}",
            "TRUSTID_TRUST": str(self.data / "trust.json") if role == "verifier" else "",
            "TRUSTID_PORT": str(port),
            "TRUSTID_ORGANISATION": "Example City" if role == "issuer" else "Example Counter",
            "TRUSTID_INSTITUTIONS": INSTITUTIONS if role == "issuer" else "",
            "TRUSTID_REGISTRIES": str(self.data / "registries.json")
            if role == "issuer" and self.registry
            else "",
        }

    def start(self, role: str) -> None:
        """Start one server and wait until it answers."""
        port = self.issuer_port if role == "issuer" else self.verifier_port
        with (self.data / role).with_suffix(".log").open("ab") as log:
            self.processes[role] = subprocess.Popen(
                [sys.executable, "-m", MODULES[role]],
                env=self.environment(role),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[role].poll() is not None:
                break
            with contextlib.suppress(OSError):
                if call("GET", f"http://localhost:{port}/health")[0] == 200:
                    return
            time.sleep(0.05)
        tail = (self.data / role).with_suffix(".log").read_text(errors="replace").strip().splitlines()[-3:]
        raise SystemExit(f"the {role} did not start on port {port}:\n" + "\n".join(tail))

    def write_trust(self) -> None:
        """Tell the verifier to trust this issuer, and nobody else, for the types that it issues."""
        status, types = call("GET", f"{self.issuer_url}/api/types", token=self.admin_token)
        if status != 200:
            raise SystemExit(f"the issuer did not list its types: {status} {types}")
        status, anchor = call("GET", f"{self.issuer_url}/development-ca.pem")
        (self.data / "issuer-ca.pem").write_bytes(anchor)
        trusted = {"issuers": [self.issuer_url], "x509_anchors": ["issuer-ca.pem"]}
        trust: dict[str, Any] = {"types": {kind["vct"]: trusted for kind in types}}
        if self.registry is not None:
            trust["registries"] = {self.registry_uri: {"keys": [self.registry_key]}}
            trust["epochs"] = EPOCH_POLICY
        (self.data / "trust.json").write_text(json.dumps(trust, indent=1) + "\n")

    @property
    def registry_uri(self) -> str:
        """The name of the registry, and where the issuer serves what is published of it."""
        return f"{self.issuer_url}/revocation/{REGISTRY_TYPE}"

    def manage(self, *arguments: str) -> Any:
        """Run one `trustid revocation` command as a process of its own; returns its JSON."""
        if self.registry is None:
            raise SystemExit("these servers have no registry")
        folder = self.registry
        folder.mkdir(mode=0o700, exist_ok=True)
        kept_secret(folder / "passphrase")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TRUSTID_")
        } | {
            "TRUSTID_REVOCATION": str(folder),
            "TRUSTID_REVOCATION_PASSPHRASE_FILE": str(folder / "passphrase"),
            "TRUSTID_REVOCATION_PUBLISHED": str(folder / "published"),
        }
        command = [sys.executable, "-m", "trustid.cli", "revocation", *arguments, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"trustid revocation {arguments[0]} failed: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def make_registry(self) -> None:
        """Make the registry at the first start, and tell the issuer of it."""
        folder = self.registry or self.data
        if (folder / "keystore.json").exists():
            made = self.manage("status")
        else:
            made = self.manage("init", self.registry_uri, "--capacity", str(REGISTRY_CAPACITY))
        self.registry_key = made["statement_key"]
        entry = {
            "registry": self.registry_uri,
            "keys": [self.registry_key],
            "folder": str(folder / "published"),
        }
        (self.data / "registries.json").write_text(json.dumps({REGISTRY_TYPE: entry}, indent=1) + "\n")

    def fill_registry(self) -> None:
        """Give the issuer tickets for slots, and publish an epoch: that of an earlier start may be too old."""
        [entry] = call("GET", f"{self.issuer_url}/api/revocation", token=self.admin_token)[1]
        if entry["free_tickets"] < TICKETS // 2:
            store = str(self.data / "issuer" / "store.db")
            self.manage(
                "join", "--issuer-store", store, "--ticket-key", entry["ticket_key"], "--count", str(TICKETS)
            )
        self.publish()

    def publish(self) -> int:
        """Publish the next epoch of the registry; returns its number."""
        return int(self.manage("publish")["epoch"])

    def workers(self, role: str) -> list[int]:
        """The process numbers of a server's workers."""
        parent = self.processes[role].pid
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = status.read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    found.append(int(status.parent.name))
        return sorted(found)

    def stop(self) -> None:
        """End both servers cleanly, and by force when they do not."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def call(
    method: str, url: str, body: Any = None, *, token: str | None = None, raw: bytes | None = None
) -> tuple[int, Any]:
    """One request to a server on loopback; returns its status, and its answer: JSON as a value, anything else as bytes.

    Args:
        body: A value that goes as JSON.
        raw: Bytes that go as text/csv instead.

    Raises:
        OSError: The server cannot be reached, or went away within its answer.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if raw is not None:
        headers["Content-Type"] = "text/csv"
    elif body is not None:
        headers["Content-Type"] = "application/json"
        raw = json.dumps(body).encode()
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), raw, headers)
        response = connection.getresponse()
        content = response.read()
        is_json = response.headers.get_content_type().endswith("json")
        return response.status, json.loads(content) if is_json else content
    except http.client.HTTPException as err:
        # A worker that dies between the head and the body of its answer leaves half of it.
        raise ConnectionResetError("the server went away within its answer") from err
    finally:
        connection.close()


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_secret(path: Path, given: str | None = None) -> str:
    """A secret kept in a file of its owner's; the given one, the one that is there, or a new one."""
    if given is None and path.exists():
        return path.read_text().strip()
    value = given or secrets.token_urlsafe(24)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(value + "\n")
    return value
