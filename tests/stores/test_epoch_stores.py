"""The contracts of the epochs' ports, held by every store that fills them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from trustid.errors import InternalError
from trustid.keys.sealing import SealingKey
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements
from trustid.status.epochs.ports import KeptRow, RowStore, SeenStatements
from trustid.status.epochs.ports_manager import Batch, BegunEpoch, StoredRegistry
from trustid.stores.sqlite_revocation import SqliteRegistryStore
from trustid.stores.sqlite_revocation_seen import SqliteSeenStatements
from trustid.stores.wallet_registries import WalletRegistries

URI = "https://hospital.example/revocation/vaccination"
OTHER = "https://school.example/revocation/degree"
KEY = SealingKey(bytes(range(32)))


def wallet(folder: Path) -> WalletRegistries:
    (folder / "registries").mkdir(exist_ok=True)
    return WalletRegistries(folder, KEY)


SEEN: dict[str, Callable[[Path], SeenStatements]] = {
    "memory": lambda _: MemorySeenStatements(),
    "sqlite": lambda folder: SqliteSeenStatements(folder / "verifier.db"),
    "wallet": wallet,
}
ROWS: dict[str, Callable[[Path], RowStore]] = {"memory": lambda _: MemoryRowStore(), "wallet": wallet}


@pytest.mark.parametrize("kind", SEEN)
def test_statements_are_kept_for_good(kind: str, tmp_path: Path) -> None:
    seen = SEEN[kind](tmp_path)
    assert seen.latest(URI) is None
    assert seen.statement(URI, 0) is None
    for epoch in (9, 10, 2):  # numbers, not text: 10 is above 9
        assert seen.keep(URI, epoch, f"statement {epoch}") == f"statement {epoch}"
    assert seen.keep(URI, 10, "another") == "statement 10"
    assert seen.latest(URI) == "statement 10"
    assert [seen.statement(URI, epoch) for epoch in (2, 9, 10, 11)] == [
        "statement 2",
        "statement 9",
        "statement 10",
        None,
    ]
    assert seen.latest(OTHER) is None


@pytest.mark.parametrize("kind", SEEN)
def test_parameters_are_kept(kind: str, tmp_path: Path) -> None:
    seen = SEEN[kind](tmp_path)
    assert seen.params(URI) is None
    seen.keep_params(URI, b"parameters")
    seen.keep_params(OTHER, b"others")
    assert (seen.params(URI), seen.params(OTHER)) == (b"parameters", b"others")


@pytest.mark.parametrize("kind", SEEN)
def test_of_statements_kept_at_once_one_counts(kind: str, tmp_path: Path) -> None:
    seen = SEEN[kind](tmp_path)
    with ThreadPoolExecutor(4) as threads:
        kept = set(threads.map(lambda number: seen.keep(URI, 1, f"statement {number}"), range(12)))
    assert kept == {seen.latest(URI)}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_go_forward_and_a_revocation_stays(kind: str, tmp_path: Path) -> None:
    rows = ROWS[kind](tmp_path)
    assert rows.row(URI, "7") is None
    rows.keep_row(URI, "7", KeptRow(3, b"r" * 48, 100))
    rows.keep_row(URI, "7", KeptRow(2, b"o" * 48, 200))
    assert rows.row(URI, "7") == KeptRow(3, b"r" * 48, 100)
    rows.keep_row(URI, "7", KeptRow(4, b"n" * 48, 300))
    rows.keep_row(URI, "8", KeptRow(4, b"8" * 48, 300))
    assert rows.row(URI, "7") == KeptRow(4, b"n" * 48, 300)
    gone = KeptRow(5, None, 400)
    rows.keep_row(URI, "7", gone)
    rows.keep_row(URI, "7", KeptRow(6, b"x" * 48, 500))
    assert rows.row(URI, "7") == gone
    assert gone.revoked
    assert rows.row(URI, "8") == KeptRow(4, b"8" * 48, 300)
    assert rows.row(OTHER, "7") is None


def test_what_a_verifier_saw_cannot_be_taken_back(tmp_path: Path) -> None:
    seen = SqliteSeenStatements(tmp_path / "verifier.db")
    seen.keep(URI, 1, "statement")
    for sql in ("DELETE FROM seen_statement", "UPDATE seen_statement SET token = 'another'"):
        with refused("store_unavailable"), seen.transaction() as work:
            work.execute(sql)
    assert SqliteSeenStatements(tmp_path / "verifier.db").latest(URI) == "statement"


def test_a_wallet_tells_nothing_to_who_finds_its_folder(tmp_path: Path) -> None:
    kept = wallet(tmp_path)
    kept.keep(URI, 1, "statement")
    kept.keep_row(URI, "7", KeptRow(1, b"r" * 48, 100))
    kept.keep(OTHER, 1, "statement")
    first, second = sorted((tmp_path / "registries").iterdir())
    for file in (first, second):
        content = file.read_bytes()
        assert b"hospital" not in content
        assert b"statement" not in content
        assert file.stat().st_mode & 0o077 == 0
    assert wallet(tmp_path).row(URI, "7") == KeptRow(1, b"r" * 48, 100)
    first_bytes = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(first_bytes)
    for registry in (URI, OTHER):
        with refused("store_tampered"):
            wallet(tmp_path).latest(registry)


def begun(epoch: int) -> BegunEpoch:
    return BegunEpoch(epoch, 100 + epoch, 200 + epoch, None)


@pytest.fixture
def store(tmp_path: Path) -> SqliteRegistryStore:
    store = SqliteRegistryStore(tmp_path / "registry.db")
    assert store.registry() is None
    store.create(StoredRegistry(URI, b"params", 60, 0, 0, b"state 0", begun(0)))
    return store


def publish(store: SqliteRegistryStore, epoch: int) -> None:
    store.record_statement(epoch, f"statement {epoch}")
    store.finish_epoch(epoch)


def test_a_registry_is_made_once(store: SqliteRegistryStore) -> None:
    new = StoredRegistry(OTHER, b"others", 60, 0, 0, b"state", begun(0))
    with refused("registry_exists"):
        store.create(new)
    found = store.registry()
    assert found is not None
    assert (found.uri, found.params, found.begun) == (URI, b"params", begun(0))
    with pytest.raises(InternalError):
        store.create(StoredRegistry(OTHER, b"others", 60, 0, 0, b"state", None))


def test_a_step_at_an_old_version_does_nothing(store: SqliteRegistryStore) -> None:
    batch = store.save_join(0, Batch(0, "desk", 0, 3), joined=3, state=b"state 1")
    assert batch == Batch(1, "desk", 0, 3)
    assert store.save_join(0, Batch(0, "desk", 0, 3), joined=3, state=b"state 2") is None
    assert store.save_join(1, Batch(0, "other", 3, 1), joined=4, state=b"state 2") == Batch(2, "other", 3, 1)
    found = store.registry()
    assert found is not None
    assert (found.version, found.joined, found.state) == (2, 4, b"state 2")
    assert store.undelivered("desk") == [batch]
    store.delivered(1)
    assert store.undelivered("desk") == []
    assert [one.id for one in store.undelivered("other")] == [2]
    assert store.pools() == {}
    for name, place in (("desk", "/a"), ("other", "/b"), ("desk", "/c")):
        store.locate_pool(name, place)
    assert store.pools() == {"desk": "/c", "other": "/b"}
    assert [store.pool_of(number) for number in (-1, 0, 2, 3, 4)] == [None, "desk", "desk", "other", None]


def test_no_two_batches_hold_one_slot(store: SqliteRegistryStore) -> None:
    assert store.save_join(0, Batch(0, "desk", 0, 3), joined=3, state=b"1")
    with refused("store_unavailable"):
        store.save_join(1, Batch(0, "desk", 0, 3), joined=6, state=b"2")
    found = store.registry()
    assert found is not None
    assert (found.joined, found.state) == (3, b"1")


def test_at_most_one_epoch_is_on_its_way(store: SqliteRegistryStore) -> None:
    assert not store.begin_epoch(0, begun(1), [], state=b"state 1")
    publish(store, 0)
    assert store.begin_epoch(0, begun(1), [], state=b"state 1")
    assert not store.begin_epoch(1, begun(2), [], state=b"state 2")
    with refused("store_unavailable"), store.transaction() as work:
        work.execute("INSERT INTO revocation_epoch (epoch, issued_at, next_at, revoked) VALUES (2, 1, 2, 0)")
    publish(store, 1)
    assert not store.begin_epoch(0, begun(2), [], state=b"state 2")
    assert store.begin_epoch(1, begun(2), [], state=b"state 2")
    assert [(one.epoch, one.published) for one in store.epochs(after=-1, limit=10)] == [
        (0, True),
        (1, True),
        (2, False),
    ]
    assert [one.epoch for one in store.epochs(after=0, limit=1)] == [1]
    last = store.last_published()
    assert last is not None
    assert last.epoch == 1


def test_B172_the_first_statement_of_an_epoch_is_the_only_one(store: SqliteRegistryStore) -> None:
    assert store.last_published() is None
    assert store.statement(0) is None
    assert store.record_statement(0, "first") == "first"
    assert store.record_statement(0, "second") == "first"
    assert store.statement(0) == "first"
    with refused("store_unavailable"), store.transaction() as work:
        work.execute("UPDATE revocation_epoch SET token = 'second'")
    with pytest.raises(InternalError):
        store.record_statement(1, "nobody began it")


def test_an_epoch_is_not_published_without_its_statement(store: SqliteRegistryStore) -> None:
    with refused("store_unavailable"):
        store.finish_epoch(0)
    assert store.last_published() is None


def test_B164_revocations_are_final(store: SqliteRegistryStore) -> None:
    publish(store, 0)
    assert store.add_revocations([5, 3, 5], 100) == 2
    assert store.add_revocations([3, 4], 200) == 1
    assert (store.waiting(2), store.count_waiting()) == ([3, 4], 3)
    for others in ([4], [4, 5]):  # somebody asked for 3 meanwhile
        assert not store.begin_epoch(2, begun(1), others, state=b"state 1")
    assert store.begin_epoch(2, begun(1), [3, 4], state=b"state 1")
    assert store.revocations([3, 4, 5, 6]) == {3: 1, 4: 1, 5: None}
    assert store.revocations(range(1200)) == {3: 1, 4: 1, 5: None}
    assert (store.waiting(9), store.revoked_in(1)) == ([5], [3, 4])
    for sql in (
        "DELETE FROM revocation",
        "UPDATE revocation SET epoch = NULL",
        "UPDATE revocation SET epoch = 0",
    ):
        with refused("store_unavailable"), store.transaction() as work:
            work.execute(sql)
    assert store.add_revocations([], 300) == 0


def test_steps_of_many_at_once(store: SqliteRegistryStore) -> None:
    """Of those who read one version exactly one goes on."""

    def step(number: int) -> Any:
        return store.save_join(0, Batch(0, f"desk {number}", 0, 1), joined=1, state=b"1")

    with ThreadPoolExecutor(4) as threads:
        assert sum(saved is not None for saved in threads.map(step, range(12))) == 1
