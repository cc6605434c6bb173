"""The statements of revocation registries that a verifier has accepted, in SQLite.

Shared by all workers: what one has seen, none takes back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from trustid.errors import InternalError
from trustid.stores.sqlite import Migration, SqliteStore

__all__ = ["SqliteSeenStatements"]

_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        """CREATE TABLE seen_statement (
            registry TEXT NOT NULL,
            epoch    INTEGER NOT NULL CHECK (epoch >= 0),
            token    TEXT NOT NULL,
            PRIMARY KEY (registry, epoch)
        ) STRICT, WITHOUT ROWID""",
        "CREATE TABLE seen_params (registry TEXT PRIMARY KEY, params BLOB NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TRIGGER seen_is_final BEFORE UPDATE ON seen_statement
            BEGIN SELECT RAISE(ABORT, 'a statement is final'); END""",
        """CREATE TRIGGER seen_is_never_forgotten BEFORE DELETE ON seen_statement
            BEGIN SELECT RAISE(ABORT, 'a statement is final'); END""",
    ),
)


class SqliteSeenStatements(SqliteStore):
    """Fills `trustid.status.epochs.ports.SeenStatements`.

    Args:
        path: The SQLite file; may be the one of the verifier's sessions.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="seen_statements", migrations=_MIGRATIONS)

    def latest(self, registry: str) -> str | None:
        """See `SeenStatements`."""
        row = self.query_one(
            "SELECT token FROM seen_statement WHERE registry = ? ORDER BY epoch DESC LIMIT 1", (registry,)
        )
        return None if row is None else row["token"]

    def statement(self, registry: str, epoch: int) -> str | None:
        """See `SeenStatements`."""
        row = self.query_one(
            "SELECT token FROM seen_statement WHERE registry = ? AND epoch = ?", (registry, epoch)
        )
        return None if row is None else row["token"]

    def keep(self, registry: str, epoch: int, token: str) -> str:
        """See `SeenStatements`."""
        with self.transaction() as work:
            work.execute("INSERT OR IGNORE INTO seen_statement VALUES (?, ?, ?)", (registry, epoch, token))
            row = work.query_one(
                "SELECT token FROM seen_statement WHERE registry = ? AND epoch = ?", (registry, epoch)
            )
        if row is None:
            raise InternalError("internal_error", "expected the statement that was kept")
        return str(row["token"])

    def params(self, registry: str) -> bytes | None:
        """See `SeenStatements`."""
        row = self.query_one("SELECT params FROM seen_params WHERE registry = ?", (registry,))
        return None if row is None else row["params"]

    def keep_params(self, registry: str, params: bytes) -> None:
        """See `SeenStatements`."""
        with self.transaction() as work:
            work.execute("INSERT OR REPLACE INTO seen_params VALUES (?, ?)", (registry, params))
