"""RFC 9901, section 7.1, steps 2.4 and 3 to 5, once more, read aloud in Python.

What the core does in one walk over bytes is done here over objects with the
standard library. Each object's own rules come before those of what is within it.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

MAX_DEPTH = 32
RESERVED = ("_sd", "...", "_sd_alg")
HASHES = {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}


class RefusedError(Exception):
    """Its one argument is the code."""


def processed(payload: dict[str, Any], disclosures: Sequence[str]) -> dict[str, Any]:
    """The claims that well-formed disclosures show."""
    algorithm = payload.get("_sd_alg", "sha-256")
    if not isinstance(algorithm, str) or algorithm not in HASHES:
        raise RefusedError("hash_not_allowed")
    waiting: dict[str, list[Any]] = {}
    for text in disclosures:
        digest = urlsafe_b64encode(HASHES[algorithm](text.encode()).digest()).decode().rstrip("=")
        if digest in waiting:
            raise RefusedError("disclosure_duplicate")
        waiting[digest] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    seen: set[str] = set()
    claims = _object(payload, waiting, seen, 0)
    if not waiting.keys() <= seen:
        raise RefusedError("disclosure_unreferenced")
    return claims


def _value(value: Any, waiting: dict[str, list[Any]], seen: set[str], depth: int) -> Any:
    if isinstance(value, dict):
        return _object(value, waiting, seen, depth + 1)
    if isinstance(value, list):
        return _array(value, waiting, seen, depth + 1)
    return value


def _object(
    value: dict[str, Any], waiting: dict[str, list[Any]], seen: set[str], depth: int
) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise RefusedError("limit_exceeded")
    for name in value:
        if name == "...":
            raise RefusedError("disclosure_malformed")
        if name == "_sd_alg" and depth > 0:
            raise RefusedError("hash_not_allowed")
    if not isinstance(value.get("_sd", []), list):
        raise RefusedError("disclosure_malformed")
    shown = []
    for digest in value.get("_sd", []):
        parts = _find(digest, waiting, seen)
        if parts is None:
            continue
        if len(parts) != 3:
            raise RefusedError("disclosure_malformed")
        if parts[1] in RESERVED:
            raise RefusedError("disclosure_name_forbidden")
        shown.append((parts[1], parts[2]))
    names = [*(name for name in value if name != "_sd"), *(name for name, _ in shown)]
    if len(set(names)) != len(names):
        raise RefusedError("disclosure_name_collision")
    members = [*((name, one) for name, one in value.items() if name not in RESERVED), *shown]
    return {name: _value(one, waiting, seen, depth) for name, one in members}


def _array(value: list[Any], waiting: dict[str, list[Any]], seen: set[str], depth: int) -> list[Any]:
    if depth > MAX_DEPTH:
        raise RefusedError("limit_exceeded")
    elements = []
    for element in value:
        shown = element
        if isinstance(element, dict) and "..." in element:
            if len(element) != 1:
                raise RefusedError("disclosure_malformed")
            parts = _find(element["..."], waiting, seen)
            if parts is None:
                continue
            if len(parts) != 2:
                raise RefusedError("disclosure_malformed")
            shown = parts[1]
        elements.append(_value(shown, waiting, seen, depth))
    return elements


def _find(digest: Any, waiting: dict[str, list[Any]], seen: set[str]) -> list[Any] | None:
    if not isinstance(digest, str):
        raise RefusedError("disclosure_malformed")
    if digest in seen:
        raise RefusedError("digest_duplicate")
    seen.add(digest)
    return waiting.get(digest)
