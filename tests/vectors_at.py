"""Where the official vectors lie, and how their files are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors"


def vector_text(name: str) -> str:
    """One vector file as text, by its path below tests/vectors."""
    return (VECTORS / name).read_text(encoding="utf-8")


def vector_json(name: str) -> Any:
    """One vector file as JSON, by its path below tests/vectors."""
    return json.loads(vector_text(name))
