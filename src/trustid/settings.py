"""What a server needs to know before it starts, from the environment or a file.

Every setting is checked before anything is opened; a missing or unsafe one is
a `ConfigurationError` whose message names the variable, what was expected and
what to do. Secrets are held as `Secret`, which never shows its value.

| variable | meaning |
|---|---|
| TRUSTID_SETTINGS | file of NAME=value lines; the environment wins over it |
| TRUSTID_STORE | `sqlite:///path` |
| TRUSTID_PUBLIC_URL | the URL under which the world reaches this server |
| TRUSTID_ADMIN_TOKEN or TRUSTID_ADMIN_TOKEN_FILE | Bearer token of the back office, 12 characters at least |
| TRUSTID_STAFF_PASSWORD or TRUSTID_STAFF_PASSWORD_FILE | password of the staff pages; without it they are closed |
| TRUSTID_KEYSTORE | path of the encrypted keystore, made when it is not there |
| TRUSTID_KEYSTORE_PASSPHRASE_FILE | file (mode 0600) that holds its passphrase |
| TRUSTID_ALLOW_HTTP | `1` admits http and loopback, for configured hosts only |
| TRUSTID_HTTP_HOSTS | further `host:port` admitted by TRUSTID_ALLOW_HTTP, comma separated |
| TRUSTID_ORGANISATION | name shown to people |
| TRUSTID_TYPES | issuer: credential configurations offered, comma separated; all SD-JWT VC by default |
| TRUSTID_INSTITUTIONS | issuer: `configuration=Name` pairs, comma separated: who issues it, with a key of its own |
| TRUSTID_ISSUER_ID | issuer: `url` (default; x5c) or `did` (did:web of the public URL) |
| TRUSTID_STATUS_TTL | issuer: seconds that a status list may be kept, 60 by default (5 at least) |
| TRUSTID_REGISTRIES | issuer: JSON file: which credentials are revoked through an accumulator |
| TRUSTID_TRUST | verifier: JSON file that says who is trusted for what |
| TRUSTID_PORT, TRUSTID_WORKERS | where to listen on loopback, with how many processes (2 at least) |
"""

from __future__ import annotations

import hmac
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from trustid.errors import ConfigurationError
from trustid.fetching import FetchPolicy
from trustid.keys.keystore import Keystore

__all__ = ["Secret", "ServerSettings", "read_secret_file"]

Role = Literal["issuer", "verifier"]

