"""A real issuer in a temporary folder, with a clock that a test can move."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from issuer_app import create_app
from issuer_under_test import IssuerUnderTest, StoppedClock, environment
from trustid.settings import ServerSettings


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keystore that was filled once; filling it is slow on purpose (argon2id)."""
    folder = tmp_path_factory.mktemp("prepared")
    create_app(ServerSettings.from_environment("issuer", environment(folder)))
    return folder / "keys.json"


@pytest.fixture
def issuer(tmp_path: Path, clock: StoppedClock, prepared: Path) -> IssuerUnderTest:
    shutil.copy(prepared, tmp_path / "keys.json")
    settings = ServerSettings.from_environment("issuer", environment(tmp_path))
    return IssuerUnderTest(create_app(settings, clock=clock), clock, tmp_path / "issuer.db")
