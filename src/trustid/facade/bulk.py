"""Many credentials in one call: `trustid.issue_many`.

Each row is issued by `trustid.issue` itself, with the same rules and the same
moment; only the work is divided among processes. Nothing comes out unless every
row was issued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any, Final, Protocol, runtime_checkable

from trustid.encoding import JsonObject
from trustid.errors import InternalError, LimitExceededError, TrustidError, UnsupportedError
from trustid.facade.credentials import Format, issue
from trustid.keys import PublicKey, SigningKey, public_key_from_jwk, signing_key_from_jwk
from trustid.protocols.ports import Clock, system_clock

__all__ = ["MAX_PROCESSES", "Row", "issue_many"]

MAX_PROCESSES: Final = 256
CHUNK_ROWS: Final = 256
"""Rows that one process takes at a time: some 25 milliseconds of work."""

_START_METHOD: Final = "forkserver"
"""Processes that begin clean: a fork of a program with threads may never come back."""


@dataclass(frozen=True, slots=True)
class Row:
    """One credential of many.

    Attributes:
        claims: As in `trustid.issue`.
        holder: Who it is bound to.
        status: Its own place in a status list.
        expires_at: Epoch seconds.
    """

    claims: Mapping[str, Any] = field(repr=False)
    holder: PublicKey | None = None
    status: JsonObject | None = None
    expires_at: int | None = None


def issue_many(
    rows: Sequence[Row],
    type: str,
    key: SigningKey,
    format: Format = "dc+sd-jwt",
    *,
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
    clock: Clock = system_clock,
    **options: Any,
) -> list[str | JsonObject]:
    """Issue many credentials of one type with one key: all of them, or none.

    Args:
        rows: What differs; any number that memory holds, at some 2 KB each.
        type: As in `issue`.
        key: The issuer's key. It is handed to the processes through their
            start-up pipe, never through a file or an argument.
        format: As in `issue`.
        processes: How many to use. Above 1 the calling program needs the usual
            `if __name__ == "__main__":`, since each process reads it anew.
        progress: Called with (done, all) as rows are done.
        clock: Epoch seconds; asked once, for all rows.
        options: `issuer`, `key_id`, `disclosable`, `context`, `cryptosuite`,
            `x5c`, as in `issue`.

    Returns:
        The credentials, in the order of the rows.

    Raises:
        TrustidError: As `issue`, for the first row that cannot be issued,
            which the message names by its place from 0.
        LimitExceededError: More than `MAX_PROCESSES` processes, or less than one.
        UnsupportedError: Several processes, and a key that cannot be handed to them.

    Cost:
        As `issue` for each row, divided by the processes, and about a third of
        a second to start them.

    Example:
        >>> from trustid.keys import generate
        >>> rows = [Row({"name": name}) for name in ("Ada", "Grace")]
        >>> len(issue_many(rows, "urn:example:degree", generate("Ed25519")))
        2
    """
    if not 1 <= processes <= MAX_PROCESSES:
        raise LimitExceededError("limit_exceeded", f"expected 1 to {MAX_PROCESSES} processes")
    order = _Order(type, format, clock(), options)
    chunks = [(start, rows[start : start + CHUNK_ROWS]) for start in range(0, len(rows), CHUNK_ROWS)]
    if processes == 1 or len(chunks) < 2:
        parts: Iterator[list[str | JsonObject]] = (
            _issue_chunk(order, key, start, chunk) for start, chunk in chunks
        )
    else:
        parts = _in_processes(order, key, chunks, min(processes, len(chunks)))
    made: list[str | JsonObject] = []
    for part in parts:
        made += part
        if progress is not None:
            progress(len(made), len(rows))
    return made


@dataclass(frozen=True, slots=True)
class _Order:
    """What all rows share, but the key."""

    type: str
    format: Format
    now: int
    options: Mapping[str, Any] = field(repr=False)


def _issue_chunk(order: _Order, key: SigningKey, start: int, rows: Sequence[Row]) -> list[str | JsonObject]:
    made = []
    for place, row in enumerate(rows, start):
        try:
            made.append(
                issue(
                    row.claims,
                    order.type,
                    key,
                    order.format,
                    holder=row.holder,
                    status=row.status,
                    expires_at=row.expires_at,
                    clock=lambda: order.now,
                    **order.options,
                )
            )
        except TrustidError as err:
            raise err.__class__(err.code, f"row {place}: {err.message}") from err
    return made


# --- in other processes --------------------------------------------------------

_Packed = tuple[Mapping[str, Any], JsonObject | None, JsonObject | None, int | None]
"""A row as it travels: its key as a JWK, since keys are not pickled."""

_at_work: dict[str, Any] = {}
"""In a process of the pool: the order, and the key."""


def _in_processes(
    order: _Order, key: SigningKey, chunks: Sequence[tuple[int, Sequence[Row]]], processes: int
) -> Iterator[list[str | JsonObject]]:
    if not isinstance(key, _Portable):
        raise UnsupportedError("unsupported", "expected a key that other processes can be given")
    context = get_context(_START_METHOD)
    # The server that they are forked from has all this loaded: a process starts in milliseconds.
    context.set_forkserver_preload([__name__])
    pool = ProcessPoolExecutor(processes, context, initializer=partial(_begin, order, key.to_private_jwk()))
    with pool:
        try:
            # In the order of the rows, so that the first bad one is the first one heard of;
            # what was not begun by then is not begun any more.
            yield from pool.map(_work, [(start, [_packed(row) for row in chunk]) for start, chunk in chunks])
        except BrokenProcessPool as err:
            raise InternalError(
                "internal_error", "expected the processes to live until the work is done"
            ) from err


@runtime_checkable
class _Portable(Protocol):
    """A key whose secret is at hand, which that of a security module is not."""

    def to_private_jwk(self) -> JsonObject:
        """The JWK with its secret member."""


def _packed(row: Row) -> _Packed:
    return dict(row.claims), None if row.holder is None else row.holder.to_jwk(), row.status, row.expires_at


def _begin(order: _Order, jwk: JsonObject) -> None:
    _at_work.update(order=order, key=signing_key_from_jwk(jwk))


def _work(chunk: tuple[int, Sequence[_Packed]]) -> list[str | JsonObject]:
    start, packed = chunk
    rows = [
        Row(claims, None if jwk is None else public_key_from_jwk(jwk), status, expires_at)
        for claims, jwk, status, expires_at in packed
    ]
    return _issue_chunk(_at_work["order"], _at_work["key"], start, rows)
