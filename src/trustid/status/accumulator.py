"""The accumulator: revocation that tells nobody who is who. The manager's side.

A registry has slots; a credential takes one, for good. Each slot has a secret
handle and a row in the public file of every epoch. The row of a slot that is
still in answers its handle; that of a revoked slot answers nothing and looks
like all others. What holders and verifiers do stands in
`trustid.status.membership`; the scheme, in docs/revocation.md.

Handles come from the manager's key: no function takes one from outside.
Joining changes nothing public. Revoking is final and costs the same for the
holders who remain, however many go. The secret belongs in the revocation
manager's own process, never in a web worker; whoever reads the rows' table in
the cache of that machine can learn of it, since making rows is not in constant
time.

Example:
    >>> manager = Manager.create(b"https://example.org/registry", 4096)
    >>> member = manager.take(7)
    >>> rows = manager.block(0)
    >>> rows[7 * ROW_BYTES : 8 * ROW_BYTES] == manager.row(7)
    True
    >>> len(block_hash(manager.params, manager.accumulator, 0, rows))
    32

The rows of everybody go into a file, and a holder takes one block of it:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = manager.write_rows(f"{folder}/rows", threads=2)
    ...     file = RowsFile.open(f"{folder}/rows", manager.params)
    ...     block, proof = file.block(0), file.proof(0)
    >>> check_block(manager.params, written.accumulator, written.root, 0, block, proof)
"""

import sys
from array import array
from collections.abc import Iterable

from trustid._core import (
    Accumulator,
    Manager,
    Member,
    Params,
    RowsFile,
    RowsSummary,
    block_hash,
    check_block,
)
from trustid.errors import AccumulatorStateError

__all__ = [
    "BLOCK_ROWS",
    "DEFAULT_CAPACITY",
    "ROW_BYTES",
    "Accumulator",
    "Manager",
    "Member",
    "Params",
    "RowsFile",
    "RowsSummary",
    "block_hash",
    "check_block",
    "encode_slots",
]

DEFAULT_CAPACITY = 1 << 27
"""Slots of a registry unless another number is chosen; also the most there can be."""

ROW_BYTES = 48
"""Bytes of a row: a compressed point of G1."""

BLOCK_ROWS = 4096
"""Rows of a block: what a holder fetches at once, so that nobody learns which is its own."""


def encode_slots(slots: Iterable[int]) -> bytes:
    """Write slots into one buffer, as `Manager.revoke_encoded` reads them: 4 bytes each, little-endian.

    Raises:
        AccumulatorStateError: `not_member`: a slot that no registry has.
    """
    try:
        numbers = array("I", slots)
    except OverflowError as error:
        raise AccumulatorStateError("not_member", "expected slots below 2^32") from error
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
