"""How folders of small files are read and written: whole files, one writer at a time."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trustid.errors import StoreError

__all__ = ["MAX_RECORD_BYTES", "flush_folder", "locked", "read_file", "write_durably"]

MAX_RECORD_BYTES = 8 * 1024 * 1024
"""One credential with all its copies, or one registry with all its statements."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One writer at a time; the operating system frees the lock of a process that dies."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise StoreError("store_unavailable", "the folder cannot be locked") from err
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_file(path: Path) -> bytes:
    """Read a file of at most `MAX_RECORD_BYTES`.

    Raises:
        StoreError: `store_unavailable`; `store_tampered`, it is larger.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RECORD_BYTES + 1)
    except OSError as err:
        raise StoreError("store_unavailable", "a file cannot be read") from err
    if len(data) > MAX_RECORD_BYTES:
        raise StoreError("store_tampered", f"expected a file of at most {MAX_RECORD_BYTES} bytes")
    return data


def write_durably(path: Path, data: bytes) -> None:
    """Put a file in its place in one step, on disk when this returns.

    Raises:
        StoreError: `store_unavailable`.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as err:
        temporary.unlink(missing_ok=True)
        raise StoreError("store_unavailable", f"{path.name} cannot be written: {err.strerror}") from err


def flush_folder(folder: Path) -> None:
    """Let new and removed names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
