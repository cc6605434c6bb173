"""What holds for every test."""

from __future__ import annotations

import sys

# py_ecc, the slow oracle, raises the recursion limit to 100,000 when it is imported; deep input then overflows the C
# stack instead of raising RecursionError. Import it first and put the limit back, so that tests run under the limit
# that users have.
_limit = sys.getrecursionlimit()
import py_ecc  # noqa: E402, F401

sys.setrecursionlimit(_limit)

LONG_ID = 24


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case by its argument where its text is long: such text often holds a random key, and the workers of one
    run must agree on the names of all cases."""
    if isinstance(val, str | bytes) and len(val) > LONG_ID:
        return f"long {argname}"
    return None
