"""The verifier's state in SQLite: sessions, attempts, leases, and the status lists it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from trustid.protocols.ports_verifier import NewSession, SessionState, StoredSession
from trustid.status.check import StoredList
from trustid.stores.sqlite import Migration, Row, SqliteStore

__all__ = ["SqliteStatusCache", "SqliteVerifierStore"]

_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        (
            "CREATE TABLE session ("
            " id TEXT PRIMARY KEY,"
            " request_hash BLOB NOT NULL UNIQUE,"
            " browser_hash BLOB,"
            " client_id_prefix TEXT NOT NULL,"
            " response_mode TEXT NOT NULL,"
            " query TEXT NOT NULL,"
            " title TEXT NOT NULL,"
            " created_at INTEGER NOT NULL,"
            " expires_at INTEGER NOT NULL,"
            " erase_at INTEGER NOT NULL,"
            " state TEXT NOT NULL CHECK (state IN ('pending', 'verified', 'refused')),"
            " sealed_conversation BLOB,"
            " sealed_result BLOB,"
            " code_hash BLOB,"
            " redeemed_at INTEGER,"
            " refusals INTEGER NOT NULL DEFAULT 0,"
            " CHECK (state <> 'verified' OR sealed_conversation IS NULL)"
            ") STRICT, WITHOUT ROWID"
        ),
        "CREATE INDEX session_by_browser ON session (browser_hash, created_at) WHERE browser_hash IS NOT NULL",
        "CREATE INDEX session_by_end ON session (erase_at)",
        "CREATE INDEX session_by_expiry ON session (expires_at) WHERE sealed_conversation IS NOT NULL",
        (
            "CREATE TABLE attempt ("
            " bucket TEXT PRIMARY KEY, window INTEGER NOT NULL, count INTEGER NOT NULL, ends_at INTEGER NOT NULL"
            ") STRICT, WITHOUT ROWID"
        ),
        "CREATE TABLE lease (name TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ),
)

_CACHE_MIGRATIONS: Final[tuple[Migration, ...]] = (
    (
        (
            "CREATE TABLE status_list ("
            " issuer TEXT NOT NULL, uri TEXT NOT NULL, token TEXT NOT NULL, issued_at INTEGER NOT NULL,"
            " fetched_at INTEGER NOT NULL, fresh_until INTEGER NOT NULL, PRIMARY KEY (issuer, uri)) STRICT"
        ),
    ),
    ("ALTER TABLE status_list ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",),
)


class SqliteVerifierStore(SqliteStore):
    """Fills `VerifierStore` and counts login attempts, shared by all workers of one machine.

    Args:
        path: The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="verifier", migrations=_MIGRATIONS)

    def add_session(self, session: NewSession) -> None:
        """Write a new session, pending."""
        with self.transaction() as work:
            work.execute(
                "INSERT INTO session (id, request_hash, browser_hash, client_id_prefix, response_mode, query,"
                " title, created_at, expires_at, erase_at, state, sealed_conversation)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
                (
                    session.id,
                    session.request_hash,
                    session.browser_hash,
                    session.client_id_prefix,
                    session.response_mode,
                    session.query,
                    session.title,
                    session.created_at,
                    session.expires_at,
                    session.erase_at,
                    session.sealed_conversation,
                ),
            )

    def session(self, session_id: str) -> StoredSession | None:
        """A session by its own identifier."""
        row = self.query_one("SELECT * FROM session WHERE id = ?", (session_id,))
        return _session(row) if row is not None else None

    def session_by_request(self, request_hash: bytes) -> StoredSession | None:
        """A session by the hash of the secret in its links."""
        row = self.query_one("SELECT * FROM session WHERE request_hash = ?", (request_hash,))
        return _session(row) if row is not None else None

    def sessions_of(self, browser_hash: bytes, *, most: int) -> Sequence[StoredSession]:
        """The newest sessions that one browser started, newest first."""
        rows = self.query(
            "SELECT * FROM session WHERE browser_hash = ? ORDER BY created_at DESC, id LIMIT ?",
            (browser_hash, most),
        )
        return [_session(row) for row in rows]

    def record_verified(
        self, session_id: str, *, sealed_result: bytes, code_hash: bytes | None, now: int, erase_at: int
    ) -> bool:
        """End a session with an answer that holds; exactly one of simultaneous calls does."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE session SET state = 'verified', sealed_result = ?, code_hash = ?, erase_at = ?,"
                " sealed_conversation = NULL"
                " WHERE id = ? AND state IN ('pending', 'refused') AND sealed_conversation IS NOT NULL AND expires_at > ?",
                (sealed_result, code_hash, erase_at, session_id, now),
            )
        return changed == 1

    def record_refusal(self, session_id: str, *, sealed_result: bytes, now: int, erase_at: int) -> bool:
        """Note an answer that failed; the session stays open for a better one."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE session SET state = 'refused', sealed_result = ?, erase_at = ?, refusals = refusals + 1"
                " WHERE id = ? AND state IN ('pending', 'refused') AND sealed_conversation IS NOT NULL AND expires_at > ?",
                (sealed_result, erase_at, session_id, now),
            )
        return changed == 1

    def redeem_code(self, session_id: str, code_hash: bytes, *, now: int) -> bool:
        """Bring back a response code, once."""
        with self.transaction() as work:
            changed = work.execute(
                "UPDATE session SET redeemed_at = ? WHERE id = ? AND code_hash = ? AND redeemed_at IS NULL",
                (now, session_id, code_hash),
            )
        return changed == 1

    def erase(self, now: int) -> int:
        """Erase conversations of expired sessions, and sessions whose time of keeping is over."""
        with self.transaction() as work:
            work.execute("DELETE FROM attempt WHERE ends_at <= ?", (now,))
            ended = work.execute(
                "UPDATE session SET sealed_conversation = NULL"
                " WHERE sealed_conversation IS NOT NULL AND expires_at <= ?",
                (now,),
            )
            return ended + work.execute("DELETE FROM session WHERE erase_at <= ?", (now,))

    def acquire_lease(self, name: str, *, now: int, seconds: int) -> bool:
        """Take a piece of work for some time, so that one of many workers does it."""
        with self.transaction() as work:
            changed = work.execute(
                "INSERT INTO lease (name, until) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE lease.until <= ?",
                (name, now + seconds, now),
            )
        return changed == 1

    def count_attempt(self, bucket: str, now: int, window_seconds: int) -> int:
        """Add one attempt to `bucket`; returns how many fell into the current window."""
        window = now // window_seconds
        with self.transaction() as work:
            row = work.query_one(
                "INSERT INTO attempt (bucket, window, count, ends_at) VALUES (?, ?, 1, ?)"
                " ON CONFLICT (bucket) DO UPDATE SET"
                " count = CASE WHEN attempt.window = excluded.window THEN attempt.count + 1 ELSE 1 END,"
                " window = excluded.window, ends_at = excluded.ends_at RETURNING count",
                (bucket, window, (window + 1) * window_seconds),
            )
        return int(row["count"]) if row is not None else 1


