"""Values of the W3C data model: URLs, times, texts in a language, one-or-more.

Reference:
    W3C Verifiable Credentials Data Model 2.0, sections 4.4, 4.9 and 11.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from trustid.errors import MalformedError

__all__ = [
    "check_language_value",
    "check_url",
    "is_url",
    "one_or_more",
    "parse_datetime",
    "read_datetime",
]

MAX_URL_CHARS: Final = 1 << 20
"""Data URLs hold whole credentials."""

KEPT_MOMENTS: Final = 256

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f<>\"{}|\\^`]+", re.ASCII)
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_LANGUAGE_MEMBERS: Final = frozenset({"@value", "@language", "@direction"})


def is_url(value: object) -> bool:
    """Whether a value is text with a scheme and nothing that a URL may not hold."""
    return type(value) is str and len(value) <= MAX_URL_CHARS and _URL.fullmatch(value) is not None


def check_url(value: object, name: str) -> str:
    """Return a value that is a URL.

    Raises:
        MalformedError: claim_type_invalid where it is no text, malformed where it is no URL.
    """
    if type(value) is not str:
        raise MalformedError("claim_type_invalid", f"expected {name} to be a URL")
    if not is_url(value):
        raise MalformedError("malformed", f"expected {name} to be a URL")
    return value


def parse_datetime(text: object, name: str) -> datetime:
    """Read an XML Schema dateTimeStamp: a date, a time and a time zone.

    Raises:
        MalformedError: claim_type_invalid where it is no text, malformed otherwise.

    Reference:
        W3C XML Schema Definition Language 1.1, part 2, section 3.4.28.
    """
    if type(text) is not str:
        raise MalformedError("claim_type_invalid", f"expected {name} to be a time")
    if not _TIMESTAMP.fullmatch(text):
        raise MalformedError("malformed", f"expected {name} to be a dateTimeStamp")
    try:
        return _moment(text)
    except (ValueError, OverflowError) as err:
        raise MalformedError("malformed", f"expected {name} to be a time that exists") from err


@lru_cache(KEPT_MOMENTS)
def _moment(text: str) -> datetime:
    """A proof's time is looked at several times on the way through its checks."""
    return datetime.fromisoformat(text).astimezone(UTC)


def read_datetime(document: Mapping[str, Any], name: str) -> datetime | None:
    """The time in a member, or None where there is none; as `parse_datetime`."""
    return parse_datetime(document[name], name) if name in document else None


def check_language_value(value: object, name: str) -> None:
    """Check a text, perhaps with a language and a direction, or several such texts.

    Raises:
        MalformedError: claim_type_invalid.

    Reference:
        Data model 2.0, section 11.1 (language value objects).
    """
    for item in value if type(value) is list else [value]:
        if type(item) is str:
            continue
        if (
            type(item) is not dict
            or type(item.get("@value")) is not str
            or not _LANGUAGE_MEMBERS.issuperset(item)
            or type(item.get("@language", "en")) is not str
            or item.get("@direction", "ltr") not in ("ltr", "rtl")
        ):
            raise MalformedError("claim_type_invalid", f"expected {name} to be text in a language")


def one_or_more(document: Mapping[str, Any], name: str, most: int) -> list[Any]:
    """The objects in a member that may hold one or an array of them; none where it is missing.

    Raises:
        MalformedError: claim_type_invalid.
    """
    if name not in document:
        return []
    value = document[name]
    values = value if type(value) is list else [value]
    if len(values) > most or not all(isinstance(item, Mapping) for item in values):
        raise MalformedError("claim_type_invalid", f"expected {name} to be at most {most} objects")
    return values
