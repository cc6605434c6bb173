"""What the desk and the back office say of a registry: which epoch, until when, what waits, what is left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from registry_world import PASSWORD, REGISTRY, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def entry(world: World) -> dict[str, Any]:
    [found] = world.admin(world.issuer, "GET", "/api/revocation")
    return dict(found)


def desk(world: World) -> str:
    """The desk's first page, as staff read it."""
    client = world.issuer.test_client()
    page = client.get("/login").text
    [token] = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    client.post("/login", data={"password": PASSWORD, "csrf_token": token})
    text = re.sub(r"<[^>]+>", " ", client.get("/").text)
    assert "Revocation registries" in text
    return re.sub(r"\s+", " ", text[text.index("Revocation registries") :])


def test_the_newest_epoch_and_what_waits(world: World) -> None:
    issuance, _ = world.collect(world.wallet())
    world.revoke(issuance)
    newest = world.registry.statement(0)
    assert newest is not None
    found = entry(world)
    assert (found["registry"], found["epoch"], found["requested"], found["free_tickets"]) == (
        REGISTRY,
        0,
        1,
        39,
    )
    assert (found["issued_at"], found["next_at"]) == (newest.statement.issued_at, newest.statement.next_at)
    assert "in time" in desk(world)
    assert "running out" in desk(world)  # 39 tickets are few
    world.join(200)
    assert "running out" not in desk(world)
    world.publish()
    assert (entry(world)["epoch"], entry(world)["requested"]) == (1, 0)
    world.clock.now = entry(world)["next_at"] + 1
    assert "overdue" in desk(world)


def test_what_is_wrong_with_what_is_published(world: World) -> None:
    latest = world.published / "epochs" / "latest"
    good = latest.read_bytes()
    head, payload, _ = good.split(b".")
    for bad, words in (
        (b"not a statement", "cannot be read"),
        (b".".join([head, payload, b"A" * 86]), "not signed by its manager"),
    ):
        latest.write_bytes(bad)
        assert entry(world)["epoch"] is None
        assert words in desk(world)
    latest.unlink()
    assert entry(world)["epoch"] is None
    assert "Nothing is published yet" in desk(world)
    latest.write_bytes(good)
    assert entry(world)["epoch"] == 0
    assert "in time" in desk(world)
