"""What holds for every test."""

from __future__ import annotations

import sys

# py_ecc, the slow oracle, raises the recursion limit to 100,000 when it is imported; deep input then overflows the C
# stack instead of raising RecursionError. Import it first and put the limit back, so that tests run under the limit
# that users have.
_limit = sys.getrecursionlimit()
import py_ecc  # noqa: E402, F401

sys.setrecursionlimit(_limit)
