"""Sets of status lists in SQLite (`trustid.status.list_set.ports`).

Counters, contents and signed lists stand in tables of their own: a counter
moves without touching the hundred kilobytes of its shard. No row says which
credential took which place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from trustid.errors import InternalError, ProtocolError
from trustid.status.list_set.ports import Lease, ListRecord, NewPublication, NewShard, Rewrite, Served
from trustid.stores.sqlite import Migration, Row, SqliteStore, Transaction

__all__ = ["CHANGES_KEPT", "SqliteListSetStore"]

CHANGES_KEPT: Final = 64
"""Signed changes that are kept of a list; who is further behind fetches the whole list."""

_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        """CREATE TABLE set_shard (
            id        INTEGER PRIMARY KEY,
            set_name  TEXT NOT NULL,
            seed      TEXT NOT NULL UNIQUE,
            size      INTEGER NOT NULL CHECK (size > 0),
            allocated INTEGER NOT NULL CHECK (allocated BETWEEN 0 AND size)
        ) STRICT""",
        "CREATE INDEX set_shard_set ON set_shard (set_name, id)",
        """CREATE TRIGGER set_counter_never_goes_back BEFORE UPDATE OF allocated ON set_shard
            WHEN NEW.allocated < OLD.allocated
            BEGIN SELECT RAISE(ABORT, 'a place is given out once'); END""",
        """CREATE TABLE set_list (
            id                INTEGER PRIMARY KEY,
            name              TEXT NOT NULL UNIQUE,
            shard_id          INTEGER NOT NULL REFERENCES set_shard (id),
            purpose           TEXT NOT NULL,
            bits              INTEGER NOT NULL,
            version           INTEGER NOT NULL DEFAULT 0,
            published_version INTEGER NOT NULL DEFAULT -1,
            published_at      INTEGER NOT NULL DEFAULT 0,
            UNIQUE (shard_id, purpose)
        ) STRICT""",
        "CREATE TABLE set_content (list_id INTEGER PRIMARY KEY REFERENCES set_list (id), content BLOB NOT NULL) STRICT",
        """CREATE TABLE set_published (
            list_id INTEGER PRIMARY KEY REFERENCES set_list (id),
            token   TEXT NOT NULL,
            content BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE set_change (
            id      INTEGER PRIMARY KEY,
            list_id INTEGER NOT NULL REFERENCES set_list (id),
            base    BLOB NOT NULL,
            token   TEXT NOT NULL,
            UNIQUE (list_id, base)
        ) STRICT""",
    ),
)

_RECORD: Final = (
    "SELECT l.*, s.size, c.content, p.content AS published_content"
    " FROM set_list l JOIN set_shard s ON s.id = l.shard_id"
    " LEFT JOIN set_content c ON c.list_id = l.id LEFT JOIN set_published p ON p.list_id = l.id"
    " WHERE s.set_name = ? AND l.name = ?"
)
_SERVED: Final = (
    "SELECT l.version, l.published_version, l.published_at, p.token"
    " FROM set_list l JOIN set_shard s ON s.id = l.shard_id LEFT JOIN set_published p ON p.list_id = l.id"
    " WHERE s.set_name = ? AND l.name = ?"
)
_OUTDATED: Final = (
    "SELECT l.name FROM set_list l JOIN set_shard s ON s.id = l.shard_id"
    " WHERE s.set_name = ? AND (l.version <> l.published_version OR l.published_at < ?) ORDER BY l.id"
)
_CHANGE: Final = (
    "SELECT c.token FROM set_change c JOIN set_list l ON l.id = c.list_id JOIN set_shard s ON s.id = l.shard_id"
    " WHERE s.set_name = ? AND l.name = ? AND c.base = ?"
)


class SqliteListSetStore(SqliteStore):
    """Keeps sets of lists; may share the file of the issuer.

    Args:
        path: The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="list_set", migrations=_MIGRATIONS)

    def lease(self, set_name: str, count: int, *, fresh: NewShard) -> Lease:
        """See `ListSetStore`."""
        with self.transaction() as work:
            shard = _open_shard(work, set_name) or _begin_shard(work, set_name, fresh)
            first: int = shard["allocated"]
            granted = min(count, shard["size"] - first)
            work.execute("UPDATE set_shard SET allocated = ? WHERE id = ?", (first + granted, shard["id"]))
            lists = work.query("SELECT purpose, name FROM set_list WHERE shard_id = ?", (shard["id"],))
        names = {row["purpose"]: row["name"] for row in lists}
        return Lease(shard["seed"], shard["size"], names, first, granted)

    def record(self, set_name: str, name: str) -> ListRecord | None:
        """See `ListSetStore`."""
        row = self.query_one(_RECORD, (set_name, name))
        return None if row is None else _record(row)

    def served(self, set_name: str, name: str) -> Served | None:
        """See `ListSetStore`."""
        row = self.query_one(_SERVED, (set_name, name))
        if row is None:
            return None
        return Served(row["token"], row["published_at"], row["version"] == row["published_version"])

    def outdated(self, set_name: str, signed_before: int) -> Sequence[str]:
        """See `ListSetStore`."""
        rows = self.query(_OUTDATED, (set_name, signed_before))
        return [row["name"] for row in rows]

    def rewrite(self, set_name: str, rewrites: Mapping[str, Rewrite]) -> int:
        """See `ListSetStore`."""
        changed = 0
        with self.transaction() as work:
            for name, change in rewrites.items():
                row = work.query_one(_RECORD, (set_name, name))
                if row is None:
                    raise ProtocolError("not_found", "expected the name of a status list")
                record = _record(row)
                content = change(record)
                if content != record.content:
                    changed += 1
                    work.execute(
                        "INSERT INTO set_content (list_id, content) VALUES (?, ?)"
                        " ON CONFLICT (list_id) DO UPDATE SET content = excluded.content",
                        (row["id"], content),
                    )
                    work.execute("UPDATE set_list SET version = version + 1 WHERE id = ?", (row["id"],))
        return changed

    def publish(self, publications: Sequence[NewPublication]) -> None:
        """See `ListSetStore`."""
        with self.transaction() as work:
            for new in publications:
                row = work.query_one(
                    "UPDATE set_list SET published_version = ?1, published_at = ?2"
                    " WHERE name = ?3 AND published_version <= ?1 AND published_at <= ?2 RETURNING id",
                    (new.record.version, new.issued_at, new.record.name),
                )
                if row is not None:
                    _keep(work, row["id"], new)

    def change(self, set_name: str, name: str, base: bytes) -> str | None:
        """See `ListSetStore`."""
        row = self.query_one(_CHANGE, (set_name, name, base))
        return None if row is None else row["token"]


