"""The shared status cache: every change has a version of its own, even within one second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trustid.status.cache import MemoryStatusCache, StatusCache, StoredList
from trustid.stores.sqlite_verifier import SqliteStatusCache

PLACE = ("https://school.example", "https://school.example/status/1")


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], StatusCache]:
    """Opens the cache as one more worker does."""
    if request.param == "memory":
        memory = MemoryStatusCache()
        return lambda: memory
    return lambda: SqliteStatusCache(tmp_path / "verifier.db")


def test_two_lists_of_one_second_are_told_apart(opened: Callable[[], StatusCache]) -> None:
    one, other = opened(), opened()
    assert other.version(*PLACE) is None
    first = one.save(*PLACE, StoredList("before", 1000, 1000, 1060))
    assert first is not None
    assert other.version(*PLACE) == first
    second = one.save(*PLACE, StoredList("revoked", 1000, 1000, 1060))
    assert second is not None
    assert other.version(*PLACE) == second != first
    kept = other.load(*PLACE)
    assert kept is not None
    assert kept.token == "revoked"


def test_an_older_list_is_not_kept_and_says_so(opened: Callable[[], StatusCache]) -> None:
    cache = opened()
    newer = cache.save(*PLACE, StoredList("newer", 1001, 1001, 1061))
    assert cache.save(*PLACE, StoredList("older", 1000, 1002, 1062)) is None
    assert cache.version(*PLACE) == newer


def test_expiring_is_a_change(tmp_path: Path) -> None:
    cache = SqliteStatusCache(tmp_path / "verifier.db")
    before = cache.save(*PLACE, StoredList("list", 1000, 1000, 1000))
    assert cache.expire(1000) == [PLACE[1]]
    assert cache.version(*PLACE) != before
