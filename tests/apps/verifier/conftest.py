"""A fresh verifier for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from verifier_under_test import Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)
