"""An older copy of a registry's store is known as one: by its mark, by the issuer's tickets, by what is published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from refusing import refused
from registry_under_test import DAY, TICKET_KEY, Clock, Desk, World, manager_keys
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import Registry
from trustid.stores.high_water import HighWater
from trustid.stores.sqlite_revocation import SqliteRegistryStore


def copy(made: World, to: Path, *names: str) -> None:
    """What a backup keeps of the manager's folder; the store is closed, so that its file is all of it."""
    made.store.close()
    to.mkdir()
    for name in names:
        shutil.copy(made.store.path.with_name(name), to / name)


def restored(made: World, backup: Path) -> Registry:
    """The registry, after a backup was put back over it."""
    made.store.close()
    for log in made.store.path.parent.glob("registry.db-*"):
        log.unlink()
    for file in backup.iterdir():
        shutil.copy(file, made.store.path.with_name(file.name))
    return Registry(SqliteRegistryStore(made.store.path), made.keys, clock=made.clock)


CHANGES = {
    "join": lambda made: made.join(3),
    "revoke": lambda made: made.registry.revoke([made.slots[0]]),
    "publish": lambda made: made.publish(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_B163_a_store_that_was_put_back_alone_refuses_whatever_it_lost(
    made: World, tmp_path: Path, change: str
) -> None:
    copy(made, tmp_path / "backup", "registry.db")
    # Its twin: a copy of the newest store is as good as the store.
    restored(made, tmp_path / "backup").status()
    CHANGES[change](made)
    with refused("store_rolled_back"):
        restored(made, tmp_path / "backup")


def test_a_store_without_its_mark_asks_whether_it_is_the_newest(made: World, tmp_path: Path) -> None:
    copy(made, tmp_path / "moved", "registry.db")
    moved = SqliteRegistryStore(tmp_path / "moved" / "registry.db")
    with refused("store_rolled_back"):
        Registry(moved, made.keys, clock=made.clock)
    moved.adopt()
    registry = Registry(moved, made.keys, clock=made.clock)
    assert registry.join("desk", made.desk, TICKET_KEY.public_key, 2) == 2
    assert registry.status().joined == len(made.slots) == 6
    with refused("store_rolled_back"):
        moved.adopt()  # no declaration goes against a mark


def test_B163_tickets_betray_a_copy_that_was_adopted(made: World, tmp_path: Path) -> None:
    """Store and mark from one backup, or a declaration that was wrong: the issuer has what the copy never gave."""
    copy(made, tmp_path / "backup", "registry.db", "registry.high-water")
    made.join(3)
    before = dict(made.desk.tickets)
    registry = restored(made, tmp_path / "backup")
    with refused("store_rolled_back"):
        registry.join("desk", made.desk, TICKET_KEY.public_key, 1)
    assert made.desk.tickets == before
    assert registry.status().joined == 4
    # What nobody can see: the slots went to another issuer, and no epoch was published since.
    assert registry.join("another", Desk(), TICKET_KEY.public_key, 1) == 1


def test_what_is_published_betrays_it_too(made: World, tmp_path: Path) -> None:
    copy(made, tmp_path / "backup", "registry.db", "registry.high-water")
    made.publish()
    registry = restored(made, tmp_path / "backup")
    with refused("acc_rollback"):
        Publisher(registry, made.folder).check_newest()
    with refused("acc_rollback"):
        Publisher(registry, made.folder).publish()


def test_a_registry_that_was_lost_is_not_made_again(tmp_path: Path) -> None:
    secret, clock, path = manager_keys(64), Clock(), tmp_path / "registry.db"
    first = Registry.create(SqliteRegistryStore(path), secret, clock=clock)
    remove(path)
    # Nothing was given out: an `init` that died and is repeated.
    again = Registry.create(SqliteRegistryStore(path), secret, clock=clock, interval_seconds=DAY)
    assert again.uri == first.uri
    again.join("desk", Desk(), TICKET_KEY.public_key, 1)
    remove(path)
    with refused("store_rolled_back"):
        Registry.create(SqliteRegistryStore(path), secret, clock=clock)


def remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def test_a_mark_only_grows_and_is_read_strictly(tmp_path: Path) -> None:
    mark = HighWater(tmp_path / "some.high-water")
    assert mark.version() is None
    for version, expected in ((0, 0), (5, 5), (3, 5), (6, 6)):
        mark.raise_to(version)
        assert mark.version() == expected
    assert mark.path.stat().st_mode & 0o077 == 0
    good = mark.path.read_bytes()
    for bad in (
        b"",
        b"7",
        b'{"version":-1}',
        b'{"version":"6"}',
        b'{"version":6,"more":1}',
        b'{"version":true}',
    ):
        mark.path.write_bytes(bad)
        with refused("store_tampered"):
            mark.version()
    mark.path.write_bytes(good)
    assert mark.version() == 6