ADMIN_TOKEN_MIN = 12
STAFF_PASSWORD_MIN = 10
SECRET_FILE_MAX = 4096
SETTINGS_FILE_MAX = 64 * 1024
WORKERS_MIN = 2
WORKERS_MAX = 256
STATUS_TTL_MIN = 5
STATUS_TTL_MAX = 24 * 3600
PORT_MAX = 65535
DEFAULT_PORTS: Mapping[Role, int] = {"issuer": 8001, "verifier": 8002}
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Secret:
    """A secret setting: compares in constant time, shows nothing, cannot be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value.encode()

    def matches(self, candidate: str) -> bool:
        """Whether `candidate` is the secret, in time that does not depend on where they differ."""
        return hmac.compare_digest(self._value, candidate.encode())

    def reveal(self) -> bytes:
        """The secret itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret cannot be pickled")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The checked settings of one server.

    Attributes:
        role: Which server this is.
        store_path: The SQLite file.
        public_url: Scheme, host and optional path, without a slash at the end.
        http_hosts: `host:port` pairs that may be reached over http and loopback.
        trust_file: Who is trusted for what (verifier); None trusts nobody.
        registries_file: Which credentials are revoked through an accumulator (issuer); None are.
    """

    role: Role
    store_path: Path
    public_url: str
    admin_token: Secret
    keystore_path: Path
    keystore_passphrase: Secret
    staff_password: Secret | None = None
    http_hosts: frozenset[str] = frozenset()
    organisation: str = "TrustID"
    types: tuple[str, ...] = ()
    institutions: Mapping[str, str] = field(default_factory=dict)
    issuer_id: Literal["url", "did"] = "url"
    status_ttl_seconds: int = 60
    trust_file: Path | None = None
    registries_file: Path | None = None
    port: int = 0
    workers: int = WORKERS_MIN
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls, role: Role, environ: Mapping[str, str] | None = None) -> Self:
        """Read and check the settings of a server.

        Args:
            role: "issuer" or "verifier".
            environ: The variables; the process environment by default.

        Raises:
            ConfigurationError: `setting_missing` or `setting_unsafe`; names the variable.
        """
        values = _with_file(dict(os.environ if environ is None else environ))
        public_url = _public_url(values)
        issuer_id = values.get("TRUSTID_ISSUER_ID", "url")
        if issuer_id not in ("url", "did"):
            raise ConfigurationError("setting_unsafe", "TRUSTID_ISSUER_ID: expected 'url' or 'did'")
        password = _secret(values, "TRUSTID_STAFF_PASSWORD", STAFF_PASSWORD_MIN, required=False)
        trust, registries = values.get("TRUSTID_TRUST"), values.get("TRUSTID_REGISTRIES")
        return cls(
            role=role,
            store_path=_store_path(values),
            public_url=public_url,
            admin_token=_required(_secret(values, "TRUSTID_ADMIN_TOKEN", ADMIN_TOKEN_MIN)),
            keystore_path=Path(_text(values, "TRUSTID_KEYSTORE")),
            keystore_passphrase=read_secret_file(
                Path(_text(values, "TRUSTID_KEYSTORE_PASSPHRASE_FILE")), "TRUSTID_KEYSTORE_PASSPHRASE_FILE"
            ),
            staff_password=password,
            http_hosts=_http_hosts(values, public_url),
            organisation=values.get("TRUSTID_ORGANISATION", "TrustID"),
            types=tuple(name.strip() for name in values.get("TRUSTID_TYPES", "").split(",") if name.strip()),
            institutions=_institutions(values),
            issuer_id="did" if issuer_id == "did" else "url",
            status_ttl_seconds=_number(
                values, "TRUSTID_STATUS_TTL", 60, least=STATUS_TTL_MIN, most=STATUS_TTL_MAX
            ),
            trust_file=Path(trust) if trust else None,
            registries_file=Path(registries) if registries else None,
            port=_number(values, "TRUSTID_PORT", DEFAULT_PORTS[role], least=1, most=PORT_MAX),
            workers=_number(values, "TRUSTID_WORKERS", WORKERS_MIN, least=WORKERS_MIN, most=WORKERS_MAX),
            extra={name: value for name, value in values.items() if name.startswith("TRUSTID_X_")},
        )

    def open_keystore(self) -> Keystore:
        """Open the keystore, or make it at the first start.

        Raises:
            ConfigurationError: Its folder cannot be made.
            KeystoreError: It is unsafe, or the passphrase is another one.
        """
        passphrase = self.keystore_passphrase.reveal()
        try:
            self.keystore_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as err:
            raise ConfigurationError(
                "setting_unsafe", f"TRUSTID_KEYSTORE: its folder cannot be made: {err.strerror}"
            ) from err
        return Keystore.open_or_create(self.keystore_path, passphrase)

    def fetch_policy(self) -> FetchPolicy:
        """What this server may fetch: public https, and the configured http hosts."""
        return FetchPolicy(allow_http_hosts=self.http_hosts)

    @property
    def secure(self) -> bool:
        """Whether the public URL is https, so that cookies can demand it."""
        return self.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        """The host name of the public URL, without its port."""
        return urlsplit(self.public_url).hostname or ""


def read_secret_file(path: Path, variable: str) -> Secret:
    """Read a secret from a file that only its owner may read.

    Raises:
        ConfigurationError: The file is missing, empty, too large or open to others.
    """
    try:
        info = path.stat()
        if stat.S_IMODE(info.st_mode) & 0o077:
            raise ConfigurationError(
                "setting_unsafe", f"{variable}: others may read the file; run chmod 600 on it"
            )
        if info.st_size > SECRET_FILE_MAX:
            raise ConfigurationError(
                "setting_unsafe", f"{variable}: the file is over {SECRET_FILE_MAX} bytes"
            )
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigurationError("setting_missing", f"{variable}: the file cannot be read") from err
    if not value:
        raise ConfigurationError("setting_missing", f"{variable}: the file is empty")
    return Secret(value)


def _with_file(values: dict[str, str]) -> dict[str, str]:
    name = values.get("TRUSTID_SETTINGS")
    if not name:
        return values
    path = Path(name)
    try:
        if path.stat().st_size > SETTINGS_FILE_MAX:
            raise ConfigurationError("setting_unsafe", f"TRUSTID_SETTINGS: over {SETTINGS_FILE_MAX} bytes")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigurationError("setting_missing", "TRUSTID_SETTINGS: the file cannot be read") from err
    read: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        if not equals or not key.strip().startswith("TRUSTID_"):
            raise ConfigurationError(
                "setting_unsafe", f"TRUSTID_SETTINGS line {number}: expected TRUSTID_NAME=value"
            )
        read[key.strip()] = value.strip()
    return read | values


def _text(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "")
    if not value:
        raise ConfigurationError(
            "setting_missing", f"{name} is not set; the table in trustid.settings says what it is"
        )
    return value


def _required(secret: Secret | None) -> Secret:
    if secret is None:
        raise ConfigurationError("setting_missing", "a required secret is not set")
    return secret


def _secret(values: Mapping[str, str], name: str, least: int, *, required: bool = True) -> Secret | None:
    file = values.get(f"{name}_FILE")
    secret = read_secret_file(Path(file), f"{name}_FILE") if file else None
    if secret is None and values.get(name):
        secret = Secret(values[name])
    if secret is None:
        if required:
            raise ConfigurationError(
                "setting_missing", f"{name} is not set; give it {least} random characters or more"
            )
        return None
    if len(secret.reveal()) < least:
        raise ConfigurationError("setting_unsafe", f"{name}: expected {least} characters or more")
    return secret


def _number(values: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    text = values.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        raise ConfigurationError("setting_unsafe", f"{name}: expected a whole number from {least} to {most}")
    return int(text)


def _store_path(values: Mapping[str, str]) -> Path:
    text = _text(values, "TRUSTID_STORE")
    if not text.startswith("sqlite:///") or len(text) == len("sqlite:///"):
        raise ConfigurationError("setting_unsafe", "TRUSTID_STORE: expected sqlite:///path/to/file.db")
    return Path(text.removeprefix("sqlite:///"))


def _public_url(values: Mapping[str, str]) -> str:
    url = _text(values, "TRUSTID_PUBLIC_URL").rstrip("/")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as err:
        raise ConfigurationError("setting_unsafe", "TRUSTID_PUBLIC_URL: not a URL") from err
    if parts.query or parts.fragment or parts.username or not parts.hostname or port == 0:
        raise ConfigurationError(
            "setting_unsafe", "TRUSTID_PUBLIC_URL: expected https://host[:port][/path] and no more"
        )
    if parts.scheme == "http":
        if values.get("TRUSTID_ALLOW_HTTP") != "1" or parts.hostname not in LOOPBACK_NAMES:
            raise ConfigurationError(
                "setting_unsafe",
                "TRUSTID_PUBLIC_URL: expected https; http is for loopback, with TRUSTID_ALLOW_HTTP=1, while developing",
            )
    elif parts.scheme != "https":
        raise ConfigurationError("setting_unsafe", "TRUSTID_PUBLIC_URL: expected an https URL")
    return url


def _institutions(values: Mapping[str, str]) -> Mapping[str, str]:
    pairs = [
        pair.partition("=") for pair in values.get("TRUSTID_INSTITUTIONS", "").split(",") if pair.strip()
    ]
    found = {configuration.strip(): name.strip() for configuration, _, name in pairs}
    if len(found) != len(pairs) or not all(name and configuration for configuration, name in found.items()):
        raise ConfigurationError(
            "setting_unsafe", "TRUSTID_INSTITUTIONS: expected configuration=Name, comma separated, each once"
        )
    return found


def _http_hosts(values: Mapping[str, str], public_url: str) -> frozenset[str]:
    if values.get("TRUSTID_ALLOW_HTTP", "0") not in ("0", "1"):
        raise ConfigurationError("setting_unsafe", "TRUSTID_ALLOW_HTTP: expected 0 or 1")
    if values.get("TRUSTID_ALLOW_HTTP") != "1":
        return frozenset()
    hosts = {host.strip() for host in values.get("TRUSTID_HTTP_HOSTS", "").split(",") if host.strip()}
    for host in hosts:
        if not _HOST_AND_PORT.fullmatch(host):
            raise ConfigurationError(
                "setting_unsafe", f"TRUSTID_HTTP_HOSTS: expected host:port, found {host[:80]!r}"
            )
    if public_url.startswith("http://"):
        hosts.add(urlsplit(public_url).netloc)
    return frozenset(hosts)
