"""Write tests/vectors/MANIFEST.json: where each official vector comes from, and the hash of each file.

    python tools/vectors_manifest.py          write it anew
    python tools/vectors_manifest.py --check  exit 1 when a file differs, is missing or is not listed

Source, commit and licence are read from the `## Sources` part of each folder's README.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parent.parent / "tests" / "vectors"
MANIFEST = VECTORS / "MANIFEST.json"
SOURCE = re.compile(r"^- (?:github\.com/)?(?P<repository>\S+) at (?P<commit>.+?); licence: (?P<licence>.+)$")


def sources(readme: str) -> list[dict[str, str]]:
    """The sources that a folder's README names, each with repository, commit and licence."""
    part = readme.partition("## Sources")[2].partition("\n## ")[0]
    found = (SOURCE.match(line) for line in part.splitlines())
    return [match.groupdict() for match in found if match]


def build() -> dict[str, Any]:
    """The manifest as it should be for the files that are there."""
    topics: dict[str, Any] = {}
    for folder in sorted(path for path in VECTORS.iterdir() if path.is_dir()):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        topics[folder.name] = {
            "sources": sources((folder / "README.md").read_text(encoding="utf-8"))
            or [
                {
                    "repository": "see README.md",
                    "commit": "per file, in index.json",
                    "licence": "per file, in index.json",
                }
            ],
            "files": {
                path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in files
            },
        }
    return topics


def main() -> int:
    text = json.dumps(build(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if MANIFEST.read_text(encoding="utf-8") == text else 1
    MANIFEST.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
