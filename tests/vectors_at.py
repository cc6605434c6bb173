"""Where the official vectors lie, and how their files are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors"

TOLD: list[tuple[int, str]] = []
"""What the running test told of its cases: how many, and why they are not run ("" for those that are)."""


def ran(cases: int) -> None:
    """Tell `make vectors` how many cases the running test holds; one that does not tell is one case."""
    TOLD.append((cases, ""))


def left_out(cases: int, reason: str) -> None:
    """Tell `make vectors` how many cases are not run, and why."""
    TOLD.append((cases, reason))


def vector_text(name: str) -> str:
    """One vector file as text, by its path below tests/vectors."""
    return (VECTORS / name).read_text(encoding="utf-8")


def vector_json(name: str) -> Any:
    """One vector file as JSON, by its path below tests/vectors."""
    return json.loads(vector_text(name))
