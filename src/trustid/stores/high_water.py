"""A number that only grows, beside a store: by it an older copy of the store is known.

A database that is put back from a backup is in order in itself; nothing in it
says that it once held more. This file does, as long as it is not put back with
it. It is raised after a change was committed and before anybody is told of the
change, so it never names one that the store does not have.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from trustid.encoding import dump_json, parse_json_object
from trustid.errors import MalformedError, StoreError
from trustid.stores.durable_files import locked, read_file, write_durably

__all__ = ["HighWater"]

MEMBERS: Final = frozenset({"version"})


class HighWater:
    """The mark of one store.

    Args:
        path: The file; its folder holds a lock beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def version(self) -> int | None:
        """The highest version that was ever acknowledged; None where there is no such file.

        Raises:
            StoreError: `store_unavailable`; `store_tampered`, it is no such file.
        """
        if not self._path.exists():
            return None
        try:
            value = parse_json_object(read_file(self._path))
        except MalformedError as err:
            raise StoreError("store_tampered", f"{self._path.name} cannot be read as a mark") from err
        version = value.get("version")
        if value.keys() != MEMBERS or type(version) is not int or version < 0:
            raise StoreError("store_tampered", f"expected a version in {self._path.name}")
        return version

    def raise_to(self, version: int) -> None:
        """Note a version, on disk when this returns; a lower one than the noted changes nothing."""
        with locked(self._path.parent):
            known = self.version()
            if known is None or known < version:
                write_durably(self._path, dump_json({"version": version}) + b"\n")
