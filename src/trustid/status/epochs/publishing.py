"""Publishing an epoch: everything of it shows at once, or nothing.

An epoch is built in a folder that nobody is told of (`epochs/.7`): rows, cut
into blocks, and at the end the statement. When all of it is on disk the folder
gets its name, and then `epochs/latest` is replaced by the new statement, in one
step of the file system: that is the moment from which the epoch holds. A crash
before leaves the old epoch, and the next call goes on with the same rows and
the same statement; a crash after leaves the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from trustid.errors import StatusUnknownError, StoreError
from trustid.keys.quorum import Committee, Quorum, QuorumCertificate
from trustid.status.accumulator import ROW_BYTES, Manager, RowsFile
from trustid.status.epochs.folder import LATEST, PARAMS, FolderSource, certificate_name, statement_name
from trustid.status.epochs.registry import Registry
from trustid.status.epochs.statement import SignedStatement

__all__ = ["KEPT_EPOCHS", "Progress", "Publisher"]

KEPT_EPOCHS: Final = 2
"""Epochs whose blocks stay: holders may fetch the newest one, and finish the one before."""

FLUSHED_TOGETHER: Final = 128
"""Blocks that are written before they are flushed: 25 MB."""

FLUSHING_THREADS: Final = 8

LOCK: Final = ".lock"
ROWS: Final = "rows"
FILE_MODE: Final = 0o644

Progress = Callable[[str, int, int], None]
"""Called with a step ("rows", "blocks"), how much of it is done, and how much there is."""


class Publisher:
    """Writes a registry's folder.

    Args:
        registry: Whose epochs.
        folder: The folder that is served; made when it is not there.
        threads: How many compute the next value and make rows.
    """

    def __init__(self, registry: Registry, folder: Path, *, threads: int = 1) -> None:
        self._registry = registry
        self._folder = folder
        self._threads = threads
        self._source = FolderSource({registry.uri: folder})

    def publish(self, *, progress: Progress | None = None) -> SignedStatement:
        """Publish the epoch that is begun, or else begin the next one and publish that.

        Returns:
            The statement that is now the newest.

        Raises:
            StoreError: `registry_busy`, another process is at it; `store_unavailable`,
                the folder cannot be written, or the disk is full: call again.
            StatusUnknownError: `acc_rollback`, `acc_equivocation`: the folder holds
                statements that this store knows nothing of; a store from a backup
                must not go on.
        """
        with self._writing():
            self.check_newest()
            self._restore_statements()
            begun, manager = self._registry.begin(threads=self._threads)
            if not (self._folder / statement_name(begun.epoch)).exists():
                self._build(
                    begun.epoch, lambda root: self._registry.sign(begun, manager, root), manager, progress
                )
            signed = self._published(begun.epoch)
            self._write(PARAMS, self._registry.params)
            self._write(LATEST, signed.token.encode("ascii"))
            self._registry.finish(signed.epoch)
            self._drop_old_blocks(signed.epoch)
        return signed

    def add_certificate(self, epoch: int, committee: Committee, certificate: QuorumCertificate) -> Quorum:
        """Publish the certificate of a committee beside the statement of an epoch that it voted on.

        Until it is there, whoever asks for the committee stays with the epoch before.

        Returns:
            Who of the committee agreed.

        Raises:
            SignatureError: As `QuorumCertificate.verify`.
            StatusUnknownError: `status_unavailable`: the epoch is not published.
            StoreError: `registry_busy`, `store_unavailable`.
        """
        with self._writing():
            quorum = certificate.verify(committee, self._published(epoch).voted)
            self._write(certificate_name(epoch), certificate.to_bytes())
        return quorum

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the folder; the system frees it when a process dies. Its errors become ours."""
        try:
            (self._folder / "epochs").mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise StoreError("store_unavailable", f"the folder cannot be made: {err.strerror}") from err
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as err:
            raise StoreError("registry_busy", "another process publishes into this folder") from err
        except OSError as err:
            raise StoreError("store_unavailable", f"the folder cannot be written: {err.strerror}") from err
        finally:
            os.close(descriptor)

    def check_newest(self) -> None:
        """Refuse a store that knows less than the folder: it is an old copy.

        Raises:
            StatusUnknownError: `acc_rollback`, `acc_equivocation`.
        """
        if not (self._folder / LATEST).exists():
            return
        shown = self._registry.read(self._source.latest(self._registry.uri))
        ours = self._registry.statement(shown.epoch)
        if ours is None:
            raise StatusUnknownError(
                "acc_rollback", f"epoch {shown.epoch} was published and is not in this store"
            )
        if ours.hash != shown.hash:
            raise StatusUnknownError(
                "acc_equivocation", f"another statement for epoch {shown.epoch} was published"
            )

    def _restore_statements(self) -> None:
        """Give a new folder the statements of the past: nobody's chain may break there."""
        last = self._registry.last_published()
        if last is None or (self._folder / statement_name(last.epoch)).exists():
            return
        for one in self._registry.history():
            if one.published and one.token is not None:
                place = self._folder / statement_name(one.epoch)
                place.parent.mkdir(exist_ok=True)
                self._write(statement_name(one.epoch), one.token.encode("ascii"))

    def _build(
        self,
        epoch: int,
        sign: Callable[[bytes], SignedStatement],
        manager: Manager,
        progress: Progress | None,
    ) -> None:
        """Make the epoch's folder. Whatever a call that died has left is taken up or written over."""
        work, final = self._work(epoch), self._folder / "epochs" / str(epoch)
        if not work.exists():
            self._check_room(manager.params.capacity)
        (work / "blocks").mkdir(parents=True, exist_ok=True)
        rows = self._rows(work / ROWS, manager, progress)
        for first in range(0, rows.blocks, FLUSHED_TOGETHER):
            numbers = range(first, min(first + FLUSHED_TOGETHER, rows.blocks))
            _write_flushed({work / "blocks" / str(n): rows.proof(n) + rows.block(n) for n in numbers})
            if progress is not None:
                progress("blocks", numbers.stop, rows.blocks)
        _write_flushed({work / "statement": sign(rows.root).token.encode("ascii")})
        for leftover in work.glob(f"{ROWS}*"):
            leftover.unlink()
        _flush_folder(work / "blocks")
        _flush_folder(work)
        work.rename(final)
        _flush_folder(final.parent)

    def _check_room(self, capacity: int) -> None:
        """An epoch lies there twice while it is made: as rows, and cut into blocks."""
        needed, free = 2 * capacity * ROW_BYTES, shutil.disk_usage(self._folder).free
        if free < needed:
            raise StoreError(
                "store_unavailable", f"expected {needed:,} bytes free in {self._folder}, found {free:,}"
            )

    def _rows(self, path: Path, manager: Manager, progress: Progress | None) -> RowsFile:
        """The rows of the manager's epoch, made unless a call that died has made them."""
        if not path.exists():
            tell = None if progress is None else lambda done, total: progress("rows", done, total)
            manager.write_rows(path, threads=self._threads, progress=tell)
        rows = RowsFile.open(path, manager.params)
        if rows.accumulator != manager.accumulator:
            raise StoreError("store_tampered", "expected the rows of the epoch that is begun")
        return rows

    def _published(self, epoch: int) -> SignedStatement:
        """The statement in the epoch's folder, which must be the one in the store."""
        signed = self._registry.read(self._source.statement(self._registry.uri, epoch))
        ours = self._registry.statement(epoch)
        if ours is None or ours.hash != signed.hash:
            raise StatusUnknownError(
                "acc_equivocation", f"another statement for epoch {epoch} lies in the folder"
            )
        return signed

    def _drop_old_blocks(self, newest: int) -> None:
        """Old blocks and what attempts have left go; statements stay."""
        for place in (self._folder / "epochs").iterdir():
            name = place.name.removeprefix(".")
            if not name.isdecimal() or int(name) > newest - KEPT_EPOCHS:
                continue
            shutil.rmtree(place if place.name.startswith(".") else place / "blocks", ignore_errors=True)

    def _work(self, epoch: int) -> Path:
        return self._folder / "epochs" / f".{epoch}"

    def _write(self, name: str, data: bytes) -> None:
        """Put a file in its place in one step."""
        path = self._folder / name
        # One name for all attempts, so that none leaves anything behind: the lock is held.
        part = path.with_name(f".{path.name}.part")
        _write_flushed({part: data})
        part.replace(path)
        _flush_folder(path.parent)


def _write_flushed(files: Mapping[Path, bytes]) -> None:
    """Write files, on disk when this returns; not in one step."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.ExitStack() as opened, ThreadPoolExecutor(FLUSHING_THREADS) as threads:
        descriptors = []
        for path, data in files.items():
            file = opened.enter_context(os.fdopen(os.open(path, flags, FILE_MODE), "wb"))
            file.write(data)
            file.flush()
            descriptors.append(file.fileno())
        # At once: what waits for the disk together is flushed together, five times as fast.
        list(threads.map(os.fsync, descriptors))


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
