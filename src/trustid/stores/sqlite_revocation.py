"""The state of a revocation registry in SQLite (`trustid.status.epochs.ports_manager`).

One file holds one registry; it belongs to the manager's command, and no web
worker opens it. It says which slots were revoked, so it is nobody else's.

Beside it lies a mark (`registry.db` has `registry.high-water`) with the highest
version that was acknowledged: a copy from a backup is older, and refuses to be
used. The mark belongs into no backup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from trustid.errors import InternalError, StoreError
from trustid.status.epochs.ports_manager import Batch, BegunEpoch, PublishedEpoch, StoredRegistry
from trustid.stores.high_water import HighWater
from trustid.stores.sqlite import ConstraintError, Migration, Row, SqliteStore

__all__ = ["SqliteRegistryStore"]

_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        """CREATE TABLE revocation_registry (
            id               INTEGER PRIMARY KEY CHECK (id = 1),
            uri              TEXT NOT NULL,
            params           BLOB NOT NULL,
            interval_seconds INTEGER NOT NULL CHECK (interval_seconds > 0),
            version          INTEGER NOT NULL,
            joined           INTEGER NOT NULL CHECK (joined >= 0),
            state            BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE revocation_batch (
            id        INTEGER PRIMARY KEY,
            pool      TEXT NOT NULL,
            first     INTEGER NOT NULL UNIQUE,
            count     INTEGER NOT NULL CHECK (count > 0),
            delivered INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE TABLE revocation_pool (name TEXT PRIMARY KEY, location TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE INDEX revocation_batch_owed ON revocation_batch (pool, id) WHERE delivered = 0",
        """CREATE TABLE revocation_epoch (
            epoch     INTEGER PRIMARY KEY CHECK (epoch >= 0),
            issued_at INTEGER NOT NULL,
            next_at   INTEGER NOT NULL,
            revoked   INTEGER NOT NULL,
            token     TEXT,
            published INTEGER NOT NULL DEFAULT 0,
            CHECK (published = 0 OR token IS NOT NULL)
        ) STRICT""",
        # At most one epoch is on its way: whatever a process believes, a second one cannot begin.
        "CREATE UNIQUE INDEX revocation_epoch_begun ON revocation_epoch (published) WHERE published = 0",
        """CREATE TABLE revocation (
            slot     INTEGER PRIMARY KEY,
            asked_at INTEGER NOT NULL,
            epoch    INTEGER REFERENCES revocation_epoch (epoch)
        ) STRICT""",
        "CREATE INDEX revocation_by_epoch ON revocation (epoch, slot)",
        """CREATE TRIGGER revocation_is_final BEFORE DELETE ON revocation
            BEGIN SELECT RAISE(ABORT, 'revocation is final'); END""",
        """CREATE TRIGGER revocation_keeps_its_epoch BEFORE UPDATE ON revocation WHEN old.epoch IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'an epoch is final'); END""",
        """CREATE TRIGGER statement_is_final BEFORE UPDATE OF token ON revocation_epoch WHEN old.token IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'a statement is final'); END""",
    ),
)

_BEGUN: Final = "SELECT epoch, issued_at, next_at, token FROM revocation_epoch WHERE published = 0"
_EPOCH: Final = "SELECT epoch, issued_at, revoked, token, published FROM revocation_epoch"
_SLOTS_AT_ONCE: Final = 500
"""Slots of one query: below the number of parameters that every SQLite takes."""


class SqliteRegistryStore(SqliteStore):
    """Fills `RegistryStore`.

    Args:
        path: The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="revocation", migrations=_MIGRATIONS)
        self._high_water = HighWater(path.with_suffix(".high-water"))

    def adopt(self) -> None:
        """Declare a store without its mark to be the newest that there is: it was moved here, and nothing is older.

        Raises:
            StoreError: `store_rolled_back`: there is a mark; no declaration goes against it.
        """
        if self._high_water.version() is not None:
            raise StoreError(
                "store_rolled_back", f"{self._high_water.path.name} is here and says how it stands"
            )
        self._high_water.raise_to(self._version())

    def create(self, registry: StoredRegistry) -> None:
        """See `RegistryStore`."""
        if registry.begun is None:
            raise InternalError("internal_error", "expected a registry whose first epoch is begun")
        if self._high_water.version() and self.registry() is None:
            raise StoreError("store_rolled_back", f"the registry that was in {self.path.name} is lost")
        try:
            with self.transaction() as work:
                work.execute(
                    "INSERT INTO revocation_registry VALUES (1, ?, ?, ?, ?, ?, ?)",
                    (
                        registry.uri,
                        registry.params,
                        registry.interval_seconds,
                        registry.version,
                        registry.joined,
                        registry.state,
                    ),
                )
                begun = registry.begun
                work.execute(
                    "INSERT INTO revocation_epoch (epoch, issued_at, next_at, revoked) VALUES (?, ?, ?, 0)",
                    (begun.epoch, begun.issued_at, begun.next_at),
                )
        except ConstraintError as err:
            raise StoreError("registry_exists", "expected a store without a registry") from err
        self._high_water.raise_to(registry.version)

    def registry(self) -> StoredRegistry | None:
        """See `RegistryStore`."""
        mark = self._high_water.version()  # before the store is read: it only grows meanwhile
        with self.snapshot() as work:
            row = work.query_one("SELECT * FROM revocation_registry")
            begun = work.query_one(_BEGUN)
        if row is None:
            return None
        self._check_newest(mark, row["version"])
        return StoredRegistry(
            uri=row["uri"],
            params=row["params"],
            interval_seconds=row["interval_seconds"],
            version=row["version"],
            joined=row["joined"],
            state=row["state"],
            begun=None if begun is None else BegunEpoch(**dict(begun)),
        )

    def save_join(self, version: int, batch: Batch, *, joined: int, state: bytes) -> Batch | None:
        """See `RegistryStore`."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE revocation_registry SET version = version + 1, joined = ?, state = ? WHERE version = ?",
                (joined, state, version),
            )
            if not changed:
                return None
            [row] = work.query(
                "INSERT INTO revocation_batch (pool, first, count) VALUES (?, ?, ?) RETURNING id",
                (batch.pool, batch.first, batch.count),
            )
        self._high_water.raise_to(version + 1)
        return Batch(row["id"], batch.pool, batch.first, batch.count)

    def undelivered(self, pool: str) -> Sequence[Batch]:
        """See `RegistryStore`."""
        rows = self.query(
            "SELECT id, pool, first, count FROM revocation_batch"
            " WHERE pool = ? AND delivered = 0 ORDER BY id",
            (pool,),
        )
        return [Batch(**dict(row)) for row in rows]

    def delivered(self, batch_id: int) -> None:
        """See `RegistryStore`."""
        with self.transaction() as work:
            work.execute("UPDATE revocation_batch SET delivered = 1 WHERE id = ?", (batch_id,))

    def pool_of(self, number: int) -> str | None:
        """See `RegistryStore`."""
        row = self.query_one(
            "SELECT pool, first + count AS end FROM revocation_batch WHERE first <= ? ORDER BY first DESC LIMIT 1",
            (number,),
        )
        return row["pool"] if row is not None and number < row["end"] else None

    def locate_pool(self, name: str, location: str) -> None:
        """See `RegistryStore`."""
        with self.transaction() as work:
            work.execute("INSERT OR REPLACE INTO revocation_pool VALUES (?, ?)", (name, location))

    def pools(self) -> Mapping[str, str]:
        """See `RegistryStore`."""
        rows = self.query("SELECT name, location FROM revocation_pool ORDER BY name")
        return {row["name"]: row["location"] for row in rows}

    def add_revocations(self, slots: Sequence[int], now: int) -> int:
        """See `RegistryStore`."""
        with self.transaction() as work:
            new = work.execute_many(
                "INSERT OR IGNORE INTO revocation (slot, asked_at) VALUES (?, ?)",
                [(slot, now) for slot in sorted(slots)],  # in order: a third of the time of any other
            )
            if new:
                work.execute("UPDATE revocation_registry SET version = version + 1")
        if new:
            self._high_water.raise_to(self._version())
        return new

    def revocations(self, slots: Sequence[int]) -> Mapping[int, int | None]:
        """See `RegistryStore`."""
        found: dict[int, int | None] = {}
        with self.snapshot() as work:
            for at in range(0, len(slots), _SLOTS_AT_ONCE):
                part = slots[at : at + _SLOTS_AT_ONCE]
                marks = ", ".join("?" * len(part))
                rows = work.query(f"SELECT slot, epoch FROM revocation WHERE slot IN ({marks})", part)  # noqa: S608 - marks only
                found.update((row["slot"], row["epoch"]) for row in rows)
        return found

    def waiting(self, limit: int) -> Sequence[int]:
        """See `RegistryStore`."""
        rows = self.query("SELECT slot FROM revocation WHERE epoch IS NULL ORDER BY slot LIMIT ?", (limit,))
        return [row["slot"] for row in rows]

    def count_waiting(self) -> int:
        """See `RegistryStore`."""
        [row] = self.query("SELECT count(*) AS number FROM revocation WHERE epoch IS NULL")
        return int(row["number"])

    def begin_epoch(self, version: int, begun: BegunEpoch, slots: Sequence[int], *, state: bytes) -> bool:
        """See `RegistryStore`."""
        highest = max(slots, default=-1)
        with self.transaction() as work:
            [found] = work.query(
                "SELECT (SELECT count(*) FROM revocation_epoch WHERE published = 0) AS begun,"
                " (SELECT count(*) FROM revocation WHERE epoch IS NULL AND slot <= ?) AS waiting",
                (highest,),
            )
            changed = (found["begun"], found["waiting"]) == (0, len(slots)) and work.execute(
                "UPDATE revocation_registry SET version = version + 1, state = ? WHERE version = ?",
                (state, version),
            )
            if not changed:
                return False
            work.execute(
                "INSERT INTO revocation_epoch (epoch, issued_at, next_at, revoked) VALUES (?, ?, ?, ?)",
                (begun.epoch, begun.issued_at, begun.next_at, len(slots)),
            )
            work.execute(
                "UPDATE revocation SET epoch = ? WHERE epoch IS NULL AND slot <= ?", (begun.epoch, highest)
            )
        self._high_water.raise_to(version + 1)
        return True

    def record_statement(self, epoch: int, token: str) -> str:
        """See `RegistryStore`."""
        with self.transaction() as work:
            work.execute(
                "UPDATE revocation_epoch SET token = ? WHERE epoch = ? AND token IS NULL", (token, epoch)
            )
            row = work.query_one("SELECT token FROM revocation_epoch WHERE epoch = ?", (epoch,))
        if row is None:
            raise InternalError("internal_error", f"expected epoch {epoch} to be begun")
        return str(row["token"])

    def finish_epoch(self, epoch: int) -> None:
        """See `RegistryStore`."""
        with self.transaction() as work:
            work.execute("UPDATE revocation_epoch SET published = 1 WHERE epoch = ?", (epoch,))

    def statement(self, epoch: int) -> str | None:
        """See `RegistryStore`."""
        row = self.query_one("SELECT token FROM revocation_epoch WHERE epoch = ?", (epoch,))
        return None if row is None else row["token"]

    def last_published(self) -> PublishedEpoch | None:
        """See `RegistryStore`."""
        row = self.query_one(f"{_EPOCH} WHERE published = 1 ORDER BY epoch DESC LIMIT 1")
        return None if row is None else _published(row)

    def epochs(self, *, after: int, limit: int) -> Sequence[PublishedEpoch]:
        """See `RegistryStore`."""
        rows = self.query(f"{_EPOCH} WHERE epoch > ? ORDER BY epoch LIMIT ?", (after, limit))
        return [_published(row) for row in rows]

    def revoked_in(self, epoch: int) -> Sequence[int]:
        """See `RegistryStore`."""
        rows = self.query("SELECT slot FROM revocation WHERE epoch = ? ORDER BY slot", (epoch,))
        return [row["slot"] for row in rows]

    def _version(self) -> int:
        [row] = self.query("SELECT coalesce(max(version), 0) AS version FROM revocation_registry")
        return int(row["version"])

    def _check_newest(self, mark: int | None, version: int) -> None:
        name = self._high_water.path.name
        if mark is None and version > 0:
            raise StoreError(
                "store_rolled_back",
                f"{name} is missing, so this may be an old copy; if it is the newest there is: trustid revocation adopt",
            )
        if mark is not None and version < mark:
            raise StoreError(
                "store_rolled_back", f"{self.path.name} is at version {version}, {name} says {mark}"
            )


def _published(row: Row) -> PublishedEpoch:
    return PublishedEpoch(
        row["epoch"], row["issued_at"], row["revoked"], row["token"], bool(row["published"])
    )
