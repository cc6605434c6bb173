"""One deadline over everything that a request waits for."""

from __future__ import annotations

import time

from trustid.errors import FetchError

__all__ = ["deadline_after", "remaining"]


def deadline_after(seconds: float) -> float:
    """The moment, on the monotonic clock, at which a request that starts now must be done."""
    return time.monotonic() + seconds


def remaining(deadline: float) -> float:
    """The seconds that are left; raises `fetch_timeout` when none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchError("fetch_timeout", "the time for this request is over")
    return left
