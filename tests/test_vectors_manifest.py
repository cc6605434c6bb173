"""The official vectors are the files that their sources published: nothing changed, nothing unlisted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parent / "vectors"
MANIFEST: dict[str, Any] = json.loads((VECTORS / "MANIFEST.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("topic", sorted(MANIFEST))
def test_each_file_is_listed_with_its_hash(topic: str) -> None:
    folder = VECTORS / topic
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == MANIFEST[topic]["files"]


def test_each_topic_names_its_source_commit_and_licence() -> None:
    for topic, entry in MANIFEST.items():
        assert entry["sources"], topic
        for source in entry["sources"]:
            assert all(source[field] for field in ("repository", "commit", "licence")), topic


def test_no_folder_is_unlisted() -> None:
    assert {path.name for path in VECTORS.iterdir() if path.is_dir()} == set(MANIFEST)


def test_bytes_are_kept_as_they_are() -> None:
    assert (VECTORS / ".gitattributes").read_text(encoding="utf-8").split() == ["*", "-text"]
