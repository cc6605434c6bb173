"""The tickets of registries in the issuer's SQLite file, for the revocation manager's command.

The same file as `trustid.stores.sqlite_issuer`: taking a ticket and asking for
a revocation are parts of that store's own transactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from trustid.errors import StoreError
from trustid.protocols.ports_issuer import SlotState
from trustid.stores.issuer_schema import ISSUER_MIGRATIONS
from trustid.stores.sqlite import SqliteStore, has_component

__all__ = ["SqliteTicketStore"]

COMPONENT: Final = "issuer"

SLOTS_AT_ONCE: Final = 500
"""Slots of one query: below the number of parameters that every SQLite takes."""


class SqliteTicketStore(SqliteStore):
    """Fills the port `trustid.protocols.ports_issuer.TicketStore`.

    Args:
        path: The issuer's SQLite file.

    Raises:
        StoreError: `store_version` or `store_unavailable`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, component=COMPONENT, migrations=ISSUER_MIGRATIONS)

    @classmethod
    def of_issuer(cls, path: Path) -> Self:
        """Open the store of an issuer that was started at least once; no other file is touched.

        Raises:
            StoreError: `store_unavailable`: there is none here.
        """
        if not has_component(path, COMPONENT):
            raise StoreError("store_unavailable", f"{path} is not the store of an issuer")
        return cls(path)

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

    def known_slots(self, registry: str, slots: Sequence[int]) -> Sequence[int]:
        """See `trustid.status.epochs.ports_manager.TicketPool`."""
        found: list[int] = []
        with self.snapshot() as work:
            for at in range(0, len(slots), SLOTS_AT_ONCE):
                part = slots[at : at + SLOTS_AT_ONCE]
                marks = ", ".join("?" * len(part))
                rows = work.query(
                    f"SELECT slot FROM ticket WHERE registry = ? AND slot IN ({marks})",  # noqa: S608 - marks only
                    (registry, *part),
                )
                found.extend(row["slot"] for row in rows)
        return found

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
