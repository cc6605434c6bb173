"""A real issuer in a temporary folder, with a clock that a test can move."""

from __future__ import annotations

from pathlib import Path

import pytest
from issuer_app import create_app
from issuer_under_test import IssuerUnderTest, StoppedClock, environment

from trustid.settings import ServerSettings


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def issuer(tmp_path: Path, clock: StoppedClock) -> IssuerUnderTest:
    settings = ServerSettings.from_environment("issuer", environment(tmp_path))
    return IssuerUnderTest(create_app(settings, clock=clock), clock, tmp_path / "issuer.db")
