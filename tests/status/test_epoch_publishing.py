"""Publishing: one process at a time, an epoch keeps its content, the folder holds together."""

from __future__ import annotations

import fcntl
import os
import resource
from pathlib import Path
from types import SimpleNamespace

import pytest

from refusing import refused
from registry_under_test import (
    DAY,
    START,
    URI,
    World,
    world,
)
from trustid.errors import StoreError
from trustid.status.epochs import publishing
from trustid.status.epochs.checking import check_published
from trustid.status.epochs.folder import FolderSource
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import Registry
from trustid.stores.sqlite_revocation import SqliteRegistryStore


def test_two_that_publish_at_once(made: World) -> None:
    descriptor = os.open(made.folder / ".lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with refused("registry_busy"):
        made.publish()
    assert made.registry.status().begun is None
    os.close(descriptor)
    assert made.publish().epoch == 1


def test_an_epoch_that_was_interrupted_keeps_its_content(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.registry.revoke([made.slots[0]])

    def die(step: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Publisher(made.registry, made.folder).publish(progress=die)
    made.registry.revoke([made.slots[1]])
    made.clock.now += 7 * DAY
    assert made.registry.status().begun == 1
    assert made.trust.read(made.source.latest(URI)).epoch == 0
    signed = Publisher(made.registry, made.folder).publish()
    assert (signed.epoch, signed.statement.issued_at) == (1, START + 1)
    assert made.store.revoked_in(1) == [made.slots[0]]
    assert made.registry.status().begun is None


def test_B172_a_store_from_a_backup_does_not_go_on(made: World, tmp_path: Path) -> None:
    """It would sign other values for epochs that everybody has."""
    made.store.close()
    backup = (tmp_path / "registry.db").read_bytes()
    made.publish(made.slots[0])
    made.store.close()
    old = tmp_path / "old"
    old.mkdir()
    (old / "registry.db").write_bytes(backup)
    store = SqliteRegistryStore(old / "registry.db")
    store.adopt()  # somebody says that there is no newer one
    restored = Registry(store, made.keys, clock=made.clock)
    with refused("acc_rollback"):
        Publisher(restored, made.folder).publish()
    elsewhere = Publisher(restored, tmp_path / "elsewhere").publish()
    assert elsewhere.epoch == 1
    with refused("acc_equivocation"):
        Publisher(restored, made.folder).publish()
    assert made.publish().epoch == 2


def test_blocks_of_old_epochs_go_statements_stay(made: World) -> None:
    for _ in range(3):
        made.publish()
    assert sorted(place.name for place in (made.folder / "epochs").iterdir()) == [
        "0",
        "1",
        "2",
        "3",
        "latest",
    ]
    blocks = [(made.folder / "epochs" / str(epoch) / "blocks").exists() for epoch in range(4)]
    assert blocks == [False, False, True, True]
    assert check_published(made.trust, made.source, clock=made.clock).statements == 4


def test_a_lost_folder_is_published_again(made: World, tmp_path: Path) -> None:
    """Another host starts with all statements, so that nobody's chain breaks."""
    made.publish()
    folder = tmp_path / "another"
    signed = Publisher(made.registry, folder).publish()
    assert signed.epoch == 2
    source = FolderSource({URI: folder})
    assert check_published(made.trust, source, clock=made.clock).statements == 3


def test_a_full_disk_leaves_the_epoch_before(tmp_path: Path) -> None:
    """The child may write no file of more than 300 kB: the store goes on, the rows do not fit."""
    made = world(tmp_path, capacity=9000)
    made.registry.revoke([made.slots[0]])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
            made.publish()
        except StoreError as error:
            code = 0 if error.code == "store_unavailable" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert check_published(made.trust, made.source, clock=made.clock).newest.epoch == 0
    assert made.registry.status().begun == 1
    assert made.publish().epoch == 1
    assert made.store.revoked_in(1) == [made.slots[0]]


def test_an_epoch_that_finds_no_room_is_not_begun_on_the_disk(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before the work of minutes, not after it; the epoch keeps its content until there is room."""
    needed = 2 * 64 * 48
    for free, code in ((needed - 1, "store_unavailable"), (needed, None)):
        monkeypatch.setattr(publishing.shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        if code is None:
            assert made.publish().epoch == 1
        else:
            with refused(code):
                made.publish(made.slots[0])
            assert not (made.folder / "epochs" / ".1").exists()
    assert made.store.revoked_in(1) == [made.slots[0]]


def test_a_stranger_finds_what_is_wrong(tmp_path: Path) -> None:
    made = world(tmp_path, capacity=9000)
    made.publish(made.slots[0])
    found = check_published(made.trust, made.source, clock=made.clock, blocks=2)
    assert (found.statements, found.blocks, found.rows, found.overdue) == (2, 2, 32, False)
    made.clock.now += DAY + 1
    assert check_published(made.trust, made.source, clock=made.clock).overdue
    path = made.folder / "epochs" / "1" / "blocks" / "2"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with refused("acc_update_invalid"):
        check_published(made.trust, made.source, clock=made.clock)
    path.write_bytes(good)
    (made.folder / "epochs" / "0" / "statement").unlink()
    with refused("status_unavailable"):
        check_published(made.trust, made.source, clock=made.clock)


def test_rows_that_are_no_points_are_seen_by_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manager signs whatever it made: a tree over garbage holds, the garbage does not."""
    made = world(tmp_path)
    source = made.source
    assert check_published(made.trust, source, clock=made.clock).rows == 16
    from trustid.status.epochs import checking

    monkeypatch.setattr(checking, "split_block", lambda *_: bytes([1]) * 48 * 64)
    with refused("acc_update_invalid"):
        check_published(made.trust, source, clock=made.clock)
    rows = b"".join(bytes([0x80]) + bytes(45) + bytes([1, place]) for place in range(64))
    monkeypatch.setattr(checking, "split_block", lambda *_: rows)
    with refused("point_not_on_curve", "point_not_in_subgroup"):
        check_published(made.trust, source, clock=made.clock)
