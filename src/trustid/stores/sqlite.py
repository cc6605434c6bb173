"""The ground under every SQLite store: connections, transactions, migrations.

A store class inherits `SqliteStore`, gives the migrations of its own component
and writes its operations with `transaction()` (reads and writes, all or
nothing) and `query()` (one consistent read). What the ground promises:

- Each thread of each process has a connection of its own, opened when first
  needed. SQLite must not be open while a process forks: the child would believe
  in file locks that only its parent holds, and somebody else's last close would
  delete the log under it. So the forking thread's connection is closed first,
  and a child forked while another thread had one open refuses to go on.
- Write-ahead log with `synchronous=FULL`: when `transaction()` ends, what it
  wrote survives a power cut (https://sqlite.org/pragma.html#pragma_synchronous).
- Every write transaction starts with BEGIN IMMEDIATE, so that what it read is
  still true when it writes; a busy writer is waited for, at most
  `BUSY_TIMEOUT_SECONDS`.
- The schema has a version for each component. Older files are brought forward
  by numbered migrations under the write lock; a newer file is refused.

`sqlite3` errors leave here as `StoreError("store_unavailable")`; an integrity
error leaves as `ConstraintError`, which a store turns into its own meaning.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from weakref import WeakSet

from trustid.errors import InternalError, StoreError

__all__ = ["ConstraintError", "Migration", "Row", "SqliteStore", "Transaction", "Value", "has_component"]

Value = str | int | float | bytes | None
Row = sqlite3.Row
Migration = tuple[str, ...]
"""The statements of one step of a schema, run together or not at all."""

BUSY_TIMEOUT_SECONDS: Final = 10
WAL_SWITCH_ATTEMPTS: Final = 50
WAL_SWITCH_PAUSE_SECONDS: Final = 0.1
FILE_MODE: Final = 0o600

_VERSION_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS schema_version ("
    " component TEXT PRIMARY KEY, version INTEGER NOT NULL, applied_at INTEGER NOT NULL) STRICT"
)


class ConstraintError(StoreError):
    """A UNIQUE, CHECK or foreign key rule of the schema was met; nothing was written."""

    def __init__(self, message: str = "") -> None:
        super().__init__("store_unavailable", message)


class Transaction:
    """What may be done between the begin and the end of one transaction."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Run one statement; returns the number of rows that it changed."""
        with _translated():
            return self._connection.execute(sql, parameters).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run one statement for each row of parameters; returns the number of rows changed."""
        with _translated():
            return self._connection.executemany(sql, rows).rowcount

    def query(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """All rows of a SELECT, or of a statement with RETURNING."""
        with _translated():
            return self._connection.execute(sql, parameters).fetchall()

    def query_one(self, sql: str, parameters: Sequence[Value] = ()) -> Row | None:
        """The only row, or None."""
        rows = self.query(sql, parameters)
        if len(rows) > 1:
            raise InternalError("internal_error", f"expected one row, found {len(rows)}")
        return rows[0] if rows else None


class _Held:
    """A connection and who it belongs to; closed when its thread or its store is gone."""

    __slots__ = ("__weakref__", "_process", "connection")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._process = os.getpid()

    def __del__(self) -> None:
        # Left to the collector it would stay open for a while, and a fork meanwhile
        # would hand it on. Only its own thread may close it, and never a child.
        if self._process == os.getpid():
            with suppress(sqlite3.ProgrammingError):
                self.connection.close()


class SqliteStore:
    """One SQLite file, shared by threads and by processes.

    Args:
        path: The file; made, with mode 0600, when it is not there.
        component: Name of the schema, e.g. "issuer". Components can share a file.
        migrations: Step n brings version n to n + 1. Only ever append.

    Raises:
        StoreError: `store_version` when a newer program made the file;
            `store_unavailable` when it cannot be opened.
    """

    def __init__(self, path: Path, *, component: str, migrations: Sequence[Migration]) -> None:
        self._path = path
        self._component = component
        self._local = threading.local()
        self._open: WeakSet[_Held] = WeakSet()
        self._inherited: list[_Held] = []
        _create_file(path)
        self._migrate(migrations)
        self.close()
        _STORES.add(self)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Do several things, all or nothing, alone.

        Commits at the end of the block and rolls back when an exception leaves
        it. After the block everything written is on the disk.

        Raises:
            ConstraintError: A rule of the schema was met.
            StoreError: `store_unavailable`: locked for too long, disk full, unreadable.
        """
        connection = self._idle_connection()
        with _translated():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Read several times from one unchanging state; writing here is an error."""
        connection = self._idle_connection()
        with _translated():
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN DEFERRED")
            try:
                yield Transaction(connection)
            finally:
                connection.execute("ROLLBACK")
                connection.execute("PRAGMA query_only = OFF")

    def query(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """All rows of one SELECT outside a transaction."""
        return Transaction(self._connection()).query(sql, parameters)

    def query_one(self, sql: str, parameters: Sequence[Value] = ()) -> Row | None:
        """The only row of one SELECT outside a transaction, or None."""
        return Transaction(self._connection()).query_one(sql, parameters)

    def close(self) -> None:
        """Close this thread's connection; it is opened again when needed."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None:
            held.connection.close()
            self._open.discard(held)
            self._local.held = None

    def _before_fork(self) -> None:
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None and not held.connection.in_transaction:
            self.close()

    def _after_fork_in_child(self) -> None:
        # Kept, so that the collector does not close them: that, too, is forbidden
        # (https://sqlite.org/howtocorrupt.html, section 2.6).
        self._inherited = list(self._open)

    def _connection(self) -> sqlite3.Connection:
        if self._inherited:
            raise InternalError("internal_error", "the store was in use while this process was forked")
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            with _translated():
                held = _Held(_connect(self._path))
            self._local.held = held
            self._open.add(held)
        return held.connection

    def _idle_connection(self) -> sqlite3.Connection:
        connection = self._connection()
        if connection.in_transaction:
            raise InternalError("internal_error", "a transaction inside a transaction")
        return connection

    def _migrate(self, migrations: Sequence[Migration]) -> None:
        with self.transaction() as work:
            work.execute(_VERSION_TABLE)
            row = work.query_one("SELECT version FROM schema_version WHERE component = ?", (self._component,))
            found = int(row["version"]) if row else 0
            if found > len(migrations):
                raise StoreError(
                    "store_version",
                    f"expected {self._component} schema {len(migrations)} or older, found {found}",
                )
            self._apply(
                work, [one for statements in migrations[found:] for one in statements], new=found == 0
            )
            if found < len(migrations):
                work.execute(
                    "INSERT INTO schema_version (component, version, applied_at) VALUES (?, ?, ?)"
                    " ON CONFLICT (component) DO UPDATE"
                    " SET version = excluded.version, applied_at = excluded.applied_at",
                    (self._component, len(migrations), int(time.time())),
                )

    @staticmethod
    def _apply(work: Transaction, statements: Sequence[str], *, new: bool) -> None:
        try:
            for statement in statements:
                work.execute(statement)
        except StoreError as err:
            if new and "already exists" in err.message:
                raise StoreError(
                    "store_unavailable", "the file holds another program's tables; expected a file of its own"
                ) from err
            raise


