"""Ports that every protocol shares: what an engine asks of the world outside.

An engine takes its clock, its randomness and its store as arguments, so that
a test can stop time and a server can choose where state lives.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

__all__ = ["Clock", "SECRET_BYTES", "random_token", "system_clock"]

Clock = Callable[[], int]
"""Tells the time in whole seconds since 1970-01-01T00:00:00Z."""

SECRET_BYTES = 32
"""Randomness in every code, token and link made here: 256 bits."""


def system_clock() -> int:
    """The machine's clock."""
    return int(time.time())


def random_token() -> str:
    """A new secret for a code, a token or a link: 43 characters of base64url, 256 bits."""
    return secrets.token_urlsafe(SECRET_BYTES)
