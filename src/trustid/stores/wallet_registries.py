"""What a wallet keeps of revocation registries: one sealed file each, in the wallet's folder.

A row names its slot to whoever has the published rows, and the name of a
registry tells what somebody holds: so nothing here is in the clear, not even
the names of the files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trustid.encoding import JsonObject, b64url_decode, b64url_encode, dump_json, parse_json_object
from trustid.errors import MalformedError, StoreError
from trustid.keys.sealing import SealingKey
from trustid.status.epochs.ports import KeptRow
from trustid.stores.durable_files import MAX_RECORD_BYTES, locked, read_file, write_durably

__all__ = ["WalletRegistries"]

RECORD_VERSION = 1


class WalletRegistries:
    """Fills `SeenStatements` and `RowStore` for one holder.

    Any number of processes may use one folder at a time.

    Args:
        path: The wallet's folder.
        sealing_key: The wallet's.

    Raises:
        StoreError: Each method: `store_tampered`, a file was changed or moved
            here from elsewhere; `store_version`; `store_unavailable`.
    """

    def __init__(self, path: Path, sealing_key: SealingKey) -> None:
        self._path = path
        self._sealing_key = sealing_key

    def latest(self, registry: str) -> str | None:
        """See `SeenStatements`."""
        statements = self._read(registry)["statements"]
        return statements[max(statements, key=int)] if statements else None

    def statement(self, registry: str, epoch: int) -> str | None:
        """See `SeenStatements`."""
        token: str | None = self._read(registry)["statements"].get(str(epoch))
        return token

    def keep(self, registry: str, epoch: int, token: str) -> str:
        """See `SeenStatements`."""
        record = self._change(registry, lambda found: found["statements"].setdefault(str(epoch), token))
        kept: str = record["statements"][str(epoch)]
        return kept

    def params(self, registry: str) -> bytes | None:
        """See `SeenStatements`."""
        text = self._read(registry)["params"]
        return None if text is None else b64url_decode(text)

    def keep_params(self, registry: str, params: bytes) -> None:
        """See `SeenStatements`."""
        self._change(registry, lambda found: found.update(params=b64url_encode(params)))

    def row(self, registry: str, place: str) -> KeptRow | None:
        """See `RowStore`."""
        return _row(self._read(registry)["rows"].get(place))

    def keep_row(self, registry: str, place: str, row: KeptRow) -> None:
        """See `RowStore`."""

        def change(found: JsonObject) -> None:
            kept = _row(found["rows"].get(place))
            if kept is None or kept.replaced_by(row):
                text = None if row.row is None else b64url_encode(row.row)
                found["rows"][place] = {"epoch": row.epoch, "row": text, "fetched_at": row.fetched_at}

        self._change(registry, change)

    def _change(self, registry: str, change: Callable[[JsonObject], object]) -> JsonObject:
        with locked(self._path):
            record = self._read(registry)
            change(record)
            sealed = self._sealing_key.seal(dump_json(record), _context(registry))
            write_durably(self._place(registry), sealed)
        return record

    def _read(self, registry: str) -> JsonObject:
        place = self._place(registry)
        if not place.exists():
            return {"version": RECORD_VERSION, "params": None, "statements": {}, "rows": {}}
        data = self._sealing_key.open(read_file(place), _context(registry))
        try:
            record = parse_json_object(data, max_bytes=MAX_RECORD_BYTES)
        except MalformedError as err:
            raise StoreError("store_version", "a registry was stored by another version") from err
        if record.get("version") != RECORD_VERSION:
            raise StoreError("store_version", "a registry was stored by a newer version")
        return record

    def _place(self, registry: str) -> Path:
        name = self._sealing_key.mac(_context(registry))[:8].hex()
        return self._path / "registries" / f"{name}.sealed"


def _context(registry: str) -> bytes:
    return f"wallet/registry/{registry}".encode()


def _row(value: Any) -> KeptRow | None:
    if value is None:
        return None
    row = None if value["row"] is None else b64url_decode(value["row"])
    return KeptRow(value["epoch"], row, value["fetched_at"])
