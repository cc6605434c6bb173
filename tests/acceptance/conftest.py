"""One pair of real servers for every test here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.stranger import Collector, Key, get, post_json
from tools.servers import Servers


@dataclass
class World:
    """The servers as a stranger sees them, and the back office's token."""

    issuer: str
    verifier: str
    admin: str
    staff: str

    def types(self) -> dict[str, dict[str, Any]]:
        found = get(f"{self.issuer}/api/types", Authorization=f"Bearer {self.admin}").json
        return {kind["credential_configuration_id"]: kind for kind in found}

    def new_offer(self, name: str = "student-id", *, tx_code: bool = False) -> dict[str, Any]:
        body = {
            "credential_configuration_id": name,
            "claims": self.types()[name]["sample_claims"],
            "tx_code": tx_code,
        }
        answer = post_json(f"{self.issuer}/api/offers", body, self.admin)
        assert answer.status == 201, answer.body
        return answer.json  # type: ignore[no-any-return]

    def code(self, name: str = "student-id", *, tx_code: bool = False) -> tuple[str, str]:
        """A fresh pre-authorized code, with its transaction code or "" ."""
        made = self.new_offer(name, tx_code=tx_code)
        grant = Collector.offer(made["credential_offer_uri"])["grants"]
        return next(iter(grant.values()))["pre-authorized_code"], made.get("tx_code", "")

    def token(self, collector: Collector, name: str = "student-id") -> str:
        answer = collector.token(self.code(name)[0])
        assert answer.status == 200, answer.body
        return answer.json["access_token"]  # type: ignore[no-any-return]

    def collected(self, collector: Collector, *keys: Key, name: str = "student-id") -> tuple[str, list[str]]:
        """An issuance and its copies, one for each key."""
        made = self.new_offer(name)
        grant = next(iter(Collector.offer(made["credential_offer_uri"])["grants"].values()))
        token = collector.token(grant["pre-authorized_code"]).json["access_token"]
        return made["issuance_id"], collector.collect(token, name, *keys)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Servers(tmp_path_factory.mktemp("acceptance") / "data") as running:
        yield World(running.issuer_url, running.verifier_url, running.admin_token, running.staff_password)


@pytest.fixture(scope="session")
def collector(world: World) -> Collector:
    return Collector(world.issuer)