def _open_shard(work: Transaction, set_name: str) -> Row | None:
    return work.query_one(
        "SELECT * FROM set_shard WHERE set_name = ? AND allocated < size ORDER BY id DESC LIMIT 1",
        (set_name,),
    )


def _begin_shard(work: Transaction, set_name: str, fresh: NewShard) -> Row:
    shard = work.query_one(
        "INSERT INTO set_shard (set_name, seed, size, allocated) VALUES (?, ?, ?, 0) RETURNING *",
        (set_name, fresh.seed, fresh.size),
    )
    if shard is None:
        raise InternalError("internal_error", "expected a shard")
    work.execute_many(
        "INSERT INTO set_list (name, shard_id, purpose, bits) VALUES (?, ?, ?, ?)",
        [(name, shard["id"], purpose, bits) for purpose, (name, bits) in fresh.lists.items()],
    )
    return shard


def _record(row: Row) -> ListRecord:
    content = row["content"]
    return ListRecord(
        name=row["name"],
        purpose=row["purpose"],
        bits=row["bits"],
        size=row["size"],
        version=row["version"],
        # Nothing is stored for a list in which nothing was ever set.
        content=bytes(row["size"] * row["bits"] // 8) if content is None else content,
        published_at=row["published_at"],
        published_content=row["published_content"],
    )


def _keep(work: Transaction, list_id: int, new: NewPublication) -> None:
    work.execute(
        "INSERT INTO set_published (list_id, token, content) VALUES (?, ?, ?)"
        " ON CONFLICT (list_id) DO UPDATE SET token = excluded.token, content = excluded.content",
        (list_id, new.token, new.record.content),
    )
    work.execute_many(
        "INSERT OR REPLACE INTO set_change (list_id, base, token) VALUES (?, ?, ?)",
        [(list_id, base, token) for base, token in new.changes.items()],
    )
    work.execute(
        "DELETE FROM set_change WHERE list_id = ?1 AND id NOT IN"
        " (SELECT id FROM set_change WHERE list_id = ?1 ORDER BY id DESC LIMIT ?2)",
        (list_id, CHANGES_KEPT),
    )
