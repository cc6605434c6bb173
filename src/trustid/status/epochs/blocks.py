"""A block as it is served: its path in the hash tree, then its rows."""

from __future__ import annotations

from typing import Final

from trustid.errors import ProofError
from trustid.status.accumulator import BLOCK_ROWS, ROW_BYTES, Params, check_block
from trustid.status.epochs.statement import EpochStatement

__all__ = ["split_block"]

HASH_BYTES: Final = 32


def split_block(params: Params, statement: EpochStatement, number: int, data: bytes) -> bytes:
    """Check a block against the statement of its epoch.

    Args:
        params: The registry's parameters.
        statement: The epoch's statement.
        number: Which block.
        data: What was fetched.

    Returns:
        The rows, `ROW_BYTES` each: 4,096, fewer in the last block.

    Raises:
        ProofError: `acc_update_invalid`: it is another block, of another epoch, or changed.

    Cost:
        One hash of the block, and one a level of the tree.
    """
    rows_bytes = ROW_BYTES * min(BLOCK_ROWS, params.capacity - number * BLOCK_ROWS)
    cut = len(data) - rows_bytes
    if rows_bytes <= 0 or cut < 0 or cut % HASH_BYTES:
        raise ProofError("acc_update_invalid", "expected a path of hashes and one block of rows")
    path, rows = data[:cut], data[cut:]
    check_block(params, statement.accumulator, statement.rows_root, number, rows, path)
    return rows
