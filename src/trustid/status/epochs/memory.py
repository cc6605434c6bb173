"""The ports of holders and verifiers in memory: for one process, and for tests."""

from __future__ import annotations

import threading

from trustid.status.epochs.ports import KeptRow

__all__ = ["MemoryRowStore", "MemorySeenStatements"]


class MemorySeenStatements:
    """Fills `SeenStatements`; lives and dies with the process."""

    def __init__(self) -> None:
        self._statements: dict[str, dict[int, str]] = {}
        self._params: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def latest(self, registry: str) -> str | None:
        """See `SeenStatements`."""
        with self._lock:
            kept = self._statements.get(registry)
            return kept[max(kept)] if kept else None

    def statement(self, registry: str, epoch: int) -> str | None:
        """See `SeenStatements`."""
        with self._lock:
            return self._statements.get(registry, {}).get(epoch)

    def keep(self, registry: str, epoch: int, token: str) -> str:
        """See `SeenStatements`."""
        with self._lock:
            return self._statements.setdefault(registry, {}).setdefault(epoch, token)

    def params(self, registry: str) -> bytes | None:
        """See `SeenStatements`."""
        with self._lock:
            return self._params.get(registry)

    def keep_params(self, registry: str, params: bytes) -> None:
        """See `SeenStatements`."""
        with self._lock:
            self._params[registry] = params


class MemoryRowStore:
    """Fills `RowStore`; lives and dies with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], KeptRow] = {}
        self._lock = threading.Lock()

    def row(self, registry: str, place: str) -> KeptRow | None:
        """See `RowStore`."""
        with self._lock:
            return self._rows.get((registry, place))

    def keep_row(self, registry: str, place: str, row: KeptRow) -> None:
        """See `RowStore`."""
        with self._lock:
            kept = self._rows.get((registry, place))
            if kept is None or kept.replaced_by(row):
                self._rows[(registry, place)] = row
