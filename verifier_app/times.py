"""How long sessions and results last, as an operator may set it.

| variable | meaning |
|---|---|
| TRUSTID_X_ANSWER_SECONDS | from asking until no answer is taken any more; 600 by default, 30 to 3600 |
| TRUSTID_X_RETENTION_SECONDS | from a result until its claims are erased; 3600 by default, 60 to 30 days |
"""

from __future__ import annotations

from typing import Final

from trustid.errors import ConfigurationError
from trustid.protocols.asking import SessionTimes
from trustid.settings import ServerSettings

__all__ = ["session_times"]

ANSWER: Final = ("TRUSTID_X_ANSWER_SECONDS", 600, 30, 3600)
RETENTION: Final = ("TRUSTID_X_RETENTION_SECONDS", 3600, 60, 30 * 24 * 3600)
DIGITS_MAX: Final = 9


def session_times(settings: ServerSettings) -> SessionTimes:
    """Read the times from the settings.

    Raises:
        ConfigurationError: `setting_unsafe`: not a whole number, or out of bounds.
    """
    return SessionTimes(
        answer_seconds=_seconds(settings, *ANSWER), retention_seconds=_seconds(settings, *RETENTION)
    )


def _seconds(settings: ServerSettings, name: str, default: int, least: int, most: int) -> int:
    text = settings.extra.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MAX or not least <= int(text) <= most:
        raise ConfigurationError("setting_unsafe", f"{name}: expected a whole number from {least} to {most}")
    return int(text)