_STORES: WeakSet[SqliteStore] = WeakSet()


def has_component(path: Path, component: str) -> bool:
    """Whether a file is there and holds the tables of a component; changes nothing, unlike opening a store.

    Raises:
        StoreError: `store_unavailable`: it is there, and no SQLite file.
    """
    if not path.is_file():
        return False
    with _translated(), closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
        connection.execute("PRAGMA query_only = ON")
        tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'"
        if not connection.execute(tables).fetchone()[0]:
            return False
        found = connection.execute("SELECT count(*) FROM schema_version WHERE component = ?", (component,))
        return bool(found.fetchone()[0])


def _before_fork() -> None:
    for store in list(_STORES):
        store._before_fork()


def _after_fork_in_child() -> None:
    for store in list(_STORES):
        store._after_fork_in_child()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as err:
        raise ConstraintError(str(err)) from err
    except sqlite3.Error as err:
        raise StoreError("store_unavailable", f"{type(err).__name__}: {err}") from err


def _create_file(path: Path) -> None:
    """Make the file with a mode that keeps others out; SQLite gives the log files the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file that is there must not be opened: closing it would cancel the locks that SQLite
        # holds on it elsewhere in this process (https://sqlite.org/howtocorrupt.html, section 2.2).
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    except FileExistsError:
        return
    except OSError as err:
        raise StoreError("store_unavailable", f"the store file cannot be opened: {err.strerror}") from err


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    _switch_to_wal(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Set the write-ahead log; the busy timeout does not cover two processes that switch at once."""
    for attempt in range(WAL_SWITCH_ATTEMPTS):
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError:
            if attempt == WAL_SWITCH_ATTEMPTS - 1:
                raise
            time.sleep(WAL_SWITCH_PAUSE_SECONDS)
            continue
        if mode != "wal":
            raise sqlite3.OperationalError(f"the write-ahead log cannot be used here, found {mode}")
        return
