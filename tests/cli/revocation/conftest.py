"""A manager's folder, and an issuer's store, for the commands of `trustid revocation`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_under_test import memory_folder
from trustid.stores.sqlite_tickets import SqliteTicketStore


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    yield from memory_folder()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manager's folder that is not there yet, and its passphrase."""
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple")
    passphrase.chmod(0o600)
    monkeypatch.setenv("TRUSTID_REVOCATION", str(tmp_path / "manager"))
    monkeypatch.setenv("TRUSTID_REVOCATION_PASSPHRASE_FILE", str(passphrase))
    monkeypatch.delenv("TRUSTID_REVOCATION_PUBLISHED", raising=False)
    return tmp_path / "manager"


@pytest.fixture
def issuer(tmp_path: Path) -> SqliteTicketStore:
    return SqliteTicketStore(tmp_path / "issuer.db")
