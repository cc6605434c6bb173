"""The ground of the SQLite stores: transactions, forks, migrations, many processes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from trustid.errors import InternalError, StoreError, TrustidError
from trustid.stores.sqlite import ConstraintError, SqliteStore, Transaction

FIRST = ("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",)
SECOND = (
    "ALTER TABLE item ADD COLUMN price INTEGER NOT NULL DEFAULT 7",
    "INSERT INTO item (name) VALUES ('second')",
)


def store_at(path: Path, *migrations: tuple[str, ...]) -> SqliteStore:
    return SqliteStore(path, component="shop", migrations=migrations or (FIRST,))


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return store_at(tmp_path / "shop.db")


def add(store: SqliteStore, *names: str) -> None:
    with store.transaction() as work:
        for name in names:
            work.execute("INSERT INTO item (name) VALUES (?)", (name,))


def names(store: SqliteStore) -> list[str]:
    return [row["name"] for row in store.query("SELECT name FROM item ORDER BY id")]


def test_what_the_ground_promises(store: SqliteStore) -> None:
    with store.transaction() as work:
        found = {
            name: work.query(f"PRAGMA {name}")[0][0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "secure_delete")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "secure_delete": 1,
    }


def test_files_are_for_their_owner_only(store: SqliteStore) -> None:
    add(store, "a")
    for file in store.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_transaction_is_all_or_nothing(store: SqliteStore) -> None:
    with pytest.raises(RuntimeError), store.transaction() as work:
        work.execute("INSERT INTO item (name) VALUES ('lost')")
        raise RuntimeError
    assert names(store) == []
    add(store, "kept")
    assert names(store) == ["kept"]


def test_constraints_have_an_error_of_their_own(store: SqliteStore) -> None:
    add(store, "a")
    with pytest.raises(ConstraintError):
        add(store, "b", "a")
    assert names(store) == ["a"]
    with store.transaction() as work:
        with pytest.raises(ConstraintError):
            work.execute("INSERT INTO item (name) VALUES ('a')")
        work.execute("INSERT INTO item (name) VALUES ('c')")
    assert names(store) == ["a", "c"]


def test_sqlite_errors_stay_inside(store: SqliteStore) -> None:
    with pytest.raises(StoreError) as caught, store.transaction() as work:
        work.execute("INSERT INTO nothing VALUES (1)")
    assert caught.value.code == "store_unavailable"
    with pytest.raises(StoreError):
        store.query("SELECT * FROM nothing")
    with pytest.raises(StoreError):
        store.query_one("SELECT x")


def test_no_transaction_inside_a_transaction(store: SqliteStore) -> None:
    with store.transaction(), pytest.raises(InternalError), store.transaction():
        pass
    add(store, "still works")


def test_a_snapshot_does_not_change_and_cannot_write(store: SqliteStore) -> None:
    add(store, "a")
    with store.snapshot() as before:
        thread = threading.Thread(target=add, args=(store, "b"))
        assert before.query_one("SELECT count(*) AS n FROM item")["n"] == 1  # type: ignore[index]
        thread.start()
        thread.join()
        assert before.query_one("SELECT count(*) AS n FROM item")["n"] == 1  # type: ignore[index]
        with pytest.raises(StoreError):
            before.execute("INSERT INTO item (name) VALUES ('c')")
    assert names(store) == ["a", "b"]
    add(store, "d")


def test_more_than_one_row_is_our_mistake(store: SqliteStore) -> None:
    add(store, "a", "b")
    with pytest.raises(InternalError):
        store.query_one("SELECT * FROM item")
    assert store.query_one("SELECT * FROM item WHERE name = 'a'") is not None
    assert store.query_one("SELECT * FROM item WHERE name = 'z'") is None


def test_migrations_bring_an_older_file_forward(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    add(store_at(path, FIRST), "first")
    newer = store_at(path, FIRST, SECOND)
    assert [(row["name"], row["price"]) for row in newer.query("SELECT * FROM item")] == [
        ("first", 7),
        ("second", 7),
    ]
    assert names(store_at(path, FIRST, SECOND)) == ["first", "second"]


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    store_at(path, FIRST, SECOND)
    with pytest.raises(StoreError) as caught:
        store_at(path, FIRST)
    assert caught.value.code == "store_version"
    store_at(path, FIRST, SECOND)


def test_a_failed_migration_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    add(store_at(path, FIRST), "first")
    with pytest.raises(StoreError):
        store_at(path, FIRST, (*SECOND, "CREATE TABLE broken ("))
    assert names(store_at(path, FIRST)) == ["first"]


def test_components_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "both.db"
    store_at(path)
    other = SqliteStore(path, component="other", migrations=[("CREATE TABLE other (x TEXT) STRICT",)])
    rows = other.query("SELECT component, version FROM schema_version ORDER BY component")
    assert [(row["component"], row["version"]) for row in rows] == [("other", 1), ("shop", 1)]


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look at" * 100, b"SQLite format 3\x00" + b"\xff" * 4000]
)
def test_a_file_that_is_no_store(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(content)
    with pytest.raises(TrustidError) as caught:
        store_at(path)
    assert caught.value.code == "store_unavailable"
    assert path.read_bytes() == content
    store_at(tmp_path / "good.db")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        store_at(tmp_path / "file" / "shop.db")
    assert caught.value.code == "store_unavailable"


def test_a_forked_child_works_on_its_own_connection(store: SqliteStore) -> None:
    add(store, "parent")
    child = os.fork()
    if child == 0:
        try:
            add(store, "child")
            # Somebody else opens and closes the file: were our lock missing, the log would go now.
            os.system(f"{os.sys.executable} -c \"import sqlite3; sqlite3.connect('{store.path}').close()\"")  # type: ignore[attr-defined]
            add(store, "child again")
            os._exit(0 if names(store) == ["parent", "child", "child again"] else 1)
        except BaseException:  # noqa: BLE001 - a child must not go on as a test
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    add(store, "parent again")
    assert names(store) == ["parent", "child", "child again", "parent again"]
    assert store.query("PRAGMA integrity_check")[0][0] == "ok"


def test_a_child_forked_in_the_middle_refuses(store: SqliteStore) -> None:
    with store.transaction() as work:
        work.execute("INSERT INTO item (name) VALUES ('parent')")
        child = os.fork()
        if child == 0:
            try:
                names(store)
            except InternalError:
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert names(store) == ["parent"]


def open_files(path: Path) -> list[str]:
    """What of a store this process has open."""
    links = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))
    return [
        str(link.readlink())
        for link in links
        if link.is_symlink() and str(link.readlink()).startswith(str(path))
    ]


def test_a_store_that_is_dropped_is_closed(tmp_path: Path) -> None:
    """Otherwise its connection lives on until the collector comes, and is handed to a child that is forked."""
    path = tmp_path / "shop.db"
    store = store_at(path)
    assert names(store) == []
    assert open_files(path) != []
    del store
    assert open_files(path) == []


def test_another_store_on_the_file_cancels_no_lock(store: SqliteStore) -> None:
    """POSIX locks go when any descriptor of the file is closed in this process."""

    def locks() -> list[str]:
        inode = f":{store.path.stat().st_ino} "
        lines = Path("/proc/locks").read_text().splitlines()
        return [line for line in lines if inode in line and f" {os.getpid()} " in line]

    add(store, "first")
    assert names(store) == ["first"]
    before = len(locks())
    assert before > 0
    other = store_at(store.path)
    assert len(locks()) == before
    add(other, "second")
    assert names(store) == ["first", "second"]


def _count_up(path: Path, times: int) -> None:
    store = store_at(path)
    for _ in range(times):
        with store.transaction() as work:
            _bump(work)


def _bump(work: Transaction) -> None:
    row = work.query_one("SELECT id FROM item WHERE name = 'counter'")
    if row is None:
        work.execute("INSERT INTO item (id, name) VALUES (1, 'counter')")
    else:
        work.execute("UPDATE item SET id = id + 1 WHERE name = 'counter'")


def test_many_processes_count_without_losing_one(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_count_up, args=(path, 50)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(50)
    assert [process.exitcode for process in processes] == [0] * 4
    assert store_at(path).query("SELECT id FROM item WHERE name = 'counter'")[0]["id"] == 200


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    store = store_at(path)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for number in range(10_000):
            add(store, f"item {number}")
            os.write(writer, b".")
    os.close(writer)
    acknowledged = 0
    while acknowledged < 20:
        acknowledged += len(os.read(reader, 100))
    os.kill(child, 9)
    os.waitpid(child, 0)
    while more := os.read(reader, 1000):
        acknowledged += len(more)
    os.close(reader)
    assert len(names(store)) >= acknowledged
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
