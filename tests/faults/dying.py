"""Processes that die by SIGKILL at a chosen one of the moments in which they touch the disk."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trustid.stores.sqlite import SqliteStore, Transaction

DISK = (
    (os, "open"),
    (os, "fsync"),
    (Path, "mkdir"),
    (Path, "rename"),
    (Path, "replace"),
    (Path, "unlink"),
    (Transaction, "execute"),
    (Transaction, "execute_many"),
    (Transaction, "query"),
)
"""What is counted: before and after each call is a moment to die."""


class Moments:
    """Counts moments; the process dies when the count reaches `deadly`."""

    def __init__(self, deadly: int | None = None) -> None:
        self.count = 0
        self._deadly = deadly
        self._lock = threading.Lock()

    def pass_by(self) -> None:
        with self._lock:
            if self.count == self._deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1

    def watch(self) -> None:
        """Count from now on, in this process, for good: only for a child that ends by `os._exit`."""
        for owner, name in DISK:
            setattr(owner, name, self._around(getattr(owner, name)))
        transaction = SqliteStore.transaction

        @contextmanager
        def watched(store: SqliteStore) -> Iterator[Transaction]:
            with transaction(store) as work:
                yield work
                self.pass_by()  # everything is written, nothing committed
            self.pass_by()

        SqliteStore.transaction = watched  # type: ignore[method-assign]

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def around(*arguments: Any, **named: Any) -> Any:
            self.pass_by()
            result = call(*arguments, **named)
            self.pass_by()
            return result

        return around


def in_child(work: Callable[[Moments], None], *, deadly: int | None = None) -> int | None:
    """Run something in a forked child.

    Returns:
        How many moments it had, or None if it died at the deadly one.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            moments = Moments(deadly)
            moments.watch()
            work(moments)
            os.write(write_end, str(moments.count).encode())
            code = 0
        except BaseException:  # noqa: BLE001 - a child must not go on as a test
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0, "the child failed on its own"
    return int(text)
