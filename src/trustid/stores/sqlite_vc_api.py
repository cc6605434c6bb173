"""Bitstring Status Lists of W3C credentials in SQLite (`trustid.protocols.ports_vc_api`).

No row says which credential took which place: the list has a counter, and the
indexes that were set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trustid.errors import InternalError
from trustid.protocols.ports_vc_api import TakenPlace, VcListRecord
from trustid.stores.sqlite import Migration, SqliteStore

__all__ = ["SqliteVcStatusStore"]

_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        """CREATE TABLE vc_list (
            id             INTEGER PRIMARY KEY,
            name           TEXT NOT NULL UNIQUE,
            issuer         TEXT NOT NULL,
            size           INTEGER NOT NULL CHECK (size > 0),
            allocated      INTEGER NOT NULL CHECK (allocated BETWEEN 0 AND size),
            version        INTEGER NOT NULL DEFAULT 0,
            signed         TEXT,
            signed_version INTEGER NOT NULL DEFAULT -1,
            signed_at      INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE INDEX vc_list_issuer ON vc_list (issuer, id)",
        """CREATE TABLE vc_list_set (
            list_id INTEGER NOT NULL REFERENCES vc_list (id),
            place   INTEGER NOT NULL,
            PRIMARY KEY (list_id, place)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TRIGGER vc_revocation_is_final BEFORE DELETE ON vc_list_set
            BEGIN SELECT RAISE(ABORT, 'revocation is final'); END""",
    ),
)


class SqliteVcStatusStore(SqliteStore):
    """Keeps the lists; may share the file of the issuer.

    Args:
        path: The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="vc_api", migrations=_MIGRATIONS)

    def take_place(self, issuer: str, *, new_name: str, size: int) -> TakenPlace:
        """See `VcStatusStore`."""
        with self.transaction() as work:
            row = work.query_one(
                "UPDATE vc_list SET allocated = allocated + 1 WHERE id ="
                " (SELECT max(id) FROM vc_list WHERE issuer = ?) AND allocated < size"
                " RETURNING name, size, allocated",
                (issuer,),
            ) or work.query_one(
                "INSERT INTO vc_list (name, issuer, size, allocated) VALUES (?, ?, ?, 1)"
                " RETURNING name, size, allocated",
                (new_name, issuer, size),
            )
        if row is None:
            raise InternalError("internal_error", "expected a place")
        return TakenPlace(row["name"], row["size"], row["allocated"] - 1)

    def vc_list(self, name: str) -> VcListRecord | None:
        """See `VcStatusStore`."""
        row = self.query_one(
            "SELECT name, issuer, size, version, signed, signed_version, signed_at FROM vc_list WHERE name = ?",
            (name,),
        )
        return None if row is None else VcListRecord(**dict(row))

    def set_indexes(self, name: str) -> tuple[int, Sequence[int]]:
        """See `VcStatusStore`."""
        with self.snapshot() as work:
            row = work.query_one("SELECT id, version FROM vc_list WHERE name = ?", (name,))
            if row is None:
                return 0, ()
            places = work.query("SELECT place FROM vc_list_set WHERE list_id = ?", (row["id"],))
            return row["version"], [each["place"] for each in places]

    def set_index(self, name: str, index: int) -> bool:
        """See `VcStatusStore`."""
        with self.transaction() as work:
            row = work.query_one("SELECT id FROM vc_list WHERE name = ? AND ? < size", (name, index))
            if row is None:
                return False
            if work.execute("INSERT OR IGNORE INTO vc_list_set VALUES (?, ?)", (row["id"], index)):
                work.execute("UPDATE vc_list SET version = version + 1 WHERE id = ?", (row["id"],))
            return True

    def save_signed(self, name: str, *, version: int, signed: str, signed_at: int) -> None:
        """See `VcStatusStore`."""
        with self.transaction() as work:
            work.execute(
                "UPDATE vc_list SET signed = ?, signed_version = ?, signed_at = ?"
                " WHERE name = ? AND signed_version <= ? AND signed_at <= ?",
                (signed, version, signed_at, name, version, signed_at),
            )
