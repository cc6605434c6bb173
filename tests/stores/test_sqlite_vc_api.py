"""Bitstring Status Lists in SQLite: each place once over all threads, nothing goes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trustid.stores.sqlite import ConstraintError
from trustid.stores.sqlite_vc_api import SqliteVcStatusStore

ISSUER = "did:web:school.example"


@pytest.fixture
def store(tmp_path: Path) -> SqliteVcStatusStore:
    return SqliteVcStatusStore(tmp_path / "vc.db")


def test_each_place_once_over_threads_and_stores(store: SqliteVcStatusStore) -> None:
    other = SqliteVcStatusStore(store.path)

    def take(number: int) -> tuple[str, int]:
        place = (store if number % 2 else other).take_place(ISSUER, new_name=f"list-{number}", size=7)
        return place.name, place.position

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(take, range(40)))
    assert len(set(taken)) == 40
    sizes = [row["allocated"] for row in store.query("SELECT allocated FROM vc_list ORDER BY id")]
    assert sizes == [7, 7, 7, 7, 7, 5]


def test_what_was_set_stays_set(store: SqliteVcStatusStore) -> None:
    store.take_place(ISSUER, new_name="a", size=8)
    assert store.set_indexes("a") == (0, [])
    assert store.set_index("a", 3)
    assert store.set_index("a", 3)
    assert store.set_indexes("a") == (1, [3])
    assert not store.set_index("a", 8)
    assert not store.set_index("b", 1)
    with pytest.raises(ConstraintError), store.transaction() as work:
        work.execute("DELETE FROM vc_list_set")
    assert store.set_indexes("a") == (1, [3])


def test_a_signed_list_never_goes_back(store: SqliteVcStatusStore) -> None:
    store.take_place(ISSUER, new_name="a", size=8)
    store.save_signed("a", version=2, signed="new", signed_at=100)
    for version, signed_at in ((1, 200), (2, 99)):
        store.save_signed("a", version=version, signed="old", signed_at=signed_at)
        kept = store.vc_list("a")
        assert kept is not None
        assert (kept.signed, kept.signed_version, kept.signed_at) == ("new", 2, 100)
    assert store.vc_list("b") is None
    assert store.set_indexes("b") == (0, ())
