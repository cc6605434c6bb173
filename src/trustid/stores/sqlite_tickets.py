"""The tickets of registries in the issuer's SQLite file, for the revocation manager's command.

The same file as `trustid.stores.sqlite_issuer`: taking a ticket and asking for
a revocation are parts of that store's own transactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trustid.protocols.ports_issuer import SlotState
from trustid.stores.issuer_schema import ISSUER_MIGRATIONS
from trustid.stores.sqlite import SqliteStore

__all__ = ["SqliteTicketStore"]


class SqliteTicketStore(SqliteStore):
    """Fills the port `trustid.protocols.ports_issuer.TicketStore`.

    Args:
        path: The issuer's SQLite file.

    Raises:
        StoreError: `store_version` or `store_unavailable`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component="issuer", migrations=ISSUER_MIGRATIONS)

    def add_tickets(self, registry: str, tickets: Sequence[tuple[int, bytes]]) -> int:
        """See the port."""
        with self.transaction() as work:
            return work.execute_many(
                "INSERT INTO ticket (registry, slot, sealed) VALUES (?, ?, ?) ON CONFLICT (registry, slot) DO NOTHING",
                [(registry, slot, sealed) for slot, sealed in tickets],
            )

    def free_tickets(self, registry: str) -> int:
        """See the port."""
        [row] = self.query(
            "SELECT count(*) AS number FROM ticket WHERE registry = ? AND issuance_id IS NULL", (registry,)
        )
        return int(row["number"])

    def requested_slots(self, registry: str) -> Sequence[int]:
        """See the port."""
        rows = self.query(
            "SELECT slot FROM ticket WHERE registry = ? AND requested_at IS NOT NULL AND revoked_epoch IS NULL"
            " ORDER BY slot",
            (registry,),
        )
        return [int(row["slot"]) for row in rows]

    def slots_revoked(self, registry: str, slots: Sequence[int], epoch: int) -> None:
        """See the port."""
        with self.transaction() as work:
            work.execute_many(
                "UPDATE ticket SET revoked_epoch = ? WHERE registry = ? AND slot = ? AND revoked_epoch IS NULL",
                [(epoch, registry, slot) for slot in slots],
            )

    def slot_state(self, issuance_id: str) -> SlotState | None:
        """See the port."""
        row = self.query_one(
            "SELECT registry, requested_at, revoked_epoch FROM ticket WHERE issuance_id = ?"
            " ORDER BY id DESC LIMIT 1",
            (issuance_id,),
        )
        if row is None:
            return None
        return SlotState(row["registry"], row["requested_at"] is not None, row["revoked_epoch"])
