"""A published registry behind a plain static host, over real HTTP, and from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loopback import Loopback, loopback
from refusing import refused
from registry_under_test import URI, World, memory_folder, world
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.checking import check_published
from trustid.status.epochs.folder import MAX_BLOCK_BYTES, FolderSource
from trustid.status.epochs.holding import HolderKeeping
from trustid.status.epochs.http_source import HttpSource
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements


@pytest.fixture
def made() -> Iterator[World]:
    for folder in memory_folder():
        yield world(folder)


@pytest.fixture
def host() -> Iterator[Loopback]:
    with loopback() as server:
        yield server


def serve(host: Loopback, made: World) -> HttpSource:
    """Everything in the folder under its own name, as any static host does."""
    host.pages = {
        f"/mirror/{file.relative_to(made.folder)}": (200, "application/octet-stream", file.read_bytes())
        for file in made.folder.rglob("*")
        if file.is_file() and not file.name.startswith(".")
    }
    return HttpSource(host.fetcher(), base=host.url("/mirror"))


def test_holder_verifier_and_stranger_over_http(host: Loopback, made: World) -> None:
    source = serve(host, made)
    held, gone = made.held(made.slots[0]), made.held(made.slots[1])
    holder = HolderKeeping(source, MemorySeenStatements(), MemoryRowStore(), clock=made.clock)
    assert [error for _, error in holder.refresh_all([held, gone])] == [None, None]
    # What the host sees: the same requests from everybody, no query, no slot.
    assert set(host.asked) == {
        "/mirror/epochs/latest",
        "/mirror/params",
        "/mirror/epochs/0/blocks/0",
    }
    made.publish(gone.slot)
    serve(host, made)
    outcomes = {each.slot: error for each, error in holder.refresh_all([held, gone])}
    assert outcomes[held.slot] is None
    error = outcomes[gone.slot]
    assert error is not None
    assert error.code == "revoked"
    epochs = EpochTrust([made.trust], source, MemorySeenStatements(), clock=made.clock)
    assert epochs.accept(URI, holder.witness(held).statement.epoch).newest
    assert check_published(made.trust, source, clock=made.clock).statements == 2


def test_what_cannot_be_had_is_unavailable(host: Loopback, made: World) -> None:
    source = serve(host, made)
    pages = host.pages
    assert source.params(URI) == bytes(made.keys.params)
    for name, call in {
        "epochs/latest": lambda: source.latest(URI),
        "epochs/0/statement": lambda: source.statement(URI, 0),
        "params": lambda: source.params(URI),
        "epochs/0/blocks/0": lambda: source.block(URI, 0, 0),
        "epochs/0/quorum": lambda: source.certificate(URI, 0),
    }.items():
        for answer in ((404, "text/plain", b""), (500, "text/plain", b"no"), (302, "text/plain", b"")):
            host.pages = pages | {f"/mirror/{name}": answer}
            with refused("status_unavailable"):
                call()
    host.pages = pages | {"/mirror/epochs/0/blocks/0": (200, "x/y", bytes(MAX_BLOCK_BYTES + 1))}
    with refused("limit_exceeded"):
        source.block(URI, 0, 0)
    host.pages = pages | {"/mirror/epochs/latest": (200, "text/plain", "é".encode())}
    with refused("malformed"):
        source.latest(URI)
    with refused("status_unavailable"):  # without a mirror: a host that is not there to be asked
        HttpSource(host.fetcher()).latest(host.url("/nobody"))
    for base in ("ftp://mirror.example/r", "https://mirror.example/r/"):
        with refused("malformed"):
            HttpSource(host.fetcher(), base=base)


def test_a_folder_that_is_not_in_order(made: World, tmp_path: Path) -> None:
    source = made.source
    assert source.block(URI, 0, 0)
    for call in (
        lambda: source.block(URI, 0, 1),
        lambda: source.block(URI, 1, 0),
        lambda: source.statement(URI, 9),
        lambda: source.certificate(URI, 0),
        lambda: source.latest(URI + "2"),
        lambda: FolderSource({URI: tmp_path}).latest(URI),
    ):
        with refused("status_unavailable"):
            call()
    (made.folder / "params").write_bytes(bytes(10_000))
    with refused("limit_exceeded"):
        source.params(URI)
    (made.folder / "epochs" / "latest").write_bytes(b"\xff")
    with refused("malformed"):
        source.latest(URI)