class SqliteStatusCache(SqliteStore):
    """Keeps status lists (`trustid.status.check.StatusCache`), shared by all workers of one machine.

    Args:
        path: The SQLite file; may be the one of the sessions.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="status_cache", migrations=_CACHE_MIGRATIONS)

    def version(self, issuer: str, uri: str) -> str | None:
        """A short text that changes with each `save` and `expire`; None when nothing is kept."""
        row = self.query_one(_VERSION, (issuer, uri))
        return None if row is None else _version(row)

    def load(self, issuer: str, uri: str) -> StoredList | None:
        """What is kept."""
        row = self.query_one(
            "SELECT token, issued_at, fetched_at, fresh_until FROM status_list WHERE issuer = ? AND uri = ?",
            (issuer, uri),
        )
        return None if row is None else StoredList(**dict(row))

    def save(self, issuer: str, uri: str, stored: StoredList) -> str | None:
        """Keep this one from now on, unless one with a later `issued_at` is kept; returns its version, or None."""
        with self.transaction() as work:
            work.execute(
                "INSERT INTO status_list (issuer, uri, token, issued_at, fetched_at, fresh_until, revision)"
                " VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT (issuer, uri) DO UPDATE SET token = excluded.token,"
                " issued_at = excluded.issued_at, fetched_at = excluded.fetched_at,"
                " fresh_until = excluded.fresh_until, revision = status_list.revision + 1"
                " WHERE status_list.issued_at <= excluded.issued_at",
                (issuer, uri, stored.token, stored.issued_at, stored.fetched_at, stored.fresh_until),
            )
            [row] = work.query(_VERSION, (issuer, uri))
            return _version(row) if row["issued_at"] == stored.issued_at else None

    def expire(self, now: int) -> list[str]:
        """Let every list be fetched again before it is next used; returns their addresses."""
        with self.transaction() as work:
            work.execute(
                "UPDATE status_list SET fresh_until = min(fresh_until, ?), revision = revision + 1", (now,)
            )
            return [row["uri"] for row in work.query("SELECT DISTINCT uri FROM status_list ORDER BY uri")]


_VERSION: Final = (
    "SELECT revision, issued_at, fetched_at, fresh_until FROM status_list WHERE issuer = ? AND uri = ?"
)


def _version(row: Row) -> str:
    # Times alone would not do: two lists may be signed and fetched within one second.
    return f"{row['revision']}.{row['issued_at']}.{row['fetched_at']}.{row['fresh_until']}"


def _session(row: Row) -> StoredSession:
    return StoredSession(
        id=row["id"],
        browser_hash=row["browser_hash"],
        client_id_prefix=row["client_id_prefix"],
        response_mode=row["response_mode"],
        query=row["query"],
        title=row["title"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        state=cast(SessionState, row["state"]),
        sealed_conversation=row["sealed_conversation"],
        sealed_result=row["sealed_result"],
        code_hash=row["code_hash"],
        redeemed_at=row["redeemed_at"],
        refusals=row["refusals"],
    )
