"""Both servers as processes of their own, for tests that need real connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.servers import Servers


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("servers") / "data") as running:
        yield running
