"""Looking at a published registry as a stranger: everything that needs no secret.

The chain of statements from the newest back to epoch 0, the parameters, and of
the newest epoch some blocks against the hash tree and some rows as points. What
a stranger cannot see is whether a row is the right one of its slot: that its
holder checks, by a pairing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from trustid.errors import ProofError
from trustid.status.accumulator import BLOCK_ROWS, ROW_BYTES, Params
from trustid.status.epochs.blocks import split_block
from trustid.status.epochs.chain import StatementChain
from trustid.status.epochs.memory import MemorySeenStatements
from trustid.status.epochs.ports import EpochSource, StatementSource
from trustid.status.epochs.statement import SignedStatement
from trustid.status.epochs.trust import RegistryTrust
from trustid.status.membership import Commitment

__all__ = ["CheckedRegistry", "check_published"]

ROWS_A_BLOCK: Final = 16
"""Rows of each block that are read as points."""


@dataclass(frozen=True, slots=True)
class CheckedRegistry:
    """What was found in order.

    Attributes:
        newest: The newest statement.
        capacity: Slots of the registry.
        statements: How many statements were followed, from epoch 0.
        blocks: How many blocks of the newest epoch were held against its root.
        rows: How many of their rows were read as points.
        age_seconds: Since the newest statement was signed.
        overdue: Whether the next one was due before now.
    """

    newest: SignedStatement
    capacity: int
    statements: int
    blocks: int
    rows: int
    age_seconds: int
    overdue: bool


def check_published(
    trust: RegistryTrust,
    source: EpochSource,
    *,
    clock: Callable[[], int],
    blocks: int = 8,
    others: Sequence[StatementSource] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> CheckedRegistry:
    """Check a published registry.

    Args:
        trust: The registry, and whose statements are believed.
        source: Where it is published.
        clock: Epoch seconds.
        blocks: How many blocks to read, chosen at random; the first and the
            last are among them.
        others: Mirrors and older copies that must have said the same.
        progress: Called with a step, how much is done, and how much there is.

    Raises:
        StatusUnknownError: As `StatementChain.renew`; `acc_equivocation` also
            where one of the others has another statement.
        ProofError: `acc_update_invalid`: a block is not the one that was signed.
        MalformedError: `params_invalid`, or a code of a point: a row is none.
    """
    chain = StatementChain(source, MemorySeenStatements(), clock)
    newest = chain.renew(trust)
    params = chain.params(trust, newest)
    each = newest
    while each.epoch:
        each = chain.before(trust, each)
        if progress is not None:
            progress("statements", newest.epoch - each.epoch, newest.epoch)
    for other in others:
        chain.compare(trust, other)
    chosen = _chosen(-(-params.capacity // BLOCK_ROWS), blocks)
    rows = 0
    for done, number in enumerate(chosen):
        rows += _check_block(params, newest, number, source.block(trust.registry, newest.epoch, number))
        if progress is not None:
            progress("blocks", done + 1, len(chosen))
    now = clock()
    return CheckedRegistry(
        newest=newest,
        capacity=params.capacity,
        statements=newest.epoch + 1,
        blocks=len(chosen),
        rows=rows,
        age_seconds=max(0, now - newest.statement.issued_at),
        overdue=now > newest.statement.next_at,
    )


def _chosen(count: int, wanted: int) -> list[int]:
    if wanted >= count:
        return list(range(count))
    inner = secrets.SystemRandom().sample(range(1, count - 1), max(0, wanted - 2))
    return sorted({0, count - 1, *inner})


def _check_block(params: Params, newest: SignedStatement, number: int, data: bytes) -> int:
    rows = split_block(params, newest.statement, number, data)
    places = range(len(rows) // ROW_BYTES)
    some = secrets.SystemRandom().sample(places, min(ROWS_A_BLOCK, len(places)))
    points = {rows[place * ROW_BYTES : (place + 1) * ROW_BYTES] for place in some}
    if len(points) != len(some):
        raise ProofError("acc_update_invalid", f"two slots of block {number} have one row")
    for point in points:
        Commitment.from_bytes(point)  # a point of G1 that is not the identity, as every row is
    return len(points)
