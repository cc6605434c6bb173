"""A real issuer in a temporary folder, with a clock that a test can move."""

from __future__ import annotations

from pathlib import Path

import pytest

from issuer_app import create_app
from issuer_under_test import IssuerUnderTest, StoppedClock, environment
from trustid.keys.keystore import Keystore
from trustid.settings import ServerSettings


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keystore file that the issuer filled at its first start."""
    folder = tmp_path_factory.mktemp("prepared")
    create_app(ServerSettings.from_environment("issuer", environment(folder)))
    return folder / "keys.json"


@pytest.fixture(scope="session")
def opened(prepared: Path) -> Keystore:
    """The same, opened once: argon2id is slow on purpose."""
    return Keystore.open(prepared, b"a passphrase for tests")


@pytest.fixture
def issuer(
    tmp_path: Path, clock: StoppedClock, opened: Keystore, monkeypatch: pytest.MonkeyPatch
) -> IssuerUnderTest:
    settings = ServerSettings.from_environment("issuer", environment(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(ServerSettings, "open_keystore", lambda _settings: opened)
        app = create_app(settings, clock=clock)
    return IssuerUnderTest(app, clock, tmp_path / "issuer.db")
