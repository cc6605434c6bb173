"""Settings: each that is missing or unsafe is one clear line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trustid.errors import ConfigurationError, KeystoreError, StoreError
from trustid.serving import why_not_started
from trustid.settings import ServerSettings


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a long passphrase\n")
    passphrase.chmod(0o600)
    return {
        "TRUSTID_STORE": f"sqlite:///{tmp_path}/store.db",
        "TRUSTID_PUBLIC_URL": "http://localhost:8001",
        "TRUSTID_ADMIN_TOKEN": "t" * 24,
        "TRUSTID_KEYSTORE": str(tmp_path / "keys" / "keystore.json"),
        "TRUSTID_KEYSTORE_PASSPHRASE_FILE": str(passphrase),
        "TRUSTID_ALLOW_HTTP": "1",
    }


@pytest.mark.parametrize(
    "name",
    ["TRUSTID_STORE", "TRUSTID_PUBLIC_URL", "TRUSTID_ADMIN_TOKEN", "TRUSTID_KEYSTORE",
     "TRUSTID_KEYSTORE_PASSPHRASE_FILE"],
)  # fmt: skip
def test_what_is_missing_is_named(good: dict[str, str], name: str) -> None:
    for values in ({key: value for key, value in good.items() if key != name}, good | {name: ""}):
        with pytest.raises(ConfigurationError) as refusal:
            ServerSettings.from_environment("issuer", values)
        assert (refusal.value.code, refusal.value.message.split()[0]) == ("setting_missing", name)
    assert ServerSettings.from_environment("issuer", good).role == "issuer"


UNSAFE = [
    ("TRUSTID_STORE", "mysql://host/db"),
    ("TRUSTID_STORE", "sqlite:///"),
    ("TRUSTID_PUBLIC_URL", "http://example.com"),
    ("TRUSTID_PUBLIC_URL", "ftp://localhost"),
    ("TRUSTID_PUBLIC_URL", "localhost:8001"),
    ("TRUSTID_PUBLIC_URL", "http://localhost:99999"),
    ("TRUSTID_PUBLIC_URL", "https://user@example.com"),
    ("TRUSTID_PUBLIC_URL", "https://example.com/?a=b"),
    ("TRUSTID_ADMIN_TOKEN", "t" * 11),
    ("TRUSTID_STAFF_PASSWORD", "short"),
    ("TRUSTID_HTTP_HOSTS", "not a host"),
    ("TRUSTID_HTTP_HOSTS", "http://localhost:1"),
    ("TRUSTID_ISSUER_ID", "x509"),
    ("TRUSTID_STATUS_TTL", "1"),
    ("TRUSTID_STATUS_TTL", "100000"),
    ("TRUSTID_PORT", "0"),
    ("TRUSTID_PORT", "65536"),
    ("TRUSTID_PORT", "http"),
    ("TRUSTID_PORT", "٣"),
    ("TRUSTID_WORKERS", "1"),
    ("TRUSTID_WORKERS", "1000000"),
]


@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_what_is_unsafe_is_named(good: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        ServerSettings.from_environment("issuer", good | {name: value})
    assert refusal.value.code == "setting_unsafe"
    assert refusal.value.message.startswith(f"{name}:")
    assert "\n" not in refusal.value.message


def test_bounds_are_inside(good: dict[str, str]) -> None:
    more = {
        "TRUSTID_PORT": "65535",
        "TRUSTID_WORKERS": "256",
        "TRUSTID_STATUS_TTL": "86400",
        "TRUSTID_HTTP_HOSTS": "localhost:8002, [::1]:8003,127.0.0.1:8004",
    }
    settings = ServerSettings.from_environment("verifier", good | more)
    assert (settings.port, settings.workers, settings.status_ttl_seconds) == (65535, 256, 86400)
    assert settings.http_hosts == {"localhost:8001", "localhost:8002", "[::1]:8003", "127.0.0.1:8004"}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_passphrase_that_others_can_read_is_refused(good: dict[str, str], mode: int) -> None:
    Path(good["TRUSTID_KEYSTORE_PASSPHRASE_FILE"]).chmod(mode)
    with pytest.raises(ConfigurationError) as refusal:
        ServerSettings.from_environment("issuer", good)
    assert refusal.value.code == "setting_unsafe"
    assert "chmod 600" in refusal.value.message


def test_a_keystore_in_a_place_that_cannot_be_made(good: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = ServerSettings.from_environment(
        "issuer", good | {"TRUSTID_KEYSTORE": str(tmp_path / "file" / "keystore.json")}
    )
    with pytest.raises(ConfigurationError, match="TRUSTID_KEYSTORE"):
        settings.open_keystore()
    assert ServerSettings.from_environment("issuer", good).open_keystore().names() is not None


def test_the_line_names_the_setting() -> None:
    assert why_not_started(StoreError("store_unavailable", "x")) == "TRUSTID_STORE: x"
    assert why_not_started(KeystoreError("key_unseal_failed", "x")) == "TRUSTID_KEYSTORE: x"
    assert why_not_started(ConfigurationError("setting_unsafe", "TRUSTID_PORT: x")) == "TRUSTID_PORT: x"
